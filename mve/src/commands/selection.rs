//! Which cases are meant: patterns, places, names and what comes near to them.

use std::collections::BTreeSet;

use glob::Pattern;
use harness::wire::notation::printable;
use mve::catalogue::{Case, FAILURES, ORIGINS, Via, cases};

use super::complaint::Complaint;

/// How many suggestions are made.
const SUGGESTIONS: usize = 3;
/// How many candidates are named.
const CANDIDATES: usize = 10;
/// How like a word has to be to be suggested, from 0 to 1.
const LIKE: f64 = 0.5;
/// How much of a foreign word is compared, and repeated: comparison is quadratic.
const COMPARED: usize = 80;

/// The cases that each pattern, and the origin, and the place allow; without patterns, all.
pub fn select(patterns: &[String], origin: Option<&str>, via: Option<&str>) -> Result<Vec<Case>, Complaint> {
    let origin = origin.map(known_origin).transpose()?;
    let place = via.map(Place::of).transpose()?;
    let patterns: Vec<Wanted> = patterns.iter().map(|pattern| Wanted::of(pattern)).collect::<Result<_, _>>()?;
    let by_pattern = cases().filter(|case| patterns.is_empty() || patterns.iter().any(|wanted| wanted.meets(case)));
    let by_place = by_pattern.filter(|case| {
        origin.is_none_or(|origin| origin == case.variant.origin)
            && place.is_none_or(|place| place.meets(case.shows.via))
    });
    let selected: Vec<Case> = by_place.collect();
    if selected.is_empty() {
        let origin = origin.map(|origin| format!(" with --origin {origin}")).unwrap_or_default();
        let via = via.map(|via| format!(" with --via {via}")).unwrap_or_default();
        return Err(Complaint::new(format!("no case is left{origin}{via} (`lastchunk list` names them all)")));
    }
    Ok(selected)
}

/// A pattern that meets at least one case.
enum Wanted {
    Part(String),
    Glob(Pattern),
}

impl Wanted {
    fn of(pattern: &str) -> Result<Self, Complaint> {
        let wanted = if pattern.contains(['*', '?', '[']) {
            let glob = Pattern::new(pattern).map_err(|error| {
                Complaint::new(format!("{} is no pattern: {}", quoted(pattern), error.msg.to_lowercase()))
            })?;
            Self::Glob(glob)
        } else {
            Self::Part(pattern.to_owned())
        };
        match cases().any(|case| wanted.meets(&case)) {
            true => Ok(wanted),
            false => Err(unknown(pattern)),
        }
    }

    fn meets(&self, case: &Case) -> bool {
        match self {
            // The names of failure and variant are parts of the case's.
            Self::Part(part) => case.name().contains(part.as_str()),
            Self::Glob(glob) => {
                [&case.name(), case.failure.name, case.variant.name].into_iter().any(|name| glob.matches(name))
            }
        }
    }
}

/// What `--via` allows.
#[derive(Debug, Clone, Copy)]
enum Place {
    AnyNginx,
    At(Via),
}

impl Place {
    fn of(word: &str) -> Result<Self, Complaint> {
        let confs = fixtures::nginx::conf::names();
        let conf = confs.iter().find(|conf| **conf == word.strip_prefix("nginx:").unwrap_or(word));
        match (word, conf) {
            ("direct", _) => Ok(Self::At(Via::Direct)),
            ("nginx", _) => Ok(Self::AnyNginx),
            (_, Some(conf)) => Ok(Self::At(Via::Nginx(conf))),
            (_, None) => {
                let known: Vec<String> = confs.iter().map(|conf| format!("nginx:{conf}")).collect();
                Err(Complaint::new(format!(
                    "--via {} is not known (known: direct, nginx, {})",
                    quoted(word),
                    known.join(", ")
                )))
            }
        }
    }

    fn meets(self, via: Via) -> bool {
        match self {
            Self::AnyNginx => matches!(via, Via::Nginx(_)),
            Self::At(place) => place == via,
        }
    }
}

fn known_origin(word: &str) -> Result<&'static str, Complaint> {
    let known = ORIGINS.into_iter().find(|origin| *origin == word);
    known.ok_or_else(|| {
        Complaint::new(format!("--origin {} is not known (known: {})", quoted(word), ORIGINS.join(", ")))
    })
}

/// The one case of this name, which may be shortened as long as it means no other.
pub fn one(name: &str) -> Result<Case, Complaint> {
    let all: Vec<Case> = cases().collect();
    let whole = |case: &&Case| case.name() == name;
    let last = |case: &&Case| case.name().split_once('/').is_some_and(|(_, variant)| variant == name);
    let part = |case: &&Case| !name.is_empty() && case.name().contains(name);
    for meets in [&whole as &dyn Fn(&&Case) -> bool, &last, &part] {
        match all.iter().filter(meets).collect::<Vec<_>>()[..] {
            [] => {}
            [case] => return Ok(*case),
            ref several => {
                let mut names: Vec<String> = several.iter().take(CANDIDATES).map(|case| case.name()).collect();
                if let more @ 1.. = several.len().saturating_sub(CANDIDATES) {
                    names.push(format!("{more} more"));
                }
                return Err(Complaint::new(format!("{} may be any of {}", quoted(name), names.join(", "))));
            }
        }
    }
    Err(unknown(name))
}

fn unknown(word: &str) -> Complaint {
    let near = near(word);
    let hint = match near.is_empty() {
        true => "`lastchunk list` names them all".to_owned(),
        false => format!("near to it: {}", near.join(", ")),
    };
    Complaint::new(format!("no case is like {} ({hint})", quoted(word)))
}

/// The names that are like a word, the likest first.
fn near(word: &str) -> Vec<String> {
    let word: String = word.chars().take(COMPARED).collect();
    let likeness = |name: &str| strsim::normalized_damerau_levenshtein(&word, name);
    let mut near: Vec<(f64, String)> = Vec::new();
    for failure in FAILURES {
        near.push((likeness(failure.name), failure.name.to_owned()));
    }
    for case in cases() {
        let name = case.name();
        let parts = [name.as_str(), case.variant.name, name.split_once('/').map_or("", |(_, variant)| variant)];
        near.push((parts.into_iter().map(likeness).fold(0.0, f64::max), name));
    }
    near.retain(|(like, _)| *like >= LIKE);
    // Stable: what is equally like stays in the order of the catalogue.
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let mut seen = BTreeSet::new();
    let names = near.into_iter().map(|(_, name)| name).filter(|name| seen.insert(name.clone()));
    names.take(SUGGESTIONS).collect()
}

/// A foreign word: in quotes, short, and safe for a terminal.
pub fn quoted(word: &str) -> String {
    let mut start: String = word.chars().take(COMPARED).collect();
    if start.len() < word.len() {
        start.push_str("...");
    }
    format!("\"{}\"", printable(&start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_full_name_means_its_case() {
        for case in cases() {
            assert_eq!(one(&case.name()).ok().map(|found| found.name()), Some(case.name()));
        }
    }

    #[test]
    fn every_case_is_selected_by_its_name_its_failure_its_origin_and_its_place() {
        for case in cases() {
            for pattern in [case.name(), case.failure.name.into(), format!("{}*", case.failure.name)] {
                let via = case.shows.via.to_string();
                let selected = select(&[pattern], Some(case.variant.origin), Some(&via)).expect("it meets itself");
                assert!(selected.iter().any(|found| found.name() == case.name()), "{}", case.name());
            }
        }
    }
}
