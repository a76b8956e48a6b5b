//! One observer's own record, in the order in which it saw things, and how far a case has claimed it.
//!
//! A step does not own what happened while it lasted: that would be a race between observers. It owns what the case
//! *awaited* in it, up to and including the awaited fact; what nobody has awaited yet belongs to the step that awaits
//! it later, or to the last one. So the border of a step lies at a fact in each lane, never at a moment.

mod cursor;
mod run;

use bytes::Bytes;

pub use cursor::Cursor;
use run::Run;

use super::{Lane, What};

/// So many octets at once are shared with whoever brings them, and not copied.
const SHARED_FROM: usize = 16 * 1024;

/// An entry of a tape.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    /// Octets; those that lie behind one another may be several entries.
    Octets(Lane, Run),
    /// A fact of another kind.
    Fact(Lane, What),
    /// A place that the transcript does not show: a handler waits for this cue.
    Mark(String),
}

impl Entry {
    fn is_end(&self) -> bool {
        matches!(self, Self::Fact(_, What::Fin | What::Rst))
    }
}

/// A border in a tape: everything before it is claimed. The second number counts octets inside an entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub(super) entry: usize,
    pub(super) octet: usize,
}

/// So many octets of its connections one observer records at most: 64 MiB. A peer that never ends would take all memory
/// otherwise.
pub const MOST_RECORDED: usize = 64 * 1024 * 1024;

/// What one observer saw.
#[derive(Debug)]
pub struct Tape {
    /// How many octets it still takes.
    room: usize,
    /// Whether there were more.
    spilled: bool,
    /// The octets of what the case itself brought about, which waits for no claim.
    stimuli: Vec<(Lane, Vec<u8>)>,
    entries: Vec<Entry>,
    claimed: Place,
    edition: u64,
}

impl Default for Tape {
    fn default() -> Self {
        Self::with_room(MOST_RECORDED)
    }
}

impl Tape {
    /// A tape for so many octets.
    #[must_use]
    pub fn with_room(octets: usize) -> Self {
        Self {
            room: octets,
            spilled: false,
            stimuli: Vec::new(),
            entries: Vec::new(),
            claimed: Place::default(),
            edition: 0,
        }
    }

    /// Whether there were more octets than it has room for: those are gone, and no case can be judged by the rest.
    #[must_use]
    pub fn has_spilled(&self) -> bool {
        self.spilled
    }

    /// Appends a fact; of octets, see [`Tape::record_octets`].
    pub fn record(&mut self, lane: Lane, what: What) {
        match what {
            What::Octets(octets) => self.record_octets(lane, &octets),
            what => self.entries.push(Entry::Fact(lane, what)),
        }
    }

    /// Appends octets, which join the run before them when it is of the same lane and not wholly claimed. Those for which
    /// there is no room are left out: see [`Tape::has_spilled`].
    pub fn record_octets(&mut self, lane: Lane, octets: &[u8]) {
        let octets = &octets[..self.take_room(octets.len())];
        if octets.is_empty() {
            return;
        }
        let open = self.entries.len() > self.claimed.entry;
        match self.entries.last_mut() {
            Some(Entry::Octets(last, Run::Own(run))) if open && *last == lane => run.extend_from_slice(octets),
            _ => self.entries.push(Entry::Octets(lane, Run::Own(octets.to_vec()))),
        }
    }

    /// The same, and if they are many, they are not copied: whoever brings them and the tape hold them together.
    pub fn share_octets(&mut self, lane: Lane, octets: &Bytes) {
        if octets.len() < SHARED_FROM {
            return self.record_octets(lane, octets);
        }
        let count = self.take_room(octets.len());
        if count > 0 {
            self.entries.push(Entry::Octets(lane, Run::Shared(octets.slice(..count))));
        }
    }

