//! What only the kernel can say or do. All `unsafe` of this crate is here.

use std::io::{self, Read as _};
use std::net::SocketAddrV4;
use std::os::fd::{AsFd, AsRawFd};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::net::{RecvFlags, recv};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use socket2::{Domain, Protocol, Socket, Type};

/// The octets of this socket that the peer's kernel has not acknowledged: `ioctl(SIOCOUTQ)`.
///
/// # Errors
/// When the descriptor is no TCP socket.
pub fn unacknowledged(socket: &impl AsFd) -> io::Result<usize> {
    let mut count: libc::c_int = 0;
    // SAFETY: TIOCOUTQ (SIOCOUTQ) writes one int through the pointer, which outlives the call; the descriptor is
    // borrowed and so open.
    let told = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::TIOCOUTQ, &raw mut count) };
    if told == 0 { Ok(usize::try_from(count).unwrap_or(0)) } else { Err(io::Error::last_os_error()) }
}

/// The octets that the socket at `from`, whoever's it is, holds back from `to`: written by its program, and not sent yet.
/// Asked of sock_diag(7), for TCP over IPv4; 0 if there is no such connection any more.
///
/// # Errors
/// When the kernel does not tell.
pub fn held_by_the_kernel(from: SocketAddrV4, to: SocketAddrV4) -> io::Result<u32> {
    // struct nlmsghdr, then struct inet_diag_req_v2 (linux/inet_diag.h), numbers in the machine's order but for ports and
    // addresses, which are in the network's.
    const LENGTH: usize = 16 + 56;
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const INET_DIAG_INFO: u8 = 2;
    // tcpi_notsent_bytes in struct tcp_info (linux/tcp.h).
    const NOT_SENT: usize = 144;
    let mut ask = [0_u8; LENGTH];
    ask[0..4].copy_from_slice(&u32::try_from(LENGTH).unwrap_or_default().to_ne_bytes());
    ask[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    ask[6..8].copy_from_slice(&u16::try_from(libc::NLM_F_REQUEST).unwrap_or_default().to_ne_bytes());
    let id = &mut ask[16..];
    id[0] = u8::try_from(libc::AF_INET).unwrap_or_default();
    id[1] = u8::try_from(libc::IPPROTO_TCP).unwrap_or_default();
    id[2] = 1 << (INET_DIAG_INFO - 1);
    // Every state; then the connection, any interface, no cookie.
    id[4..8].copy_from_slice(&u32::MAX.to_ne_bytes());
    id[8..10].copy_from_slice(&from.port().to_be_bytes());
    id[10..12].copy_from_slice(&to.port().to_be_bytes());
    id[12..16].copy_from_slice(&from.ip().octets());
    id[28..32].copy_from_slice(&to.ip().octets());
    id[48..56].copy_from_slice(&[0xff; 8]);

    let socket = Socket::new(Domain::from(libc::AF_NETLINK), Type::RAW, Some(Protocol::from(libc::NETLINK_SOCK_DIAG)))?;
    socket.send(&ask)?;
    let mut answer = [0_u8; 1024];
    let count = (&socket).read(&mut answer)?;
    let answer = &answer[..count];
    let four = |at: usize| -> Option<[u8; 4]> { answer.get(at..at + 4)?.try_into().ok() };
    let short = |at: usize| answer.get(at..at + 2).map(|two| u16::from_ne_bytes([two[0], two[1]]));
    if short(4) != Some(SOCK_DIAG_BY_FAMILY) {
        // struct nlmsgerr: a negative number.
        return match four(16).map(i32::from_ne_bytes) {
            Some(code) if -code == libc::ENOENT => Ok(0),
            Some(code) => Err(io::Error::from_raw_os_error(-code)),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        };
    }
    // Behind struct inet_diag_msg stand attributes: a length, a kind, and what it is, filled up to four octets.
    let mut at = 16 + 72;
    while let (Some(length), Some(kind)) = (short(at), short(at + 2)) {
        if kind == u16::from(INET_DIAG_INFO) {
            return four(at + 4 + NOT_SENT).map(u32::from_ne_bytes).ok_or_else(|| io::ErrorKind::UnexpectedEof.into());
        }
        at += usize::from(length.max(4)).next_multiple_of(4);
    }
    Err(io::ErrorKind::Unsupported.into())
}

/// What a socket holds unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// Nothing has arrived.
    Nothing,
    /// At least one octet.
    Octets,
    /// The peer's FIN and nothing before it.
    Fin,
    /// A reset or another error.
    Error,
}

