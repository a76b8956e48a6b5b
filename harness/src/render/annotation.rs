//! What stands behind a piece: its meaning in the terms of RFC 9112, where the octets alone do not show it.

use super::lane::Thousands;
use crate::wire::h1::{Deviation, Label, Position, Span, State, Stream};

/// The annotations of one direction of a connection.
#[derive(Debug)]
pub(super) struct Annotations<'a> {
    stream: &'a Stream,
    /// In the order of their places.
    deviations: Vec<(usize, Deviation)>,
}

impl<'a> Annotations<'a> {
    pub(super) fn of(stream: &'a Stream) -> Self {
        let mut deviations: Vec<_> = stream.messages.iter().flat_map(|m| &m.deviations).copied().collect();
        deviations.sort_by_key(|(at, _)| *at);
        Self { stream, deviations }
    }

    /// The annotation of the piece with which a span begins.
    pub(super) fn begins(&self, span: &Span) -> Option<String> {
        let label = match span.label {
            Label::ChunkSize { index, size: Some(1) } => Some(format!("chunk {index}: 1 octet")),
            Label::ChunkSize { index, size: Some(size) } => {
                Some(format!("chunk {index}: {} octets", Thousands(usize::try_from(size).unwrap_or(usize::MAX))))
            }
            Label::ChunkSize { index, size: None } => Some(format!("chunk {index}")),
            Label::LastChunk => Some("last-chunk".to_owned()),
            Label::TrailerField => Some("trailer field".to_owned()),
            Label::Raw => Some("raw".to_owned()),
            Label::Surplus => Some("after the message".to_owned()),
            Label::Unexpected(expected) => Some(format!("? expected {expected}")),
            // These speak for themselves.
            Label::EmptyLine
            | Label::StatusLine
            | Label::RequestLine
            | Label::FieldLine
            | Label::HeaderEnd
            | Label::ChunkData { .. }
            | Label::ChunkDataEnd
            | Label::TrailerEnd
            | Label::Content => None,
        };
        let first = self.deviations.partition_point(|(at, _)| *at < span.range.start);
        let mut deviations = self.deviations[first..].iter().take_while(|(at, _)| *at < span.range.end).peekable();
        if deviations.peek().is_none() {
            return label;
        }
        let all: Vec<String> = label.into_iter().chain(deviations.map(|(_, what)| what.to_string())).collect();
        Some(all.join("; "))
    }

    /// The annotation of the fact that ends the connection: what it cut, unless the message was whole.
    pub(super) fn ends(&self) -> Option<String> {
        match self.stream.messages.last()?.state {
            State::Complete(_) => None,
            State::Incomplete(why) => Some(match why.at {
                Position::BetweenChunks { .. } => "no last-chunk".to_owned(),
                _ => why.to_string(),
            }),
            // The octets that broke it bear the annotation.
            State::Malformed(_) => None,
        }
    }
}
