//! What a handler is asked: `http.Request`.

use std::sync::Arc;

use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Uri, Version};
use tokio::sync::Mutex;

use super::context::Context;
use super::error::Error;
use super::exchange::Exchange;
use super::output::Output;

/// A request: its header section, its content, its context.
pub struct Request {
    pub(super) parts: Parts,
    pub(super) context: Context,
    pub(super) exchange: Arc<Exchange>,
    pub(super) output: Arc<Mutex<Output>>,
}

impl Request {
    /// The method.
    pub fn method(&self) -> &Method {
        &self.parts.method
    }

    /// The request-target.
    pub fn uri(&self) -> &Uri {
        &self.parts.uri
    }

    /// The version of the request-line.
    pub fn version(&self) -> Version {
        self.parts.version
    }

    /// The fields.
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// Ends when nobody wants the response any more.
    pub fn context(&self) -> Context {
        self.context.clone()
    }

    /// Reads what is there of the content, at most `into.len()` octets; 0 at its end. The first read of a request that expects it sends
    /// a 100 (Continue).
    ///
    /// # Errors
    /// [`ContentClosed`](Error::ContentClosed) once the response has begun, [`UnexpectedEof`](Error::UnexpectedEof),
    /// [`Malformed`](Error::Malformed), or what the socket answered.
    pub async fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        self.exchange.content.lock().await.pending = None;
        let result = self.read_some(into).await;
        self.exchange.account.octets("read", &result);
        result
    }

    /// Fills `into` (Go: `io.ReadFull`).
    ///
    /// # Errors
    /// As [`read`](Self::read); [`Eof`](Error::Eof) if the content has ended, [`UnexpectedEof`](Error::UnexpectedEof) if it ends before
    /// all is there.
    pub async fn read_full(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        self.exchange.content.lock().await.pending = None;
        let mut result = Ok(0);
        while let Ok(n) = result
            && n < into.len()
        {
            result = match self.read_some(&mut into[n..]).await {
                Ok(0) if n == 0 => Err(Error::Eof),
                Ok(0) => Err(Error::UnexpectedEof),
                more => more.map(|more| n + more),
            };
        }
        self.exchange.account.octets("read", &result);
        result
    }

    /// Reads to the end of the content (Go: `io.ReadAll`).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn read_all(&mut self) -> Result<Vec<u8>, Error> {
        self.exchange.content.lock().await.pending = None;
        let mut all = Vec::new();
        let mut octets = vec![0; 8192];
        let result = loop {
            match self.read_some(&mut octets).await {
                Ok(0) => break Ok(all.len()),
                Ok(n) => all.extend_from_slice(&octets[..n]),
                Err(error) => break Err(error),
            }
        };
        self.exchange.account.octets("read", &result);
        result.map(|_| all)
    }

    async fn read_some(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let exchange = &self.exchange;
        if exchange.expect.is_refused() {
            return Err(Error::ContentClosed);
        }
        if exchange.expect.can_continue() {
            let mut output = self.output.lock().await;
            if exchange.expect.settle()
                && let Some(content) = &mut output.content
            {
                // hyper answers the expectation when the content is asked for
                let octets = exchange.content.lock().await.codec.continuation();
                content.sink.connection.write(&octets).await.ok();
                content.sink.connection.flush().await.ok();
            }
        }
        exchange.content.lock().await.read(into).await
    }
}
