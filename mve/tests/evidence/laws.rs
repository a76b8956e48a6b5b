//! What holds for the ledger as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fixtures::go::Toolchain;
use libtest_mimic::{Failed, Trial};
use mve::catalogue::{cases, toolchains};
use mve::claims::{Evidence, TESTS, Verdict, claims, page};

use super::cells::reviewed;

/// The tests that there are, and the toolchains of this machine that each of them asks.
type Witnesses = BTreeMap<&'static str, Vec<&'static Toolchain>>;

/// One trial a law.
pub fn trials(witnesses: Witnesses) -> Vec<Trial> {
    let law = |name: &str, broken_by: fn() -> Vec<String>| {
        Trial::test(format!("ledger::{name}"), move || verdict(&broken_by()))
    };
    vec![
        law("every_claim_stands_in_it_once_and_in_order", every_claim_once),
        law("every_case_named_exists_and_lists_the_claim", cases_list_the_claim),
        law("every_claim_that_a_case_lists_exists", listed_claims_exist),
        law("every_test_named_is_known", tests_are_known),
        law("no_test_is_useless", no_test_is_useless),
        law("a_verdict_has_evidence_unless_it_is_not_testable", evidence_decides),
        law("every_sentence_is_one_line_and_ends", sentences),
        law("the_page_is_the_data", the_page_is_the_data),
        law("every_cell_named_is_in_its_reviewed_table", cells_are_as_reviewed),
        Trial::test("ledger::every_test_is_there", {
            let witnesses = witnesses.clone();
            move || every_test_is_there(&witnesses)
        }),
        Trial::test("ledger::the_versions_of_go_named_are_those_that_testify", move || versions_testify(&witnesses)),
    ]
}

fn verdict(breaches: &[String]) -> Result<(), Failed> {
    if breaches.is_empty() { Ok(()) } else { Err(breaches.join("\n").into()) }
}

fn every_claim_once() -> Vec<String> {
    let ids: Vec<&str> = claims().map(|claim| claim.id).collect();
    let all: Vec<String> = (1..=76).map(|number| format!("C{number:02}")).collect();
    if ids == all { Vec::new() } else { vec![format!("C01 to C76 are wanted, not {ids:?}")] }
}

fn cases_list_the_claim() -> Vec<String> {
    let lists: BTreeMap<String, &[&str]> = cases().map(|case| (case.name(), case.variant.claims)).collect();
    let mut breaches = Vec::new();
    for claim in claims() {
        for evidence in claim.evidence {
            let Evidence::Case(name) = evidence else { continue };
            match lists.get(*name) {
                None => breaches.push(format!("{}: there is no case {name}", claim.id)),
                Some(listed) if !listed.contains(&claim.id) => {
                    breaches.push(format!("{}: the case {name} does not list it", claim.id));
                }
                Some(_) => {}
            }
        }
    }
    breaches
}

fn listed_claims_exist() -> Vec<String> {
    let ids: BTreeSet<&str> = claims().map(|claim| claim.id).collect();
    let unknown = |case: mve::catalogue::Case| {
        let unknown: Vec<&str> = case.variant.claims.iter().copied().filter(|id| !ids.contains(id)).collect();
        (!unknown.is_empty()).then(|| format!("{} lists {unknown:?}", case.name()))
    };
    cases().filter_map(unknown).collect()
}

/// The tests that claims name, each with a claim that does.
fn named() -> impl Iterator<Item = (&'static str, &'static str)> {
    claims().flat_map(|claim| {
        claim.evidence.iter().filter_map(|evidence| match evidence {
            Evidence::Test(name) => Some((*name, claim.id)),
            Evidence::Case(_) | Evidence::Cell(..) => None,
        })
    })
}

fn tests_are_known() -> Vec<String> {
    let unknown = named().filter(|(name, _)| !TESTS.iter().any(|test| test.name == *name));
    unknown.map(|(name, id)| format!("{id}: there is no test {name}")).collect()
}

fn no_test_is_useless() -> Vec<String> {
    let useless = TESTS.iter().filter(|test| !named().any(|(name, _)| name == test.name));
    useless.map(|test| format!("no verdict rests on {}", test.name)).collect()
}

fn cells_are_as_reviewed() -> Vec<String> {
    let mut breaches = Vec::new();
    for claim in claims() {
        for evidence in claim.evidence {
            let Evidence::Cell(name, outcome) = evidence else { continue };
            match reviewed(name) {
                Some(shown) if shown == outcome.name() => {}
                Some(shown) => breaches.push(format!("{}: {name} is {shown} in its table, not {outcome}", claim.id)),
                None => breaches.push(format!("{}: there is no reviewed cell {name}", claim.id)),
            }
        }
    }
    breaches
}

fn evidence_decides() -> Vec<String> {
    let wrong = claims().filter(|claim| claim.evidence.is_empty() != (claim.verdict == Verdict::NotTestable));
    wrong
        .map(|claim| format!("{}: {} with {} pieces of evidence", claim.id, claim.verdict, claim.evidence.len()))
        .collect()
}

fn sentences() -> Vec<String> {
    let wrong = claims().filter(|claim| !claim.why.ends_with('.') || claim.why.contains('\n') || !claim.why.is_ascii());
    wrong.map(|claim| format!("{}: {:?}", claim.id, claim.why)).collect()
}

fn the_page_is_the_data() -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("claims.md");
    let written = fs::read_to_string(&file).unwrap_or_default();
    let page = page();
    if written == page {
        return Vec::new();
    }
    let difference = similar::TextDiff::from_lines(&written, &page).unified_diff().context_radius(1).to_string();
    vec![format!("{difference}\nwrite it anew: cargo run -q -- claims --markdown > mve/claims.md")]
}

fn every_test_is_there(witnesses: &Witnesses) -> Result<(), Failed> {
    let known: BTreeSet<&str> = TESTS.iter().map(|test| test.name).collect();
    let there: BTreeSet<&str> = witnesses.keys().copied().collect();
    if known == there {
        return Ok(());
    }
    let missing: Vec<&&str> = known.difference(&there).collect();
    let unlisted: Vec<&&str> = there.difference(&known).collect();
    Err(format!("known and not there: {missing:?}; there and not known: {unlisted:?}").into())
}

/// Of the toolchains here: a test asks those that it names, and beside them only such as no test names. So where all of them
/// are, as `just evidence` sees to, what the ledger says of versions is what has run.
fn versions_testify(witnesses: &Witnesses) -> Result<(), Failed> {
    let known: BTreeSet<&str> = TESTS.iter().flat_map(|test| test.go).copied().collect();
    let here: BTreeSet<String> = toolchains().iter().map(Toolchain::line).collect();
    let mut breaches = Vec::new();
    for test in TESTS {
        let asked: BTreeSet<String> = witnesses.get(test.name).into_iter().flatten().map(|go| go.line()).collect();
        // A comparison asks nobody while one of its parts is missing.
        if asked.is_empty() && test.go.iter().any(|line| !here.contains(*line)) {
            continue;
        }
        let asked: BTreeSet<&str> = asked.iter().map(String::as_str).filter(|line| known.contains(line)).collect();
        let named: BTreeSet<&str> = test.go.iter().copied().filter(|line| here.contains(*line)).collect();
        if asked != named {
            breaches.push(format!("{}: asks {asked:?}, names {named:?}", test.name));
        }
    }
    verdict(&breaches)
}
