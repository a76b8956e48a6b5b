//! A table as text: origins and cuts as rows, confs and readers as columns, a letter for the outcome.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use harness::verdict::Outcome;

use super::row::Row;

/// A letter of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letter {
    /// The letter.
    pub letter: char,
    /// The outcome that it stands for; none for a fault.
    pub outcome: Option<Outcome>,
    /// The class that colours it on the page.
    pub class: &'static str,
    /// What it means.
    pub means: &'static str,
}

const fn stands(letter: char, outcome: Outcome, class: &'static str, means: &'static str) -> Letter {
    Letter { letter, outcome: Some(outcome), class, means }
}

/// All letters. Of two for one outcome the first is the origin's own doing.
pub const LETTERS: [Letter; 9] = [
    stands('.', Outcome::Intact, "intact", "intact: everything meant arrived"),
    stands('v', Outcome::CutVisible, "cut-visible", "cut-visible: something is lost, and the reader can tell"),
    stands('s', Outcome::CutSilent, "own", "cut-silent, as the origin's own framing is: no gateway could tell"),
    stands(
        'S',
        Outcome::CutSilent,
        "cut-silent",
        "cut-silent: something is lost, and the reader cannot tell, although the gateway could",
    ),
    stands('A', Outcome::Altered, "altered", "altered: octets that no origin wrote"),
    stands('H', Outcome::Hung, "hung", "hung: nothing arrives any more, and nothing ends"),
    stands('h', Outcome::Held, "held", "held: it arrives only later"),
    stands('L', Outcome::Leaked, "leaked", "leaked: the reader is gone, and the origin is not told"),
    Letter {
        letter: '!',
        outcome: None,
        class: "fault",
        means: "fault: of the harness or the set-up, not of the gateway",
    },
];

/// How wide the names of origin, cut and end are, in characters. The letters begin behind them.
pub const NAMES: [usize; 3] = [12, 21, 12];
/// How wide a column of letters is.
pub const COLUMN: usize = 10;

/// What the letters mean, a line each.
#[must_use]
pub fn legend() -> String {
    LETTERS.iter().map(|one| format!("{}  {}\n", one.letter, one.means)).collect()
}

/// The letter of a row.
#[must_use]
pub fn letter(row: &Row) -> char {
    let outcome = row.result.as_ref().ok().map(|facts| facts.outcome);
    let is_own = |one: &Letter| (one.class == "own") == row.keys.is_silent_by_itself();
    let mut all = LETTERS.iter().filter(|one| one.outcome == outcome);
    let one = match outcome {
        Some(Outcome::CutSilent) => all.find(|one| is_own(one)),
        _ => all.next(),
    };
    one.map_or('!', |one| one.letter)
}

/// One table: the rows have to be of one gateway and version. Each column is a conf and a reader.
#[must_use]
pub fn one(rows: &[&Row]) -> String {
    let mut columns: Vec<(&str, &str)> = Vec::new();
    let mut lines: Vec<(String, &str, &str)> = Vec::new();
    let mut cells: BTreeMap<(usize, usize), &Row> = BTreeMap::new();
    for row in rows {
        let column = (row.conf.as_str(), row.keys.reader);
        let line = (row.keys.origin(), row.keys.cut.as_str(), row.keys.end);
        let at = |found: Option<usize>, new: usize| found.unwrap_or(new);
        let x = at(columns.iter().position(|its| *its == column), columns.len());
        if x == columns.len() {
            columns.push(column);
        }
        let y = at(lines.iter().position(|its| *its == line), lines.len());
        if y == lines.len() {
            lines.push(line);
        }
        cells.insert((y, x), row);
    }
    let mut text = String::new();
    let put = |text: &mut String, cells: &[String]| {
        let names = cells.iter().zip(NAMES).map(|(name, width)| format!("{name:<width$}"));
        let line = names.collect::<String>() + &cells[NAMES.len()..].concat();
        // Writing to a String cannot fail.
        writeln!(text, "{}", line.trim_end()).expect("a String takes any text");
    };
    let mut confs = vec![String::new(), String::new(), String::new()];
    let mut names = vec!["origin".to_owned(), "cut".to_owned(), "end".to_owned()];
    for (at, (conf, reader)) in columns.iter().enumerate() {
        let again = at > 0 && columns[at - 1].0 == *conf;
        confs.push(format!("{:<COLUMN$}", if again { "" } else { conf }));
        names.push(format!("{reader:<COLUMN$}"));
    }
    put(&mut text, &confs);
    put(&mut text, &names);
    let mut last = "";
    for (y, (origin, cut, end)) in lines.iter().enumerate() {
        let mut line =
            vec![if origin == last { String::new() } else { origin.clone() }, (*cut).to_owned(), (*end).to_owned()];
        last = origin;
        for x in 0..columns.len() {
            line.push(format!("{:<COLUMN$}", cells.get(&(y, x)).map_or('-', |row| letter(row))));
        }
        put(&mut text, &line);
    }
    text
}

/// The rows by gateway and version, in the order in which they come.
#[must_use]
pub fn by_version(rows: &[Row]) -> Vec<(String, Vec<&Row>)> {
    let mut groups: Vec<(String, Vec<&Row>)> = Vec::new();
    for row in rows {
        let name = format!("{} {}", row.gateway, row.version);
        match groups.iter_mut().find(|(its, _)| *its == name) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((name, vec![row])),
        }
    }
    groups
}

/// The file name of a reviewed table: `truncation-haproxy-3.2.26`.
#[must_use]
pub fn file_stem(row: &Row) -> String {
    format!("{}-{}-{}", row.table, row.gateway, row.version)
}

/// The text that is reviewed: one gateway, one version.
#[must_use]
pub fn reviewed(name: &str, rows: &[&Row]) -> String {
    format!("{name}\n\n{}", one(rows))
}
