//! A server of a test: one handler, connection by connection.

use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use harness::tap::acknowledged;
use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// A server that answers connections one after the other until it is dropped, and is joined then.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves connections, each with its number from 0 and the header section of its request.
    pub fn start(serve: impl AsyncFn(usize, Vec<u8>, TcpStream) + Send + 'static) -> Self {
        Self::accepting(async move |number, mut socket| {
            let asked = header_section(&mut socket).await;
            serve(number, asked, socket).await;
        })
    }

    /// Serves connections, each with its number from 0.
    pub fn accepting(serve: impl AsyncFn(usize, TcpStream) + Send + 'static) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
        listener.set_nonblocking(true).expect("a socket of our own");
        let address = listener.local_addr().expect("it is bound");
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("a runtime");
                let serving = async {
                    for number in 0.. {
                        let (socket, _) = listener.accept().await.expect("a connection");
                        serve(number, socket).await;
                    }
                };
                tokio::select! {
                    () = serving => {}
                    _dropped = stopped => {}
                }
            });
        };
        Self { address, stop: Some(stop), thread: Some(std::thread::spawn(thread)) }
    }

    /// Answers every request with these octets, and FIN.
    pub fn sends(octets: impl AsRef<[u8]> + Send + 'static) -> Self {
        Self::start(async move |_, _, mut socket| send(&mut socket, octets.as_ref()).await)
    }

    /// The same with RST, once everything has arrived.
    pub fn sends_and_resets(octets: impl AsRef<[u8]> + Send + 'static) -> Self {
        Self::start(async move |_, _, mut socket| {
            send(&mut socket, octets.as_ref()).await;
            acknowledged(&socket).await.expect("the kernel tells");
            SockRef::from(&socket).set_linger(Some(Duration::ZERO)).expect("a socket of our own");
        })
    }

    /// The same again and again, for as long as the peer takes it.
    pub fn sends_and_repeats(octets: impl AsRef<[u8]> + Send + 'static, repeated: &'static [u8]) -> Self {
        let repeated = repeated.repeat(64 * 1024 / repeated.len());
        Self::start(async move |_, _, mut socket| {
            send(&mut socket, octets.as_ref()).await;
            while socket.write_all(&repeated).await.is_ok() {}
        })
    }

    /// The same, and then nothing until the peer leaves.
    pub fn sends_and_holds(octets: impl AsRef<[u8]> + Send + 'static) -> Self {
        Self::start(async move |_, _, mut socket| {
            send(&mut socket, octets.as_ref()).await;
            departure(&mut socket).await;
        })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of something on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let served = self.thread.take().expect("it is joined once").join();
        if !std::thread::panicking() {
            served.expect("the server of a test does not fail");
        }
    }
}

/// The octets of a request up to the end of its header section; fewer if the peer leaves.
pub async fn header_section(socket: &mut TcpStream) -> Vec<u8> {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        match socket.read_u8().await {
            Ok(octet) => asked.push(octet),
            Err(_) => break,
        }
    }
    asked
}

/// Sends; that the peer may have left is its own affair.
pub async fn send(socket: &mut TcpStream, octets: &[u8]) {
    let _left = socket.write_all(octets).await;
}

/// Reads until the peer leaves.
pub async fn departure(socket: &mut TcpStream) {
    let mut octets = [0; 1024];
    while matches!(socket.read(&mut octets).await, Ok(1..)) {}
}
