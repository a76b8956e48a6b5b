//! The reader of a cell: it asks once and records what comes, octets of HTTP/1 or frames of HTTP/2.

use std::io::{self, Write as _};
use std::net::SocketAddr;

use flate2::write::GzDecoder;
use harness::observer::Observer;
use harness::reader::http2::{self, Http2, Seen, StreamEnd};
use harness::tap::{self, has_unread, held_back};
use harness::transcript::What;
use harness::wire::h1;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::axes::Protocol;
use super::host::{Host, connect};

/// How many octets of the end of a response are shown.
const TAIL: usize = 32;

/// Fields whose value a clock writes: Date and Age (RFC 9110 6.6.1, RFC 9111 5.1), and Envoy's count of milliseconds.
const CLOCKS: [&str; 3] = ["date", "age", "x-envoy-upstream-service-time"];

/// A reader that has asked.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) socket: TcpStream,
    observer: Observer,
    pub(super) protocol: Protocol,
    octets: Vec<u8>,
    labeller: h1::Labeller,
    pub(super) http2: Http2,
    /// How the connection ended.
    pub(super) end: h1::End,
    /// The gateway's end of the connection, and the reader's.
    ends: (SocketAddr, SocketAddr),
}

impl Client {
    /// Connects, sees to it that the gateway has taken the connection, and asks for `target`. A gateway that finds the
    /// request beside the new connection may go other ways: lighttpd does not watch such a reader for its departure.
    pub(super) async fn ask(
        host: &Host,
        protocol: Protocol,
        target: &str,
        accepts_gzip: bool,
        observer: &Observer,
    ) -> io::Result<Self> {
        let mut socket = connect(host.address(protocol == Protocol::Http2)).await?;
        host.fences_pass(1).await.map_err(io::Error::other)?;
        // What a browser accepts; without it no gateway compresses.
        let fields = if accepts_gzip { "Accept-Encoding: gzip\r\n" } else { "" };
        let version = if protocol == Protocol::Http10 { "1.0" } else { "1.1" };
        let request = match protocol {
            Protocol::Http2 => {
                observer.says(format!("HEADERS, END_STREAM; :method: GET; :path: {target}"));
                http2::request("mve.test", target, accepts_gzip)
            }
            _ => {
                let request = format!("GET {target} HTTP/{version}\r\nHost: mve.test\r\n{fields}\r\n").into_bytes();
                observer.outgoing(What::Octets(request.clone()));
                request
            }
        };
        socket.write_all(&request).await?;
        let ends = (socket.peer_addr()?, socket.local_addr()?);
        Ok(Self {
            ends,
            socket,
            observer: observer.clone(),
            protocol,
            octets: Vec::new(),
            labeller: h1::Labeller::responses(["GET".to_owned()]),
            http2: Http2::default(),
            end: h1::End::Open,
        })
    }

    /// Reads once, and records it.
    pub(super) async fn read(&mut self) {
        let mut octets = vec![0; 64 * 1024];
        match self.socket.read(&mut octets).await {
            Ok(0) => self.ended(h1::End::Fin),
            Ok(count) => {
                octets.truncate(count);
                self.take(&octets).await;
            }
            Err(_) => self.ended(h1::End::Rst),
        }
    }

    async fn take(&mut self, octets: &[u8]) {
        if self.protocol != Protocol::Http2 {
            self.octets.extend_from_slice(octets);
            self.labeller.push(octets);
            self.observer.incoming(What::Octets(octets.to_vec()));
            return;
        }
        let known = self.http2.seen().len();
        let answers = self.http2.push(octets);
        for seen in &self.http2.seen()[known..] {
            self.observer.says(without_clocks(seen).told());
        }
        // A peer that is gone by now has said all it will.
        let _gone = self.socket.write_all(&answers).await;
    }

    fn ended(&mut self, end: h1::End) {
        self.end = end;
        if self.protocol == Protocol::Http2 {
            self.observer.says(if end == h1::End::Fin { "FIN" } else { "RST" });
        } else {
            self.observer.incoming(if end == h1::End::Fin { What::Fin } else { What::Rst });
        }
    }

