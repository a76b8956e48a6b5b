//! gzip for an event stream.

use harness::origin::scripted;
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::until::{end_of_response, sent};
use harness::verdict::Outcome::{Held, Intact};

use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "compressed_events",
        claims: &["C56"],
        origin: "scripted",
        shows: &[
            Shows {
                via: Via::Nginx("gzip-buffered"),
                outcome: Held,
                twin: Some("compressed_events_with_x_accel_buffering@gzip-buffered"),
                says: "nginx with gzip and buffering holds every event in the compressor until the origin ends",
            },
            Shows {
                via: Via::Nginx("gzip"),
                outcome: Intact,
                twin: None,
                says: "nginx with gzip and without buffering flushes the compressor for each event",
            },
        ],
        run: |stage| Box::pin(compressed_events(stage)),
    },
    Variant {
        name: "compressed_events_with_x_accel_buffering",
        claims: &["C56", "C59"],
        origin: "scripted",
        shows: &[Shows {
            via: Via::Nginx("gzip-buffered"),
            outcome: Intact,
            twin: None,
            says: "nginx with gzip flushes the compressor for each event when the origin says X-Accel-Buffering: no",
        }],
        run: |stage| Box::pin(compressed_events_with_x_accel_buffering(stage)),
    },
    Variant {
        name: "events_that_need_no_compression",
        claims: &["C56"],
        origin: "scripted",
        shows: &[Shows {
            via: Via::Nginx("gzip-buffered"),
            outcome: Intact,
            twin: None,
            says: "nginx with gzip and buffering passes chunked events on at once to a reader that does not ask for gzip",
        }],
        run: |stage| Box::pin(events_that_need_no_compression(stage)),
    },
];

/// Two chunked events, which nginx as it ships passes on as they come (see `holding`), for a reader that takes gzip.
///
/// nginx compresses what it proxies as what it serves (`gzip_types` has to name `text/event-stream`). Its compressor
/// gives octets away when it has many, at a flush, or at the end; nginx flushes it for each read when buffering is off,
/// and never when it is on. No decompression happens here: that the octets of an event are there, not what they say.
///
/// Claims C56: nginx needs `proxy_buffering off`: with gzip for chunks too.
/// Clause RFC 9110 8.4.1.3: gzip; RFC 1951 has an empty stored block for a flush (`00 00 FF FF`).
/// Twin   `X-Accel-Buffering: no` from the origin: one field line.
/// Cure   `proxy_buffering off`; gzip may stay on.
pub async fn compressed_events(stage: Stage) -> Transcript {
    play(stage, "Accept-Encoding: gzip\r\n", "").await
}

/// The same, and the origin says that nginx is not to buffer.
///
/// Claims C59: the field line works from the origin.
/// Clause none; nginx documents the field at `proxy_buffering`.
/// Twin   it is the twin of `compressed_events`.
/// Cure   it is one.
pub async fn compressed_events_with_x_accel_buffering(stage: Stage) -> Transcript {
    play(stage, "Accept-Encoding: gzip\r\n", "X-Accel-Buffering: no\r\n").await
}

/// The same chunked events through the same nginx; the reader does not ask for gzip.
///
/// Claims C56: without a compressor whole chunks pass, buffering or not.
/// Clause RFC 9110 12.5.3: without Accept-Encoding any coding would do; nginx uses none.
/// Twin   it shows that the compressor, and not the buffer, is what holds in `compressed_events`.
/// Cure   none is needed.
pub async fn events_that_need_no_compression(stage: Stage) -> Transcript {
    play(stage, "", "").await
}

async fn play(stage: Stage, of_the_reader: &str, of_the_origin: &str) -> Transcript {
    let script = scripted()
        .request()
        .send(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n{of_the_origin}\r\nb\r\ndata: one\n\n\r\n"
        ))
        .cue("two")
        .send("b\r\ndata: two\n\n\r\n")
        .cue("end")
        .send("0\r\n\r\n")
        .fin();
    let meant = Meant { content: Some(b"data: one\n\ndata: two\n\n".to_vec()), ..Meant::default() };
    let mut s = stage.meant(meant).start_raw(script).await;

    s.step("the reader asks, the origin sends one event");
    s.reader.send(format!("GET /events HTTP/1.1\r\nHost: mve.test\r\n{of_the_reader}\r\n")).await;
    s.origin.until(sent("data: one\n\n\r\n")).await;
    s.look().await;

    s.cue("two", "the origin sends another one").await;
    s.origin.until(sent("data: two\n\n\r\n")).await;
    s.look().await;

    s.cue("end", "the origin ends").await;
    s.reader.until(end_of_response()).await;
    s.finish().await
}
