//! Rust's own: a time-out layer around the handler does not bound the content; one around the content does.

use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use harness::origin::{Aside, Content, plain};
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::until::end_of_response;
use harness::verdict::Outcome::{CutSilent, CutVisible, Intact};
use http_body_util::channel::{Channel, Sender};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body, Frame};
use hyper::{Response, StatusCode};
use tower::timeout::Timeout;
use tower::{ServiceExt as _, service_fn};

use super::{Error, ONE, THREE, TWO, deadline_has_passed, event_stream, give, meant, sent};
use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "time_out_around_the_handler",
        claims: &["C21", "C71"],
        origin: "hyper",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Intact,
                twin: None,
                says: "tower's time-out bounds the wait for the header section alone, and the stream goes on past it",
            },
            Shows {
                via: Via::Nginx("http11"),
                outcome: Intact,
                twin: None,
                says: "nginx passes on whole what goes on past tower's time-out",
            },
        ],
        run: |stage| Box::pin(time_out_around_the_handler(stage)),
    },
    Variant {
        name: "time_out_around_a_handler_that_waits",
        claims: &["C21"],
        origin: "hyper",
        shows: &[Shows {
            via: Via::Direct,
            outcome: CutVisible,
            twin: Some("time_out_around_the_handler"),
            says: "tower's time-out drops a handler that waits for its first event before it returns a response",
        }],
        run: |stage| Box::pin(time_out_around_a_handler_that_waits(stage)),
    },
    Variant {
        name: "time_out_around_the_content",
        claims: &["C18", "C71"],
        origin: "hyper",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: CutVisible,
                twin: Some("time_out_around_the_handler"),
                says: "hyper leaves the last-chunk out when a time-out around the content passes",
            },
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: CutSilent,
                twin: Some("time_out_around_the_content@http11"),
                says: "nginx asks in HTTP/1.0, and makes a clean end of the time-out",
            },
            Shows {
                via: Via::Nginx("http11"),
                outcome: CutVisible,
                twin: Some("time_out_around_the_handler"),
                says: "nginx leaves the last-chunk out too when it asks in HTTP/1.1",
            },
        ],
        run: |stage| Box::pin(time_out_around_the_content(stage)),
    },
];

/// When the handler returns its response.
#[derive(Debug, Clone, Copy)]
enum Returns {
    AtOnce,
    WithTheFirstEvent,
}

/// A time-out of no length at all stands around the handler: it has passed before the first octet is sent.
///
/// Claims C21: here a time-out bounds one wait and not the whole response, as the claim says of `Send`; C71: such a layer
///        is no maximum life of a stream.
/// Clause `tower::timeout::Timeout` bounds the future that gives the response; the content is polled by the server later.
///        `tower_http::timeout` says so of its own `Timeout`, too.
/// Twin   `time_out_around_a_handler_that_waits`: one await before the response.
/// Cure   for a bound on the stream, put the time-out around the content.
pub async fn time_out_around_the_handler(stage: Stage) -> Transcript {
    let direct = stage.is_direct();
    let mut s = stage.meant(stream()).start(layered(Returns::AtOnce)).await;

    s.step("the reader asks, the handler returns in time, and one event is sent");
    s.reader.get("/events");
    sent(&mut s, direct, ONE).await;

    for (name, event) in [("two", TWO), ("three", THREE)] {
        give(&mut s, name, "the handler's time-out has passed long ago, and one more event is sent");
        sent(&mut s, direct, event).await;
    }

    give(&mut s, "end", "the content ends");
    s.reader.until(end_of_response()).await;
    s.finish().await
}

