//! The way to the stream: name, connection, TLS.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use harness::reader::http2::MOST_CONTENT;
use harness::wire::notation::printable;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::clock::Clock;
use super::target::Target;
use super::tls::{self, BadTls};

/// Which HTTP is spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Versions {
    /// What the peer chooses in TLS; without TLS, HTTP/1.1.
    #[default]
    Either,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2, of which without TLS nothing is known beforehand: HTTP/1.1.
    Http2,
    /// HTTP/2, whatever the peer says (RFC 9113 3.3).
    Http2Prior,
}

/// How to connect.
#[derive(Debug, Clone)]
pub struct Way {
    /// Which HTTP.
    pub versions: Versions,
    /// Whether any certificate will do.
    pub insecure: bool,
    /// A file of the certificates that are trusted, in place of the machine's.
    pub cacert: Option<PathBuf>,
    /// How long name, connection and TLS may take.
    pub bound: Duration,
}

impl Way {
    /// The way that so many octets of content can go: only a window that the peer opens takes more over HTTP/2.
    ///
    /// # Errors
    /// When there is none.
    pub fn for_content(&self, octets: usize) -> Result<Self, NoConnection> {
        match self.versions {
            _ if octets <= MOST_CONTENT => Ok(self.clone()),
            Versions::Http2Prior => Err(NoConnection::TooMuch(octets)),
            Versions::Either | Versions::Http1 | Versions::Http2 => {
                Ok(Self { versions: Versions::Http1, ..self.clone() })
            }
        }
    }
}

impl Default for Way {
    fn default() -> Self {
        Self { versions: Versions::Either, insecure: false, cacert: None, bound: Duration::from_secs(10) }
    }
}

/// A socket, or TLS over one.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {
    /// Closes the connection at once, both ways, whatever speaks over it.
    fn close(&self);

    /// Resets the connection, whatever speaks over it.
    ///
    /// # Errors
    /// When the kernel refuses.
    fn reset(&self) -> io::Result<()>;
}

impl Duplex for TcpStream {
    fn close(&self) {
        harness::tap::close(self);
    }

    fn reset(&self) -> io::Result<()> {
        harness::tap::reset(self)
    }
}

impl Duplex for TlsStream<TcpStream> {
    fn close(&self) {
        harness::tap::close(self.get_ref().0);
    }

    fn reset(&self) -> io::Result<()> {
        harness::tap::reset(self.get_ref().0)
    }
}

/// A connection.
pub struct Dialled {
    /// What to speak over.
    pub stream: Box<dyn Duplex>,
    /// How it was made.
    pub facts: Facts,
}

impl std::fmt::Debug for Dialled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialled").field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// How a connection was made; each time counts from the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// With whom.
    pub address: SocketAddr,
    /// How long the name took; none for an address.
    pub name: Option<Duration>,
    /// How long the connection took.
    pub connect: Duration,
    /// How long TLS took, and its version.
    pub tls: Option<(Duration, &'static str)>,
    /// Whether HTTP/2 is spoken.
    pub is_http2: bool,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum NoConnection {
    /// No address.
    #[error(
        "the name {} is not resolved: {why} (a name is asked of this machine's resolver; is it spelt right?)",
        printable(host)
    )]
    Name {
        /// The name.
        host: String,
        /// What the resolver says.
        why: io::Error,
    },
    /// No address answers.
    #[error("cannot connect to {address}: {why}{}", hint(why))]
    Connect {
        /// The last one tried.
        address: SocketAddr,
        /// What the kernel says.
        why: io::Error,
    },
    /// It takes too long.
    #[error("no connection to {}:{port} after {bound:?}: give it more with --connect-timeout", printable(host))]
    Late {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// How long was waited.
        bound: Duration,
    },
    /// There is a connection, and TLS takes too long.
    #[error(
        "no TLS with {}:{port} after {bound:?}, though it has taken the connection: is this an http URL? (--connect-timeout \
         gives it more)",
        printable(host)
    )]
    LateTls {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// How long was waited.
        bound: Duration,
    },
    /// No TLS.
    #[error(transparent)]
    Tls(#[from] BadTls),
    /// There is more to send than HTTP/2 takes at once.
    #[error(
        "{0} octets of -d are more than the {MOST_CONTENT} that are sent over HTTP/2: leave --http2-prior-knowledge out"
    )]
    TooMuch(usize),
    /// The peer does not speak what was asked for.
    #[error("{} does not speak HTTP/2 over TLS (ALPN: {got}): leave --http2-prior-knowledge out", printable(host))]
    NoHttp2 {
        /// The host.
        host: String,
        /// What was agreed on.
        got: &'static str,
    },
}

