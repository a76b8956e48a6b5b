//! The tables against what was reviewed: `snapshots/matrix/`, a text for each gateway and version, and the baseline.
//!
//! `LASTCHUNK_REVIEW=write` writes them anew, for somebody to read.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use mve::matrix::baseline::{self, Baseline};
use mve::matrix::chains;
use mve::matrix::run::{Row, run};
use mve::matrix::table::Table;
use mve::matrix::text;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/matrix")
}

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
        found.chains.retain(|chain| wanted(&chain.gateway(), &chain.version()));
        rows.extend(run(*table, &found.chains, workers, &|_, _| true, &|_| ()));
    }
    rows
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

#[test]
fn every_reviewed_table_is_of_a_gateway_that_is_described() {
    for entry in fs::read_dir(folder()).expect("the folder is there") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        let known = name == "baseline.txt"
            || Table::ALL.iter().any(|table| {
                let rest = name.strip_prefix(table.name()).and_then(|rest| rest.strip_prefix('-')).unwrap_or_default();
                fixtures::gateways::NAMES.iter().any(|gateway| rest.starts_with(gateway))
            });
        assert!(known, "{name} belongs to no table");
    }
}
