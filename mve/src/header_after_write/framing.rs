//! What decides the framing: the order of status and write, the size of the content, or a flush?

use harness::origin::writer;
use harness::stage::Stage;
use harness::transcript::{Meant, Transcript};
use harness::until::end_of_response;
use harness::verdict::Outcome::Intact;

use crate::catalogue::{Shows, Variant, Via::Direct};

/// Claim C39 says that the order decides. One variant for each order and each way to write; no order changes an octet.
pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "status_then_small_write",
        claims: &["C39"],
        origin: "writer",
        shows: &[intact("status, then a small write: the server counts the content and sends Content-Length")],
        run: |stage| Box::pin(play(stage, Order::StatusFirst, Way::Small)),
    },
    Variant {
        name: "small_write_then_status",
        claims: &["C37", "C39"],
        origin: "writer",
        shows: &[intact("a small write, then the status: the same octets, Content-Length again")],
        run: |stage| Box::pin(play(stage, Order::WriteFirst, Way::Small)),
    },
    Variant {
        name: "status_then_large_write",
        claims: &["C39"],
        origin: "writer",
        shows: &[intact("status, then more than the buffer of 2048 octets: chunked")],
        run: |stage| Box::pin(play(stage, Order::StatusFirst, Way::Large)),
    },
    Variant {
        name: "large_write_then_status",
        claims: &["C37", "C39"],
        origin: "writer",
        shows: &[intact("more than the buffer, then the status: the same octets, chunked again")],
        run: |stage| Box::pin(play(stage, Order::WriteFirst, Way::Large)),
    },
    Variant {
        name: "status_then_flushed_write",
        claims: &["C39"],
        origin: "writer",
        shows: &[intact("status, then a small write with a flush: chunked")],
        run: |stage| Box::pin(play(stage, Order::StatusFirst, Way::Flushed)),
    },
    Variant {
        name: "flushed_write_then_status",
        claims: &["C37", "C39"],
        origin: "writer",
        shows: &[intact("a small write with a flush, then the status: the same octets, chunked again")],
        run: |stage| Box::pin(play(stage, Order::WriteFirst, Way::Flushed)),
    },
];

const fn intact(says: &'static str) -> Shows {
    Shows { via: Direct, outcome: Intact, twin: None, says }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    StatusFirst,
    WriteFirst,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Far below 2048 octets.
    Small,
    /// One octet more than the buffer in front of the framing holds.
    Large,
    /// Small, and flushed.
    Flushed,
}

/// The handler says 200 before or after it writes; the status is the one that the server would choose by itself, so that the
/// order is the only fact that differs between two variants.
///
/// Claims C39: status-then-write gives Content-Length framing, write-then-status gives chunked.
/// Clause RFC 9112 6.3: chunked wins over length, and neither depends on the order of calls.
async fn play(stage: Stage, order: Order, way: Way) -> Transcript {
    let content = match way {
        Way::Small | Way::Flushed => "small\n".to_owned(),
        Way::Large => "x".repeat(2048) + "\n",
    };
    let meant = Meant { status: Some(200), content: Some(content.clone().into()), ..Meant::default() };
    let handler = writer(move |w, _request, _cue| {
        let content = content.clone();
        async move {
            if order == Order::StatusFirst {
                w.write_header(200).await;
            }
            w.write(&content).await?;
            if way == Way::Flushed {
                w.flush().await?;
            }
            if order == Order::WriteFirst {
                w.write_header(200).await;
            }
            Ok(())
        }
    });
    let mut s = stage.meant(meant).start(handler).await;
    s.step("the reader asks, the handler answers and returns");
    s.reader.get("/");
    s.reader.until(end_of_response()).await;
    s.finish().await
}
