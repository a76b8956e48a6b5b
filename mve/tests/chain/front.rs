//! What stands before a chain in a test, and does one thing to it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use harness::address;
use harness::tap::close;
use rcgen::{CertificateParams, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A front.
pub struct Front {
    does: Does,
    /// Holds the certificate that a reader trusts.
    folder: tempfile::TempDir,
    tls: Option<TlsAcceptor>,
    address: IpAddr,
}

/// What it does with what it is asked.
#[derive(Debug, Clone, Copy)]
enum Does {
    /// Passes all.
    Nothing,
    /// Passes the beginning of a response with a pause in it, and then nothing.
    Stalls,
    /// Passes what has a pause in it to what stands next, and all else to the origin.
    ForPauses,
    /// Sends without end.
    Floods,
    /// Leads back to itself.
    Redirects,
    /// Passes all, and until a response ends it tells its kernel that more is coming.
    Corks,
}

impl Front {
    fn that(does: Does) -> Self {
        Self { does, folder: tempfile::tempdir().expect("a folder"), tls: None, address: address::next() }
    }

    pub fn that_stalls() -> Self {
        Self::that(Does::Stalls)
    }

    pub fn for_pauses() -> Self {
        Self::that(Does::ForPauses)
    }

    pub fn that_floods() -> Self {
        Self::that(Does::Floods)
    }

    pub fn that_redirects() -> Self {
        Self::that(Does::Redirects)
    }

    pub fn that_corks() -> Self {
        Self::that(Does::Corks)
    }

    /// Ends TLS, and passes all.
    pub fn of_tls() -> Self {
        let mut front = Self::that(Does::Nothing);
        let (pem, acceptor) = front.identity();
        std::fs::write(front.folder.path().join("certificate.pem"), pem).expect("a file of our own");
        front.tls = Some(acceptor);
        front
    }

    /// The same with a certificate that the reader does not trust.
    pub fn untrusted(mut self) -> Self {
        self.tls = Some(self.identity().1);
        self
    }

    /// A certificate for its address, and what serves with it.
    fn identity(&self) -> (String, TlsAcceptor) {
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new([self.address.to_string()]).expect("a name");
        let certificate = certificate.self_signed(&key).expect("a certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth();
        let config = config.with_single_cert(vec![certificate.der().clone()], key).expect("a pair");
        (certificate.pem(), TlsAcceptor::from(Arc::new(config)))
    }

    /// The file of the certificate that the reader trusts, if TLS is spoken.
    pub fn certificate(&self) -> Option<PathBuf> {
        self.tls.is_some().then(|| self.folder.path().join("certificate.pem"))
    }

    /// Stands before what is at `next`, at whose end the origin is; its own address.
    pub fn before(
        &self,
        next: SocketAddr,
        origin: SocketAddr,
        serving: &mut JoinSet<std::io::Result<()>>,
    ) -> SocketAddr {
        let listener = address::listen(self.address).and_then(TcpListener::from_std).expect("it listens");
        let address = listener.local_addr().expect("it listens");
        let (does, tls) = (self.does, self.tls.clone());
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (mut socket, _) = listener.accept().await?;
                socket.set_nodelay(true)?;
                let tls = tls.clone();
                connections.spawn(async move {
                    let Some(tls) = tls else {
                        let passed = match does {
                            Does::Corks => corked(&mut socket, next).await,
                            _ => does.with(&mut socket, next, origin).await,
                        };
                        close(&socket);
                        return passed;
                    };
                    // A reader that trusts nobody leaves inside the handshake.
                    let mut stream = tls.accept(socket).await?;
                    let passed = does.with(&mut stream, next, origin).await;
                    close(stream.get_ref().0);
                    passed
                });
            }
        });
        address
    }
}

impl Does {
    async fn with(
        self,
        mut reader: impl AsyncRead + AsyncWrite + Unpin,
        next: SocketAddr,
        origin: SocketAddr,
    ) -> std::io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(reader.read_u8().await?);
        }
        let asks_for = |what: &str| String::from_utf8_lossy(&head).contains(what);
        match self {
            Self::Floods => {
                reader.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
                loop {
                    reader.write_all(&[b'x'; 1 << 16]).await?;
                }
            }
            Self::Redirects => {
                let location = "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
                return reader.write_all(location.as_bytes()).await;
            }
            Self::Nothing | Self::Stalls | Self::ForPauses | Self::Corks => {}
        }
        let is_beside = matches!(self, Self::ForPauses) && !asks_for("pause-");
        let mut origin = TcpStream::connect(if is_beside { origin } else { next }).await?;
        origin.set_nodelay(true)?;
        origin.write_all(&head).await?;
        if matches!(self, Self::Stalls) && asks_for("pause-") {
            let (mut from_reader, mut to_reader) = tokio::io::split(reader);
            let mut octets = [0; 4096];
            let count = origin.read(&mut octets).await?;
            to_reader.write_all(&octets[..count]).await?;
            // The origin is read to its end, and the reader waits until it leaves.
            copy(&mut origin, &mut tokio::io::sink()).await?;
            return copy(&mut from_reader, &mut tokio::io::sink()).await.map(drop);
        }
        let passed = copy_bidirectional(&mut reader, &mut origin).await;
        // At once: a test beside this one may be starting a child, which has a copy of the descriptor until it runs.
        close(&origin);
        passed.map(drop)
    }
}

/// Passes all, and tells its kernel that more is coming until the last of it is there, as HAProxy does.
async fn corked(reader: &mut TcpStream, next: SocketAddr) -> std::io::Result<()> {
    let mut origin = TcpStream::connect(next).await?;
    origin.set_nodelay(true)?;
    let (mut from_origin, mut to_origin) = origin.split();
    let (mut from_reader, mut to_reader) = reader.split();
    let asking = async move {
        copy(&mut from_reader, &mut to_origin).await?;
        to_origin.shutdown().await
    };
    let answering = async move {
        let mut octets = vec![0; 64 * 1024];
        loop {
            let count = from_origin.read(&mut octets).await?;
            let octets = &octets[..count];
            let is_last = octets.is_empty() || (octets.ends_with(b"\r\n\r\n") && !octets.starts_with(b"HTTP/"));
            rustix::net::sockopt::set_tcp_cork(to_reader.as_ref(), !is_last)?;
            if octets.is_empty() {
                return to_reader.shutdown().await;
            }
            to_reader.write_all(octets).await?;
        }
    };
    let passed = tokio::try_join!(asking, answering);
    close(&origin);
    passed.map(drop)
}
