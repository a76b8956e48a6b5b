//! A running chain that many cells share: gateways started once, an origin that hands over what it is asked, a fence.

use std::io;
use std::net::SocketAddr;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use harness::gateway::{CannotStart, Described, Launched};
use harness::wire::h1::{Framing, Labeller};
use harness::wire::notation::escape;
use harness::{address, patience};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// The target that the fence asks for; the origin answers it by itself, and no transcript shows it.
const FENCE: &str = "/lastchunk-fence";

/// How often a gateway that has just started is asked before it is given up.
const ASKED_AT_MOST: usize = 5000;

/// A running chain. Cells are played on it one after the other.
#[derive(Debug)]
pub(super) struct Host {
    /// What stands in it, from the reader to the origin.
    pub(super) gateways: Vec<Described>,
    running: Vec<Launched>,
    origin: SocketAddr,
    asked: mpsc::UnboundedReceiver<Asked>,
    /// Whatever accepts and answers fences; ends with the host.
    _accepting: JoinSet<()>,
    cells: usize,
    /// Whether it is waited for the gateways to come to rest.
    is_settling: AtomicBool,
    /// The connection that fences go over.
    fencing: Arc<Mutex<Option<TcpStream>>>,
}

/// A request that has reached the origin.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) socket: TcpStream,
    pub(super) head: Vec<u8>,
}

impl Asked {
    /// Whether the request is for this target, absolute form or not.
    pub(super) fn is_for(&self, target: &str) -> bool {
        let line = self.head.split(|octet| *octet == b'\r').next().unwrap_or_default();
        line.split(|octet| *octet == b' ').nth(1).is_some_and(|its| its.ends_with(target.as_bytes()))
    }
}

