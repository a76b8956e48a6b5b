//! A reader that speaks HTTP/2 with prior knowledge (RFC 9113 3.3) and keeps the frames themselves: a library would
//! tell an error, not whether it was END_STREAM, RST_STREAM or the end of the connection that it saw.
//!
//! One request on one connection, on stream 1. The content of a case is far below the initial window of 65,535 octets
//! (RFC 9113 6.9.2), so no window is ever opened.

mod frame;
mod request;
mod seen;

use std::fmt;

use loona_hpack::Decoder;

use crate::wire::notation::escape;

use frame::{Frame, flag, kind};

pub use frame::error_name;
pub use request::{MOST_CONTENT, Request};
pub use seen::{Seen, StreamEnd};

/// So many octets a field block may have, over all of its frames.
const MOST_BLOCK: usize = 256 * 1024;

/// So many octets a field block may unpack to: one octet of it can stand for 4,096 (RFC 7541 6.1).
const MOST_UNPACKED: usize = 1 << 20;

/// The reader's side of a connection, without a socket.
pub struct Http2 {
    unread: Vec<u8>,
    /// The field block under way, and whether its HEADERS had END_STREAM.
    block: Option<(Vec<u8>, bool)>,
    decoder: Decoder<'static>,
    seen: Vec<Seen>,
    /// Whether the peer broke the protocol: nothing after that can be read.
    is_broken: bool,
}

impl fmt::Debug for Http2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http2").field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl Default for Http2 {
    fn default() -> Self {
        Self { unread: Vec::new(), block: None, decoder: Decoder::new(), seen: Vec::new(), is_broken: false }
    }
}

/// The preface, our SETTINGS (no push), and a GET on stream 1 that ends there, with `accept-encoding: gzip` if it is so.
#[must_use]
pub fn request(authority: &str, path: &str, accepts_gzip: bool) -> Vec<u8> {
    let mut octets = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    frame::write(&mut octets, kind::SETTINGS, 0, 0, &[0, 2, 0, 0, 0, 0]);
    // RFC 7541: :method GET and :scheme http from the static table, the other two as literals that are not indexed.
    let mut block = vec![0x82, 0x86];
    for (name, value) in [(0x01, authority), (0x04, path)] {
        let length = u8::try_from(value.len()).ok().filter(|length| *length < 127);
        block.extend([name, length.expect("an authority or a path of a case is short")]);
        block.extend(value.as_bytes());
    }
    if accepts_gzip {
        // The static table has "accept-encoding: gzip, deflate"; its name alone is used.
        block.extend([0x0f, 0x01, 4]);
        block.extend(b"gzip");
    }
    frame::write(&mut octets, kind::HEADERS, flag::END_STREAM | flag::END_HEADERS, 1, &block);
    octets
}

/// RST_STREAM(CANCEL) on stream 1: the reader is not interested any more (RFC 9113 7).
#[must_use]
pub fn cancel() -> Vec<u8> {
    let mut octets = Vec::new();
    frame::write(&mut octets, kind::RST_STREAM, 0, 1, &[0, 0, 0, 8]);
    octets
}

impl Http2 {
    /// Takes what has arrived; returns what has to be answered: acknowledgements of SETTINGS and PING. After something that
    /// is not HTTP/2, nothing is taken any more.
    pub fn push(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut answers = Vec::new();
        if self.is_broken {
            return answers;
        }
        self.unread.extend_from_slice(octets);
        let mut rest = std::mem::take(&mut self.unread);
        let mut at = 0;
        while !self.is_broken {
            // A peer that speaks HTTP/1 instead would look like a frame of many megabytes.
            if rest[at..].starts_with(b"HTTP/1.") {
                let line = rest[at..].split(|octet| *octet == b'\n').next().unwrap_or_default();
                self.broken(&format!("HTTP/1 in place of a frame: {}", escape(line.trim_ascii_end())));
                break;
            }
            if let Some(length) = Frame::length(&rest[at..]).filter(|length| *length > frame::MOST) {
                self.broken(&format!("a frame of {length} octets, of which {} are allowed", frame::MOST));
                break;
            }
            let Some((frame, length)) = Frame::read(&rest[at..]) else { break };
            self.take(&frame, &mut answers);
            at += length;
        }
        rest.drain(..at);
        self.unread = rest;
        answers
    }

