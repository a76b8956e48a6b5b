//! A request's context: it ends, and touches nothing.

use std::future::poll_fn;
use std::task::Poll;

use super::latch::Latch;

/// Go's `context.Context`, as far as a handler reads it: the fact that nobody wants the result any more.
///
/// The context of a request ends when the reader departs (a FIN, a half-close too, or an RST), when a write to the socket fails, when
/// the server's base context ends, and when the handler has returned. It never touches the socket.
#[derive(Clone, Default)]
pub struct Context(Vec<Latch>);

/// Ends the context it was made with, and every context made from that one.
#[derive(Clone)]
pub struct Cancel(Latch);

impl Context {
    /// A context that never ends: Go's `context.Background()`.
    pub fn background() -> Self {
        Self::default()
    }

    /// A context that ends with this one, or when the other half of the pair is told to: Go's `context.WithCancel`.
    pub fn with_cancel(&self) -> (Self, Cancel) {
        let latch = Latch::default();
        let mut all = self.0.clone();
        all.push(latch.clone());
        (Self(all), Cancel(latch))
    }

    /// Whether it has ended (Go: `ctx.Err() != nil`).
    pub fn is_done(&self) -> bool {
        self.0.iter().any(Latch::is_set)
    }

    /// Waits for the end (Go: `<-ctx.Done()`).
    pub async fn done(&self) {
        poll_fn(|cx| {
            // every latch has to know the waker
            let ended = self.0.iter().filter(|latch| latch.poll_set(cx).is_ready()).count();
            if ended > 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl Cancel {
    /// Ends the context.
    pub fn cancel(&self) {
        self.0.set();
    }
}
