//! The command of a user's server: started, heard, and gone with all that it has started.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, Read as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use harness::patience;
use harness::wire::notation::printable;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpid, kill_process, kill_process_group, pidfd_open, set_child_subreaper,
    waitpid,
};
use tokio::net::TcpStream;

use super::Unusable;
use crate::probe::clock::Clock;

/// How often another process is asked whether it listens yet, in milliseconds: the kernel has no event for it.
const ASK_AGAIN_MS: i64 = 10;
/// How long a server may take to end in order before it is killed, in milliseconds.
const LAST_ORDERS_MS: i64 = 2000;
/// How many of its last lines are kept, and how many octets of each.
const LINES: usize = 4;
const LINE: usize = 300;
/// How much of what it says is read at once, and how often once it has been ended: what a pipe holds.
const PIECE: usize = 4096;
const LAST_PIECES: usize = 16;

/// What the shell runs before the command. A watcher in the group reads what nobody writes: when the last descriptor of the
/// other end is gone, however we ended, it ends the group, first in order. The command itself reads nothing.
const WATCHER: &str = "exec 3<&0 </dev/null\n\
    { read -r _ <&3; trap '' TERM; kill -s TERM 0; sleep 2; kill -s KILL 0; } >/dev/null 2>&1 &\n\
    exec 3<&-\n";

/// A shell that runs the command. All that it starts, in whatever process group or session, is this process's to end: who
/// loses his parent becomes our child. So only one is started at a time, and nothing else meanwhile.
#[derive(Debug)]
pub(super) struct Started {
    child: Child,
    /// Children that this process had before.
    others: Vec<Pid>,
    ear: Ear,
}

impl Started {
    pub(super) fn by(command: &str) -> io::Result<Self> {
        set_child_subreaper(Some(getpid()))?;
        let others = children();
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("{WATCHER}{command}"));
        // The other end of this pipe is ours alone.
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        let over = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let mut child = shell.spawn()?;
        let ear = Ear::on(child.stderr.take(), over);
        Ok(Self { child, others, ear })
    }

    /// Waits until it takes a connection on a loopback address.
    pub(super) async fn listens(&mut self, port: u16) -> Result<SocketAddr, Unusable> {
        let bound = patience::bound();
        let clock = Clock::start();
        while clock.now() <= bound {
            for address in
                [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))]
            {
                let connected = tokio::select! {
                    connected = TcpStream::connect(address) => connected.is_ok(),
                    () = clock.reaches(Some(bound)) => false,
                };
                if connected {
                    return Ok(address);
                }
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                self.end();
                let words = self.ear.words();
                return Err(Unusable(format!("the server ended before it took a connection: {status}{words}")));
            }
            wait_for_death(child_pid(&self.child), ASK_AGAIN_MS);
        }
        self.end();
        let (bound_ms, words) = (bound.as_millis(), self.ear.words());
        Err(Unusable(format!(
            "the server takes no connection on port {port} within {bound_ms} ms{words} (LASTCHUNK_PATIENCE_MS gives it more)"
        )))
    }

    fn end(&mut self) {
        if let Some(group) = child_pid(&self.child) {
            let _gone_already = kill_process_group(group, Signal::TERM);
            if let Ok(None) = self.child.try_wait() {
                wait_for_death(Some(group), LAST_ORDERS_MS);
            }
            let _gone_already = kill_process_group(group, Signal::KILL);
        }
        let _status = self.child.wait();
        self.end_orphans();
        self.ear.close();
    }

    /// Ends those that have become our children since: whoever left the process group, and then his children.
    fn end_orphans(&mut self) {
        loop {
            let orphans: Vec<Pid> = children().into_iter().filter(|pid| !self.others.contains(pid)).collect();
            if orphans.is_empty() {
                return;
            }
            for orphan in orphans {
                let killed = kill_process(orphan, Signal::KILL);
                wait_for_death(Some(orphan), LAST_ORDERS_MS);
                if killed.is_err() || !matches!(waitpid(Some(orphan), WaitOptions::NOHANG), Ok(Some(_))) {
                    // Another user's by now, or where not even that signal reaches: it is not ours to end.
                    self.others.push(orphan);
                }
            }
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.end();
    }
}

fn child_pid(child: &Child) -> Option<Pid> {
    Pid::from_raw(child.id().cast_signed())
}

