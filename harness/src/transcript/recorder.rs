//! Collects the tapes of all observers and turns them, claim by claim, into a transcript.

use bytes::Bytes;

use super::stamps::{Clock, Stamp, Stamps};
use super::{Event, Lane, MOST_RECORDED, Meant, Node, Pause, Place, Step, StepId, Tape, Transcript, What};

/// The tapes of one case and the transcript that grows out of them.
#[derive(Debug)]
pub struct Recorder {
    transcript: Transcript,
    tapes: Vec<Tape>,
    /// One a tape.
    stamps: Vec<Stamps>,
    room: usize,
    /// How often something was written on a tape.
    written: u64,
    sealed: bool,
}

impl Recorder {
    /// A recorder for this chain, with one tape a node.
    #[must_use]
    pub fn new(chain: Vec<Node>, meant: Meant) -> Self {
        let tapes = chain.iter().map(|_| Tape::default()).collect();
        let stamps = chain.iter().map(|_| Stamps::default()).collect();
        Self {
            transcript: Transcript { chain, meant, ..Transcript::default() },
            tapes,
            stamps,
            room: MOST_RECORDED,
            written: 0,
            sealed: false,
        }
    }

    /// The same with room for so many octets on each tape, in place of [`MOST_RECORDED`].
    #[must_use]
    pub fn with_room(mut self, octets: usize) -> Self {
        self.tapes = self.tapes.iter().map(|_| Tape::with_room(octets)).collect();
        self.room = octets;
        self
    }

