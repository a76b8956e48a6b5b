//! Random programs. Sizes and values cluster where `net/http` decides something.

use fastrand::Rng;

use super::program::{Asked, Call, Content, Program, Reader};

/// The program with this number, of this seed: the first of its kind that is not `excluded`.
#[must_use]
pub fn program(seed: u64, number: u64, excluded: impl Fn(&Program) -> bool) -> Program {
    let mut rng = Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(number));
    loop {
        let program = any(&mut rng);
        if !excluded(&program) {
            return program;
        }
    }
}

fn any(rng: &mut Rng) -> Program {
    let count = one_of(rng, &[1, 1, 1, 2, 2, 3]);
    let requests = (0..count).map(|_| request(rng)).collect();
    let reader =
        one_of(rng, &[Reader::AtOnce, Reader::Pipelining, Reader::OneByOne, Reader::OneByOne, Reader::InHalves]);
    let cut = if rng.u8(..30) == 0 { rng.usize(1..40) } else { 0 };
    Program { requests, reader, cut }
}

fn one_of<T: Clone>(rng: &mut Rng, all: &[T]) -> T {
    all[rng.usize(..all.len())].clone()
}

fn request(rng: &mut Rng) -> Asked {
    let method = one_of(rng, &["GET", "GET", "GET", "GET", "HEAD", "POST", "POST", "PUT", "OPTIONS", "BREW"]);
    let content = match rng.u8(..10) {
        _ if matches!(method, "GET" | "HEAD") && rng.u8(..10) > 0 => Content::None,
        0..3 => Content::None,
        3..7 => Content::Length(asked(rng)),
        _ => Content::Chunked { first: size(rng), second: one_of(rng, &[0, 1, 100]), trailer: rng.bool() },
    };
    let http11 = rng.u8(..4) > 0;
    let mut fields = Vec::new();
    if rng.u8(..4) == 0 {
        let connection = ["close", "keep-alive", "Close", "Keep-Alive", "x, close", "keep-alive, close", "upgrade"];
        fields.push(("Connection", one_of(rng, &connection)));
    } else if !http11 && rng.bool() {
        fields.push(("Connection", "keep-alive"));
    }
    if rng.u8(..6) == 0 {
        fields.push(("TE", "trailers"));
    }
    if rng.u8(..if content == Content::None { 40 } else { 4 }) == 0 {
        fields.push(("Expect", one_of(rng, &["100-continue", "100-continue", "100-Continue", "x"])));
    }
    let mut calls = Calls { rng, content, written: 0, hijacked: false, all: Vec::new() };
    calls.fill();
    let calls = calls.all;
    Asked { method, http11, fields, content, calls }
}

/// A size of a request's content: now and then more than one read of the codec behind the model gives.
fn asked(rng: &mut Rng) -> usize {
    if rng.u8(..4) == 0 { rng.usize(8_000..60_000) } else { size(rng) }
}

/// A size of content: small, or about a threshold.
fn size(rng: &mut Rng) -> usize {
    let near = |rng: &mut Rng, threshold: usize| threshold - 2 + rng.usize(..5);
    match rng.u8(..16) {
        0..6 => rng.usize(..40),
        // what sniffing looks at, the two buffers, and their sum
        6 => near(rng, 512),
        7..10 => near(rng, 2048),
        // a chunk's own octets fill the buffer before the socket
        10 => 4096 - rng.usize(..12),
        11 => near(rng, 4096),
        12 => 6144 - rng.usize(..300),
        13 => rng.usize(..3000),
        14 => rng.usize(..10_000),
        _ => rng.usize(..30_000),
    }
}

const STATUSES: &[u16] = &[
    200, 200, 200, 404, 500, 204, 304, 100, 101, 102, 103, 103, 150, 199, 201, 203, 205, 206, 299, 302, 413, 414, 416,
    417, 418, 426, 431, 503, 599, 600, 999,
];

const TEXTS: &[&[u8]] = &[
    b"data: one\n\n",
    b"<html>",
    b"  <!DOCTYPE HTML>",
    b"<p class=x>",
    b"<!-- a",
    b"<?xml version=",
    b"{}",
    b"\x00\x01\x02",
    b"\x1F\x8B\x08",
    b"\x89PNG\r\n\x1A\n",
    b"%PDF-1",
    b"\x1B",
    b"\xEF\xBB\xBFx",
    b"GIF89a",
    b"PK\x03\x04",
    b"\n",
];