/// The children of this process: proc_pid_stat(5).
fn children() -> Vec<Pid> {
    let of_ours = |name: &str| {
        let pid = Pid::from_raw(name.parse().ok()?)?;
        let stat = fs::read_to_string(format!("/proc/{name}/stat")).ok()?;
        // The name of the program stands before them and may hold anything, a parenthesis too.
        let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
        (Pid::from_raw(parent) == Some(getpid())).then_some(pid)
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|process| of_ours(process.file_name().to_str()?)).collect()
}

/// Waits until a process ends, or this many milliseconds.
fn wait_for_death(pid: Option<Pid>, bound_ms: i64) {
    if let Some(Ok(pidfd)) = pid.map(|pid| pidfd_open(pid, PidfdFlags::empty())) {
        let bound = Timespec { tv_sec: bound_ms / 1000, tv_nsec: bound_ms % 1000 * 1_000_000 };
        let _either = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&bound));
    }
}

/// What hears standard error, until it is told that this is over: somebody who holds the pipe may outlive the server.
#[derive(Debug)]
struct Ear {
    said: Arc<Mutex<Said>>,
    over: Arc<OwnedFd>,
    listening: Option<JoinHandle<()>>,
}

impl Ear {
    fn on(stderr: Option<ChildStderr>, over: Arc<OwnedFd>) -> Self {
        let said: Arc<Mutex<Said>> = Arc::default();
        let (hears, until) = (Arc::clone(&said), Arc::clone(&over));
        let listening = stderr.map(|stderr| std::thread::spawn(move || listen(stderr, &until, &hears)));
        Self { said, over, listening }
    }

    /// Hears what was said so far, and then no more.
    fn close(&mut self) {
        if let Some(listening) = self.listening.take() {
            let told = rustix::io::write(&*self.over, &1_u64.to_ne_bytes());
            if told.is_ok() {
                let _nothing_to_say = listening.join();
            }
        }
    }

    fn words(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).words()
    }
}

fn listen(mut stderr: ChildStderr, over: &OwnedFd, said: &Mutex<Said>) {
    let mut piece = [0; PIECE];
    let mut pieces_left = LAST_PIECES;
    loop {
        let mut either = [PollFd::new(&stderr, PollFlags::IN), PollFd::from_borrowed_fd(over.as_fd(), PollFlags::IN)];
        match poll(&mut either, None) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
            Ok(_) => {}
        }
        let [is_said, is_over] = either.map(|one| !one.revents().is_empty());
        if is_over {
            pieces_left = pieces_left.saturating_sub(1);
        }
        if is_over && (!is_said || pieces_left == 0) {
            return;
        }
        match stderr.read(&mut piece) {
            Ok(0) => return,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
            Ok(count) => said.lock().unwrap_or_else(PoisonError::into_inner).hear(&piece[..count]),
        }
    }
}

/// The last lines of what was said; of a long line its beginning.
#[derive(Debug, Default)]
struct Said {
    lines: VecDeque<String>,
    line: Vec<u8>,
}

impl Said {
    fn hear(&mut self, piece: &[u8]) {
        for part in piece.split_inclusive(|octet| *octet == b'\n') {
            let (text, is_whole) = part.strip_suffix(b"\n").map_or((part, false), |text| (text, true));
            let room = LINE - self.line.len();
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            if is_whole {
                let line = printable(&String::from_utf8_lossy(&self.line));
                self.line.clear();
                self.keep(line);
            }
        }
    }

    fn keep(&mut self, line: String) {
        if !line.is_empty() {
            self.lines.push_back(line);
        }
        if self.lines.len() > LINES {
            self.lines.pop_front();
        }
    }

    /// Also of the line that has no end.
    fn words(&self) -> String {
        let last = printable(&String::from_utf8_lossy(&self.line));
        let said: Vec<&str> = self.lines.iter().map(String::as_str).chain([last.as_str()]).collect();
        let said: Vec<&str> = said.into_iter().filter(|line| !line.is_empty()).collect();
        let said = &said[said.len().saturating_sub(LINES)..];
        if said.is_empty() { String::new() } else { format!("; it said: {}", said.join(" | ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_end_is_kept_as_far_as_it_is_told() {
        let mut said = Said::default();
        for _ in 0..1000 {
            said.hear(&[b'x'; PIECE]);
        }
        assert_eq!((said.line.len(), said.lines.len()), (LINE, 0));
        assert_eq!(said.words(), format!("; it said: {}", "x".repeat(LINE)));
        said.hear(b"\none\n\ntwo\nthree\nfo");
        said.hear(b"ur\nfive");
        assert_eq!(said.words(), "; it said: two | three | four | five");
    }
}
