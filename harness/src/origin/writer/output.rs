//! The response's way to the socket: two buffers in series, and the framing between them.

use std::sync::Arc;

use super::buffer::Buffered;
use super::conn::Watched;
use super::error::Error;
use super::exchange::Exchange;
use super::framer::Framer;
use super::head::{self, Facts};
use super::status::allows_content;

/// Content that is kept before the framing is decided (Go: `bufferBeforeChunkingSize`).
const CONTENT_BUFFER: usize = 2048;

/// Octets that are kept before the socket.
pub(super) const CONNECTION_BUFFER: usize = 4096;

/// Go's `http.response`.
pub(super) struct Output {
    /// The buffer before the framing; gone once the connection is hijacked.
    pub(super) content: Option<Buffered<Framer>>,
    wrote_header: bool,
    /// Octets of content that the handler wrote, refused ones included.
    written: u64,
}

impl Output {
    pub(super) fn new(exchange: Arc<Exchange>, facts: Facts, socket: Watched) -> Self {
        let framer = Framer::new(exchange, facts, Buffered::new(CONNECTION_BUFFER, socket));
        Self { content: Some(Buffered::new(CONTENT_BUFFER, framer)), wrote_header: false, written: 0 }
    }

    pub(super) fn wrote_header(&self) -> bool {
        self.wrote_header
    }

    /// Freezes status and fields, or sends an informational response.
    pub(super) async fn write_header(&mut self, exchange: &Exchange, status: u16) {
        if exchange.hijacked.is_set() {
            return exchange.account.log("http: response.WriteHeader on hijacked connection");
        }
        if self.wrote_header {
            return exchange.account.log("http: superfluous response.WriteHeader call");
        }
        assert!((100..=999).contains(&status), "invalid WriteHeader code {status}");
        let Some(content) = &mut self.content else {
            return;
        };
        let framer = &mut content.sink;
        if status >= 200 && exchange.expect.refuse() {
            framer.facts.close_after = true;
        }
        if status == 100 {
            exchange.expect.settle();
        }
        if matches!(status, 100..=199) && status != 101 {
            let fields = exchange.fields().live.clone();
            let octets = head::informational(framer.facts.http11, status, fields);
            // Go ignores the errors: the next call sees them
            framer.connection.write(&octets).await.ok();
            framer.connection.flush().await.ok();
            return;
        }
        self.wrote_header = true;
        framer.facts.status = status;
        let mut fields = exchange.fields();
        fields.frozen = Some(fields.live.clone());
        let declared = fields.live.get("Content-Length").to_owned();
        if !declared.is_empty() {
            match declared.parse::<i64>() {
                Ok(length @ 0..) => framer.facts.content_length = Some(length as u64),
                _ => {
                    fields.live.del("Content-Length");
                    drop(fields);
                    exchange.account.log(format_args!("http: invalid Content-Length of {declared:?}"));
                }
            }
        }
    }

    pub(super) async fn write(&mut self, exchange: &Exchange, octets: &[u8]) -> Result<usize, Error> {
        if exchange.hijacked.is_set() {
            if !octets.is_empty() {
                exchange.account.log("http: response.Write on hijacked connection");
            }
            return Err(Error::Hijacked);
        }
        if !self.wrote_header {
            self.write_header(exchange, 200).await;
        }
        let content = self.content.as_mut().ok_or(Error::Hijacked)?;
        if octets.is_empty() {
            return Ok(0);
        }
        if !allows_content(content.sink.facts.status) {
            return Err(Error::BodyNotAllowed);
        }
        self.written += octets.len() as u64;
        if content.sink.facts.content_length.is_some_and(|length| self.written > length) {
            return Err(Error::ContentLength);
        }
        content.write(octets).await?;
        Ok(octets.len())
    }

    pub(super) async fn flush(&mut self, exchange: &Exchange) -> Result<(), Error> {
        if !self.wrote_header {
            self.write_header(exchange, 200).await;
        }
        // the same as in Go, where a pointer to the buffer is nil by now
        let content = self.content.as_mut().expect("runtime error: invalid memory address or nil pointer dereference");
        let result = content.flush().await;
        result.and(content.sink.flush().await)
    }

    /// What happens when the handler has returned. Errors show in the connection's end alone.
    pub(super) async fn finish(&mut self, exchange: &Exchange) {
        let Some(content) = &mut self.content else {
            return;
        };
        content.sink.facts.handler_done = true;
        if !self.wrote_header {
            self.write_header(exchange, 200).await;
        }
        let Some(content) = &mut self.content else {
            return;
        };
        content.flush().await.ok();
        content.sink.end().await;
        content.sink.connection.flush().await.ok();
        if exchange.expect.refuse() {
            content.sink.facts.close_after = true;
        }
    }

    /// Whether the connection can serve another request.
    pub(super) fn keeps_connection(&self) -> bool {
        let Some(content) = &self.content else {
            return false;
        };
        let facts = &content.sink.facts;
        let incomplete = !facts.head
            && allows_content(facts.status)
            && facts.content_length.is_some_and(|length| length != self.written);
        !facts.close_after && !incomplete && !content.sink.connection.has_failed()
    }
}
