//! What holds between Go's testimony and the reviewed transcripts of the origins that it stands in for. No Go is needed for it.

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use mve::agreement::{DIFFERENT, Freedom, NOT_PLAYED, known_to_differ};
use mve::catalogue::{Case, FAILURES, cases};
use mve::player::{reviewed, testimony};
use mve::testimony::unsigned;
use similar::TextDiff;

use crate::laws::law;

/// One trial a law.
pub fn trials() -> Vec<Trial> {
    vec![
        law("go_shows_what_its_place_shows_but_for_what_is_free_or_known", agreement),
        law("every_freedom_is_needed", freedoms),
        law("every_known_difference_is_one_in_a_case_that_go_plays", differences),
        law("every_case_that_go_plays_has_testified", silent),
        law("every_variant_that_go_does_not_play_has_one_reason", not_played),
        law("every_part_of_a_go_program_is_a_variant", parts),
    ]
}

fn plays(case: &Case) -> bool {
    fixtures::go::part(case.failure.name, case.variant.name).is_some()
}

/// A text of Go's and the one it is held against, where there are both.
struct Pair {
    case: Case,
    line: String,
    go: String,
    other: &'static str,
}

impl Pair {
    fn all() -> Vec<Self> {
        let mut pairs = Vec::new();
        for case in cases().filter(plays) {
            let (Some(testimony), Some(other)) = (testimony(&case), reviewed(&case.name())) else { continue };
            pairs.extend(testimony.lines().map(|line| Self {
                case,
                line: line.to_owned(),
                go: testimony.of(line).expect("it has testified").to_owned(),
                other: unsigned(other),
            }));
        }
        pairs
    }

    fn granted(&self) -> Vec<Freedom> {
        Freedom::ALL.into_iter().filter(|freedom| freedom.is_granted(self.case.variant.origin, &self.line)).collect()
    }

    fn agrees(&self, freedoms: &[Freedom]) -> bool {
        Freedom::without(freedoms, &self.go) == Freedom::without(freedoms, self.other)
    }

    fn difference(&self) -> String {
        let of = |text| Freedom::without(&self.granted(), text).join("\n");
        TextDiff::from_lines(of(self.other), of(&self.go)).unified_diff().to_string()
    }
}

fn agreement() -> Vec<String> {
    let breaches = Pair::all().into_iter().filter_map(|pair| {
        let name = format!("{}, go {}", pair.case.place(), pair.line);
        match (pair.agrees(&pair.granted()), known_to_differ(&pair.case, &pair.line)) {
            (true, None) | (false, Some(_)) => None,
            (true, Some(known)) => Some(format!("{name}: no difference any more, so this is stale: {}", known.why)),
            (false, None) => Some(format!("{name}:\n{}", pair.difference())),
        }
    });
    breaches.collect()
}

fn freedoms() -> Vec<String> {
    let pairs: Vec<Pair> = Pair::all().into_iter().filter(|pair| pair.agrees(&pair.granted())).collect();
    let needed = |freedom: &Freedom| {
        pairs.iter().any(|pair| {
            let granted = pair.granted();
            let others: Vec<Freedom> = granted.iter().copied().filter(|other| other != freedom).collect();
            others.len() < granted.len() && !pair.agrees(&others)
        })
    };
    let idle = Freedom::ALL.into_iter().filter(|freedom| !needed(freedom));
    idle.map(|freedom| format!("{freedom:?} is needed in no case")).collect()
}

fn differences() -> Vec<String> {
    let mut seen = BTreeSet::new();
    let stale = DIFFERENT.iter().filter(|different| {
        !seen.insert(different.case) || !cases().any(|case| plays(&case) && case.place() == different.case)
    });
    stale.map(|different| format!("{}: no case that Go plays, or known already", different.case)).collect()
}

fn silent() -> Vec<String> {
    let silent = cases().filter(plays).filter(|case| testimony(case).is_none());
    silent.map(|case| format!("{}: no version of Go has testified", case.place())).collect()
}

fn not_played() -> Vec<String> {
    let mut reasons: Vec<(&str, &str)> =
        NOT_PLAYED.iter().flat_map(|not| not.variants.iter().map(|variant| (not.failure, *variant))).collect();
    let variants = FAILURES.iter().flat_map(|failure| {
        let plays_any = fixtures::go::parts().any(|(its, _)| its == failure.name);
        let variants = failure.families.iter().flat_map(|family| family.iter()).filter(move |_| plays_any);
        variants.map(|variant| (failure.name, variant.name))
    });
    let mut breaches = Vec::new();
    for (failure, variant) in variants.filter(|(failure, variant)| fixtures::go::part(failure, variant).is_none()) {
        match reasons.iter().position(|reason| *reason == (failure, variant)) {
            Some(at) => drop(reasons.remove(at)),
            None => breaches.push(format!("{failure}/{variant}: Go does not play it, and no reason says why")),
        }
    }
    breaches.extend(reasons.iter().map(|(failure, variant)| {
        format!("{failure}/{variant}: this reason is stale, or given twice: Go plays it, or there is no such variant")
    }));
    breaches
}

fn parts() -> Vec<String> {
    let known: BTreeSet<(&str, &str)> = cases().map(|case| (case.failure.name, case.variant.name)).collect();
    let unknown = fixtures::go::parts().filter(|part| !known.contains(part));
    unknown.map(|(failure, variant)| format!("fixtures/go/{failure} plays {variant}, which is no variant")).collect()
}
