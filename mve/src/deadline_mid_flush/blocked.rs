//! A reader does not read, a write is blocked, and a deadline passes meanwhile.

use std::io;

use harness::origin::Cue;
use harness::origin::writer;
use harness::origin::writer::{Deadline, Request, ResponseWriter, Server, WriteTimeout};
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::until::{content, end_of_response, noted};
use harness::verdict::Outcome::{CutSilent, CutVisible, Intact};

use super::{ONE, THREE, meant};
use crate::catalogue::Via::Direct;
use crate::catalogue::{Shows, Variant};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "nothing_passes_while_a_write_is_blocked",
        claims: &["C70"],
        origin: "writer",
        shows: &[Shows {
            via: Direct,
            outcome: Intact,
            twin: None,
            says: "a write without a deadline waits for a reader that does not read, and goes on when it reads again",
        }],
        run: |stage| Box::pin(nothing_passes_while_a_write_is_blocked(stage)),
    },
    Variant {
        name: "context_ends_while_a_write_is_blocked",
        claims: &["C06", "C19", "C70"],
        origin: "writer",
        shows: &[Shows {
            via: Direct,
            outcome: CutSilent,
            twin: Some("nothing_passes_while_a_write_is_blocked"),
            says: "a blocked write does not notice the end of the context, and succeeds when the reader reads again",
        }],
        run: |stage| Box::pin(context_ends_while_a_write_is_blocked(stage)),
    },
    Variant {
        name: "server_deadline_passes_while_a_write_is_blocked",
        claims: &["C18", "C70"],
        origin: "writer",
        shows: &[Shows {
            via: Direct,
            outcome: CutVisible,
            twin: Some("nothing_passes_while_a_write_is_blocked"),
            says: "the server's write deadline ends a blocked write inside chunk-data",
        }],
        run: |stage| Box::pin(server_deadline_passes_while_a_write_is_blocked(stage)),
    },
    Variant {
        name: "deadline_is_moved_to_the_past_while_a_write_is_blocked",
        claims: &["C18", "C70"],
        origin: "writer",
        shows: &[Shows {
            via: Direct,
            outcome: CutVisible,
            twin: Some("nothing_passes_while_a_write_is_blocked"),
            says: "a deadline that another task moves to the past ends a blocked write at once",
        }],
        run: |stage| Box::pin(deadline_is_moved_to_the_past_while_a_write_is_blocked(stage)),
    },
];

/// What passes while the write is blocked.
#[derive(Debug, Clone, Copy)]
enum Passes {
    Nothing,
    Context,
    ServerDeadline,
    MovedDeadline,
}

/// The reader stops reading in the middle of an event, nothing has a deadline, and the reader reads again.
///
/// Claims C70: confirmed so far: without a deadline a blocked write waits for as long as the reader's kernel answers.
/// Clause RFC 9293 3.8.6: a peer may keep its window closed for as long as it likes.
/// Twin   none needed.
/// Cure   none needed, unless waiting is the failure: then a write deadline.
pub async fn nothing_passes_while_a_write_is_blocked(stage: Stage) -> Transcript {
    play(stage, Passes::Nothing).await
}

/// The handler's deadline passes while its write is blocked.
///
/// Claims C06: refuted: nothing is truncated by the context; C19: confirmed: the write is not interrupted; the handler
///        sees the end only after it.
/// Clause Go: `Write` takes no context.
/// Twin   `nothing_passes_while_a_write_is_blocked`: no deadline.
/// Cure   a write deadline beside the context; and abort in place of returning.
pub async fn context_ends_while_a_write_is_blocked(stage: Stage) -> Transcript {
    play(stage, Passes::Context).await
}

/// The server's write deadline passes while a write is blocked.
///
/// Claims C18: confirmed: what had left arrives, and the response is incomplete. C70: refuted where a deadline is set: the
///        write does not block for ever, and says why.
/// Clause RFC 9112 8: chunked content without last-chunk is incomplete. Go: a deadline that passes frees a blocked write.
/// Twin   `nothing_passes_while_a_write_is_blocked`: no deadline.
/// Cure   none needed: the reader can tell. For slow readers, a deadline for each event.
pub async fn server_deadline_passes_while_a_write_is_blocked(stage: Stage) -> Transcript {
    play(stage, Passes::ServerDeadline).await
}

/// Another task moves the response's deadline to the past while a write is blocked.
///
/// Claims C18, C70, as above.
/// Clause Go: `ResponseController.SetWriteDeadline` may be called at any time; one in the past frees a blocked write.
/// Twin   `nothing_passes_while_a_write_is_blocked`: no deadline.
/// Cure   none needed: this is how to end a stream from outside so that the reader can tell.
pub async fn deadline_is_moved_to_the_past_while_a_write_is_blocked(stage: Stage) -> Transcript {
    play(stage, Passes::MovedDeadline).await
}

async fn play(stage: Stage, passes: Passes) -> Transcript {
    let large = format!("data: {}\n\n", "x".repeat(1 << 20));
    // How much of the large event passes is the kernel's business, so what a failed write loses is not counted.
    let meant = if passes.frees() { Meant::default() } else { meant(&[ONE, &large, THREE]) };
    let timeout = WriteTimeout::new();
    let server = Server::new().write_timeout(&timeout);
    let origin = writer(move |w, r, cue| events(w, r, cue, passes, timeout.clone(), large.clone())).server(&server);
    let mut s = stage.clamped().meant(meant).start_raw(origin).await;

    s.step("the reader asks and reads one event");
    s.reader.send("GET /events HTTP/1.1\r\nHost: mve.test\r\n\r\n").await;
    s.reader.until(content(ONE)).await;

    s.cue("large", "the handler writes a large event, the reader does not read").await;

    s.cue("deadline", passes.text()).await;
    if passes.frees() {
        s.origin.until(noted("write 2")).await;
        s.step("the reader reads again");
    } else {
        s.cue("again", "the reader reads again").await;
    }
    s.reader.until(end_of_response()).await;
    s.finish().await
}

async fn events(
    w: ResponseWriter,
    r: Request,
    cue: Cue,
    passes: Passes,
    timeout: WriteTimeout,
    large: String,
) -> io::Result<()> {
    let (context, cancel) = r.context().with_cancel();
    w.header().set("Content-Type", "text/event-stream");
    w.write(ONE).await?;
    w.flush().await?;
    cue.wait("large").await;
    // The write is polled first, and is blocked when the other one begins to wait.
    let (written, ()) = tokio::join!(biased; w.write(&large), async {
        cue.wait("deadline").await;
        match passes {
            Passes::Nothing => {}
            Passes::Context => cancel.cancel(),
            Passes::ServerDeadline => timeout.pass_now(),
            Passes::MovedDeadline => w.set_write_deadline(Deadline::past()).expect("the connection is open"),
        }
        if !passes.frees() {
            cue.wait("again").await;
        }
    });
    written?;
    w.flush().await?;
    if context.is_done() {
        return Ok(());
    }
    w.write(THREE).await?;
    w.flush().await?;
    Ok(())
}

impl Passes {
    /// Whether it frees the write.
    fn frees(self) -> bool {
        matches!(self, Self::ServerDeadline | Self::MovedDeadline)
    }

    fn text(self) -> &'static str {
        match self {
            Self::Nothing => "the write is blocked, and nothing has a deadline",
            Self::Context => "the write is blocked, and the handler's deadline passes",
            Self::ServerDeadline => "the write is blocked, and the server's write deadline passes",
            Self::MovedDeadline => "the write is blocked, and another task moves the deadline to the past",
        }
    }
}
