//! The content of a request: what the handler reads of it, and what the server drains.

use std::sync::Arc;

use super::codec::{Codec, Content as Step};
use super::context::Cancel;
use super::error::Error;
use super::input::Input;
use super::latch::Latch;

/// As much unread content is drained to keep a connection (Go: `maxPostHandlerReadBytes`).
pub(super) const DRAINED: u64 = 256 << 10;

/// How the content is framed (RFC 9112, 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    None,
    /// Octets that were not read yet.
    Length(u64),
    Chunked,
}

/// Where chunk-data begins and ends, so that it need not be fed octet by octet.
#[derive(Default)]
pub(super) struct Chunk {
    line: Vec<u8>,
    /// Octets left of the chunk-data. The CRLF behind it is a line of its own.
    data: u64,
    /// Only the trailer section is left.
    last: bool,
    /// Octets of the trailer section.
    trailers: usize,
}

impl Chunk {
    fn pass(&mut self, octets: &[u8]) {
        if self.data > 0 {
            self.data -= octets.len() as u64;
            return;
        }
        if self.last {
            self.trailers += octets.len();
        }
        self.line.extend_from_slice(octets);
        if self.line.ends_with(b"\n") {
            let size = chunk_size(&self.line);
            self.last |= size == Some(0);
            // what hyper refuses needs none
            self.data = size.filter(|_| !self.last).unwrap_or(0);
            self.line.clear();
        }
    }
}

/// The chunk-size at the beginning of a line.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
    u64::from_str_radix(std::str::from_utf8(&line[..digits]).ok()?, 16).ok()
}

/// Go's `http.body`.
pub(super) struct Content {
    pub(super) input: Arc<tokio::sync::Mutex<Input>>,
    pub(super) codec: Codec,
    /// Ends the connection's context when the reader departs inside the content.
    pub(super) cancel: Cancel,
    pub(super) framing: Framing,
    pub(super) chunk: Chunk,
    /// The request asked to close the connection: nothing needs draining.
    pub(super) closing: bool,
    /// The end of the content was seen, so that the reader can be watched for its departure.
    pub(super) ended: Latch,
    pub(super) closed: bool,
    /// What went wrong behind the octets that the last read returned.
    pub(super) pending: Option<Error>,
    /// Closed with content left unread: what follows on the connection is no request.
    pub(super) closed_early: bool,
}

impl Content {
    pub(super) fn exists(&self) -> bool {
        self.framing != Framing::None
    }

    pub(super) fn remains(&self) -> bool {
        self.exists() && !self.ended.is_set()
    }

    /// Reads what is there, at most `into.len()` octets; 0 at the end.
    pub(super) async fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        if let Some(error) = self.pending.take() {
            return Err(error);
        }
        if self.closed {
            return Err(Error::ContentClosed);
        }
        self.read_even_if_closed(into).await
    }

    async fn read_even_if_closed(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let mut filled = self.read_some(into).await?;
        // inside a chunk Go goes on until all is there
        while filled > 0 && filled < into.len() && self.chunk.data > 0 {
            match self.read_some(&mut into[filled..]).await {
                Ok(n) => filled += n,
                // the next call meets it again
                Err(_) => break,
            }
        }
        // and to the end, if the last-chunk is there already
        if filled > 0 && self.framing == Framing::Chunked && self.chunk.data == 0 {
            let next = self.input.lock().await.line("\r\n".len());
            if next.is_some_and(|line| chunk_size(&line) == Some(0)) {
                self.pending = self.read_some(&mut [0]).await.err();
            }
        }
        Ok(filled)
    }

    /// Waits for something, and takes all of it: no more is fed than `into` has room for, so nothing is left in hyper.
    async fn read_some(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let mut filled = 0;
        while self.remains() && filled < into.len() {
            let step = self.codec.content();
            // a 100 (Continue) of hyper's, which the handler sent itself
            self.codec.take_output();
            match step {
                Step::Octets(octets) => {
                    into[filled..filled + octets.len()].copy_from_slice(&octets);
                    filled += octets.len();
                }
                Step::End => self.ended.set(),
                // the next call meets it again
                Step::Malformed | Step::Wanted if filled > 0 => break,
                Step::Malformed => return Err(Error::Malformed),
                Step::Wanted => self.feed(into.len()).await?,
            }
        }
        if filled > 0 && self.framing == Framing::Length(0) {
            self.ended.set();
        }
        Ok(filled)
    }

    /// How much can be fed at once without feeding what follows the content. Only hyper knows where a chunked one ends, so that it gets
    /// everything but chunk-data octet by octet.
    fn room(&self) -> u64 {
        match self.framing {
            Framing::Length(left) => left,
            _ => self.chunk.data.max(1),
        }
    }

    /// Feeds hyper at most `max` octets, and none beyond the content: what follows belongs to the next request, or to whoever hijacks.
    async fn feed(&mut self, max: usize) -> Result<(), Error> {
        let max = max.min(self.room().try_into().unwrap_or(usize::MAX));
        let taken = self.input.lock().await.take(max).await;
        let octets = match taken {
            Ok(octets) => octets,
            Err(error) => {
                self.cancel.cancel();
                return Err(self.failed(error));
            }
        };
        if octets.is_empty() {
            self.cancel.cancel();
            if matches!(self.framing, Framing::Length(_)) {
                self.ended.set();
            }
            return Err(self.failed(Error::UnexpectedEof));
        }
        match &mut self.framing {
            Framing::Length(left) => *left -= octets.len() as u64,
            _ => self.chunk.pass(&octets),
        }
        self.codec.feed(&octets);
        Ok(())
    }

    /// A failure in the trailer section closes the content, whatever it was.
    fn failed(&mut self, error: Error) -> Error {
        if !self.chunk.last {
            return error;
        }
        self.closed = true;
        if self.chunk.trailers < "\r\n".len() { Error::TrailerEof } else { Error::TrailerLong }
    }

    /// Closes the content, after draining what is left if that is not too much.
    pub(super) async fn close(&mut self) {
        if !self.exists() || self.closed {
            return;
        }
        self.closed = true;
        let length = matches!(self.framing, Framing::Length(_));
        if self.ended.is_set() || (length && self.closing) {
            return;
        }
        self.closed_early = true;
        if matches!(self.framing, Framing::Length(left) if left > DRAINED) {
            return;
        }
        let mut drained = 0;
        let mut rest = vec![0; 8192];
        while drained <= DRAINED {
            match self.read_even_if_closed(&mut rest).await {
                Ok(0) => {
                    self.closed_early = false;
                    return;
                }
                Ok(n) => drained += n as u64,
                Err(_) => return,
            }
        }
    }
}
