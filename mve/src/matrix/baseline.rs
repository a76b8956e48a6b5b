//! The known outcomes. What a run shows and the baseline does not know is news, and so is an entry that no cell shows any
//! more: a new version of a gateway shows at once what changed.
//!
//! An entry is a line: `table gateway conf origin reader outcome: cut/end cut/end ...`, for every version of the gateway,
//! or `... @1.2,1.3 ...` for some. Only what is worth knowing is an entry: `intact` and `cut-visible` are what is
//! expected of a cut, and what no gateway could tell is no news either.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use harness::verdict::Outcome;

use super::row::Row;

/// The reviewed file.
const REVIEWED: &str = include_str!("../../snapshots/matrix/baseline.txt");

/// What a cell is called in the baseline, without its version, and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// `truncation haproxy default chunked http/2 cut-silent`.
    group: String,
    /// `in-chunk-data/fin`.
    place: String,
}

/// The known outcomes: which versions show an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: BTreeMap<Entry, BTreeSet<String>>,
    /// The versions that were seen when it was reviewed, by table and gateway.
    versions: BTreeMap<String, BTreeSet<String>>,
}

/// A difference between a run and the baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A cell shows what the baseline does not know.
    New {
        /// The cell.
        cell: String,
        /// What it shows.
        outcome: String,
    },
    /// The baseline knows what the cell does not show any more.
    Stale {
        /// The gateway and its version.
        version: String,
        /// The entry.
        entry: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New { cell, outcome } => write!(f, "not in the baseline: {cell} is {outcome}"),
            Self::Stale { version, entry } => {
                write!(f, "stale in the baseline: {entry}, which {version} does not show")
            }
        }
    }
}

fn entry(row: &Row) -> Option<Entry> {
    let outcome = row.result.as_ref().ok()?.outcome;
    let told = match outcome {
        Outcome::Intact | Outcome::CutVisible => false,
        Outcome::CutSilent => !row.keys.is_silent_by_itself(),
        _ => true,
    };
    let keys = &row.keys;
    told.then(|| Entry {
        group: format!("{} {} {} {} {} {outcome}", row.table, row.gateway, row.conf, keys.origin(), keys.reader),
        place: format!("{}/{}", keys.cut, keys.end),
    })
}

fn gateway(row: &Row) -> String {
    format!("{} {}", row.table, row.gateway)
}

impl Baseline {
    /// The reviewed one.
    #[must_use]
    pub fn reviewed() -> Self {
        Self::read(REVIEWED)
    }

