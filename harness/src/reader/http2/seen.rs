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

impl Seen {
    /// What it is called in a transcript: words, and the octets of fields and content as they are.
    #[must_use]
    pub fn told(&self) -> Vec<u8> {
        let end = |end_stream: bool| if end_stream { ", END_STREAM" } else { "" };
        match self {
            Self::Headers { fields, end_stream } => {
                let head = format!("HEADERS{}", end(*end_stream)).into_bytes();
                let fields = fields.iter().map(|(name, value)| [b"; ", &name[..], b": ", value].concat());
                [head].into_iter().chain(fields).collect::<Vec<_>>().concat()
            }
            Self::Data { octets, end_stream } => {
                let head = format!("DATA{}, {} octets", end(*end_stream), octets.len()).into_bytes();
                if octets.is_empty() { head } else { [&head[..], b": ", octets].concat() }
            }
            Self::Reset(code) => StreamEnd::Reset(*code).to_string().into(),
            Self::GoAway { code, last } => format!("GOAWAY({}), last stream {last}", error_name(*code)).into(),
            Self::Broken(why) => format!("no HTTP/2: {why}").into(),
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

#[cfg(test)]
mod tests {
    use crate::wire::notation::escape;

    use super::Seen;

    /// Compressed content is no text, and a field's value need not be any (RFC 9110 5.5).
    #[test]
    fn what_is_told_has_the_octets_that_crossed() {
        let data = Seen::Data { octets: b"\xb4R\xc8\xcf".to_vec(), end_stream: false };
        assert_eq!(escape(&data.told()), r"DATA, 4 octets: \xb4R\xc8\xcf");
        let fields = vec![(b"x-latin".to_vec(), b"caf\xe9".to_vec()), (b"y".to_vec(), vec![])];
        let headers = Seen::Headers { fields, end_stream: true };
        assert_eq!(escape(&headers.told()), r"HEADERS, END_STREAM; x-latin: caf\xe9; y:\x20");
    }
}
