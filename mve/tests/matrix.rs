//! The tables against what was reviewed: `snapshots/matrix/`, a text for each gateway and version, and the baseline.
//!
//! `LASTCHUNK_REVIEW=write` writes them anew, for somebody to read.

#[path = "matrix/cures.rs"]
mod cures;
#[path = "matrix/data.rs"]
mod data;
#[path = "matrix/findings.rs"]
mod findings;
#[path = "matrix/pattern.rs"]
mod pattern;
#[path = "matrix/reviewed.rs"]
mod reviewed;

use std::collections::BTreeSet;
use std::fs;

use fixtures::gateways::Source;
use harness::gateway::Program;
use harness::verdict::Outcome;
use mve::matrix::axes::Protocol;
use mve::matrix::baseline::{self, Baseline};
use mve::matrix::chain::Chain;
use mve::matrix::chains;
#[cfg(feature = "containers")]
use mve::matrix::row::Facts;
use mve::matrix::row::Row;
use mve::matrix::run::run;
use mve::matrix::table::{Keys, Table};
use mve::matrix::text;

use reviewed::folder;

fn is_written() -> bool {
    std::env::var("LASTCHUNK_REVIEW").is_ok_and(|word| word == "write")
}

/// Plays tables on the gateways of which `wanted` holds, by name and version.
fn play(tables: &[Table], wanted: &dyn Fn(&str, &str) -> bool) -> Vec<Row> {
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let mut rows = Vec::new();
    for table in tables {
        let mut found =
            chains::of(*table, &|name| fixtures::gateways::NAMES.contains(&name), &[]).expect("sound folders");
        // What somebody happens to have on his path was never reviewed.
        found.chains.retain(|chain| wanted(&chain.gateway(), &chain.version()) && is_described(chain));
        rows.extend(run(*table, &found.chains, workers, &|_, _| true, &|_| ()));
    }
    rows
}

fn is_described(chain: &Chain) -> bool {
    let of_a_provider = |program: &Program| match program {
        Program::Binary(binary) => binary.source == Source::Provider,
        Program::Image { .. } => true,
    };
    chain.gateways.iter().all(|gateway| of_a_provider(&gateway.program))
}

/// What differs from the reviewed texts, a line or a hint each.
fn differences(rows: &[Row]) -> Vec<String> {
    let mut differences = Vec::new();
    for table in Table::ALL {
        let rows: Vec<Row> = rows.iter().filter(|row| row.table == table).cloned().collect();
        for (name, rows) in text::by_version(&rows) {
            let file = folder().join(format!("{}.txt", text::file_stem(rows[0])));
            let shown = text::reviewed(&name, &rows);
            if is_written() {
                fs::write(&file, &shown).expect("the folder can be written");
            }
            let reviewed = fs::read_to_string(&file).unwrap_or_default();
            if reviewed != shown {
                let lines = reviewed.lines().zip(shown.lines()).filter(|(reviewed, shown)| reviewed != shown);
                let lines: Vec<String> = lines.map(|(reviewed, shown)| format!("- {reviewed}\n+ {shown}")).collect();
                differences.push(format!("{table} {name} ({}):\n{}", file.display(), lines.join("\n")));
            }
        }
    }
    let faults = rows.iter().filter_map(|row| Some(format!("{}: {}", row.name(), row.result.as_ref().err()?)));
    differences.extend(faults);
    if !is_written() {
        differences.extend(Baseline::reviewed().differences(rows).iter().map(ToString::to_string));
    }
    differences
}

