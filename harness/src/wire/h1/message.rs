//! A message and its facts.

use std::fmt;
use std::ops::Range;

use super::State;

/// One message of a stream. All ranges are offsets in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// From its start-line to its last octet, or to the end of the stream if it is not complete. What comes after a
    /// switch of protocol is outside.
    pub range: Range<usize>,
    /// The HTTP version, major and minor, once the start-line is there.
    pub version: Option<(u8, u8)>,
    /// The method of a request; for a response, that of the request it answers. Octets that are not UTF-8 are replaced.
    pub method: Option<String>,
    /// The request-target of a request.
    pub target: Option<Range<usize>>,
    /// The status code of a response.
    pub status: Option<u16>,
    /// The reason-phrase of a response, possibly empty.
    pub reason: Option<Range<usize>>,
    /// The field lines of the header section, in order.
    pub fields: Vec<Field>,
    /// The field lines of the trailer section, in order.
    pub trailers: Vec<Field>,
    /// What delimits the content.
    pub framing: Framing,
    /// Whole chunks, each with its chunk-data and the CRLF after it. The last-chunk is not counted.
    pub chunks: usize,
    /// Where the content is, in order: one range a chunk, or one at most. Empty ranges are left out.
    pub content: Vec<Range<usize>>,
    /// Whether it is whole.
    pub state: State,
    /// Whether it is an interim response (1xx), after which the final one is still due. 101 is none: nothing of HTTP
    /// follows it.
    pub interim: bool,
    /// Whether the connection may be used again behind it, as far as it is about this message (RFC 9112 9.3). Until the header
    /// section has ended, its version alone says so.
    pub persists: bool,
    /// What was against the grammar, yet has a meaning that recipients may or must give it, with the offset.
    pub deviations: Vec<(usize, Deviation)>,
}

/// A field line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The field name, a token.
    pub name: Range<usize>,
    /// The field value, without the white space around it; a folded value includes the line ends.
    pub value: Range<usize>,
}

/// What delimits the content of a message, by the rules of RFC 9112 6.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// The chunked transfer coding.
    Chunked,
    /// Content-Length, in octets.
    Length(u64),
    /// The end of the connection.
    Close,
    /// Nothing may follow the header section.
    NoContent,
    /// Another protocol follows the header section.
    Raw,
    /// The header section is not finished, or contradicts itself.
    Unknown,
}

/// Something against the grammar that does not change what the message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deviation {
    /// A response after an empty line; servers ignore one before a request-line, clients need not (RFC 9112 2.2).
    EmptyLineBeforeResponse,
    /// A line ended by LF alone (RFC 9112 2.2: a recipient may accept it).
    BareLf,
    /// A CR in a line that is not part of its end (RFC 9112 2.2: invalid, or a space).
    BareCr,
    /// A status-line without the space after the status code (RFC 9112 4).
    NoSpaceAfterStatus,
    /// A start-line of another major version in the syntax of HTTP/1.x.
    MajorVersion,
    /// A value continued on the next line (RFC 9112 5.2).
    ObsFold,
    /// White space between the start-line and the first field line (RFC 9112 2.2).
    SpaceBeforeFields,
    /// White space between field name and colon (RFC 9112 5.1).
    SpaceBeforeColon,
    /// Transfer-Encoding and Content-Length together: the first one wins (RFC 9112 6.3, rule 3).
    TransferEncodingAndContentLength,
    /// Transfer-Encoding in a message of HTTP/1.0: its framing may be faulty (RFC 9112 6.1).
    TransferEncodingInHttp10,
    /// A response whose final transfer coding is not chunked, hence close-delimited (RFC 9112 6.3, rule 4).
    FinalCodingNotChunked,
    /// The same Content-Length value more than once (RFC 9112 6.3, rule 5).
    RepeatedContentLength,
    /// A chunk-size line ended by LF alone: RFC 9112 2.2 allows it for start-lines and field lines only.
    ChunkSizeBareLf,
    /// White space between chunk-size and line end (RFC 9112 7.1 has none).
    ChunkSizePadded,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Deviation::EmptyLineBeforeResponse => "empty line before the status-line",
            Deviation::BareLf => "line ended by LF alone",
            Deviation::BareCr => "CR inside a line",
            Deviation::NoSpaceAfterStatus => "no space after the status code",
            Deviation::MajorVersion => "major version is not 1",
            Deviation::ObsFold => "folded field line",
            Deviation::SpaceBeforeFields => "white space before the first field line",
            Deviation::SpaceBeforeColon => "white space before the colon",
            Deviation::TransferEncodingAndContentLength => "transfer-encoding and content-length together",
            Deviation::TransferEncodingInHttp10 => "transfer-encoding in HTTP/1.0",
            Deviation::FinalCodingNotChunked => "final transfer coding is not chunked",
            Deviation::RepeatedContentLength => "content-length repeated",
            Deviation::ChunkSizeBareLf => "chunk-size line ended by LF alone",
            Deviation::ChunkSizePadded => "white space after chunk-size",
        })
    }
}

impl Message {
    pub(super) fn beginning_at(at: usize, method: Option<String>, state: State) -> Message {
        Message {
            range: at..at,
            version: None,
            method,
            target: None,
            status: None,
            reason: None,
            fields: Vec::new(),
            trailers: Vec::new(),
            framing: Framing::Unknown,
            chunks: 0,
            content: Vec::new(),
            state,
            interim: false,
            persists: false,
            deviations: Vec::new(),
        }
    }

    /// The value of the first field of this name (in any case) in the header section; `octets` is the whole stream.
    pub fn field<'a>(&self, octets: &'a [u8], name: &str) -> Option<&'a [u8]> {
        self.fields
            .iter()
            .find(|field| octets.get(field.name.clone()).is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes())))
            .and_then(|field| octets.get(field.value.clone()))
    }

    /// The content, joined: the chunked coding taken off, all other codings left on. `octets` is the whole stream.
    pub fn content_in(&self, octets: &[u8]) -> Vec<u8> {
        self.content.iter().filter_map(|range| octets.get(range.clone())).flatten().copied().collect()
    }

    /// Where in the stream the octet of the content at this offset is.
    pub fn locate(&self, mut offset: usize) -> Option<usize> {
        for range in &self.content {
            if offset < range.len() {
                return Some(range.start + offset);
            }
            offset -= range.len();
        }
        None
    }
}
