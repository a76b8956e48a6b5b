//! The handler's own deadline again: the handler aborts in place of returning.

use harness::stage::Stage;
use harness::transcript::Transcript;
use harness::verdict::Outcome::{CutSilent, CutVisible};

use super::context::{Half, Then, play};
use super::{ONE, THREE, TWO, meant};
use crate::catalogue::Via::{Direct, Nginx};
use crate::catalogue::{Shows, Variant};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "context_ends_and_the_handler_aborts",
        claims: &["C06", "C18", "C71"],
        origin: "writer",
        shows: &[
            Shows {
                via: Direct,
                outcome: CutVisible,
                twin: Some("context_ends_unnoticed"),
                says: "the server leaves the last-chunk out when the handler aborts",
            },
            Shows {
                via: Nginx("as-shipped"),
                outcome: CutSilent,
                twin: Some("context_ends_and_the_handler_aborts@http11"),
                says: "nginx asks in HTTP/1.0, and makes a clean end of the abort",
            },
            Shows {
                via: Nginx("http11"),
                outcome: CutVisible,
                twin: Some("context_ends_unnoticed"),
                says: "nginx leaves the last-chunk out too when it asks in HTTP/1.1",
            },
        ],
        run: |stage| Box::pin(context_ends_and_the_handler_aborts(stage)),
    },
    Variant {
        name: "context_ends_inside_an_event_and_the_handler_aborts",
        claims: &["C18"],
        origin: "writer",
        shows: &[
            Shows {
                via: Direct,
                outcome: CutVisible,
                twin: Some("context_ends_unnoticed"),
                says: "the server leaves the last-chunk out when the handler aborts inside an event",
            },
            Shows {
                via: Nginx("as-shipped"),
                outcome: CutSilent,
                twin: Some("context_ends_inside_an_event_and_the_handler_aborts@http11"),
                says: "nginx asks in HTTP/1.0, and makes a clean end of the abort inside an event",
            },
            Shows {
                via: Nginx("http11"),
                outcome: CutVisible,
                twin: Some("context_ends_unnoticed"),
                says: "nginx passes half an event on and leaves the last-chunk out when it asks in HTTP/1.1",
            },
        ],
        run: |stage| Box::pin(context_ends_inside_an_event_and_the_handler_aborts(stage)),
    },
    Variant {
        name: "context_ends_before_a_flush_and_the_handler_aborts",
        claims: &["C22"],
        origin: "writer",
        shows: &[Shows {
            via: Direct,
            outcome: CutVisible,
            twin: Some("context_ends_unnoticed"),
            says: "the server drops what was not flushed when the handler aborts",
        }],
        run: |stage| Box::pin(context_ends_before_a_flush_and_the_handler_aborts(stage)),
    },
];

/// The deadline passes between two events, and the handler aborts.
///
/// Claims C18: confirmed here: events already sent arrive, and the response is incomplete.
/// Clause Go: `http.ErrAbortHandler`. RFC 9112 8: chunked content without last-chunk is incomplete; 6.3, rule 8: in HTTP/1.0
///        the end of the connection ends the content, and an abort is no different.
/// Twin   `context_ends_unnoticed`: the handler goes on. Behind nginx as it ships: `http11`, which asks the origin in HTTP/1.1.
/// Cure   this is one, where every hop speaks HTTP/1.1.
pub async fn context_ends_and_the_handler_aborts(stage: Stage) -> Transcript {
    play(stage.meant(meant(&[ONE, TWO, THREE])), Half::None, Then::Aborts).await
}

/// The deadline passes when half of an event is flushed, and the handler aborts.
///
/// Claims C18: confirmed, as above.
/// Clause WHATWG HTML 9.2.6: a pending event at the end of the stream is discarded. RFC 9112 8, and 6.3, rule 8, as above.
/// Twin   `context_ends_unnoticed`: the handler goes on. Behind nginx as it ships: `http11`.
/// Cure   this is one, where every hop speaks HTTP/1.1.
pub async fn context_ends_inside_an_event_and_the_handler_aborts(stage: Stage) -> Transcript {
    play(stage.meant(meant(&[ONE, TWO, THREE])), Half::Flushed, Then::Aborts).await
}

/// The deadline passes when half of an event is written and not flushed, and the handler aborts.
///
/// Claims C22: confirmed here: what was not flushed stays in the buffer, and is lost with it.
/// Clause Go: content that is not framed yet is dropped when a handler panics.
/// Twin   `context_ends_unnoticed`: the handler goes on.
/// Cure   none needed: no reader gets half an event.
pub async fn context_ends_before_a_flush_and_the_handler_aborts(stage: Stage) -> Transcript {
    play(stage.meant(meant(&[ONE, TWO, THREE])), Half::NotFlushed, Then::Aborts).await
}
