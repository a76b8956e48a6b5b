//! Deadlines that pass when a case says so, not when a clock does.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use super::latch::Latch;

/// The instant after which an operation on the connection fails with [`Error::Timeout`](super::Error::Timeout).
///
/// Go gives a `time.Time`: zero for none, or an instant in the past or in the future. Here the future comes when somebody who holds a
/// clone calls [`pass_now`](Self::pass_now), and never by itself. A deadline that passes unblocks a blocked operation at once, as in Go.
#[derive(Clone)]
pub struct Deadline(Option<Latch>);

impl Deadline {
    /// No deadline: Go's zero `time.Time`.
    pub fn none() -> Self {
        Self(None)
    }

    /// A deadline that has passed already.
    pub fn past() -> Self {
        let deadline = Self::to_come();
        deadline.pass_now();
        deadline
    }

    /// A deadline that passes when [`pass_now`](Self::pass_now) is called on it or on a clone.
    pub fn to_come() -> Self {
        Self(Some(Latch::default()))
    }

    /// Lets the deadline pass. Nothing happens to one that has passed, or to [`none`](Self::none).
    pub fn pass_now(&self) {
        if let Some(latch) = &self.0 {
            latch.set();
        }
    }

    /// Whether it has passed.
    pub fn has_passed(&self) -> bool {
        self.0.as_ref().is_some_and(Latch::is_set)
    }

    pub(super) fn poll_passed(&self, cx: &mut Context<'_>) -> Poll<()> {
        match &self.0 {
            Some(latch) => latch.poll_set(cx),
            None => Poll::Pending,
        }
    }
}

/// `none`, `past` or `to come`: what a note says of the deadline that was set.
impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self(None) => "none",
            passed if passed.has_passed() => "past",
            _ => "to come",
        })
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deadline({self})")
    }
}

/// `http.Server.WriteTimeout`: a write deadline that the server sets anew for every request, once its header section is read.
///
/// On HTTP/1.x nothing watches it. When it has passed, the next write to the socket fails.
#[derive(Clone, Default)]
pub struct WriteTimeout(Arc<Mutex<Option<Deadline>>>);

impl WriteTimeout {
    /// A time-out that passes when [`pass_now`](Self::pass_now) is called.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the deadline of the request that was read last pass.
    ///
    /// # Panics
    /// If no request has been read yet: there is no deadline that could pass.
    pub fn pass_now(&self) {
        let armed = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        armed.expect("no request was read, so no write deadline is set").pass_now();
    }

    pub(super) fn arm(&self) -> Deadline {
        let deadline = Deadline::to_come();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(deadline.clone());
        deadline
    }
}
