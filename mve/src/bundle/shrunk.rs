//! A bundle made smaller: how its candidates are played, and what it is called then.

use harness::processor;
use harness::transcript::Transcript;
use serde::{Deserialize, Serialize};

use super::gateway::stage;
use super::shrink::{Candidate, Halt, Size, Smallest, change, shrink};
use super::sign::Sign;
use super::trial::look_through;
use super::{Bundle, Measure, difference, paused, play, versions};
use crate::machine::Machine;
use crate::own::conf::ranges;
use crate::player::{Fault, show_unless};

/// What a shrunk bundle was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shrunk {
    /// Its size before.
    pub from: Size,
    /// And now.
    pub to: Size,
    /// What both show: by this a smaller one was taken for the same.
    pub shows: String,
    /// Whether nothing more could be left out; if not, the tries were used up, or it was stopped.
    pub is_smallest: bool,
}

impl Shrunk {
    /// `octets 412 -> 38, steps 9 -> 3, directives 14 -> 6`.
    #[must_use]
    pub fn change(&self) -> String {
        change(&self.from, &self.to)
    }
}

/// What came of shrinking a bundle.
#[derive(Debug)]
pub struct Small {
    /// The smaller one.
    pub bundle: Bundle,
    /// What was left out.
    pub shrunk: Shrunk,
    /// How often something was played: each candidate, and once more by its record if it shows the same.
    pub replays: usize,
    /// Why there may be a smaller one.
    pub halt: Option<Halt>,
}

/// Why a bundle is not shrunk, in a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotShrunk {
    /// It could not be played here.
    #[error("{0}")]
    CannotRun(String),
    /// Its two files contradict each other.
    #[error("bundle.json says {said}, and transcript.txt shows {shown}")]
    Contradiction {
        /// The word in the one.
        said: String,
        /// That of the other.
        shown: String,
    },
    /// Played again, it does not show what it says.
    #[error("it does not show {0} here any more; `lastchunk replay` tells what it shows")]
    AnotherOutcome(String),
    /// What it shows depends on more than steps.
    #[error("played step by step, with everything at rest in between, it shows {is}; recorded was {was}")]
    NotByItsSteps {
        /// What was recorded.
        was: String,
        /// What it shows.
        is: String,
    },
    /// Somebody wanted it stopped before there was anything to show.
    #[error("stopped before it was played once")]
    Stopped,
}

