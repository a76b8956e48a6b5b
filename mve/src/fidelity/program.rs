//! A conversation: what a reader sends, and what the handler of each request does.

use std::fmt::{self, Write as _};

/// A reader, its requests on one connection, and their handlers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The requests, in order.
    pub requests: Vec<Asked>,
    /// When they are sent.
    pub reader: Reader,
    /// So many octets of the last request are never sent.
    pub cut: usize,
}

/// When the reader sends what it has to send. Every reader reads to the end, and none departs before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reader {
    /// Everything in one write, and half-closes.
    AtOnce,
    /// Everything in one write; half-closes when the server waits for more.
    Pipelining,
    /// Each request when the server waits for more; half-closes in the end.
    OneByOne,
    /// Each header section, and each content, when the server waits for more; half-closes in the end.
    InHalves,
}

/// A request, and the program of its handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The method.
    pub method: &'static str,
    /// HTTP/1.1, or else HTTP/1.0.
    pub http11: bool,
    /// Field lines besides Host and those of the framing.
    pub fields: Vec<(&'static str, &'static str)>,
    /// The content, and how it is framed.
    pub content: Content,
    /// What the handler does.
    pub calls: Vec<Call>,
}

/// The content of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// None.
    None,
    /// So many octets, length-delimited.
    Length(usize),
    /// Two chunks of so many octets, or the last-chunk alone, if `trailer` says so with a trailer section.
    Chunked {
        /// Octets of the first chunk.
        first: usize,
        /// Octets of the second chunk.
        second: usize,
        /// Whether a trailer section follows.
        trailer: bool,
    },
}

/// What a handler does: a call of `http.ResponseWriter`, `http.ResponseController`, `http.Request`, or of what it hijacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `Flush`.
    Flush,
    /// `Write` of so many `x`.
    Write(usize),
    /// `Write` of these octets.
    Text(&'static [u8]),
    /// `WriteHeader`.
    Status(u16),
    /// `Header().Set`.
    Set(String, String),
    /// `Header().Add`.
    Add(String, String),
    /// `Header().Del`.
    Del(String),
    /// `Header().Get`, noted.
    Get(String),
    /// `SetWriteDeadline` to an instant in the past.
    Past,
    /// `SetWriteDeadline` to none.
    Never,
    /// `SetReadDeadline` to an instant in the past.
    ReadPast,
    /// `SetReadDeadline` to none.
    ReadNever,
    /// `EnableFullDuplex`.
    Duplex,
    /// Notes whether the request's context has ended.
    Context,
    /// Waits for the end of the request's context.
    ContextEnd,
    /// `io.ReadFull` of so many octets of the content.
    Read(usize),
    /// `io.ReadAll` of the content.
    ReadAll,
    /// `panic(http.ErrAbortHandler)`.
    Abort,
    /// `panic("boom")`.
    Panic,
    /// `Hijack`. The connection is closed when the handler ends, if it has not been closed before.
    Hijack,
    /// `Write` of so many `b` to the hijacked `bufio.ReadWriter`. Nothing happens without one.
    BufWrite(usize),
    /// `Flush` of it.
    BufFlush,
    /// `io.ReadFull` of so many octets from it.
    BufRead(usize),
    /// `Write` of so many `c` to the hijacked `net.Conn`.
    ConnWrite(usize),
    /// `SetWriteDeadline` on it, to an instant in the past.
    ConnPast,
    /// `SetWriteDeadline` on it, to none.
    ConnNever,
    /// `Close` of it.
    ConnClose,
}

/// A call in the words of `fixtures/go/fidelity/main.go`.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flush => f.write_str("flush"),
            Self::Write(n) => write!(f, "write {n}"),
            Self::Text(octets) => {
                f.write_str("text ")?;
                octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
            Self::Status(code) => write!(f, "status {code}"),
            Self::Set(name, value) => write!(f, "set {name}={value}"),
            Self::Add(name, value) => write!(f, "add {name}={value}"),
            Self::Del(name) => write!(f, "del {name}"),
            Self::Get(name) => write!(f, "get {name}"),
            Self::Past => f.write_str("past"),
            Self::Never => f.write_str("never"),
            Self::ReadPast => f.write_str("rpast"),
            Self::ReadNever => f.write_str("rnever"),
            Self::Duplex => f.write_str("duplex"),
            Self::Context => f.write_str("ctx"),
            Self::ContextEnd => f.write_str("ctxwait"),
            Self::Read(n) => write!(f, "read {n}"),
            Self::ReadAll => f.write_str("readall"),
            Self::Abort => f.write_str("abort"),
            Self::Panic => f.write_str("panic"),
            Self::Hijack => f.write_str("hijack"),
            Self::BufWrite(n) => write!(f, "bwrite {n}"),
            Self::BufFlush => f.write_str("bflush"),
            Self::BufRead(n) => write!(f, "bread {n}"),
            Self::ConnWrite(n) => write!(f, "cwrite {n}"),
            Self::ConnPast => f.write_str("cpast"),
            Self::ConnNever => f.write_str("cnever"),
            Self::ConnClose => f.write_str("cclose"),
        }
    }
}

