//! Write deadlines before, while and after the connection is taken.

use harness::origin::writer;
use harness::origin::writer::{Deadline, ResponseWriter, Server, WriteTimeout};
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::verdict::Outcome::{Altered, CutVisible, Intact};

use super::{LAST_CHUNK, ONE, TWO, chunk, closed, flush_one, flush_one_and_take, meant, no_status_line, sent};
use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "server_deadline_untaken",
        claims: &["C40"],
        origin: "writer",
        shows: &[Shows {
            via: Via::Direct,
            outcome: CutVisible,
            twin: Some("server_deadline_taken"),
            says: "the server's write deadline fails the flush after it, and the response is cut",
        }],
        run: |stage| Box::pin(server_deadline_untaken(stage)),
    },
    Variant {
        name: "server_deadline_taken",
        claims: &["C40"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Intact,
                twin: None,
                says: "the server's write deadline is cleared when the connection is taken",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Intact,
                twin: None,
                says: "the server's write deadline is cleared when the connection is taken, behind nginx too",
            },
        ],
        run: |stage| Box::pin(server_deadline_taken(stage)),
    },
    Variant {
        name: "deadline_past_when_taken",
        claims: &["C40", "C43"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Altered,
                twin: Some("no_deadline_when_taken"),
                says: "taking the connection after the deadline loses the header section and says ok",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Altered,
                twin: Some("no_deadline_when_taken@unbuffered-http11"),
                says: "nginx passes chunks without a header section on as HTTP/0.9, and leaves the reader's connection open",
            },
        ],
        run: |stage| Box::pin(deadline_past_when_taken(stage)),
    },
    Variant {
        name: "no_deadline_when_taken",
        claims: &["C40"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Intact,
                twin: None,
                says: "taking the connection sends the header section that was decided",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Intact,
                twin: None,
                says: "nginx passes on the header section that taking the connection sent",
            },
        ],
        run: |stage| Box::pin(no_deadline_when_taken(stage)),
    },
    Variant {
        name: "large_write_past_its_deadline",
        claims: &["C43"],
        origin: "writer",
        shows: &[Shows {
            via: Via::Direct,
            outcome: CutVisible,
            twin: Some("large_write_before_its_deadline"),
            says: "a large write past the deadline makes the server close, and taking the closed connection says ok",
        }],
        run: |stage| Box::pin(large_write_past_its_deadline(stage)),
    },
    Variant {
        name: "large_write_before_its_deadline",
        claims: &["C43"],
        origin: "writer",
        shows: &[Shows {
            via: Via::Direct,
            outcome: Intact,
            twin: None,
            says: "a large write before the deadline arrives, and so does what is written to the connection taken after it",
        }],
        run: |stage| Box::pin(large_write_before_its_deadline(stage)),
    },
    Variant {
        name: "own_deadline_cleared_too_late",
        claims: &["C40", "C43"],
        origin: "writer",
        shows: &[Shows {
            via: Via::Direct,
            outcome: CutVisible,
            twin: Some("own_deadline_cleared_in_time"),
            says: "a deadline set after the taking holds, and its i/o timeout stays with the buffer for good",
        }],
        run: |stage| Box::pin(own_deadline_cleared_too_late(stage)),
    },
    Variant {
        name: "own_deadline_cleared_in_time",
        claims: &["C40", "C43"],
        origin: "writer",
        shows: &[Shows {
            via: Via::Direct,
            outcome: Intact,
            twin: None,
            says: "a deadline that the handler clears before it flushes does no harm",
        }],
        run: |stage| Box::pin(own_deadline_cleared_in_time(stage)),
    },
];

/// The server's write deadline passes after a flush; the handler goes on, and returns.
///
/// Claims C40: what holds for a connection that was not taken.
/// Clause Go: `Server.WriteTimeout` is the maximum duration before timing out writes of the response. RFC 9112 8.
/// Twin   `server_deadline_taken`: the handler takes the connection before the deadline passes.
/// Cure   move the deadline with `ResponseController.SetWriteDeadline` before each event; not taking the connection.
pub async fn server_deadline_untaken(stage: Stage) -> Transcript {
    pass_the_servers_deadline(stage, false).await
}

