//! What holds for the catalogue as a whole.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use harness::verdict::Outcome;
use libtest_mimic::{Failed, Trial};
use mve::catalogue::{Case, FAILURES, ORIGINS, Via, cases};

/// Begins a sentence with a capital letter: it is the name of somebody or something.
const NAMES: [&str; 9] = ["Connection", "Date", "Expect", "Flush", "Go", "Server", "Trailer", "Upgrade", "Write"];

/// One trial a law; each tells every case that breaks it.
pub fn trials() -> Vec<Trial> {
    vec![
        law("every_case_has_a_name_of_its_own", names_are_unique),
        law("every_case_that_is_not_intact_has_a_twin", the_failing_have_twins),
        law("every_twin_exists_and_is_healthy", twins_are_healthy),
        law("every_sentence_is_one", sentences),
        law("every_conf_exists", confs),
        law("every_origin_is_known", origins),
        law("every_failure_has_cases", failures),
        Trial::test("no_snapshot_without_a_case", || no_snapshot_without_a_case(&snapshots()?)),
    ]
}

/// A trial that passes if nothing breaks the law.
pub fn law(name: &str, broken_by: fn() -> Vec<String>) -> Trial {
    Trial::test(format!("catalogue::{name}"), move || verdict(&broken_by()))
}

fn verdict(breaches: &[String]) -> Result<(), Failed> {
    if breaches.is_empty() { Ok(()) } else { Err(breaches.join("\n").into()) }
}

/// What `breach` tells of each case.
fn breaches(breach: impl Fn(&Case) -> Option<String>) -> Vec<String> {
    cases().filter_map(|case| breach(&case).map(|why| format!("{}: {why}", case.name()))).collect()
}

fn names_are_unique() -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut names: Vec<String> =
        cases().map(|case| case.name()).chain(FAILURES.iter().map(|f| f.name.into())).collect();
    names.retain(|name| !seen.insert(name.clone()));
    names
}

fn the_failing_have_twins() -> Vec<String> {
    breaches(|case| {
        let healthy = case.shows.outcome == Outcome::Intact;
        (!healthy && case.shows.twin.is_none()).then(|| format!("{} and no twin", case.shows.outcome))
    })
}

fn twins_are_healthy() -> Vec<String> {
    breaches(|case| {
        let name = case.shows.twin?;
        match case.twin() {
            None => Some(format!("its twin {name} is no case of this failure")),
            Some(twin) if twin.name() == case.name() => Some("it is its own twin".to_owned()),
            Some(twin) => match twin.shows.outcome {
                Outcome::Intact | Outcome::CutVisible => None,
                // What is late is not lost: for a case that loses something that is a cure.
                Outcome::Held if case.shows.outcome != Outcome::Held => None,
                other => Some(format!("its twin {name} is {other}: wanted is one that is intact, or that tells")),
            },
        }
    })
}

fn sentences() -> Vec<String> {
    breaches(|case| {
        let says = case.shows.says;
        let first = says.split(' ').next().unwrap_or_default();
        let name = first.chars().skip(1).any(|c| !c.is_ascii_lowercase()) || NAMES.contains(&first);
        if !says.is_ascii() || says.split(' ').any(str::is_empty) {
            Some(format!("words of ASCII with a space between them make a sentence, not {says:?}"))
        } else if says.ends_with(['.', '!', '?', ';', ':', ',']) {
            Some(format!("no stop at the end of a sentence: {says:?}"))
        } else if first.starts_with(|c: char| c.is_ascii_uppercase()) && !name {
            Some(format!("{first} is no name: begin with a small letter"))
        } else {
            (says.split(' ').count() < 3).then(|| format!("{says:?} is too short to tell what is observed"))
        }
    })
}

fn confs() -> Vec<String> {
    breaches(|case| match case.shows.via {
        Via::Nginx(conf) if fixtures::nginx::conf::text(conf).is_none() => Some(format!("there is no conf {conf}")),
        Via::Nginx(_) | Via::Direct => None,
    })
}

fn origins() -> Vec<String> {
    breaches(|case| {
        let origin = case.variant.origin;
        (!ORIGINS.contains(&origin)).then(|| format!("its origin {origin} is none of {}", ORIGINS.join(", ")))
    })
}

fn failures() -> Vec<String> {
    let empty = FAILURES.iter().filter(|failure| !cases().any(|case| case.failure.name == failure.name));
    empty.map(|failure| failure.name.to_owned()).collect()
}

fn no_snapshot_without_a_case(snapshots: &[String]) -> Result<(), Failed> {
    let names: BTreeSet<String> = cases().map(|case| case.name()).collect();
    let stale = snapshots.iter().filter(|snapshot| !names.contains(*snapshot));
    verdict(
        &stale
            .map(|snapshot| format!("mve/snapshots/{snapshot}.snap belongs to no case: remove it"))
            .collect::<Vec<_>>(),
    )
}

/// The snapshots as the cases would be named.
fn snapshots() -> io::Result<Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    let mut names = Vec::new();
    for failure in fs::read_dir(&root)? {
        let failure = failure?.path();
        for file in fs::read_dir(&failure)? {
            let file = file?.path();
            if file.extension().is_some_and(|end| end == "snap") {
                let name = file.strip_prefix(&root).expect("found below it").with_extension("");
                names.push(name.display().to_string());
            }
        }
    }
    Ok(names)
}
