//! Rust's own: a task produces the content, and a time-out ends the task.

use std::future::pending;

use bytes::Bytes;
use harness::origin::{Aside, plain};
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::until::end_of_response;
use harness::verdict::Outcome::{CutSilent, CutVisible};
use http_body_util::BodyExt as _;
use http_body_util::channel::{Channel, Sender};

use super::{DONE, Error, ONE, THREE, TWO, deadline_has_passed, event_stream, give, meant, sent};
use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "producer_is_timed_out",
        claims: &["C18"],
        origin: "hyper",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: CutSilent,
                twin: Some("producer_passes_the_error_on"),
                says: "hyper ends the content cleanly when a time-out drops the producer with its sender",
            },
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: CutSilent,
                twin: Some("producer_is_timed_out_before_done"),
                says: "nginx passes on as whole what the dropped sender has cut",
            },
            Shows {
                via: Via::Nginx("http11"),
                outcome: CutSilent,
                twin: Some("producer_passes_the_error_on"),
                says: "nginx passes on as whole what the dropped sender has cut, in HTTP/1.1 too",
            },
        ],
        run: |stage| Box::pin(producer_is_timed_out(stage)),
    },
    Variant {
        name: "producer_is_timed_out_inside_an_event",
        claims: &["C18"],
        origin: "hyper",
        shows: &[Shows {
            via: Via::Direct,
            outcome: CutSilent,
            twin: Some("producer_passes_the_error_on"),
            says: "hyper ends the content cleanly inside an event, and the reader discards its first half",
        }],
        run: |stage| Box::pin(producer_is_timed_out_inside_an_event(stage)),
    },
    Variant {
        name: "producer_is_aborted",
        claims: &["C18"],
        origin: "hyper",
        shows: &[Shows {
            via: Via::Direct,
            outcome: CutSilent,
            twin: Some("producer_passes_the_error_on"),
            says: "hyper ends the content cleanly when the producer's task is aborted",
        }],
        run: |stage| Box::pin(producer_is_aborted(stage)),
    },
    Variant {
        name: "producer_is_timed_out_before_done",
        claims: &["C18", "C24"],
        origin: "hyper",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: CutVisible,
                twin: Some("producer_is_in_time"),
                says: "the reader tells a cut between events by the missing last one, when both sides have agreed on it",
            },
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: CutVisible,
                twin: Some("producer_is_timed_out_before_done@direct"),
                says: "the reader tells the cut by the missing last event through any gateway",
            },
        ],
        run: |stage| Box::pin(producer_is_timed_out_before_done(stage)),
    },
    Variant {
        name: "producer_passes_the_error_on",
        claims: &["C18"],
        origin: "hyper",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: CutVisible,
                twin: Some("producer_is_in_time"),
                says: "hyper leaves the last-chunk out when the content ends in an error",
            },
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: CutSilent,
                twin: Some("producer_passes_the_error_on@http11"),
                says: "nginx asks in HTTP/1.0, and takes the close after an error for the end of the content",
            },
            Shows {
                via: Via::Nginx("http11"),
                outcome: CutVisible,
                twin: Some("producer_is_in_time"),
                says: "nginx leaves the last-chunk out too when it asks in HTTP/1.1",
            },
        ],
        run: |stage| Box::pin(producer_passes_the_error_on(stage)),
    },
];

/// How the deadline ends the producer.
#[derive(Debug, Clone, Copy)]
enum End {
    /// Its future is dropped, and the sender with it.
    Dropped,
    /// Its task is aborted from outside.
    Aborted,
    /// It is dropped, and the sender is told of the error.
    Error,
}

/// A time-out around the producer passes between two events, and the sender is dropped with it.
///
/// Claims C18: what was sent reaches the reader; the claim's "the response is incomplete" is wrong for this server: the
///        message is complete (last-chunk), only the content is cut.
/// Clause RFC 9112 7.1: the last-chunk says that the content is complete. `http_body_util::channel`: a sender that is
///        dropped ends the content without error.
/// Twin   `producer_passes_the_error_on`: the sender is told of the error instead of dropped.
/// Cure   end a time-out with `Sender::abort`, never by dropping the sender.
pub async fn producer_is_timed_out(stage: Stage) -> Transcript {
    play(stage.meant(meant(&[ONE, TWO, THREE])), &[ONE], End::Dropped).await
}

