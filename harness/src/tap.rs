//! A socket that we own, with an observer on it. It adds nothing to the wire and takes nothing away: octets, FIN, RST and
//! back-pressure pass as they come.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use bytes::buf::Limit;
use bytes::{Bytes, BytesMut};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

use crate::kernel::{self, Unread};
use crate::observer::Observer;
use crate::transcript::What;

/// A connected socket whose traffic is recorded.
#[derive(Debug)]
pub struct Tap {
    socket: Arc<TcpStream>,
    observer: Observer,
    incoming_ended: AtomicBool,
    outgoing_ended: AtomicBool,
}

impl Tap {
    /// Puts an observer on a connected socket and records the connection.
    ///
    /// # Errors
    /// When the socket refuses TCP_NODELAY.
    pub fn new(socket: TcpStream, observer: Observer) -> io::Result<Self> {
        // A small write must leave at once: what one call wrote is a fact of the case, not of Nagle's algorithm.
        socket.set_nodelay(true)?;
        Ok(Self {
            socket: Arc::new(socket),
            observer,
            incoming_ended: AtomicBool::new(false),
            outgoing_ended: AtomicBool::new(false),
        })
    }

    /// The socket, for as long as somebody owns it.
    #[must_use]
    pub fn socket(&self) -> Weak<TcpStream> {
        Arc::downgrade(&self.socket)
    }

    /// The observer of this socket.
    #[must_use]
    pub fn observer(&self) -> &Observer {
        &self.observer
    }

    /// Waits until something has arrived, and looks at it without taking it: nothing is recorded. Gives how many octets
    /// it is; 0 when the peer has ended its direction, or the connection is gone: how, the read tells.
    ///
    /// # Errors
    /// When the runtime is gone.
    pub async fn peek(&self, octets: &mut [u8]) -> io::Result<usize> {
        peek(&self.socket, octets).await
    }

