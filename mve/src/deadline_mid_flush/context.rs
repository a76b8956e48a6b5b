//! The handler's own deadline, as `context.WithTimeout` gives it: it touches nothing, and what the reader sees is what the
//! handler makes of it.

use std::io;

use harness::origin::Cue;
use harness::origin::writer;
use harness::origin::writer::{Request, ResponseWriter};
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::until::end_of_response;
use harness::verdict::Outcome::{CutSilent, CutVisible, Intact};

use super::{DONE, ONE, THREE, TWO, meant, sent};
use crate::catalogue::Via::{Direct, Nginx};
use crate::catalogue::{Shows, Variant};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "context_ends_between_events",
        claims: &["C06", "C18", "C71"],
        origin: "writer",
        shows: &[
            Shows {
                via: Direct,
                outcome: CutSilent,
                twin: Some("context_ends_and_the_handler_aborts"),
                says: "the server completes the response of a handler that returns because its context has ended",
            },
            Shows {
                via: Nginx("as-shipped"),
                outcome: CutSilent,
                twin: Some("context_ends_before_done"),
                says: "nginx passes on as whole what the handler has left off",
            },
            Shows {
                via: Nginx("http11"),
                outcome: CutSilent,
                twin: Some("context_ends_and_the_handler_aborts"),
                says: "nginx passes on as whole what the handler has left off, in HTTP/1.1 too",
            },
        ],
        run: |stage| Box::pin(context_ends_between_events(stage)),
    },
    Variant {
        name: "context_ends_inside_an_event",
        claims: &["C06", "C18"],
        origin: "writer",
        shows: &[
            Shows {
                via: Direct,
                outcome: CutSilent,
                twin: Some("context_ends_inside_an_event_and_the_handler_aborts"),
                says: "the server completes a response that ends inside an event, and the reader discards the first half",
            },
            Shows {
                via: Nginx("as-shipped"),
                outcome: CutSilent,
                twin: Some("context_ends_before_done"),
                says: "nginx passes half an event on and completes the response",
            },
        ],
        run: |stage| Box::pin(context_ends_inside_an_event(stage)),
    },
    Variant {
        name: "context_ends_before_a_flush",
        claims: &["C06", "C22"],
        origin: "writer",
        shows: &[Shows {
            via: Direct,
            outcome: CutSilent,
            twin: Some("context_ends_before_a_flush_and_the_handler_aborts"),
            says: "the server flushes at the return, so that half an event leaves that nobody has flushed",
        }],
        run: |stage| Box::pin(context_ends_before_a_flush(stage)),
    },
    Variant {
        name: "context_ends_unnoticed",
        claims: &["C06", "C19"],
        origin: "writer",
        shows: &[
            Shows {
                via: Direct,
                outcome: Intact,
                twin: None,
                says: "writes and flushes go on after the context has ended, and the response is whole",
            },
            Shows {
                via: Nginx("http11"),
                outcome: Intact,
                twin: None,
                says: "nginx passes on whole what a handler writes after its context has ended",
            },
        ],
        run: |stage| Box::pin(context_ends_unnoticed(stage)),
    },
    Variant {
        name: "context_ends_before_done",
        claims: &["C06", "C24", "C71"],
        origin: "writer",
        shows: &[
            Shows {
                via: Direct,
                outcome: CutVisible,
                twin: Some("context_ends_unnoticed"),
                says: "the reader tells the cut by the missing last event, when both sides have agreed on it",
            },
            Shows {
                via: Nginx("as-shipped"),
                outcome: CutVisible,
                twin: Some("context_ends_before_done@direct"),
                says: "the reader tells the cut by the missing last event through nginx as it ships",
            },
        ],
        run: |stage| Box::pin(context_ends_before_done(stage)),
    },
];

const HALF: &str = "data: t";

/// What is on its way, after the first event, when the deadline passes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Half {
    None,
    Flushed,
    NotFlushed,
}

/// What the handler does about its deadline.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    Returns,
    Aborts,
    GoesOn,
}

/// The handler's deadline passes between two events, and the handler returns.
///
/// Claims C06: "silently truncates": it does not; it touches no socket. The handler returns, and a handler that has
///        returned has a complete response. C18: what was sent arrives; "incomplete" is wrong: the last-chunk is there.
///        C71: as a maximum life of a stream this is a cut that nobody can see.
/// Clause RFC 9112 7.1: the last-chunk. Go: `context` knows nothing of connections; `net/http` completes the response when
///        the handler returns.
/// Twin   `context_ends_and_the_handler_aborts`: it aborts in place of returning.
/// Cure   abort (`panic(http.ErrAbortHandler)`), or agree on an event that ends the stream.
pub async fn context_ends_between_events(stage: Stage) -> Transcript {
    play(stage.meant(meant(&[ONE, TWO, THREE])), Half::None, Then::Returns).await
}

