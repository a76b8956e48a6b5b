//! Small events behind nginx, with its buffering on and off.

use harness::origin::scripted;
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::until::{end_of_response, sent};
use harness::verdict::Outcome::{Held, Intact};

use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[Variant {
    name: "small_events",
    claims: &["C53", "C56", "C68"],
    origin: "scripted",
    shows: &[
        Shows {
            via: Via::Nginx("as-shipped"),
            outcome: Held,
            twin: Some("small_events@unbuffered"),
            says: "nginx as it ships holds small events until the origin ends",
        },
        Shows {
            via: Via::Nginx("unbuffered"),
            outcome: Intact,
            twin: None,
            says: "nginx without buffering passes each event on as it comes",
        },
    ],
    run: |stage| Box::pin(small_events(stage)),
}];

/// Two small events, the second after the reader could have had the first.
///
/// Claims C56: nginx needs `proxy_buffering off`.
/// Clause none: RFC 9110 7.6 lets a gateway buffer; nginx documents it as the default.
/// Twin   the same behind `unbuffered`.
pub async fn small_events(stage: Stage) -> Transcript {
    let meant = Meant { content: Some(b"data: one\n\ndata: two\n\n".to_vec()), ..Meant::default() };
    let script = scripted()
        .request()
        .send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        .send("data: one\n\n")
        .cue("end")
        .send("data: two\n\n")
        .fin();
    let mut s = stage.meant(meant).start(script).await;

    s.step("the reader asks, the origin sends one event");
    s.reader.get("/events");
    s.origin.until(sent("data: one\n\n")).await;
    s.look().await;

    s.cue("end", "the origin sends another one and ends").await;
    s.reader.until(end_of_response()).await;
    s.finish().await
}
