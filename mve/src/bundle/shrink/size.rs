//! How large a candidate is.

use std::fmt;

use harness::transcript::{Lane, Meant, Transcript, What};

use super::Candidate;
use crate::own::conf::ranges;

/// What is counted of a candidate. One is smaller when the sum of all is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Octets that the reader and the origin send.
    pub octets: usize,
    /// Steps.
    pub steps: usize,
    /// Directives of the conf, blocks included.
    pub directives: usize,
    /// Octets of what was meant: content, names and values of fields, and the word for the status.
    pub meant: usize,
    /// Ends of connections by the reader and the origin, silences to be looked for, and pauses.
    pub facts: usize,
}

impl Size {
    /// That of a candidate.
    #[must_use]
    pub fn of(candidate: &Candidate) -> Self {
        let Candidate { transcript, conf } = candidate;
        let lanes = [Lane::request(0), Lane::response(transcript.hops().saturating_sub(1))];
        let is_fact = |what: &&What| matches!(what, What::Fin | What::Rst);
        let ends = lanes.iter().map(|lane| transcript.lane(*lane).filter(is_fact).count()).sum::<usize>();
        let silences = transcript.lane(Lane::response(0)).filter(|what| **what == What::Silence).count();
        Self {
            octets: lanes.iter().map(|lane| sent(transcript, *lane)).sum(),
            steps: transcript.steps.len(),
            directives: conf.as_deref().and_then(ranges).map_or(0, |ranges| ranges.len()),
            meant: meant(&transcript.meant),
            facts: ends + silences + transcript.pauses.len(),
        }
    }

    /// Whether it is smaller than the other one, in sum.
    #[must_use]
    pub fn is_below(&self, other: &Self) -> bool {
        self.sum() < other.sum()
    }

    fn sum(&self) -> usize {
        let Self { octets, steps, directives, meant, facts } = self;
        octets + steps + directives + meant + facts
    }
}

fn sent(transcript: &Transcript, lane: Lane) -> usize {
    let octets = |what: &What| if let What::Octets(run) = what { run.len() } else { 0 };
    transcript.lane(lane).map(octets).sum()
}

fn meant(meant: &Meant) -> usize {
    let fields = meant.fields.iter().chain(&meant.trailers).map(|(name, value)| name.len() + value.len());
    let words = usize::from(meant.status.is_some()) + meant.terminal.as_ref().map_or(0, String::len);
    fields.sum::<usize>() + words + meant.content.as_ref().map_or(0, Vec::len)
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "octets {}, steps {}, directives {}", self.octets, self.steps, self.directives)
    }
}

/// From one size to another, as it is told.
#[must_use]
pub fn change(from: &Size, to: &Size) -> String {
    format!(
        "octets {} -> {}, steps {} -> {}, directives {} -> {}",
        from.octets, to.octets, from.steps, to.steps, from.directives, to.directives
    )
}
