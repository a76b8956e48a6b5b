//! What an octet is.

use std::fmt;
use std::ops::Range;

/// A run of octets that are one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Offsets in the stream.
    pub range: Range<usize>,
    /// What the octets are. Of a line that is not ended yet: what it would be.
    pub label: Label,
    /// The message it belongs to. An [`Label::EmptyLine`] belongs to the message after it, which may never come, and
    /// [`Label::Surplus`] to none, so look it up with `messages.get(..)`.
    pub message: usize,
}

/// What the octets of a span are, in the terms of RFC 9112. Line ends belong to their line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Empty lines before a start-line (2.2).
    EmptyLine,
    /// The start-line of a response (4).
    StatusLine,
    /// The start-line of a request (3).
    RequestLine,
    /// One line of the header section (5); a line that continues the one before (obs-fold, 5.2) is one of its own.
    FieldLine,
    /// The empty line that ends the header section.
    HeaderEnd,
    /// The line before chunk-data (7.1), with its chunk-ext.
    ChunkSize {
        /// The number of the chunk, from 1.
        index: usize,
        /// Octets of chunk-data announced; none while the line is not ended.
        size: Option<u64>,
    },
    /// chunk-data.
    ChunkData {
        /// The number of the chunk, from 1.
        index: usize,
    },
    /// The CRLF after chunk-data.
    ChunkDataEnd,
    /// The line that says that no chunk follows.
    LastChunk,
    /// One line of the trailer section (7.1.2).
    TrailerField,
    /// The empty line that ends the trailer section, and the message.
    TrailerEnd,
    /// Content, length-delimited or close-delimited (6.3).
    Content,
    /// After 101 or a 2xx to CONNECT: no longer HTTP.
    Raw,
    /// Octets after the last response that anybody asked for.
    Surplus,
    /// Octets where something else had to be. For a field line it is this line alone; for all else framing is lost, and it
    /// is the whole rest of the stream.
    Unexpected(Expected),
}

/// What had to be in the place of unexpected octets. Displayed, it follows the word "expected".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A status-line.
    StatusLine,
    /// A request-line.
    RequestLine,
    /// A field line: a token, a colon, a value.
    FieldLine,
    /// A chunk-size line, or the last-chunk.
    ChunkSize,
    /// CRLF, after as many octets of chunk-data as the chunk-size announced.
    ChunkDataEnd,
    /// A header section with at most one valid Content-Length value: without it, where the content ends is unknown.
    ContentLength,
    /// A request whose final transfer coding is chunked: without it, where the content ends is unknown.
    Chunked,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Expected::StatusLine => "status-line",
            Expected::RequestLine => "request-line",
            Expected::FieldLine => "field line",
            Expected::ChunkSize => "chunk-size",
            Expected::ChunkDataEnd => "CRLF after chunk-data",
            Expected::ContentLength => "one valid content-length before this",
            Expected::Chunked => "chunked as final transfer coding before this",
        })
    }
}
