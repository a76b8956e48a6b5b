//! Rust's own: content that ends in an error, and how much of what came before it is sent.

use bytes::Bytes;
use harness::origin::plain;
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::until::end_of_response;
use harness::verdict::Outcome::CutVisible;
use http_body_util::BodyExt as _;
use http_body_util::channel::Channel;

use super::{ONE, THREE, TWO, deadline_has_passed, event_stream, meant};
use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "error_before_the_first_event",
        claims: &["C18"],
        origin: "hyper",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: CutVisible,
                twin: Some("producer_passes_the_error_on"),
                says: "hyper sends nothing at all, no status-line either, when the content begins with an error",
            },
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: CutVisible,
                twin: Some("error_before_the_first_event@direct"),
                says: "nginx answers 502 when the origin closes without a response",
            },
        ],
        run: |stage| Box::pin(error_before_the_first_event(stage)),
    },
    Variant {
        name: "error_behind_an_event",
        claims: &["C18"],
        origin: "hyper",
        shows: &[Shows {
            via: Via::Direct,
            outcome: CutVisible,
            twin: Some("producer_passes_the_error_on"),
            says: "hyper drops an event that it has taken, and the header section, when the error is there already",
        }],
        run: |stage| Box::pin(error_behind_an_event(stage)),
    },
];

/// The deadline has passed before the first event, and the content is an error from the beginning.
///
/// Claims C18: nothing was sent, so nothing arrives.
/// Clause none: a server may send the header section late; hyper does so with the first frame of the content.
/// Twin   `producer_passes_the_error_on`: the error comes after an event that was sent.
/// Cure   none needed: the reader sees it. To answer 504, wait for the first event before the response is returned.
pub async fn error_before_the_first_event(stage: Stage) -> Transcript {
    play(stage, &[]).await
}

/// The deadline passes when an event has been handed over and hyper has not come to send it.
///
/// Claims C18: refuted for events that were handed over and not yet sent: an error takes them along.
/// Clause none: `http_body` says nothing of frames before an error.
/// Twin   `producer_passes_the_error_on`: the error comes after the event was sent.
/// Cure   as in the twin, tell of the error when hyper has asked for more and there was nothing: it flushes then.
pub async fn error_behind_an_event(stage: Stage) -> Transcript {
    play(stage, &[ONE]).await
}

async fn play(stage: Stage, events: &'static [&'static str]) -> Transcript {
    let origin = plain(move |_, _| async move {
        let (mut sender, content) = Channel::new(1);
        for event in events {
            sender.send_data(Bytes::from(*event)).await.expect("there is room for it");
        }
        sender.abort(deadline_has_passed());
        event_stream(content.boxed_unsync())
    });
    let mut s = stage.meant(Meant { status: Some(200), ..meant(&[ONE, TWO, THREE]) }).start(origin).await;

    let before = if events.is_empty() { "no event" } else { "one event" };
    s.step(&format!("the reader asks, the handler returns content of {before} and an error"));
    s.reader.get("/events");
    s.reader.until(end_of_response()).await;
    s.finish().await
}