/// The same handler waits for its first event before it returns the response.
///
/// Claims C21, as above.
/// Clause as above. tower tells the caller `Elapsed`; what the reader gets is the application's choice: here 503.
/// Twin   `time_out_around_the_handler`: the response is returned before the first event is there.
/// Cure   return the response at once. If an error status is wanted for a late first event, this is the way to have it.
pub async fn time_out_around_a_handler_that_waits(stage: Stage) -> Transcript {
    let mut s = stage.meant(stream()).start(layered(Returns::WithTheFirstEvent)).await;

    s.step("the reader asks, the handler waits for its first event until its time-out has passed");
    s.reader.get("/events");
    s.reader.until(end_of_response()).await;
    s.finish().await
}

fn stream() -> Meant {
    Meant { status: Some(200), ..meant(&[ONE, TWO, THREE]) }
}

/// A handler behind tower's own layer. Of no length, so that it has passed without a clock: tower polls the handler first.
fn layered(returns: Returns) -> harness::origin::Plain {
    plain(move |_, aside| async move {
        let told = aside.clone();
        let handler = service_fn(move |()| handler(aside.clone(), returns));
        let answer = Timeout::new(handler, Duration::ZERO).oneshot(()).await;
        answer.unwrap_or_else(|error| {
            told.note(format!("tower: {error}"));
            let content = Empty::new().map_err(|never| match never {}).boxed_unsync();
            let mut response = Response::new(content);
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            response
        })
    })
}

async fn handler(aside: Aside, returns: Returns) -> Result<Response<Content>, Infallible> {
    if let Returns::WithTheFirstEvent = returns {
        pending::<()>().await;
    }
    let (mut sender, content) = Channel::<Bytes, Error>::new(1);
    let cue = aside.cue.clone();
    aside.spawn(async move {
        send(&mut sender, ONE).await;
        for (name, event) in [("two", TWO), ("three", THREE)] {
            cue.given(name).await;
            send(&mut sender, event).await;
        }
        cue.given("end").await;
    });
    Ok(event_stream(content.boxed_unsync()))
}

async fn send(sender: &mut Sender<Bytes, Error>, event: &'static str) {
    sender.send_data(Bytes::from(event)).await.expect("hyper takes content until the connection ends");
}

/// A time-out stands around the content, and passes while it waits for the next event.
///
/// A model: `tower_http::timeout` has such layers (`ResponseBodyTimeoutLayer` for each wait, `DeadlineBody` for the whole), whose
/// content ends in an error when their clock says so; here a cue stands for that clock.
///
/// Claims C18: confirmed: events already sent arrive, and the response is incomplete; C71: this bound is visible.
/// Clause RFC 9112 8: chunked content without last-chunk is incomplete; 6.3, rule 8, for HTTP/1.0.
/// Twin   `time_out_around_the_handler`: the time-out stands around the handler.
/// Cure   none needed where every hop speaks HTTP/1.1; a comment line as heartbeat keeps a stream inside a bound on each wait.
pub async fn time_out_around_the_content(stage: Stage) -> Transcript {
    let direct = stage.is_direct();
    let origin = plain(|_, aside| async move {
        let (mut sender, content) = Channel::<Bytes, Error>::new(1);
        let cue = aside.cue.clone();
        let deadline = Box::pin(async move { cue.given("deadline").await });
        send(&mut sender, ONE).await;
        event_stream(Timed { deadline, content, _sender: sender }.boxed_unsync())
    });
    let mut s = stage.meant(stream()).start(origin).await;

    s.step("the reader asks, the origin sends one event");
    s.reader.get("/events");
    sent(&mut s, direct, ONE).await;

    give(&mut s, "deadline", "the next event takes too long, and the time-out around the content passes");
    s.reader.until(end_of_response()).await;
    s.finish().await
}

/// Content that ends in an error when its deadline passes.
struct Timed {
    deadline: Pin<Box<dyn Future<Output = ()> + Send>>,
    content: Channel<Bytes, Error>,
    /// Kept, so that the content does not end by itself.
    _sender: Sender<Bytes, Error>,
}

impl Body for Timed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(deadline_has_passed())));
        }
        Pin::new(&mut self.content).poll_frame(cx)
    }
}