    /// How many of so many octets there is room for; it is taken.
    fn take_room(&mut self, octets: usize) -> usize {
        self.spilled |= octets > self.room;
        let count = octets.min(self.room);
        self.room -= count;
        count
    }

    /// Remembers octets that wait for no claim.
    pub(super) fn stimulus(&mut self, lane: Lane, octets: &[u8]) {
        match self.stimuli.last_mut() {
            Some((last, run)) if *last == lane => run.extend_from_slice(octets),
            _ => self.stimuli.push((lane, octets.to_vec())),
        }
    }

    /// Appends a place that is waited for and not shown.
    pub fn mark(&mut self, name: &str) {
        self.entries.push(Entry::Mark(name.to_owned()));
    }

    /// The end of the tape as it is now.
    #[must_use]
    pub fn end(&self) -> Place {
        Place { entry: self.entries.len(), octet: 0 }
    }

    /// How often something of it was claimed or taken away: who follows it begins again when this has changed.
    #[must_use]
    pub fn edition(&self) -> u64 {
        self.edition
    }

    /// How far it is claimed.
    #[must_use]
    pub fn claimed(&self) -> Place {
        self.claimed
    }

    /// How many octets of a lane are claimed; a stimulus always is.
    #[must_use]
    pub fn claimed_octets(&self, lane: Lane) -> usize {
        self.octets_before(lane, self.claimed)
    }

    /// How many octets a lane has, claimed or not.
    #[must_use]
    pub fn octets_in_all(&self, lane: Lane) -> usize {
        self.octets_before(lane, self.end())
    }

    fn octets_before(&self, lane: Lane, place: Place) -> usize {
        let stimuli = self.stimuli.iter().filter(|(its, _)| *its == lane).map(|(_, run)| run.len());
        let entries = self.entries.iter().enumerate().take(place.entry + 1).map(|(at, entry)| match entry {
            Entry::Octets(its, run) if *its == lane => {
                if at < place.entry {
                    run.len()
                } else {
                    place.octet
                }
            }
            _ => 0,
        });
        stimuli.chain(entries).sum()
    }

    /// The border just behind octet number `count` of a lane.
    #[must_use]
    pub fn behind_octet(&self, lane: Lane, count: usize) -> Option<Place> {
        let mut seen = 0;
        for (at, entry) in self.entries.iter().enumerate() {
            let Entry::Octets(its, run) = entry else { continue };
            if *its != lane {
                continue;
            }
            if seen + run.len() >= count {
                let octet = count - seen;
                let whole = octet == run.len();
                return Some(if whole { Place { entry: at + 1, octet: 0 } } else { Place { entry: at, octet } });
            }
            seen += run.len();
        }
        None
    }

    /// The border just behind the first fact from `seen` on that `wanted` accepts; without one, `seen` is moved to the end.
    /// Octets are not asked about.
    pub fn behind_fact(&self, seen: &mut Place, mut wanted: impl FnMut(Lane, &What) -> bool) -> Option<Place> {
        self.behind(seen, |entry| matches!(entry, Entry::Fact(lane, what) if wanted(*lane, what)))
    }

    /// The border behind the unclaimed notes that come next.
    #[must_use]
    pub fn behind_notes(&self) -> Place {
        if self.claimed.octet > 0 {
            return self.claimed;
        }
        let is_note = |entry: &&Entry| matches!(entry, Entry::Fact(_, What::Note(_)));
        let notes = self.entries.iter().skip(self.claimed.entry).take_while(is_note).count();
        Place { entry: self.claimed.entry + notes, octet: 0 }
    }

    /// The border just behind the first mark of this name from `seen` on, likewise.
    pub fn behind_mark(&self, seen: &mut Place, name: &str) -> Option<Place> {
        self.behind(seen, |entry| matches!(entry, Entry::Mark(mark) if mark == name))
    }

