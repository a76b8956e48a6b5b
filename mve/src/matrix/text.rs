//! A table as text: origins and cuts as rows, confs and readers as columns, a letter for the outcome.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use harness::verdict::Outcome;

use super::run::Row;

/// What the letters mean.
pub const LEGEND: &str = "\
.  intact: everything meant arrived
v  cut-visible: something is lost, and the reader can tell
s  cut-silent, as the origin's own framing is: no gateway could tell
S  cut-silent: something is lost, and the reader cannot tell, although the gateway could
A  altered: octets that no origin wrote
H  hung: nothing arrives any more, and nothing ends
h  held: it arrives only later
L  leaked: the reader is gone, and the origin is not told
!  fault: of the harness or the set-up, not of the gateway
";

/// The letter of a row.
#[must_use]
pub fn letter(row: &Row) -> char {
    match &row.result {
        Err(_) => '!',
        Ok(facts) => match facts.outcome {
            Outcome::Intact => '.',
            Outcome::Held => 'h',
            Outcome::CutVisible => 'v',
            Outcome::CutSilent if row.keys.is_silent_by_itself() => 's',
            Outcome::CutSilent => 'S',
            Outcome::Altered => 'A',
            Outcome::Hung => 'H',
            Outcome::Leaked => 'L',
        },
    }
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
        let line = format!("{:<12}{:<21}{:<12}{}", cells[0], cells[1], cells[2], cells[3..].join(""));
        // Writing to a String cannot fail.
        writeln!(text, "{}", line.trim_end()).expect("a String takes any text");
    };
    let mut confs = vec![String::new(), String::new(), String::new()];
    let mut names = vec!["origin".to_owned(), "cut".to_owned(), "end".to_owned()];
    for (at, (conf, reader)) in columns.iter().enumerate() {
        let again = at > 0 && columns[at - 1].0 == *conf;
        confs.push(format!("{:<10}", if again { "" } else { conf }));
        names.push(format!("{reader:<10}"));
    }
    put(&mut text, &confs);
    put(&mut text, &names);
    let mut last = "";
    for (y, (origin, cut, end)) in lines.iter().enumerate() {
        let mut line =
            vec![if origin == last { String::new() } else { origin.clone() }, (*cut).to_owned(), (*end).to_owned()];
        last = origin;
        for x in 0..columns.len() {
            line.push(format!("{:<10}", cells.get(&(y, x)).map_or('-', |row| letter(row))));
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
