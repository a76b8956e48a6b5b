//! What a claim's evidence was run against.

use std::collections::{BTreeMap, BTreeSet};

use fixtures::nginx::nginx_version;

use super::{Claim, Evidence, TESTS};
use crate::catalogue::{Via, cases};
use crate::player::testimony;

/// What the evidence of a claim was run against: Go first, then gateways and other programs. Empty if the model and the
/// specifications alone speak.
#[must_use]
pub fn versions(claim: &Claim) -> Vec<String> {
    let mut go: BTreeSet<(u32, u32)> = BTreeSet::new();
    let mut others: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for evidence in claim.evidence {
        match evidence {
            Evidence::Test(name) => {
                for test in TESTS.iter().filter(|test| test.name == *name) {
                    go.extend(test.go.iter().filter_map(|line| release(line)));
                    for (program, version) in test.with {
                        others.entry(program).or_default().insert(version);
                    }
                }
            }
            Evidence::Case(name) => {
                for case in cases().filter(|case| case.name() == *name) {
                    if case.shows.via != Via::Direct {
                        others.entry("nginx").or_default().insert(nginx_version());
                    }
                    let witnesses = testimony(&case).unwrap_or_default();
                    go.extend(witnesses.lines().filter_map(release));
                }
            }
            Evidence::Cell(name, _) => {
                let gateway = name.split('/').nth(1).and_then(|gateway| gateway.split_once('-'));
                let (programs, numbers) = gateway.unwrap_or_default();
                for (program, version) in programs.split('+').zip(numbers.split('+')) {
                    others.entry(called(program)).or_default().insert(version);
                }
            }
        }
    }
    let go: Vec<(u32, u32)> = go.into_iter().collect();
    let mut versions = Vec::new();
    if !go.is_empty() {
        versions.push(format!("Go {}", runs(&go)));
    }
    versions.extend(others.into_iter().map(|(program, numbers)| {
        let numbers: Vec<&str> = numbers.into_iter().collect();
        format!("{program} {}", numbers.join(", ")).trim_end().to_owned()
    }));
    versions
}

/// What people call a gateway that the tables name in lower case.
fn called(gateway: &str) -> &str {
    if gateway == "envoy" { "Envoy" } else { gateway }
}

fn release(line: &str) -> Option<(u32, u32)> {
    let (major, minor) = line.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// `1.15, 1.19, 1.21 to 1.27`: three neighbours and more are a run.
fn runs(lines: &[(u32, u32)]) -> String {
    let mut runs: Vec<Vec<(u32, u32)>> = Vec::new();
    for &line in lines {
        match runs.last_mut() {
            Some(run) if run.last() == Some(&(line.0, line.1.saturating_sub(1))) => run.push(line),
            _ => runs.push(vec![line]),
        }
    }
    let name = |(major, minor): &(u32, u32)| format!("{major}.{minor}");
    let runs = runs.iter().map(|run| match run.as_slice() {
        [first, .., last] if run.len() > 2 => format!("{} to {}", name(first), name(last)),
        few => few.iter().map(name).collect::<Vec<_>>().join(", "),
    });
    runs.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_a_run() {
        let lines = ["1.15", "1.19", "1.21", "1.22", "1.23", "1.26", "1.27"].map(|line| release(line).expect("a line"));
        assert_eq!(runs(&lines), "1.15, 1.19, 1.21 to 1.23, 1.26, 1.27");
        assert_eq!(release("1"), None);
    }
}
