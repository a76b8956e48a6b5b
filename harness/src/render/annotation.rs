//! What stands behind a piece: its meaning in the terms of RFC 9112, where the octets alone do not show it.

use std::collections::BTreeMap;

use super::lane::Thousands;
use crate::wire::h1::{Label, Position, Span, State, Stream};

/// The annotations of one direction of a connection.
#[derive(Debug)]
pub(super) struct Annotations<'a> {
    stream: &'a Stream,
    deviations: BTreeMap<usize, Vec<String>>,
}

impl<'a> Annotations<'a> {
    pub(super) fn of(stream: &'a Stream) -> Self {
        let mut deviations: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for (at, deviation) in stream.messages.iter().flat_map(|message| &message.deviations) {
            deviations.entry(*at).or_default().push(deviation.to_string());
        }
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
        let deviations = self.deviations.range(span.range.clone()).flat_map(|(_, texts)| texts.iter().cloned());
        let all: Vec<String> = label.into_iter().chain(deviations).collect();
        (!all.is_empty()).then(|| all.join("; "))
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
