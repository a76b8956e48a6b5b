//! How a gateway's process is ended: in order, and, when it does not go, for good.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, waitid};

/// A child that leads a process group. It is waited for once, when its group is gone: until then nobody else can bear its
/// number. Dropped, the group ends at once.
#[derive(Debug)]
pub(super) struct Leader {
    child: Child,
    waited_for: bool,
}

impl Leader {
    /// Takes over a child that was started in a process group of its own.
    pub(super) fn new(child: Child) -> Self {
        Self { child, waited_for: false }
    }

    /// Its number.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has; its children may go on.
    pub(super) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.waited_for {
            return self.child.try_wait();
        }
        // Not std's try_wait, which waits for it for good: its number, and so the group's, would be free.
        let pid = Pid::from_child(&self.child);
        let looked = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT)?;
        Ok(looked.map(|status| match (status.exit_status(), status.terminating_signal()) {
            // The words of wait(2): the code above the signal.
            (Some(code), _) => ExitStatus::from_raw(code << 8),
            (None, signal) => ExitStatus::from_raw(signal.unwrap_or_default()),
        }))
    }

    /// Ends it and its group, and returns when it is gone: SIGTERM, and for what is left of the group after `last_orders`
    /// SIGKILL. Gives whether it went by the first; one that had ended before did.
    pub(super) fn end(&mut self, last_orders: Duration) -> bool {
        if std::mem::replace(&mut self.waited_for, true) {
            return true;
        }
        let group = Pid::from_child(&self.child);
        let _gone_already = kill_process_group(group, Signal::TERM);
        let went = has_ended(self.child.id(), last_orders);
        // Some gateways have children, and end without them.
        let _gone_already = kill_process_group(group, Signal::KILL);
        let _status = self.child.wait();
        went
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}

/// Waits until a process ends, or so long; whether it has ended.
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, Stdio};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// A shell that leaves a child behind when it has told its number.
    fn leaver() -> (Leader, u32) {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 4242 & echo $!; exit 3"]).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn().expect("a shell starts");
        let mut said = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut said).expect("it speaks");
        (Leader::new(child), said.trim().parse().expect("a number"))
    }

    #[test]
    fn the_children_of_a_leader_that_ended_by_itself_end_with_it() {
        let (mut leader, left) = leaver();
        assert!(has_ended(leader.id(), LONG));
        for _ in 0..2 {
            assert_eq!(leader.ended().expect("it can be asked").and_then(|status| status.code()), Some(3));
            assert!(!has_ended(left, Duration::ZERO), "to ask ends nobody");
        }
        assert!(leader.end(LONG), "it had ended before");
        assert!(has_ended(left, LONG));
        assert_eq!(leader.ended().expect("it can be asked").and_then(|status| status.code()), Some(3));
    }

    #[test]
    fn a_leader_that_is_dropped_takes_its_children_along() {
        let (leader, left) = leaver();
        drop(leader);
        assert!(has_ended(left, LONG));
    }

    #[test]
    fn a_leader_that_was_killed_says_by_what() {
        let mut command = Command::new("sleep");
        let mut leader = Leader::new(command.arg("4242").process_group(0).spawn().expect("it starts"));
        assert_eq!(leader.ended().expect("it can be asked"), None);
        kill_process_group(Pid::from_child(&leader.child), Signal::KILL).expect("it is there");
        assert!(has_ended(leader.id(), LONG));
        assert_eq!(leader.ended().expect("it can be asked").and_then(|status| status.signal()), Some(9));
    }
}
