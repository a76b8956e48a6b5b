//! The content of a request: what the handler reads of it, and what the server drains.

use std::sync::{Arc, Mutex, PoisonError};

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
    /// Octets left of the chunk-data and the CRLF behind it.
    data: u64,
    /// Only the trailer section is left.
    last: bool,
}

impl Chunk {
    fn pass(&mut self, octets: &[u8]) {
        if self.data > 0 {
            self.data -= octets.len() as u64;
            return;
        }
        self.line.extend_from_slice(octets);
        if self.line.ends_with(b"\n") {
            let digits = self.line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
            let size =
                std::str::from_utf8(&self.line[..digits]).ok().and_then(|text| u64::from_str_radix(text, 16).ok());
            self.last |= size == Some(0);
            // what hyper refuses needs none
            self.data = size.filter(|_| !self.last).map_or(0, |size| size.saturating_add(2));
            self.line.clear();
        }
    }
}

/// Go's `http.body`.
pub(super) struct Content {
    pub(super) input: Arc<tokio::sync::Mutex<Input>>,
    pub(super) codec: Arc<Mutex<Codec>>,
    /// Ends the connection's context when the reader departs inside the content.
    pub(super) cancel: Cancel,
    pub(super) framing: Framing,
    pub(super) chunk: Chunk,
    /// The request asked to close the connection: nothing needs draining.
    pub(super) closing: bool,
    /// The end of the content was seen, so that the reader can be watched for its departure.
    pub(super) ended: Latch,
    pub(super) closed: bool,
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
        if self.closed {
            return Err(Error::ContentClosed);
        }
        self.read_even_if_closed(into).await
    }

    async fn read_even_if_closed(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        while self.remains() && !into.is_empty() {
            let step = {
                let mut codec = self.codec.lock().unwrap_or_else(PoisonError::into_inner);
                let step = codec.content();
                // a 100 (Continue) of hyper's, which the handler sent itself
                codec.take_output();
                step
            };
            match step {
                Step::Octets(octets) => {
                    into[..octets.len()].copy_from_slice(&octets);
                    if self.framing == Framing::Length(0) {
                        self.ended.set();
                    }
                    return Ok(octets.len());
                }
                Step::End => self.ended.set(),
                Step::Malformed => return Err(Error::Malformed),
                Step::Wanted => self.feed(into.len()).await?,
            }
        }
        Ok(0)
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
        let octets = match self.input.lock().await.take(max).await {
            Ok(octets) => octets,
            Err(error) => {
                self.cancel.cancel();
                return Err(error);
            }
        };
        if octets.is_empty() {
            self.cancel.cancel();
            if matches!(self.framing, Framing::Length(_)) {
                self.ended.set();
            }
            return Err(Error::UnexpectedEof);
        }
        match &mut self.framing {
            Framing::Length(left) => *left -= octets.len() as u64,
            _ => self.chunk.pass(&octets),
        }
        self.codec.lock().unwrap_or_else(PoisonError::into_inner).feed(&octets);
        Ok(())
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