impl Host {
    /// Starts the gateways in front of a fresh origin; none at all is the direct way.
    pub(super) async fn start(gateways: &[Described]) -> Result<Self, CannotStart> {
        let failed = |error: io::Error| CannotStart { what: "the origin".into(), why: error.to_string() };
        let listener = address::listen(address::next()).and_then(TcpListener::from_std).map_err(failed)?;
        let mut next = listener.local_addr().map_err(failed)?;
        let (tell, asked) = mpsc::unbounded_channel();
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, tell));
        let mut running = Vec::new();
        let origin = next;
        for gateway in gateways.iter().rev() {
            let launched = Launched::start(gateway, next).await?;
            next = launched.address();
            running.insert(0, launched);
        }
        let mut host = Self {
            gateways: gateways.to_vec(),
            running,
            origin,
            asked,
            _accepting: accepting,
            cells: 0,
            is_settling: AtomicBool::new(false),
            fencing: Arc::default(),
        };
        host.ready().await.map_err(|why| {
            let what = host.gateways.iter().map(Described::about).collect::<Vec<_>>().join(", ");
            CannotStart { what, why: format!("{why}\n{}", host.log()) }
        })?;
        host.running.iter_mut().for_each(Launched::family);
        Ok(host)
    }

    /// Some gateways listen before they have read their conf, and answer 404 or 503 until then: asks until the origin's
    /// answer comes back.
    async fn ready(&self) -> Result<(), String> {
        let mut last = Ok(());
        for _ in 0..ASKED_AT_MOST {
            last = patience::wait("the gateway to be ready", Location::caller(), || self.log(), self.fence()).await;
            if last.is_ok() {
                return last;
            }
        }
        last
    }

    /// How many fences in a row have to pass before what has come is all that comes.
    pub(super) fn fences(&self) -> usize {
        self.gateways.iter().map(|gateway| gateway.description.fences).max().unwrap_or(1)
    }

    /// A target that no cell has asked for before: nothing is answered from a cache, and a request that a gateway sends
    /// late is not taken for another's.
    pub(super) fn target(&mut self) -> String {
        self.cells += 1;
        format!("/events/{}", self.cells)
    }

    /// Where a reader connects.
    pub(super) fn address(&self, http2: bool) -> SocketAddr {
        match self.running.first() {
            Some(first) if http2 => first.address_h2(),
            Some(first) => first.address(),
            None => self.origin,
        }
    }

    /// The next request at the origin.
    pub(super) async fn asked(&mut self) -> Option<Asked> {
        self.asked.recv().await
    }

    /// Forgets requests that nobody waits for any more.
    pub(super) fn forget(&mut self) {
        while self.asked.try_recv().is_ok() {}
    }

    /// Sends one whole request and response through every gateway, over a connection that lasts: a table has tens of
    /// thousands of fences, and where the kernel tracks connections it keeps each for two minutes.
    pub(super) fn fence(&self) -> impl Future<Output = Result<(), String>> + Send + use<> {
        fence_through(self.address(false), Arc::clone(&self.fencing))
    }

    /// Waits until no thread of a gateway has anything to do. A fence proves it of one worker that does everything in
    /// order; of threads only this does. When it was given up, by the bound or by that of the whole cell,
    /// [`Self::restless`] tells who was waited for.
    ///
    /// # Panics
    /// When the bound of patience is exceeded.
    pub(super) async fn settle(&self) {
        self.is_settling.store(true, Ordering::Relaxed);
        let resting = async {
            while self.running.iter().any(Launched::is_busy) {
                // The gateway may be on this very processor; bound and signals are seen only in a turn of the runtime.
                std::thread::yield_now();
                tokio::task::yield_now().await;
            }
        };
        patience::wait("every thread to have nothing to do", Location::caller(), String::new, resting).await;
        self.is_settling.store(false, Ordering::Relaxed);
    }

    /// The gateways that have not come to rest, if the wait for that was given up.
    pub(super) fn restless(&self) -> Option<String> {
        let busy = self.gateways.iter().zip(&self.running).filter(|(_, running)| running.is_busy());
        let busy: Vec<String> = busy.map(|(gateway, _)| gateway.about()).collect();
        (self.is_settling.load(Ordering::Relaxed) && !busy.is_empty()).then(|| busy.join(", "))
    }

    /// Sends fences, and waits until the gateways have nothing to do.
    pub(super) async fn fences_pass(&self, count: usize) -> Result<(), String> {
        for _ in 0..count {
            self.fence().await?;
            self.settle().await;
        }
        Ok(())
    }

    /// Whether all gateways still run.
    pub(super) fn alive(&mut self) -> Result<(), String> {
        self.running.iter_mut().try_for_each(Launched::alive)
    }

    /// What the gateways said, for a fault's message.
    pub(super) fn log(&self) -> String {
        self.running.iter().map(Launched::said).collect()
    }
}

/// Connects from the address that is connected to: the pair is this chain's own, ports are no shared good.
pub(super) async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(address.ip(), 0))?;
    let stream = patience::wait("the connection to be made", Location::caller(), String::new, socket.connect(address));
    let stream = stream.await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A fence over the connection that is kept, or over a fresh one.
async fn fence_through(address: SocketAddr, kept: Arc<Mutex<Option<TcpStream>>>) -> Result<(), String> {
    // A fence that is given up half-way takes its connection with it.
    let before = kept.lock().unwrap_or_else(PoisonError::into_inner).take();
    let again = before.is_some();
    let passed = match before {
        Some(socket) => fence_on(socket).await,
        None => fence_on_a_fresh_one(address).await,
    };
    // The gateway may close a connection that lasts whenever it likes.
    let passed = if passed.is_err() && again { fence_on_a_fresh_one(address).await } else { passed };
    // Varnish pipes over a connection of its pool that the origin has just closed, and gives no answer: a GET
    // that got not one octet may be asked again (RFC 9110 9.2.2). What was in its pool is used up by then.
    let is_unanswered = passed.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionAborted);
    let passed = if is_unanswered { fence_on_a_fresh_one(address).await } else { passed };
    match passed {
        Ok((response, socket)) if response.starts_with(b"HTTP/1.1 200 ") => {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = socket;
            Ok(())
        }
        Ok((response, _)) => Err(format!("the fence's response is \"{}\"", escape(&response))),
        Err(error) => Err(format!("the fence does not pass: {error}")),
    }
}

