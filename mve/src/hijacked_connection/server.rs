//! The server's two ends, which spare a connection that was taken.

use harness::origin::writer;
use harness::origin::writer::Server;
use harness::reader::Library;
use harness::stage::{Scene, Stage};
use harness::transcript::Transcript;
use harness::until::waiting;
use harness::verdict::Outcome::{CutVisible, Hung, Intact};

use super::{LAST_CHUNK, ONE, TWO, chunk, closed, flush_one, meant, sent};
use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "server_shuts_down",
        claims: &[],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Hung,
                twin: Some("server_shuts_down_untaken"),
                says: "a server that shuts down gracefully neither ends nor closes a taken connection",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Hung,
                twin: Some("server_shuts_down_untaken@unbuffered-http11"),
                says: "nginx goes on waiting for a server that has shut down and left a taken connection open",
            },
        ],
        run: |stage| Box::pin(server_shuts_down(stage)),
    },
    Variant {
        name: "server_shuts_down_untaken",
        claims: &[],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Intact,
                twin: None,
                says: "a server that shuts down gracefully ends the response when the handler returns, and closes",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Intact,
                twin: None,
                says: "nginx passes on the end of a response that outlasted the server's graceful end",
            },
        ],
        run: |stage| Box::pin(server_shuts_down_untaken(stage)),
    },
    Variant {
        name: "server_closes",
        claims: &["C41"],
        origin: "writer",
        shows: &[Shows {
            via: Via::Direct,
            outcome: Intact,
            twin: None,
            says: "a server that is closed leaves a taken connection alone, and the handler writes on",
        }],
        run: |stage| Box::pin(server_closes(stage)),
    },
    Variant {
        name: "server_closes_untaken",
        claims: &["C41", "C43"],
        origin: "writer",
        shows: &[Shows {
            via: Via::Direct,
            outcome: CutVisible,
            twin: Some("server_closes"),
            says: "a server that is closed closes the connections that are its own, in the middle of a response",
        }],
        run: |stage| Box::pin(server_closes_untaken(stage)),
    },
];

/// The server shuts down gracefully; the handler has taken the connection, and returns.
///
/// Claims none: the article does not speak of it.
/// Clause Go: "Shutdown does not attempt to close nor wait for hijacked connections such as WebSockets."
/// Twin   `server_shuts_down_untaken`: the connection is the server's still.
/// Cure   keep a list of taken connections, and end them in a function registered with `RegisterOnShutdown`.
pub async fn server_shuts_down(stage: Stage) -> Transcript {
    shut_down(stage, true).await
}

/// The server shuts down gracefully; the handler returns.
///
/// Claims none.
/// Clause Go: `Shutdown` waits for connections to become idle. RFC 9112 9.6: the origin closes after the response.
/// Cure   none needed.
pub async fn server_shuts_down_untaken(stage: Stage) -> Transcript {
    shut_down(stage, false).await
}

async fn shut_down(stage: Stage, takes: bool) -> Transcript {
    let direct = stage.is_direct();
    let server = Server::new();
    let handler = writer(move |w, _request, cue| async move {
        flush_one(&w).await?;
        let _taken = if takes { Some(w.hijack().await?) } else { None };
        cue.wait("shutdown").await;
        Ok(())
    });
    let mut s = stage.meant(meant(&[ONE])).start(handler.server(&server)).await;

    s.step(first(takes));
    s.reader.get("/events");
    sent(&mut s, direct, ONE).await;

    let text = "the server shuts down gracefully, and the handler returns";
    beside(&mut s, "shutdown", text, || server.shut_down()).await;
    if takes {
        s.origin.until(harness::until::noted("returned")).await;
        s.look().await;
    } else {
        closed(&mut s, direct).await;
    }
    s.finish().await
}

/// The server is closed; the handler has taken the connection, and writes on.
///
/// Claims C41: refuted: not even `Close` closes a taken connection.
/// Clause Go: "Close does not attempt to close (and does not even know about) any hijacked connections".
/// Cure   keep a list of taken connections, and close them too.
pub async fn server_closes(stage: Stage) -> Transcript {
    close(stage, true).await
}

/// The server is closed; the handler writes on.
///
/// Claims C41: what holds for a connection that was not taken.
///        C43: here the answer is a closed connection, and no deadline has part in it.
/// Clause Go: `Close` closes all connections at once. RFC 9112 8.
/// Twin   `server_closes`: the handler has taken the connection.
/// Cure   `Shutdown`, not taking the connection.
pub async fn server_closes_untaken(stage: Stage) -> Transcript {
    close(stage, false).await
}

async fn close(stage: Stage, takes: bool) -> Transcript {
    let direct = stage.is_direct();
    let server = Server::new();
    let handler = writer(move |w, _request, cue| async move {
        flush_one(&w).await?;
        if takes {
            let taken = w.hijack().await?;
            cue.wait("close").await;
            taken.conn.write(chunk(TWO) + LAST_CHUNK).await?;
            Ok(taken.conn.close()?)
        } else {
            cue.wait("close").await;
            w.write(TWO).await?;
            Ok(w.flush().await?)
        }
    });
    let mut s = stage.meant(meant(&[ONE, TWO])).start(handler.server(&server)).await;

    s.step(first(takes));
    s.reader.get("/events");
    sent(&mut s, direct, ONE).await;

    let goes_on = if takes { "writes another event and the last-chunk, and closes" } else { "flushes another event" };
    let text = format!("the server is closed; the handler {goes_on}");
    beside(&mut s, "close", &text, || server.close()).await;
    closed(&mut s, direct).await;
    s.finish().await
}

/// Waits until the handler waits for this cue, begins a step with what happens beside the handler, and lets it go. A program
/// in the handler's place does it itself.
async fn beside(s: &mut Scene<Library>, cue: &str, text: &str, happens: impl FnOnce()) {
    s.origin.until(waiting(cue)).await;
    s.step(text);
    happens();
    s.origin.cue().give(cue);
}

fn first(takes: bool) -> &'static str {
    if takes {
        "the reader asks; the handler flushes an event and takes the connection"
    } else {
        "the reader asks; the handler flushes an event"
    }
}
