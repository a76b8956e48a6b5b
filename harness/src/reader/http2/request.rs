//! What a reader sends: a request of any kind on stream 1.

use loona_hpack::Encoder;

use super::frame::{self, flag, kind};

/// So many octets of content can be sent before the peer has opened a window (RFC 9113 6.9.2).
pub const MOST_CONTENT: usize = 65_535;

/// The largest window (RFC 9113 6.9.1).
const WINDOW: u32 = (1 << 31) - 1;

/// A request with any field lines.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// `http` or `https`.
    pub scheme: &'a str,
    /// Host and port.
    pub authority: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// The field lines; names in lower case.
    pub fields: &'a [(String, String)],
    /// The content; of [`MOST_CONTENT`] octets at most.
    pub content: Option<&'a [u8]>,
}

impl Request<'_> {
    /// The preface, our SETTINGS (no push, windows that need never be opened), and the request on stream 1.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        let mut octets = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        let mut settings = vec![0, 2, 0, 0, 0, 0, 0, 4];
        settings.extend(WINDOW.to_be_bytes());
        frame::write(&mut octets, kind::SETTINGS, 0, 0, &settings);
        let more = WINDOW - MOST_CONTENT as u32;
        frame::write(&mut octets, kind::WINDOW_UPDATE, 0, 0, &more.to_be_bytes());
        let pseudo =
            [(":method", self.method), (":scheme", self.scheme), (":authority", self.authority), (":path", self.path)];
        let fields = self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let fields = pseudo.into_iter().chain(fields).map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let block = Encoder::new().encode(fields);
        let ends = if self.content.is_some() { 0 } else { flag::END_STREAM };
        self.header_frames(&mut octets, &block, ends);
        if let Some(content) = self.content {
            let last = content.chunks(frame::MOST).count().saturating_sub(1);
            for (at, piece) in content.chunks(frame::MOST).enumerate() {
                let flags = if at == last { flag::END_STREAM } else { 0 };
                frame::write(&mut octets, kind::DATA, flags, 1, piece);
            }
            if content.is_empty() {
                frame::write(&mut octets, kind::DATA, flag::END_STREAM, 1, &[]);
            }
        }
        octets
    }

    fn header_frames(&self, octets: &mut Vec<u8>, block: &[u8], ends: u8) {
        let pieces: Vec<&[u8]> = block.chunks(frame::MOST).collect();
        for (at, piece) in pieces.iter().enumerate() {
            let (kind, flags) = if at == 0 { (kind::HEADERS, ends) } else { (kind::CONTINUATION, 0) };
            let whole = if at + 1 == pieces.len() { flag::END_HEADERS } else { 0 };
            frame::write(octets, kind, flags | whole, 1, piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Http2, Seen};
    use super::*;

    /// What a peer would read: our own reader takes a request's fields for a response's.
    fn read(request: &Request<'_>) -> Vec<Seen> {
        let mut http2 = Http2::default();
        http2.push(request.octets().strip_prefix(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").expect("the preface"));
        http2.take_seen()
    }

    #[test]
    fn a_long_request_is_cut_into_frames() {
        let value = "v".repeat(40_000);
        let fields = [("x-long".to_owned(), value.clone())];
        let content = vec![b'c'; 40_000];
        let request = Request {
            method: "POST",
            scheme: "https",
            authority: "a.test",
            path: "/x?y",
            fields: &fields,
            content: Some(&content),
        };
        let seen = read(&request);
        let field = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        let fields = vec![
            field(":method", "POST"),
            field(":scheme", "https"),
            field(":authority", "a.test"),
            field(":path", "/x?y"),
            field("x-long", &value),
        ];
        assert_eq!(seen[0], Seen::Headers { fields, end_stream: false });
        let data = seen[1..].iter().map(|seen| match seen {
            Seen::Data { octets, end_stream } => (octets.len(), *end_stream),
            other => panic!("{other:?}"),
        });
        assert_eq!(data.collect::<Vec<_>>(), [(16_384, false), (16_384, false), (7232, true)]);
    }

    #[test]
    fn a_request_without_content_ends_its_stream() {
        let request = Request { method: "GET", scheme: "http", authority: "a", path: "/", fields: &[], content: None };
        assert!(matches!(&read(&request)[..], [Seen::Headers { end_stream: true, .. }]));
    }
}
