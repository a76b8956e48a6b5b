//! Interprets an event stream as a browser does (WHATWG HTML 9.2.5 and 9.2.6), and tells what it discards.
//!
//! Offsets count octets of the content, not of the connection; [`Message::locate`](super::h1::Message::locate) maps them.
//!
//! ```
//! use harness::wire::events::Decoder;
//!
//! let mut decoder = Decoder::new();
//! let events = decoder.push(b"data: one\n\ndata: two\n");
//! assert_eq!(events.len(), 1);
//! assert_eq!(events[0].data, "one");
//! assert_eq!(decoder.pending().unwrap().range, 11..21);
//! ```

mod block;
mod decoder;
mod lines;
mod scan;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

pub use decoder::Decoder;

/// The event type where no field sets one.
const MESSAGE: &str = "message";

/// An event that was dispatched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The event type; `message` if no field set one.
    pub event: Cow<'static, str>,
    /// The values of the data fields, joined by LF.
    pub data: String,
    /// The last event ID at dispatch: of this block, or of one before; none if it is empty. Shared, as one long ID may go
    /// with any number of events.
    pub id: Option<Arc<str>>,
    /// The lines that made it, comments included: from the first line after the previous block to the end of the last
    /// line before the empty one.
    pub range: Range<usize>,
    /// The offset after the octet that dispatched it, the first of the empty line's end: a LF after a CR comes too late.
    pub dispatched_at: usize,
}

/// An event as it lies in the octets that dispatched it, or in the decoder: see [`Event`] for what the fields say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BorrowedEvent<'a> {
    /// The event type; `message` if no field set one.
    pub event: &'a str,
    /// The values of the data fields, joined by LF.
    pub data: &'a str,
    /// The last event ID at dispatch; none if it is empty.
    pub id: Option<&'a Arc<str>>,
    /// The lines that made it.
    pub range: Range<usize>,
    /// The offset after the octet that dispatched it.
    pub dispatched_at: usize,
}

impl BorrowedEvent<'_> {
    /// The event, to be kept.
    #[must_use]
    pub fn to_event(&self) -> Event {
        Event {
            event: if self.event == MESSAGE { Cow::Borrowed(MESSAGE) } else { Cow::Owned(self.event.to_owned()) },
            data: self.data.to_owned(),
            id: self.id.cloned(),
            range: self.range.clone(),
            dispatched_at: self.dispatched_at,
        }
    }
}

/// What a reader discards if the stream ends here (WHATWG HTML 9.2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// From the first line of the block to the end of the stream so far.
    pub range: Range<usize>,
    /// The event type set so far.
    pub event: Option<String>,
    /// The values of the data fields so far, joined by LF. Without one, an empty line would dispatch nothing.
    pub data: Option<String>,
    /// The ID set so far, which is not yet the last event ID.
    pub id: Option<Arc<str>>,
    /// A line without its end that is a field, or could still become one. A comment is none, and neither is a line
    /// whose name is, or can only become, unknown.
    pub unfinished: Option<Range<usize>>,
}
