//! Plays what a reader and an origin do without knowing what comes of it: at the end of a step everything is at rest, and
//! whatever has come belongs to the step.

use harness::stage::Stage;
use harness::transcript::{Lane, StepId, Transcript, What};
use harness::until::closed;

use super::replay::{Ends, ends_of, leave};
use super::script::{Replayed, Script, cue, pause};

/// Plays the stimuli of a transcript: what the reader sends and how it ends, and what the origin does. Of what came of it in
/// the transcript only two things are used: in which steps the reader looked and found nothing, and in which one its
/// connection was ended. With `clocks` such an end is waited for, as nothing else may bring it.
///
/// # Panics
/// When the chain does not stand, or what is to be waited for does not come.
pub fn look_through(
    stage: Stage,
    transcript: &Transcript,
    clocks: bool,
) -> impl Future<Output = Transcript> + Send + use<> {
    let transcript = transcript.clone();
    async move {
        let script = Script::of(&transcript);
        let is_end = |what: &What| matches!(what, What::Fin | What::Rst);
        let idle_ends = transcript.lane(Lane::response(0)).any(is_end);
        let mut s = stage.meant(transcript.meant.clone()).start_raw(Replayed::new(&script)).await;
        for step in 0..transcript.steps.len().max(1) {
            s.step(transcript.steps.get(step).map_or("", |step| step.text.as_str()));
            let Ends { ours, ends, they_end, gets_more, is_told } = ends_of(&transcript, StepId(step));
            for what in ours {
                if let What::Octets(run) = what {
                    s.reader.send(run).await;
                }
            }
            if !they_end {
                leave(&mut s, &ends, gets_more || is_told).await;
            }
            s.rest(idle_ends).await;
            if s.go_on(&cue(step), false) {
                s.rest(idle_ends).await;
            }
            let of_step = |(_, its): &(usize, &harness::transcript::Pause)| its.step == StepId(step);
            for (number, _) in transcript.pauses.iter().enumerate().filter(of_step) {
                if s.go_on(&pause(number), true) {
                    s.rest(idle_ends).await;
                }
            }
            if they_end && clocks && !s.has_ended() {
                s.reader.until(closed()).await;
                s.rest(idle_ends).await;
            }
            if they_end && !ends.is_empty() {
                leave(&mut s, &ends, gets_more).await;
                s.rest(idle_ends).await;
            }
            let silence = transcript.events.iter().any(|event| {
                event.step == StepId(step) && event.lane == Lane::response(0) && event.what == What::Silence
            });
            if silence && !s.has_ended() {
                s.look().await;
            }
        }
        s.finish_at_rest().await
    }
}
