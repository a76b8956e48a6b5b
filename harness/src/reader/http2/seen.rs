//! What was seen of stream 1 and of its connection, and in what words.

use std::fmt;

use super::frame::error_name;

/// What a peer has done to stream 1, or to the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// HEADERS, with its CONTINUATIONs: an interim response, the final one, or trailers.
    Headers {
        /// Pseudo-header fields and fields, in order.
        fields: Vec<(Vec<u8>, Vec<u8>)>,
        /// Whether it ends the stream.
        end_stream: bool,
    },
    /// DATA, without padding.
    Data {
        /// Its octets.
        octets: Vec<u8>,
        /// Whether it ends the stream.
        end_stream: bool,
    },
    /// RST_STREAM, with its error code.
    Reset(u32),
    /// GOAWAY, with its error code and its last stream.
    GoAway {
        /// The error code.
        code: u32,
        /// The last stream that the peer has dealt with.
        last: u32,
    },
    /// Something that is not HTTP/2: what.
    Broken(String),
}

/// How stream 1 has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamEnd {
    /// It has not.
    Open,
    /// END_STREAM: complete.
    EndStream,
    /// RST_STREAM with this error code.
    Reset(u32),
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |end_stream: bool| if end_stream { ", END_STREAM" } else { "" };
        match self {
            Self::Headers { fields, end_stream } => {
                write!(f, "HEADERS{}", end(*end_stream))?;
                for (name, value) in fields {
                    write!(f, "; {}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))?;
                }
                Ok(())
            }
            Self::Data { octets, end_stream } => {
                write!(f, "DATA{}, {} octets", end(*end_stream), octets.len())?;
                if octets.is_empty() { Ok(()) } else { write!(f, ": {}", String::from_utf8_lossy(octets)) }
            }
            Self::Reset(code) => write!(f, "{}", StreamEnd::Reset(*code)),
            Self::GoAway { code, last } => write!(f, "GOAWAY({}), last stream {last}", error_name(*code)),
            Self::Broken(why) => write!(f, "no HTTP/2: {why}"),
        }
    }
}

impl fmt::Display for StreamEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("open"),
            Self::EndStream => f.write_str("END_STREAM"),
            Self::Reset(code) => write!(f, "RST_STREAM({})", error_name(*code)),
        }
    }
}
