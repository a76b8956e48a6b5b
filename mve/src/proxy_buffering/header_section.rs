//! The header section, when no event follows it yet.

use harness::origin::scripted;
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::until::{content_sent, end_of_response, sent};
use harness::verdict::Outcome::{Held, Intact};

use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "header_section_before_the_first_event",
        claims: &["C56"],
        origin: "scripted",
        shows: &[
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: Held,
                twin: Some("header_section_before_the_first_event@unbuffered"),
                says: "nginx as it ships holds the header section until content comes, so the reader does not know that it is connected",
            },
            Shows {
                via: Via::Nginx("http11"),
                outcome: Held,
                twin: Some("header_section_before_the_first_event@unbuffered-http11"),
                says: "nginx asking in HTTP/1.1 holds the header section until content comes",
            },
            Shows {
                via: Via::Nginx("unbuffered"),
                outcome: Intact,
                twin: None,
                says: "nginx without buffering passes the header section on before any content",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Intact,
                twin: None,
                says: "nginx without buffering, asking in HTTP/1.1, passes the header section on before any content",
            },
        ],
        run: |stage| Box::pin(header_section_before_the_first_event(stage)),
    },
    Variant {
        name: "header_section_with_a_chunk_size",
        claims: &["C56"],
        origin: "scripted",
        shows: &[Shows {
            via: Via::Nginx("unbuffered"),
            outcome: Held,
            twin: Some("header_section_before_the_first_event@unbuffered"),
            says: "nginx without buffering holds a header section that comes in one read with a chunk-size and no chunk-data",
        }],
        run: |stage| Box::pin(header_section_with_a_chunk_size(stage)),
    },
];

const EVENT: &str = "data: one\n\n";

/// The origin flushes its header section and has nothing to say yet; then it sends one event and ends. The framing is
/// chunked, so that the event itself would pass (see `holding`).
///
/// Claims C56: nginx needs `proxy_buffering off`: for the header section in every framing.
/// Clause WHATWG HTML 9.2.2: the connection is announced (`open`) when the header section is there, not at an event.
/// Twin   the same with `proxy_buffering off`.
/// Cure   `proxy_buffering off`; a comment (`:` and an empty line) as the first chunk, where only the origin can be changed.
pub async fn header_section_before_the_first_event(stage: Stage) -> Transcript {
    play(stage, "", "b\r\ndata: one\n\n\r\n").await
}

/// The origin writes the chunk-size of its first event together with the header section, and the event later.
///
/// Without buffering nginx flushes the header section when it comes alone, and flushes content when there is some. Octets
/// that are neither, read with the header section, make it do neither.
///
/// Claims C56: `proxy_buffering off` is enough: not for the header section of this origin.
/// Clause RFC 9112 7.1: a chunk-size is framing, not content.
/// Twin   `header_section_before_the_first_event@unbuffered`: the header section alone.
/// Cure   chunk-size and chunk-data in one write.
pub async fn header_section_with_a_chunk_size(stage: Stage) -> Transcript {
    play(stage, "b\r\n", "data: one\n\n\r\n").await
}

async fn play(stage: Stage, with_the_header_section: &str, event: &str) -> Transcript {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    let first = format!("{head}{with_the_header_section}");
    let script = scripted().request().send(&first).cue("event").send(event).cue("end").send("0\r\n\r\n").fin();
    let meant = Meant { content: Some(EVENT.into()), ..Meant::default() };
    let mut s = stage.meant(meant).start(script).await;

    s.step(if with_the_header_section.is_empty() {
        "the reader asks, the origin sends its header section"
    } else {
        "the reader asks, the origin sends its header section and a chunk-size"
    });
    s.reader.get("/events");
    s.origin.until(sent(format!("\r\n\r\n{with_the_header_section}"))).await;
    s.look().await;

    s.cue("event", "the origin sends the event").await;
    s.origin.until(content_sent(EVENT)).await;
    s.look().await;

    s.cue("end", "the origin ends").await;
    s.reader.until(end_of_response()).await;
    s.finish().await
}
