//! Any gateway that a folder describes, as a process: one worker, fresh addresses, and nothing left behind.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use fixtures::gateways::Binary;

#[cfg(feature = "containers")]
use super::container::{self, Hosted};
use super::described::{Described, Program};
use super::ending::{Leader, has_ended};
use super::folder::Folder;
use super::processes;
use super::{CannotStart, Log};
use crate::address;
use crate::kernel::{die_with_parent, stay_on_one_processor};
use crate::patience;

/// A running gateway.
#[derive(Debug)]
pub struct Launched {
    body: Body,
    /// It and its children, as they were when it listened.
    processes: Vec<u32>,
    address: SocketAddr,
    address_h2: SocketAddr,
}

/// What it runs as.
#[derive(Debug)]
enum Body {
    Process {
        leader: Leader,
        folder: Folder,
    },
    #[cfg(feature = "containers")]
    Container(Hosted),
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
    pub async fn start(described: &Described, origin: SocketAddr) -> Result<Self, CannotStart> {
        let started = match begin(described, origin).await {
            Ok(begun) => begun.ready().await,
            Err(why) => Err(why),
        };
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

    /// Where it says what it says of itself.
    pub(crate) fn log(&self) -> Log {
        match &self.body {
            Body::Process { folder, .. } => Log::File(log_in(folder.path())),
            #[cfg(feature = "containers")]
            Body::Container(hosted) => Log::Container(hosted.log()),
        }
    }

    /// What it has said of itself.
    #[must_use]
    pub fn said(&self) -> String {
        self.log().read()
    }

    /// Whether it still runs; if not, how it ended and what it said last.
    ///
    /// # Errors
    /// When it has ended.
    pub fn alive(&mut self) -> Result<(), String> {
        let ended = match &mut self.body {
            Body::Process { leader, .. } => match leader.ended() {
                Ok(None) => return Ok(()),
                Ok(Some(status)) => format!("it ended by itself: {status}"),
                Err(error) => return Err(error.to_string()),
            },
            #[cfg(feature = "containers")]
            Body::Container(hosted) => {
                if !has_ended(hosted.pid(), Duration::ZERO) {
                    return Ok(());
                }
                return Err(hosted.why_not());
            }
        };
        Err(format!("{ended}\n{}", self.said_last()))
    }

    fn pid(&self) -> u32 {
        match &self.body {
            Body::Process { leader, .. } => leader.id(),
            #[cfg(feature = "containers")]
            Body::Container(hosted) => hosted.pid(),
        }
    }

    /// Whether any of its threads runs or is about to. What arrives at a socket wakes the thread that waits for it before
    /// the sender goes on, and a thread that hands work to another wakes it before it sleeps: once all of them sleep,
    /// everything that arrived has been dealt with as far as it will without another event or a clock.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.processes.iter().any(|process| processes::is_busy(*process))
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it had ended before by itself.
    pub fn stop(mut self) -> Result<(), String> {
        let alive = self.alive();
        #[cfg(feature = "containers")]
        if let Body::Container(hosted) = &self.body {
            return alive.and_then(|()| hosted.terminate());
        }
        self.end();
        alive
    }

    /// Waits until both of its sockets listen.
    async fn ready(mut self) -> Result<Self, String> {
        let bound = u64::try_from(patience::bound().as_millis()).unwrap_or(u64::MAX);
        for address in [self.address, self.address_h2] {
            let mut asked_ms = 0;
            while let Err(error) = TcpStream::connect(address) {
                self.alive()?;
                if asked_ms > bound {
                    return Err(format!("it does not listen on {address}: {error}\n{}", self.said_last()));
                }
                has_ended(self.pid(), Duration::from_millis(ASK_AGAIN_MS));
                asked_ms += ASK_AGAIN_MS;
                // Here it can be stopped.
                tokio::task::yield_now().await;
            }
        }
        self.family();
        Ok(self)
    }

    /// Looks again for processes that it has started: some start them later than they listen.
    pub fn family(&mut self) {
        self.processes = processes::descendants(self.pid());
    }

    fn said_last(&self) -> String {
        last_lines(&self.said())
    }

    fn end(&mut self) {
        match &mut self.body {
            // What does not go in order has no connection that a transcript shows.
            Body::Process { leader, .. } => {
                leader.end(LAST_ORDERS);
            }
            // It ends with its container.
            #[cfg(feature = "containers")]
            Body::Container(_) => {}
        }
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        self.end();
    }
}

/// The end of a log.
pub(super) fn last_lines(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}

fn log_in(folder: &Path) -> PathBuf {
    folder.join("said.log")
}

/// Starts a gateway, in whatever way; it may not listen yet.
async fn begin(described: &Described, origin: SocketAddr) -> Result<Launched, String> {
    let io = |error: io::Error| error.to_string();
    // The loopback address is this gateway's own, so a free port stays free.
    let [listen, second] = address::free(address::next()).map_err(io)?;
    match &described.program {
        Program::Binary(binary) => spawn(described, binary, [listen, second, origin]).map_err(io),
        #[cfg(feature = "containers")]
        Program::Image { name, .. } => {
            let (confs, prefix) = (Path::new(container::CONFS), Path::new(container::PREFIX));
            let filled = described.filled([listen, second, origin], confs, prefix, Path::new("/")).map_err(io)?;
            let address_h2 = described.address_h2(listen, second).map_err(io)?;
            let hosted = Hosted::start(&described.description, name, filled).await?;
            Ok(Launched { processes: vec![hosted.pid()], body: Body::Container(hosted), address: listen, address_h2 })
        }
        #[cfg(not(feature = "containers"))]
        Program::Image { name, .. } => Err(format!("{name} is an image: build with `--features containers`")),
    }
}

fn spawn(described: &Described, binary: &Binary, addresses: [SocketAddr; 3]) -> io::Result<Launched> {
    let [listen, second, _] = addresses;
    let folder = Folder::new(&described.description.name)?;
    let filled = described.filled(addresses, folder.path(), folder.path(), &binary.root)?;
    let address_h2 = described.address_h2(listen, second)?;
    File::create_new(&filled.file)?.write_all(filled.conf.as_bytes())?;
    let said = File::create_new(log_in(folder.path()))?;
    said.set_permissions(Permissions::from_mode(0o666))?;
    // Gateways that give up root still have to get in; others too. So what is made in our name was made before, and the
    // sticky bit keeps it where it is.
    fs::set_permissions(folder.path(), Permissions::from_mode(0o1777))?;

    let mut command = binary.command();
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("TMPDIR", folder.path());
    command.envs(filled.environment).args(filled.arguments);
    command.current_dir(folder.path()).stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said).process_group(0);
    let leader = Leader::new(stay_on_one_processor(die_with_parent(&mut command)).spawn()?);
    Ok(Launched { processes: vec![leader.id()], body: Body::Process { leader, folder }, address: listen, address_h2 })
}
