//! The readers' side of the cases, on a user's server: what it sends to the end, and whether it learns that nobody reads.

use std::net::SocketAddr;
use std::panic::Location;
use std::time::Duration;

use harness::observer::Observer;
use harness::patience;
use harness::render::{Redactions, render};
use harness::tap;
use harness::transcript::{Meant, Recorder, What, chain};
use harness::verdict::Verdict;
use harness::wire::h1;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::Unusable;
use super::server::{OtherEnd, Server};
use crate::probe::clock::Clock;

/// How often it is looked whether the server still has a connection.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// The smallest receive buffer that the kernel gives, in octets asked for.
const SMALLEST: u32 = 4096;
/// So many octets of a response are read.
pub const MOST: usize = harness::capture::MOST;
/// So many before the header section of the response is whole.
const MOST_OF_A_HEAD: usize = 256 * 1024;
/// So often what has come is read away before a connection is closed: a server that never pauses is not waited for.
const READS_BEFORE_CLOSE: usize = 1024;

/// What a reader does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// Reads to the end.
    ToTheEnd,
    /// Closes its connection after the first octets of content.
    Closes,
    /// Resets it.
    Resets,
    /// Ends its own direction, and reads on.
    HalfCloses,
    /// Reads nothing for a while, with the smallest buffer, and then on.
    Slowly,
}

impl Reads {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::ToTheEnd, Self::Closes, Self::Resets, Self::HalfCloses, Self::Slowly];

    /// A name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ToTheEnd => "reader_reads_to_the_end",
            Self::Closes => "reader_closes",
            Self::Resets => "reader_resets",
            Self::HalfCloses => "reader_half_closes",
            Self::Slowly => "reader_is_slow",
        }
    }
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Came {
    /// What the reader did.
    pub reads: Reads,
    /// What it got, by the rules.
    pub verdict: Verdict,
    /// The reader's hop, as text.
    pub text: String,
    /// Whether the response was over within the bound.
    pub over: bool,
    /// How many octets of the response came.
    pub octets: usize,
    /// Whether it had more than [`MOST`] octets, and was not read on.
    pub too_much: bool,
    /// Whether the server let go of the connection; none when that cannot be seen, or was not asked.
    pub noticed: Option<bool>,
    /// Whether the reader that had half-closed, or had not read, got more afterwards.
    pub went_on: Option<bool>,
}

/// Has a reader read from a server; nothing is waited for longer than `within`.
///
/// # Errors
/// When the server does not answer with anything that could be departed from.
pub async fn read(server: &Server, reads: Reads, within: Duration) -> Result<Came, Unusable> {
    let mut reader = Reader::ask(server, reads).await?;
    let mut came = (None, None);
    if reads == Reads::ToTheEnd {
        reader.until(within, Reader::is_over).await;
    } else {
        reader.until(within, |reader| reader.content() > 0 || reader.is_over()).await;
        if reader.content() == 0 || reader.is_over() {
            let said = match (reader.is_over(), reader.is_full()) {
                (true, _) => match reader.status() {
                    None | Some(200) => "the response was over".to_owned(),
                    Some(status) => format!("the response, of status {status}, was over"),
                },
                (false, true) => "a header section without end came".to_owned(),
                (false, false) => "no content came".to_owned(),
            };
            return Err(Unusable(format!("{}: {said} before the reader could act (within {within:?})", reads.name())));
        }
        came = reader.acts(server, reads, within).await;
    }
    let over = reader.is_over();
    let (octets, too_much) = (reader.octets.len(), reader.is_full());
    let (verdict, text) = reader.verdict();
    Ok(Came { reads, verdict, text, over, octets, too_much, noticed: came.0, went_on: came.1 })
}

struct Reader {
    socket: Option<TcpStream>,
    ours: SocketAddr,
    observer: Observer,
    octets: Vec<u8>,
    labeller: h1::Labeller,
    end: h1::End,
}

impl Reader {
    async fn ask(server: &Server, reads: Reads) -> Result<Self, Unusable> {
        let about = format!("the server at {}", server.target);
        let mut observers = Observer::all(Recorder::new(chain("a raw reader", &[], &about), Meant::default()));
        let observer = observers.swap_remove(0);
        observer.recorder().step("the reader asks");
        let failed = |error: std::io::Error| Unusable(format!("cannot ask {}: {error}", server.target));
        let socket =
            if server.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.map_err(failed)?;
        if reads == Reads::Slowly {
            // Before connect: the window that is announced follows from it.
            socket.set_recv_buffer_size(SMALLEST).map_err(failed)?;
        }
        let connecting = socket.connect(server.address);
        let connected = patience::wait("the connection to be made", Location::caller(), String::new, connecting).await;
        let mut socket = connected.map_err(failed)?;
        let (path, host) = (server.target.path(), server.target.authority());
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n");
        observer.outgoing(What::Octets(request.clone().into_bytes()));
        socket.write_all(request.as_bytes()).await.map_err(failed)?;
        let ours = socket.local_addr().map_err(failed)?;
        let labeller = h1::Labeller::responses(["GET".to_owned()]);
        Ok(Self { socket: Some(socket), ours, observer, octets: Vec::new(), labeller, end: h1::End::Open })
    }

