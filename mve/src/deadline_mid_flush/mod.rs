//! A deadline passes while the response is being written, and the parties disagree about what that means.

mod abort;
mod blocked;
mod channel;
mod content;
mod context;
mod layer;
mod producer;
mod socket;
mod step;

use harness::origin::Content;
use harness::reader::Library;
use harness::stage::Scene;
use harness::transcript::Meant;
use harness::until;
use hyper::Response;

use crate::catalogue::Failure;

/// The deadline ends the handler, a write, or nothing at all; what the reader can tell of it differs.
pub const FAILURE: Failure = Failure {
    name: "deadline_mid_flush",
    about: "a deadline passes while the response is being written",
    families: &[
        context::VARIANTS,
        abort::VARIANTS,
        step::VARIANTS,
        socket::VARIANTS,
        blocked::VARIANTS,
        producer::VARIANTS,
        channel::VARIANTS,
        content::VARIANTS,
        layer::VARIANTS,
    ],
};

const ONE: &str = "data: one\n\n";
const TWO: &str = "data: two\n\n";
const THREE: &str = "data: three\n\n";
/// The event that says, by agreement, that the stream is whole.
const DONE: &str = "event: done\ndata: done\n\n";

/// What the application would have sent.
fn meant(events: &[&str]) -> Meant {
    Meant { content: Some(events.concat().into_bytes()), ..Meant::default() }
}

/// A response of this content from hyper.
fn event_stream(content: Content) -> Response<Content> {
    Response::builder().header("Content-Type", "text/event-stream").body(content).expect("the fields are sound")
}

/// Why content of hyper's ends early.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// The error of a deadline that has passed.
fn deadline_has_passed() -> Error {
    "deadline has passed".into()
}

/// Waits until this content is at the reader, or as far on the way as a gateway lets it: what comes next is not found in
/// one read with it, which would be the kernel's mood.
async fn sent(s: &mut Scene<Library>, direct: bool, content: &str) {
    if direct {
        s.reader.until(until::content(content)).await;
    } else {
        s.origin.until(until::content_sent(content)).await;
        s.look().await;
    }
}

/// Begins a step by giving a cue that a task beside the handler waits for.
fn give(s: &mut Scene<Library>, cue: &str, text: &str) {
    s.step(text);
    s.origin.cue().give(cue);
}