#[test]
fn the_nginx_built_here_shows_its_reviewed_tables() {
    let nginx = fixtures::nginx::binary().expect("nginx can be built");
    let rows = play(&[Table::Truncation, Table::Held, Table::Departure], &|name, version| {
        name == "nginx" && version == nginx.version
    });
    assert_eq!(rows.len(), 366 + 42 + 14);
    let differences = differences(&rows);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
#[ignore = "needs the gateways that `just gateways` fetches, and two minutes"]
fn every_gateway_shows_its_reviewed_tables() {
    let rows = play(&Table::ALL, &|_, _| true);
    if is_written() {
        fs::write(folder().join("baseline.txt"), baseline::written(&rows)).expect("the folder can be written");
    }
    let gateways: BTreeSet<&str> = rows.iter().map(|row| row.gateway.as_str()).collect();
    for needed in ["nginx", "envoy", "haproxy", "caddy", "lighttpd"] {
        assert!(gateways.contains(needed), "{needed} was not fetched: `just gateways`");
    }
    let differences = differences(&rows);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The first finding and its twin, with the one nginx that is always here at both places: asked in HTTP/1.0, the second
/// gateway can only close, and the first takes that for the end.
#[test]
fn nginx_in_front_of_a_gateway_makes_a_cut_silent_unless_it_asks_in_http_1_1() {
    let found = chains::of(Table::Truncation, &|name| name == "nginx", &[]).expect("sound folders");
    let nginx = fixtures::nginx::binary().expect("nginx can be built");
    let with = |conf: &str| {
        let chain = found.chains.iter().find(|chain| chain.version() == nginx.version && chain.conf() == conf);
        chain.expect("the nginx built here").gateways[0].clone()
    };
    let outcome = |conf: &str| {
        let chain = Chain { gateways: vec![with(conf), with("default")], readers: vec![Protocol::Http11] };
        let wanted = |_: &Chain, keys: &Keys| keys.name() == "chunked/between-chunks/rst/http-1.1";
        let rows = run(Table::Pairs, &[chain], 1, &wanted, &|_| ());
        rows[0].result.as_ref().expect("no fault").outcome
    };
    assert_eq!(outcome("default"), Outcome::CutSilent);
    assert_eq!(outcome("streaming"), Outcome::CutVisible);
}

/// The image is made here, of the very binary; what differs is the provider alone.
#[cfg(feature = "containers")]
#[rstest::rstest]
#[ignore = "needs a container engine, and gateways that `just gateways` fetches: `just containers` runs it"]
fn a_gateway_in_a_container_shows_the_tables_of_its_binary(#[values("nginx", "envoy", "haproxy", "caddy")] name: &str) {
    let wanted = |its: &str| its == name;
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let described = fixtures::gateways::Description::read(&fixtures::gateways::folder(name)).expect("a sound folder");
    let (binaries, missing) = fixtures::gateways::found(&described);
    let mut described_ones = binaries.into_iter().filter(|binary| binary.source == Source::Provider);
    // Of nginx the one that is built here, of the others the newest.
    let binary = if name == "nginx" { described_ones.next() } else { described_ones.next_back() };
    let binary = binary.unwrap_or_else(|| panic!("{}", missing.join("; ")));
    let context = fixtures::gateways::image::context(&described, &binary).expect("its files can be read");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let image = runtime.block_on(harness::gateway::container::build(context)).expect("the engine builds it");
    for table in [Table::Truncation, Table::Held, Table::Departure] {
        let images = chains::in_containers(table, &wanted, &[], &|_| Some(image.clone())).expect("sound folders");
        assert_eq!(images.missing, []);
        let mut processes = chains::of(table, &wanted, &[]).expect("sound folders");
        processes.chains.retain(|chain| is_described(chain) && chain.version() == binary.version);
        assert_eq!(images.chains.len(), processes.chains.len());
        let rows = |chains: &[Chain]| run(table, chains, workers, &|_, _| true, &|_| ());
        let (contained, rows) = (rows(&images.chains), rows(&processes.chains));
        assert!(rows.len() >= 10, "{table}: {}", rows.len());
        // What a transcript has beside these facts is the addresses of the two runs, and Envoy's request numbers.
        let facts = |rows: Vec<Row>| -> Vec<Row> {
            let without_transcript =
                |row: Row| Row { result: row.result.map(|facts| Facts { transcript: String::new(), ..facts }), ..row };
            rows.into_iter().map(without_transcript).collect()
        };
        let (contained, rows) = (facts(contained), facts(rows));
        for (contained, row) in contained.iter().zip(&rows) {
            assert_eq!(contained, row);
        }
        assert_eq!(contained.len(), rows.len());
    }
}

#[cfg(not(feature = "containers"))]
#[test]
#[ignore = "needs a container engine, and gateways that `just gateways` fetches: `just containers` runs it"]
fn a_gateway_in_a_container_shows_the_tables_of_its_binary() {
    panic!("built without containers: run `just containers`");
}

#[test]
fn every_reviewed_table_is_of_a_gateway_that_is_described() {
    for entry in fs::read_dir(folder()).expect("the folder is there") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        let known = name == "baseline.txt" || is_of_a_described(&name).is_some();
        assert!(known, "{name} belongs to no table");
    }
}

/// The gateways of a file's name, if each is described and has as many versions: `pairs-nginx+caddy-1.28.3+2.8.4.txt`.
fn is_of_a_described(name: &str) -> Option<Vec<&str>> {
    let (table, rest) = name.strip_suffix(".txt")?.split_once('-')?;
    let (gateways, versions) = rest.rsplit_once('-')?;
    let (gateways, versions): (Vec<&str>, Vec<&str>) = (gateways.split('+').collect(), versions.split('+').collect());
    let is_number = |text: &&str| text.split('.').all(|part| part.parse::<u32>().is_ok());
    let is_known = Table::named(table).is_some_and(|table| gateways.len() == if table == Table::Pairs { 2 } else { 1 })
        && gateways.iter().all(|gateway| fixtures::gateways::NAMES.contains(gateway))
        && versions.len() == gateways.len()
        && versions.iter().all(is_number);
    is_known.then_some(gateways)
}

#[test]
fn a_name_of_no_described_gateway_is_known_as_that() {
    assert_eq!(is_of_a_described("pairs-nginx+caddy-1.28.3+2.8.4.txt"), Some(vec!["nginx", "caddy"]));
    for name in ["held-nginxy-1.28.3.txt", "held-nginx-1.28.3.bak", "nginx-1.28.3.txt", "pairs-nginx-1.28.3.txt"] {
        assert_eq!(is_of_a_described(name), None, "{name}");
    }
}