/// The deadline passes when half of an event is flushed, and the handler returns.
///
/// Claims C06, C18, as above.
/// Clause WHATWG HTML 9.2.6: a pending event at the end of the stream is discarded.
/// Twin   `context_ends_inside_an_event_and_the_handler_aborts`: it aborts in place of returning.
/// Cure   write an event in one piece and look at the context between events; abort.
pub async fn context_ends_inside_an_event(stage: Stage) -> Transcript {
    play(stage.meant(meant(&[ONE, TWO, THREE])), Half::Flushed, Then::Returns).await
}

/// The deadline passes when half of an event is written and not flushed, and the handler returns.
///
/// Claims C22: what was not flushed does not stay in a buffer: the return flushes it.
/// Clause Go: `net/http` flushes both buffers when the handler returns.
/// Twin   `context_ends_before_a_flush_and_the_handler_aborts`: it aborts in place of returning.
/// Cure   the same.
pub async fn context_ends_before_a_flush(stage: Stage) -> Transcript {
    play(stage.meant(meant(&[ONE, TWO, THREE])), Half::NotFlushed, Then::Returns).await
}

/// The deadline passes between two events, and the handler never looks at its context.
///
/// Claims C06: refuted: nothing is truncated; C19: the end of a context interrupts no write.
/// Clause Go: a context ends nothing by itself: whoever holds it has to look.
/// Twin   none needed: it is the healthy one of `context_ends_between_events`.
/// Cure   none needed.
pub async fn context_ends_unnoticed(stage: Stage) -> Transcript {
    play(stage.meant(meant(&[ONE, TWO, THREE])), Half::None, Then::GoesOn).await
}

/// The same end, but reader and origin have agreed that a stream ends with `event: done`.
///
/// Claims C24: where it was cut a reader cannot tell; that it was, it can. C71: with this, a maximum life is visible.
/// Clause none: an end mark in the content is an agreement of the application, above RFC 9112.
/// Twin   `context_ends_unnoticed`: the handler goes on. Without the agreement: `context_ends_between_events`.
/// Cure   this is one, and the only one that no gateway can take away.
pub async fn context_ends_before_done(stage: Stage) -> Transcript {
    let meant = Meant { terminal: Some("done".into()), ..meant(&[ONE, TWO, THREE, DONE]) };
    play(stage.meant(meant), Half::None, Then::Returns).await
}

pub(super) async fn play(stage: Stage, half: Half, then: Then) -> Transcript {
    let direct = stage.is_direct();
    let mut s = stage.start(writer(move |w, r, cue| events(w, r, cue, half, then))).await;

    s.step("the reader asks, the handler flushes one event");
    s.reader.get("/events");
    sent(&mut s, direct, ONE).await;
    match half {
        Half::None => {}
        Half::Flushed => {
            s.cue("half", "the handler flushes half of the next event").await;
            sent(&mut s, direct, HALF).await;
        }
        Half::NotFlushed => s.cue("half", "the handler writes half of the next event and does not flush it").await,
    }

    s.cue("deadline", &format!("the handler's deadline passes, and {}", then.text())).await;
    if let Then::GoesOn = then {
        sent(&mut s, direct, TWO).await;
        s.cue("three", "the handler writes one more").await;
        sent(&mut s, direct, THREE).await;
        s.cue("end", "the handler returns").await;
    }
    s.reader.until(end_of_response()).await;
    s.finish().await
}

async fn events(w: ResponseWriter, r: Request, cue: Cue, half: Half, then: Then) -> io::Result<()> {
    let (context, cancel) = r.context().with_cancel();
    w.header().set("Content-Type", "text/event-stream");
    w.write(ONE).await?;
    w.flush().await?;
    if !matches!(half, Half::None) {
        cue.wait("half").await;
        w.write(HALF).await?;
    }
    if let Half::Flushed = half {
        w.flush().await?;
    }
    // The clock of context.WithTimeout.
    cue.wait("deadline").await;
    cancel.cancel();
    match then {
        Then::Returns if context.is_done() => return Ok(()),
        Then::Aborts if context.is_done() => w.abort(),
        // It does not look, though it is.
        _ => {}
    }
    for (event, next) in [(TWO, "three"), (THREE, "end")] {
        w.write(event).await?;
        w.flush().await?;
        cue.wait(next).await;
    }
    Ok(())
}

impl Then {
    fn text(self) -> &'static str {
        match self {
            Self::Returns => "it returns",
            Self::Aborts => "it aborts",
            Self::GoesOn => "it does not look, and writes the next event",
        }
    }
}
