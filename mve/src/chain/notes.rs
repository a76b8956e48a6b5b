//! What the origin tells of a request: what reached it, what it wrote, what it saw.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// How many numbers are remembered; the oldest are forgotten.
const MOST: usize = 4096;
/// How many requests of one number are remembered.
const MOST_ASKED: usize = 64;

/// What the origin tells of one number of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// The requests, each on a connection or behind another request: more than one if something between asked again.
    pub asked: Vec<Asked>,
}

/// What the origin tells of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The header section, as octets escaped.
    pub head: String,
    /// How many writes of content the kernel took.
    pub writes: usize,
    /// How many octets of content they were.
    pub octets: usize,
    /// How the peer has left: `fin` or `rst`; none while it has not, or the script is over before.
    pub departed: Option<String>,
    /// Whether the script has come to its end, or the peer's departure has ended it.
    pub over: bool,
}

/// A run and a number in it.
pub(super) type Key = (String, u64);

#[derive(Debug, Default)]
struct Entry {
    notes: Notes,
    cues: usize,
}

#[derive(Debug, Default)]
struct Board {
    entries: BTreeMap<Key, Entry>,
    order: VecDeque<Key>,
}

/// Everything that the origin remembers. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    board: Arc<Mutex<Board>>,
    changed: Arc<Notify>,
}

impl Memory {
    fn change<T>(&self, key: &Key, change: impl FnOnce(&mut Entry) -> T) -> T {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        if !board.entries.contains_key(key) {
            board.order.push_back(key.clone());
            if board.order.len() > MOST
                && let Some(oldest) = board.order.pop_front()
            {
                board.entries.remove(&oldest);
            }
        }
        let changed = change(board.entries.entry(key.clone()).or_default());
        drop(board);
        self.changed.notify_waiters();
        changed
    }

    /// A request has come; its place among those of its number.
    pub(super) fn asked(&self, key: &Key, head: String) -> usize {
        self.change(key, |entry| {
            if entry.notes.asked.len() < MOST_ASKED {
                entry.notes.asked.push(Asked { head, ..Asked::default() });
            }
            entry.notes.asked.len() - 1
        })
    }

    pub(super) fn note(&self, key: &Key, at: usize, note: impl FnOnce(&mut Asked)) {
        self.change(key, |entry| {
            if let Some(asked) = entry.notes.asked.get_mut(at) {
                note(asked);
            }
        });
    }

    /// Lets scripts of this number pass so many waits in all.
    pub(super) fn cue(&self, key: &Key, upto: usize) {
        self.change(key, |entry| entry.cues = entry.cues.max(upto));
    }

    /// Returns once so many waits may pass.
    pub(super) async fn cued(&self, key: &Key, upto: usize) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.change_quietly(key) >= upto {
                return;
            }
            changed.await;
        }
    }

    fn change_quietly(&self, key: &Key) -> usize {
        let board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        board.entries.get(key).map_or(0, |entry| entry.cues)
    }

    pub(super) fn notes(&self, key: &Key) -> Notes {
        let board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        board.entries.get(key).map(|entry| entry.notes.clone()).unwrap_or_default()
    }
}