    /// The same with a stamp for each fact: see [`Recorder::stamps`].
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.stamps.iter_mut().for_each(|stamps| stamps.clock = Some(clock));
        self
    }

    /// When each fact of a node's tape was recorded, in order, as far as it was asked for; octets that a tape had no room
    /// for are stamped too.
    ///
    /// # Panics
    /// When the chain has no such node.
    #[must_use]
    pub fn stamps(&self, node: usize) -> &[Stamp] {
        &self.stamps[node].stamps
    }

    /// What there is to say when an observer saw more octets than its tape has room for.
    #[must_use]
    pub fn spilled(&self) -> Option<String> {
        let node = self.tapes.iter().position(Tape::has_spilled)?;
        let name = &self.transcript.chain[node].name;
        Some(format!("{name} saw more than {} octets, which is as many as are recorded: the rest is lost", self.room))
    }

    /// How often something was written on a tape so far: whether anything has moved between two looks.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Begins the next step.
    pub fn step(&mut self, text: &str) {
        self.transcript.steps.push(Step { text: text.to_owned() });
    }

    /// The tape of a node.
    ///
    /// # Panics
    /// When the chain has no such node.
    #[must_use]
    pub fn tape(&self, node: usize) -> &Tape {
        &self.tapes[node]
    }

    /// Writes a fact on a node's tape; after [`Recorder::seal`] nothing is written any more.
    ///
    /// # Panics
    /// When the chain has no such node.
    pub fn record(&mut self, node: usize, lane: Lane, what: What) {
        if !self.sealed {
            self.written += 1;
            self.stamps[node].stamp_fact(lane, &what);
            self.tapes[node].record(lane, what);
        }
    }

    /// Writes octets likewise.
    ///
    /// # Panics
    /// When the chain has no such node.
    pub fn record_octets(&mut self, node: usize, lane: Lane, octets: &[u8]) {
        if !self.sealed {
            self.written += 1;
            self.stamps[node].stamp(lane, octets.len());
            self.tapes[node].record_octets(lane, octets);
        }
    }

    /// Writes octets likewise, which whoever brings them goes on to hold: see [`Tape::share_octets`].
    ///
    /// # Panics
    /// When the chain has no such node.
    pub fn share_octets(&mut self, node: usize, lane: Lane, octets: &Bytes) {
        if !self.sealed {
            self.written += 1;
            self.stamps[node].stamp(lane, octets.len());
            self.tapes[node].share_octets(lane, octets);
        }
    }

    /// Writes a fact that the case itself brings about: it belongs to the step that is under way and waits for no claim.
    ///
    /// # Panics
    /// When the chain has no such node.
    pub fn stimulus(&mut self, node: usize, lane: Lane, what: What) {
        match what {
            What::Octets(octets) => self.stimulus_octets(node, lane, &octets),
            what if !self.sealed => {
                self.stamps[node].stamp(lane, 0);
                self.append(lane, what);
            }
            _ => {}
        }
    }

    /// Writes octets likewise.
    ///
    /// # Panics
    /// When the chain has no such node.
    pub fn stimulus_octets(&mut self, node: usize, lane: Lane, octets: &[u8]) {
        if !self.sealed {
            self.stamps[node].stamp(lane, octets.len());
            self.tapes[node].stimulus(lane, octets);
            self.append_octets(lane, octets);
        }
    }

    /// Remembers that the origin pauses here, in the step that is under way.
    pub fn pause(&mut self, sent: usize) {
        let step = self.present_step();
        self.transcript.pauses.push(Pause { step, sent });
    }

    /// Marks a place on a node's tape that a case can wait for.
    ///
    /// # Panics
    /// When the chain has no such node.
    pub fn mark(&mut self, node: usize, name: &str) {
        if !self.sealed {
            self.written += 1;
            self.tapes[node].mark(name);
        }
    }

    /// Claims a node's tape up to a border, for the step that is under way.
    ///
    /// # Panics
    /// When the chain has no such node.
    pub fn claim(&mut self, node: usize, border: Place) {
        for (lane, what) in self.tapes[node].claim(border) {
            self.append(lane, what);
        }
    }

    fn append(&mut self, lane: Lane, what: What) {
        match what {
            What::Octets(octets) => self.append_octets(lane, &octets),
            what => self.transcript.events.push(Event { step: self.present_step(), lane, what }),
        }
    }

    fn append_octets(&mut self, lane: Lane, octets: &[u8]) {
        let step = self.present_step();
        let events = &mut self.transcript.events;
        // Adjacent octets of a lane are one run, whoever awaited which part of it.
        match events.iter_mut().rev().find(|event| event.lane == lane) {
            Some(Event { step: its, what: What::Octets(run), .. }) if *its == step => run.extend_from_slice(octets),
            _ => events.push(Event { step, lane, what: What::Octets(octets.to_vec()) }),
        }
    }

    fn present_step(&self) -> StepId {
        StepId(self.transcript.steps.len().saturating_sub(1))
    }

    /// Forgets what a lane of a node's tape holds unclaimed.
    ///
    /// # Panics
    /// When the chain has no such node.
    pub fn forget_unclaimed(&mut self, node: usize, lane: Lane) {
        self.tapes[node].forget_unclaimed(lane);
    }

    /// Forgets the ends of a node's connection that nobody has awaited.
    ///
    /// # Panics
    /// When the chain has no such node.
    pub fn forget_unclaimed_ends(&mut self, node: usize) {
        self.tapes[node].forget_unclaimed_ends();
    }

    /// Claims whatever is on the tapes for the last step. What happens from here on is the taking down of the stage
    /// and no part of the case.
    pub fn seal(&mut self) {
        self.sealed = true;
        for node in 0..self.tapes.len() {
            let end = self.tapes[node].end();
            self.claim(node, end);
        }
    }

    /// The transcript as far as it is claimed, in its own order: by step, then lane, then as it happened.
    #[must_use]
    pub fn transcript(&self) -> Transcript {
        let mut transcript = self.transcript.clone();
        transcript.events.sort_by_key(|event| (event.step, event.lane));
        transcript
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::transcript::chain;

    const IN: Lane = Lane::response(0);

    fn octets(text: &str) -> What {
        What::Octets(text.as_bytes().to_vec())
    }

    fn recorder() -> Recorder {
        Recorder::new(chain("raw", &[], "scripted"), Meant::default())
    }

    #[test]
    fn a_step_owns_what_was_awaited_in_it_however_the_reads_fell() {
        let mut texts = Vec::new();
        for reads in [vec!["one", "two"], vec!["on", "etwo"], vec!["onetwo"]] {
            let mut recorder = recorder();
            recorder.step("first");
            for read in reads {
                recorder.record(0, IN, octets(read));
            }
            let border = recorder.tape(0).behind_octet(IN, 3).expect("three octets are there");
            recorder.claim(0, border);
            recorder.step("second");
            recorder.record(0, IN, What::Fin);
            recorder.seal();
            texts.push(recorder.transcript().events);
        }
        assert_eq!(
            texts[0],
            [
                Event { step: StepId(0), lane: IN, what: octets("one") },
                Event { step: StepId(1), lane: IN, what: octets("two") },
                Event { step: StepId(1), lane: IN, what: What::Fin },
            ]
        );
        assert!(texts.iter().all(|text| *text == texts[0]));
    }

    #[test]
    fn octets_are_movement_whoever_holds_them() {
        let mut recorder = recorder();
        recorder.record(0, IN, octets("one"));
        recorder.record_octets(0, IN, b"two");
        recorder.share_octets(0, IN, &Bytes::from_static(b"three"));
        assert_eq!(recorder.written(), 3);
        recorder.seal();
        recorder.share_octets(0, IN, &Bytes::from_static(b"late"));
        assert_eq!(recorder.written(), 3);
    }

    #[test]
    fn what_a_reader_that_left_had_not_awaited_is_forgotten() {
        let mut recorder = recorder();
        recorder.step("only");
        recorder.record(0, IN, octets("kept and more"));
        let border = recorder.tape(0).behind_octet(IN, 4).expect("four octets are there");
        recorder.claim(0, border);
        recorder.forget_unclaimed(0, IN);
        recorder.record(0, Lane::request(0), What::Rst);
        recorder.seal();
        let events = recorder.transcript().events;
        assert_eq!(events.iter().map(|event| event.what.clone()).collect::<Vec<_>>(), [What::Rst, octets("kept")]);
    }

    #[test]
    fn octets_behind_a_claimed_run_are_not_lost() {
        let mut recorder = recorder();
        recorder.step("first");
        recorder.record(0, IN, octets("one"));
        let border = recorder.tape(0).behind_octet(IN, 3).expect("three octets are there");
        recorder.claim(0, border);
        recorder.record(0, IN, octets("two"));
        recorder.seal();
        assert_eq!(recorder.transcript().octets(IN), b"onetwo");
    }

    #[test]
    fn what_a_tape_has_no_room_for_is_left_out_and_said() {
        let mut recorder = recorder().with_room(5);
        recorder.step("only");
        recorder.record(0, IN, octets("three"));
        assert_eq!(recorder.spilled(), None);
        recorder.record(0, IN, octets("and more"));
        recorder.record(0, IN, What::Fin);
        let said = "c saw more than 5 octets, which is as many as are recorded: the rest is lost";
        assert_eq!(recorder.spilled().as_deref(), Some(said));
        recorder.seal();
        let events = recorder.transcript().events;
        assert_eq!(events.iter().map(|event| event.what.clone()).collect::<Vec<_>>(), [octets("three"), What::Fin]);
    }

    #[test]
    fn who_brings_a_clock_is_told_when_each_fact_came() {
        let mut recorder = recorder().with_clock(|| Duration::from_secs(7));
        recorder.step("only");
        recorder.record_octets(0, IN, b"three");
        recorder.record(0, IN, What::Fin);
        let at = Duration::from_secs(7);
        assert_eq!(recorder.stamps(0), [Stamp { lane: IN, octets: 5, at }, Stamp { lane: IN, octets: 0, at }]);
        assert_eq!(recorder.stamps(1), []);
    }

    #[test]
    fn nothing_is_recorded_after_the_seal() {
        let mut recorder = recorder();
        recorder.step("only");
        recorder.seal();
        recorder.record(0, IN, What::Rst);
        recorder.seal();
        assert!(recorder.transcript().events.is_empty());
    }
}
