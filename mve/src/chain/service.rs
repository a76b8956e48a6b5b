//! The origin as a service: it plays what the reader sends with the request, and tells what it wrote and saw.
//!
//! | request | answer |
//! |---|---|
//! | `.../lastchunk/RUN/N/play?SCRIPT` | the script of acts |
//! | `.../lastchunk/RUN/N/cue?K` | the script of that number may pass its K-th wait |
//! | `.../lastchunk/RUN/N/notes` | what was written and seen, as JSON |
//! | `.../lastchunk/RUN/N/fence?MS` | five octets, after so many milliseconds: an exchange through the same chain |
//! | anything else | what `compose.yaml` shows a person with curl |

use std::io;
use std::time::Duration;

use harness::wire::notation::escape;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::notes::{Key, Memory};
use super::script::{Act, Framing, Script, event};
use crate::demo;

/// The largest header section that is read.
const LARGEST_HEAD: usize = 64 << 10;
/// The most content of a request that is read and forgotten.
const LARGEST_CONTENT: usize = 1 << 20;
/// The longest delay of a fence.
const LONGEST_DELAY: u64 = 10_000;
/// How long a script goes on waiting for a cue when the peer has ended its direction.
const LAST_ORDERS: Duration = Duration::from_secs(60);
/// What names our paths, wherever a gateway puts them.
const MARK: &str = "/lastchunk/";
/// The field that every scripted response has, so that the reader can tell whose it is.
pub(super) const SIGN: &str = "X-Lastchunk-Origin";
/// The field of the trailer section.
pub(super) const TRAILER: &str = "X-Lastchunk-Trailer";

/// Serves on a socket that listens.
///
/// # Errors
/// When it cannot accept any more.
pub async fn serve_on(listener: TcpListener) -> io::Result<()> {
    let memory = Memory::default();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => drop(connections.spawn(answer(socket, memory.clone()))),
                // The peer was gone before it was accepted: no reason to end.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error),
            },
            // How a reader leaves is its own affair.
            Some(_) = connections.join_next() => {}
        }
    }
}

/// A request, as far as it matters here.
struct Request {
    head: Vec<u8>,
    method: String,
    target: String,
    is_http10: bool,
    persists: bool,
}

/// Answers the requests of a connection.
async fn answer(mut socket: TcpStream, memory: Memory) -> io::Result<()> {
    socket.set_nodelay(true)?;
    while let Some(request) = read(&mut socket).await? {
        let Some((key, verb, query)) = ours(&request.target) else {
            return demo::answer(&request.method, &request.target, request.is_http10, &mut socket).await;
        };
        let persists = match verb {
            "play" => play(&mut socket, &memory, &key, &request, query).await?,
            "cue" => {
                memory.cue(&key, query.parse().unwrap_or(0));
                tell(&mut socket, &request, "200 OK", "text/plain", "ok\n").await?
            }
            "notes" => {
                let notes = serde_json::to_string(&memory.notes(&key)).unwrap_or_default();
                tell(&mut socket, &request, "200 OK", "application/json", &notes).await?
            }
            "fence" => {
                let delay = query.parse().unwrap_or(0).min(LONGEST_DELAY);
                if delay > 0 {
                    pass(Duration::from_millis(delay)).await;
                }
                tell(&mut socket, &request, "200 OK", "text/plain", "fence").await?
            }
            _ => tell(&mut socket, &request, "404 Not Found", "text/plain", "play, cue, notes or fence\n").await?,
        };
        if !persists {
            return socket.shutdown().await;
        }
    }
    Ok(())
}

/// The one clock of the origin.
#[expect(clippy::disallowed_methods, reason = "a chain's own clocks are what is measured: the script asks for a pause")]
async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Run and number, verb and query of a target that is ours, whatever stands before it.
fn ours(target: &str) -> Option<(Key, &str, &str)> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (_, path) = path.split_once(MARK)?;
    let mut parts = path.split('/');
    let (run, number, verb) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
    let is_a_run = !run.is_empty() && run.len() <= 40 && run.bytes().all(|octet| octet.is_ascii_alphanumeric());
    is_a_run.then(|| ((run.to_owned(), number), verb, query))
}

