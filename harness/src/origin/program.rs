//! What runs at an origin, and what it is given.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::net::TcpStream;
use tokio::sync::watch;

use super::Cue;
use crate::observer::Observer;
use crate::tap::Tap;

/// A server program: it is given each connection that is accepted.
pub trait Program: Send + Sync + 'static {
    /// What it is, for the chain.
    fn about(&self) -> String;

    /// Serves one connection to its end.
    fn serve(self: Arc<Self>, connection: Connection) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// A connection that an origin has accepted.
#[derive(Debug)]
pub struct Connection {
    /// The socket.
    pub tap: Tap,
    /// How the case tells the handler to go on.
    pub cue: Cue,
    pub(super) load: Load,
    pub(super) sources: Sources,
}

/// Sockets from which an origin's octets come before they reach its tap: a fence waits until they are empty. Cheap to
/// clone.
#[derive(Debug, Clone, Default)]
pub struct Sources(Arc<Mutex<Vec<Weak<TcpStream>>>>);

impl Sources {
    pub(super) fn add(&self, socket: &Arc<TcpStream>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(socket));
    }

    pub(super) fn sockets(&self) -> Vec<Arc<TcpStream>> {
        let sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sources.iter().filter_map(Weak::upgrade).collect()
    }
}

impl Connection {
    /// Where notes go.
    #[must_use]
    pub fn observer(&self) -> &Observer {
        self.tap.observer()
    }

    /// Says that a handler runs until the guard is dropped; a case does not end before.
    #[must_use]
    pub fn busy(&self) -> Busy {
        self.load.busy()
    }
}

/// What an origin is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) connections: usize,
    pub(super) handlers: usize,
    pub(super) held: usize,
    pub(super) stopping: bool,
}

/// Counts what an origin is doing. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Load(pub(super) Arc<watch::Sender<Count>>);

impl Load {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Count::default())))
    }

    /// Says that a handler runs until the guard is dropped.
    #[must_use]
    pub fn busy(&self) -> Busy {
        self.0.send_modify(|count| count.handlers += 1);
        Busy(self.clone())
    }

    /// Says that a connection is served until the guard is dropped.
    pub(super) fn connected(&self) -> Connected {
        self.0.send_modify(|count| count.connections += 1);
        Connected(self.clone())
    }

    /// Keeps a connection open, by intent, until the stage is taken down: the case does not wait for its end.
    pub async fn hold(&self) {
        self.0.send_modify(|count| count.held += 1);
        self.stopping().await;
        self.0.send_modify(|count| count.held -= 1);
    }

    /// Returns when the stage is taken down.
    pub async fn stopping(&self) {
        // The sender lives in `self`, so the wait cannot fail.
        let mut count = self.0.subscribe();
        let _stopping = count.wait_for(|count| count.stopping).await;
    }
}

/// A connection is served.
#[derive(Debug)]
pub(super) struct Connected(Load);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| count.connections -= 1);
    }
}

/// A handler runs.
#[derive(Debug)]
pub struct Busy(Load);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| count.handlers -= 1);
    }
}