    fn read(text: &str) -> Self {
        let mut baseline = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            if let Some((gateway, versions)) = line.strip_prefix("versions ").and_then(|line| line.split_once(": ")) {
                let versions = versions.split(' ').map(str::to_owned).collect();
                baseline.versions.insert(gateway.to_owned(), versions);
                continue;
            }
            let Some((head, places)) = line.split_once(": ") else { continue };
            let (group, only) = head.split_once(" @").map_or((head, None), |(group, only)| (group, Some(only)));
            let gateway: Vec<&str> = group.split(' ').take(2).collect();
            let versions = match only {
                Some(only) => only.split(',').map(str::to_owned).collect(),
                None => baseline.versions.get(&gateway.join(" ")).cloned().unwrap_or_default(),
            };
            for place in places.split(' ') {
                let entry = Entry { group: group.to_owned(), place: place.to_owned() };
                baseline.entries.entry(entry).or_default().extend(versions.iter().cloned());
            }
        }
        baseline
    }

    fn of(rows: &[Row]) -> Self {
        let mut baseline = Self::default();
        for row in rows {
            baseline.versions.entry(gateway(row)).or_default().insert(row.version.clone());
            if let Some(entry) = entry(row) {
                baseline.entries.entry(entry).or_default().insert(row.version.clone());
            }
        }
        baseline
    }

    /// What differs. A version that was not there when the baseline was reviewed is held against the entries that all
    /// versions of its gateway share; gateways that the baseline has never seen, a user's own, against nothing.
    #[must_use]
    pub fn differences(&self, rows: &[Row]) -> Vec<Difference> {
        let mut differences = Vec::new();
        let shown = Self::of(rows);
        for row in rows {
            let Some(known) = self.versions.get(&gateway(row)) else { continue };
            let Some(entry) = entry(row) else { continue };
            let by = self.entries.get(&entry);
            let is_known =
                by.is_some_and(|by| by.contains(&row.version) || (!known.contains(&row.version) && by == known));
            if !is_known {
                let outcome = row.result.as_ref().map_or("fault", |facts| facts.outcome.name()).to_owned();
                differences.push(Difference::New { cell: row.name(), outcome });
            }
        }
        // An entry is stale when its chain was played, and no cell shows it: it may have changed, or be gone.
        let chain = |table: &str, gateway: &str, conf: &str, reader: &str, version: &str| {
            [table, gateway, conf, reader, version].join(" ")
        };
        let chain_of = |row: &Row| chain(row.table.name(), &row.gateway, &row.conf, row.keys.reader, &row.version);
        let played: BTreeSet<String> = rows.iter().map(chain_of).collect();
        // Of a cell at fault nothing is known: it is told as new, and its entry is not stale.
        let place = |row: &Row| format!("{} {} {}", row.keys.origin(), row.keys.cut, row.keys.end);
        let faults = rows.iter().filter(|row| row.result.is_err());
        let faults: BTreeSet<(String, String)> = faults.map(|row| (chain_of(row), place(row))).collect();
        for (entry, versions) in &self.entries {
            let words: Vec<&str> = entry.group.split(' ').collect();
            let [table, gateway, conf, origin, reader, _] = words.as_slice() else { continue };
            let known = self.versions.get(&format!("{table} {gateway}"));
            let new = rows.iter().map(|row| row.version.clone()).collect::<BTreeSet<_>>();
            let new = new
                .into_iter()
                .filter(|version| known.is_some_and(|known| known == versions && !known.contains(version)));
            for version in versions.iter().cloned().chain(new) {
                let place = format!("{origin} {}", entry.place.replace('/', " "));
                let chain = chain(table, gateway, conf, reader, &version);
                if !played.contains(&chain)
                    || faults.contains(&(chain, place))
                    || shown.entries.get(entry).is_some_and(|by| by.contains(&version))
                {
                    continue;
                }
                differences.push(Difference::Stale {
                    version: format!("{gateway} {version}"),
                    entry: format!("{} {}", entry.group, entry.place),
                });
            }
        }
        differences
    }
}

