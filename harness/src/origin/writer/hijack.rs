//! A connection that belongs to the handler.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::buffer::Buffered;
use super::conn::Conn;
use super::deadline::Deadline;
use super::error::Error;
use super::exchange::Exchange;
use super::output::CONNECTION_BUFFER;

/// What [`hijack`](super::ResponseWriter::hijack) hands over. Either half uses the same socket.
pub struct Hijacked {
    /// The connection itself.
    pub conn: RawConn,
    /// The connection behind buffers, with the input that the server had read.
    pub bufrw: ReadWriter,
}

/// Go's `net.Conn`. Clones are the same connection; it is closed by [`close`](Self::close), or when the last clone is dropped.
#[derive(Clone)]
pub struct RawConn(Arc<Exchange>);

/// Go's `bufio.ReadWriter`: a buffer of 4096 octets in either direction.
pub struct ReadWriter {
    exchange: Arc<Exchange>,
    writer: Arc<Mutex<Buffered<Conn>>>,
}

impl Hijacked {
    /// The connection, and the buffer that its response's writer still knows.
    pub(super) fn new(exchange: Arc<Exchange>) -> (Self, Arc<Mutex<Buffered<Conn>>>) {
        let writer = Arc::new(Mutex::new(Buffered::new(CONNECTION_BUFFER, exchange.conn.clone())));
        let bufrw = ReadWriter { exchange: exchange.clone(), writer: writer.clone() };
        (Self { conn: RawConn(exchange), bufrw }, writer)
    }
}

impl RawConn {
    pub(super) fn new(exchange: Arc<Exchange>) -> Self {
        Self(exchange)
    }

    /// Writes everything to the socket, past what is buffered.
    ///
    /// # Errors
    /// [`Timeout`](Error::Timeout), [`Lost`](Error::Lost), [`Closed`](Error::Closed).
    pub async fn write(&self, octets: impl AsRef<[u8]>) -> Result<usize, Error> {
        let octets = octets.as_ref();
        let result = self.0.conn.write_all(octets).await.map(|()| octets.len());
        self.0.account.octets("conn write", &result);
        result
    }

    /// Reads what is there, past what is buffered.
    ///
    /// # Errors
    /// [`Eof`](Error::Eof) when the reader has half-closed; [`Timeout`](Error::Timeout), [`Lost`](Error::Lost),
    /// [`Closed`](Error::Closed).
    pub async fn read(&self, into: &mut [u8]) -> Result<usize, Error> {
        let result = some(self.0.conn.read(into).await, into);
        self.0.account.octets("conn read", &result);
        result
    }

    /// Moves the write deadline; hijacking has cleared the one that was set.
    ///
    /// # Errors
    /// [`Closed`](Error::Closed).
    pub fn set_write_deadline(&self, deadline: Deadline) -> Result<(), Error> {
        let result = self.0.conn.set_write_deadline(deadline.clone());
        self.0.account.once("conn set write deadline", deadline, &result);
        result
    }

    /// Moves the read deadline; hijacking has cleared the one that was set.
    ///
    /// # Errors
    /// [`Closed`](Error::Closed).
    pub fn set_read_deadline(&self, deadline: Deadline) -> Result<(), Error> {
        let result = self.0.conn.set_read_deadline(deadline.clone());
        self.0.account.once("conn set read deadline", deadline, &result);
        result
    }

    /// Closes the connection: FIN, or RST if input is left unread. What is still buffered is lost.
    ///
    /// # Errors
    /// [`Closed`](Error::Closed) the second time.
    pub fn close(&self) -> Result<(), Error> {
        let result = self.0.conn.close();
        self.0.account.once("conn close", "ok", &result);
        result
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.0.conn.is_closed()
    }
}

impl ReadWriter {
    /// Buffers octets; what exceeds 4096 is written.
    ///
    /// # Errors
    /// What the socket answered, now or earlier.
    pub async fn write(&mut self, octets: impl AsRef<[u8]>) -> Result<usize, Error> {
        let octets = octets.as_ref();
        let result = self.writer.lock().await.write(octets).await.map(|()| octets.len());
        self.exchange.account.octets("bufrw write", &result);
        result
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    /// What the socket answered, now or earlier.
    pub async fn flush(&mut self) -> Result<(), Error> {
        let result = self.writer.lock().await.flush().await;
        self.exchange.account.numbered("bufrw flush", "ok", &result);
        result
    }

    /// Octets of input that were read and not taken yet: the rest of the request, or a pipelined one.
    pub async fn buffered(&self) -> usize {
        self.exchange.input.lock().await.buffered()
    }

    /// Reads what is there, at most `into.len()` octets.
    ///
    /// # Errors
    /// [`Eof`](Error::Eof) when the reader has half-closed; [`Timeout`](Error::Timeout), [`Lost`](Error::Lost),
    /// [`Closed`](Error::Closed).
    pub async fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let result = some(self.read_some(into).await, into);
        self.exchange.account.octets("bufrw read", &result);
        result
    }

    /// Fills `into` (Go: `io.ReadFull`).
    ///
    /// # Errors
    /// As [`read`](Self::read); [`Eof`](Error::Eof) if the input has ended, [`UnexpectedEof`](Error::UnexpectedEof) if it ends before
    /// all is there.
    pub async fn read_full(&mut self, into: &mut [u8]) -> Result<usize, Error> {
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
        self.exchange.account.octets("bufrw read", &result);
        result
    }

    async fn read_some(&self, into: &mut [u8]) -> Result<usize, Error> {
        let result = self.exchange.input.lock().await.take(into.len()).await;
        if !matches!(&result, Ok(octets) if !octets.is_empty()) {
            // the server's reader is still before the connection, and tells the context
            self.exchange.content.lock().await.cancel.cancel();
        }
        let octets = result?;
        into[..octets.len()].copy_from_slice(&octets);
        Ok(octets.len())
    }
}

/// Go's `Read` gives no octet where it was given room for some only at the end, and says so: `io.EOF`.
fn some(read: Result<usize, Error>, into: &[u8]) -> Result<usize, Error> {
    read.and_then(|n| if n == 0 && !into.is_empty() { Err(Error::Eof) } else { Ok(n) })
}
