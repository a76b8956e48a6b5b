//! What only the kernel can say or do. All `unsafe` of this crate is here.

use std::io::{self, Read as _};
use std::net::SocketAddrV4;
use std::os::fd::{AsFd, AsRawFd};
use std::process::Command;

use bytes::BytesMut;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionread;
use rustix::net::{RecvFlags, recv};
use rustix::thread::sched_setaffinity;
use socket2::{Domain, Protocol, Socket, Type};

use crate::processor;

/// The octets of this socket that the peer's kernel has yet to acknowledge: `ioctl(SIOCOUTQ)`. None once the connection is
/// no more: what was on its way then is acknowledged by nobody.
///
/// # Errors
/// When the descriptor is no TCP socket.
pub fn unacknowledged(socket: &impl AsFd) -> io::Result<usize> {
    // TCP_CLOSE (linux/tcp_states.h) is the state of a connection that was reset, by either side, or has timed out.
    const CLOSE: u8 = 7;
    let mut count: libc::c_int = 0;
    // SAFETY: TIOCOUTQ (SIOCOUTQ) writes one int through the pointer, which outlives the call; the descriptor is
    // borrowed and so open.
    let told = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::TIOCOUTQ, &raw mut count) };
    if told != 0 {
        return Err(io::Error::last_os_error());
    }
    let count = usize::try_from(count).unwrap_or(0);
    Ok(if count > 0 && state(socket)? == CLOSE { 0 } else { count })
}