/// Reads a request; none when the peer ends before one.
async fn read(socket: &mut TcpStream) -> io::Result<Option<Request>> {
    const END: &[u8] = b"\r\n\r\n";
    let mut head = Vec::new();
    let mut octet = [0];
    while !head.ends_with(END) {
        if head.len() > LARGEST_HEAD || socket.read(&mut octet).await? == 0 {
            return Ok(None);
        }
        head.push(octet[0]);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let mut lines = text.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let mut word = || words.next().unwrap_or_default();
    let (method, target, version) = (word().to_owned(), word().to_owned(), word());
    let fields: Vec<(String, &str)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
        .collect();
    let field = |name: &str| fields.iter().find(|(its, _)| its == name).map(|(_, value)| *value);
    let says = |option: &str| field("connection").is_some_and(|value| value.to_ascii_lowercase().contains(option));
    let is_http10 = version == "HTTP/1.0";
    let mut persists = if is_http10 { says("keep-alive") } else { !says("close") };
    match field("content-length").map(str::parse::<usize>) {
        Some(Ok(length)) if length <= LARGEST_CONTENT => drop(socket.read_exact(&mut vec![0; length]).await?),
        // Where the next request begins nobody knows without reading this one's content.
        Some(_) => persists = false,
        None => persists &= field("transfer-encoding").is_none(),
    }
    Ok(Some(Request { head, method, target, is_http10, persists }))
}

impl Request {
    /// Whether the answer has no content (RFC 9110 9.3.2).
    fn is_head(&self) -> bool {
        self.method == "HEAD"
    }
}

/// A whole response; whether the connection persists.
async fn tell(socket: &mut TcpStream, request: &Request, status: &str, media: &str, content: &str) -> io::Result<bool> {
    let length = content.len();
    let connection = if request.persists { "keep-alive" } else { "close" };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {length}\r\nCache-Control: no-store\r\n\
         Connection: {connection}\r\n\r\n"
    );
    let content = if request.is_head() { "" } else { content };
    socket.write_all((head + content).as_bytes()).await?;
    Ok(request.persists)
}

/// Plays a script; whether the connection persists.
async fn play(socket: &mut TcpStream, memory: &Memory, key: &Key, request: &Request, script: &str) -> io::Result<bool> {
    let at = memory.asked(key, escape(&request.head));
    let script = match Script::read(script) {
        // Of what a response to HEAD has, a script has the header section.
        Ok(script) if request.is_head() => {
            let is_head = |act: &Act| matches!(act, Act::Head(_) | Act::HeadUnbuffered(_));
            Script(script.0.into_iter().find(is_head).into_iter().collect())
        }
        Ok(script) => script,
        Err(error) => return tell(socket, request, "400 Bad Request", "text/plain", &format!("{error}\n")).await,
    };
    let mut playing = Playing { socket, memory, key, at, framing: Framing::Close, waits: 0, events: 0 };
    let played = playing.play(&script).await;
    memory.note(key, at, |asked| asked.over = true);
    played.map(|persists| persists && request.persists)
}

struct Playing<'a> {
    socket: &'a mut TcpStream,
    memory: &'a Memory,
    key: &'a Key,
    at: usize,
    framing: Framing,
    waits: usize,
    events: usize,
}

