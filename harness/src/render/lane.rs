//! One direction of a connection as lines: pieces, facts, elisions.

use std::ops::Range;

use crate::transcript::{Lane, What};
use crate::verdict::Direction;
use crate::wire::h1::Span;
use crate::wire::notation::escape;

use super::Texts;
use super::annotation::Annotations;
use super::redaction::{Redactions, Replacement};

/// A run of so many equal octets is not shown octet by octet.
pub const ELIDED_FROM: usize = 64;

/// The facts, as [`super::parse()`] reads them.
pub(super) const FACTS: [(&str, What); 4] =
    [("-- connect", What::Connect), ("-- FIN", What::Fin), ("-- RST", What::Rst), ("-- silence", What::Silence)];

/// Writes the texts of one direction of a connection.
pub(super) fn write(lane: Lane, direction: &Direction<'_>, redactions: &Redactions, texts: &mut Texts) {
    let annotations = Annotations::of(&direction.stream);
    let replacements = redactions.replacements(&direction.stream, &direction.octets);
    let cut = redactions.cut(&direction.stream);
    let mut pieces = Pieces { octets: &direction.octets, annotations: &annotations, replacements: &replacements, cut };
    let spans = &direction.stream.spans;
    for place in &direction.places {
        let lines = texts.entry((place.step, lane)).or_default();
        let annotation = match place.what {
            What::Octets(run) => {
                pieces.write(spans, place.at..place.at + run.len(), lines);
                continue;
            }
            What::Note(_) => continue,
            What::Fin | What::Rst => annotations.ends(),
            What::Silence => Some("fenced: nothing more has arrived".to_owned()),
            What::Connect => None,
        };
        if let Some((fact, _)) = FACTS.iter().find(|(_, what)| what == place.what) {
            lines.push(annotated(fact, annotation.as_deref()));
        }
    }
}

fn annotated(text: &str, annotation: Option<&str>) -> String {
    annotation.map_or_else(|| text.to_owned(), |annotation| format!("{text}  # {annotation}"))
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

/// Cuts runs of octets into pieces, in ascending order.
struct Pieces<'a> {
    octets: &'a [u8],
    annotations: &'a Annotations<'a>,
    replacements: &'a [Replacement],
    /// Whether the number of octets before the end is not to be shown.
    cut: bool,
}

impl Pieces<'_> {
    /// Writes the pieces of the octets in a range.
    fn write(&mut self, spans: &[Span], run: Range<usize>, lines: &mut Vec<String>) {
        let first = spans.partition_point(|span| span.range.end <= run.start);
        for span in spans[first..].iter().take_while(|span| span.range.start < run.end) {
            let range = span.range.start.max(run.start)..span.range.end.min(run.end);
            let mut annotation = (range.start == span.range.start).then(|| self.annotations.begins(span)).flatten();
            let cut = self.cut && range.end == self.octets.len();
            let shown = self.redacted(range);
            let mut put = |text: &str| lines.push(annotated(text, annotation.take().as_deref()));
            let parts = parts(&shown);
            for (at, part) in parts.iter().enumerate() {
                match *part {
                    Part::Text(octets) => put(&escape(octets)),
                    Part::Equal(_, octet) if cut && at + 1 == parts.len() => put(&cut_elision(octet)),
                    Part::Equal(count, octet) => put(&elision(count, octet)),
                }
            }
        }
    }

    /// The octets of a range; what is to be replaced is, where it begins.
    fn redacted(&self, range: Range<usize>) -> Vec<u8> {
        let mut shown = Vec::with_capacity(range.len());
        let mut at = range.start;
        let first = self.replacements.partition_point(|replacement| replacement.range.end <= range.start);
        for Replacement { range: its, by } in &self.replacements[first..] {
            if its.start >= range.end {
                break;
            }
            if its.start >= range.start {
                shown.extend_from_slice(&self.octets[at..its.start]);
                shown.extend_from_slice(by.as_bytes());
            }
            at = its.end.min(range.end);
        }
        shown.extend_from_slice(&self.octets[at..range.end]);
        shown
    }
}

/// What one line shows.
enum Part<'a> {
    Text(&'a [u8]),
    Equal(usize, u8),
}

/// Cuts after each LF, and around the runs that are elided.
fn parts(octets: &[u8]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let text = |from: usize, to: usize, parts: &mut Vec<_>| {
        let lines = octets[from..to].split_inclusive(|octet| *octet == b'\n');
        parts.extend(lines.map(Part::Text));
    };
    let (mut from, mut at) = (0, 0);
    for equal in octets.chunk_by(|a, b| a == b) {
        if equal.len() >= ELIDED_FROM {
            text(from, at, &mut parts);
            parts.push(Part::Equal(equal.len(), equal[0]));
            from = at + equal.len();
        }
        at += equal.len();
    }
    text(from, at, &mut parts);
    parts
}