/// The handler takes the connection, then the server's write deadline passes.
///
/// Claims C40: confirmed: taking the connection clears both deadlines.
/// Clause Go documents that it may be otherwise: "The returned net.Conn may have read or write deadlines already set, depending on
///        the configuration of the Server." Every version that has testified, from 1.15 to 1.27, clears them.
/// Cure   none needed; a handler that wants a deadline sets its own.
pub async fn server_deadline_taken(stage: Stage) -> Transcript {
    pass_the_servers_deadline(stage, true).await
}

async fn pass_the_servers_deadline(stage: Stage, takes: bool) -> Transcript {
    let direct = stage.is_direct();
    let timeout = WriteTimeout::new();
    let server = Server::new().write_timeout(&timeout);
    let handler = writer(move |w, _request, cue| {
        let timeout = timeout.clone();
        async move {
            flush_one(&w).await?;
            if takes {
                let taken = w.hijack().await?;
                cue.wait("deadline").await;
                timeout.pass_now();
                taken.conn.write(chunk(TWO) + LAST_CHUNK).await?;
                Ok(taken.conn.close()?)
            } else {
                cue.wait("deadline").await;
                timeout.pass_now();
                w.write(TWO).await?;
                Ok(w.flush().await?)
            }
        }
    });
    let handler = handler.server(&server);
    let mut s = stage.meant(meant(&[ONE, TWO])).start(handler).await;

    let takes_it = if takes { "flushes an event and takes the connection" } else { "flushes an event" };
    s.step(&format!("the reader asks; the handler {takes_it}"));
    s.reader.get("/events");
    sent(&mut s, direct, ONE).await;

    let goes_on = if takes { "writes another event and the last-chunk, and closes" } else { "flushes another event" };
    s.cue("deadline", &format!("the server's write deadline passes; the handler {goes_on}")).await;
    closed(&mut s, direct).await;
    s.finish().await
}

/// The handler decides the status, its deadline is over, and it takes the connection.
///
/// Claims C40: the deadline is cleared, but not before the header section was lost to it.
///        C43: refuted: the time-out shows as no error at all.
/// Clause RFC 9112 2.1: a message begins with a start-line. Go: `Hijack` ignores what its own flush answers.
/// Twin   `no_deadline_when_taken`: the deadline is none.
/// Cure   flush before taking the connection, and check the error.
pub async fn deadline_past_when_taken(stage: Stage) -> Transcript {
    take_under(stage, Deadline::past).await
}

/// The handler decides the status and takes the connection, with no deadline.
///
/// Claims C40: there is nothing to clear.
/// Clause RFC 9112 7.1.
/// Cure   this is one.
pub async fn no_deadline_when_taken(stage: Stage) -> Transcript {
    take_under(stage, Deadline::none).await
}

async fn take_under(stage: Stage, deadline: fn() -> Deadline) -> Transcript {
    let direct = stage.is_direct();
    let handler = writer(move |w: ResponseWriter, _request, _cue| async move {
        w.header().set("Content-Type", "text/event-stream");
        w.write_header(200).await;
        w.set_write_deadline(deadline())?;
        let taken = w.hijack().await?;
        taken.conn.write(chunk(ONE) + LAST_CHUNK).await?;
        Ok(taken.conn.close()?)
    });
    let mut s = stage.meant(Meant { status: Some(200), ..meant(&[ONE]) }).start(handler).await;

    let is = if deadline().has_passed() { "a write deadline that has passed" } else { "no write deadline" };
    s.step(&format!(
        "the reader asks; the handler decides the status, sets {is}, \
         takes the connection, writes an event and the last-chunk, and closes"
    ));
    s.reader.get("/events");
    if direct || !deadline().has_passed() {
        closed(&mut s, direct).await;
    } else {
        no_status_line(&mut s, LAST_CHUNK).await;
    }
    s.finish().await
}

