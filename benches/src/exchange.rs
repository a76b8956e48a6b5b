//! One exchange of 20 token events, as a case plays it and as plain sockets do.

use std::io;
use std::net::SocketAddr;

use harness::address;
use harness::origin::{Scripted, scripted};
use harness::render::{Redactions, render};
use harness::stage::Stage;
use harness::until::closed;
use rustix::net::sockopt::set_tcp_quickack;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::streams::{self, HEADER_SECTION};

/// How many events an exchange has, each one chunk and one write.
pub const EVENTS: usize = 20;

/// As much room as a case's reader has: less would be more reads.
const ROOM: usize = 64 * 1024;

const REQUEST: &[u8] = b"GET /events HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n";

/// The text of a whole case on this stage: its transcript, rendered with the verdict.
pub async fn case(stage: Stage) -> String {
    let mut scene = stage.start_raw(script()).await;
    scene.step("the reader asks for the stream, and the origin sends it");
    scene.reader.send(REQUEST).await;
    scene.reader.until(closed()).await;
    let transcript = scene.finish().await;
    render(&transcript, &Redactions::all())
}

fn script() -> Scripted {
    let mut script = scripted().request().send(HEADER_SECTION);
    let chunk = streams::chunk(40);
    for _ in 0..EVENTS {
        script = script.send(&chunk);
    }
    script.send("0\r\n\r\n").fin()
}

/// The same octets in the same writes over plain sockets, on a fresh loopback address as a case has one; gives what the
/// client has read.
///
/// # Errors
/// When a socket fails.
pub async fn bare() -> io::Result<Vec<u8>> {
    let listener = TcpListener::from_std(address::listen(address::next())?)?;
    let served = serve(&listener);
    let read = read(listener.local_addr()?);
    tokio::try_join!(served, read).map(|((), read)| read)
}

async fn serve(listener: &TcpListener) -> io::Result<()> {
    let (mut socket, _) = listener.accept().await?;
    socket.set_nodelay(true)?;
    let mut head = Vec::with_capacity(ROOM);
    while !head.ends_with(b"\r\n\r\n") && socket.read_buf(&mut head).await? > 0 {}
    socket.write_all(HEADER_SECTION).await?;
    let chunk = streams::chunk(40);
    for _ in 0..EVENTS {
        socket.write_all(&chunk).await?;
    }
    socket.write_all(b"0\r\n\r\n").await?;
    socket.shutdown().await?;
    while socket.read_buf(&mut head).await? > 0 {}
    Ok(())
}

async fn read(address: SocketAddr) -> io::Result<Vec<u8>> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(address.ip(), 0))?;
    let mut socket: TcpStream = socket.connect(address).await?;
    socket.set_nodelay(true)?;
    // As a case's reader: its kernel need not acknowledge each segment.
    set_tcp_quickack(&socket, false)?;
    socket.write_all(REQUEST).await?;
    let mut response = Vec::with_capacity(ROOM);
    socket.read_to_end(&mut response).await?;
    socket.shutdown().await?;
    Ok(response)
}