/// What a reader does at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stimulus {
    /// The octets it sends.
    pub octets: Vec<u8>,
    /// Whether it half-closes behind them.
    pub half_close: bool,
}

impl Program {
    /// What the reader does; before each but the first it waits until the server waits for it.
    #[must_use]
    pub fn stimuli(&self) -> Vec<Stimulus> {
        let mut pieces: Vec<Vec<u8>> = Vec::new();
        for (at, request) in self.requests.iter().enumerate() {
            let (mut head, mut content) = (request.head(at), request.content());
            if at + 1 == self.requests.len() {
                let of_content = self.cut.min(content.len());
                content.truncate(content.len() - of_content);
                head.truncate(head.len().saturating_sub(self.cut - of_content));
            }
            match self.reader {
                Reader::InHalves => pieces.extend([head, content]),
                _ => pieces.push([head, content].concat()),
            }
        }
        if matches!(self.reader, Reader::AtOnce | Reader::Pipelining) {
            pieces = vec![pieces.concat()];
        }
        let sends = pieces.into_iter().filter(|octets| !octets.is_empty());
        let mut all: Vec<Stimulus> = sends.map(|octets| Stimulus { octets, half_close: false }).collect();
        match (self.reader, all.last_mut()) {
            (Reader::AtOnce, Some(last)) => last.half_close = true,
            _ => all.push(Stimulus { octets: Vec::new(), half_close: true }),
        }
        all
    }

    /// The number of octets that the reader sends, if nobody stops it.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.stimuli().iter().map(|stimulus| stimulus.octets.len()).sum()
    }
}

impl Asked {
    /// A GET request with HTTP/1.1 and nothing else.
    #[must_use]
    pub fn plain(calls: Vec<Call>) -> Self {
        Self { method: "GET", http11: true, fields: Vec::new(), content: Content::None, calls }
    }

    fn head(&self, at: usize) -> Vec<u8> {
        let mut calls = String::new();
        for call in &self.calls {
            if !calls.is_empty() {
                calls.push(',');
            }
            for octet in call.to_string().bytes() {
                match octet {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b':' | b'=' => calls.push(octet.into()),
                    _ => write!(calls, "%{octet:02X}").expect("a String takes any text"),
                }
            }
        }
        let minor = u8::from(self.http11);
        let mut head = format!("{} /{at}?{calls} HTTP/1.{minor}\r\nHost: mve.test\r\n", self.method);
        for (name, value) in &self.fields {
            write!(head, "{name}: {value}\r\n").expect("a String takes any text");
        }
        match self.content {
            Content::None => {}
            Content::Length(n) => write!(head, "Content-Length: {n}\r\n").expect("a String takes any text"),
            Content::Chunked { .. } => head += "Transfer-Encoding: chunked\r\n",
        }
        (head + "\r\n").into_bytes()
    }

    fn content(&self) -> Vec<u8> {
        match self.content {
            Content::None => Vec::new(),
            Content::Length(n) => vec![b'q'; n],
            Content::Chunked { first, second, trailer } => {
                let mut octets = Vec::new();
                for size in [first, second].into_iter().filter(|&size| size > 0) {
                    octets.extend(format!("{size:x}\r\n").bytes());
                    octets.resize(octets.len() + size, b'q');
                    octets.extend(b"\r\n");
                }
                octets.extend(if trailer { b"0\r\nX-Q: 1\r\n\r\n".as_slice() } else { b"0\r\n\r\n" });
                octets
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(stimuli: &[Stimulus]) -> Vec<(String, bool)> {
        stimuli.iter().map(|s| (String::from_utf8(s.octets.clone()).expect("text"), s.half_close)).collect()
    }

    #[test]
    fn the_query_names_the_calls_and_the_path_the_request() {
        let calls = vec![Call::Set("X-A".into(), "a, b".into()), Call::Text(b"\x01z"), Call::Flush];
        let program = Program { requests: vec![Asked::plain(calls)], reader: Reader::AtOnce, cut: 0 };
        let request = "GET /0?set%20X-A=a%2C%20b,text%20017a,flush HTTP/1.1\r\nHost: mve.test\r\n\r\n";
        assert_eq!(text(&program.stimuli()), [(request.to_owned(), true)]);
    }

    #[test]
    fn a_reader_in_halves_sends_header_section_and_content_apart_and_cuts_the_last_request() {
        let post = Asked {
            method: "POST",
            content: Content::Chunked { first: 10, second: 0, trailer: false },
            ..Asked::plain(Vec::new())
        };
        let program = Program { requests: vec![Asked::plain(Vec::new()), post], reader: Reader::InHalves, cut: 7 };
        let expected = [
            ("GET /0? HTTP/1.1\r\nHost: mve.test\r\n\r\n", false),
            ("POST /1? HTTP/1.1\r\nHost: mve.test\r\nTransfer-Encoding: chunked\r\n\r\n", false),
            ("a\r\nqqqqqqqqqq", false),
            ("", true),
        ];
        assert_eq!(text(&program.stimuli()), expected.map(|(octets, end)| (octets.to_owned(), end)));
    }
}
