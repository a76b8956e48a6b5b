//! The places where octets can be written once the connection is taken: its buffer, the connection itself, and the writer,
//! which takes none any more.

use harness::origin::writer;
use harness::stage::Stage;
use harness::transcript::Transcript;
use harness::verdict::Outcome::{Altered, CutSilent, CutVisible, Intact};

use super::{ByHand, LAST_CHUNK, ONE, THREE, TWO, chunk, closed, flush_one_and_take, meant};
use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "closed_with_octets_buffered",
        claims: &["C42"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: CutVisible,
                twin: Some("buffer_flushed_first"),
                says: "closing a taken connection drops what its buffer holds, the last-chunk too",
            },
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: CutSilent,
                twin: Some("buffer_flushed_first@as-shipped"),
                says: "nginx as it ships calls a response whole whose end was left in a buffer",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: CutVisible,
                twin: Some("buffer_flushed_first@unbuffered-http11"),
                says: "nginx asking in HTTP/1.1 passes the cut on as a cut",
            },
        ],
        run: |stage| Box::pin(closed_with_octets_buffered(stage)),
    },
    Variant {
        name: "buffer_flushed_first",
        claims: &["C42"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Intact,
                twin: None,
                says: "what the buffer of a taken connection holds arrives when it is flushed before the close",
            },
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: Intact,
                twin: None,
                says: "nginx as it ships passes on what was flushed before the close",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Intact,
                twin: None,
                says: "nginx asking in HTTP/1.1 passes on what was flushed before the close",
            },
        ],
        run: |stage| Box::pin(buffer_flushed_first(stage)),
    },
    Variant {
        name: "raw_write_overtakes_the_buffer",
        claims: &["C42"],
        origin: "writer",
        shows: &[Shows {
            via: Via::Direct,
            outcome: Altered,
            twin: Some("buffer_flushed_before_a_raw_write"),
            says: "a write to the connection overtakes what waits in its buffer",
        }],
        run: |stage| Box::pin(raw_write_overtakes_the_buffer(stage)),
    },
    Variant {
        name: "buffer_flushed_before_a_raw_write",
        claims: &["C42"],
        origin: "writer",
        shows: &[Shows {
            via: Via::Direct,
            outcome: Intact,
            twin: None,
            says: "a write to the connection follows what was flushed before it",
        }],
        run: |stage| Box::pin(buffer_flushed_before_a_raw_write(stage)),
    },
    Variant {
        name: "writer_goes_on",
        claims: &[],
        origin: "writer",
        shows: &[Shows {
            via: Via::Direct,
            outcome: CutSilent,
            twin: Some("connection_goes_on"),
            says: "the writer refuses what comes after the connection was taken, and the reader takes the response for whole",
        }],
        run: |stage| Box::pin(writer_goes_on(stage)),
    },
    Variant {
        name: "connection_goes_on",
        claims: &[],
        origin: "writer",
        shows: &[Shows {
            via: Via::Direct,
            outcome: Intact,
            twin: None,
            says: "what is written to the connection after it was taken arrives",
        }],
        run: |stage| Box::pin(connection_goes_on(stage)),
    },
];

/// The handler writes an event and the end of the response to the buffer of the taken connection, and closes.
///
/// Claims C42: confirmed for the loss. But it is everything in the buffer that is lost, and what was flushed before
///        arrived whole.
/// Clause RFC 9112 8: a chunked message without the last-chunk is incomplete. Go: `Hijack` returns a `bufio.ReadWriter`, and
///        `Close` belongs to the connection beneath it.
/// Twin   `buffer_flushed_first`: a flush before the close.
/// Cure   flush the buffer, and check the error, before closing.
pub async fn closed_with_octets_buffered(stage: Stage) -> Transcript {
    buffer_and_close(stage, false).await
}

/// The same with a flush before the close.
///
/// Claims C42: what is flushed is not lost.
/// Clause RFC 9112 7.1.
/// Cure   this is one.
pub async fn buffer_flushed_first(stage: Stage) -> Transcript {
    buffer_and_close(stage, true).await
}

