//! Rust's own: what a channel between producer and server does when no time-out passes, and what it does when it is full.

use bytes::Bytes;
use harness::origin::plain;
use harness::stage::Stage;
use harness::transcript::Transcript;
use harness::until::{end_of_response, noted};
use harness::verdict::Outcome::{CutSilent, Intact};
use http_body_util::BodyExt as _;
use http_body_util::channel::Channel;

use super::producer::within;
use super::{Error, ONE, THREE, TWO, event_stream, give, meant, sent};
use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "producer_is_in_time",
        claims: &[],
        origin: "hyper",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Intact,
                twin: None,
                says: "hyper ends the content of a producer that was in time in the same way as that of one that was not",
            },
            Shows {
                via: Via::Nginx("http11"),
                outcome: Intact,
                twin: None,
                says: "nginx passes on whole what a producer has sent in time",
            },
        ],
        run: |stage| Box::pin(producer_is_in_time(stage)),
    },
    Variant {
        name: "producer_is_timed_out_while_it_waits_for_room",
        claims: &["C19", "C22"],
        origin: "hyper",
        shows: &[Shows {
            via: Via::Direct,
            outcome: CutSilent,
            twin: Some("producer_is_in_time"),
            says: "hyper sends what the channel holds and ends cleanly; the event that waited for room is gone",
        }],
        run: |stage| Box::pin(producer_is_timed_out_while_it_waits_for_room(stage)),
    },
];

/// No deadline passes: the producer sends all it has, and drops its sender.
///
/// Claims none.
/// Clause `http_body_util::channel`: a sender that is dropped ends the content without error. It has no other way to end it
///        well, so that a producer that is done and one that was dropped look the same.
/// Twin   none needed.
/// Cure   none needed.
pub async fn producer_is_in_time(stage: Stage) -> Transcript {
    let direct = stage.is_direct();
    let origin = plain(|_, aside| async move {
        let (mut sender, content) = Channel::<Bytes, Error>::new(1);
        let cue = aside.cue.clone();
        aside.spawn(async move {
            for (name, event) in [("one", ONE), ("two", TWO), ("three", THREE)] {
                cue.given(name).await;
                sender.send_data(Bytes::from(event)).await.expect("hyper takes content until the connection ends");
            }
            cue.given("end").await;
        });
        event_stream(content.boxed_unsync())
    });
    let mut s = stage.meant(meant(&[ONE, TWO, THREE])).start(origin).await;

    give(&mut s, "one", "the reader asks, the producer sends one event");
    s.reader.get("/events");
    sent(&mut s, direct, ONE).await;

    for (name, event) in [("two", TWO), ("three", THREE)] {
        give(&mut s, name, "the producer sends one more");
        sent(&mut s, direct, event).await;
    }

    give(&mut s, "end", "the producer is done and drops its sender");
    s.reader.until(end_of_response()).await;
    s.finish().await
}

/// The time-out passes while the producer waits for room in the channel, because the reader does not read.
///
/// Claims C19: the deadline does interrupt a send that has begun; C22: what the channel holds is not lost, what waits for
///        room is.
/// Clause `tokio::sync::mpsc::Sender::send`: a send that is dropped has not sent its message.
/// Twin   `producer_is_in_time`: no deadline passes.
/// Cure   the same: `Sender::abort`.
pub async fn producer_is_timed_out_while_it_waits_for_room(stage: Stage) -> Transcript {
    // More than hyper's own buffer (about 400 KiB) and the sockets together: hyper takes it, and asks for no more.
    let large = format!("data: {}\n\n", "x".repeat(1 << 20));
    let stage = stage.clamped().meant(meant(&[&large, TWO, THREE]));
    let origin = plain(move |_, aside| {
        let large = large.clone();
        async move {
            let (mut sender, content) = Channel::<Bytes, Error>::new(1);
            let producer = aside.clone();
            aside.spawn(async move {
                let events = [(1, Bytes::from(large)), (2, Bytes::from(TWO))];
                for (n, event) in events {
                    sender.send_data(event).await.expect("hyper takes content until the connection ends");
                    producer.note(format!("send {n}: ok"));
                }
                within(producer.cue.wait("deadline"), &producer, async {
                    sender.send_data(Bytes::from(THREE)).await.expect("it waits until the deadline");
                })
                .await;
            });
            event_stream(content.boxed_unsync())
        }
    });
    let mut s = stage.start_raw(origin).await;

    s.step("the reader asks and does not read; the third event waits for room in the channel");
    s.reader.send("GET /events HTTP/1.1\r\nHost: mve.test\r\n\r\n").await;

    s.cue("deadline", "the producer's deadline passes, the time-out drops it, and the sender with it").await;
    s.origin.until(noted("the producer: deadline")).await;

    s.step("the reader reads");
    s.reader.until(end_of_response()).await;
    s.finish().await
}