    async fn acts(&mut self, server: &Server, reads: Reads, within: Duration) -> (Option<bool>, Option<bool>) {
        let other = OtherEnd::of(server.address, self.ours);
        let before = self.content();
        match reads {
            Reads::ToTheEnd => (None, None),
            Reads::Closes => {
                self.step("the reader closes its connection");
                self.leaves(What::Fin, false);
                (is_let_go(other, within).await, None)
            }
            Reads::Resets => {
                self.step("the reader resets its connection");
                self.leaves(What::Rst, true);
                (is_let_go(other, within).await, None)
            }
            Reads::HalfCloses => {
                self.step("the reader half-closes and goes on reading");
                if let Some(socket) = &mut self.socket {
                    // A server that is gone by now shows in what comes.
                    let _gone = socket.shutdown().await;
                    self.observer.outgoing(What::Fin);
                }
                self.until(within, Self::is_over).await;
                (None, Some(self.content() > before))
            }
            Reads::Slowly => {
                Clock::start().reaches(Some(within / 2)).await;
                self.step("the reader has read nothing for a while, and reads on");
                self.until(within, Self::is_over).await;
                (None, Some(self.content() > before))
            }
        }
    }

    fn step(&self, text: &str) {
        self.observer.claim_all();
        self.observer.recorder().step(text);
    }

    fn leaves(&mut self, how: What, reset: bool) {
        if let Some(socket) = self.socket.take() {
            if reset {
                let _gone = tap::reset(&socket);
            } else {
                // Unread octets would make it a reset (RFC 1122 4.2.2.13).
                let mut octets = [0; 64 * 1024];
                let mut left = READS_BEFORE_CLOSE;
                while left > 0 && matches!(socket.try_read(&mut octets), Ok(1..)) {
                    left -= 1;
                }
                tap::close(&socket);
            }
            self.observer.outgoing(how);
        }
    }

    async fn until(&mut self, within: Duration, is_there: impl Fn(&Self) -> bool) {
        let clock = Clock::start();
        while !is_there(self) && !self.is_full() {
            tokio::select! {
                () = self.read() => {}
                () = clock.reaches(Some(within)) => return,
            }
        }
    }

    async fn read(&mut self) {
        let Some(socket) = self.socket.as_mut().filter(|_| self.end == h1::End::Open) else {
            return std::future::pending().await;
        };
        let mut octets = vec![0; 64 * 1024];
        let what = match socket.read(&mut octets).await {
            Ok(0) => What::Fin,
            Err(_) => What::Rst,
            Ok(count) => {
                octets.truncate(count);
                self.octets.extend_from_slice(&octets);
                self.labeller.push(&octets);
                What::Octets(octets)
            }
        };
        match what {
            What::Fin => self.end = h1::End::Fin,
            What::Rst => self.end = h1::End::Rst,
            _ => {}
        }
        self.observer.incoming(what);
    }

    fn is_full(&self) -> bool {
        let has_head =
            self.labeller.messages().iter().any(|message| !message.interim && message.framing != h1::Framing::Unknown);
        self.octets.len() > if has_head { MOST } else { MOST_OF_A_HEAD }
    }

    fn is_over(&self) -> bool {
        self.labeller.completed() > 0 || self.end != h1::End::Open
    }

    fn message(&self) -> Option<&h1::Message> {
        self.labeller.messages().iter().find(|message| !message.interim)
    }

    fn status(&self) -> Option<u16> {
        self.message().and_then(|message| message.status)
    }

    fn content(&self) -> usize {
        self.message().map_or(0, |message| message.content_in(&self.octets).len())
    }

    fn verdict(&self) -> (Verdict, String) {
        self.observer.claim_all();
        self.observer.recorder().seal();
        let transcript = self.observer.recorder().transcript();
        (Verdict::of(&transcript), render(&transcript, &Redactions::all()))
    }
}

/// Whether the server lets go of its end within the bound; none when it cannot be seen.
async fn is_let_go(other: Option<OtherEnd>, within: Duration) -> Option<bool> {
    let other = other?;
    let clock = Clock::start();
    while other.is_held() {
        if clock.now() > within {
            return Some(false);
        }
        Clock::start().reaches(Some(LOOK_AGAIN)).await;
    }
    Some(true)
}
