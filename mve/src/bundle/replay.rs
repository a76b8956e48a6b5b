//! Plays a transcript again: the reader and the origin do what it says, and what comes of it is held against it.

use std::panic::Location;

use harness::reader::Raw;
use harness::render::{Redactions, render};
use harness::stage::{Scene, Stage};
use harness::transcript::{Event, Lane, StepId, Transcript, What};
use harness::until::{closed, ended, octets, octets_in_all, sent_in_all};
use harness::verdict::{Outcome, Verdict};

use super::script::{Replayed, Script, cue};

/// Plays a transcript on a stage with its gateways: the origin is a script, or the stage's witness.
///
/// # Panics
/// When something that the transcript has does not come: the message tells what, and what came.
#[track_caller]
pub fn play(stage: Stage, transcript: &Transcript) -> impl Future<Output = Transcript> + Send + use<> {
    let _caller = Location::caller();
    let transcript = transcript.clone();
    async move {
        let script = Script::of(&transcript);
        let stage = stage.meant(transcript.meant.clone());
        let mut s = stage.start_raw(Replayed::new(&script)).await;
        let mut played = Played { transcript: &transcript, got: 0, sent: 0 };
        for step in 0..transcript.steps.len().max(1) {
            let text = transcript.steps.get(step).map_or("", |step| step.text.as_str());
            if script.has_cue(step) {
                s.cue(&cue(step), text).await;
            } else {
                s.step(text);
            }
            played.step(&mut s, StepId(step)).await;
            // A write that a later step had would look like one for a reader who has left by then.
            s.origin.claim_notes();
        }
        s.finish().await
    }
}

/// How far a transcript was played.
struct Played<'a> {
    transcript: &'a Transcript,
    /// Octets at the reader.
    got: usize,
    /// Octets from the origin.
    sent: usize,
}

impl Played<'_> {
    fn facts(&self, lane: Lane, step: StepId) -> Vec<What> {
        let events = self.transcript.events.iter().filter(|event| event.lane == lane && event.step == step);
        events.map(|event| event.what.clone()).collect()
    }

    async fn step(&mut self, s: &mut Scene<Raw>, step: StepId) {
        let Ends { ours, ends, they_end, gets_more, is_told } = ends_of(self.transcript, step);
        let reads_on = gets_more || is_told;
        for what in ours {
            if let What::Octets(run) = what {
                s.reader.send(run).await;
            }
        }
        if !they_end {
            leave(s, &ends, reads_on).await;
        }
        self.at_origin(s, step).await;
        if reads_on || ends.is_empty() {
            self.at_reader(s, &self.facts(Lane::response(0), step)).await;
        }
        if they_end {
            leave(s, &ends, gets_more).await;
        }
        if !ends.is_empty() && self.transcript.hops() > 1 {
            // What is done in the next step finds a gateway that knows of it.
            s.settle().await;
        }
    }

    async fn at_reader(&mut self, s: &mut Scene<Raw>, theirs: &[What]) {
        for what in theirs {
            match what {
                What::Octets(run) => {
                    self.got += run.len();
                    s.reader.until(octets_in_all(self.got)).await;
                }
                What::Silence => s.look().await,
                What::Fin | What::Rst => s.reader.until(closed()).await,
                What::Connect | What::Note(_) => {}
            }
        }
    }

    /// What the origin sees and does: nothing that the reader does not see too, if they are neighbours.
    async fn at_origin(&mut self, s: &mut Scene<Raw>, step: StepId) {
        let hop = self.transcript.hops().saturating_sub(1);
        if hop == 0 {
            return;
        }
        for what in self.facts(Lane::request(hop), step) {
            match what {
                What::Octets(run) => {
                    // Addresses in the request differ, so it is known by its end.
                    let end = run.len().saturating_sub(4);
                    s.origin.until(octets(&run[end..])).await;
                }
                What::Fin | What::Rst | What::Connect | What::Silence | What::Note(_) => {}
            }
        }
        for (number, pause) in self.transcript.pauses.iter().enumerate() {
            if pause.step == step {
                s.release_apart(&super::script::pause(number)).await;
            }
        }
        let is_end = |what: &What| matches!(what, What::Fin | What::Rst);
        let sends = self.facts(Lane::response(hop), step);
        for what in &sends {
            if let What::Octets(run) = what {
                self.sent += run.len();
                s.origin.until(sent_in_all(self.sent)).await;
            }
        }
        // Which of two ends that are in one step came first is the kernel's mood.
        match (sends.iter().any(is_end), self.facts(Lane::request(hop), step).iter().any(is_end)) {
            (true, true) => s.origin.until(ended().and(closed())).await,
            (true, false) => s.origin.until(ended()).await,
            (false, true) => s.origin.until(closed()).await,
            (false, false) => {}
        }
    }
}

