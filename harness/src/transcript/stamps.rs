//! When the facts of a tape came: beside the transcript, which knows no time, for who has to tell of durations.

use std::time::Duration;

use super::{Lane, What};

/// What time it is, counted from wherever the one who gives it counts. The harness has no clock of its own.
pub type Clock = fn() -> Duration;

/// When a run of octets, or another fact, was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Where it crossed.
    pub lane: Lane,
    /// How many octets it was; 0 for a fact of another kind.
    pub octets: usize,
    /// When.
    pub at: Duration,
}

/// The stamps of one tape, in its order; none without a clock.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    pub(super) clock: Option<Clock>,
    pub(super) stamps: Vec<Stamp>,
}

impl Stamps {
    pub(super) fn stamp(&mut self, lane: Lane, octets: usize) {
        if let Some(clock) = self.clock {
            self.stamps.push(Stamp { lane, octets, at: clock() });
        }
    }

    pub(super) fn stamp_fact(&mut self, lane: Lane, what: &What) {
        self.stamp(lane, if let What::Octets(octets) = what { octets.len() } else { 0 });
    }
}
