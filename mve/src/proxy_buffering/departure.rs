//! The reader leaves: whether the origin is told.

use harness::origin::scripted;
use harness::reader::Raw;
use harness::stage::{Scene, Stage};
use harness::transcript::{Meant, Transcript};
use harness::until::{end_of_response, noted};
use harness::verdict::Outcome::{CutVisible, Intact, Leaked};

use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "reader_closes",
        claims: &[],
        origin: "scripted",
        shows: &[
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: Intact,
                twin: None,
                says: "nginx as it ships closes the origin's connection at once when the reader closes",
            },
            Shows {
                via: Via::Nginx("unbuffered"),
                outcome: Intact,
                twin: None,
                says: "nginx without buffering closes the origin's connection at once when the reader closes",
            },
        ],
        run: |stage| Box::pin(reader_closes(stage)),
    },
    Variant {
        name: "reader_closes_unnoticed",
        claims: &[],
        origin: "scripted",
        shows: &[Shows {
            via: Via::Nginx("ignore-client-abort"),
            outcome: Leaked,
            twin: Some("reader_closes@as-shipped"),
            says: "nginx told to ignore the reader's departure lets the origin write on for nobody",
        }],
        run: |stage| Box::pin(reader_closes_unnoticed(stage)),
    },
    Variant {
        name: "reader_resets",
        claims: &[],
        origin: "scripted",
        shows: &[
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: Intact,
                twin: None,
                says: "nginx as it ships closes the origin's connection at once when the reader resets its own",
            },
            Shows {
                via: Via::Nginx("unbuffered"),
                outcome: Intact,
                twin: None,
                says: "nginx without buffering closes the origin's connection at once when the reader resets its own",
            },
        ],
        run: |stage| Box::pin(reader_resets(stage)),
    },
    Variant {
        name: "reader_resets_unnoticed",
        claims: &[],
        origin: "scripted",
        shows: &[Shows {
            via: Via::Nginx("ignore-client-abort"),
            outcome: Leaked,
            twin: Some("reader_resets@as-shipped"),
            says: "nginx told to ignore the reader's departure lets the origin write on even after a reset",
        }],
        run: |stage| Box::pin(reader_resets_unnoticed(stage)),
    },
    Variant {
        name: "reader_half_closes",
        claims: &[],
        origin: "scripted",
        shows: &[
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: CutVisible,
                twin: Some("reader_half_closes_unnoticed@ignore-client-abort"),
                says: "nginx as it ships takes a half-close for a departure and closes both connections, though the reader still reads",
            },
            Shows {
                via: Via::Nginx("unbuffered"),
                outcome: CutVisible,
                twin: Some("reader_half_closes_unnoticed@ignore-client-abort"),
                says: "nginx without buffering takes a half-close for a departure and cuts the response, though the reader still reads",
            },
        ],
        run: |stage| Box::pin(reader_half_closes(stage)),
    },
    Variant {
        name: "reader_half_closes_unnoticed",
        claims: &[],
        origin: "scripted",
        shows: &[Shows {
            via: Via::Nginx("ignore-client-abort"),
            outcome: Intact,
            twin: None,
            says: "nginx told to ignore the reader's departure gives a reader that half-closed the whole response",
        }],
        run: |stage| Box::pin(reader_half_closes_unnoticed(stage)),
    },
];

const REQUEST: &str = "GET /events HTTP/1.1\r\nHost: mve.test\r\nAccept: text/event-stream\r\n\r\n";
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const ONE: &str = "b\r\ndata: one\n\n\r\n";
const TWO: &str = "b\r\ndata: two\n\n\r\n";
const LAST: &str = "0\r\n\r\n";

/// How a reader leaves.
#[derive(Clone, Copy)]
enum Leaving {
    Closing,
    Resetting,
}

/// The reader closes its connection after the first event; the origin is told, and works for nobody no longer.
///
/// Claims none: the document is silent about it.
/// Clause RFC 9112 9.5: a gateway that loses its client may close the other side; none must.
/// Twin   it is the twin of `reader_closes_unnoticed`.
/// Cure   none is needed: `proxy_ignore_client_abort` is off by default.
pub async fn reader_closes(stage: Stage) -> Transcript {
    told(stage, Leaving::Closing).await
}