    /// Waits until the peer's kernel has acknowledged every octet written.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub async fn acknowledged(&self) -> io::Result<()> {
        acknowledged_when_asked(&self.socket, &self.observer).await
    }

    /// Takes what has arrived, as far as `room` has any; the tape holds the same octets, not a copy. Empty at FIN.
    pub(crate) async fn take(&self, mut room: Limit<&mut BytesMut>) -> io::Result<Bytes> {
        loop {
            self.socket.readable().await?;
            match self.socket.try_read_buf(&mut room) {
                Ok(0) => {
                    self.end_incoming(What::Fin);
                    return Ok(Bytes::new());
                }
                Ok(_) => {
                    let octets = room.into_inner().split().freeze();
                    self.observer.received_shared(&octets);
                    return Ok(octets);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    self.failed(&error);
                    return Err(error);
                }
            }
        }
    }

    /// Sends all these octets; what of them has gone the tape holds, not a copy.
    pub(crate) async fn give(&self, mut octets: Bytes) -> io::Result<()> {
        while !octets.is_empty() {
            self.socket.writable().await?;
            match self.socket.try_write(&octets) {
                Ok(count) => self.observer.sent_shared(&octets.split_to(count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    self.failed(&error);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Ends the outgoing direction. A peer that has reset the connection leaves nothing to end.
    pub(crate) fn end(&self) -> io::Result<()> {
        let shut = SockRef::from(&*self.socket).shutdown(std::net::Shutdown::Write);
        if shut.is_ok() {
            self.end_outgoing(What::Fin);
        }
        shut.or_else(|error| if error.kind() == io::ErrorKind::NotConnected { Ok(()) } else { Err(error) })
    }

    /// Resets the connection: everything acknowledged stays delivered, and RST follows, at once.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn abort(self) -> io::Result<()> {
        self.acknowledged().await?;
        reset(&self.socket)?;
        self.end_outgoing(What::Rst);
        Ok(())
    }

    /// Whether the peer has ended its direction, as far as it was read.
    pub(crate) fn incoming_ended(&self) -> bool {
        self.incoming_ended.load(Ordering::Relaxed)
    }

    fn end_incoming(&self, what: What) {
        if !self.incoming_ended.swap(true, Ordering::Relaxed) {
            self.observer.incoming(what);
        }
    }

    fn end_outgoing(&self, what: What) {
        if !self.outgoing_ended.swap(true, Ordering::Relaxed) {
            self.observer.outgoing(what);
        }
    }

    fn failed(&self, error: &io::Error) {
        if error.kind() == io::ErrorKind::ConnectionReset {
            self.end_incoming(What::Rst);
        }
    }
}

/// The octets that the program at `from` has written and its kernel has not sent to `to`: one that was told that more is
/// coming waits for it, as long as its clock allows (tcp(7), MSG_MORE). 0 over anything but IPv4, and if there is no such
/// connection any more.
///
/// # Errors
/// When the kernel does not tell.
pub fn held_back(from: SocketAddr, to: SocketAddr) -> io::Result<u32> {
    match (from, to) {
        (SocketAddr::V4(from), SocketAddr::V4(to)) => kernel::held_by_the_kernel(from, to),
        _ => Ok(0),
    }
}

/// Waits until something has arrived on this socket, and looks at it as [`Tap::peek`] does.
///
/// # Errors
/// When the runtime is gone.
pub(crate) async fn peek(socket: &TcpStream, octets: &mut [u8]) -> io::Result<usize> {
    socket.async_io(Interest::READABLE, || kernel::peek(socket, octets)).await
}

/// Whether something has arrived on this socket, octets or an end. Nothing is taken, an error neither: whoever reads next still
/// finds a reset.
#[must_use]
pub fn has_unread(socket: &TcpStream) -> bool {
    kernel::unread(socket) != Unread::Nothing
}

/// Waits until the peer's kernel has acknowledged every octet written to this socket. The kernel offers no event for
/// it, so this asks again each time the runtime has had a turn.
///
/// # Errors
/// When the kernel does not tell.
pub async fn acknowledged(socket: &TcpStream) -> io::Result<()> {
    asked_until_acknowledged(socket, || {}).await
}

/// The same where the peer may be the reader of this observer's case, which is asked.
pub(crate) async fn acknowledged_when_asked(socket: &TcpStream, observer: &Observer) -> io::Result<()> {
    asked_until_acknowledged(socket, || observer.ask_for_acknowledgements()).await
}

async fn asked_until_acknowledged(socket: &TcpStream, ask: impl Fn()) -> io::Result<()> {
    while kernel::unacknowledged(socket)? > 0 {
        ask();
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Closes a connection both ways at once: FIN goes out, and what comes then is answered with RST. close(2) would do it when the
/// last descriptor is closed, and a child that another thread has forked holds one until it executes its program.
pub fn close(socket: &TcpStream) {
    let _gone_already = SockRef::from(socket).shutdown(std::net::Shutdown::Both);
}

/// Resets a connection at once, where closing it with SO_LINGER 0 would wait likewise.
///
/// # Errors
/// When the kernel refuses.
pub fn reset(socket: &TcpStream) -> io::Result<()> {
    Ok(rustix::net::connect_unspec(socket)?)
}

impl AsyncRead for Tap {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let tap = self.get_mut();
        loop {
            ready!(tap.socket.poll_read_ready(cx))?;
            let from = buf.filled().len();
            match tap.socket.try_read_buf(buf) {
                Ok(0) if buf.remaining() > 0 => tap.end_incoming(What::Fin),
                Ok(_) => tap.observer.received(&buf.filled()[from..]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => {
                    tap.failed(&error);
                    return Poll::Ready(Err(error));
                }
            }
            return Poll::Ready(Ok(()));
        }
    }
}

impl AsyncWrite for Tap {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let tap = self.get_mut();
        loop {
            ready!(tap.socket.poll_write_ready(cx))?;
            match tap.socket.try_write(octets) {
                Ok(count) => {
                    tap.observer.sent(&octets[..count]);
                    return Poll::Ready(Ok(count));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    tap.failed(&error);
                    return Poll::Ready(Err(error));
                }
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.end())
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        if *self.outgoing_ended.get_mut() && *self.incoming_ended.get_mut() {
            // Nothing is left to send, and behind the other side's end nothing lies unread.
            return;
        }
        // What close() would send is decided by what lies unread: RFC 1122 4.2.2.13.
        match kernel::left_unread(&*self.socket) {
            Unread::Octets => {
                let _gone_already = reset(&self.socket);
                self.end_outgoing(What::Rst);
            }
            Unread::Nothing | Unread::Fin => {
                close(&self.socket);
                self.end_outgoing(What::Fin);
            }
            Unread::Error => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::patience;
    use crate::transcript::{Lane, Meant, Recorder, chain};

    async fn tapped() -> (Tap, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        let observer = Observer::all(Recorder::new(chain("c", &[], "o"), Meant::default())).swap_remove(0);
        (Tap::new(socket, observer).unwrap(), peer)
    }

    #[tokio::test]
    async fn whoever_asks_whether_something_has_arrived_takes_nothing() {
        let (mut tap, peer) = tapped().await;
        assert!(!has_unread(&tap.socket));
        reset(&peer).unwrap();
        assert!(has_unread(&tap.socket));
        assert_eq!(tap.read(&mut [0]).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn a_connection_ends_when_its_tap_goes_whoever_else_holds_a_descriptor() {
        let (tap, mut peer) = tapped().await;
        let _of_a_child = rustix::io::dup(&*tap.socket).unwrap();
        drop(tap);
        assert_eq!(ended(&mut peer).await.unwrap(), 0);

        let (tap, mut peer) = tapped().await;
        let _of_a_child = rustix::io::dup(&*tap.socket).unwrap();
        peer.write_all(b"unread").await.unwrap();
        tap.peek(&mut [0]).await.unwrap();
        drop(tap);
        assert_eq!(ended(&mut peer).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }

    async fn ended(peer: &mut TcpStream) -> io::Result<usize> {
        let caller = Location::caller();
        patience::wait("the connection to end", caller, String::new, peer.read(&mut [0])).await
    }

    #[tokio::test]
    async fn a_reset_that_was_looked_at_is_recorded_as_one() {
        let (mut tap, peer) = tapped().await;
        let observer = tap.observer().clone();
        reset(&peer).unwrap();
        let mut octet = [0];
        assert_eq!(tap.peek(&mut octet).await.unwrap(), 0);
        tap.acknowledged().await.unwrap();
        assert_eq!(tap.peek(&mut octet).await.unwrap(), 0);
        assert_eq!(tap.read(&mut octet).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        let recorder = observer.recorder();
        assert!(recorder.tape(0).has(|lane, what| lane == Lane::response(0) && *what == What::Rst));
        assert!(!recorder.tape(0).has(|_, what| *what == What::Fin));
    }
}
