//! One loopback address for each case: on a single one, connections in TIME_WAIT slow the kernel's port search down
//! after some thousands of cases.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

// Several test binaries run side by side; a different start keeps them apart, a collision would only cost time.
static NEXT: LazyLock<AtomicU32> = LazyLock::new(|| AtomicU32::new(std::process::id().wrapping_mul(251) << 8));

/// An address of 127.0.0.0/8, another one at each call.
#[must_use]
pub fn next() -> IpAddr {
    let at = NEXT.fetch_add(1, Ordering::Relaxed);
    let [_, b, c, d] = at.to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(127, 1 + b % 254, c, 1 + d % 254))
}

/// How many connections may wait to be accepted, as std has it.
const WAITING: i32 = 128;

/// A socket that listens on a port of the kernel's choice.
///
/// # Errors
/// When the kernel gives none; the message names the address.
pub fn listen(address: IpAddr) -> io::Result<TcpListener> {
    let at = SocketAddr::new(address, 0);
    let listening = || {
        let socket = Socket::new(Domain::for_address(at), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
        socket.bind(&at.into())?;
        socket.listen(WAITING)?;
        Ok(socket.into())
    };
    listening()
        .map_err(|error: io::Error| io::Error::new(error.kind(), format!("failed to listen on {address}: {error}")))
}

/// As many addresses with different ports of the kernel's choice, for programs that take a number and no socket: free at this
/// moment.
///
/// # Errors
/// When the kernel gives none.
pub fn free<const N: usize>(address: IpAddr) -> io::Result<[SocketAddr; N]> {
    let listeners = (0..N).map(|_| TcpListener::bind(SocketAddr::new(address, 0))).collect::<io::Result<Vec<_>>>()?;
    let mut free = [SocketAddr::new(address, 0); N];
    for (free, listener) in free.iter_mut().zip(&listeners) {
        *free = listener.local_addr()?;
    }
    listeners.iter().try_for_each(release)?;
    Ok(free)
}

/// Ends a listener at once, where close(2) would when the last descriptor is closed: a child that another thread has forked
/// holds one until it executes its program, and until then nobody else could listen there.
fn release(listener: &TcpListener) -> io::Result<()> {
    SockRef::from(listener).shutdown(Shutdown::Both)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_free_though_somebody_else_has_the_descriptor_too() {
        let listener = listen(next()).expect("it listens");
        let at = listener.local_addr().expect("it listens");
        // As a child that was forked and has not executed its program yet.
        let _copy = listener.try_clone().expect("a descriptor");
        release(&listener).expect("it ends");
        drop(listener);
        TcpListener::bind(at).expect("nobody listens there");
    }
}
