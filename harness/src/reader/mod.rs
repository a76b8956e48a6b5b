//! The client side: who asks, and what it reports.

pub mod http2;
mod library;
mod raw;

use std::io;
use std::net::SocketAddr;
use std::panic::Location;

use tokio::net::{TcpSocket, TcpStream};

pub use library::Library;
pub(crate) use library::whole;
pub use raw::Raw;

use crate::observer::Observer;
use crate::patience;
use crate::tap::Tap;

/// What a stage needs of any reader.
pub trait Reader: Sized + Send {
    /// What it is, for the chain.
    const ABOUT: &'static str;

    /// A reader on a fresh connection.
    fn on(tap: Tap) -> Self;

    /// Its tape.
    fn observer(&self) -> &Observer;

    /// Takes what has arrived at the socket, without waiting for more.
    fn take_arrived(&mut self) -> impl Future<Output = ()> + Send;

    /// Whether it has ended the connection itself.
    fn has_left(&self) -> bool;

    /// What has to be said before the record is sealed.
    fn last_words(&mut self, _caller: &'static Location<'static>) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Ends whatever is left of it, off the record.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// The smallest buffers that the kernel gives, in octets asked for; with them a write blocks after about 10 kB instead of
/// about 4 MB.
pub(crate) const CLAMPED: u32 = 4096;

/// Connects a reader's socket.
pub(crate) async fn connect(
    address: SocketAddr,
    clamped: bool,
    observer: &Observer,
    caller: &'static Location<'static>,
) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if clamped {
        // Before connect: the window that is announced follows from it.
        socket.set_recv_buffer_size(CLAMPED)?;
    }
    if address.ip().is_loopback() {
        // From the address it connects to: the pair (source, destination) is this case's own, ports are no shared good.
        socket.bind(SocketAddr::new(address.ip(), 0))?;
    }
    patience::wait("the connection to be made", caller, || observer.so_far(), socket.connect(address)).await
}
