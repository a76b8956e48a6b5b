//! Any gateway that a folder describes, as a process: one worker, fresh addresses, and nothing left behind.

use std::fs::{self, File};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use fixtures::gateways::{Binary, Description, Places, fill};

use super::CannotStart;
use super::ending::{self, wait_for_death};
use super::folder::Folder;
use crate::address;
use crate::kernel::{die_with_parent, stay_on_one_processor};
use crate::patience;

/// A gateway of a folder, with one of its binaries and one of its confs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// What the launcher knows of it.
    pub description: Description,
    /// What is started.
    pub binary: Binary,
    /// The name of the conf: `default`, `streaming`, or another of the folder's.
    pub conf: String,
}

impl Described {
    /// What it is, for the chain: `haproxy 3.2.26 default`.
    #[must_use]
    pub fn about(&self) -> String {
        format!("{} {} {}", self.description.name, self.binary.version, self.conf)
    }
}

/// A running gateway.
#[derive(Debug)]
pub struct Launched {
    child: Child,
    /// It and its children, as they were when it listened.
    processes: Vec<u32>,
    address: SocketAddr,
    address_h2: SocketAddr,
    folder: Folder,
}

/// How often another process is asked whether it listens yet, in milliseconds: the kernel has no event for it.
const ASK_AGAIN_MS: u64 = 3;
/// How long a gateway may take to end in order before it is killed.
const LAST_ORDERS: Duration = Duration::from_secs(3);

impl Launched {
    /// Starts a gateway in front of `origin`, and returns when it takes connections.
    ///
    /// # Errors
    /// When it does not start; the message has the end of its log.
    pub fn start(described: &Described, origin: SocketAddr) -> Result<Self, CannotStart> {
        let started = spawn(described, origin).map_err(|error| error.to_string()).and_then(Self::ready);
        started.map_err(|why| CannotStart { what: described.about(), why })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it speaks HTTP/2 with prior knowledge; often the same.
    #[must_use]
    pub fn address_h2(&self) -> SocketAddr {
        self.address_h2
    }

    /// The file that holds what it says of itself.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        log_in(self.folder.path())
    }

    /// Whether it still runs; if not, how it ended and what it said last.
    ///
    /// # Errors
    /// When it has ended.
    pub fn alive(&mut self) -> Result<(), String> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("it ended by itself: {status}\n{}", self.said_last())),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Whether any of its threads runs or is about to. What arrives at a socket wakes the thread that waits for it before
    /// the sender goes on, and a thread that hands work to another wakes it before it sleeps: once all of them sleep,
    /// everything that arrived has been dealt with as far as it will without another event or a clock.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.processes.iter().any(|process| is_busy(*process))
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it had ended before by itself.
    pub fn stop(mut self) -> Result<(), String> {
        let alive = self.alive();
        self.end();
        alive
    }

    /// Waits until both of its sockets listen.
    fn ready(mut self) -> Result<Self, String> {
        let bound = u64::try_from(patience::bound().as_millis()).unwrap_or(u64::MAX);
        for address in [self.address, self.address_h2] {
            let mut asked_ms = 0;
            while let Err(error) = TcpStream::connect(address) {
                self.alive()?;
                if asked_ms > bound {
                    return Err(format!("it does not listen on {address}: {error}\n{}", self.said_last()));
                }
                wait_for_death(&self.child, Duration::from_millis(ASK_AGAIN_MS));
                asked_ms += ASK_AGAIN_MS;
            }
        }
        self.family();
        Ok(self)
    }

    /// Looks again for processes that it has started: some start them later than they listen.
    pub fn family(&mut self) {
        self.processes = descendants(self.child.id());
    }

    fn said_last(&self) -> String {
        let said = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(8)..].join("\n")
    }

    fn end(&mut self) {
        // What does not go in order has no connection that a transcript shows.
        ending::end(&mut self.child, LAST_ORDERS);
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        self.end();
    }
}

/// Whether a thread of this process is in state R or D: proc(5).
fn is_busy(process: u32) -> bool {
    let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else { return false };
    tasks.flatten().any(|task| {
        let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        matches!(state_and_parent(&stat), Some(("R" | "D", _)))
    })
}

/// The name stands before them and may hold anything, a parenthesis too.
fn state_and_parent(stat: &str) -> Option<(&str, u32)> {
    let mut words = stat.rsplit_once(") ")?.1.split(' ');
    Some((words.next()?, words.next()?.parse().ok()?))
}

/// A process and all that it has started, however far down.
fn descendants(of: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let parents: Vec<(u32, u32)> = processes
        .filter_map(|process| {
            let stat = fs::read_to_string(process.path().join("stat")).ok()?;
            let number = process.file_name().to_str()?.parse().ok()?;
            Some((number, state_and_parent(&stat)?.1))
        })
        .collect();
    let mut family = vec![of];
    let mut at = 0;
    while let Some(parent) = family.get(at).copied() {
        family.extend(parents.iter().filter(|(_, its)| *its == parent).map(|(child, _)| *child));
        at += 1;
    }
    family
}

fn log_in(folder: &Path) -> PathBuf {
    folder.join("said.log")
}

/// Two addresses that nobody else uses: the loopback address is this gateway's own, so a free port stays free.
fn addresses() -> io::Result<(SocketAddr, SocketAddr)> {
    let ip = address::next();
    let (one, two) = (address::listen(ip)?, address::listen(ip)?);
    Ok((one.local_addr()?, two.local_addr()?))
}

fn spawn(described: &Described, origin: SocketAddr) -> io::Result<Launched> {
    let Described { description, binary, conf } = described;
    let text = description.conf(conf).map_err(io::Error::other)?;
    let (listen, second) = addresses()?;
    let listen_h2 = if text.contains("@listen-h2@") { second } else { listen };
    let folder = Folder::new(&description.name)?;
    // Gateways that give up root still have to get in.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777))?;
    let name = description.confs.get(conf).map_or("conf", String::as_str);
    let file = folder.path().join(Path::new(name).file_name().unwrap_or(name.as_ref()));
    let places = Places {
        listen,
        listen_h2,
        origin,
        prefix: folder.path(),
        root: &binary.root,
        conf: &file,
        folder: &description.folder,
    };
    let filled = |text: &str| fill(text, &places).map_err(io::Error::other);
    fs::write(&file, filled(&text)?)?;

    let said = File::create(log_in(folder.path()))?;
    said.set_permissions(fs::Permissions::from_mode(0o666))?;
    let mut command = binary.command();
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("TMPDIR", folder.path());
    for (name, value) in &description.environment {
        command.env(name, filled(value)?);
    }
    for argument in &description.arguments {
        command.arg(filled(argument)?);
    }
    command.current_dir(folder.path()).stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said).process_group(0);
    let child = stay_on_one_processor(die_with_parent(&mut command)).spawn()?;
    Ok(Launched { processes: vec![child.id()], child, address: listen, address_h2: listen_h2, folder })
}
