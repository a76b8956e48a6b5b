//! Deadlines of the socket: the server's `WriteTimeout`, and a response's own. Nothing watches them; the next write fails.

use std::io;

use harness::origin::Cue;
use harness::origin::writer;
use harness::origin::writer::{Deadline, ResponseWriter, Server, WriteTimeout};
use harness::stage::Stage;
use harness::transcript::Transcript;
use harness::until::{content, end_of_response, noted, waiting};
use harness::verdict::Outcome::{CutSilent, CutVisible, Intact};

use super::{ONE, THREE, TWO, give, meant, sent};
use crate::catalogue::Via::{Direct, Nginx};
use crate::catalogue::{Shows, Variant};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "server_deadline_passes_between_events",
        claims: &["C04", "C18", "C43", "C70"],
        origin: "writer",
        shows: &[
            Shows {
                via: Direct,
                outcome: CutVisible,
                twin: Some("server_deadline_is_moved_with_each_event"),
                says: "the write deadline passes in silence, the next write is accepted, and its flush fails",
            },
            Shows {
                via: Nginx("as-shipped"),
                outcome: CutSilent,
                twin: Some("server_deadline_passes_between_events@http11"),
                says: "nginx asks in HTTP/1.0, and makes a clean end of the failed flush",
            },
            Shows {
                via: Nginx("http11"),
                outcome: CutVisible,
                twin: Some("server_deadline_is_moved_with_each_event"),
                says: "nginx leaves the last-chunk out too when it asks in HTTP/1.1",
            },
        ],
        run: |stage| Box::pin(server_deadline_passes_between_events(stage)),
    },
    Variant {
        name: "server_deadline_is_moved_with_each_event",
        claims: &["C70"],
        origin: "writer",
        shows: &[
            Shows {
                via: Direct,
                outcome: Intact,
                twin: None,
                says: "the server's deadline does nothing to a response that has set its own since",
            },
            Shows {
                via: Nginx("http11"),
                outcome: Intact,
                twin: None,
                says: "nginx passes on whole what a deadline for each event has not ended",
            },
        ],
        run: |stage| Box::pin(server_deadline_is_moved_with_each_event(stage)),
    },
    Variant {
        name: "server_deadline_passes_and_errors_are_ignored",
        claims: &["C43", "C70"],
        origin: "writer",
        shows: &[Shows {
            via: Direct,
            outcome: CutVisible,
            twin: Some("server_deadline_is_moved_with_each_event"),
            says: "the first failed flush closes nothing and leaves a silent connection, which the next one closes",
        }],
        run: |stage| Box::pin(server_deadline_passes_and_errors_are_ignored(stage)),
    },
    Variant {
        name: "deadline_is_moved_to_the_past",
        claims: &["C18", "C43"],
        origin: "writer",
        shows: &[Shows {
            via: Direct,
            outcome: CutVisible,
            twin: Some("server_deadline_is_moved_with_each_event"),
            says: "a deadline that another task moves to the past fails the next flush",
        }],
        run: |stage| Box::pin(deadline_is_moved_to_the_past(stage)),
    },
    Variant {
        name: "deadline_is_taken_back_too_late",
        claims: &["C43"],
        origin: "writer",
        shows: &[Shows {
            via: Direct,
            outcome: CutVisible,
            twin: Some("server_deadline_is_moved_with_each_event"),
            says: "a flush that has failed fails again after the deadline is taken back",
        }],
        run: |stage| Box::pin(deadline_is_taken_back_too_late(stage)),
    },
];

/// What the handler does.
#[derive(Debug, Clone, Copy)]
enum Handler {
    ReturnsAtAnError,
    MovesTheDeadline,
    IgnoresErrors,
}

/// The server's write deadline passes between two events. Nothing happens, until the next event is flushed.
///
/// Claims C18: confirmed: events already sent arrive, and the response is incomplete. C43: the error is `i/o timeout`, not
///        "write on closed connection". C70: the handler is told, by the error of `Flush` (Go: `ResponseController.Flush`).
/// Clause Go: `Server.WriteTimeout` is set once, when the header section of the request was read, and no write moves it.
///        RFC 9112 8: chunked content without last-chunk is incomplete; 6.3, rule 8, for HTTP/1.0.
/// Twin   `server_deadline_is_moved_with_each_event`: one call before each event.
/// Cure   `ResponseController.SetWriteDeadline` before each event.
pub async fn server_deadline_passes_between_events(stage: Stage) -> Transcript {
    play(stage, Handler::ReturnsAtAnError).await
}

/// The same, but the handler moves the deadline before each event.
///
/// Claims C70: a deadline of its own for each event bounds each flush, and the stream may live on.
/// Clause Go: `ResponseController.SetWriteDeadline` replaces the server's deadline for this connection.
/// Twin   none needed.
/// Cure   this is one.
pub async fn server_deadline_is_moved_with_each_event(stage: Stage) -> Transcript {
    play(stage, Handler::MovesTheDeadline).await
}

