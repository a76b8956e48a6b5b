//! The framing: it decides the header section, and makes chunks of content.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::buffer::{Buffered, Sink};
use super::conn::Watched;
use super::content::{DRAINED, Framing};
use super::error::Error;
use super::exchange::Exchange;
use super::head::{Facts, Head};
use super::header::{self, Header};

/// Go's `chunkWriter`: decides the header section at the first octet that reaches it, and frames the content.
pub(super) struct Framer {
    pub(super) connection: Buffered<Watched>,
    exchange: Arc<Exchange>,
    pub(super) facts: Facts,
    decided: bool,
    chunked: bool,
    trailers: Vec<String>,
    /// The request's content is too large to drain.
    pub(super) too_large: bool,
}

impl Framer {
    pub(super) fn new(exchange: Arc<Exchange>, facts: Facts, connection: Buffered<Watched>) -> Self {
        Self { connection, exchange, facts, decided: false, chunked: false, trailers: Vec::new(), too_large: false }
    }

    async fn decide(&mut self, content: &[u8]) {
        if self.decided {
            return;
        }
        self.decided = true;
        let exchange = self.exchange.clone();
        self.facts.keep_alives = exchange.server.keeps_alive();
        let frozen = exchange.fields().frozen.clone().unwrap_or_default();
        let mut head = Head::new(frozen, &mut self.facts, content);
        self.drain(&exchange, &mut head).await;
        self.trailers = std::mem::take(&mut head.trailers);
        let decided = head.decide(&mut self.facts, content);
        if let Some(log) = &decided.log {
            exchange.account.log(log);
        }
        self.chunked = decided.chunked;
        let mut octets = exchange.codec().respond(decided.response);
        if decided.disguised {
            octets["HTTP/1.".len()] = b'1';
        }
        let end = octets.len() - "\r\n".len();
        octets.splice(end..end, decided.lines);
        // an error sticks in the buffer, for the next call
        self.connection.write(&octets).await.ok();
    }

    /// Consumes what the handler left unread: a reader that sends all before it reads would wait for ever.
    async fn drain(&mut self, exchange: &Exchange, head: &mut Head) {
        let mut content = exchange.content.lock().await;
        if exchange.expect.expected && content.remains() {
            self.facts.close_after = true;
        }
        let full_duplex = exchange.full_duplex.load(Ordering::Relaxed);
        if !content.exists() || self.facts.close_after || full_duplex {
            return;
        }
        if content.closed {
            self.facts.close_after = !content.ended.is_set();
        } else if matches!(content.framing, Framing::Length(left) if left >= DRAINED) {
            self.too_large = true;
            head.close(&mut self.facts);
        } else {
            content.close().await;
            self.facts.close_after = content.closed_early;
        }
    }

    /// Sends everything that was framed.
    pub(super) async fn flush(&mut self) -> Result<(), Error> {
        self.decide(&[]).await;
        self.connection.flush().await
    }

    pub(super) async fn end(&mut self) {
        self.decide(&[]).await;
        if !self.chunked {
            return;
        }
        let trailers = self.trailer_section();
        let octets = if trailers.is_empty() {
            self.exchange.codec().end()
        } else {
            // hyper sends declared trailers only, and those only to a reader that sent `TE: trailers`
            [b"0\r\n".as_slice(), &trailers, b"\r\n"].concat()
        };
        self.connection.write(&octets).await.ok();
    }

    fn trailer_section(&self) -> Vec<u8> {
        let fields = self.exchange.fields();
        let mut trailers = Header::default();
        let prefixed = fields.live.prefixed().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        let declared = self
            .trailers
            .iter()
            .flat_map(|name| fields.live.values(name).iter().map(move |value| (name.as_str(), value)));
        prefixed.chain(declared).for_each(|(name, value)| trailers.add(name, value));
        header::encode(trailers.lines())
    }

    async fn write_framed(&mut self, content: &[u8]) -> Result<(), Error> {
        let mut octets = self.exchange.codec().chunk(content);
        if !self.chunked {
            return self.connection.write(&octets).await;
        }
        // Go makes three writes of a chunk, which decides what bypasses the buffer, and writes the chunk-size in lower case
        let size = octets.len() - content.len() - "\r\n".len();
        octets[..size].make_ascii_lowercase();
        self.connection.write(&octets[..size]).await?;
        self.connection.write(&octets[size..size + content.len()]).await?;
        self.connection.write(&octets[size + content.len()..]).await
    }
}

impl Sink for Framer {
    async fn write(&mut self, content: &[u8]) -> Result<(), Error> {
        self.decide(content).await;
        if self.facts.head {
            return Ok(());
        }
        let result = self.write_framed(content).await;
        if result.is_err() {
            // Go closes the connection at once, while the handler goes on
            self.exchange.conn.close().ok();
        }
        result
    }
}
