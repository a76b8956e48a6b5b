//! The reader leaves, and nobody watches a connection that was taken.

use harness::origin::writer;
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::until::{closed, noted, waiting};
use harness::verdict::Outcome::{Intact, Leaked};

use super::{ONE, TWO, chunk, flush_one, sent};
use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "reader_leaves_unwatched",
        claims: &["C44", "C70"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Leaked,
                twin: Some("reader_leaves_watched"),
                says: "nobody tells a handler that has taken the connection that the reader has left, and its write succeeds",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Leaked,
                twin: Some("reader_leaves_watched@unbuffered-http11"),
                says: "nobody tells a handler behind nginx either that the reader has left, and its write to nginx succeeds",
            },
        ],
        run: |stage| Box::pin(reader_leaves_unwatched(stage)),
    },
    Variant {
        name: "reader_leaves_watched",
        claims: &["C44", "C70"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Intact,
                twin: None,
                says: "a handler that reads from the connection it has taken learns that the reader has left",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Intact,
                twin: None,
                says: "nginx closes its connection to the origin, and a handler that reads from it learns that the reader has left",
            },
        ],
        run: |stage| Box::pin(reader_leaves_watched(stage)),
    },
    Variant {
        name: "reader_leaves_untaken",
        claims: &["C44", "C70"],
        origin: "writer",
        shows: &[Shows {
            via: Via::Direct,
            outcome: Intact,
            twin: None,
            says: "the server ends the context when the reader leaves a connection that is the server's",
        }],
        run: |stage| Box::pin(reader_leaves_untaken(stage)),
    },
];

/// Who could notice that the reader has left.
#[derive(Clone, Copy)]
enum Watch {
    Nobody,
    Handler,
    Server,
}

/// The handler takes the connection; the reader leaves; the handler writes another event.
///
/// Claims C44: confirmed: the write succeeds, and nobody is there.
///        C70: confirmed for a taken connection: the context goes on.
/// Clause Go: "After a call to Hijack the original Request.Body must not be used. The original Request's Context remains valid and
///        is not canceled until the Request's ServeHTTP method returns." RFC 9293 3.6: a FIN ends one direction, so a write
///        after it is no error.
/// Twin   `reader_leaves_watched`: the handler reads from the connection.
/// Cure   read from the connection in a task of its own, and stop at its end.
pub async fn reader_leaves_unwatched(stage: Stage) -> Transcript {
    reader_leaves(stage, Watch::Nobody).await
}

/// The handler takes the connection and reads from it; the reader leaves.
///
/// Claims C44: there is no write, because the handler knows.
///        C70: the connection tells what the server does not.
/// Clause RFC 9293 3.6.
/// Cure   this is one.
pub async fn reader_leaves_watched(stage: Stage) -> Transcript {
    reader_leaves(stage, Watch::Handler).await
}

/// The handler does not take the connection; the reader leaves.
///
/// Claims C44: what holds for a connection that was not taken.
///        C70: refuted for a connection that was not taken: the context ends.
/// Clause Go: `Request.Context` ends "when the client's connection closes".
/// Cure   this is one: not taking the connection.
pub async fn reader_leaves_untaken(stage: Stage) -> Transcript {
    reader_leaves(stage, Watch::Server).await
}

async fn reader_leaves(stage: Stage, watch: Watch) -> Transcript {
    let direct = stage.is_direct();
    let handler = writer(move |w, request, cue| async move {
        flush_one(&w).await?;
        match watch {
            Watch::Nobody => {
                let taken = w.hijack().await?;
                cue.wait("write").await;
                cue.note(if request.context().is_done() { "context: ended" } else { "context: not ended" });
                taken.conn.write(chunk(TWO)).await?;
            }
            Watch::Handler => {
                let taken = w.hijack().await?;
                let _until_it_ends = taken.conn.read(&mut [0]).await;
                taken.conn.close()?;
            }
            Watch::Server => {
                request.context().done().await;
                cue.note("context: ended");
            }
        }
        Ok(())
    });
    let mut s = stage.meant(Meant::default()).start(handler).await;

    s.step(match watch {
        Watch::Nobody => "the reader asks; the handler flushes an event and takes the connection",
        Watch::Handler => "the reader asks; the handler flushes an event, takes the connection, and reads from it",
        Watch::Server => "the reader asks; the handler flushes an event, and waits for the end of its context",
    });
    s.reader.get("/events");
    sent(&mut s, direct, ONE).await;

    match watch {
        Watch::Nobody => {
            s.origin.until(waiting("write")).await;
            s.step("the reader leaves");
            s.reader.leave().await;
            if s.origin.is_relayed() && !direct {
                s.origin.until(closed()).await;
            }

            s.step("the handler writes another event");
            s.origin.cue().give("write");
        }
        Watch::Handler => {
            s.origin.until(noted("hijack: ")).await;
            s.step("the reader leaves");
            s.reader.leave().await;
        }
        Watch::Server => {
            s.origin.until(noted("flush 1: ")).await;
            s.step("the reader leaves");
            s.reader.leave().await;
        }
    }
    s.origin.until(noted("returned")).await;
    s.finish().await
}