    fn take(&mut self, frame: &Frame, answers: &mut Vec<u8>) {
        let ends = frame.flags & flag::END_STREAM != 0;
        match frame.kind {
            kind::SETTINGS if frame.flags & flag::ACK == 0 => {
                frame::write(answers, kind::SETTINGS, flag::ACK, 0, &[]);
            }
            kind::PING if frame.flags & flag::ACK == 0 => {
                frame::write(answers, kind::PING, flag::ACK, 0, &frame.payload);
            }
            kind::GOAWAY => match frame.numbers() {
                Some([last, code]) => self.seen.push(Seen::GoAway { code, last: last & 0x7fff_ffff }),
                None => self.broken("GOAWAY is too short"),
            },
            kind::RST_STREAM if frame.stream == 1 => match frame.number() {
                Some(code) => self.seen.push(Seen::Reset(code)),
                None => self.broken("RST_STREAM is too short"),
            },
            kind::DATA if frame.stream == 1 => match frame.unpadded() {
                Some(octets) => self.seen.push(Seen::Data { octets: octets.to_vec(), end_stream: ends }),
                None => self.broken("DATA is padded past its end"),
            },
            kind::HEADERS => match frame.field_block() {
                Some(block) => self.field_block(block.to_vec(), ends, frame),
                None => self.broken("HEADERS is padded past its end"),
            },
            kind::CONTINUATION => match self.block.take() {
                Some((mut block, ends)) => {
                    block.extend_from_slice(&frame.payload);
                    self.field_block(block, ends, frame);
                }
                None => self.broken("CONTINUATION without HEADERS"),
            },
            _ => {}
        }
    }

    fn field_block(&mut self, block: Vec<u8>, end_stream: bool, frame: &Frame) {
        if block.len() > MOST_BLOCK {
            return self.broken(&format!("a field block of more than {MOST_BLOCK} octets"));
        }
        if frame.flags & flag::END_HEADERS == 0 {
            self.block = Some((block, end_stream));
            return;
        }
        let mut fields = Vec::new();
        let mut unpacked = 0;
        let decoded = self.decoder.decode_with_cb(&block, |name, value| {
            unpacked += name.len() + value.len();
            if unpacked <= MOST_UNPACKED {
                fields.push((name.into_owned(), value.into_owned()));
            }
        });
        match decoded {
            Ok(()) if unpacked > MOST_UNPACKED => {
                self.broken(&format!("a field block that unpacks to more than {MOST_UNPACKED} octets"));
            }
            Ok(()) if frame.stream == 1 => self.seen.push(Seen::Headers { fields, end_stream }),
            Ok(()) => {}
            Err(error) => self.broken(&format!("a field block is not HPACK: {error:?}")),
        }
    }

    fn broken(&mut self, why: &str) {
        self.is_broken = true;
        self.seen.push(Seen::Broken(why.to_owned()));
    }

