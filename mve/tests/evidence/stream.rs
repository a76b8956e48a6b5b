//! A stream through a gateway, between a reader and an origin that the test plays. For what a gateway does by its own clock:
//! the cases have none.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use harness::gateway::{Described, Launched};
use harness::reader::http2::{self, Http2, StreamEnd};

/// How long anything awaited here may take before the test fails: longer than the longest clock of a gateway, five minutes.
const BOUND: Duration = Duration::from_secs(400);

/// What the reader speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    Http1,
    Http2,
}

/// One gateway, and one stream through it that has begun with an event.
pub struct Stream {
    /// What the gateway asked the origin for, in lower case.
    pub request: String,
    asked: Instant,
    silent: Instant,
    speaks: Speaks,
    reader: TcpStream,
    came: Vec<u8>,
    http2: Http2,
    origin: TcpStream,
    // Last: it is stopped when both ends are closed.
    _gateway: Launched,
}

const EVENT: &str = "data: one\n\n";

impl Stream {
    /// Starts the gateway, asks through it, and returns when the reader has the first event.
    pub fn through(gateway: &Described, speaks: Speaks) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let started = runtime.block_on(Launched::start(gateway, listener.local_addr().expect("it is bound")));
        let gateway = started.expect("it starts");
        let address = if speaks == Speaks::Http2 { gateway.address_h2() } else { gateway.address() };
        let mut reader = connected(address);
        let asked = now();
        let request = match speaks {
            Speaks::Http1 => b"GET /events HTTP/1.1\r\nHost: mve.test\r\n\r\n".to_vec(),
            Speaks::Http2 => http2::request("mve.test", "/events", false),
        };
        reader.write_all(&request).expect("the gateway reads");
        let (mut origin, _) = listener.accept().expect("the gateway asks the origin");
        let request = header_section(&mut origin);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        origin.write_all(head.as_bytes()).expect("the gateway reads");
        let (came, http2) = (Vec::new(), Http2::default());
        let mut stream = Self { request, asked, silent: asked, speaks, reader, came, http2, origin, _gateway: gateway };
        assert!(stream.sends_an_event(), "the gateway reads");
        assert!(stream.gets_an_event(), "the first event: {:?}", stream.seen());
        stream
    }

    /// The time since it was asked for: the gateway's clock for the whole of it began later.
    pub fn age(&self) -> Duration {
        self.asked.elapsed()
    }

    /// The time since the origin began to send the last event: the gateway's clock for silence began later.
    pub fn silence(&self) -> Duration {
        self.silent.elapsed()
    }

    /// The origin sends one, as a chunk; false if the gateway has left.
    pub fn sends_an_event(&mut self) -> bool {
        self.silent = now();
        // In one write: nginx may hold a chunk that comes in two.
        let chunk = format!("{:x}\r\n{EVENT}\r\n", EVENT.len());
        self.origin.write_all(chunk.as_bytes()).is_ok()
    }

    /// The origin ends the response.
    pub fn ends(&mut self) {
        self.origin.write_all(b"0\r\n\r\n").expect("the gateway reads");
        while !self.is_complete() {
            assert!(self.reads(), "the last-chunk: {:?}", self.seen());
        }
    }

    /// Waits for the next event, or for the end: which of them comes.
    pub fn gets_an_event(&mut self) -> bool {
        let before = self.events();
        while self.events() == before {
            if self.has_ended() || !self.reads() {
                return false;
            }
        }
        true
    }

    /// Waits until the gateway closes the reader's connection.
    pub fn is_closed(&mut self) {
        while self.reads() {}
    }

    /// Whether the framing that reached the reader says complete.
    pub fn is_complete(&self) -> bool {
        match self.speaks {
            Speaks::Http1 => self.came.ends_with(b"\r\n0\r\n\r\n"),
            Speaks::Http2 => self.http2.end() == StreamEnd::EndStream,
        }
    }

    /// Whether nothing says so far that the stream is over, without waiting.
    pub fn is_open(&mut self) -> bool {
        self.reader.set_nonblocking(true).expect("a socket");
        let open = self.reader.peek(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        self.reader.set_nonblocking(false).expect("a socket");
        open
    }

    fn has_ended(&self) -> bool {
        self.speaks == Speaks::Http2 && self.http2.end() != StreamEnd::Open
    }

    fn events(&self) -> usize {
        let content = match self.speaks {
            Speaks::Http1 => self.came.clone(),
            Speaks::Http2 => self.http2.content(),
        };
        String::from_utf8_lossy(&content).matches(EVENT).count()
    }

    /// What has come, as text.
    pub fn seen(&self) -> String {
        match self.speaks {
            Speaks::Http1 => String::from_utf8_lossy(&self.came).into_owned(),
            Speaks::Http2 => format!("{:?}", self.http2.seen()),
        }
    }

    /// One read; false at the end of the connection.
    fn reads(&mut self) -> bool {
        let mut octets = [0; 4096];
        match self.reader.read(&mut octets) {
            Ok(0) => false,
            Ok(count) => {
                let octets = &octets[..count];
                if self.speaks == Speaks::Http2 {
                    let answer = self.http2.push(octets);
                    // Whoever has closed does not want it.
                    let _gone = self.reader.write_all(&answer);
                } else {
                    self.came.extend_from_slice(octets);
                }
                true
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "after {}", self.seen());
                false
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a gateway's own clock is what is asked for; only lower bounds are held")]
fn now() -> Instant {
    Instant::now()
}

fn connected(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).expect("it listens");
    stream.set_read_timeout(Some(BOUND)).expect("a socket");
    stream
}

fn header_section(from: &mut TcpStream) -> String {
    from.set_read_timeout(Some(BOUND)).expect("a socket");
    let (mut came, mut octet) = (String::new(), [0]);
    while !came.ends_with("\r\n\r\n") {
        from.read_exact(&mut octet).unwrap_or_else(|error| panic!("{error} after {came:?}"));
        came.push(char::from(octet[0]));
    }
    came.to_ascii_lowercase()
}
