//! The tables as text on a terminal.

use std::io::Write as _;

use harness::verdict::Outcome;
use mve::matrix::row::Row;
use mve::matrix::table::Table;
use mve::matrix::text;

use super::super::complaint::{self, Complaint};
use super::super::{output, paint};

/// The tables; versions with the same outcomes share one.
pub fn tell(rows: &[Row]) -> Result<(), Complaint> {
    let mut out = output::text();
    let mut tables: Vec<(String, String)> = Vec::new();
    for table in Table::ALL {
        let of_table: Vec<Row> = rows.iter().filter(|row| row.table == table).cloned().collect();
        for (name, rows) in text::by_version(&of_table) {
            let text = text::one(&rows);
            let (gateway, version) = name.split_once(' ').unwrap_or((&name, ""));
            match tables.last_mut() {
                Some((title, its)) if *its == text && title.starts_with(&format!("{table}: {gateway} ")) => {
                    *title += &format!(", {version}");
                }
                _ => tables.push((format!("{table}: {name}"), text)),
            }
        }
    }
    for (title, text) in tables {
        writeln!(out, "{}\n", paint::in_style(paint::BOLD, title))?;
        for line in text.lines() {
            writeln!(out, "{}", painted(line))?;
        }
        writeln!(out)?;
    }
    writeln!(out, "{}", text::legend())?;
    let count = |outcome: Outcome| {
        rows.iter().filter(|row| row.result.as_ref().is_ok_and(|facts| facts.outcome == outcome)).count()
    };
    let faults = rows.iter().filter(|row| row.result.is_err()).count();
    let counts: Vec<String> = Outcome::all()
        .into_iter()
        .filter(|outcome| count(*outcome) > 0)
        .map(|outcome| format!("{} {}", count(outcome), paint::in_style(paint::of_outcome(outcome), outcome)))
        .chain([format!("{faults} faults")])
        .collect();
    writeln!(out, "{} cells: {}", rows.len(), counts.join(", "))?;
    for (which, why) in told_once(rows) {
        writeln!(out, "fault: {which}: {why}")?;
    }
    out.flush()?;
    Ok(())
}

/// The faults, in order; a reason that several cells of a chain share is told once.
fn told_once(rows: &[Row]) -> Vec<(String, String)> {
    let mut faults: Vec<(String, String, Vec<&Row>)> = Vec::new();
    for row in rows {
        let Err(why) = &row.result else { continue };
        let chain = format!("{}/{}-{}/{}", row.table, row.gateway, row.version, row.conf);
        let why: String = complaint::one_line(why).chars().take(FAULT).collect();
        match faults.iter_mut().find(|(its, reason, _)| *its == chain && *reason == why) {
            Some((_, _, rows)) => rows.push(row),
            None => faults.push((chain, why, vec![row])),
        }
    }
    let told = faults.into_iter().map(|(chain, why, rows)| match rows[..] {
        [row] => (row.name(), why),
        _ => (format!("{chain}, {} cells", rows.len()), why),
    });
    told.collect()
}

/// How many characters of a fault's reason are told; `--json` has all.
const FAULT: usize = 400;

fn painted(line: &str) -> String {
    let Some((names, letters)) = line.split_at_checked(text::NAMES.iter().sum()) else { return line.to_owned() };
    // Only a line of letters has nothing longer than one.
    if letters.split_whitespace().any(|word| word.len() > 1) {
        return paint::in_style(paint::DIM, line);
    }
    let letter = |letter: char| {
        let Some(one) = text::LETTERS.iter().find(|one| one.letter == letter) else { return letter.to_string() };
        // What no gateway could tell is none of its silences.
        let outcome = if one.class == "own" { Some(Outcome::CutVisible) } else { one.outcome };
        let Some(outcome) = outcome else { return letter.to_string() };
        paint::in_style(paint::of_outcome(outcome), letter)
    };
    format!("{names}{}", letters.chars().map(letter).collect::<String>())
}
