//! One direction of a connection as lines: pieces, facts, elisions.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::slice;

use crate::transcript::What;
use crate::verdict::{Direction, Place};
use crate::wire::notation::{escape, write_escaped};

use super::annotation::Annotations;
use super::redaction::{Redactions, Replacement};

/// A run of so many equal octets is not shown octet by octet.
pub const ELIDED_FROM: usize = 64;

/// The facts, as [`super::parse()`] reads them.
pub(super) const FACTS: [(&str, What); 4] =
    [("-- connect", What::Connect), ("-- FIN", What::Fin), ("-- RST", What::Rst), ("-- silence", What::Silence)];

/// The lines of one direction of a connection, which are made when they are wanted: a text is many times as long as the
/// octets that it shows.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    direction: &'a Direction<'a>,
    annotations: Annotations<'a>,
    replacements: Vec<Replacement>,
    /// Whether the number of octets before the end is not to be shown.
    cut: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn of(direction: &'a Direction<'a>, redactions: &Redactions) -> Self {
        let Direction { stream, octets, .. } = direction;
        Self {
            direction,
            annotations: Annotations::of(stream),
            replacements: redactions.replacements(stream, octets),
            cut: redactions.cut(stream),
        }
    }

    /// Writes the lines that show one fact, each behind the margin.
    pub(super) fn write(&self, place: &Place<'_>, margin: &str, text: &mut impl fmt::Write) -> fmt::Result {
        let annotation = match place.what {
            What::Octets(run) => return self.write_octets(place.at..place.at + run.len(), margin, text),
            What::Note(_) => return Ok(()),
            What::Fin | What::Rst => self.annotations.ends(),
            What::Silence => Some("fenced: nothing more has arrived".to_owned()),
            What::Connect => None,
        };
        let Some((fact, _)) = FACTS.iter().find(|(_, what)| what == place.what) else { return Ok(()) };
        write!(text, "{margin}{fact}")?;
        annotate(text, annotation)
    }

    /// Writes the pieces of the octets in a range.
    fn write_octets(&self, run: Range<usize>, margin: &str, text: &mut impl fmt::Write) -> fmt::Result {
        let spans = &self.direction.stream.spans;
        let first = spans.partition_point(|span| span.range.end <= run.start);
        for span in spans[first..].iter().take_while(|span| span.range.start < run.end) {
            let range = span.range.start.max(run.start)..span.range.end.min(run.end);
            let mut annotation = (range.start == span.range.start).then(|| self.annotations.begins(span)).flatten();
            let cut = self.cut && range.end == self.direction.octets.len();
            let shown = self.redacted(range);
            let mut parts = Parts::of(&shown).peekable();
            while let Some(part) = parts.next() {
                text.write_str(margin)?;
                match part {
                    Part::Text(octets) => write_escaped(text, octets)?,
                    Part::Equal(_, octet) if cut && parts.peek().is_none() => text.write_str(&cut_elision(octet))?,
                    Part::Equal(count, octet) => text.write_str(&elision(count, octet))?,
                }
                annotate(text, annotation.take())?;
            }
        }
        Ok(())
    }

    /// The octets of a range; what is to be replaced is, where it begins.
    fn redacted(&self, range: Range<usize>) -> Cow<'_, [u8]> {
        let octets = &self.direction.octets;
        let first = self.replacements.partition_point(|replacement| replacement.range.end <= range.start);
        let due = self.replacements[first..].iter().take_while(|replacement| replacement.range.start < range.end);
        let mut due = due.peekable();
        if due.peek().is_none() {
            return Cow::Borrowed(&octets[range]);
        }
        let mut shown = Vec::with_capacity(range.len());
        let mut at = range.start;
        for Replacement { range: its, by } in due {
            if its.start >= range.start {
                shown.extend_from_slice(&octets[at..its.start]);
                shown.extend_from_slice(by.as_bytes());
            }
            at = its.end.min(range.end);
        }
        shown.extend_from_slice(&octets[at..range.end]);
        Cow::Owned(shown)
    }
}

/// Ends a line.
fn annotate(text: &mut impl fmt::Write, annotation: Option<String>) -> fmt::Result {
    if let Some(annotation) = annotation {
        text.write_str("  # ")?;
        text.write_str(&annotation)?;
    }
    text.write_char('\n')
}

/// `# ... 16,320 octets, all "x"`.
pub(super) fn elision(count: usize, octet: u8) -> String {
    format!("# ... {} octets, all \"{}\"", Thousands(count), escape(&[octet]))
}

/// `# ... some octets, all "x"`.
fn cut_elision(octet: u8) -> String {
    format!("# ... {SOME} octets, all \"{}\"", escape(&[octet]))
}

/// In place of a number that the kernel decides.
pub(super) const SOME: &str = "some";

/// Prints a number with a comma between thousands.
pub(super) struct Thousands(pub(super) usize);

impl std::fmt::Display for Thousands {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 < 1000 {
            return self.0.fmt(f);
        }
        let digits = self.0.to_string();
        for (at, digit) in digits.char_indices() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// What one line shows.
enum Part<'a> {
    Text(&'a [u8]),
    Equal(usize, u8),
}

/// Cuts after each LF, and around the runs that are elided.
struct Parts<'a> {
    /// The lines before the next run.
    lines: slice::SplitInclusive<'a, u8, fn(&u8) -> bool>,
    run: Option<&'a [u8]>,
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(octets: &'a [u8]) -> Self {
        // In so few octets there is no run to look for.
        let (text, rest) = octets.split_at(if octets.len() < ELIDED_FROM { octets.len() } else { 0 });
        Self { lines: lines(text), run: None, rest }
    }
}

fn lines(octets: &[u8]) -> slice::SplitInclusive<'_, u8, fn(&u8) -> bool> {
    octets.split_inclusive(|octet| *octet == b'\n')
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        loop {
            if let Some(line) = self.lines.next() {
                return Some(Part::Text(line));
            }
            if let Some(run) = self.run.take() {
                return Some(Part::Equal(run.len(), run[0]));
            }
            if self.rest.is_empty() {
                return None;
            }
            let mut before = 0;
            self.run = self.rest.chunk_by(|a, b| a == b).find(|run| {
                let is_elided = run.len() >= ELIDED_FROM;
                before += if is_elided { 0 } else { run.len() };
                is_elided
            });
            let (text, behind) = self.rest.split_at(before);
            self.lines = lines(text);
            self.rest = &behind[self.run.map_or(0, <[u8]>::len)..];
        }
    }
}
