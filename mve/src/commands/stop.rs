//! How a run is stopped on the way: by a signal, or because nobody reads its output.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::thread;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::Exit;
use super::complaint::Complaint;

/// Why a run is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// Nobody reads the output any more.
    Unread,
}

impl Reason {
    /// 128 and the number of the signal that would have ended the program.
    pub const fn status(self) -> u8 {
        match self {
            Self::Interrupted => 130,
            Self::Terminated => 143,
            Self::Unread => 141,
        }
    }
}

/// Tells whoever plays a case that it has to stop. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<Option<Reason>>>);

impl Stop {
    /// Listens to SIGINT and SIGTERM from here on: the first one stops what is played, so that everything it opened can
    /// be taken down; the next one ends the program at once.
    pub fn on_signals() -> Result<Self, Complaint> {
        let stop = Self(Arc::new(watch::Sender::new(None)));
        let listening = stop.clone();
        listening.listen().map_err(|error| Complaint::new(format!("cannot listen to signals: {error}")))?;
        Ok(stop)
    }

    fn listen(self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let inside = runtime.enter();
        let mut interrupts = signal(SignalKind::interrupt())?;
        let mut terminations = signal(SignalKind::terminate())?;
        drop(inside);
        let listening = thread::Builder::new().name("signals".into());
        listening.spawn(move || {
            runtime.block_on(async {
                loop {
                    let reason = tokio::select! {
                        _ = interrupts.recv() => Reason::Interrupted,
                        _ = terminations.recv() => Reason::Terminated,
                    };
                    if self.reason().is_some() {
                        std::process::exit(reason.status().into());
                    }
                    self.because(reason);
                }
            });
        })?;
        Ok(())
    }

    /// Stops what is played; the first reason stands.
    pub fn because(&self, reason: Reason) {
        self.0.send_if_modified(|known| known.is_none() && known.replace(reason).is_none());
    }

    /// Why it is stopped, if it is.
    pub fn reason(&self) -> Option<Reason> {
        *self.0.borrow()
    }

    /// How a command ends that came to this: once a signal has stopped it, nothing else counts.
    pub fn or(&self, done: Result<Exit, Complaint>) -> Result<Exit, Complaint> {
        match self.reason() {
            Some(reason @ (Reason::Interrupted | Reason::Terminated)) => Ok(Exit::Stopped(reason)),
            Some(Reason::Unread) => done.map(|_| Exit::Stopped(Reason::Unread)),
            None => done,
        }
    }

    /// Returns when it is stopped.
    pub async fn wait(&self) {
        // The sender lives in `self`, so the wait cannot fail.
        let mut reason = self.0.subscribe();
        let _stopped = reason.wait_for(Option::is_some).await;
    }

    /// The same, for those who ask again and again.
    pub fn future(&self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(self.wait())
    }
}
