//! The gaps between events, as figures and no finding.

use std::time::Duration;

use super::super::observation::Observation;

/// The gaps between events, in classes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Histogram {
    /// How many gaps are in each class of [`Histogram::CLASSES_MS`]; the last one has those beyond.
    pub counts: [usize; 8],
}

impl Histogram {
    /// The upper bounds of the classes, in milliseconds.
    pub const CLASSES_MS: [u64; 7] = [1, 10, 100, 1_000, 10_000, 60_000, 300_000];
    /// What the classes are called.
    pub const NAMES: [&str; 8] = ["< 1 ms", "< 10 ms", "< 100 ms", "< 1 s", "< 10 s", "< 60 s", "< 300 s", ">= 300 s"];

    /// Of the gaps between events.
    #[must_use]
    pub fn of(seen: &Observation) -> Self {
        let mut counts = [0; 8];
        let events = seen.content.events.as_ref().map_or(&[][..], |events| &events.timed);
        for pair in events.windows(2) {
            let gap = pair[1].at.saturating_sub(pair[0].at);
            counts[Self::CLASSES_MS.partition_point(|bound| gap >= Duration::from_millis(*bound))] += 1;
        }
        Self { counts }
    }

    /// How many gaps there are.
    #[must_use]
    pub fn gaps(&self) -> usize {
        self.counts.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::synthetic::Script;
    use super::*;

    #[test]
    fn gaps_fall_into_their_classes() {
        let mut script = Script::default();
        for at in [0, 0, 1, 11, 111, 1_111, 11_111, 71_111, 371_111] {
            script = script.content(at, b"data: x\n\n");
        }
        assert_eq!(Histogram::of(&script.complete().seen()).counts, [1; 8]);
    }
}
