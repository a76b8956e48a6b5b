//! The changes of the findings, played: a conf that differs by one line, behind which the cells are cured or are not.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use fixtures::gateways::NAMES;
use mve::matrix::axes::Cut;
use mve::matrix::chain::Chain;
use mve::matrix::chains;
use mve::matrix::run::run;
use mve::matrix::table::{Keys, Table};
use tempfile::TempDir;

use super::data::{Finding, Findings, Try};
use super::is_described;

/// What was played.
#[derive(Debug, Default)]
struct Played {
    /// How many cells.
    count: usize,
    /// The findings that they are of.
    findings: BTreeSet<usize>,
    /// What is not as it is said.
    wrong: Vec<String>,
}

/// A chain with the change in it; the conf lies in `folder`.
fn changed(chain: &Chain, tried: &Try, folder: &TempDir) -> Chain {
    let mut chain = chain.clone();
    let gateway = if tried.front { chain.gateways.first_mut() } else { chain.gateways.last_mut() };
    let gateway = gateway.expect("a chain has a gateway");
    let description = &mut gateway.description;
    let file = description.folder.join(&description.confs[&gateway.conf]);
    let conf = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
    let file = folder.path().join(format!("changed-{name}"));
    fs::write(&file, tried.change.made_in(&conf)).expect("the folder can be written");
    gateway.conf = "changed".into();
    description.confs.insert(gateway.conf.clone(), file.to_str().expect("a path in UTF-8").to_owned());
    chain
}

/// Plays the shown cells behind a chain with a change in it, and says what is not as the finding has it.
fn play(finding: &Finding, tried: &Try, table: Table, chain: &Chain) -> Played {
    let folder = TempDir::new().expect("a folder");
    let name =
        |keys: &Keys| format!("{table}/{}-{}/{}/{}", chain.gateway(), chain.version(), chain.conf(), keys.name());
    let is_wanted = |keys: &Keys| {
        let cell = name(keys);
        finding.has(&cell) && tried.of.iter().any(|cells| cells.is_like(&cell))
    };
    if !chain.cells(table).iter().any(|cell| is_wanted(&cell.keys())) {
        return Played::default();
    }
    let changed = changed(chain, tried, &folder);
    // The controls are played too: where they are not intact, the change breaks the gateway, and cures nothing.
    let wanted = |_: &Chain, keys: &Keys| is_wanted(keys) || keys.cut == Cut::None.name();
    let rows = run(table, &[changed], 1, &wanted, &|_| ());
    let rows: Vec<_> = rows.into_iter().filter(|row| is_wanted(&row.keys)).collect();
    let mut wrong = Vec::new();
    for row in &rows {
        let cell = name(&row.keys);
        let its = row.result.as_ref().map(|facts| (facts.outcome.name(), facts.framing.as_str()));
        let is = match (&its, tried.becomes.as_str()) {
            (Ok((outcome, _)), "cured") => ["intact", "cut-visible"].contains(outcome),
            (Ok((outcome, _)), becomes) => *outcome == becomes,
            (Err(_), _) => false,
        };
        let says = tried.framing.as_ref().is_none_or(|framing| its.as_ref().is_ok_and(|(_, its)| its == framing));
        if !is || !says {
            let change = tried.change.directive();
            wrong.push(format!("{}: {cell} with {change:?} is {its:?}, not {}", finding.number, tried.becomes));
        }
    }
    Played { count: rows.len(), wrong, ..Played::default() }
}

/// Plays every change on the chains of which `wanted` holds, as many at a time as there are processors.
fn play_all(wanted: &dyn Fn(Table, &Chain) -> bool) -> Played {
    let findings = Findings::read().all;
    let mut jobs = Vec::new();
    for table in Table::ALL {
        let found = chains::of(table, &|name| NAMES.contains(&name), &[]).expect("sound folders");
        for chain in found.chains.into_iter().filter(is_described) {
            for finding in &findings {
                let tries = finding.tries.iter().filter(|_| wanted(table, &chain));
                jobs.extend(tries.map(|tried| (finding, tried, table, chain.clone())));
            }
        }
    }
    let next = AtomicUsize::new(0);
    let played: Vec<Mutex<Played>> = jobs.iter().map(|_| Mutex::default()).collect();
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((finding, tried, table, chain)) = jobs.get(at) else { return };
                    *played[at].lock().expect("no panic") = play(finding, tried, *table, chain);
                }
            });
        }
    });
    let played = played.into_iter().map(|played| played.into_inner().expect("no panic"));
    let mut all = Played::default();
    for (its, (finding, ..)) in played.zip(&jobs) {
        all.count += its.count;
        all.wrong.extend(its.wrong);
        if its.count > 0 {
            all.findings.insert(finding.number);
        }
    }
    all
}

#[test]
fn the_cures_of_the_nginx_built_here_cure() {
    let nginx = fixtures::nginx::binary().expect("nginx can be built");
    let wanted =
        |table, chain: &Chain| table != Table::Pairs && chain.gateway() == "nginx" && chain.version() == nginx.version;
    let Played { count, findings, wrong } = play_all(&wanted);
    assert_eq!((count, findings), (9, [13].into()));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "needs the gateways that `just gateways` fetches, and a minute"]
fn every_cure_cures_and_what_is_said_not_to_does_not() {
    let Played { count, findings, wrong } = play_all(&|_, _| true);
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 100 && findings.contains(&1) && findings.contains(&13), "{count} cells of {findings:?}");
}
