//! A socket in memory that gives one request and records what is written.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What reached the socket.
#[derive(Default)]
pub struct Record {
    pub octets: Vec<u8>,
    /// The size of each write.
    pub writes: Vec<usize>,
    pub closed: bool,
}

/// Gives its input and then the end of it, as a reader does that half-closes; takes every write whole.
pub struct RecordingSocket {
    input: io::Cursor<Vec<u8>>,
    record: Arc<Mutex<Record>>,
}

impl RecordingSocket {
    pub fn new(input: Vec<u8>) -> (Self, Arc<Mutex<Record>>) {
        let record = Arc::<Mutex<Record>>::default();
        (Self { input: io::Cursor::new(input), record: record.clone() }, record)
    }
}

impl Drop for RecordingSocket {
    fn drop(&mut self) {
        self.record.lock().unwrap().closed = true;
    }
}

impl AsyncRead for RecordingSocket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_read(cx, into)
    }
}

impl AsyncWrite for RecordingSocket {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let mut record = self.record.lock().unwrap();
        record.octets.extend_from_slice(octets);
        record.writes.push(octets.len());
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
