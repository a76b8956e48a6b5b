//! What taking the connection sends, and what it drops.

use harness::origin::writer;
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::verdict::Outcome::{CutSilent, CutVisible, Hung, Intact};

use super::{LAST_CHUNK, ONE, TWO, closed, meant, no_status_line};
use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "before_anything_is_written",
        claims: &[],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: CutVisible,
                twin: Some("header_section_by_hand"),
                says: "a connection taken before anything was written carries no status-line",
            },
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: Hung,
                twin: Some("header_section_by_hand@as-shipped"),
                says: "nginx passes a response without a status-line on as HTTP/0.9, and leaves the reader's connection open",
            },
        ],
        run: |stage| Box::pin(before_anything_is_written(stage)),
    },
    Variant {
        name: "header_section_by_hand",
        claims: &[],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Intact,
                twin: None,
                says: "a response written whole by hand, header section first, arrives",
            },
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: Intact,
                twin: None,
                says: "nginx frames a close-delimited response written by hand anew",
            },
        ],
        run: |stage| Box::pin(header_section_by_hand(stage)),
    },
    Variant {
        name: "content_unflushed",
        claims: &["C15"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: CutSilent,
                twin: Some("content_flushed_first"),
                says: "taking the connection sends the header section and drops the content that was written and not flushed",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: CutSilent,
                twin: Some("content_flushed_first@unbuffered-http11"),
                says: "nginx passes on an empty response whose content was dropped when the connection was taken",
            },
        ],
        run: |stage| Box::pin(content_unflushed(stage)),
    },
    Variant {
        name: "content_flushed_first",
        claims: &["C15"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Intact,
                twin: None,
                says: "content flushed before the connection is taken arrives",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Intact,
                twin: None,
                says: "nginx passes on content that was flushed before the connection was taken",
            },
        ],
        run: |stage| Box::pin(content_flushed_first(stage)),
    },
];

/// The handler takes the connection first, and writes events to it as if the response had begun.
///
/// Claims none: the article does not speak of it.
/// Clause RFC 9112 2.1: a message begins with a start-line. Go: "After a call to Hijack the HTTP server library will not do
///        anything else with the connection." nginx: what begins with no status-line is HTTP/0.9 to it, and has no end
///        that it could pass on.
/// Twin   `header_section_by_hand`: the header section is written first.
/// Cure   write status-line and fields by hand, or flush through the server before taking the connection.
pub async fn before_anything_is_written(stage: Stage) -> Transcript {
    take_at_once(stage, "").await
}

/// The handler takes the connection first, and writes a whole response to it.
///
/// Claims none.
/// Clause RFC 9112 6.3: without a length the content ends with the connection.
/// Cure   this is one.
pub async fn header_section_by_hand(stage: Stage) -> Transcript {
    take_at_once(stage, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n").await
}

async fn take_at_once(stage: Stage, header_section: &'static str) -> Transcript {
    let direct = stage.is_direct();
    let handler = writer(move |w, _request, _cue| async move {
        let taken = w.hijack().await?;
        taken.conn.write(format!("{header_section}{ONE}{TWO}")).await?;
        taken.conn.close()?;
        Ok(())
    });
    let mut s = stage.meant(Meant { status: Some(200), ..meant(&[ONE, TWO]) }).start(handler).await;

    let what = if header_section.is_empty() { "two events" } else { "a header section and two events" };
    s.step(&format!("the reader asks; the handler takes the connection, writes {what} to it, and closes it"));
    s.reader.get("/events");
    if direct || !header_section.is_empty() {
        closed(&mut s, direct).await;
    } else {
        no_status_line(&mut s, TWO).await;
    }
    s.finish().await
}

/// The handler writes an event, takes the connection without a flush, and ends the response by hand.
///
/// Claims C15: `Write` only fills a buffer, and taking the connection throws that buffer away.
/// Clause RFC 9112 7.1: the last-chunk says that the content was whole. Go's documentation of `Hijack` is silent on it.
/// Twin   `content_flushed_first`: a flush before the connection is taken.
/// Cure   flush before taking the connection: neither `Write` nor `Hijack` reports the loss.
pub async fn content_unflushed(stage: Stage) -> Transcript {
    take_after_an_event(stage, false).await
}

/// The handler writes an event and flushes it, takes the connection, and ends the response by hand.
///
/// Claims C15: what was flushed has left the buffer.
/// Clause RFC 9112 7.1.
/// Cure   this is one.
pub async fn content_flushed_first(stage: Stage) -> Transcript {
    take_after_an_event(stage, true).await
}

async fn take_after_an_event(stage: Stage, flushes: bool) -> Transcript {
    let direct = stage.is_direct();
    let handler = writer(move |w, _request, _cue| async move {
        w.header().set("Content-Type", "text/event-stream");
        w.write_header(200).await;
        w.write(ONE).await?;
        if flushes {
            w.flush().await?;
        }
        let taken = w.hijack().await?;
        taken.conn.write(LAST_CHUNK).await?;
        taken.conn.close()?;
        Ok(())
    });
    let mut s = stage.meant(Meant { status: Some(200), ..meant(&[ONE]) }).start(handler).await;

    let flush = if flushes { "and flushes" } else { "and does not flush" };
    s.step(&format!(
        "the reader asks; the handler writes an event {flush}, takes the connection, writes the last-chunk, closes"
    ));
    s.reader.get("/events");
    closed(&mut s, direct).await;
    s.finish().await
}
