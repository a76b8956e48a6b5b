//! A transcript as text, and back.
//!
//! ```
//! # use harness::render::{Redactions, parse, render};
//! let text = r"chain: c raw, o scripted
//!
//! 1. the origin returns inside an event
//! c>o  GET / HTTP/1.1\r\n
//! c>o  \r\n
//! o>c  HTTP/1.1 200 OK\r\n
//! o>c  Transfer-Encoding: chunked\r\n
//! o>c  \r\n
//! o>c  5\r\n  # chunk 1: 5 octets
//! o>c  data:
//! o>c  \r\n
//! o>c  -- FIN  # no last-chunk
//! o:   write 1: 5 octets
//!
//! verdict
//! o>c  200, incomplete: 1 chunk, no last-chunk
//! lost: the end of the message (incomplete: 1 chunk, no last-chunk)
//! outcome: cut-visible
//! ";
//! assert_eq!(render(&parse(text)?, &Redactions::none()), text);
//! # Ok::<(), harness::render::BadTranscript>(())
//! ```
//!
//! A text line shows one piece of a lane: broken after each LF and wherever the meaning of the octets changes, so that
//! chunk-data and the CRLF after it stand apart. Octets are written as
//! [`notation::escape`](crate::wire::notation::escape) does, and so are notes and the sentences of the steps. What follows
//! two spaces and `#` is an annotation, of which [`parse`] takes no notice. One thing is left out: a run of at least
//! [`ELIDED_FROM`] equal octets is `# ... 16,320 octets, all "x"`, which [`parse`] writes out again; where
//! [`Redaction::Cut`] hides the number, as few as are elided.
//!
//! [`parse`] gives back what [`render()`] was given, save the [`Meant`](crate::transcript::Meant), as long as nothing was
//! redacted and the transcript is in its own order: as [`Recorder`](crate::transcript::Recorder) makes it.

mod annotation;
mod columns;
mod lane;
mod parse;
mod redaction;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use crate::transcript::{Lane, Step, StepId, Transcript, What};
use crate::verdict::{Connection, Place, Verdict, hops};
use crate::wire::notation::write_escaped;

use columns::Columns;
use lane::Lines;

pub use lane::ELIDED_FROM;
pub use parse::{BadLine, BadTranscript, MAX_OCTETS, parse};
pub use redaction::{Redaction, Redactions};

/// The text of a transcript, with its verdict; the last line ends with LF. Linear in the octets.
#[must_use]
pub fn render(transcript: &Transcript, redactions: &Redactions) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _verdict = write(&mut text, transcript, redactions).expect("a String takes any text");
    text
}

/// Writes what [`render()`] gives, and keeps nothing of it: the text of hostile octets can be forty times as long as they
/// are. Gives the verdict with which the text ends.
///
/// # Errors
/// Those of `text`.
pub fn write(
    text: &mut impl fmt::Write,
    transcript: &Transcript,
    redactions: &Redactions,
) -> Result<Verdict, fmt::Error> {
    let columns = Columns::of(&transcript.chain);
    let hops = hops(transcript);
    let mut facts = Facts::new();
    let mut directions = Vec::new();
    for (hop, connections) in hops.iter().enumerate() {
        for Connection { requests, responses } in connections {
            for (lane, direction) in [(Lane::request(hop), requests), (Lane::response(hop), responses)] {
                directions.push((lane, direction, Lines::of(direction, redactions)));
            }
        }
    }
    for (lane, direction, lines) in &directions {
        for place in &direction.places {
            facts.entry((place.step, *lane)).or_default().push(Fact::Crossed(lines, place));
        }
    }
    for event in &transcript.events {
        if let (Lane::Notes(_), What::Note(note)) = (event.lane, &event.what) {
            facts.entry((event.step, event.lane)).or_default().push(Fact::Noted(note));
        }
    }

    text.write_str(&columns::chain_line(&transcript.chain))?;
    text.write_char('\n')?;
    // Facts of a step that has no sentence stand without one.
    let last = facts.keys().last().map_or(0, |(step, _)| step.0 + 1);
    for at in 0..transcript.steps.len().max(last) {
        text.write_char('\n')?;
        if let Some(Step { text: sentence }) = transcript.steps.get(at) {
            put(text, &format!("{}. ", at + 1), sentence.as_bytes())?;
        }
        let step = (StepId(at), Lane::request(0))..(StepId(at + 1), Lane::request(0));
        for ((_, lane), facts) in facts.range(step) {
            let margin = columns.margin(*lane);
            for fact in facts {
                match fact {
                    Fact::Crossed(lines, place) => lines.write(place, margin, text)?,
                    Fact::Noted(note) => put(text, margin, note)?,
                }
            }
        }
    }
    let verdict = Verdict::judged(transcript, &hops);
    write!(text, "\nverdict\n{verdict}\n")?;
    Ok(verdict)
}

/// What a line shows, or several.
enum Fact<'a> {
    Crossed(&'a Lines<'a>, &'a Place<'a>),
    Noted(&'a [u8]),
}

/// The facts of the lanes, by the step that owns them; the key's order is the order of the lines.
type Facts<'a> = BTreeMap<(StepId, Lane), Vec<Fact<'a>>>;

/// A line without the spaces in front of an empty text: some editors and some snapshots drop them.
fn put(text: &mut impl fmt::Write, margin: &str, line: &[u8]) -> fmt::Result {
    text.write_str(if line.is_empty() { margin.trim_end_matches(' ') } else { margin })?;
    write_escaped(text, line)?;
    text.write_char('\n')
}
