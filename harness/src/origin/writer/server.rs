//! The server's settings and its two ends.

use super::context::Context;
use super::deadline::WriteTimeout;
use super::latch::Latch;

/// Go's `http.Server`, for the connections that are [served](super::serve) with it. Clones are the same server.
#[derive(Clone, Default)]
pub struct Server {
    pub(super) base: Context,
    pub(super) timeout: Option<WriteTimeout>,
    pub(super) shutting_down: Latch,
    pub(super) closed: Latch,
}

impl Server {
    /// A server without deadlines.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a write deadline for every request (`http.Server.WriteTimeout`).
    #[must_use]
    pub fn write_timeout(mut self, timeout: &WriteTimeout) -> Self {
        self.timeout = Some(timeout.clone());
        self
    }

    /// Gives every request's context a parent (`http.Server.BaseContext`).
    #[must_use]
    pub fn base_context(mut self, base: Context) -> Self {
        self.base = base;
        self
    }

    /// Closes idle connections and lets the others finish their response (`http.Server.Shutdown`).
    ///
    /// A response whose header section is not decided yet says `Connection: close`. Nothing tells a handler: its context goes on. Whoever
    /// has to wait for the active connections waits for [`serve`](super::serve) to return. A connection that has not sent anything yet is left
    /// alone; Go closes it after five seconds.
    pub fn shut_down(&self) {
        self.shutting_down.set();
    }

    /// Closes every connection at once, hijacked ones apart (`http.Server.Close`).
    pub fn close(&self) {
        self.shutting_down.set();
        self.closed.set();
    }

    pub(super) fn keeps_alive(&self) -> bool {
        !self.shutting_down.is_set()
    }
}
