//! Labels every octet of one direction of an HTTP/1.x connection (RFC 9112).
//!
//! A parser that rejects is of no use here: broken framing is what the cases are about. This one gives every octet a
//! [`Label`], in order and exactly once, and says of every message how it ended ([`State`]). It never fails and never
//! panics; time is linear in the octets, and how they were sliced into pushes changes nothing.
//!
//! ```
//! use harness::wire::h1::{End, label_responses};
//!
//! let octets = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\ndata: one\n\n\r\n";
//! let stream = label_responses(octets, &["GET"], End::Fin);
//! assert_eq!(stream.messages[0].state.to_string(), "incomplete: 1 chunk, no last-chunk");
//! ```

mod chunk_size;
mod framing;
mod labeller;
mod line;
mod message;
mod persistence;
mod span;
mod state;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use labeller::LABELLED;
pub use labeller::{Content, Labeller};
pub use line::is_token;
pub use message::{Deviation, Field, Framing, Message};
pub use span::{Expected, Label, Span};
pub use state::{By, Malformed, Position, State, Why};

/// How a direction ended, as the socket told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// It has not ended.
    Open,
    /// In order: a read returned zero octets.
    Fin,
    /// By a reset: a read failed.
    Rst,
}

/// One direction of a connection, labelled to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The whole input, in order, each octet in exactly one span. No span is empty.
    pub spans: Vec<Span>,
    /// The messages, in order. Of responses, every request has its final one: a request that was never answered has a
    /// message of no octets, incomplete before the status-line, unless the stream stopped being readable before.
    pub messages: Vec<Message>,
    /// How the direction ended.
    pub end: End,
}

impl Stream {
    /// The methods of the requests in this stream, in order: what the responses have to be read against.
    /// A request whose request-line cannot be read has none.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        self.messages.iter().filter_map(|message| message.method.as_deref())
    }
}

/// Labels a whole response direction; `methods` are those of the requests it answers, in order.
pub fn label_responses(octets: &[u8], methods: &[impl AsRef<str>], end: End) -> Stream {
    let mut labeller = Labeller::responses(methods.iter().map(|method| method.as_ref().to_owned()));
    labeller.push(octets);
    labeller.finish(end)
}

/// Labels a whole request direction.
pub fn label_requests(octets: &[u8], end: End) -> Stream {
    let mut labeller = Labeller::requests();
    labeller.push(octets);
    labeller.finish(end)
}
