//! How a message ended, or where it was cut.

use std::fmt;

use super::End;

/// Whether a message is whole (RFC 9112 8). Displayed: `complete (last-chunk)`, `incomplete: 11 of 100 octets`,
/// `malformed: chunk-size is not hexadecimal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It ended as its framing says.
    Complete(By),
    /// Its framing has not come to an end.
    Incomplete(Why),
    /// It broke the grammar in a way that a reader may not repair; this outweighs both others.
    Malformed(Malformed),
}

/// What made a message complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The last-chunk, and the empty line that ends the trailer section.
    LastChunk,
    /// As many octets as Content-Length announced.
    ContentLength,
    /// The orderly close of the connection.
    Close,
    /// The end of the header section: nothing could follow it.
    NoContent,
    /// The end of the header section: what follows is another protocol (101, or 2xx to CONNECT).
    Upgrade,
}

/// Why a message is incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Why {
    /// How far it came.
    pub at: Position,
    /// What stopped it; [`End::Open`]: nothing yet.
    pub end: End,
}

/// A place in a message that is not its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// A response was asked for, and none of it came.
    BeforeStatusLine,
    /// In the status-line, its line end included.
    InsideStatusLine,
    /// In the request-line, its line end included.
    InsideRequestLine,
    /// After the start-line, before the empty line.
    InHeaderSection,
    /// Where a chunk-size has to come next.
    BetweenChunks {
        /// Whole chunks so far.
        chunks: usize,
    },
    /// In a chunk-size line, or in the last-chunk, line end included.
    InsideChunkSize,
    /// Where chunk-data has to come next.
    InsideChunkData {
        /// Octets of this chunk so far.
        seen: u64,
        /// Octets announced.
        of: u64,
    },
    /// All chunk-data is there, but not the CRLF after it.
    AfterChunkData,
    /// After the last-chunk, before the empty line.
    InTrailerSection,
    /// In length-delimited content.
    InContent {
        /// Octets so far.
        seen: u64,
        /// Octets announced.
        of: u64,
    },
    /// In close-delimited content, which only an orderly close completes.
    UntilClose,
}

/// How a message broke the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// No status-line (RFC 9112 4). Fatal: the rest of the stream has no meaning.
    StatusLine,
    /// No request-line (RFC 9112 3). Fatal.
    RequestLine,
    /// A line in the header or trailer section that is no field line (RFC 9112 5). Labelling goes on after it.
    FieldLine,
    /// A chunk-size that is not hexadecimal (RFC 9112 7.1). Fatal.
    ChunkSize,
    /// A chunk-size past 64 bits (RFC 9112 7.1: recipients have to anticipate it). Fatal.
    ChunkSizeOverflow,
    /// chunk-data that is not followed by CRLF (RFC 9112 7.1). Fatal.
    ChunkDataEnd,
    /// Content-Length values that are invalid or differ (RFC 9112 6.3, rule 5). Fatal.
    ContentLength,
    /// A request whose final transfer coding is not chunked (RFC 9112 6.3, rule 4). Fatal.
    TransferEncoding,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Complete(by) => write!(f, "complete ({by})"),
            State::Incomplete(why) => write!(f, "incomplete: {why}"),
            State::Malformed(how) => write!(f, "malformed: {how}"),
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            By::LastChunk => "last-chunk",
            By::ContentLength => "content-length",
            By::Close => "close-delimited",
            By::NoContent => "no content",
            By::Upgrade => "upgrade",
        })
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.end == End::Open;
        let place = match self.at {
            Position::BeforeStatusLine => return self.with_end(f, format_args!("no status-line")),
            Position::BetweenChunks { chunks } => {
                let s = if chunks == 1 { "" } else { "s" };
                return self.with_end(f, format_args!("{chunks} chunk{s}, no last-chunk"));
            }
            Position::InContent { seen, of } => {
                return self.with_end(f, format_args!("{seen} of {of} octets"));
            }
            // Only here does it matter how the connection ended: FIN would have completed the message.
            Position::UntilClose if self.end == End::Rst => {
                return f.write_str("close-delimited, ended by RST");
            }
            Position::UntilClose => return self.with_end(f, format_args!("close-delimited")),
            Position::InsideStatusLine => "inside the status-line",
            Position::InsideRequestLine => "inside the request-line",
            Position::InHeaderSection => "in the header section",
            Position::InsideChunkSize => "inside chunk-size",
            Position::InsideChunkData { .. } => "inside chunk-data",
            Position::AfterChunkData => "after chunk-data",
            Position::InTrailerSection => "in the trailer section",
        };
        let cut = if open { "" } else { "cut " };
        self.with_end(f, format_args!("{cut}{place}"))
    }
}

impl Why {
    fn with_end(&self, f: &mut fmt::Formatter<'_>, what: fmt::Arguments<'_>) -> fmt::Result {
        f.write_fmt(what)?;
        f.write_str(if self.end == End::Open {
            ", still open"
        } else {
            ""
        })
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Malformed::StatusLine => "no status-line where one is due",
            Malformed::RequestLine => "no request-line where one is due",
            Malformed::FieldLine => "a line that is no field line",
            Malformed::ChunkSize => "chunk-size is not hexadecimal",
            Malformed::ChunkSizeOverflow => "chunk-size is past 64 bits",
            Malformed::ChunkDataEnd => "chunk-data is not followed by CRLF",
            Malformed::ContentLength => "content-length is invalid or contradicts itself",
            Malformed::TransferEncoding => "final transfer coding of a request is not chunked",
        })
    }
}
