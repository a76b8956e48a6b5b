//! A deadline for one step of the handler, under that of the whole.

use harness::origin::writer;
use harness::stage::Stage;
use harness::transcript::Transcript;
use harness::until::{content, end_of_response};
use harness::verdict::Outcome::Intact;

use super::{ONE, THREE, TWO, meant};
use crate::catalogue::Via::Direct;
use crate::catalogue::{Shows, Variant};

pub(super) const VARIANTS: &[Variant] = &[Variant {
    name: "context_of_one_step_ends",
    claims: &["C45"],
    origin: "writer",
    shows: &[Shows {
        via: Direct,
        outcome: Intact,
        twin: None,
        says: "the deadline of one step ends that step, and the stream goes on with the next",
    }],
    run: |stage| Box::pin(context_of_one_step_ends(stage)),
}];

/// The second event has a deadline of its own, under the handler's; it passes, and the handler says so and goes on.
///
/// Claims C45: confirmed: one step's end is not the others', and the parent's context still holds.
/// Clause Go: a context ends with its parent, never the other way round.
/// Twin   `context_ends_between_events`: the deadline is the handler's.
/// Cure   this is one, if the content has a way of saying that a step is missing.
pub async fn context_of_one_step_ends(stage: Stage) -> Transcript {
    const LATE: &str = "event: late\ndata: two\n\n";
    let origin = writer(|w, r, cue| async move {
        let (whole, _cancel_whole) = r.context().with_cancel();
        let (step, cancel_step) = whole.with_cancel();
        w.header().set("Content-Type", "text/event-stream");
        w.write(ONE).await?;
        w.flush().await?;
        cue.wait("deadline").await;
        cancel_step.cancel();
        w.write(if step.is_done() { LATE } else { TWO }).await?;
        if !whole.is_done() {
            w.write(THREE).await?;
        }
        Ok(())
    });
    let mut s = stage.meant(meant(&[ONE, LATE, THREE])).start(origin).await;

    s.step("the reader asks, the handler flushes one event");
    s.reader.get("/events");
    s.reader.until(content(ONE)).await;

    s.cue("deadline", "the deadline of the second event passes, the handler says so and goes on").await;
    s.reader.until(end_of_response()).await;
    s.finish().await
}