/// The same time-out passes when half of an event is on its way.
///
/// Claims C18, as above.
/// Clause WHATWG HTML 9.2.6: a pending event at the end of the stream is discarded.
/// Twin   `producer_passes_the_error_on`: the sender is told of the error instead of dropped.
/// Cure   the same; and hand over an event in one piece.
pub async fn producer_is_timed_out_inside_an_event(stage: Stage) -> Transcript {
    play(stage.meant(meant(&[ONE, TWO, THREE])), &[ONE, "data: t"], End::Dropped).await
}

/// The deadline aborts the producer's task (`AbortHandle::abort`): its future is dropped where it stands.
///
/// Claims C18, as above.
/// Clause `tokio::task::AbortHandle::abort`: the task is stopped at its next await, and what it owns is dropped.
/// Twin   `producer_passes_the_error_on`: the sender is told of the error instead of dropped.
/// Cure   keep the sender outside of what is aborted, and call `Sender::abort` on it.
pub async fn producer_is_aborted(stage: Stage) -> Transcript {
    play(stage.meant(meant(&[ONE, TWO, THREE])), &[ONE], End::Aborted).await
}

/// The same cut, but reader and origin have agreed that a stream ends with `event: done`.
///
/// Claims C24: a reader cannot tell where it was cut; that it was, it can.
/// Clause none: an end mark in the content is an agreement of the application, above RFC 9112.
/// Twin   `producer_is_in_time`: no deadline passes. Without the agreement: `producer_is_timed_out`.
/// Cure   this is one, and the only one that no gateway can take away.
pub async fn producer_is_timed_out_before_done(stage: Stage) -> Transcript {
    let meant = Meant { terminal: Some("done".into()), ..meant(&[ONE, TWO, THREE, DONE]) };
    play(stage.meant(meant), &[ONE], End::Dropped).await
}

/// The time-out passes between two events, and the content ends in an error.
///
/// Claims C18: confirmed here: events already sent arrive, and the response is incomplete.
/// Clause RFC 9112 8: chunked content without last-chunk is incomplete. RFC 9112 6.3, rule 8: in HTTP/1.0 the end of the
///        connection ends the content, and a cut is no different.
/// Twin   `producer_is_in_time`: no deadline passes. Behind nginx as it ships: `http11`, which asks the origin in HTTP/1.1.
/// Cure   this is one, where every hop speaks HTTP/1.1.
pub async fn producer_passes_the_error_on(stage: Stage) -> Transcript {
    play(stage.meant(meant(&[ONE, TWO, THREE])), &[ONE], End::Error).await
}

async fn play(stage: Stage, events: &'static [&'static str], end: End) -> Transcript {
    let direct = stage.is_direct();
    let origin = plain(move |_, aside| async move {
        let (sender, content) = Channel::new(1);
        let producer = aside.spawn(produce(sender, aside.clone(), events, end));
        if let End::Aborted = end {
            let cue = aside.cue.clone();
            aside.spawn(async move {
                cue.given("deadline").await;
                producer.abort();
            });
        }
        event_stream(content.boxed_unsync())
    });
    let mut s = stage.start(origin).await;

    let sends = if events.len() > 1 { "one event and half of the next" } else { "one event" };
    s.step(&format!("the reader asks, the producer sends {sends}"));
    s.reader.get("/events");
    sent(&mut s, direct, &events.concat()).await;

    give(&mut s, "deadline", &format!("the producer's deadline passes, {}", end.text()));
    s.reader.until(end_of_response()).await;
    s.finish().await
}

impl End {
    fn text(self) -> &'static str {
        match self {
            Self::Dropped => "the time-out drops it, and the sender with it",
            Self::Aborted => "its task is aborted, and the sender is dropped with it",
            Self::Error => "the time-out drops it, and the sender is told of the error",
        }
    }
}

/// Sends the events, and then the next one takes too long.
async fn produce(mut sender: Sender<Bytes, Error>, aside: Aside, events: &'static [&'static str], end: End) {
    let production = async {
        for event in events {
            sender.send_data(Bytes::from(*event)).await.expect("hyper takes content until the connection ends");
        }
        pending::<()>().await;
    };
    match end {
        End::Aborted => production.await,
        End::Dropped => within(aside.cue.given("deadline"), &aside, production).await,
        End::Error => {
            within(aside.cue.given("deadline"), &aside, production).await;
            sender.abort(deadline_has_passed());
        }
    }
}

/// `tokio::time::timeout`, with a cue in place of the clock: the production is dropped when the deadline passes.
pub(super) async fn within(deadline: impl Future<Output = ()>, aside: &Aside, production: impl Future<Output = ()>) {
    tokio::select! {
        biased;
        () = production => {}
        () = deadline => aside.note("the producer: deadline has elapsed"),
    }
}