/// What the reader does in a step, and how it ends in it. Where both ends end in one step, the reader follows.
pub(super) struct Ends {
    /// What the reader does before it ends.
    pub(super) ours: Vec<What>,
    /// How it ends.
    pub(super) ends: Vec<What>,
    /// Whether the other side ends.
    pub(super) they_end: bool,
    /// Whether anything comes in a later step.
    pub(super) gets_more: bool,
    /// Whether anything comes in this step, be it silence.
    pub(super) is_told: bool,
}

pub(super) fn ends_of(transcript: &Transcript, step: StepId) -> Ends {
    let is_end = |what: &What| matches!(what, What::Fin | What::Rst);
    let of = |lane: Lane| transcript.events.iter().filter(move |event| event.lane == lane);
    let here = |lane: Lane| of(lane).filter(|event| event.step == step).map(|event| &event.what);
    let (ends, ours) = here(Lane::request(0)).cloned().partition(is_end);
    Ends {
        ours,
        ends,
        they_end: here(Lane::response(0)).any(is_end),
        gets_more: of(Lane::response(0)).any(|event| event.step > step),
        is_told: here(Lane::response(0)).next().is_some(),
    }
}

pub(super) async fn leave(s: &mut Scene<Raw>, ends: &[What], reads_on: bool) {
    for end in ends {
        match end {
            What::Rst => s.reader.abort().await,
            _ if reads_on => s.reader.half_close().await,
            _ => s.reader.leave(),
        }
    }
}

/// In what a transcript that was played again is another one; none if it is the same. Chain and notes are not compared:
/// the parts are played by scripts.
#[must_use]
pub fn difference(recorded: &Transcript, replayed: &Transcript) -> Option<Difference> {
    let [before, after] = [recorded, replayed].map(compared);
    let [was, is] = [recorded, replayed].map(|transcript| Verdict::of(transcript).outcome);
    (before != after || was != is).then_some(Difference { before, after, was, is })
}

/// Two texts that are not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What was recorded.
    pub before: String,
    /// What came of it now.
    pub after: String,
    /// The outcome that was recorded.
    pub was: Outcome,
    /// The outcome now.
    pub is: Outcome,
}

fn compared(transcript: &Transcript) -> String {
    let mut plain = transcript.clone();
    // Whether an origin that has ended its own direction still saw its peer end is no fact of the wire: a script reads to
    // the end, a server may have closed before.
    let last = transcript.hops().saturating_sub(1);
    let is_end = |what: &What| matches!(what, What::Fin | What::Rst);
    let over = transcript.events.iter().find(|event| event.lane == Lane::response(last) && is_end(&event.what));
    let over = over.map(|event| event.step).filter(|_| last > 0);
    let unseen = |event: &Event| {
        event.lane == Lane::request(last) && is_end(&event.what) && over.is_some_and(|over| event.step >= over)
    };
    plain.events.retain(|event| !matches!(event.lane, Lane::Notes(_)) && !unseen(event));
    plain.chain.iter_mut().for_each(|node| node.about.clear());
    let text = render(&plain, &Redactions::all());
    text.split_once("\nverdict\n").map_or(text.clone(), |(text, _)| text.to_owned())
}