async fn buffer_and_close(stage: Stage, flushes: bool) -> Transcript {
    let direct = stage.is_direct();
    let handler = writer(move |w, request, cue| async move {
        let by_hand = ByHand::as_asked(&request);
        let mut taken = flush_one_and_take(&w).await?;
        cue.wait("write").await;
        taken.bufrw.write(by_hand.last(TWO)).await?;
        if flushes {
            taken.bufrw.flush().await?;
        }
        taken.conn.close()?;
        Ok(())
    });
    let mut s = stage.meant(meant(&[ONE, TWO])).start(handler).await;

    let flush = if flushes { "flushes it" } else { "does not flush it" };
    s.step(&format!(
        "the reader asks; the handler flushes an event, takes the connection, \
         writes another event and the end to its buffer, {flush}, and closes"
    ));
    s.reader.get("/events");
    s.release_apart("write").await;
    closed(&mut s, direct).await;
    s.finish().await
}

/// The handler writes the second event to the buffer and the third to the connection.
///
/// Claims C42: octets in the buffer are not on their way.
/// Clause none: order on the wire is the order of writes to the socket.
/// Twin   `buffer_flushed_before_a_raw_write`: a flush between them.
/// Cure   use one of the two alone.
pub async fn raw_write_overtakes_the_buffer(stage: Stage) -> Transcript {
    buffered_and_raw(stage, false).await
}

/// The same with a flush between them.
///
/// Claims C42: flushed octets are on their way.
/// Clause none.
/// Cure   this is one.
pub async fn buffer_flushed_before_a_raw_write(stage: Stage) -> Transcript {
    buffered_and_raw(stage, true).await
}

async fn buffered_and_raw(stage: Stage, flushes: bool) -> Transcript {
    let direct = stage.is_direct();
    let handler = writer(move |w, _request, _cue| async move {
        let mut taken = flush_one_and_take(&w).await?;
        taken.bufrw.write(chunk(TWO)).await?;
        if flushes {
            taken.bufrw.flush().await?;
        }
        taken.conn.write(chunk(THREE)).await?;
        taken.bufrw.write(LAST_CHUNK).await?;
        taken.bufrw.flush().await?;
        taken.conn.close()?;
        Ok(())
    });
    let mut s = stage.meant(meant(&[ONE, TWO, THREE])).start(handler).await;

    let flush = if flushes { "and flushes it" } else { "and does not flush it" };
    s.step(&format!(
        "the reader asks; the handler takes the connection, writes the second event to its buffer {flush}, \
         writes the third to the connection, and ends"
    ));
    s.reader.get("/events");
    closed(&mut s, direct).await;
    s.finish().await
}

/// The handler writes an event through the writer, as before, and ends the response on the connection.
///
/// Claims none. The writer answers `http: connection has been hijacked`; who does not look does not know.
/// Clause Go: `ErrHijacked`.
/// Twin   `connection_goes_on`: the event is written to the connection.
/// Cure   drop the writer when the connection is taken, and check what `Write` answers.
pub async fn writer_goes_on(stage: Stage) -> Transcript {
    write_on(stage, true).await
}

/// The handler writes an event to the connection, and ends the response there.
///
/// Claims none.
/// Clause RFC 9112 7.1.
/// Cure   this is one.
pub async fn connection_goes_on(stage: Stage) -> Transcript {
    write_on(stage, false).await
}

async fn write_on(stage: Stage, through_the_writer: bool) -> Transcript {
    let direct = stage.is_direct();
    let handler = writer(move |w, _request, _cue| async move {
        let taken = flush_one_and_take(&w).await?;
        if through_the_writer {
            // Unchecked, as in a handler that prints to the writer.
            let _unchecked = w.write(TWO).await;
        } else {
            taken.conn.write(chunk(TWO)).await?;
        }
        taken.conn.write(LAST_CHUNK).await?;
        taken.conn.close()?;
        Ok(())
    });
    let mut s = stage.meant(meant(&[ONE, TWO])).start(handler).await;

    let where_to = if through_the_writer { "the writer" } else { "the connection, in a chunk" };
    s.step(&format!(
        "the reader asks; the handler flushes an event, takes the connection, \
         writes another event to {where_to}, writes the last-chunk to the connection, and closes"
    ));
    s.reader.get("/events");
    closed(&mut s, direct).await;
    s.finish().await
}
