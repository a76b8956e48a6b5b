//! The server has begun a framing, and the handler goes on writing behind it.

use harness::origin::writer;
use harness::origin::writer::Request;
use harness::stage::Stage;
use harness::transcript::Transcript;
use harness::verdict::Outcome::{Altered, CutSilent, CutVisible, Intact};

use super::{ByHand, ONE, TWO, closed, flush_one_and_take, meant};
use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "raw_octets_inside_chunks",
        claims: &["C44"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: CutVisible,
                twin: Some("framed_as_asked"),
                says: "octets written raw behind a flushed chunk are no chunk, and the reader reports broken framing",
            },
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: Intact,
                twin: None,
                says: "nginx as it ships asks in HTTP/1.0, so that raw octets behind a flush are content",
            },
            Shows {
                via: Via::Nginx("http11"),
                outcome: CutVisible,
                twin: Some("framed_as_asked@http11"),
                says: "nginx cuts a response off at raw octets among its chunks",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: CutVisible,
                twin: Some("framed_as_asked@unbuffered-http11"),
                says: "nginx without buffering cuts a response off at raw octets among its chunks",
            },
        ],
        run: |stage| Box::pin(raw_octets_inside_chunks(stage)),
    },
    Variant {
        name: "raw_octets_read_as_the_last_chunk",
        claims: &["C44"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: CutSilent,
                twin: Some("countdown_framed"),
                says: "a raw line that says 0 ends the response, and the reader takes it for whole",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: CutSilent,
                twin: Some("countdown_framed@unbuffered-http11"),
                says: "nginx takes a raw line that says 0 for the last-chunk",
            },
        ],
        run: |stage| Box::pin(raw_octets_read_as_the_last_chunk(stage)),
    },
    Variant {
        name: "countdown_framed",
        claims: &["C44"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Intact,
                twin: None,
                says: "a line that says 0 is content inside a chunk",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Intact,
                twin: None,
                says: "nginx passes on a line that says 0 inside a chunk",
            },
        ],
        run: |stage| Box::pin(countdown_framed(stage)),
    },
    Variant {
        name: "always_in_chunks",
        claims: &["C54"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Intact,
                twin: None,
                says: "chunks, last-chunk and close written by hand make a whole response",
            },
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: Altered,
                twin: Some("framed_as_asked@as-shipped"),
                says: "chunk-sizes written by hand become content, because nginx as it ships asks in HTTP/1.0",
            },
        ],
        run: |stage| Box::pin(always_in_chunks(stage)),
    },
    Variant {
        name: "framed_as_asked",
        claims: &["C44", "C54"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Intact,
                twin: None,
                says: "a handler that goes on in chunks where HTTP/1.1 was asked for loses nothing",
            },
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: Intact,
                twin: None,
                says: "a handler that goes on without chunks where HTTP/1.0 was asked for loses nothing",
            },
            Shows {
                via: Via::Nginx("http11"),
                outcome: Intact,
                twin: None,
                says: "nginx passes on chunks written by hand",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Intact,
                twin: None,
                says: "nginx without buffering passes on chunks written by hand",
            },
        ],
        run: |stage| Box::pin(framed_as_asked(stage)),
    },
    Variant {
        name: "length_declared",
        claims: &["C44"],
        origin: "writer",
        shows: &[
            Shows {
                via: Via::Direct,
                outcome: Intact,
                twin: None,
                says: "raw octets behind a flush are content where the Content-Length counts them",
            },
            Shows {
                via: Via::Nginx("unbuffered-http11"),
                outcome: Intact,
                twin: None,
                says: "nginx passes on raw octets that the Content-Length counts",
            },
        ],
        run: |stage| Box::pin(length_declared(stage)),
    },
];

/// The handler flushes an event, takes the connection, and writes the next one raw.
///
/// Claims C44: the write succeeds, and what it wrote can be no part of the response.
/// Clause RFC 9112 7.1: behind a chunk comes a chunk-size. Go: nothing in `Hijack` tells that chunked was chosen.
/// Twin   `framed_as_asked`: the octets are framed.
/// Cure   frame by hand, or do not take a connection whose response has begun.
pub async fn raw_octets_inside_chunks(stage: Stage) -> Transcript {
    let raw = |_: &Request| TWO.to_owned();
    flush_take_write(stage, [ONE, TWO], "an event raw", raw).await
}