    fn behind(&self, seen: &mut Place, wanted: impl FnMut(&Entry) -> bool) -> Option<Place> {
        let found = self.entries.iter().skip(seen.entry).position(wanted);
        let Some(found) = found else {
            *seen = self.end();
            return None;
        };
        *seen = Place { entry: seen.entry + found, octet: 0 };
        Some(Place { entry: seen.entry + 1, octet: 0 })
    }

    /// Whether a lane has seen this fact, claimed or not. Octets are not asked about.
    pub fn has(&self, mut wanted: impl FnMut(Lane, &What) -> bool) -> bool {
        self.entries.iter().any(|entry| matches!(entry, Entry::Fact(lane, what) if wanted(*lane, what)))
    }

    /// Whether its observer has come to wait for this, claimed or not.
    #[must_use]
    pub fn has_mark(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| matches!(entry, Entry::Mark(mark) if mark == name))
    }

    /// The mark that the tape ends with, if it ends with one: what its observer waits for.
    #[must_use]
    pub fn waits_for(&self) -> Option<&str> {
        match self.entries.last() {
            Some(Entry::Mark(name)) => Some(name),
            _ => None,
        }
    }

    /// Whether every fact is claimed. Notes do not count: they say what a library makes of what arrived.
    #[must_use]
    pub fn nothing_unclaimed(&self) -> bool {
        self.entries.iter().enumerate().skip(self.claimed.entry).all(|(at, entry)| match entry {
            Entry::Octets(_, run) => at == self.claimed.entry && run.len() == self.claimed.octet,
            Entry::Fact(_, What::Note(_)) | Entry::Mark(_) => true,
            Entry::Fact(..) => false,
        })
    }

    /// Takes the facts up to a border and claims them. A border behind the present one takes nothing.
    pub(super) fn claim(&mut self, border: Place) -> Vec<(Lane, What)> {
        let mut taken = Vec::new();
        self.edition += u64::from(self.claimed < border);
        while self.claimed < border && self.claimed.entry < self.entries.len() {
            let from = self.claimed.octet;
            let whole = self.claimed.entry < border.entry;
            match &self.entries[self.claimed.entry] {
                Entry::Octets(lane, run) => {
                    let upto = if whole { run.len() } else { border.octet };
                    if upto > from {
                        taken.push((*lane, What::Octets(run[from..upto].to_vec())));
                    }
                }
                Entry::Fact(lane, what) => taken.push((*lane, what.clone())),
                Entry::Mark(_) => {}
            }
            if whole {
                self.claimed = Place { entry: self.claimed.entry + 1, octet: 0 };
            } else {
                self.claimed = border;
            }
        }
        taken
    }

    /// Whether a connection has ended, and nobody has awaited it.
    #[must_use]
    pub fn has_unclaimed_end(&self) -> bool {
        self.entries.iter().skip(self.claimed.entry).any(Entry::is_end)
    }

    /// Forgets the ends of a connection that nobody has awaited.
    pub fn forget_unclaimed_ends(&mut self) {
        self.edition += 1;
        let mut at = 0;
        let claimed = self.claimed.entry;
        self.entries.retain(|entry| {
            at += 1;
            at <= claimed || !entry.is_end()
        });
    }

    /// Forgets what was received on a lane and not claimed: the case has left, and how much had come by then is the
    /// kernel's mood.
    pub fn forget_unclaimed(&mut self, lane: Lane) {
        self.edition += 1;
        let claimed = self.claimed;
        let mut at = 0;
        self.entries.retain_mut(|entry| {
            let this = at;
            at += 1;
            let (Entry::Octets(its, _) | Entry::Fact(its, _)) = entry else { return true };
            if *its != lane || this < claimed.entry {
                return true;
            }
            match entry {
                Entry::Octets(_, run) if this == claimed.entry && claimed.octet > 0 => {
                    run.truncate(claimed.octet);
                    true
                }
                _ => false,
            }
        });
        if claimed.octet > 0 {
            self.claimed = Place { entry: claimed.entry + 1, octet: 0 };
        }
    }
}
