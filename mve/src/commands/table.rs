//! The three accounts of each case, side by side.

use std::cmp::Reverse;

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, Width};
use harness::transcript::{Lane, Transcript, What};
use harness::verdict::Outcome;
use mve::catalogue::Case;
use mve::facts::framing_at_the_reader;
use mve::player::{Fault, Played};

use super::play::{Report, Standing};

const HEADER: [&str; 8] = ["variant", "origin", "via", "application", "wire", "reader", "outcome", "claimed"];
/// Between two columns.
const GAP: u16 = 2;
/// Where nobody says anything.
const NOTHING_SAID: &str = "-";
/// What the longest word about framing takes, and the longest outcome, and the last heading.
const WIRE: u16 = 15;
const OUTCOME: u16 = 11;
const CLAIMED: u16 = 7;

/// The widths of the columns: the same for every failure.
#[derive(Debug, Clone)]
pub struct Layout {
    widths: [u16; 8],
}

impl Layout {
    /// Fits the cases into `width` columns of text.
    pub fn of(cases: &[Case], width: u16) -> Self {
        let widest = |text: fn(&Case) -> String, heading: &str, most: u16| {
            let longest = cases.iter().map(|case| text(case).len()).max().unwrap_or(0).max(heading.len());
            u16::try_from(longest).unwrap_or(most).min(most)
        };
        let is_narrow = width < 110;
        let variant = widest(|case| case.variant.name.to_owned(), HEADER[0], if is_narrow { 14 } else { 20 });
        let origin = widest(|case| case.origin(), HEADER[1], 9);
        let via = widest(|case| case.shows.via.to_string(), HEADER[2], if is_narrow { 11 } else { 13 });
        let taken = variant + origin + via + WIRE + OUTCOME + CLAIMED + 7 * GAP;
        // The reader says more than the application.
        let rest = width.saturating_sub(taken).max(25);
        let application = (rest * 9 / 20).max(11);
        Self { widths: [variant, origin, via, application, WIRE, rest - application, OUTCOME, CLAIMED] }
    }

    /// The table of some reports, with colours; each line without the spaces at its end.
    pub fn table(&self, reports: &[Report], times: usize) -> String {
        let mut table = Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).enforce_styling();
        table.set_width(self.widths.iter().map(|width| width + GAP).sum());
        table.set_header(HEADER.map(|heading| Cell::new(heading).add_attribute(Attribute::Dim)));
        for report in reports {
            table.add_row(row(report, times, self.widths));
        }
        for (at, (column, width)) in table.column_iter_mut().zip(self.widths).enumerate() {
            let gap = if at + 1 == HEADER.len() { 0 } else { GAP };
            column.set_padding((0, gap)).set_constraint(ColumnConstraint::Absolute(Width::Fixed(width + gap)));
        }
        table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    }
}

fn row(report: &Report, times: usize, widths: [u16; 8]) -> Vec<Cell> {
    let Case { variant, shows, .. } = report.case;
    let [variants, _, vias, ..] = widths;
    let mut row = vec![
        Cell::new(broken(variant.name, variants)),
        Cell::new(report.case.origin()),
        Cell::new(broken(&shows.via.to_string(), vias)),
    ];
    row.extend(match &report.result {
        Ok(played) => accounts(played).map(Cell::new).to_vec(),
        Err(Fault::CannotRun(_)) => [NOTHING_SAID; 3].map(Cell::new).to_vec(),
        Err(fault) => {
            let why = fault.to_string();
            let why = super::complaint::one_line(why.lines().next().unwrap_or_default());
            [NOTHING_SAID, NOTHING_SAID, &why].map(Cell::new).to_vec()
        }
    });
    row.push(match &report.result {
        Ok(played) => Cell::new(played.verdict.outcome).fg(color(played.verdict.outcome)),
        Err(Fault::CannotRun(_)) => Cell::new("not run").fg(Color::Yellow),
        Err(_) => Cell::new("failed").fg(Color::Red),
    });
    row.push(match report.standing(times) {
        Standing::AsClaimed => Cell::new("yes").fg(Color::Green),
        Standing::NotAsClaimed(_) => Cell::new("NO").fg(Color::Red).add_attribute(Attribute::Bold),
        Standing::CouldNotRun(_) => Cell::new(NOTHING_SAID),
    });
    row
}

/// A name without spaces, broken behind its marks so that a line has at most `width` characters, if its words allow.
fn broken(name: &str, width: u16) -> String {
    let mut lines = vec![String::new()];
    for part in name.split_inclusive([':', '-', '_']) {
        let line = lines.last_mut().expect("there is always one");
        if line.is_empty() || line.len() + part.len() <= usize::from(width) {
            line.push_str(part);
        } else {
            lines.push(part.to_owned());
        }
    }
    lines.join("\n")
}

/// How an outcome is coloured.
pub const fn color(outcome: Outcome) -> Color {
    match outcome {
        Outcome::Intact => Color::Green,
        Outcome::Held | Outcome::CutVisible => Color::Yellow,
        Outcome::CutSilent | Outcome::Altered | Outcome::Hung | Outcome::Leaked => Color::Red,
    }
}

/// What the application was told last, how the framing at the reader stands, what the reader reported last.
fn accounts(played: &Played) -> [String; 3] {
    let transcript = &played.transcript;
    let said = |account: Option<String>| account.unwrap_or_else(|| NOTHING_SAID.to_owned());
    [
        said(telling_note(transcript, transcript.hops())),
        framing_at_the_reader(&played.verdict).replace(" (", ": ").replace(')', ""),
        said(telling_note(transcript, 0)),
    ]
}

/// The last note of a node that says more than that it is over: an error if there was one.
fn telling_note(transcript: &Transcript, node: usize) -> Option<String> {
    let notes: Vec<&[u8]> = transcript
        .lane(Lane::Notes(Reverse(node)))
        .filter_map(|what| match what {
            What::Note(note) => Some(note.as_slice()),
            _ => None,
        })
        .collect();
    let telling = notes.iter().rev().find(|note| **note != b"returned").or(notes.last())?;
    Some(super::complaint::safe(&String::from_utf8_lossy(telling)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_broken_behind_its_marks() {
        assert_eq!(broken("nginx:unbuffered-http11", 13), "nginx:\nunbuffered-\nhttp11");
        assert_eq!(broken("nginx:as-shipped", 13), "nginx:as-\nshipped");
        assert_eq!(broken("direct", 6), "direct");
    }
}
