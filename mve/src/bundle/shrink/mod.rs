//! The smallest bundle that shows the same: octets, steps, directives and whatever else may go is left out, each time by
//! playing what is left.
//!
//! The way is that of delta debugging (Zeller and Hildebrandt, 2002): of the units of a kind, all are left out, then halves,
//! quarters and so on down to each alone; kind after kind, until a whole round finds nothing more to leave out.

mod candidates;
mod edit;
mod message;
mod size;

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use harness::transcript::{Transcript, What};

use super::sign::Sign;
use candidates::{KINDS, Kind};
pub use size::{Size, change};

/// What is made smaller: a transcript, of which what the reader and the origin do is played, and the gateway's conf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What is done, and what was meant by it.
    pub transcript: Transcript,
    /// The gateway's conf.
    pub conf: Option<String>,
}

/// Why no further candidate is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// As many were played as were allowed.
    Tries,
    /// Somebody wants it stopped.
    Stopped,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smallest {
    /// The smallest that shows the same.
    pub candidate: Candidate,
    /// Why it may not be the smallest there is: none when nothing more can be left out.
    pub halt: Option<Halt>,
}

/// Makes `first`, which shows `sign`, smaller. `play` plays a candidate and gives what happened, if it came to an end that can
/// be told again; it is asked `tries` times at most.
pub fn shrink(
    first: Candidate,
    sign: &Sign,
    tries: usize,
    play: impl FnMut(&Candidate) -> Result<Option<Transcript>, Halt>,
) -> Smallest {
    let mut shrinking = Shrinking { smallest: first, sign, left: tries, known: BTreeSet::new(), play };
    let halt = shrinking.rounds().err();
    Smallest { candidate: shrinking.smallest, halt }
}

struct Shrinking<'a, P> {
    smallest: Candidate,
    sign: &'a Sign,
    left: usize,
    /// What was played already.
    known: BTreeSet<u64>,
    play: P,
}

impl<P> Shrinking<'_, P>
where
    P: FnMut(&Candidate) -> Result<Option<Transcript>, Halt>,
{
    fn rounds(&mut self) -> Result<(), Halt> {
        loop {
            let mut is_smaller = false;
            for kind in KINDS {
                is_smaller |= self.kind(kind)?;
            }
            if !is_smaller {
                return Ok(());
            }
        }
    }

    /// Leaves out units of a kind, the largest number first.
    fn kind(&mut self, kind: &Kind) -> Result<bool, Halt> {
        let mut is_smaller = false;
        let mut size = (kind.units)(&self.smallest);
        while size > 0 {
            let mut at = 0;
            loop {
                let units = (kind.units)(&self.smallest);
                if at >= units {
                    break;
                }
                let candidate = (kind.without)(&self.smallest, at..(at + size).min(units));
                if self.takes(candidate)? {
                    is_smaller = true;
                } else {
                    at += size;
                }
            }
            size /= 2;
        }
        Ok(is_smaller)
    }

    /// Whether the candidate shows the same and is smaller; it is the smallest then.
    fn takes(&mut self, candidate: Candidate) -> Result<bool, Halt> {
        if !Size::of(&candidate).is_below(&Size::of(&self.smallest)) || !self.known.insert(key(&candidate)) {
            return Ok(false);
        }
        if self.left == 0 {
            return Err(Halt::Tries);
        }
        self.left -= 1;
        let Some(transcript) = (self.play)(&candidate)? else { return Ok(false) };
        let played = Candidate { transcript, conf: candidate.conf };
        if Sign::of(&played.transcript) != *self.sign || !Size::of(&played).is_below(&Size::of(&self.smallest)) {
            return Ok(false);
        }
        self.smallest = played;
        Ok(true)
    }
}

/// By this a candidate is known again.
fn key(candidate: &Candidate) -> u64 {
    let Candidate { transcript, conf } = candidate;
    let mut hasher = DefaultHasher::new();
    conf.hash(&mut hasher);
    for event in &transcript.events {
        (event.step, event.lane).hash(&mut hasher);
        match &event.what {
            What::Octets(run) => (0, run).hash(&mut hasher),
            What::Note(note) => (1, note).hash(&mut hasher),
            What::Connect => 2.hash(&mut hasher),
            What::Fin => 3.hash(&mut hasher),
            What::Rst => 4.hash(&mut hasher),
            What::Silence => 5.hash(&mut hasher),
        }
    }
    transcript.pauses.iter().for_each(|pause| (pause.step, pause.sent).hash(&mut hasher));
    let meant = &transcript.meant;
    (meant.status, &meant.fields, &meant.trailers, &meant.content, &meant.terminal).hash(&mut hasher);
    hasher.finish()
}