    /// Takes what was seen since this was called last, in order; the other questions are about what was not taken.
    pub fn take_seen(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.seen)
    }

    /// Everything seen, in order.
    #[must_use]
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    /// Whether the peer broke the protocol.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// The final response's status.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.field(b":status").and_then(|value| std::str::from_utf8(value).ok()?.parse().ok())
    }

    /// A field of the final response's header section.
    #[must_use]
    pub fn field(&self, name: &[u8]) -> Option<&[u8]> {
        let headers = self.seen.iter().filter_map(|seen| match seen {
            Seen::Headers { fields, .. } => Some(fields),
            _ => None,
        });
        let value = |fields: &&Vec<(Vec<u8>, Vec<u8>)>, name: &[u8]| {
            fields.iter().find(|(its, _)| its == name).map(|(_, value)| value.clone())
        };
        // Interim responses come before, trailers have no status.
        let mut finals = headers.filter(|fields| value(fields, b":status").is_some_and(|v| !v.starts_with(b"1")));
        finals.next()?.iter().find(|(its, _)| its == name).map(|(_, value)| value.as_slice())
    }

    /// The fields of the trailer section: of a HEADERS without a status (RFC 9113 8.1).
    #[must_use]
    pub fn trailers(&self) -> &[(Vec<u8>, Vec<u8>)] {
        let has_status = |fields: &[(Vec<u8>, Vec<u8>)]| fields.iter().any(|(name, _)| name == b":status");
        let mut trailers = self.seen.iter().filter_map(|seen| match seen {
            Seen::Headers { fields, .. } if !has_status(fields) => Some(fields.as_slice()),
            _ => None,
        });
        trailers.next().unwrap_or_default()
    }

    /// The content so far.
    #[must_use]
    pub fn content(&self) -> Vec<u8> {
        let data = self.seen.iter().filter_map(|seen| match seen {
            Seen::Data { octets, .. } => Some(octets.as_slice()),
            _ => None,
        });
        data.collect::<Vec<_>>().concat()
    }

    /// How stream 1 has ended: the first of END_STREAM and RST_STREAM.
    #[must_use]
    pub fn end(&self) -> StreamEnd {
        let end = self.seen.iter().find_map(|seen| match seen {
            Seen::Headers { end_stream: true, .. } | Seen::Data { end_stream: true, .. } => Some(StreamEnd::EndStream),
            Seen::Reset(code) => Some(StreamEnd::Reset(*code)),
            _ => None,
        });
        end.unwrap_or(StreamEnd::Open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut octets = Vec::new();
        frame::write(&mut octets, kind, flags, 1, payload);
        octets
    }

    #[test]
    fn a_response_reads_the_same_however_its_octets_are_sliced() {
        // :status 200 and a literal content-type, in HEADERS and CONTINUATION.
        let mut octets = frame(kind::HEADERS, 0, &[0x88, 0x0f, 0x10]);
        octets.extend(frame(kind::CONTINUATION, flag::END_HEADERS, b"\x01x"));
        octets.extend(frame(kind::DATA, flag::PADDED, b"\x02data: one\n\n\0\0"));
        octets.extend(frame(kind::RST_STREAM, 0, &[0, 0, 0, 2]));
        for size in [1, 2, 7, 1000] {
            let mut http2 = Http2::default();
            for slice in octets.chunks(size) {
                assert_eq!(http2.push(slice), b"");
            }
            assert_eq!(http2.status(), Some(200));
            assert_eq!(http2.field(b"content-type"), Some(&b"x"[..]));
            assert_eq!(http2.content(), b"data: one\n\n");
            assert_eq!(http2.end().to_string(), "RST_STREAM(INTERNAL_ERROR)");
        }
    }

    #[test]
    fn settings_and_ping_are_acknowledged_once() {
        let mut octets = Vec::new();
        frame::write(&mut octets, kind::SETTINGS, 0, 0, &[]);
        frame::write(&mut octets, kind::SETTINGS, flag::ACK, 0, &[]);
        frame::write(&mut octets, kind::PING, 0, 0, b"12345678");
        let mut answers = Vec::new();
        frame::write(&mut answers, kind::SETTINGS, flag::ACK, 0, &[]);
        frame::write(&mut answers, kind::PING, flag::ACK, 0, b"12345678");
        assert_eq!(Http2::default().push(&octets), answers);
    }

    #[test]
    fn the_status_is_the_final_ones_and_end_stream_in_headers_counts() {
        let mut http2 = Http2::default();
        http2.push(&frame(kind::HEADERS, flag::END_HEADERS, b"\x08\x03103"));
        assert_eq!((http2.status(), http2.end()), (None, StreamEnd::Open));
        http2.push(&frame(kind::HEADERS, flag::END_HEADERS | flag::END_STREAM, b"\x08\x03502"));
        assert_eq!((http2.status(), http2.end()), (Some(502), StreamEnd::EndStream));
    }

    fn told(seen: &Seen) -> String {
        String::from_utf8(seen.told()).expect("UTF-8")
    }

    #[test]
    fn a_peer_that_speaks_http_1_is_found_out() {
        let mut http2 = Http2::default();
        http2.push(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        assert!(http2.is_broken());
        assert_eq!(told(&http2.seen()[0]), "no HTTP/2: HTTP/1 in place of a frame: HTTP/1.1 400 Bad Request");
    }

    #[test]
    fn what_has_no_end_is_refused() {
        let mut long = frame(kind::HEADERS, 0, &[]);
        long.extend(frame(kind::CONTINUATION, 0, &[0x88; frame::MOST]).repeat(17));
        // A value of 4,000 octets, indexed, and then asked for by one octet a time.
        let block = [&[0x40, 1, b'a', 0x7f, 0xa1, 0x1e][..], &[b'v'; 4000], &[0xbe; 10_000]].concat();
        for (octets, why) in [
            (long, "no HTTP/2: a field block of more than 262144 octets"),
            (
                frame(kind::HEADERS, flag::END_HEADERS, &block),
                "no HTTP/2: a field block that unpacks to more than 1048576 octets",
            ),
            (vec![0, 0x40, 1, 0, 0, 0, 0, 0, 1], "no HTTP/2: a frame of 16385 octets, of which 16384 are allowed"),
        ] {
            let mut http2 = Http2::default();
            http2.push(&octets);
            assert_eq!(told(&http2.seen()[0]), why);
            assert!(http2.is_broken() && http2.push(&frame(kind::PING, 0, b"12345678")).is_empty());
        }
    }

    #[test]
    fn frames_that_lie_about_themselves_are_named() {
        for (octets, why) in [
            (frame(kind::DATA, flag::PADDED, b"\x09x"), "no HTTP/2: DATA is padded past its end"),
            (frame(kind::RST_STREAM, 0, b"\0"), "no HTTP/2: RST_STREAM is too short"),
            (frame(kind::GOAWAY, 0, b"\0"), "no HTTP/2: GOAWAY is too short"),
            (frame(kind::CONTINUATION, 4, b""), "no HTTP/2: CONTINUATION without HEADERS"),
        ] {
            let mut http2 = Http2::default();
            http2.push(&octets);
            assert_eq!(told(&http2.seen()[0]), why);
        }
    }
}
