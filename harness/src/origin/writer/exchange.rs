//! One request and its response: what the handler's handles and the server share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::codec::Codec;
use super::conn::Conn;
use super::content::Content;
use super::header::Header;
use super::input::Input;
use super::latch::Latch;
use super::notes::Account;
use super::server::Server;

pub(super) struct Exchange {
    pub(super) conn: Conn,
    pub(super) server: Server,
    pub(super) account: Account,
    pub(super) codec: Arc<Mutex<Codec>>,
    pub(super) input: Arc<tokio::sync::Mutex<Input>>,
    pub(super) content: tokio::sync::Mutex<Content>,
    pub(super) fields: Mutex<Fields>,
    pub(super) expect: Expect,
    /// The handler reads and writes at once: its content is not drained before it is answered.
    pub(super) full_duplex: AtomicBool,
    pub(super) hijacked: Latch,
    /// The handler has returned.
    pub(super) done: Latch,
}

impl Exchange {
    pub(super) fn fields(&self) -> MutexGuard<'_, Fields> {
        self.fields.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn codec(&self) -> MutexGuard<'_, Codec> {
        self.codec.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The header map: the handler's, and the one that was frozen when the status was written.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) live: Header,
    pub(super) frozen: Option<Header>,
}

/// What becomes of a request's `Expect: 100-continue` (RFC 9110, 10.1.1).
pub(super) struct Expect {
    pub(super) expected: bool,
    /// The first read of the content will send a 100 (Continue).
    can_continue: AtomicBool,
    /// The content will not be asked for, so that it cannot be read.
    refused: AtomicBool,
}

impl Expect {
    pub(super) fn new(expected: bool) -> Self {
        Self { expected, can_continue: AtomicBool::new(expected), refused: AtomicBool::new(false) }
    }

    pub(super) fn can_continue(&self) -> bool {
        self.can_continue.load(Ordering::Relaxed)
    }

    pub(super) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// No 100 (Continue) will be sent any more; tells whether one was still possible.
    pub(super) fn settle(&self) -> bool {
        self.can_continue.swap(false, Ordering::Relaxed)
    }

    /// Answers instead of asking for the content; tells whether that closes the connection.
    pub(super) fn refuse(&self) -> bool {
        let refused = self.settle();
        self.refused.fetch_or(refused, Ordering::Relaxed);
        refused
    }
}