const FIELDS: &[(&str, &[&str])] = &[
    ("Content-Type", &["text/event-stream", "a/b", ""]),
    ("Content-Encoding", &["gzip", "identity", ""]),
    (
        "Content-Length",
        &[
            "0",
            "5",
            "10",
            "2048",
            "abc",
            "-1",
            "+5",
            " 10",
            "010",
            "1 ",
            "99999999999999999999",
            "9223372036854775807",
            "",
        ],
    ),
    ("Transfer-Encoding", &["chunked", "identity", "gzip", "Chunked", "gzip, chunked", ""]),
    ("Connection", &["close", "keep-alive", "Close", "Keep-Alive", "x, close", "close, x", "upgrade", ""]),
    ("Trailer", &["X-T", "x-t", "X-T, X-U", "X-T,,Content-Length", "Trailer", " X-U ", "X T", ""]),
    ("Date", &["today", ""]),
    ("Upgrade", &["x", ""]),
    ("X-T", &["1", "2"]),
    ("X-U", &["u", ""]),
    ("Trailer:X-T", &["3", "4"]),
    ("Trailer:x-v", &["v"]),
    ("Trailer:Content-Length", &["7"]),
    ("Trailer:", &["8"]),
    ("trailer:X-W", &["9"]),
    ("X-A", &["a", "a\r\nX-B: b", " padded\t", "\u{1}", "\u{7f}", "é", "", "a\u{0}b"]),
    ("x-lower", &["1"]),
    ("X A", &["1"]),
    ("", &["1"]),
    ("X-\u{e9}", &["1"]),
    ("Server", &["s"]),
    ("Etag", &["\"e\""]),
    ("Link", &["</a>; rel=preload"]),
    ("Keep-Alive", &["timeout=5"]),
    ("Cache-Control", &["no-cache"]),
    ("X-Content-Type-Options", &["nosniff"]),
];

/// The calls of a handler in the making.
struct Calls<'r> {
    rng: &'r mut Rng,
    content: Content,
    written: usize,
    hijacked: bool,
    all: Vec<Call>,
}

impl Calls<'_> {
    fn fill(&mut self) {
        // what is decided before anything is written is decided by fields
        for _ in 0..one_of(self.rng, &[0, 0, 1, 1, 2, 3]) {
            let call = self.field();
            self.all.push(call);
        }
        for _ in 0..self.rng.usize(..9) {
            let call = if self.hijacked { self.of_conn() } else { self.of_writer() };
            self.all.push(call);
        }
        self.declare_length();
    }

    /// Sometimes the Content-Length is what the handler writes, or nearly.
    fn declare_length(&mut self) {
        if self.rng.u8(..6) > 0 {
            return;
        }
        let off = one_of(self.rng, &[0, 0, 0, 1, -1, 10, -10]);
        let length = (self.written as i64 + off).max(0);
        self.all.insert(0, Call::Set("Content-Length".into(), length.to_string()));
    }

    fn size(&mut self) -> usize {
        // now and then what is left of a buffer
        let size = match self.rng.u8(..8) {
            0 => (2048 - self.written % 2048 + 1).saturating_sub(self.rng.usize(..3)),
            1 => (4096 - self.written % 4096).saturating_sub(self.rng.usize(..16)),
            _ => size(self.rng),
        };
        self.written += size;
        size
    }

    fn of_writer(&mut self) -> Call {
        match self.rng.u8(..100) {
            0..32 => Call::Write(self.size()),
            32..48 => Call::Flush,
            48..52 => {
                let text = one_of(self.rng, TEXTS);
                self.written += text.len();
                Call::Text(text)
            }
            52..60 => Call::Status(one_of(self.rng, STATUSES)),
            60..72 => self.field(),
            72..76 => Call::Past,
            76..78 => Call::Never,
            78 => Call::ReadPast,
            79 => Call::ReadNever,
            80 => Call::Duplex,
            81..83 => Call::Context,
            83 => Call::ContextEnd,
            84..90 => match self.content {
                Content::None => one_of(self.rng, &[Call::ReadAll, Call::Read(1), Call::Read(0), Call::Flush]),
                _ => match self.rng.u8(..4) {
                    0 => Call::ReadAll,
                    1 => Call::Read(self.rng.usize(..20)),
                    // what a reader that knows the length reads, or nearly
                    2 => match self.content {
                        Content::Length(length) => Call::Read((length + 1).saturating_sub(self.rng.usize(..3))),
                        _ => Call::Read(asked(self.rng)),
                    },
                    _ => Call::Read(size(self.rng)),
                },
            },
            90..92 => Call::Abort,
            92 => Call::Panic,
            93 if self.rng.u8(..5) == 0 => Call::Status(one_of(self.rng, &[0, 99, 1000, 65535])),
            _ => {
                self.hijacked = true;
                Call::Hijack
            }
        }
    }

    fn of_conn(&mut self) -> Call {
        match self.rng.u8(..20) {
            0..6 => Call::BufWrite(size(self.rng)),
            6..10 => Call::BufFlush,
            10..13 => Call::ConnWrite(size(self.rng)),
            13 => Call::ConnPast,
            14 => Call::ConnNever,
            15 => Call::ConnClose,
            16 => Call::BufRead(self.rng.usize(..60)),
            // a writer that goes on
            _ => {
                self.hijacked = self.rng.u8(..8) > 0;
                let call = self.of_writer();
                self.hijacked = true;
                call
            }
        }
    }

    fn field(&mut self) -> Call {
        let (name, values) = one_of(self.rng, FIELDS);
        let value = one_of(self.rng, values);
        match self.rng.u8(..10) {
            0..7 => Call::Set(name.into(), value.into()),
            7 | 8 => Call::Add(name.into(), value.into()),
            _ if self.rng.bool() => Call::Del(name.into()),
            _ => Call::Get(name.into()),
        }
    }
}
