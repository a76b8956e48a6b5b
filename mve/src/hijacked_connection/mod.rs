//! The handler takes the connection, and the server's bookkeeping goes on without it: framing, deadlines, the watch for the
//! reader's departure, closing.
//!
//! With the connection comes everything that the server did for a response: content has to be framed, buffers flushed, the
//! end said, the connection closed, the peer watched, all by hand.

mod buffer;
mod context;
mod deadline;
mod departure;
mod ending;
mod framing;
mod server;
mod taking;
mod upgrade;

use std::io;

use harness::origin::writer::{Hijacked, Request, ResponseWriter};
use harness::reader::Library;
use harness::stage::Scene;
use harness::transcript::Meant;
use harness::until;
use hyper::Version;

use crate::catalogue::Failure;

/// Whoever takes a connection takes over what the server did for it.
pub const FAILURE: Failure = Failure {
    name: "hijacked_connection",
    about: "the handler takes the connection, and what the server did for it is not done any more",
    families: &[
        taking::VARIANTS,
        framing::VARIANTS,
        buffer::VARIANTS,
        ending::VARIANTS,
        context::VARIANTS,
        deadline::VARIANTS,
        server::VARIANTS,
        departure::VARIANTS,
        upgrade::VARIANTS,
    ],
};

const ONE: &str = "data: one\n\n";
const TWO: &str = "data: two\n\n";
const THREE: &str = "data: three\n\n";
/// RFC 9112 7.1, with an empty trailer section.
const LAST_CHUNK: &str = "0\r\n\r\n";

/// What the application would have sent.
fn meant(events: &[&str]) -> Meant {
    Meant { content: Some(events.concat().into_bytes()), ..Meant::default() }
}

/// One chunk: RFC 9112 7.1.
fn chunk(content: &str) -> String {
    format!("{:x}\r\n{content}\r\n", content.len())
}

/// The framing that the server has begun, and that the handler has to go on with.
#[derive(Clone, Copy)]
enum ByHand {
    /// An HTTP/1.0 request was answered: the content ends with the connection.
    CloseDelimited,
    Chunked,
}

impl ByHand {
    /// What the server begins when a response to this request is flushed and declares no length.
    fn as_asked(request: &Request) -> Self {
        if request.version() == Version::HTTP_11 { Self::Chunked } else { Self::CloseDelimited }
    }

    /// This content and the end of the message.
    fn last(self, content: &str) -> String {
        match self {
            Self::CloseDelimited => content.to_owned(),
            Self::Chunked => chunk(content) + LAST_CHUNK,
        }
    }
}

/// Sends the header section and the first event through the server.
async fn flush_one(w: &ResponseWriter) -> io::Result<()> {
    w.header().set("Content-Type", "text/event-stream");
    w.write(ONE).await?;
    Ok(w.flush().await?)
}

/// The same, and takes the connection.
async fn flush_one_and_take(w: &ResponseWriter) -> io::Result<Hijacked> {
    flush_one(w).await?;
    Ok(w.hijack().await?)
}

/// Waits for this content at the reader; behind a gateway, which may hold it, at the origin, and looks what has come of it.
async fn sent(s: &mut Scene<Library>, direct: bool, content: &str) {
    if direct {
        s.reader.until(until::content(content)).await;
    } else {
        s.origin.until(until::content_sent(content)).await;
        s.look().await;
    }
}

/// Waits for the end of a connection that the origin closes; behind a gateway, which may keep the reader's, for that of the
/// response.
async fn closed(s: &mut Scene<Library>, direct: bool) {
    let end = if direct { until::closed() } else { until::end_of_response() };
    s.reader.until(end).await;
}

/// Waits for a response without a status-line that a gateway passes on up to these octets, and for an end, which does not
/// come.
async fn no_status_line(s: &mut Scene<Library>, last: &str) {
    let returned = until::noted("returned");
    let done = if s.origin.is_relayed() { returned.and(until::closed()) } else { returned };
    s.origin.until(done).await;
    s.reader.until(until::octets(last)).await;
    s.reader.report().await;

    s.step("the reader waits for the end");
    s.look().await;
}
