//! The end of a taken connection: who says that it is the end, who closes.

use harness::origin::writer;
use harness::stage::Stage;
use harness::transcript::Transcript;
use harness::until::{end_of_response, noted};
use harness::verdict::Outcome::{CutVisible, Hung, Intact};

use super::{LAST_CHUNK, ONE, TWO, chunk, closed, flush_one, flush_one_and_take, meant, sent};
use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "nobody_closes",
        claims: &[],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Hung,
                twin: Some("ended_by_hand"),
                says: "the server neither ends nor closes a taken connection when the handler returns",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Hung,
                twin: Some("ended_by_hand@unbuffered-http11"),
                says: "nginx waits with the reader for the end of a connection that nobody closes",
            },
        ],
        run: |stage| Box::pin(nobody_closes(stage)),
    },
    Variant {
        name: "closed_without_the_last_chunk",
        claims: &[],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: CutVisible,
                twin: Some("ended_by_hand"),
                says: "a taken connection that is closed without a last-chunk is a cut, though every event was sent",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: CutVisible,
                twin: Some("ended_by_hand@unbuffered-http11"),
                says: "nginx passes a missing last-chunk on as a cut, though every event was sent",
            },
        ],
        run: |stage| Box::pin(closed_without_the_last_chunk(stage)),
    },
    Variant {
        name: "ended_by_hand",
        claims: &[],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Intact,
                twin: None,
                says: "a handler that writes the last-chunk and closes ends a response on a taken connection",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Intact,
                twin: None,
                says: "nginx passes on the end that a handler wrote by hand",
            },
        ],
        run: |stage| Box::pin(ended_by_hand(stage)),
    },
    Variant {
        name: "handler_aborts",
        claims: &[],
        origin: "writer",
        shows: &[Shows {
            via: Via::Direct,
            outcome: Hung,
            twin: Some("handler_aborts_untaken"),
            says: "an aborting handler cuts nothing once it has taken the connection",
        }],
        run: |stage| Box::pin(handler_aborts(stage)),
    },
    Variant {
        name: "handler_aborts_untaken",
        claims: &[],
        origin: "writer",
        shows: &[Shows {
            via: Via::Direct,
            outcome: CutVisible,
            twin: Some("handler_returns_untaken"),
            says: "the server closes without a last-chunk when a handler aborts, so that the reader can tell",
        }],
        run: |stage| Box::pin(handler_aborts_untaken(stage)),
    },
    Variant {
        name: "handler_returns_untaken",
        claims: &[],
        origin: "writer",
        shows: &[Shows {
            via: Via::Direct,
            outcome: Intact,
            twin: None,
            says: "the server writes the last-chunk when a handler returns that has not taken the connection",
        }],
        run: |stage| Box::pin(handler_returns_untaken(stage)),
    },
];

/// How a handler leaves a connection behind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Returns,
    Closes,
    LastChunkAndCloses,
    Aborts,
}

/// The handler writes its last event and returns, as handlers do.
///
/// Claims none: the article does not speak of it.
/// Clause Go: "It becomes the caller's responsibility to manage and close the connection."
/// Twin   `ended_by_hand`: it writes the last-chunk and closes.
/// Cure   close in a `defer`, right after taking the connection.
pub async fn nobody_closes(stage: Stage) -> Transcript {
    take_and_end(stage, Ending::Returns, "and returns").await
}

/// The handler writes its last event and closes the connection.
///
/// Claims none.
/// Clause RFC 9112 8: the message is incomplete without the last-chunk.
/// Twin   `ended_by_hand`: it writes the last-chunk first.
/// Cure   write the last-chunk before closing.
pub async fn closed_without_the_last_chunk(stage: Stage) -> Transcript {
    take_and_end(stage, Ending::Closes, "and closes the connection").await
}

/// The handler writes its last event and the last-chunk, and closes the connection.
///
/// Claims none.
/// Clause RFC 9112 7.1.
/// Cure   this is one.
pub async fn ended_by_hand(stage: Stage) -> Transcript {
    take_and_end(stage, Ending::LastChunkAndCloses, "the last-chunk, and closes the connection").await
}

/// The handler writes an event and aborts, to tell the reader that something is wrong.
///
/// Claims none.
/// Clause Go: a panic closes the connection, but the server leaves a taken one alone.
/// Twin   `handler_aborts_untaken`: the connection is the server's still.
/// Cure   close in a `defer`, right after taking the connection: it runs when the handler panics, too.
pub async fn handler_aborts(stage: Stage) -> Transcript {
    take_and_end(stage, Ending::Aborts, "and aborts").await
}

async fn take_and_end(stage: Stage, ending: Ending, what: &str) -> Transcript {
    let direct = stage.is_direct();
    let handler = writer(move |w, _request, cue| async move {
        let taken = flush_one_and_take(&w).await?;
        cue.wait("end").await;
        taken.conn.write(chunk(TWO)).await?;
        match ending {
            Ending::Returns => {}
            Ending::Closes => taken.conn.close()?,
            Ending::LastChunkAndCloses => {
                taken.conn.write(LAST_CHUNK).await?;
                taken.conn.close()?;
            }
            Ending::Aborts => w.abort(),
        }
        Ok(())
    });
    let mut s = stage.meant(meant(&[ONE, TWO])).start(handler).await;

    s.step("the reader asks; the handler flushes an event and takes the connection");
    s.reader.get("/events");
    sent(&mut s, direct, ONE).await;

    s.cue("end", &format!("the handler writes another event in a chunk, {what}")).await;
    if matches!(ending, Ending::Closes | Ending::LastChunkAndCloses) {
        closed(&mut s, direct).await;
        return s.finish().await;
    }
    sent(&mut s, direct, TWO).await;
    s.origin.until(noted(if ending == Ending::Aborts { "aborted" } else { "returned" })).await;

    s.step("the reader waits for the end");
    s.look().await;
    s.finish().await
}

/// The handler writes an event and aborts, with the connection still the server's.
///
/// Claims none.
/// Clause RFC 9112 8: without the last-chunk the reader can tell. Go: `ErrAbortHandler`.
/// Twin   `handler_returns_untaken`: it returns.
/// Cure   none needed: a cut that shows is what an abort is for.
pub async fn handler_aborts_untaken(stage: Stage) -> Transcript {
    end_untaken(stage, true).await
}

/// The handler writes an event and returns, with the connection still the server's.
///
/// Claims none.
/// Clause RFC 9112 7.1. Go: "Returning signals that the request is finished."
/// Cure   this is one: not taking the connection.
pub async fn handler_returns_untaken(stage: Stage) -> Transcript {
    end_untaken(stage, false).await
}

async fn end_untaken(stage: Stage, aborts: bool) -> Transcript {
    let direct = stage.is_direct();
    let handler = writer(move |w, _request, cue| async move {
        flush_one(&w).await?;
        cue.wait("end").await;
        w.write(TWO).await?;
        w.flush().await?;
        if aborts {
            w.abort();
        }
        Ok(())
    });
    let mut s = stage.meant(meant(&[ONE, TWO])).start(handler).await;

    s.step("the reader asks; the handler flushes an event");
    s.reader.get("/events");
    sent(&mut s, direct, ONE).await;

    let ends = if aborts { "aborts" } else { "returns" };
    s.cue("end", &format!("the handler flushes another event, and {ends}")).await;
    s.reader.until(end_of_response()).await;
    s.finish().await
}