impl Playing<'_> {
    async fn play(&mut self, script: &Script) -> io::Result<bool> {
        for act in &script.0 {
            match *act {
                Act::Head(framing) => self.head(framing, "").await?,
                Act::HeadUnbuffered(framing) => self.head(framing, "X-Accel-Buffering: no\r\n").await?,
                Act::Event(octets) => {
                    self.events += 1;
                    let event = event(octets, self.events);
                    self.content(&event, event.len()).await?;
                }
                Act::HalfAChunk(octets) => {
                    self.events += 1;
                    let event = event(octets.max(8), self.events);
                    self.content(&event, event.len() / 2).await?;
                }
                Act::Comment => self.content(":\n\n", 3).await?,
                Act::Wait => {
                    self.waits += 1;
                    let (memory, key, waits) = (self.memory.clone(), self.key.clone(), self.waits);
                    if self.unless_departed(memory.cued(&key, waits)).await {
                        return Ok(false);
                    }
                }
                Act::Pause(time) => {
                    if self.unless_departed(pass(time)).await {
                        return Ok(false);
                    }
                }
                Act::End => {
                    if self.framing == Framing::Chunked {
                        let last = format!("0\r\n{TRAILER}: whole\r\n\r\n");
                        self.socket.write_all(last.as_bytes()).await?;
                    }
                    return Ok(self.framing != Framing::Close);
                }
                Act::Fin => return Ok(false),
                Act::Rst => {
                    // Everything written stays delivered, and RST follows.
                    harness::tap::acknowledged(self.socket).await?;
                    rustix::net::connect_unspec(&*self.socket)?;
                    return Ok(false);
                }
            }
        }
        Ok(false)
    }

    async fn head(&mut self, framing: Framing, field: &str) -> io::Result<()> {
        self.framing = framing;
        let framing = match framing {
            Framing::Chunked => format!("Transfer-Encoding: chunked\r\nTrailer: {TRAILER}\r\n"),
            Framing::Length(octets) => format!("Content-Length: {octets}\r\n"),
            Framing::Close => "Connection: close\r\n".to_owned(),
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n{SIGN}: 1\r\n{framing}{field}\r\n"
        );
        let written = self.socket.write_all(head.as_bytes()).await;
        self.told(written).await
    }

    /// Writes the first octets of a piece of content; with chunks, the piece is one.
    async fn content(&mut self, piece: &str, octets: usize) -> io::Result<()> {
        let written = match self.framing {
            Framing::Chunked => {
                let end = if octets == piece.len() { "\r\n" } else { "" };
                format!("{:x}\r\n{}{end}", piece.len(), &piece[..octets])
            }
            _ => piece[..octets].to_owned(),
        };
        let written = self.socket.write_all(written.as_bytes()).await;
        self.told(written).await?;
        // Not before: whoever reads this begins a fence.
        self.memory.note(self.key, self.at, |asked| {
            asked.writes += 1;
            asked.octets += octets;
        });
        Ok(())
    }

    /// A write that fails tells of a departure too.
    async fn told(&mut self, written: io::Result<()>) -> io::Result<()> {
        if written.is_err() {
            self.departed("rst");
            return written;
        }
        let is_near = self.socket.peer_addr().is_ok_and(|peer| peer.ip().is_loopback());
        if is_near {
            // Then a fence begins behind these octets.
            harness::tap::acknowledged(self.socket).await?;
        }
        Ok(())
    }

    fn departed(&self, how: &str) {
        self.memory.note(self.key, self.at, |asked| {
            asked.departed.get_or_insert_with(|| how.to_owned());
        });
    }

    /// Waits for `something`, or for the end of the peer's direction, which is noted. Whether the peer has left.
    async fn unless_departed(&mut self, something: impl Future<Output = ()>) -> bool {
        let mut octet = [0];
        tokio::pin!(something);
        let peeked = tokio::select! {
            biased;
            peeked = self.socket.peek(&mut octet) => peeked,
            () = &mut something => return false,
        };
        match peeked {
            // Another request, which waits: that its sender leaves shows at a write.
            Ok(1..) => {
                something.await;
                false
            }
            // Who has ended one direction may read on. If nobody does, a write tells; who never cues again is not waited for.
            Ok(0) => {
                self.departed("fin");
                tokio::select! {
                    () = something => false,
                    () = pass(LAST_ORDERS) => true,
                }
            }
            Err(_) => {
                self.departed("rst");
                true
            }
        }
    }
}
