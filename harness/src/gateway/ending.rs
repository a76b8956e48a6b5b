//! How a gateway's process is ended: in order, and, when it does not go, for good.

use std::process::Child;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

/// Ends a child that leads a process group, and returns when it is gone: SIGTERM, and for what is left of the group
/// after `last_orders` SIGKILL. Gives whether the child went by the first; one that had ended before did.
pub(super) fn end(child: &mut Child, last_orders: Duration) -> bool {
    let Some(group) = Pid::from_raw(child.id().cast_signed()) else { return true };
    if !matches!(child.try_wait(), Ok(None)) {
        return true;
    }
    let _gone_already = kill_process_group(group, Signal::TERM);
    let went = wait_for_death(child, last_orders);
    // Some gateways have children, and end without them. The child is waited for after this: until then nobody else can
    // bear its number.
    let _gone_already = kill_process_group(group, Signal::KILL);
    let _status = child.wait();
    went
}

/// Waits until the child ends, or so long; whether it has ended.
pub(super) fn wait_for_death(child: &Child, bound: Duration) -> bool {
    has_ended(child.id(), bound)
}

/// The same of any process.
pub(super) fn has_ended(process: u32, bound: Duration) -> bool {
    let bound = Timespec::try_from(bound).ok();
    let pid = Pid::from_raw(process.cast_signed());
    let pidfd = match pid.map(|pid| pidfd_open(pid, PidfdFlags::empty())) {
        Some(Ok(pidfd)) => pidfd,
        // Gone, and its number with it.
        Some(Err(Errno::SRCH)) => return true,
        _ => return false,
    };
    loop {
        match poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], bound.as_ref()) {
            // A signal that this process handles interrupts the wait, and says nothing of the child.
            Err(Errno::INTR) => {}
            ended => return ended.is_ok_and(|ended| ended > 0),
        }
    }
}
