//! Two small events behind nginx, in each framing, and what is said to stop nginx from holding them.
//!
//! nginx reads into a buffer of one page, and hands the buffer on when it is full or the response is over. Only chunked
//! coding has another rule: its parser asks for the octets that the message cannot do without, three behind a whole
//! chunk, and with these the buffer is handed on and flushed (`ngx_http_parse_chunked`, `ngx_event_pipe_read_upstream`).

use harness::origin::scripted;
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::until::{content_sent, end_of_response};
use harness::verdict::Outcome::{Held, Intact};

use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "small_events",
        claims: &["C04", "C54", "C55", "C56", "C59", "C60", "C68"],
        origin: "scripted",
        shows: &[
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: Held,
                twin: Some("small_events@unbuffered"),
                says: "nginx as it ships holds close-delimited events until the origin ends",
            },
            Shows {
                via: Via::Nginx("http11"),
                outcome: Held,
                twin: Some("small_events@unbuffered-http11"),
                says: "nginx asking in HTTP/1.1 holds close-delimited events all the same",
            },
            Shows {
                via: Via::Nginx("add-header"),
                outcome: Held,
                twin: Some("small_events_with_x_accel_buffering@as-shipped"),
                says: "nginx tells the reader X-Accel-Buffering: no by its own add_header, and holds the events all the same",
            },
            Shows {
                via: Via::Nginx("unbuffered"),
                outcome: Intact,
                twin: None,
                says: "nginx without buffering passes each event on as it comes, asking in HTTP/1.0",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Intact,
                twin: None,
                says: "nginx without buffering passes each event on as it comes, although it sends Connection: close to the origin",
            },
        ],
        run: |stage| Box::pin(small_events(stage)),
    },
    Variant {
        name: "small_events_with_x_accel_buffering",
        claims: &["C56", "C59"],
        origin: "scripted",
        shows: &[Shows {
            via: Via::Nginx("as-shipped"),
            outcome: Intact,
            twin: None,
            says: "nginx obeys X-Accel-Buffering: no from the origin, and keeps the field line to itself",
        }],
        run: |stage| Box::pin(small_events_with_x_accel_buffering(stage)),
    },
    Variant {
        name: "length_delimited_events",
        claims: &["C56"],
        origin: "scripted",
        shows: &[
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: Held,
                twin: Some("length_delimited_events@unbuffered"),
                says: "nginx as it ships holds length-delimited events until the last octet is there",
            },
            Shows {
                via: Via::Nginx("unbuffered"),
                outcome: Intact,
                twin: None,
                says: "nginx without buffering passes each length-delimited event on as it comes",
            },
        ],
        run: |stage| Box::pin(length_delimited_events(stage)),
    },
    Variant {
        name: "chunked_events",
        claims: &["C54", "C56", "C68"],
        origin: "scripted",
        shows: &[
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: Intact,
                twin: None,
                says: "nginx as it ships, buffering, passes an event on at once when it comes as one whole chunk",
            },
            Shows {
                via: Via::Nginx("http11"),
                outcome: Intact,
                twin: None,
                says: "nginx asking in HTTP/1.1, buffering, passes an event on at once when it comes as one whole chunk",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Intact,
                twin: None,
                says: "nginx without buffering passes each chunk on as it comes",
            },
        ],
        run: |stage| Box::pin(chunked_events(stage)),
    },
];

const ONE: &str = "data: one\n\n";
const TWO: &str = "data: two\n\n";

/// What tells the end of the content: RFC 9112 6.3.
enum Framing {
    Close,
    Length,
    Chunked,
}

/// Two small events, the second after the reader could have had the first; the origin ends the content by closing.
///
/// Claims C56, C68: nginx buffers by default and needs `proxy_buffering off`: so it is, for this framing. C54: nginx
///        needs HTTP/1.1 towards the origin: not for this. C55, C60: the Connection field plays no part. C59: `add_header`
///        switches no buffering off.
/// Clause none: RFC 9110 7.6 lets a gateway buffer; nginx documents it as the default (`proxy_buffering`).
/// Twin   the same with `proxy_buffering off`.
/// Cure   `proxy_buffering off`, or `X-Accel-Buffering: no` from the origin.
pub async fn small_events(stage: Stage) -> Transcript {
    play(stage, Framing::Close, "").await
}

/// The same, and the origin says that nginx is not to buffer.
///
/// Claims C59: `X-Accel-Buffering: no` switches nginx's buffering off: from the origin it does.
/// Clause none; nginx documents the field at `proxy_buffering` and hides it from the reader (`proxy_hide_header`).
/// Twin   it is the twin of `small_events@add-header`: the same field line, from the other side.
/// Cure   it is one.
pub async fn small_events_with_x_accel_buffering(stage: Stage) -> Transcript {
    play(stage, Framing::Close, "X-Accel-Buffering: no\r\n").await
}

/// The same two events with a Content-Length.
///
/// Claims C56: nginx needs `proxy_buffering off`: so it is.
/// Clause RFC 9112 6.3: the content is as long as Content-Length says.
/// Twin   the same with `proxy_buffering off`.
/// Cure   `proxy_buffering off`.
pub async fn length_delimited_events(stage: Stage) -> Transcript {
    play(stage, Framing::Length, "").await
}

/// The same two events, each one chunk, each chunk one write. Buffering is on, and nothing is held.
///
/// Claims C56, C68: nginx needs `proxy_buffering off`, because it buffers by default: not when whole chunks come. What
///        is held of others stands in `pieces`. C54: HTTP/1.1 is no condition: the origin may answer an HTTP/1.0 request
///        in chunks, although RFC 9112 6.1 forbids it, and nginx takes them.
/// Clause RFC 9112 7.1: chunk; nginx's rule stands in no documentation, so a case must not rely on it.
/// Twin   none is needed; `small_events@as-shipped` is the same without chunks.
/// Cure   none is needed; `proxy_buffering off` makes it certain.
pub async fn chunked_events(stage: Stage) -> Transcript {
    play(stage, Framing::Chunked, "").await
}

async fn play(stage: Stage, framing: Framing, field_line: &str) -> Transcript {
    let meant = Meant { content: Some(format!("{ONE}{TWO}").into_bytes()), ..Meant::default() };
    let (delimiter, one, two) = match framing {
        Framing::Close => ("", ONE.to_owned(), TWO.to_owned()),
        Framing::Length => ("Content-Length: 22\r\n", ONE.to_owned(), TWO.to_owned()),
        Framing::Chunked => {
            ("Transfer-Encoding: chunked\r\n", format!("b\r\n{ONE}\r\n"), format!("b\r\n{TWO}\r\n0\r\n\r\n"))
        }
    };
    let script = scripted()
        .request()
        .send(format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{delimiter}{field_line}\r\n{one}"))
        .cue("end")
        .send(two)
        .fin();
    let mut s = stage.meant(meant).start(script).await;

    s.step("the reader asks, the origin sends one event");
    s.reader.get("/events");
    s.origin.until(content_sent(ONE)).await;
    s.look().await;

    s.cue("end", "the origin sends another one and ends").await;
    s.reader.until(end_of_response()).await;
    s.finish().await
}
