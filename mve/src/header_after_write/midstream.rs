//! An error that is found in mid-stream, and four ways to tell it.

use harness::origin::writer;
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::until::{end_of_response, noted, waiting};
use harness::verdict::Outcome::{self, CutSilent, CutVisible, Held, Intact};

use crate::catalogue::Via::{self, Direct, Nginx};
use crate::catalogue::{Shows, Variant};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "error_by_status",
        claims: &["C37"],
        origin: "writer",
        shows: &[
            shows(Direct, CutSilent, "an error told by status in mid-stream is a complete response of 200"),
            shows(Nginx("as-shipped"), CutSilent, "behind nginx as it ships it is a complete response of 200 too"),
            shows(Nginx("http11"), CutSilent, "with HTTP/1.1 to the origin it is a complete response of 200 too"),
        ],
        run: |stage| Box::pin(play(stage, Telling::Status)),
    },
    Variant {
        name: "error_by_undeclared_field",
        claims: &["C38"],
        origin: "writer",
        shows: &[shows(
            Direct,
            CutSilent,
            "an error told by a field that is set late and not declared as a trailer is told to nobody",
        )],
        run: |stage| Box::pin(play(stage, Telling::UndeclaredField)),
    },
    Variant {
        name: "error_by_trailer",
        claims: &["C38"],
        origin: "writer",
        shows: &[
            healthy(Direct, Intact, "an error told by a declared trailer arrives after the last-chunk"),
            shows(
                Nginx("as-shipped"),
                CutSilent,
                "nginx as it ships asks in HTTP/1.0, which has no trailer section, and the error is lost",
            ),
            shows(
                Nginx("http11"),
                CutSilent,
                "nginx with HTTP/1.1 to the origin receives the trailer section and drops it",
            ),
            healthy(Nginx("pass-trailers"), Intact, "nginx with proxy_pass_trailers passes the trailer section on"),
        ],
        run: |stage| Box::pin(play(stage, Telling::Trailer)),
    },
    Variant {
        name: "error_by_event",
        claims: &[],
        origin: "writer",
        shows: &[
            healthy(Direct, Intact, "an error told as an event arrives"),
            healthy(
                Nginx("as-shipped"),
                Held,
                "an error told as an event arrives through nginx as it ships, when the handler has returned",
            ),
            healthy(Nginx("http11"), Intact, "an error told as an event passes nginx with HTTP/1.1 to the origin"),
        ],
        run: |stage| Box::pin(play(stage, Telling::Event)),
    },
    Variant {
        name: "error_by_abort",
        claims: &[],
        origin: "writer",
        shows: &[
            healthy(Direct, CutVisible, "an error told by an abort has no last-chunk, and the reader can tell"),
            shows(
                Nginx("as-shipped"),
                CutSilent,
                "nginx as it ships turns the missing last-chunk into a clean end: in HTTP/1.0 there is none to miss",
            ),
            healthy(Nginx("http11"), CutVisible, "nginx with HTTP/1.1 to the origin passes the abort on"),
        ],
        run: |stage| Box::pin(play(stage, Telling::Abort)),
    },
];

const fn shows(via: Via, outcome: Outcome, says: &'static str) -> Shows {
    Shows { via, outcome, twin: Some("error_by_event"), says }
}

const fn healthy(via: Via, outcome: Outcome, says: &'static str) -> Shows {
    Shows { via, outcome, twin: None, says }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    Status,
    UndeclaredField,
    Trailer,
    Event,
    Abort,
}

const EVENT: &str = "data: one\n\n";
const ERROR: &str = "event: error\ndata: disk full\n\n";

impl Telling {
    /// The event that went well, and the error in the form that the handler chose.
    fn meant(self) -> Meant {
        let error = || vec![("X-Error".to_owned(), "disk full".to_owned())];
        let meant = Meant { content: Some(EVENT.into()), ..Meant::default() };
        match self {
            Self::Status => Meant { status: Some(500), ..meant },
            Self::UndeclaredField => Meant { fields: error(), ..meant },
            Self::Trailer => Meant { trailers: error(), ..meant },
            // An aborting handler means the rest that it could not send.
            Self::Abort => Meant { content: Some(format!("{EVENT}data: two\n\n").into()), ..meant },
            Self::Event => Meant { content: Some(format!("{EVENT}{ERROR}").into()), ..meant },
        }
    }
}

/// The handler sends an event, finds an error, and tells it.
///
/// Claims C37, C38: what is set after the first write is ignored or dropped.
/// Clause RFC 9110 6.5.1: fields after the content are trailers, which a gateway may drop (RFC 9112 7.1.2) and HTTP/1.0
///        cannot carry; WHATWG HTML 9.2.6: an event passes wherever content passes.
/// Twin   `error_by_event`: the same error, told in the content.
/// Cure   tell errors as events; abort when the reader must not take the stream for whole.
async fn play(stage: Stage, telling: Telling) -> Transcript {
    let handler = writer(move |w, _request, cue| async move {
        w.header().set("Content-Type", "text/event-stream");
        if telling == Telling::Trailer {
            w.header().set("Trailer", "X-Error");
        }
        w.write(EVENT).await?;
        w.flush().await?;
        cue.wait("error").await;
        match telling {
            Telling::Status => w.write_header(500).await,
            Telling::UndeclaredField | Telling::Trailer => w.header().set("X-Error", "disk full"),
            Telling::Event => {
                w.write(ERROR).await?;
                w.flush().await?;
            }
            Telling::Abort => w.abort(),
        }
        // A step of its own: whether a gateway finds content and end in one read or in two is the kernel's mood.
        cue.wait("return").await;
        Ok(())
    });
    let mut s = stage.meant(telling.meant()).start(handler).await;
    s.step("the reader asks, the handler sends an event");
    s.reader.get("/events");
    s.origin.until(noted("flush 1")).await;
    s.look().await;
    s.cue("error", "the handler finds an error and tells it").await;
    if telling != Telling::Abort {
        s.origin.until(waiting("return")).await;
        s.look().await;
        s.step("the handler returns");
        s.origin.cue().give("return");
    }
    s.reader.until(end_of_response()).await;
    s.finish().await
}
