//! What a handler holds: `http.ResponseWriter`, with the calls of `http.ResponseController`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::Mutex;

use super::deadline::Deadline;
use super::error::Error;
use super::exchange::Exchange;
use super::hijack::Hijacked;
use super::output::Output;

/// The response of one request. Clones are the same response.
///
/// The future of a call has to be polled to its end: Go has no way of dropping a call, and what a dropped one has written is unknown.
/// Later calls then return [`Error::Dropped`].
#[derive(Clone)]
pub struct ResponseWriter {
    pub(super) exchange: Arc<Exchange>,
    pub(super) output: Arc<Mutex<Output>>,
}

/// The payload of the panic that aborts a handler (`http.ErrAbortHandler`).
pub(super) struct AbortHandler;

impl ResponseWriter {
    /// The header map.
    ///
    /// It is frozen by the first [`write_header`](Self::write_header), [`write`](Self::write) or [`flush`](Self::flush): later changes stay
    /// visible in the map and are not sent, but for those to trailers. A trailer is declared in a `Trailer` field before, or named
    /// with the prefix [`TRAILER_PREFIX`](super::TRAILER_PREFIX).
    pub fn header(&self) -> HeaderMap<'_> {
        HeaderMap(&self.exchange)
    }

    /// Freezes status and fields. They are sent later, by a flush, a full buffer or the handler's return.
    ///
    /// An informational status (RFC 9110, 15.2) other than 101 is sent at once and freezes nothing. A second final status is ignored, with
    /// a line in the server's log.
    ///
    /// # Panics
    /// If the status has not three digits.
    pub async fn write_header(&self, status: u16) {
        self.output.lock().await.write_header(&self.exchange, status).await;
    }

    /// Adds content, and returns how many octets it took.
    ///
    /// It only fills a buffer of 2048 octets, so that an error of the connection is reported by a later call.
    ///
    /// # Errors
    /// [`ContentLength`](Error::ContentLength), [`BodyNotAllowed`](Error::BodyNotAllowed), [`Hijacked`](Error::Hijacked), or what the socket
    /// answered, now or earlier.
    pub async fn write(&self, content: impl AsRef<[u8]>) -> Result<usize, Error> {
        let result = match self.exchange.done.is_set() {
            true => Err(Error::HandlerDone),
            false => self.output.lock().await.write(&self.exchange, content.as_ref()).await,
        };
        self.exchange.account.octets("write", &result);
        result
    }

    /// Sends what is buffered, and freezes the framing (Go: `FlushError`).
    ///
    /// # Errors
    /// What the socket answered, now or earlier.
    ///
    /// # Panics
    /// After [`hijack`](Self::hijack), as in Go.
    pub async fn flush(&self) -> Result<(), Error> {
        let result = match self.exchange.done.is_set() {
            true => Err(Error::HandlerDone),
            false => self.output.lock().await.flush(&self.exchange).await,
        };
        self.exchange.account.numbered("flush", "ok", &result);
        result
    }

    /// Moves the connection's write deadline, also while another task is blocked in a flush. A deadline in the past unblocks it.
    ///
    /// # Errors
    /// [`Closed`](Error::Closed) when the connection is closed.
    pub fn set_write_deadline(&self, deadline: Deadline) -> Result<(), Error> {
        let result = self.exchange.conn.set_write_deadline(deadline.clone());
        self.exchange.account.once("set write deadline", deadline, &result);
        result
    }

    /// Moves the connection's read deadline, which also ends the watch for the reader's departure: a past one ends the request's context.
    ///
    /// # Errors
    /// [`Closed`](Error::Closed) when the connection is closed.
    pub fn set_read_deadline(&self, deadline: Deadline) -> Result<(), Error> {
        let result = self.exchange.conn.set_read_deadline(deadline.clone());
        self.exchange.account.once("set read deadline", deadline, &result);
        result
    }

    /// Lets the handler read the request's content after it has begun to answer.
    pub fn enable_full_duplex(&self) {
        self.exchange.full_duplex.store(true, Ordering::Relaxed);
        self.exchange.account.note("enable full duplex: ok");
    }

    /// Takes the connection.
    ///
    /// If a status was written, the header section is sent first. Content that is still before the framing is dropped without a word;
    /// content behind it is sent. Both deadlines are cleared, nobody watches for the reader's departure any more, and the handler has to
    /// close the connection. The writer answers [`Hijacked`](Error::Hijacked) from here on.
    ///
    /// # Errors
    /// [`Hijacked`](Error::Hijacked) the second time, [`HandlerDone`](Error::HandlerDone) after the handler's return.
    pub async fn hijack(&self) -> Result<Hijacked, Error> {
        let result = self.take_connection().await;
        self.exchange.account.once("hijack", "ok", &result);
        result
    }

    async fn take_connection(&self) -> Result<Hijacked, Error> {
        let exchange = &self.exchange;
        if exchange.done.is_set() {
            return Err(Error::HandlerDone);
        }
        let mut output = self.output.lock().await;
        exchange.expect.settle();
        let flushes = output.wrote_header();
        let content = output.content.as_mut().ok_or(Error::Hijacked)?;
        if flushes {
            // an error is not told: the new buffer knows nothing of it
            content.sink.flush().await.ok();
        }
        output.content = None;
        exchange.hijacked.set();
        // a connection that is closed already shows it in the first call
        exchange.conn.set_read_deadline(Deadline::none()).ok();
        exchange.conn.set_write_deadline(Deadline::none()).ok();
        Ok(Hijacked::new(exchange.clone()))
    }

    /// Aborts the handler: `panic(http.ErrAbortHandler)`.
    ///
    /// The connection is closed without last-chunk and without a status of its own. Octets that were framed already are still sent.
    pub fn abort(&self) -> ! {
        // past the panic hook: nothing is wrong with the program
        std::panic::resume_unwind(Box::new(AbortHandler))
    }
}

/// The header map of a response, by Go's canonical field names.
pub struct HeaderMap<'w>(&'w Exchange);

impl HeaderMap<'_> {
    /// The first value, or nothing.
    pub fn get(&self, name: &str) -> String {
        self.0.fields().live.get(name).to_owned()
    }

    /// Replaces all values.
    pub fn set(&self, name: &str, value: &str) {
        self.0.fields().live.set(name, value);
    }

    /// Adds a value: a further field line.
    pub fn add(&self, name: &str, value: &str) {
        self.0.fields().live.add(name, value);
    }

    /// Removes all values.
    pub fn del(&self, name: &str) {
        self.0.fields().live.del(name);
    }
}
