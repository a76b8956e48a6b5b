//! The request's context, which knows nothing of the connection, and is over when the handler returns.

use harness::origin::writer;
use harness::origin::writer::{Context, Server};
use harness::stage::Stage;
use harness::transcript::Transcript;
use harness::until::noted;
use harness::verdict::Outcome::{CutVisible, Intact};
use tokio::sync::mpsc;

use super::{LAST_CHUNK, ONE, TWO, chunk, closed, flush_one_and_take, meant, sent};
use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "context_ends",
        claims: &["C41"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Intact,
                twin: None,
                says: "nothing closes a taken connection when the context ends, and every write goes through",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Intact,
                twin: None,
                says: "nothing closes a taken connection behind nginx either when the context ends",
            },
        ],
        run: |stage| Box::pin(context_ends(stage)),
    },
    Variant {
        name: "task_keeps_the_requests_context",
        claims: &["C41"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: CutVisible,
                twin: Some("task_has_its_own_context"),
                says: "the request's context ends when the handler returns, and a task that was given the connection gives up",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: CutVisible,
                twin: Some("task_has_its_own_context@unbuffered-http11"),
                says: "nginx passes on the cut of a task whose context ended with the handler",
            },
        ],
        run: |stage| Box::pin(task_keeps_the_requests_context(stage)),
    },
    Variant {
        name: "task_has_its_own_context",
        claims: &["C41"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Intact,
                twin: None,
                says: "a task with a context of its own writes on after the handler has returned",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Intact,
                twin: None,
                says: "nginx passes on what a task writes after the handler has returned",
            },
        ],
        run: |stage| Box::pin(task_has_its_own_context(stage)),
    },
];

/// The context ends after the connection was taken; the handler writes on.
///
/// Claims C41: refuted: no part of the server acts on a context, and least of all on a taken connection.
/// Clause Go: `Request.Context` tells when the context of a server's request ends, and never that something is closed.
/// Cure   none needed; a handler that wants to stop has to look, and to close.
pub async fn context_ends(stage: Stage) -> Transcript {
    let direct = stage.is_direct();
    let (base, cancel) = Context::background().with_cancel();
    let handler = writer(move |w, request, cue| {
        let cancel = cancel.clone();
        async move {
            let taken = flush_one_and_take(&w).await?;
            cue.wait("context").await;
            cancel.cancel();
            cue.note(state(&request.context()));
            cue.wait("write").await;
            taken.conn.write(chunk(TWO) + LAST_CHUNK).await?;
            Ok(taken.conn.close()?)
        }
    });
    let handler = handler.server(&Server::new().base_context(base));
    let mut s = stage.meant(meant(&[ONE, TWO])).start(handler).await;

    s.step("the reader asks; the handler flushes an event and takes the connection");
    s.reader.get("/events");
    sent(&mut s, direct, ONE).await;

    s.cue("context", "the server's base context ends, and the request's with it").await;
    s.origin.until(noted("context: ")).await;
    s.look().await;

    s.cue("write", "the handler writes another event and the last-chunk, and closes").await;
    closed(&mut s, direct).await;
    s.finish().await
}

/// The handler hands the connection to a task that lives as long as the request's context, and returns.
///
/// Claims C41: refuted as it stands: it is the task that closes, because a context ended that says nothing of the connection.
/// Clause Go: the context of a server's request is cancelled "when the ServeHTTP method returns".
/// Twin   `task_has_its_own_context`: the task is given another context.
/// Cure   derive the task's context from the server's lifetime, not from the request.
pub async fn task_keeps_the_requests_context(stage: Stage) -> Transcript {
    leave_it_to_a_task(stage, true).await
}

/// The handler hands the connection to a task that has a context of its own, and returns.
///
/// Claims C41: the end of the request's context closes nothing.
/// Clause Go: as above.
/// Cure   this is one.
pub async fn task_has_its_own_context(stage: Stage) -> Transcript {
    leave_it_to_a_task(stage, false).await
}

async fn leave_it_to_a_task(stage: Stage, keeps_the_requests: bool) -> Transcript {
    let direct = stage.is_direct();
    let (give, mut given) = mpsc::channel(1);
    let handler = writer(move |w, request, cue| {
        let give = give.clone();
        async move {
            let taken = flush_one_and_take(&w).await?;
            let context = if keeps_the_requests { request.context() } else { Context::background() };
            give.send((taken, context, cue)).await.map_err(std::io::Error::other)
        }
    });
    let mut s = stage.meant(meant(&[ONE, TWO])).start(handler).await;

    let task = async move {
        // A program in the handler's place has a task of its own.
        let Some((taken, context, cue)) = given.recv().await else { return };
        cue.wait("task").await;
        cue.note(state(&context));
        if !context.is_done() {
            taken.conn.write(chunk(TWO) + LAST_CHUNK).await.expect("nothing has closed it");
        }
        taken.conn.close().expect("nothing has closed it");
    };
    let steps = async {
        s.step("the reader asks; the handler flushes an event, takes the connection, leaves it to a task, and returns");
        s.reader.get("/events");
        sent(&mut s, direct, ONE).await;
        s.origin.until(noted("returned")).await;

        let text = "the task looks whether its context has ended: \
                    if so it closes, else it writes another event and the last-chunk first";
        s.cue("task", text).await;
        closed(&mut s, direct).await;
        s.finish().await
    };
    let ((), transcript) = tokio::join!(task, steps);
    transcript
}

fn state(context: &Context) -> &'static str {
    if context.is_done() { "context: ended" } else { "context: not ended" }
}
