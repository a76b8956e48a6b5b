//! Transcripts with something left out: octets of a lane, a fact, a step.

use std::ops::Range;

use harness::transcript::{Event, Lane, Step, StepId, Transcript, What};

/// Octets of a lane, counted over all its connections, and what stands in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) by: Vec<u8>,
}

impl Edit {
    pub(super) fn removal(range: Range<usize>) -> Self {
        Self { range, by: Vec::new() }
    }
}

/// The lane with these edits, which must not overlap. What stands in the place of octets belongs to the step of their first
/// one. The origin's pauses stay where they are between the octets that are left.
pub(super) fn edited(transcript: &Transcript, lane: Lane, mut edits: Vec<Edit>) -> Transcript {
    edits.sort_by_key(|edit| edit.range.start);
    let mut edited = transcript.clone();
    let mut begin = 0;
    for event in edited.events.iter_mut().filter(|event| event.lane == lane) {
        let What::Octets(run) = &mut event.what else { continue };
        let here = begin..begin + run.len();
        begin = here.end;
        let mut left = Vec::with_capacity(run.len());
        let mut at = here.start;
        for Edit { range, by } in &edits {
            let (from, upto) = (range.start.max(at), range.end.min(here.end));
            if from >= upto || range.end <= here.start {
                continue;
            }
            left.extend_from_slice(&run[at - here.start..from - here.start]);
            if here.contains(&range.start) {
                left.extend_from_slice(by);
            }
            at = upto;
        }
        left.extend_from_slice(&run[at - here.start..]);
        *run = left;
    }
    edited.events.retain(|event| event.what != What::Octets(Vec::new()));
    if lane == Lane::response(transcript.hops().saturating_sub(1)) {
        for pause in &mut edited.pauses {
            pause.sent = moved(pause.sent, &edits);
        }
    }
    edited
}

/// Where a place between two octets is after the edits, which are sorted.
fn moved(place: usize, edits: &[Edit]) -> usize {
    let mut moved = place;
    for Edit { range, by } in edits.iter().filter(|edit| edit.range.start < place) {
        moved += by.len();
        moved -= range.end.min(place) - range.start;
    }
    moved
}

/// Without the step: what is left of its facts goes, and the later steps move up. Its octets must be gone already where
/// places are counted in octets.
pub(super) fn without_step(transcript: &Transcript, step: StepId) -> Transcript {
    let mut left = transcript.clone();
    left.events.retain(|event| event.step != step);
    left.pauses.retain(|pause| pause.step != step);
    left.steps.remove(step.0);
    moved_up(&mut left, step);
    left
}

/// With the step and the one before it in one.
pub(super) fn merged(transcript: &Transcript, step: StepId) -> Transcript {
    let mut left = transcript.clone();
    let Step { text } = left.steps.remove(step.0);
    let before = &mut left.steps[step.0 - 1].text;
    *before = format!("{before}; {text}");
    moved_up(&mut left, step);
    joined(&mut left);
    left
}

fn moved_up(transcript: &mut Transcript, from: StepId) {
    let up = |step: &mut StepId| step.0 -= usize::from(*step >= from && step.0 > 0);
    transcript.events.iter_mut().for_each(|event| up(&mut event.step));
    transcript.pauses.iter_mut().for_each(|pause| up(&mut pause.step));
}

/// Facts in the transcript's own order, adjacent octets of a lane one run.
fn joined(transcript: &mut Transcript) {
    let mut events = std::mem::take(&mut transcript.events);
    events.sort_by_key(|event| (event.step, event.lane));
    for Event { step, lane, what } in events {
        match (transcript.events.last_mut(), what) {
            (Some(Event { step: its, lane: same, what: What::Octets(run) }), What::Octets(more))
                if *its == step && *same == lane =>
            {
                run.extend_from_slice(&more);
            }
            (_, what) => transcript.events.push(Event { step, lane, what }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::render::{Redactions, parse, render};
    use harness::transcript::Pause;

    fn transcript(pauses: &[(usize, usize)]) -> Transcript {
        let text =
            "chain: c a, o b\n\n1. one\nc>o  ask\no>c  abc\n\n2. two\no>c  def\no>c  -- FIN\n\n3. three\nc>o  -- FIN\n";
        let pauses = pauses.iter().map(|&(step, sent)| Pause { step: StepId(step), sent }).collect();
        Transcript { pauses, ..parse(text).expect("a transcript") }
    }

    /// Without annotations and verdict.
    fn text(transcript: &Transcript) -> String {
        let text = render(transcript, &Redactions::none());
        let lines = text.lines().take_while(|line| *line != "verdict");
        let plain = lines.map(|line| line.split("  #").next().unwrap_or_default());
        plain.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn an_edit_may_lie_over_two_steps_and_pauses_move_with_the_octets() {
        let edits = vec![Edit { range: 2..4, by: b"XYZ".to_vec() }, Edit::removal(5..6)];
        let edited = edited(&transcript(&[(0, 1), (0, 3), (1, 6)]), Lane::response(0), edits);
        assert_eq!(edited.octets(Lane::response(0)), b"abXYZe");
        let runs: Vec<&What> = edited.lane(Lane::response(0)).collect();
        assert_eq!(runs[..2], [&What::Octets(b"abXYZ".to_vec()), &What::Octets(b"e".to_vec())]);
        assert_eq!(edited.pauses.iter().map(|pause| pause.sent).collect::<Vec<_>>(), [1, 5, 6]);
    }

    #[test]
    fn a_step_that_goes_takes_its_facts_and_the_later_ones_move_up() {
        let left = without_step(&transcript(&[(1, 5), (2, 6)]), StepId(1));
        assert_eq!(text(&left), "chain: c a, o b\n\n1. one\nc>o  ask\no>c  abc\n\n2. three\nc>o  -- FIN\n");
        assert_eq!(left.pauses, [Pause { step: StepId(1), sent: 6 }]);
    }

    #[test]
    fn two_steps_in_one_keep_all_their_facts() {
        let left = merged(&transcript(&[]), StepId(1));
        let expected = "chain: c a, o b\n\n1. one; two\nc>o  ask\no>c  abcdef\no>c  -- FIN\n\n2. three\nc>o  -- FIN\n";
        assert_eq!(text(&left), expected);
    }
}
