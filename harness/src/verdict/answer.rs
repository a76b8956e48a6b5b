//! The response that the case is about, as one hop carried it.

use crate::wire::events::{BorrowedEvent, Decoder};
use crate::wire::h1::{By, End, Framing, Label, Message, Span, State};

use super::connection::{Connection, Direction};

/// The first final response of a hop of which there is at least an octet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) connection: &'a Connection<'a>,
    pub(crate) message: &'a Message,
}

/// How far a response has come: compared, it tells which hop is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Whether the header section is there.
    pub(crate) header_section: bool,
    /// Octets of content.
    pub(crate) content: usize,
}

impl<'a> Answer<'a> {
    pub(crate) fn of(connections: &'a [Connection<'a>]) -> Option<Self> {
        connections.iter().find_map(|connection| {
            let mut messages = connection.responses.stream.messages.iter();
            let message = messages.find(|message| !message.interim && !message.range.is_empty())?;
            Some(Self { connection, message })
        })
    }

    pub(crate) fn octets(&self) -> &'a [u8] {
        &self.connection.responses.octets
    }

    /// The content, chunked coding taken off; after a switch of protocol, what the other protocol says.
    pub(crate) fn content(&self) -> Vec<u8> {
        content(&self.connection.responses, self.message).flatten().copied().collect()
    }

    /// Whether the content bears a coding that is not taken off here.
    pub(crate) fn is_coded(&self) -> bool {
        is_coded(self.message, self.octets())
    }

    pub(crate) fn content_coding(&self) -> Option<&'a [u8]> {
        self.message.field(self.octets(), "content-encoding")
    }

    /// How far it had come at each of these places; `ats` ascend, and count octets of the connection.
    pub(crate) fn progress(&self, ats: impl IntoIterator<Item = usize>) -> Vec<Progress> {
        let spans = &self.connection.responses.stream.spans;
        let first = spans.partition_point(|span| span.range.start < self.message.range.start);
        let another = |span: &&Span| span.message > spans[first].message && span.label == Label::StatusLine;
        let mut spans = spans[first..].iter().take_while(|span| !another(span)).peekable();
        let mut whole = Progress { header_section: false, content: 0 };
        let is_content = |span: &Span| matches!(span.label, Label::ChunkData { .. } | Label::Content | Label::Raw);
        let mut progress = Vec::new();
        for at in ats {
            while let Some(span) = spans.next_if(|span| span.range.end <= at) {
                whole.header_section |= span.label == Label::HeaderEnd;
                whole.content += if is_content(span) { span.range.len() } else { 0 };
            }
            let begun = spans.peek().filter(|span| span.range.start < at && is_content(span));
            let content = whole.content + begun.map_or(0, |span| at - span.range.start);
            progress.push(Progress { content, ..whole });
        }
        progress
    }

    /// The octets that no framing accounts for: after the last message, or in place of what the grammar demands.
    pub(crate) fn unframed(&self) -> Vec<u8> {
        let responses = &self.connection.responses;
        let stray =
            responses.stream.spans.iter().filter(|span| matches!(span.label, Label::Surplus | Label::Unexpected(_)));
        stray.flat_map(|span| &responses.octets[span.range.clone()]).copied().collect()
    }

    /// Whether some of [`Answer::unframed`] came after a message that was whole.
    pub(crate) fn has_surplus(&self) -> bool {
        self.connection.responses.stream.spans.iter().any(|span| span.label == Label::Surplus)
    }

    pub(crate) fn is_complete(&self) -> bool {
        matches!(self.message.state, State::Complete(_))
    }

    /// Whether the end of the connection is what made it complete.
    pub(crate) fn is_complete_by_close(&self) -> bool {
        self.message.state == State::Complete(By::Close)
    }

    /// Whether nothing more of it can come.
    pub(crate) fn is_over(&self) -> bool {
        self.is_complete() || self.connection.responses.stream.end != End::Open
    }

    /// Whether nothing more of it can come because the reader itself has reset the connection.
    pub(crate) fn is_given_up(&self) -> bool {
        let Connection { requests, responses } = self.connection;
        requests.stream.end == End::Rst && responses.ended_in().is_none()
    }

    /// Hands over the events dispatched. Gives how many they are, and whether another one is pending; none when it is no
    /// event stream, or a coded one.
    pub(crate) fn events(&self, each: impl FnMut(BorrowedEvent<'_>)) -> Option<(usize, bool)> {
        events(&self.connection.responses, self.message, each)
    }
}

/// The pieces of the content, in order.
fn content<'a>(responses: &'a Direction<'_>, message: &'a Message) -> impl Iterator<Item = &'a [u8]> {
    let is_raw = message.framing == Framing::Raw;
    let raw = responses.stream.spans.iter().filter(move |span| is_raw && span.label == Label::Raw);
    let ranges = message.content.iter().filter(move |_| !is_raw).chain(raw.map(|span| &span.range));
    ranges.map(|range| &responses.octets[range.clone()])
}

fn is_coded(message: &Message, octets: &[u8]) -> bool {
    message.field(octets, "content-encoding").is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity"))
}

/// Whether it is one of the responses that have no content (RFC 9112 6.3, rule 1), however far it has come.
fn has_no_content(message: &Message) -> bool {
    message.method.as_deref() == Some("HEAD") || matches!(message.status, Some(100 | 102..=199 | 204 | 304))
}

/// See [`Answer::events`]; the media type is compared without its parameters (RFC 9110 8.3.1).
pub(super) fn events(
    responses: &Direction<'_>,
    message: &Message,
    mut each: impl FnMut(BorrowedEvent<'_>),
) -> Option<(usize, bool)> {
    let media_type = message.field(&responses.octets, "content-type")?.split(|octet| *octet == b';').next()?;
    if has_no_content(message)
        || is_coded(message, &responses.octets)
        || !media_type.trim_ascii().eq_ignore_ascii_case(b"text/event-stream")
    {
        return None;
    }
    let mut decoder = Decoder::new();
    for piece in content(responses, message) {
        decoder.push_with(piece, &mut each);
    }
    Some((decoder.dispatched(), decoder.has_pending()))
}