    /// How many octets the gateway has written for this reader that its kernel has not sent yet.
    pub(super) fn held_back(&self) -> io::Result<u32> {
        held_back(self.ends.0, self.ends.1)
    }

    /// Whether there is something to read by now: octets, or an end. Asks the kernel itself.
    pub(super) fn has_more(&self) -> bool {
        has_unread(&self.socket)
    }

    /// Claims what has come for the present step.
    pub(super) fn claim_all(&self) {
        self.observer.claim_all();
    }

    /// Whether nothing more can come of the response: its framing is complete or broken, or the connection is over.
    pub(super) fn is_over(&self) -> bool {
        let framed = match self.protocol {
            Protocol::Http2 => self.http2.end() != StreamEnd::Open || self.http2.is_broken(),
            _ => self.labeller.completed() > 0,
        };
        framed || self.has_left()
    }

    /// Whether the header section of a final response has come.
    pub(super) fn has_head(&self) -> bool {
        match self.protocol {
            Protocol::Http2 => self.http2.status().is_some(),
            _ => self.labeller.messages().iter().any(|message| message.framing != h1::Framing::Unknown),
        }
    }

    /// Whether the content is compressed.
    pub(super) fn is_coded(&self) -> bool {
        match self.protocol {
            Protocol::Http2 => self.http2.field(b"content-encoding").is_some(),
            _ => {
                let message = self.labeller.messages().last();
                message.is_some_and(|message| message.field(&self.octets, "content-encoding").is_some())
            }
        }
    }

    /// How many octets of content a reader could use by now: of a compressed one, what comes out of it.
    pub(super) fn content(&self) -> usize {
        let content = match self.protocol {
            Protocol::Http2 => self.http2.content(),
            _ => self.labeller.messages().last().map_or_else(Vec::new, |message| message.content_in(&self.octets)),
        };
        if !self.is_coded() {
            return content.len();
        }
        let mut plain = GzDecoder::new(Vec::new());
        // A stream that is not over lacks its end; what came out until then is what counts.
        let _unfinished = plain.write_all(&content).and_then(|()| plain.flush());
        plain.get_ref().len()
    }

    /// Closes both directions at once; nothing is read any more.
    pub(super) fn close(&mut self) {
        tap::close(&self.socket);
        self.end = h1::End::Fin;
    }

    /// Whether the connection is over.
    pub(super) fn has_left(&self) -> bool {
        self.end != h1::End::Open
    }

    /// How the connection or the stream ended: `fin`, `rst`, `open`, `END_STREAM`, `RST_STREAM(code)`.
    pub(super) fn ending(&self) -> String {
        let connection = match self.end {
            h1::End::Open => "open",
            h1::End::Fin => "fin",
            h1::End::Rst => "rst",
        };
        match self.http2.end() {
            StreamEnd::Open => connection.to_owned(),
            end => end.to_string(),
        }
    }

    /// What has come so far: octets as they are, of HTTP/2 the content.
    pub(super) fn received(&self) -> Vec<u8> {
        if self.protocol == Protocol::Http2 { self.http2.content() } else { self.octets.clone() }
    }

    /// The last octets of it. A value that a clock wrote is `<clock>`: it is no fact of the cell.
    pub(super) fn tail(&self) -> Vec<u8> {
        let mut all = self.received();
        let messages = self.labeller.messages().iter().rev();
        for field in messages.flat_map(|message| message.fields.iter().rev()) {
            let name = &self.octets[field.name.clone()];
            if CLOCKS.iter().any(|clock| name.eq_ignore_ascii_case(clock.as_bytes())) {
                all.splice(field.value.clone(), *b"<clock>");
            }
        }
        all[all.len().saturating_sub(TAIL)..].to_vec()
    }
}

/// A frame as it is told: a value that a clock wrote is `<clock>`.
fn without_clocks(seen: &Seen) -> Seen {
    let mut told = seen.clone();
    if let Seen::Headers { fields, .. } = &mut told {
        for (_, value) in fields.iter_mut().filter(|(name, _)| CLOCKS.iter().any(|clock| name == clock.as_bytes())) {
            *value = b"<clock>".to_vec();
        }
    }
    told
}
