//! Standard output, for texts with colours and for objects without.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use anstream::adapter::StripBytes;
use anstream::stream::{AsLockedWrite, RawStream};
use anstream::{AutoStream, ColorChoice};
use serde::Serialize;

use super::paint;

/// Standard output for people. Flush it: nobody sees an error at its end otherwise.
#[derive(Debug)]
pub struct Text {
    out: BufWriter<StdoutLock<'static>>,
    /// What takes the colours out; none where they are wanted.
    strip: Option<StripBytes>,
}

/// Standard output for people: colours only reach a terminal that wants them.
pub fn text() -> Text {
    let strip = (!is_coloured(&io::stdout())).then(StripBytes::new);
    Text { out: BufWriter::with_capacity(64 * 1024, io::stdout().lock()), strip }
}

impl Text {
    /// Writes a transcript as `render` made it, which is safe for a terminal as it is.
    pub fn transcript(&mut self, text: &str) -> io::Result<()> {
        if self.strip.is_some() {
            return self.out.write_all(text.as_bytes());
        }
        paint::transcript(text).try_for_each(|line| writeln!(self.out, "{line}"))
    }
}

/// The lines of a transcript, painted one by one as they end.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a mut Text,
    line: Vec<u8>,
    is_first: bool,
}

impl Text {
    /// Where a transcript can be written to bit by bit, as `render::write` does: safe for a terminal as it is.
    pub fn transcript_lines(&mut self) -> Lines<'_> {
        Lines { text: self, line: Vec::new(), is_first: true }
    }
}

impl Write for Lines<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.text.strip.is_some() {
            self.text.out.write_all(octets)?;
            return Ok(octets.len());
        }
        for piece in octets.split_inclusive(|octet| *octet == b'\n') {
            self.line.extend_from_slice(piece);
            if let Some(line) = self.line.strip_suffix(b"\n") {
                let line = String::from_utf8_lossy(line);
                writeln!(self.text.out, "{}", paint::line(&line, std::mem::take(&mut self.is_first)))?;
                self.line.clear();
            }
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.text.flush()
    }
}

impl Write for Text {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match &mut self.strip {
            None => self.out.write_all(octets)?,
            Some(strip) => {
                for plain in strip.strip_next(octets) {
                    self.out.write_all(plain)?;
                }
            }
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Whether a stream takes colours: `NO_COLOR`, `CLICOLOR_FORCE` and `TERM` are asked.
pub fn is_coloured(stream: &(impl RawStream + AsLockedWrite + IsTerminal)) -> bool {
    AutoStream::choice(stream) != ColorChoice::Never
}

/// Writes an object on a line of its own, at once.
pub fn object(object: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(object)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}