async fn fence_on_a_fresh_one(address: SocketAddr) -> io::Result<(Vec<u8>, Option<TcpStream>)> {
    fence_on(connect(address).await?).await
}

/// The whole response, and the connection if it persists (RFC 9112 9.3). An end before its first octet is
/// [`io::ErrorKind::ConnectionAborted`].
async fn fence_on(mut socket: TcpStream) -> io::Result<(Vec<u8>, Option<TcpStream>)> {
    let request = format!("GET {FENCE} HTTP/1.1\r\nHost: fence.test\r\n\r\n");
    socket.write_all(request.as_bytes()).await?;
    let mut labeller = Labeller::responses(["GET".to_owned()]);
    let (mut response, mut octets) = (Vec::new(), vec![0; 4096]);
    while labeller.completed() == 0 {
        let count = socket.read(&mut octets).await?;
        if count == 0 {
            // Not a whole response, unless its end was the connection's.
            let closed = labeller.messages().last().is_some_and(|message| message.framing == Framing::Close);
            return match (closed, response.is_empty()) {
                (true, _) => Ok((response, None)),
                (false, true) => Err(io::ErrorKind::ConnectionAborted.into()),
                (false, false) => Err(io::ErrorKind::UnexpectedEof.into()),
            };
        }
        response.extend_from_slice(&octets[..count]);
        labeller.push(&octets[..count]);
    }
    let connection = labeller.messages()[0].field(&response, "connection").unwrap_or_default().to_ascii_lowercase();
    let persists = !connection.windows(5).any(|word| word == b"close");
    Ok((response, persists.then_some(socket)))
}

async fn accept(listener: TcpListener, tell: mpsc::UnboundedSender<Asked>) {
    let mut reading = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => { reading.spawn(read(socket, tell.clone())); }
                Err(_) => return,
            },
            Some(_) = reading.join_next() => {}
        }
    }
}

/// Reads a request's header section; answers a fence, hands over anything else.
async fn read(mut socket: TcpStream, tell: mpsc::UnboundedSender<Asked>) {
    let mut head = Vec::new();
    let mut octet = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match socket.read(&mut octet).await {
            Ok(1..) => head.push(octet[0]),
            _ => return,
        }
    }
    let asked = Asked { socket, head };
    if asked.is_for(FENCE) {
        let Asked { mut socket, .. } = asked;
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nfence";
        let _gone = socket.write_all(answer).await;
        let _gone = socket.shutdown().await;
        // The gateway closes in its own time.
        while matches!(socket.read(&mut octet).await, Ok(1..)) {}
    } else {
        let _over = tell.send(asked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a fence passes to whoever answers the connections that come with these octets each, and closes them.
    async fn passes(answers: &[&[u8]]) -> Result<(), String> {
        let listener = address::listen(address::next()).and_then(TcpListener::from_std).expect("an address");
        let at = listener.local_addr().expect("an address");
        let answering = async {
            for answer in answers {
                let (mut socket, _) = listener.accept().await.expect("a connection");
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(socket.read_u8().await.expect("a request"));
                }
                socket.write_all(answer).await.expect("it is read");
            }
        };
        tokio::join!(fence_through(at, Arc::default()), answering).0
    }

    #[tokio::test]
    async fn a_fence_without_one_octet_of_an_answer_is_sent_once_more_and_no_other() {
        const WHOLE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfence";
        assert_eq!(passes(&[WHOLE]).await, Ok(()));
        assert_eq!(passes(&[b"", WHOLE]).await, Ok(()));
        assert!(passes(&[b"", b""]).await.is_err());
        assert!(passes(&[b"HTTP/1.1 200 OK\r\n"]).await.is_err());
    }
}
