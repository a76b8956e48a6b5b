//! A chunk that comes in two pieces, although chunks as such pass (see `holding`).

use harness::origin::scripted;
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::until::{end_of_response, sent};
use harness::verdict::Outcome::{Held, Intact};

use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "chunk_size_then_chunk_data",
        claims: &["C56", "C68"],
        origin: "scripted",
        shows: &[
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: Held,
                twin: Some("chunk_size_then_chunk_data@unbuffered"),
                says: "nginx as it ships holds an event whose chunk-size came before it, until the next chunk begins",
            },
            Shows {
                via: Via::Nginx("http11"),
                outcome: Held,
                twin: Some("chunked_events@http11"),
                says: "nginx asking in HTTP/1.1 holds an event whose chunk-size came before it, until the next chunk begins",
            },
            Shows {
                via: Via::Nginx("unbuffered"),
                outcome: Intact,
                twin: None,
                says: "nginx without buffering passes on an event whose chunk-size came before it",
            },
        ],
        run: |stage| Box::pin(chunk_size_then_chunk_data(stage)),
    },
    Variant {
        name: "half_a_chunk_then_the_rest",
        claims: &["C56", "C68"],
        origin: "scripted",
        shows: &[
            Shows {
                via: Via::Nginx("as-shipped"),
                outcome: Held,
                twin: Some("half_a_chunk_then_the_rest@unbuffered"),
                says: "nginx as it ships passes half an event on, and holds the rest until the next chunk begins",
            },
            Shows {
                via: Via::Nginx("http11"),
                outcome: Held,
                twin: Some("chunked_events@http11"),
                says: "nginx asking in HTTP/1.1 passes half an event on, and holds the rest until the next chunk begins",
            },
            Shows {
                via: Via::Nginx("unbuffered"),
                outcome: Intact,
                twin: None,
                says: "nginx without buffering passes both pieces of a chunk on as they come, each as a chunk of its own",
            },
        ],
        run: |stage| Box::pin(half_a_chunk_then_the_rest(stage)),
    },
];

/// The origin writes the chunk-size and the chunk-data of an event apart, as servers do that have no vectored write.
///
/// Inside a chunk nginx asks for the rest of it *and* for the shortest end of a message behind it; the rest of the chunk
/// alone is too little, so it stays in the buffer until something follows.
///
/// Claims C56, C68: nginx buffers by default: of chunks it does so when they come in pieces.
/// Clause RFC 9112 7.1: a chunk is a matter of framing, and how many reads it takes says nothing.
/// Twin   the same with `proxy_buffering off`, or each chunk in one write (`chunked_events`).
/// Cure   `proxy_buffering off`.
pub async fn chunk_size_then_chunk_data(stage: Stage) -> Transcript {
    play(stage, "b\r\n", "data: two\n\n\r\n", "the origin sends the chunk-size of another event").await
}

/// The first piece holds half of the event, so nginx has something to pass on.
///
/// Claims C56, C68: as above.
/// Clause RFC 9112 7.1, and 7: a gateway may cut the content into other chunks.
/// Twin   the same with `proxy_buffering off`, or each chunk in one write (`chunked_events`).
/// Cure   `proxy_buffering off`.
pub async fn half_a_chunk_then_the_rest(stage: Stage) -> Transcript {
    play(stage, "b\r\ndata:", " two\n\n\r\n", "the origin sends the chunk-size and half of another event").await
}

async fn play(stage: Stage, piece: &str, rest: &str, text: &str) -> Transcript {
    let meant = Meant { content: Some(b"data: one\n\ndata: two\n\ndata: three\n\n".to_vec()), ..Meant::default() };
    let script = scripted()
        .request()
        .send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nb\r\ndata: one\n\n\r\n")
        .cue("piece")
        .send(piece)
        .cue("rest")
        .send(rest)
        .cue("end")
        .send("d\r\ndata: three\n\n\r\n0\r\n\r\n")
        .fin();
    let mut s = stage.meant(meant).start(script).await;

    s.step("the reader asks, the origin sends one event as one whole chunk");
    s.reader.get("/events");
    s.origin.until(sent("data: one\n\n\r\n")).await;
    s.look().await;

    s.cue("piece", text).await;
    s.origin.until(sent(piece)).await;
    s.look().await;

    s.cue("rest", "the origin sends the rest of this chunk").await;
    s.origin.until(sent(rest)).await;
    s.look().await;

    s.cue("end", "the origin sends a third event and ends").await;
    s.reader.until(end_of_response()).await;
    s.finish().await
}
