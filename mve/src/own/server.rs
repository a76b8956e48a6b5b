//! A user's server at the origin: started by her command, or running already.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use harness::patience;
use harness::wire::notation::printable;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use tokio::net::TcpStream;

use super::Unusable;
use crate::probe::target::Target;

/// How often another process is asked whether it listens yet, in milliseconds: the kernel has no event for it.
const ASK_AGAIN_MS: i64 = 10;
/// How long a server may take to end in order before it is killed, in milliseconds.
const LAST_ORDERS_MS: i64 = 2000;
/// How many of its last lines are kept, and how many octets of each.
const LINES: usize = 4;
const LINE: usize = 300;
/// What stands in a command for the port.
const PORT: &str = "{port}";
/// What the shell runs before the command. A watcher in the group reads what nobody writes: when the last descriptor of the
/// other end is gone, however we ended, it ends the group, first in order. The command itself reads nothing.
const WATCHER: &str = "exec 3<&0 </dev/null\n\
    { read -r _ <&3; trap '' TERM; kill -s TERM 0; sleep 2; kill -s KILL 0; } >/dev/null 2>&1 &\n\
    exec 3<&-\n";

/// A server that takes connections. What was started by us is gone with it, and so are its children.
#[derive(Debug)]
pub struct Server {
    /// What is asked.
    pub target: Target,
    /// Where it is.
    pub address: SocketAddr,
    _started: Option<Started>,
}

/// A process group, led by the shell that runs the command.
#[derive(Debug)]
struct Started {
    child: Child,
    said: Arc<Mutex<VecDeque<String>>>,
    listening: Option<JoinHandle<()>>,
}

impl Server {
    /// A server as `--origin` names it: `cmd:COMMAND`, in which `{port}` is the port to listen on, or a URL of http.
    ///
    /// # Errors
    /// When it does not start, or takes no connection.
    pub async fn of(word: &str, path: &str) -> Result<Self, Unusable> {
        match word.strip_prefix("cmd:") {
            Some(command) => Self::start(command, path).await,
            None => Self::running(word).await,
        }
    }

    async fn running(url: &str) -> Result<Self, Unusable> {
        let target = Target::read(url).map_err(|error| Unusable(format!("--origin: {error}")))?;
        if target.is_secure() {
            return Err(Unusable(
                "--origin takes http: a reset and a half-close cannot be seen through TLS".to_owned(),
            ));
        }
        let none = |why: std::io::Error| Unusable(format!("nothing takes connections at {target}: {why}"));
        let host = (target.host().to_owned(), target.port());
        let address = tokio::net::lookup_host(host).await.map_err(none)?.next();
        let address = address.ok_or_else(|| Unusable(format!("{target} has no address")))?;
        TcpStream::connect(address).await.map_err(none)?;
        Ok(Self { target, address, _started: None })
    }

    async fn start(command: &str, path: &str) -> Result<Self, Unusable> {
        if !command.contains(PORT) {
            return Err(Unusable(format!(
                "the command does not say where {PORT} goes: --origin 'cmd:./server --port {PORT}'"
            )));
        }
        let failed = |error: std::io::Error| Unusable(format!("cannot start the server: {error}"));
        // Free at this moment; a server takes a number, not a socket.
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).map_err(failed)?.port();
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("{WATCHER}{}", command.replace(PORT, &port.to_string())));
        // The other end of this pipe is ours alone.
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        let mut started = Started::of(shell.spawn().map_err(failed)?);
        let address = started.listens(port).await?;
        let target = Target::read(&format!("http://{address}{path}")).map_err(|error| Unusable(error.to_string()))?;
        Ok(Self { target, address, _started: Some(started) })
    }
}

impl Started {
    fn of(mut child: Child) -> Self {
        let said: Arc<Mutex<VecDeque<String>>> = Arc::default();
        let kept = Arc::clone(&said);
        let listening = child.stderr.take().map(|stderr| {
            std::thread::spawn(move || {
                // What is no text ends the listening, and nothing else.
                for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.push_back(printable(&String::from_utf8_lossy(&line[..line.len().min(LINE)])));
                    if kept.len() > LINES {
                        kept.pop_front();
                    }
                }
            })
        });
        Self { child, said, listening }
    }

    /// Waits until it takes a connection on a loopback address.
    async fn listens(&mut self, port: u16) -> Result<SocketAddr, Unusable> {
        let loopback =
            [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port))];
        let bound = i64::try_from(patience::bound().as_millis()).unwrap_or(i64::MAX);
        let mut asked_ms = 0;
        while asked_ms <= bound {
            for address in loopback {
                if TcpStream::connect(address).await.is_ok() {
                    return Ok(address);
                }
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                self.end();
                return Err(Unusable(format!(
                    "the server ended before it took a connection: {status}{}",
                    self.words()
                )));
            }
            wait_for_death(&self.child, ASK_AGAIN_MS);
            asked_ms += ASK_AGAIN_MS;
        }
        self.end();
        let words = self.words();
        Err(Unusable(format!(
            "the server takes no connection on port {port} within {bound} ms{words} (LASTCHUNK_PATIENCE_MS gives it more)"
        )))
    }

    fn words(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let said: Vec<&str> = said.iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
        if said.is_empty() { String::new() } else { format!("; it said: {}", said.join(" | ")) }
    }

    fn end(&mut self) {
        // The group: the shell may have children, and end without them.
        if let Some(group) = Pid::from_raw(self.child.id().cast_signed()) {
            let _gone_already = kill_process_group(group, Signal::TERM);
            if let Ok(None) = self.child.try_wait() {
                wait_for_death(&self.child, LAST_ORDERS_MS);
            }
            let _gone_already = kill_process_group(group, Signal::KILL);
        }
        let _status = self.child.wait();
        if let Some(listening) = self.listening.take() {
            let _nothing_to_say = listening.join();
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.end();
    }
}

/// Waits until the child ends, or this many milliseconds.
fn wait_for_death(child: &Child, bound_ms: i64) {
    let Some(pid) = Pid::from_raw(child.id().cast_signed()) else { return };
    if let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) {
        let bound = Timespec { tv_sec: bound_ms / 1000, tv_nsec: bound_ms % 1000 * 1_000_000 };
        let _either = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&bound));
    }
}

/// The other end of a connection of ours, on this machine: whether its process still has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OtherEnd {
    inode: String,
}

impl OtherEnd {
    /// Finds the socket between these two ports; none when the server is on another machine, or another user's.
    pub(super) fn of(server: SocketAddr, ours: SocketAddr) -> Option<Self> {
        let ports = |text: &str, port: u16| {
            text.rsplit_once(':').is_some_and(|(_, its)| u16::from_str_radix(its, 16) == Ok(port))
        };
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
        let inode = tables.iter().flat_map(|table| table.lines()).find_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let is_it = ports(words.get(1)?, server.port()) && ports(words.get(2)?, ours.port());
            words.get(9).filter(|inode| is_it && **inode != "0").map(|inode| (*inode).to_owned())
        })?;
        let end = Self { inode };
        end.is_held().then_some(end)
    }

    /// Whether any process has it open.
    pub(super) fn is_held(&self) -> bool {
        let wanted = format!("socket:[{}]", self.inode);
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let files =
            processes.flat_map(|process| fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten());
        files.filter_map(|file| fs::read_link(file.path()).ok()).any(|link| link.as_os_str() == wanted.as_str())
    }
}
