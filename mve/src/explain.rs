//! What `lastchunk explain` says of octets that were captured elsewhere.

use std::fmt;
use std::io::{self, Write};

use harness::capture::Captured;
use harness::render::{Redactions, write};
use harness::verdict::Verdict;

use crate::facts::{Facts, final_responses};

/// How it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Annotated text, and the verdict.
    Text,
    /// One object a line, one line a response.
    Objects,
}

/// Says what was captured, and keeps nothing of what is said. Gives what has to be said beside it, if anything.
///
/// # Errors
/// Those of `out`.
pub fn explain(captured: &Captured, form: Form, out: &mut impl Write) -> io::Result<Option<String>> {
    let transcript = &captured.transcript;
    let verdict = match form {
        Form::Text => {
            let mut text = Text { out, failed: None };
            let verdict = write(&mut text, transcript, &Redactions::none());
            match (verdict, text.failed) {
                (Ok(verdict), None) => verdict,
                (_, failed) => return Err(failed.unwrap_or_else(|| io::Error::other("a text that cannot be written"))),
            }
        }
        Form::Objects => {
            let verdict = Verdict::of(transcript);
            for response in final_responses(&verdict) {
                serde_json::to_writer(&mut *out, &Facts::of(response))?;
                out.write_all(b"\n")?;
            }
            verdict
        }
    };
    let surplus = verdict.hops.last().map(|hop| hop.surplus).filter(|surplus| *surplus > 0);
    Ok(surplus.map(|surplus| {
        format!("{surplus} octets after the last response: if they answer another request, give the --method of each")
    }))
}

/// An output for text, which remembers why it failed.
struct Text<'a, W> {
    out: &'a mut W,
    failed: Option<io::Error>,
}

impl<W: Write> fmt::Write for Text<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.out.write_all(text.as_bytes()).map_err(|error| {
            self.failed = Some(error);
            fmt::Error
        })
    }
}
