//! What `lastchunk explain` says of octets that were captured elsewhere.

use std::fmt;
use std::io::{self, Write};

use harness::capture::Captured;
use harness::render::{Redactions, write};
use harness::transcript::{Lane, Transcript};
use harness::verdict::{Framing, Verdict};
use harness::wire::h1::Malformed;

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
    let surplus = surplus.map(|surplus| {
        format!("{surplus} octets after the last response: if they answer another request, give the --method of each")
    });
    // A program that reads objects has captured what it gives.
    let printed = if form == Form::Text { printed(transcript, &verdict) } else { None };
    Ok(surplus.or_else(|| printed.map(str::to_owned)))
}

/// What octets that were printed rather than captured lack, if they look like that.
fn printed(transcript: &Transcript, verdict: &Verdict) -> Option<&'static str> {
    let hop = verdict.hops.last()?;
    let response = hop.responses.last()?;
    match response.framing {
        Framing::Malformed(Malformed::StatusLine) => Some(
            "no status-line: if this is what a program printed of a response, have it print what came: curl -isN --raw \
             --http1.1 URL",
        ),
        Framing::Malformed(Malformed::ChunkSize) if is_without_chunks(&transcript.octets(Lane::response(0))) => Some(
            "chunked, and no chunk: if curl -i printed this, it has taken the chunks off, and this verdict is of what is left: \
             curl -isN --raw URL leaves them on",
        ),
        _ => None,
    }
}

/// Whether what stands behind the header section begins with no chunk-size.
fn is_without_chunks(octets: &[u8]) -> bool {
    let mut border = memchr::memmem::find_iter(octets, b"\r\n\r\n");
    let content = border.next().map_or(&[][..], |at| &octets[at + 4..]);
    let size = content.split(|octet| b";\r\n".contains(octet)).next().unwrap_or_default();
    !size.is_empty() && !size.iter().all(u8::is_ascii_hexdigit)
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