/// The same, and nginx is told not to mind. The origin's next write succeeds, and so would every other one.
///
/// Claims none.
/// Clause as above; nginx documents `proxy_ignore_client_abort`.
/// Twin   `reader_closes`: without the directive.
/// Cure   leave `proxy_ignore_client_abort` off where streams are served.
pub async fn reader_closes_unnoticed(stage: Stage) -> Transcript {
    untold(stage, Leaving::Closing).await
}

/// The reader resets its connection after the first event.
///
/// Claims none.
/// Clause RFC 9112 9.5.
/// Twin   it is the twin of `reader_resets_unnoticed`.
/// Cure   none is needed.
pub async fn reader_resets(stage: Stage) -> Transcript {
    told(stage, Leaving::Resetting).await
}

/// The same, and nginx is told not to mind.
///
/// Claims none.
/// Clause RFC 9112 9.5.
/// Twin   `reader_resets`: without the directive.
/// Cure   leave `proxy_ignore_client_abort` off where streams are served.
pub async fn reader_resets_unnoticed(stage: Stage) -> Transcript {
    untold(stage, Leaving::Resetting).await
}

/// The reader has asked all that it wants to ask and says so with FIN, as TCP allows; it goes on reading.
///
/// Claims none.
/// Clause RFC 9293 3.6: who closes may go on receiving; RFC 9112 is silent on a client's half-close. nginx cannot tell it
///        from a departure, and does not wait to find out.
/// Twin   `reader_half_closes_unnoticed`: with `proxy_ignore_client_abort on`.
/// Cure   no half-close in clients of event streams; `proxy_ignore_client_abort on` costs the leak above.
pub async fn reader_half_closes(stage: Stage) -> Transcript {
    let mut s = one_event(stage.meant(whole())).await;

    s.step("the reader half-closes and goes on reading");
    s.reader.half_close().await;
    s.origin.until(noted("the peer has left")).await;
    s.reader.until(end_of_response()).await;
    s.finish().await
}

/// The same half-close, which nginx is told not to mind.
///
/// Claims none.
/// Clause RFC 9293 3.6.
/// Twin   it is the twin of `reader_half_closes`.
/// Cure   it is one, at the price of `reader_closes_unnoticed`.
pub async fn reader_half_closes_unnoticed(stage: Stage) -> Transcript {
    let mut s = one_event(stage.meant(whole())).await;

    s.step("the reader half-closes and goes on reading");
    s.reader.half_close().await;
    s.settle().await;

    s.cue("two", "the origin sends another event and ends").await;
    s.release("end").await;
    s.reader.until(end_of_response()).await;
    s.finish().await
}

async fn told(stage: Stage, leaving: Leaving) -> Transcript {
    let mut s = one_event(stage).await;
    leave(&mut s, leaving).await;
    s.origin.until(noted("the peer has left")).await;
    s.finish().await
}

async fn untold(stage: Stage, leaving: Leaving) -> Transcript {
    let mut s = one_event(stage).await;
    leave(&mut s, leaving).await;
    s.settle().await;

    s.cue("two", "nginx has dealt with it, and the origin sends another event").await;
    s.origin.until(noted("write 2")).await;
    s.settle().await;

    s.cue("end", "the origin ends").await;
    s.finish().await
}

/// Two events; between them the origin notices when its connection is closed.
async fn one_event(stage: Stage) -> Scene<Raw> {
    let script = scripted()
        .request()
        .write(format!("{HEAD}{ONE}"))
        .cue_or_departure("two")
        .write(TWO)
        .cue("end")
        .send(LAST)
        .fin();
    let mut s = stage.start_raw(script).await;
    s.step("the reader asks, the origin sends one event");
    s.reader.send(REQUEST).await;
    s.origin.until(noted("write 1")).await;
    s.look().await;
    s
}

async fn leave(s: &mut Scene<Raw>, leaving: Leaving) {
    match leaving {
        Leaving::Closing => {
            s.step("the reader closes its connection");
            s.reader.leave();
        }
        Leaving::Resetting => {
            s.step("the reader resets its connection");
            s.reader.abort().await;
        }
    }
}

/// What a reader that still reads is owed.
fn whole() -> Meant {
    Meant { content: Some(b"data: one\n\ndata: two\n\n".to_vec()), ..Meant::default() }
}