/// The text of a baseline of these rows, for somebody to review.
#[must_use]
pub fn written(rows: &[Row]) -> String {
    let baseline = Baseline::of(rows);
    let mut text = String::from(
        "# The known outcomes that are neither intact nor cut-visible nor bound to be silent.\n\
         # table gateway conf origin reader outcome [@versions]: cut/end ...\n",
    );
    for (gateway, versions) in &baseline.versions {
        let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
        text += &format!("versions {gateway}: {}\n", versions.join(" "));
    }
    let mut lines: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for (entry, versions) in &baseline.entries {
        let words: Vec<&str> = entry.group.split(' ').take(2).collect();
        let all = baseline.versions.get(&words.join(" ")) == Some(versions);
        let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
        let only = if all { String::new() } else { format!(" @{}", versions.join(",")) };
        lines.entry((entry.group.clone(), only)).or_default().push(&entry.place);
    }
    for ((group, only), places) in lines {
        text += &format!("{group}{only}: {}\n", places.join(" "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::axes::{Cell, Protocol};
    use super::super::row::Facts;
    use super::super::table::Table;
    use super::*;

    fn rows(version: &str, silent: &str) -> Vec<Row> {
        let cells = Cell::all(Protocol::Http2).filter(|cell| cell.framing.name() == "chunked");
        cells
            .map(|cell| {
                let keys = cell.keys();
                let outcome = if keys.cut == silent { Outcome::CutSilent } else { Outcome::CutVisible };
                let facts = Facts {
                    framing: String::new(),
                    status: None,
                    ending: String::new(),
                    lost: 0,
                    added: 0,
                    outcome,
                    tail: String::new(),
                    transcript: String::new(),
                };
                Row {
                    table: Table::Truncation,
                    gateway: "haproxy".into(),
                    version: version.into(),
                    conf: "default".into(),
                    keys,
                    result: Ok(facts),
                }
            })
            .collect()
    }

    fn told(baseline: &str, rows: &[Row]) -> Vec<String> {
        Baseline::read(baseline).differences(rows).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let all = [rows("1", "in-chunk-data"), rows("2", "in-chunk-size")].concat();
        let text = written(&all);
        assert_eq!(
            text.lines().skip(2).collect::<Vec<_>>(),
            [
                "versions truncation haproxy: 1 2",
                "truncation haproxy default chunked http/2 cut-silent @1: in-chunk-data/fin in-chunk-data/rst",
                "truncation haproxy default chunked http/2 cut-silent @2: in-chunk-size/fin in-chunk-size/rst",
            ]
        );
        assert_eq!(Baseline::read(&text), Baseline::of(&all));
        assert_eq!(told(&text, &all), Vec::<String>::new());
    }

    #[test]
    fn a_new_silence_and_a_stale_entry_are_both_news() {
        let text = written(&rows("1", "in-chunk-data"));
        assert_eq!(
            told(&text, &rows("1", "in-chunk-size")),
            [
                "not in the baseline: truncation/haproxy-1/default/chunked/in-chunk-size/fin/http-2 is cut-silent",
                "not in the baseline: truncation/haproxy-1/default/chunked/in-chunk-size/rst/http-2 is cut-silent",
                "stale in the baseline: truncation haproxy default chunked http/2 cut-silent in-chunk-data/fin, which haproxy 1 does not show",
                "stale in the baseline: truncation haproxy default chunked http/2 cut-silent in-chunk-data/rst, which haproxy 1 does not show",
            ]
        );
    }

    /// The same cell at fault with another reader says nothing of this one.
    #[test]
    fn a_fault_hides_no_stale_entry_but_its_own() {
        let text = written(&rows("1", "in-chunk-data"));
        let at_fault = |mut rows: Vec<Row>, reader: &'static str| {
            for row in rows.iter_mut().filter(|row| row.keys.cut == "in-chunk-data") {
                row.keys.reader = reader;
                row.result = Err("at fault".to_owned());
            }
            rows
        };
        let is_stale = |line: &String| line.starts_with("stale");
        let stale = |rows: &[Row]| told(&text, rows).into_iter().filter(is_stale).count();
        assert_eq!(stale(&at_fault(rows("1", "in-chunk-data"), "http/2")), 0);
        let all = [rows("1", "none"), at_fault(rows("1", "in-chunk-data"), "http/1.1")].concat();
        assert_eq!(stale(&all), 2);
    }

    #[test]
    fn a_new_version_is_held_against_what_all_known_ones_share() {
        let text = written(&rows("1", "in-chunk-data"));
        assert_eq!(told(&text, &rows("2", "in-chunk-data")), Vec::<String>::new());
        assert_eq!(told(&text, &rows("2", "none")).len(), 3, "one new, two stale");
    }

    #[test]
    fn a_version_that_was_not_played_is_not_stale_and_a_cell_that_is_gone_is() {
        let text = written(&[rows("1", "in-chunk-data"), rows("2", "in-chunk-data")].concat());
        assert_eq!(told(&text, &rows("1", "in-chunk-data")), Vec::<String>::new());
        assert_eq!(told(&text, &rows("1", "in-chunk-data")[..3]).len(), 2);
    }
}
