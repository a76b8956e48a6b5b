//! The model's connection: a socket in memory that gives what the reader has sent, and ends as the kernel would end it.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::outcome::End;
use super::program::Stimulus;

/// What the reader sees and does. Clones are the same connection.
#[derive(Clone, Default)]
pub(super) struct Wire(Arc<Mutex<State>>);

#[derive(Default)]
pub(super) struct State {
    pub(super) octets: Vec<u8>,
    pub(super) writes: Vec<usize>,
    pub(super) end: Option<End>,
    unread: VecDeque<u8>,
    fin: bool,
    blocked: Option<Waker>,
}

impl Wire {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stimulate(&self, stimulus: &Stimulus) {
        let blocked = {
            let mut state = self.state();
            state.unread.extend(&stimulus.octets);
            state.fin |= stimulus.half_close;
            state.blocked.take()
        };
        if let Some(waker) = blocked {
            waker.wake();
        }
    }

    pub(super) fn socket(&self) -> Socket {
        Socket(self.clone())
    }
}

/// The server's end. Dropping it is close(2): FIN, or RST with input unread.
pub(super) struct Socket(Wire);

impl Drop for Socket {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if state.end.is_none() {
            state.end = Some(if state.unread.is_empty() { End::Fin } else { End::Rst });
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.state();
        if state.unread.is_empty() && !state.fin {
            state.blocked = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let n = into.remaining().min(state.unread.len());
        let octets: Vec<u8> = state.unread.drain(..n).collect();
        into.put_slice(&octets);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.0.state();
        state.octets.extend_from_slice(octets);
        state.writes.push(octets.len());
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.state().end.get_or_insert(End::Fin);
        Poll::Ready(Ok(()))
    }
}
