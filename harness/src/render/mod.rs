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
//! chunk-data and the CRLF after it stand apart. Octets are written as [`escape`] does, and so are notes and the
//! sentences of the steps. What follows two spaces and `#` is an annotation, of which [`parse`] takes no notice. One
//! thing is left out: a run of at least [`ELIDED_FROM`] equal octets is `# ... 16,320 octets, all "x"`, which
//! [`parse`] writes out again; where [`Redaction::Cut`] hides the number, as few as are elided.
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
use std::fmt::Write as _;

use crate::transcript::{Lane, Step, StepId, Transcript, What};
use crate::verdict::{Verdict, connections};
use crate::wire::notation::escape;

use columns::Columns;

pub use lane::ELIDED_FROM;
pub use parse::{BadLine, BadTranscript, MAX_OCTETS, parse};
pub use redaction::{Redaction, Redactions};

/// The texts of the lanes, by the step that owns them; the key's order is the order of the lines.
type Texts = BTreeMap<(StepId, Lane), Vec<String>>;

/// The text of a transcript, with its verdict; the last line ends with LF. Linear in the octets.
#[must_use]
pub fn render(transcript: &Transcript, redactions: &Redactions) -> String {
    let columns = Columns::of(&transcript.chain);
    let mut texts = Texts::new();
    for hop in 0..transcript.hops() {
        for connection in connections(transcript, hop) {
            lane::write(Lane::request(hop), &connection.requests, redactions, &mut texts);
            lane::write(Lane::response(hop), &connection.responses, redactions, &mut texts);
        }
    }
    for event in &transcript.events {
        if let (Lane::Notes(_), What::Note(note)) = (event.lane, &event.what) {
            texts.entry((event.step, event.lane)).or_default().push(escape(note.as_bytes()));
        }
    }

    let mut text = columns::chain_line(&transcript.chain);
    text.push('\n');
    // Facts of a step that has no sentence stand without one.
    let last = texts.keys().last().map_or(0, |(step, _)| step.0 + 1);
    for at in 0..transcript.steps.len().max(last) {
        text.push('\n');
        if let Some(Step { text: sentence }) = transcript.steps.get(at) {
            put(&mut text, &format!("{}. {}", at + 1, escape(sentence.as_bytes())));
        }
        let step = (StepId(at), Lane::request(0))..(StepId(at + 1), Lane::request(0));
        for ((_, lane), lines) in texts.range(step) {
            for line in lines {
                put(&mut text, &format!("{}{line}", columns.margin(*lane)));
            }
        }
    }
    // Writing to a String cannot fail.
    write!(text, "\nverdict\n{}\n", Verdict::of(transcript)).expect("a String takes any text");
    text
}

/// A line without the spaces of an empty text: some editors and some snapshots drop them.
fn put(text: &mut String, line: &str) {
    text.push_str(line.trim_end_matches(' '));
    text.push('\n');
}
