//! The same handler gives up in the middle, and the HTTP version that nginx asks in decides whether anybody can tell.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use harness::origin::{Aside, plain};
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::until::{content_sent, end_of_response};
use harness::verdict::Outcome::{CutSilent, CutVisible, Held, Intact};
use http_body_util::BodyExt as _;
use hyper::Response;
use hyper::body::{Body, Frame};

use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "handler_aborts",
        claims: &["C54"],
        origin: "hyper",
        shows: &[
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: CutSilent,
                twin: Some("handler_aborts@http11"),
                says: "nginx as it ships asks in HTTP/1.0, so an aborted response has no framing, and nginx ends it with a last-chunk",
            },
            Shows {
                via: Via::Nginx("http11"),
                outcome: CutVisible,
                twin: Some("handler_finishes@http11"),
                says: "nginx asking in HTTP/1.1 sees that the last-chunk is missing, and sends none either",
            },
            Shows {
                via: Via::Nginx("unbuffered"),
                outcome: CutSilent,
                twin: Some("handler_aborts@unbuffered-http11"),
                says: "nginx without buffering, asking in HTTP/1.0, ends an aborted response with a last-chunk",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: CutVisible,
                twin: Some("handler_finishes@unbuffered-http11"),
                says: "nginx without buffering, asking in HTTP/1.1, sends no last-chunk after an aborted response",
            },
        ],
        run: |stage| Box::pin(handler_aborts(stage)),
    },
    Variant {
        name: "handler_finishes",
        claims: &["C54"],
        origin: "hyper",
        shows: &[
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: Held,
                twin: Some("handler_finishes@http11"),
                says: "nginx as it ships asks in HTTP/1.0, so the content has no chunks, and nginx holds the events",
            },
            Shows {
                via: Via::Nginx("http11"),
                outcome: Intact,
                twin: None,
                says: "nginx asking in HTTP/1.1 gets chunks from the same handler, and passes each on although it buffers",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Intact,
                twin: None,
                says: "nginx without buffering, asking in HTTP/1.1, passes events and end on as they come",
            },
        ],
        run: |stage| Box::pin(handler_finishes(stage)),
    },
];

/// How the content ends after the first event.
#[derive(Clone, Copy)]
enum Ending {
    Abort,
    Finish,
}

/// The handler sends one event and gives up: its content fails, and hyper closes without the end that the framing demands.
/// To an HTTP/1.0 request hyper answers without chunks, and there the framing demands nothing.
///
/// Claims C54: nginx needs `proxy_http_version 1.1`: not to stream, but for a cut to remain a cut.
/// Clause RFC 9112 6.3 item 8 and 8: a close-delimited message cannot be told from an incomplete one.
/// Twin   the same with `proxy_http_version 1.1`: the reader can tell.
/// Cure   `proxy_http_version 1.1` (nginx has it by default from 1.29.7 on), and an event that says that the stream is over.
pub async fn handler_aborts(stage: Stage) -> Transcript {
    play(stage, Ending::Abort).await
}

/// The same handler sends the second event and ends.
///
/// Claims C54: as above; with HTTP/1.1 this origin uses chunks, and nginx passes these on in spite of its buffer.
/// Clause RFC 9112 7.1.
/// Twin   it is the twin of `handler_aborts`.
/// Cure   `proxy_http_version 1.1` or `proxy_buffering off`.
pub async fn handler_finishes(stage: Stage) -> Transcript {
    play(stage, Ending::Finish).await
}

async fn play(stage: Stage, ending: Ending) -> Transcript {
    let handler = move |_, aside: Aside| async move {
        let content = TwoEvents::new(aside, ending).boxed_unsync();
        Response::builder().header("Content-Type", "text/event-stream").body(content).expect("the field line is sound")
    };
    let meant = Meant { content: Some(b"data: one\n\ndata: two\n\n".to_vec()), ..Meant::default() };
    let mut s = stage.meant(meant).start(plain(handler)).await;

    s.step("the reader asks, the handler sends one event");
    s.reader.get("/events");
    s.release("next").await;
    s.origin.until(content_sent("data: one\n\n")).await;
    s.look().await;

    let text = match ending {
        Ending::Abort => "the handler aborts",
        Ending::Finish => "the handler sends another event and ends",
    };
    s.cue("end", text).await;
    s.reader.until(end_of_response()).await;
    s.finish().await
}

/// Content that waits between two events: for the first cue while hyper, which asks for the next frame before it flushes
/// the last one, gets the event out; then for the case.
struct TwoEvents {
    sent: usize,
    cue: Pin<Box<dyn Future<Output = ()> + Send>>,
    ending: Ending,
}

impl TwoEvents {
    fn new(aside: Aside, ending: Ending) -> Self {
        Self {
            sent: 0,
            cue: Box::pin(async move {
                aside.cue.wait("next").await;
                aside.cue.wait("end").await;
            }),
            ending,
        }
    }
}

impl Body for TwoEvents {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let event = match self.sent {
            0 => "data: one\n\n",
            1 => {
                ready!(self.cue.as_mut().poll(cx));
                "data: two\n\n"
            }
            _ => return Poll::Ready(None),
        };
        self.sent += 1;
        Poll::Ready(Some(match (event, self.ending) {
            ("data: two\n\n", Ending::Abort) => Err("the model is gone".into()),
            _ => Ok(Frame::data(Bytes::from_static(event.as_bytes()))),
        }))
    }
}
