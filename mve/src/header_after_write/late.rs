//! A status or a field that comes after what commits it.

use harness::origin::writer;
use harness::origin::writer::{Error, ResponseWriter};
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::until::end_of_response;
use harness::verdict::Outcome::{CutSilent, Intact};

use crate::catalogue::{Shows, Variant, Via::Direct};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "field_after_write",
        claims: &["C38"],
        origin: "writer",
        shows: &[Shows {
            via: Direct,
            outcome: CutSilent,
            twin: Some("field_before_write"),
            says: "a field set after the first write never leaves, although not an octet has left yet",
        }],
        run: |stage| Box::pin(field_after_write(stage)),
    },
    Variant {
        name: "field_before_write",
        claims: &["C38"],
        origin: "writer",
        shows: &[Shows {
            via: Direct,
            outcome: Intact,
            twin: None,
            says: "a field set before the first write arrives",
        }],
        run: |stage| Box::pin(field_before_write(stage)),
    },
    Variant {
        name: "status_after_write",
        claims: &["C37"],
        origin: "writer",
        shows: &[Shows {
            via: Direct,
            outcome: CutSilent,
            twin: Some("status_before_write"),
            says: "a status after the first write is logged and ignored, and small content still gets a Content-Length",
        }],
        run: |stage| Box::pin(status_after_write(stage)),
    },
    Variant {
        name: "status_before_write",
        claims: &["C37"],
        origin: "writer",
        shows: &[Shows { via: Direct, outcome: Intact, twin: None, says: "a status before the first write arrives" }],
        run: |stage| Box::pin(status_before_write(stage)),
    },
    Variant {
        name: "status_after_flush",
        claims: &["C37"],
        origin: "writer",
        shows: &[Shows {
            via: Direct,
            outcome: CutSilent,
            twin: Some("status_before_write"),
            says: "a status after a flush comes when 200 has left already",
        }],
        run: |stage| Box::pin(status_after_flush(stage)),
    },
    Variant {
        name: "status_after_write_with_length",
        claims: &["C37"],
        origin: "writer",
        shows: &[Shows {
            via: Direct,
            outcome: CutSilent,
            twin: Some("status_before_write"),
            says: "a status after a write is ignored, and a preset Content-Length stays what it was",
        }],
        run: |stage| Box::pin(status_after_write_with_length(stage)),
    },
];

const CONTENT: &str = "partial\n";

/// The calls of a handler, in order.
#[derive(Debug, Clone, Copy)]
enum Call {
    Length,
    Field,
    Status,
    Write,
    Flush,
}

async fn make(w: &ResponseWriter, call: Call) -> Result<(), Error> {
    match call {
        Call::Length => w.header().set("Content-Length", &CONTENT.len().to_string()),
        Call::Field => w.header().set("X-Late", "yes"),
        Call::Status => w.write_header(500).await,
        Call::Write => w.write(CONTENT).await.map(drop)?,
        Call::Flush => w.flush().await?,
    }
    Ok(())
}

async fn play(stage: Stage, meant: Meant, calls: &'static [Call]) -> Transcript {
    let handler = writer(move |w, _request, _cue| async move {
        for &call in calls {
            make(&w, call).await?;
        }
        Ok(())
    });
    let mut s = stage.meant(Meant { content: Some(CONTENT.into()), ..meant }).start(handler).await;
    s.step("the reader asks, the handler answers and returns");
    s.reader.get("/");
    s.reader.until(end_of_response()).await;
    s.finish().await
}

fn field() -> Meant {
    Meant { fields: vec![("X-Late".into(), "yes".into())], ..Meant::default() }
}

fn status() -> Meant {
    Meant { status: Some(500), ..Meant::default() }
}

/// The handler writes, then sets a field.
///
/// Claims C38: fields set after the first write are dropped (true), and the map is no longer mutable (not so: it takes the
///        field, and nobody sends it).
/// Clause RFC 9110 6.5: what comes after the header section can only be a trailer field.
/// Twin   `field_before_write`: the same two calls in the other order.
/// Cure   set fields before the first `Write`, `WriteHeader` or `Flush`.
pub async fn field_after_write(stage: Stage) -> Transcript {
    play(stage, field(), &[Call::Write, Call::Field]).await
}

/// The handler sets a field, then writes.
///
/// Twin   of `field_after_write`.
pub async fn field_before_write(stage: Stage) -> Transcript {
    play(stage, field(), &[Call::Field, Call::Write]).await
}

/// The handler writes, then decides that it is an error.
///
/// Claims C37: the late status is ignored (true), and the response silently becomes chunked (not so: what decides the
///        framing is how much has been written when the handler returns or flushes, see `framing`).
/// Clause RFC 9112 4: the status-line comes first, so it is decided first.
/// Twin   `status_before_write`: the same two calls in the other order.
/// Cure   find the error before the first write, or tell it in the content or in a declared trailer.
pub async fn status_after_write(stage: Stage) -> Transcript {
    play(stage, status(), &[Call::Write, Call::Status]).await
}

/// The handler decides that it is an error, then writes.
///
/// Twin   of `status_after_write`.
pub async fn status_before_write(stage: Stage) -> Transcript {
    play(stage, status(), &[Call::Status, Call::Write]).await
}

/// The handler writes and flushes, then decides that it is an error.
///
/// Claims C37: as above; here 200 is on the wire before the call, and the flush, not the call, made the response chunked.
/// Twin   `status_before_write`.
/// Cure   as for `status_after_write`.
pub async fn status_after_flush(stage: Stage) -> Transcript {
    play(stage, status(), &[Call::Write, Call::Flush, Call::Status]).await
}

/// The handler presets a Content-Length, writes, then decides that it is an error.
///
/// Claims C37: the response becomes chunked even with a preset Content-Length (not so: it stays length-delimited).
/// Twin   `status_before_write`.
/// Cure   as for `status_after_write`.
pub async fn status_after_write_with_length(stage: Stage) -> Transcript {
    play(stage, status(), &[Call::Length, Call::Write, Call::Status]).await
}
