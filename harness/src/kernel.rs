//! What only the kernel can say or do. All `unsafe` of this crate is here.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::net::{RecvFlags, recv};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

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
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?;
        // The parent may have died between fork and the call above: then nobody would send the signal.
        if rustix::process::getppid() != Some(parent) {
            return Err(io::Error::other("the parent is gone"));
        }
        Ok(())
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; prctl and getppid are, and nothing here
    // allocates (the error above is built only when the child is about to die).
    unsafe { command.pre_exec(before_exec) }
}