/// Looks at what has arrived without taking it.
#[must_use]
pub fn unread(socket: &impl AsFd) -> Unread {
    let mut octet = [0_u8; 1];
    match recv(socket, &mut octet[..], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
        Ok((_, 0)) => Unread::Fin,
        Ok(_) => Unread::Octets,
        Err(rustix::io::Errno::AGAIN) => Unread::Nothing,
        Err(_) => Unread::Error,
    }
}

/// One of the processors that this process may use, another one at each call.
pub fn one_processor() -> Option<usize> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let allowed = sched_getaffinity(None).ok()?;
    let processors: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu)).collect();
    let turn = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(std::process::id() as usize);
    Some(processors[turn.checked_rem(processors.len())?])
}

/// Keeps a child and its children on one processor, another one at each call. The kernel hands loopback packets over in
/// the order in which one processor sent them; a sender that moves between processors could overtake itself, and a
/// fence would prove nothing.
pub fn stay_on_one_processor(command: &mut Command) -> &mut Command {
    use std::os::unix::process::CommandExt as _;
    let Some(processor) = one_processor() else { return command };
    let mut one = CpuSet::new();
    one.set(processor);
    let before_exec = move || Ok(sched_setaffinity(None, &one)?);
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; sched_setaffinity is, and nothing allocates.
    unsafe { command.pre_exec(before_exec) }
}

/// Whether a signal does to this process what it does to any: nobody has a handler for it, nobody ignores it.
#[cfg(feature = "containers")]
pub fn is_left_to_its_default(signal: libc::c_int) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action, sigaction only writes the present one through the pointer, which outlives the call.
    let told = unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) };
    // SAFETY: all zeros are a valid sigaction, and the kernel has at most written another one.
    let action = unsafe { action.assume_init() };
    told == 0 && action.sa_sigaction == libc::SIG_DFL
}

/// Lets a child die with the thread that starts it, however that thread ends.
pub fn die_with_parent(command: &mut Command) -> &mut Command {
    use std::os::unix::process::CommandExt as _;
    let parent = rustix::process::getpid();
    let before_exec = move || {
        // The parent's handler is inherited up to exec, and would take the signal for the parent.
        // SAFETY: the default disposition is no function of ours, and signal is async-signal-safe.
        if unsafe { libc::signal(libc::SIGTERM, libc::SIG_DFL) } == libc::SIG_ERR {
            return Err(io::Error::last_os_error());
        }
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?;
        // The parent may have died between fork and the call above: then nobody would send the signal.
        if rustix::process::getppid() != Some(parent) {
            return Err(io::Error::other("the parent is gone"));
        }
        Ok(())
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; signal, prctl and getppid are, and nothing
    // here allocates (the errors above are built only when the child is about to die).
    unsafe { command.pre_exec(before_exec) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use rustix::net::{SendFlags, send};

    use super::*;

    fn v4(address: io::Result<SocketAddr>) -> SocketAddrV4 {
        match address {
            Ok(SocketAddr::V4(address)) => address,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_the_kernel_holds_back_is_told_and_what_it_has_sent_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut other, _) = listener.accept().unwrap();
        let (from, to) = (v4(one.local_addr()), v4(one.peer_addr()));
        assert_eq!(held_by_the_kernel(from, to).unwrap(), 0);
        // More is to come, says the program: the kernel waits for it, as long as its clock allows.
        assert_eq!(send(&one, b"abc", SendFlags::MORE).unwrap(), 3);
        let held = held_by_the_kernel(from, to).unwrap();
        assert!(held == 3 || held == 0, "{held}: its clock had run down, or not");
        one.write_all(b"d").unwrap();
        let mut octets = [0; 4];
        other.read_exact(&mut octets).unwrap();
        assert_eq!(held_by_the_kernel(from, to).unwrap(), 0);
        drop((one, other));
    }

    #[test]
    fn a_connection_that_is_not_there_holds_nothing() {
        let nowhere = SocketAddrV4::new([127, 0, 0, 9].into(), 9);
        assert_eq!(held_by_the_kernel(nowhere, nowhere).unwrap(), 0);
    }
}