/// The handler writes more than the server's buffers hold, and takes the connection.
///
/// Claims C43: confirmed where the deadline met a write that went past the buffers: the server has closed the connection, and
///        the taking does not tell. The answer to the flush is then `use of closed network connection`.
/// Clause Go: a failed write of a chunk closes the connection at once.
/// Twin   `large_write_before_its_deadline`: no deadline.
/// Cure   check what `Write` answers; take no connection after an error.
pub async fn large_write_past_its_deadline(stage: Stage) -> Transcript {
    write_large_and_take(stage, Deadline::past).await
}

/// The same with no deadline.
///
/// Claims C43: no time-out, no error.
/// Clause RFC 9112 7.1.
/// Cure   this is one.
pub async fn large_write_before_its_deadline(stage: Stage) -> Transcript {
    write_large_and_take(stage, Deadline::none).await
}

async fn write_large_and_take(stage: Stage, deadline: fn() -> Deadline) -> Transcript {
    let direct = stage.is_direct();
    // More than the 4096 octets of the buffer before the socket.
    let large = format!("data: {}\n\n", "x".repeat(5000));
    let content = large.clone();
    let handler = writer(move |w: ResponseWriter, _request, _cue| {
        let large = large.clone();
        async move {
            flush_one(&w).await?;
            w.set_write_deadline(deadline())?;
            let _unchecked = w.write(large).await;
            let mut taken = w.hijack().await?;
            taken.bufrw.write(LAST_CHUNK).await?;
            taken.bufrw.flush().await?;
            Ok(taken.conn.close()?)
        }
    });
    let mut s = stage.meant(meant(&[ONE, &content])).start(handler).await;

    let is = if deadline().has_passed() { "a write deadline that has passed" } else { "no write deadline" };
    s.step(&format!(
        "the reader asks; the handler flushes an event, sets {is}, writes a large event, \
         takes the connection, and writes the last-chunk"
    ));
    s.reader.get("/events");
    closed(&mut s, direct).await;
    s.finish().await
}

/// The handler sets a deadline on the taken connection, which passes; it flushes, clears the deadline, and flushes again.
///
/// Claims C40: the server's deadline is gone, the handler's own holds.
///        C43: refuted: the answer is `i/o timeout`, and stays so after the deadline was cleared.
/// Clause Go: `bufio.Writer`: "If an error occurs writing to a Writer, no more data will be accepted and all subsequent writes,
///        and Flush, will return the error."
/// Twin   `own_deadline_cleared_in_time`: the deadline is cleared before the first flush.
/// Cure   move the deadline before each write; after a time-out, close.
pub async fn own_deadline_cleared_too_late(stage: Stage) -> Transcript {
    clear_own_deadline(stage, false).await
}

/// The same, cleared before the first flush.
///
/// Claims C40: a deadline that is not set does not hold.
///        C43: no time-out, no error.
/// Clause none.
/// Cure   this is one.
pub async fn own_deadline_cleared_in_time(stage: Stage) -> Transcript {
    clear_own_deadline(stage, true).await
}

async fn clear_own_deadline(stage: Stage, in_time: bool) -> Transcript {
    let direct = stage.is_direct();
    let handler = writer(move |w, _request, cue| async move {
        let own = Deadline::to_come();
        let mut taken = flush_one_and_take(&w).await?;
        taken.conn.set_write_deadline(own.clone())?;
        cue.wait("deadline").await;
        own.pass_now();
        taken.bufrw.write(chunk(TWO) + LAST_CHUNK).await?;
        if in_time {
            taken.conn.set_write_deadline(Deadline::none())?;
            taken.bufrw.flush().await?;
        } else if taken.bufrw.flush().await.is_err() {
            taken.conn.set_write_deadline(Deadline::none())?;
            let _it_failed_once = taken.bufrw.flush().await;
        }
        Ok(taken.conn.close()?)
    });
    let mut s = stage.meant(meant(&[ONE, TWO])).start(handler).await;

    s.step("the reader asks; the handler flushes an event, takes the connection, and sets a write deadline on it");
    s.reader.get("/events");
    sent(&mut s, direct, ONE).await;

    let order = if in_time { "clears it and flushes" } else { "flushes, clears it, flushes again" };
    let text = format!("the deadline passes; the handler writes the rest to the buffer, {order}, and closes");
    s.cue("deadline", &text).await;
    closed(&mut s, direct).await;
    s.finish().await
}
