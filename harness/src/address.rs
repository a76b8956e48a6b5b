//! One loopback address for each case: on a single one, connections in TIME_WAIT slow the kernel's port search down
//! after some thousands of cases.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// An address of 127.0.0.0/8, another one at each call.
#[must_use]
pub fn next() -> IpAddr {
    let at = NEXT.fetch_add(1, Ordering::Relaxed);
    // Several test binaries run side by side; a different start keeps them apart, a collision would only cost time.
    let at = (std::process::id().wrapping_mul(251) << 8).wrapping_add(at);
    let [_, b, c, d] = at.to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(127, 1 + b % 254, c, 1 + d % 254))
}

/// A socket that listens on a port of the kernel's choice.
///
/// # Errors
/// When the kernel gives none; the message names the address.
pub fn listen(address: IpAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(SocketAddr::new(address, 0))
        .map_err(|error| io::Error::new(error.kind(), format!("failed to listen on {address}: {error}")))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
