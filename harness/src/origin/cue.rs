//! How a case tells a handler to go on: the handler waits, the case lets it go, and both know where it stood.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::observer::Observer;

/// A handler's side of the cues, and the case's. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cue {
    observer: Observer,
    board: Arc<Board>,
}

#[derive(Debug, Default)]
struct Board {
    given: Mutex<BTreeMap<String, usize>>,
    /// Whether every wait passes.
    open: AtomicBool,
    changed: Notify,
}

impl Cue {
    pub(crate) fn new(observer: Observer) -> Self {
        Self { observer, board: Arc::default() }
    }

    /// Waits until the case gives this cue. Each cue given lets one wait pass.
    pub async fn wait(&self, name: &str) {
        self.observer.mark(name);
        self.given(name).await;
    }

    /// The same without a mark: for a task beside the handler.
    pub async fn given(&self, name: &str) {
        loop {
            let changed = self.board.changed.notified();
            if self.board.open.load(Ordering::Relaxed) {
                return;
            }
            {
                let mut given = self.board.given.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(left) = given.get_mut(name).filter(|left| **left > 0) {
                    *left -= 1;
                    return;
                }
            }
            changed.await;
        }
    }

    /// Notes what the handler found out by itself, where no call of its has answered it.
    pub fn note(&self, text: impl AsRef<str>) {
        self.observer.note(text.as_ref());
    }

    /// Lets every wait pass from here on.
    pub(crate) fn open(&self) {
        self.board.open.store(true, Ordering::Relaxed);
        self.board.changed.notify_waiters();
    }

    /// Gives the cue.
    pub fn give(&self, name: &str) {
        let mut given = self.board.given.lock().unwrap_or_else(PoisonError::into_inner);
        *given.entry(name.to_owned()).or_default() += 1;
        drop(given);
        self.board.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::{Meant, Recorder, chain};
    use tokio_test::{assert_pending, assert_ready, task};

    fn cue() -> Cue {
        let recorder = Recorder::new(chain("raw", &[], "scripted"), Meant::default());
        Cue::new(Observer::all(recorder).pop().expect("a chain has an origin"))
    }

    #[test]
    fn each_cue_given_lets_one_wait_of_its_name_pass() {
        let cue = cue();
        let mut first = task::spawn(cue.wait("go"));
        assert_pending!(first.poll());
        cue.give("other");
        assert_pending!(first.poll());
        cue.give("go");
        assert!(first.is_woken());
        assert_ready!(first.poll());
        assert_pending!(task::spawn(cue.wait("go")).poll());
    }

    #[test]
    fn a_cue_may_be_given_before_anybody_waits_for_it() {
        let cue = cue();
        cue.give("go");
        assert_ready!(task::spawn(cue.wait("go")).poll());
    }
}