/// The same with a last line that reads like framing.
///
/// Claims C44: the write succeeds, and what it wrote is no part of the content.
/// Clause RFC 9112 7.1: `0` and an empty line are the last-chunk and an empty trailer section.
/// Twin   `countdown_framed`: the line is framed.
/// Cure   frame by hand.
pub async fn raw_octets_read_as_the_last_chunk(stage: Stage) -> Transcript {
    let raw = |_: &Request| COUNTDOWN[1].to_owned();
    flush_take_write(stage, COUNTDOWN, "the end of a countdown raw", raw).await
}

/// The same countdown, framed by hand.
///
/// Claims C44: the write succeeds, and so does the response.
/// Clause RFC 9112 7.1.
/// Cure   this is one.
pub async fn countdown_framed(stage: Stage) -> Transcript {
    let framed = |request: &Request| ByHand::as_asked(request).last(COUNTDOWN[1]);
    flush_take_write(stage, COUNTDOWN, "the end of a countdown in a chunk, and the last-chunk", framed).await
}

/// A countdown whose last line ends what was counted.
const COUNTDOWN: [&str; 2] = ["2\r\n1\r\n", "0\r\n\r\n"];

/// The handler flushes an event, takes the connection, and goes on in chunks, whatever it was asked in.
///
/// Claims C54: nginx needs `proxy_http_version 1.1`: without it the server begins no chunks, and those written by hand are
///        content.
/// Clause RFC 9112 6.1: no Transfer-Encoding towards an HTTP/1.0 client; 7.1.
/// Twin   `framed_as_asked`: the handler looks at the version of the request.
/// Cure   look at the request's version.
pub async fn always_in_chunks(stage: Stage) -> Transcript {
    let framed = |_: &Request| ByHand::Chunked.last(TWO);
    flush_take_write(stage, [ONE, TWO], "an event in a chunk, and the last-chunk", framed).await
}

/// The handler flushes an event, takes the connection, and goes on in the framing that the server has begun.
///
/// Claims C44: the write succeeds, and the response arrives.
///        C54: nginx works without `proxy_http_version 1.1`, for a handler that looks at the version.
/// Clause RFC 9112 6.1, 7.1.
/// Cure   this is one.
pub async fn framed_as_asked(stage: Stage) -> Transcript {
    let framed = |request: &Request| ByHand::as_asked(request).last(TWO);
    flush_take_write(stage, [ONE, TWO], "an event in the framing of the response, and its end", framed).await
}

async fn flush_take_write(
    stage: Stage,
    content: [&'static str; 2],
    what: &str,
    by_hand: fn(&Request) -> String,
) -> Transcript {
    let direct = stage.is_direct();
    let [first, second] = content;
    let handler = writer(move |w, request, cue| async move {
        let octets = by_hand(&request);
        w.header().set("Content-Type", if first == ONE { "text/event-stream" } else { "text/plain" });
        w.write(first).await?;
        w.flush().await?;
        let taken = w.hijack().await?;
        cue.wait("write").await;
        taken.conn.write(octets).await?;
        taken.conn.close()?;
        Ok(())
    });
    let mut s = stage.meant(meant(&[first, second])).start(handler).await;

    s.step(&format!("the reader asks; the handler flushes, takes the connection, writes {what}, and closes"));
    s.reader.get("/events");
    s.release_apart("write").await;
    closed(&mut s, direct).await;
    s.finish().await
}

/// The handler declares the length of both events, flushes the first, takes the connection, and writes the second raw.
///
/// Claims C44: the write succeeds, and the response arrives.
/// Clause RFC 9112 6.2: Content-Length counts octets, whoever writes them.
/// Cure   this is one, where the length is known.
pub async fn length_declared(stage: Stage) -> Transcript {
    let direct = stage.is_direct();
    let handler = writer(move |w, _request, _cue| async move {
        w.header().set("Content-Length", &(ONE.len() + TWO.len()).to_string());
        let taken = flush_one_and_take(&w).await?;
        taken.conn.write(TWO).await?;
        taken.conn.close()?;
        Ok(())
    });
    let mut s = stage.meant(meant(&[ONE, TWO])).start(handler).await;

    s.step("the reader asks; the handler declares the length, flushes an event, takes the connection, writes the other one raw");
    s.reader.get("/events");
    closed(&mut s, direct).await;
    s.finish().await
}