/// The state of a TCP socket: the first octet of struct tcp_info (linux/tcp.h).
fn state(socket: &impl AsFd) -> io::Result<u8> {
    let mut state = 0_u8;
    let mut length: libc::socklen_t = 1;
    // SAFETY: the kernel writes at most `length` octets through the first pointer, and how many through the second; both
    // outlive the call, and the descriptor is borrowed and so open.
    let told = unsafe {
        let descriptor = socket.as_fd().as_raw_fd();
        libc::getsockopt(descriptor, libc::IPPROTO_TCP, libc::TCP_INFO, (&raw mut state).cast(), &raw mut length)
    };
    if told == 0 { Ok(state) } else { Err(io::Error::last_os_error()) }
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

/// Memory for so many octets at least, taken in huge pages as it is filled, from the first octet on: taking it page by page
/// costs as much as filling it. Where the kernel has none to give, the pages are small.
pub fn huge_pages(octets: usize) -> BytesMut {
    // A multiple of every page size that there is; the kernel would use no smaller part.
    const HUGE: usize = 2 * 1024 * 1024;
    let mut memory = BytesMut::with_capacity(octets + HUGE);
    // An allocator puts its own words first, so that the first huge page would begin somewhere in the middle.
    let first = memory.spare_capacity_mut().as_ptr().align_offset(HUGE);
    let mut memory = memory.split_off(first.min(HUGE));
    let whole = &mut memory.spare_capacity_mut()[..octets / HUGE * HUGE];
    // SAFETY: MADV_HUGEPAGE changes no content; the range is of whole pages that lie in this memory, which is borrowed and so
    // there, and nobody else's.
    let _not_given = unsafe { libc::madvise(whole.as_mut_ptr().cast(), whole.len(), libc::MADV_HUGEPAGE) };
    memory
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

/// Looks at what has arrived without taking it. recv(2) would take a pending error off the socket, with MSG_PEEK too, and
/// the next read would find an end that looks like a FIN.
#[must_use]
pub fn unread(socket: &impl AsFd) -> Unread {
    // Octets that are there stay, whatever has come behind them.
    if matches!(ioctl_fionread(socket), Ok(1..)) {
        return Unread::Octets;
    }
    // Of an end and a count the end is asked for first: behind it nothing can arrive any more, so what is counted then is
    // all there is.
    let mut asked = [PollFd::new(socket, PollFlags::RDHUP)];
    let told = poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    let told = told.map_or(PollFlags::empty(), |_| asked[0].revents());
    match ioctl_fionread(socket) {
        Ok(1..) => Unread::Octets,
        Ok(0) if told.contains(PollFlags::ERR) => Unread::Error,
        Ok(0) if told.contains(PollFlags::RDHUP) => Unread::Fin,
        Ok(0) => Unread::Nothing,
        Err(_) => Unread::Error,
    }
}

/// The same of a socket that is about to be closed: an error is taken. A peer that ended in order may reset the connection
/// afterwards, by what it was sent; when that arrives is the kernel's mood, and here it is a FIN either way.
#[must_use]
pub fn left_unread(socket: &impl AsFd) -> Unread {
    match recv(socket, &mut [0_u8; 1][..], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
        Ok((_, 0)) => Unread::Fin,
        Ok(_) => Unread::Octets,
        Err(rustix::io::Errno::AGAIN) => Unread::Nothing,
        Err(_) => Unread::Error,
    }
}

/// Copies what has arrived without taking it, an error included. Gives how many octets it is; 0 when the peer's direction
/// has ended, in whatever way.
///
/// # Errors
/// `WouldBlock` when nothing has arrived.
pub fn peek(socket: &impl AsFd, octets: &mut [u8]) -> io::Result<usize> {
    match unread(socket) {
        // Where octets are, they are what recv gives, and an error behind them stays.
        Unread::Octets => Ok(recv(socket, octets, RecvFlags::PEEK | RecvFlags::DONTWAIT)?.1),
        Unread::Nothing => Err(io::ErrorKind::WouldBlock.into()),
        Unread::Fin | Unread::Error => Ok(0),
    }
}

/// Keeps a child and its children on one processor, another one at each call, for the sake of [`processor`]'s fences.
pub fn stay_on_one_processor(command: &mut Command) -> &mut Command {
    use std::os::unix::process::CommandExt as _;
    let Some(one) = processor::one().map(processor::set) else { return command };
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

    use super::*;

    fn v4(address: io::Result<SocketAddr>) -> SocketAddrV4 {
        match address {
            Ok(SocketAddr::V4(address)) => address,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn huge_pages_begin_with_the_first_octet() {
        // Each of another size, so that an allocator gives each another place.
        for octets in [4, 16, 34].map(|mib| mib * 1024 * 1024) {
            let memory = huge_pages(octets);
            assert!(memory.is_empty() && memory.capacity() >= octets);
            assert_eq!(memory.as_ptr().align_offset(2 * 1024 * 1024), 0);
        }
    }

    #[test]
    fn what_the_kernel_holds_back_is_told_and_what_it_has_sent_is_not() {
        let (mut one, mut other) = pair();
        let (from, to) = (v4(one.local_addr()), v4(one.peer_addr()));
        assert_eq!(held_by_the_kernel(from, to).unwrap(), 0);
        // What the other does not read fills its buffer first, and then this one's: that stays here.
        one.set_nonblocking(true).unwrap();
        let mut written = 0;
        loop {
            match one.write(&[b'x'; 1 << 16]) {
                Ok(count) => written += count,
                Err(error) => break assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
        let held = held_by_the_kernel(from, to).unwrap();
        assert!(held > 0 && (held as usize) < written, "{held} of {written}");
        assert_eq!(held_by_the_kernel(to, from).unwrap(), 0, "the other end has written nothing");
        other.read_exact(&mut vec![0; written]).unwrap();
        assert_eq!(held_by_the_kernel(from, to).unwrap(), 0);
    }

    #[test]
    fn a_connection_that_is_not_there_holds_nothing() {
        let nowhere = SocketAddrV4::new([127, 0, 0, 9].into(), 9);
        assert_eq!(held_by_the_kernel(nowhere, nowhere).unwrap(), 0);
    }

    /// Two ends of a connection.
    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (one, listener.accept().unwrap().0)
    }

    /// Waits until the kernel shows this at the socket, without taking it.
    fn shown(socket: &TcpStream, flags: PollFlags) {
        let mut asked = [PollFd::new(socket, flags)];
        poll(&mut asked, None).unwrap();
        assert!(asked[0].revents().contains(flags), "{:?}", asked[0].revents());
    }

    #[test]
    fn a_reset_stays_for_the_read_however_often_it_is_looked_at() {
        let (one, mut other) = pair();
        rustix::net::connect_unspec(&one).unwrap();
        shown(&other, PollFlags::ERR);
        let mut octets = [0; 4];
        for _ in 0..2 {
            assert_eq!(unread(&other), Unread::Error);
            assert_eq!(peek(&other, &mut octets).unwrap(), 0);
        }
        assert_eq!(other.read(&mut octets).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }

    #[test]
    fn octets_before_a_reset_stay_for_the_read_and_the_reset_behind_them() {
        let (mut one, mut other) = pair();
        one.write_all(b"abcdef").unwrap();
        shown(&other, PollFlags::IN);
        rustix::net::connect_unspec(&one).unwrap();
        shown(&other, PollFlags::ERR);
        assert_eq!(unread(&other), Unread::Octets);
        // More room than there is: to look is not to come to the end of it.
        let mut octets = [0; 10];
        assert_eq!(peek(&other, &mut octets).unwrap(), 6);
        assert_eq!(other.read(&mut octets).unwrap(), 6);
        assert_eq!(unread(&other), Unread::Error);
        assert_eq!(other.read(&mut octets).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }

    #[test]
    fn what_a_socket_holds_is_told_in_the_order_in_which_it_came() {
        let (mut one, mut other) = pair();
        let mut octets = [0; 4];
        assert_eq!(unread(&other), Unread::Nothing);
        assert_eq!(peek(&other, &mut octets).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        one.write_all(b"a").unwrap();
        one.shutdown(std::net::Shutdown::Write).unwrap();
        shown(&other, PollFlags::RDHUP);
        assert_eq!(unread(&other), Unread::Octets);
        assert_eq!(other.read(&mut octets).unwrap(), 1);
        assert_eq!(unread(&other), Unread::Fin);
        assert_eq!(peek(&other, &mut octets).unwrap(), 0);
    }

    #[test]
    fn a_reset_behind_a_fin_changes_nothing_for_who_closes() {
        let (one, mut other) = pair();
        drop(one);
        shown(&other, PollFlags::RDHUP);
        assert_eq!(left_unread(&other), Unread::Fin);
        // Nobody is there to take it: its kernel resets.
        other.write_all(b"a").unwrap();
        shown(&other, PollFlags::ERR);
        assert_eq!(unread(&other), Unread::Error);
        assert_eq!(left_unread(&other), Unread::Fin);
    }

    #[test]
    fn what_nobody_will_acknowledge_any_more_is_not_waited_for() {
        let (one, mut other) = pair();
        // More than both kernels hold, so that a part of it is on its way for good.
        other.set_nonblocking(true).unwrap();
        while other.write(&[0; 1 << 16]).is_ok() {}
        assert!(unacknowledged(&other).unwrap() > 0);
        rustix::net::connect_unspec(&one).unwrap();
        shown(&other, PollFlags::ERR);
        assert_eq!(unacknowledged(&other).unwrap(), 0);
        // Whoever has taken the error meanwhile.
        assert_eq!(other.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(unacknowledged(&other).unwrap(), 0);
    }
}