async fn play(stage: Stage, how: Handler) -> Transcript {
    let direct = stage.is_direct();
    let timeout = WriteTimeout::new();
    let server = Server::new().write_timeout(&timeout);
    let origin = writer(move |w, _, cue| events(w, cue, how, timeout.clone())).server(&server);
    let mut s = stage.meant(meant(&[ONE, TWO, THREE])).start(origin).await;

    s.step("the reader asks, the handler flushes one event");
    s.reader.get("/events");
    sent(&mut s, direct, ONE).await;
    s.origin.until(noted("flush 1")).await;

    s.cue("deadline", "the server's write deadline passes while nobody writes").await;
    s.origin.until(waiting("two")).await;
    s.look().await;

    give(&mut s, "two", "the handler writes the next event");
    match how {
        // Flush tells Go's handlers of errors since 1.20; before, they go on, and nobody stops them here.
        Handler::ReturnsAtAnError => ["three", "end"].into_iter().for_each(|cue| s.origin.cue().give(cue)),
        Handler::MovesTheDeadline => {
            sent(&mut s, direct, TWO).await;
            s.cue("three", "the handler writes one more").await;
            sent(&mut s, direct, THREE).await;
            s.cue("end", "the handler returns").await;
        }
        Handler::IgnoresErrors => {
            s.origin.until(noted("flush 2")).await;
            s.look().await;
            s.cue("three", "the handler writes one more").await;
        }
    }
    s.reader.until(end_of_response()).await;
    if let Handler::IgnoresErrors = how {
        s.cue("end", "the handler returns").await;
        s.origin.until(noted("returned")).await;
    }
    s.finish().await
}

async fn events(w: ResponseWriter, cue: Cue, how: Handler, timeout: WriteTimeout) -> io::Result<()> {
    w.header().set("Content-Type", "text/event-stream");
    for (event, next) in [(ONE, "two"), (TWO, "three"), (THREE, "end")] {
        if let Handler::MovesTheDeadline = how {
            w.set_write_deadline(Deadline::to_come())?;
        }
        let (written, flushed) = (w.write(event).await, w.flush().await);
        if !matches!(how, Handler::IgnoresErrors) {
            written?;
            flushed?;
        }
        if event == ONE {
            cue.wait("deadline").await;
            timeout.pass_now();
        }
        cue.wait(next).await;
    }
    Ok(())
}

/// The server's write deadline passes, and the handler looks at no error. After its first failed flush the connection is
/// open and silent, until it writes again; then the server closes it under the handler, who writes on.
///
/// Claims C43: refuted: the error is `i/o timeout` and stays so, after the connection is closed too. C70: the handler is
///        told and does not listen; nothing blocks.
/// Clause Go: content that meets the error of an earlier flush closes the connection (`chunkWriter.Write`); a flush that
///        fails (`chunkWriter.flush`) does not.
/// Twin   `server_deadline_is_moved_with_each_event`: one call before each event.
/// Cure   return at the first error. The reader's is a time-out between events: heartbeats make silence mean something.
pub async fn server_deadline_passes_and_errors_are_ignored(stage: Stage) -> Transcript {
    play(stage, Handler::IgnoresErrors).await
}

/// A flush has failed at a deadline in the past; the handler takes the deadline back and flushes again.
///
/// Claims C43: refuted: the second error is the first one again.
/// Clause Go: a `bufio.Writer` that has failed returns the same error from then on.
/// Twin   `server_deadline_is_moved_with_each_event`: the deadline is moved before it passes.
/// Cure   move the deadline before it passes; after it there is only the return.
pub async fn deadline_is_taken_back_too_late(stage: Stage) -> Transcript {
    let origin = writer(|w, _, cue| async move {
        w.header().set("Content-Type", "text/event-stream");
        w.write(ONE).await?;
        w.flush().await?;
        cue.wait("two").await;
        w.set_write_deadline(Deadline::past())?;
        w.write(TWO).await?;
        let failed = w.flush().await;
        w.set_write_deadline(Deadline::none())?;
        w.flush().await?;
        w.write(THREE).await?;
        Ok(failed?)
    });
    let mut s = stage.meant(meant(&[ONE, TWO, THREE])).start(origin).await;

    s.step("the reader asks, the handler flushes one event");
    s.reader.get("/events");
    s.reader.until(content(ONE)).await;

    s.cue("two", "a deadline in the past fails a flush, the handler takes it back and flushes again").await;
    s.reader.until(end_of_response()).await;
    s.finish().await
}

/// Between two events another task of the application moves the response's deadline to the past.
///
/// Claims C18: confirmed: events already sent arrive, and the response is incomplete. C43: the error is `i/o timeout`.
/// Clause Go: `ResponseController.SetWriteDeadline` may be called at any time, from any goroutine.
/// Twin   `server_deadline_is_moved_with_each_event`: the deadline is moved to the future.
/// Cure   none needed: this is how to end a stream from outside so that the reader can tell.
pub async fn deadline_is_moved_to_the_past(stage: Stage) -> Transcript {
    let origin = writer(|w, _, cue| async move {
        let watchdog = async {
            cue.given("watchdog").await;
            w.set_write_deadline(Deadline::past())
        };
        let handler = async {
            w.header().set("Content-Type", "text/event-stream");
            w.write(ONE).await?;
            w.flush().await?;
            cue.given("two").await;
            w.write(TWO).await?;
            w.flush().await?;
            w.write(THREE).await?;
            io::Result::Ok(())
        };
        let (moved, returned) = tokio::join!(watchdog, handler);
        moved?;
        returned
    });
    let mut s = stage.meant(meant(&[ONE, TWO, THREE])).start(origin).await;

    s.step("the reader asks, the handler flushes one event");
    s.reader.get("/events");
    s.reader.until(content(ONE)).await;
    s.origin.until(noted("flush 1")).await;

    give(&mut s, "watchdog", "another task moves the deadline to the past while nobody writes");
    s.origin.until(noted("set write deadline")).await;
    s.look().await;

    give(&mut s, "two", "the handler writes the next event");
    s.reader.until(end_of_response()).await;
    s.finish().await
}
