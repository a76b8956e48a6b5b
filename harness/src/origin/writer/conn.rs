//! The socket, with Go's deadlines, closed by whoever closes it first.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::buffer::Sink;
use super::context::Cancel;
use super::deadline::Deadline;
use super::error::Error;

/// What the origin can serve on.
pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<IO: AsyncRead + AsyncWrite + Send + Unpin> Socket for IO {}

/// Go's `net.Conn`: shared, with a deadline for either direction that can be moved while an operation is blocked.
#[derive(Clone)]
pub(super) struct Conn(Arc<Mutex<Inner>>);

struct Inner {
    socket: Option<Box<dyn Socket>>,
    read: Direction,
    write: Direction,
}

struct Direction {
    deadline: Deadline,
    /// Whoever is blocked in this direction: a moved deadline and a close have to reach it.
    blocked: Option<Waker>,
}

impl Direction {
    fn new() -> Self {
        Self { deadline: Deadline::none(), blocked: None }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.blocked.take() {
            waker.wake();
        }
    }

    /// Errs when the deadline has passed, before anything is tried, as Go does; else sees to it that its passing wakes.
    fn check(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        if self.deadline.poll_passed(cx).is_ready() {
            return Err(Error::Timeout);
        }
        self.blocked = Some(cx.waker().clone());
        Ok(())
    }
}

impl Conn {
    pub(super) fn new(socket: impl Socket + 'static) -> Self {
        let socket: Option<Box<dyn Socket>> = Some(Box::new(socket));
        Self(Arc::new(Mutex::new(Inner { socket, read: Direction::new(), write: Direction::new() })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_read_deadline(&self, deadline: Deadline) -> Result<(), Error> {
        self.set(|inner| &mut inner.read, deadline)
    }

    pub(super) fn set_write_deadline(&self, deadline: Deadline) -> Result<(), Error> {
        self.set(|inner| &mut inner.write, deadline)
    }

    fn set(&self, direction: impl Fn(&mut Inner) -> &mut Direction, deadline: Deadline) -> Result<(), Error> {
        let mut inner = self.lock();
        if inner.socket.is_none() {
            return Err(Error::Closed);
        }
        let direction = direction(&mut inner);
        direction.deadline = deadline;
        direction.wake();
        Ok(())
    }

    /// Closes as close(2) does: FIN, or RST if input is left unread. Blocked operations fail with [`Error::Closed`].
    pub(super) fn close(&self) -> Result<(), Error> {
        let socket = {
            let mut inner = self.lock();
            inner.read.wake();
            inner.write.wake();
            inner.socket.take()
        };
        socket.map(drop).ok_or(Error::Closed)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().socket.is_none()
    }

    pub(super) fn poll_read(&self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<Result<usize, Error>> {
        let inner = &mut *self.lock();
        let Some(socket) = &mut inner.socket else {
            return Poll::Ready(Err(Error::Closed));
        };
        inner.read.check(cx)?;
        let mut buf = ReadBuf::new(into);
        let result = ready!(Pin::new(socket).poll_read(cx, &mut buf));
        Poll::Ready(result.map(|()| buf.filled().len()).map_err(|_| Error::Lost))
    }

    /// Reads what is there; 0 means that the reader has half-closed.
    pub(super) async fn read(&self, into: &mut [u8]) -> Result<usize, Error> {
        poll_fn(|cx| self.poll_read(cx, into)).await
    }

    fn poll_write(&self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<Result<usize, Error>> {
        let inner = &mut *self.lock();
        let Some(socket) = &mut inner.socket else {
            return Poll::Ready(Err(Error::Closed));
        };
        inner.write.check(cx)?;
        match ready!(Pin::new(socket).poll_write(cx, octets)) {
            Ok(n) if n > 0 => Poll::Ready(Ok(n)),
            _ => Poll::Ready(Err(Error::Lost)),
        }
    }

    /// Writes everything, or as much as the deadline and the reader allow.
    pub(super) async fn write_all(&self, mut octets: &[u8]) -> Result<(), Error> {
        while !octets.is_empty() {
            let n = poll_fn(|cx| self.poll_write(cx, octets)).await?;
            octets = &octets[n..];
        }
        Ok(())
    }

    /// Sends FIN, and closes when the reader has departed too.
    ///
    /// Go waits for half a second instead, to the same end: closing earlier, with input unread, would send an RST that destroys
    /// the response on its way.
    pub(super) async fn close_gently(&self) {
        let fin = poll_fn(|cx| {
            let Some(socket) = &mut self.lock().socket else {
                return Poll::Ready(false);
            };
            Pin::new(socket).poll_shutdown(cx).map(|result| result.is_ok())
        });
        if fin.await {
            let mut rest = [0; 4096];
            while matches!(self.read(&mut rest).await, Ok(1..)) {}
        }
        // a server that was closed meanwhile has closed it
        self.close().ok();
    }
}

/// A connection whose first failed write ends the connection's context (Go: `checkConnErrorWriter`).
pub(super) struct Watched {
    pub(super) conn: Conn,
    pub(super) cancel: Cancel,
}

impl Sink for Watched {
    async fn write(&mut self, octets: &[u8]) -> Result<(), Error> {
        let result = self.conn.write_all(octets).await;
        if result.is_err() {
            self.cancel.cancel();
        }
        result
    }
}

impl Sink for Conn {
    async fn write(&mut self, octets: &[u8]) -> Result<(), Error> {
        self.write_all(octets).await
    }
}