impl Bundle {
    /// The smallest bundle that shows the same, found by `tries` candidates at most; `stopped` ends when it has to stop, and
    /// the smallest so far is given. `told` hears of each candidate: the size so far, and how many were played.
    ///
    /// # Errors
    /// [`NotShrunk`].
    pub fn shrunk<S: Future<Output = ()>>(
        &self,
        machine: &Machine,
        tries: usize,
        stopped: impl Fn() -> S,
        mut told: impl FnMut(&Size),
    ) -> Result<Small, NotShrunk> {
        let sign = Sign::of(&self.transcript);
        // A probe knows more of a stream than its transcript does: that it lacks its end mark, for one.
        if self.about.told.is_none() && self.about.outcome != sign.outcome().name() {
            let (said, shown) = (self.about.outcome.clone(), sign.outcome().name().to_owned());
            return Err(NotShrunk::Contradiction { said, shown });
        }
        let mut replays = 0;
        let given = Candidate { transcript: self.transcript.clone(), conf: self.conf.clone() };
        let from = Size::of(&given);
        replays += 1;
        match replayed(machine, &given, stopped()) {
            Ok(Some(_)) => {}
            Ok(None) => return Err(NotShrunk::AnotherOutcome(self.about.outcome.clone())),
            Err(Fault::Stopped) => return Err(NotShrunk::Stopped),
            Err(fault) => return Err(NotShrunk::CannotRun(fault.to_string())),
        }
        replays += 1;
        let first = match looked(machine, &given, stopped()) {
            Ok(transcript) => Candidate { transcript, ..given },
            Err(Fault::Stopped) => return Err(NotShrunk::Stopped),
            Err(fault) => return Err(NotShrunk::CannotRun(fault.to_string())),
        };
        let shown = Sign::of(&first.transcript);
        if shown != sign {
            return Err(NotShrunk::NotByItsSteps { was: sign.to_string(), is: shown.to_string() });
        }
        replays += 1;
        if !matches!(replayed(machine, &first, stopped()), Ok(Some(_))) {
            return Err(NotShrunk::AnotherOutcome(self.about.outcome.clone()));
        }
        let mut size = Size::of(&first);
        let played = |candidate: &Candidate| {
            told(&size);
            replays += 1;
            let transcript = match looked(machine, candidate, stopped()) {
                Ok(transcript) => transcript,
                Err(Fault::Stopped) => return Err(Halt::Stopped),
                // Refused, or something went wrong on the way: it does not show the same.
                Err(_) => return Ok(None),
            };
            let smaller = Candidate { transcript, conf: candidate.conf.clone() };
            if Sign::of(&smaller.transcript) != sign || !Size::of(&smaller).is_below(&size) {
                return Ok(None);
            }
            replays += 1;
            match replayed(machine, &smaller, stopped()) {
                Ok(Some(())) => {
                    size = Size::of(&smaller);
                    Ok(Some(smaller.transcript))
                }
                Err(Fault::Stopped) => Err(Halt::Stopped),
                Ok(None) | Err(_) => Ok(None),
            }
        };
        let Smallest { candidate, halt, .. } = shrink(first, &sign, tries, played);
        let shrunk = Shrunk { from, to: Size::of(&candidate), shows: sign.to_string(), is_smallest: halt.is_none() };
        let bundle = self.as_small(machine, candidate, &shrunk);
        Ok(Small { bundle, shrunk, replays, halt })
    }

    fn as_small(&self, machine: &Machine, candidate: Candidate, shrunk: &Shrunk) -> Self {
        let Candidate { transcript, conf } = candidate;
        let mut about = self.about.clone();
        about.meant = Measure::of(&transcript.meant);
        about.pauses = paused(&transcript);
        if about.told.is_none() {
            about.origin = "scripted".to_owned();
            about.versions = versions(machine, conf.is_some(), None);
        }
        // One that could not be made smaller keeps what it says of itself, and so is the same in every file.
        let before = about.shrunk.take().map_or(shrunk.from, |before| before.from);
        about.shrunk = Some(Shrunk { from: before, ..shrunk.clone() });
        Self { about, transcript, conf }
    }
}

/// What a candidate shows when everything is at rest between its steps.
fn looked(machine: &Machine, candidate: &Candidate, stopped: impl Future<Output = ()>) -> Result<Transcript, Fault> {
    let Candidate { transcript, conf } = candidate;
    let stage = stage(machine, conf.as_deref())?;
    let clocks = conf.as_deref().is_some_and(has_clock);
    let _overtaking_nothing = processor::stay();
    Ok(show_unless(stage, |stage| Box::pin(look_through(stage, transcript, clocks)), stopped)?.transcript)
}

/// Plays a candidate by its record, as `lastchunk replay` does: something if it is the same.
fn replayed(machine: &Machine, candidate: &Candidate, stopped: impl Future<Output = ()>) -> Result<Option<()>, Fault> {
    let Candidate { transcript, conf } = candidate;
    let stage = stage(machine, conf.as_deref())?;
    match show_unless(stage, |stage| Box::pin(play(stage, transcript)), stopped) {
        Ok(again) => Ok(difference(transcript, &again.transcript).is_none().then_some(())),
        Err(Fault::InVain(_) | Fault::Failed(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Whether a directive of the conf sets a clock: what ends then may end by it.
fn has_clock(conf: &str) -> bool {
    let name = |range: &std::ops::Range<usize>| {
        let directive = &conf[range.clone()];
        directive.find([' ', '\t', '\n', ';', '{']).map_or(directive, |end| &directive[..end]).ends_with("_timeout")
    };
    ranges(conf).unwrap_or_default().iter().any(name)
}