/// What to look at first.
fn hint(why: &io::Error) -> &'static str {
    match why.kind() {
        io::ErrorKind::ConnectionRefused => " (nothing listens there)",
        _ => "",
    }
}

/// Connects.
///
/// # Errors
/// When there is no connection within the bound, or no TLS over it.
pub async fn dial(target: &Target, way: &Way) -> Result<Dialled, NoConnection> {
    let clock = Clock::start();
    let is_connected = AtomicBool::new(false);
    tokio::select! {
        dialled = connect(target, way, clock, &is_connected) => dialled,
        () = clock.reaches(Some(way.bound)) => {
            let (host, port, bound) = (target.host().to_owned(), target.port(), way.bound);
            Err(if is_connected.load(Ordering::Relaxed) {
                NoConnection::LateTls { host, port, bound }
            } else {
                NoConnection::Late { host, port, bound }
            })
        }
    }
}

async fn connect(target: &Target, way: &Way, clock: Clock, is_connected: &AtomicBool) -> Result<Dialled, NoConnection> {
    // Before anything is opened: what is wrong with the arguments is no matter of the peer's.
    let tls = if target.is_secure() { Some(tls::config(way)?) } else { None };
    let (addresses, name) = addresses(target, clock).await?;
    let resolved = clock.now();
    let (socket, address) = first(&addresses).await?;
    // What one call writes is to leave at once.
    socket.set_nodelay(true).map_err(|why| NoConnection::Connect { address, why })?;
    let connected = clock.now();
    is_connected.store(true, Ordering::Relaxed);
    let mut facts = Facts {
        address,
        name,
        connect: connected - resolved,
        tls: None,
        is_http2: way.versions == Versions::Http2Prior,
    };
    let Some(tls) = tls else { return Ok(Dialled { stream: Box::new(socket), facts }) };
    let stream = tls::begin(tls, target, socket).await?;
    let (version, alpn) = tls::agreed(&stream);
    facts.tls = Some((clock.now() - connected, version));
    if facts.is_http2 && alpn != tls::H2 {
        return Err(NoConnection::NoHttp2 { host: target.host().to_owned(), got: alpn });
    }
    facts.is_http2 = alpn == tls::H2;
    Ok(Dialled { stream: Box::new(stream), facts })
}

async fn addresses(target: &Target, clock: Clock) -> Result<(Vec<SocketAddr>, Option<Duration>), NoConnection> {
    let (host, port) = (target.host(), target.port());
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok((vec![SocketAddr::new(ip, port)], None));
    }
    let not_resolved = |why| NoConnection::Name { host: host.to_owned(), why };
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await.map_err(not_resolved)?.collect();
    if addresses.is_empty() {
        return Err(not_resolved(io::Error::other("no address")));
    }
    Ok((addresses, Some(clock.now())))
}

/// The first address that answers, one after the other.
async fn first(addresses: &[SocketAddr]) -> Result<(TcpStream, SocketAddr), NoConnection> {
    let mut failed = None;
    for &address in addresses {
        match TcpStream::connect(address).await {
            Ok(socket) => return Ok((socket, address)),
            Err(why) => failed = Some(NoConnection::Connect { address, why }),
        }
    }
    Err(failed.expect("at least one address was tried"))
}
