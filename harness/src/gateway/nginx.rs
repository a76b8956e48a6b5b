//! nginx as a process: one worker, one thread, a socket that listens before it starts, and nothing left behind.

use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use command_fds::{CommandFdExt as _, FdMapping};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::ChildStdout;

use super::ending::{Leader, has_ended};
use super::folder::Folder;
use super::{CannotStart, Conf, Nginx};
use crate::address;
use crate::kernel::{die_with_parent, stay_on_one_processor};
use crate::patience;

/// The descriptor that nginx inherits its listening socket on: it takes over what the variable NGINX names, and so
/// there is no port to race for.
const LISTENING: i32 = 9;

/// A running nginx.
#[derive(Debug)]
pub struct Process {
    leader: Leader,
    address: SocketAddr,
    folder: Folder,
}

impl Process {
    /// Starts nginx in front of `origin`, on this address, and returns when it takes connections.
    ///
    /// # Errors
    /// When it cannot be started, or the conf does not take the addresses.
    pub async fn start(nginx: &Nginx, origin: SocketAddr, on: IpAddr) -> Result<Self, CannotStart> {
        let cannot = |why| CannotStart { what: format!("nginx {}", nginx.name), why };
        let listener = address::listen(on);
        let started = listener.and_then(|listener| {
            let address = listener.local_addr()?;
            let folder = Folder::new("nginx")?;
            let conf = conf(nginx, address, origin, folder.path())?;
            let leader = Leader::new(command(nginx, folder.path(), &conf, listener.into())?.spawn()?);
            Ok(Self { leader, address, folder })
        });
        started.map_err(|error| error.to_string()).map_err(cannot)?.ready().await.map_err(cannot)
    }

    /// Waits until its worker has taken a connection, and dropped it at its end. That a connection is made proves
    /// nothing: the socket has listened since before nginx was started, and would until it is gone.
    async fn ready(self) -> Result<Self, String> {
        let taken = patience::within(async {
            let mut socket = TcpStream::connect(self.address).await?;
            socket.shutdown().await?;
            socket.read(&mut [0]).await
        });
        let why = match taken.await {
            Some(Ok(0)) => return Ok(self),
            Some(Ok(_)) => "it speaks before it is asked".to_owned(),
            // The kernel ends what nobody listens to any more; the end of the process itself comes a little later.
            Some(Err(error)) => {
                has_ended(self.leader.id(), patience::bound());
                format!("it takes no connection: {error}")
            }
            None => format!("it takes no connection within {} ms", patience::bound().as_millis()),
        };
        let (said, ended) = self.stop();
        // What it says itself is worth more than how its end looks from outside.
        Err(super::grave(&said).or(ended.err()).unwrap_or(why))
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The file that holds its error log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        log_in(self.folder.path())
    }

    /// Ends it at once: what it has logged, and how it ended when it did so before it was told to, or not when it was.
    pub(super) fn stop(mut self) -> (String, Result<(), String>) {
        let early = match self.leader.ended() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("nginx ended by itself: {status}")),
            Err(error) => Err(error.to_string()),
        };
        let ended = self.end();
        (super::read(&self.log()).unwrap_or_default(), early.and(ended))
    }

    fn end(&mut self) -> Result<(), String> {
        // SIGTERM is the fast shutdown: it does not wait for responses that are under way.
        let bound = patience::bound();
        let in_order = self.leader.end(bound);
        let why = || format!("nginx did not end within {} ms of SIGTERM, and was killed", bound.as_millis());
        in_order.then_some(()).ok_or_else(why)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(why) = self.end() {
            tracing::warn!("{why}");
        }
    }
}

fn log_in(folder: &Path) -> PathBuf {
    folder.join("error.log")
}

/// Has nginx read a conf, and end (`-t`).
///
/// # Errors
/// [`NotRead`].
pub async fn test(nginx: &Nginx) -> Result<(), NotRead> {
    match tested(nginx).await {
        Ok(None) => Ok(()),
        Ok(Some(refused)) => Err(refused),
        Err(error) => Err(NotRead { message: format!("cannot start nginx: {error}"), line: None }),
    }
}

async fn tested(nginx: &Nginx) -> io::Result<Option<NotRead>> {
    let listener = address::listen(address::next())?;
    let folder = Folder::new("nginx")?;
    let address = listener.local_addr()?;
    let conf = conf(nginx, address, address, folder.path())?;
    let mut command = command(nginx, folder.path(), &conf, listener.into())?;
    let mut reading = Reading(command.arg("-t").stdout(Stdio::piped()).spawn()?);
    // It may take its time, for it asks for names; it says nothing here, and at its end the pipe ends.
    if let Some(stdout) = reading.0.stdout.take() {
        tokio::io::copy(&mut ChildStdout::from_std(stdout)?, &mut tokio::io::sink()).await?;
    }
    let status = reading.0.wait()?;
    let said = super::read(&log_in(folder.path()))?;
    let file = folder.path().join(CONF).display().to_string();
    Ok((!status.success()).then(|| NotRead::of(&said, &file)))
}

/// An nginx that reads its conf; gone with this.
struct Reading(Child);

impl Drop for Reading {
    fn drop(&mut self) {
        // It has begun nothing that would have to end in order.
        let _gone_already = self.0.kill();
        let _status = self.0.wait();
    }
}

/// What nginx says of a conf that it does not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRead {
    /// Its first grave message, without the place.
    pub message: String,
    /// The line of the conf that it names, from 1.
    pub line: Option<usize>,
}

impl NotRead {
    fn of(said: &str, file: &str) -> Self {
        let grave = said.lines().find_map(|line| line.split_once("[emerg] ").or_else(|| line.split_once("[alert] ")));
        let message = grave.map_or_else(|| said.lines().last().unwrap_or("nginx says nothing"), |(_, message)| message);
        // A log line has the number of the process before the message.
        let numbered = |c: char| c.is_ascii_digit() || c == '#';
        let message = match message.split_once(": ") {
            Some((number, rest)) if number.contains('#') && number.chars().all(numbered) => rest,
            _ => message,
        };
        match message.split_once(&format!(" in {file}:")) {
            Some((before, line)) => Self { message: before.to_owned(), line: line.trim().parse().ok() },
            None => Self { message: message.to_owned(), line: None },
        }
    }
}

const CONF: &str = "nginx.conf";

fn conf(nginx: &Nginx, listen: SocketAddr, origin: SocketAddr, folder: &Path) -> io::Result<String> {
    match &nginx.conf {
        Conf::Common(text) => nginx.program.conf(text, listen, origin).map_err(io::Error::other),
        Conf::Template(template) => Ok(template.fill(listen, origin, folder)),
    }
}

fn command(nginx: &Nginx, folder: &Path, conf: &str, listener: OwnedFd) -> io::Result<Command> {
    let file = folder.join(CONF);
    fs::write(&file, conf)?;
    let mut command = Command::new(&nginx.program.path);
    command
        .args(nginx.program.arguments(folder, &file))
        .env_clear()
        .env("NGINX", format!("{LISTENING};"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(log_in(folder))?)
        .process_group(0);
    stay_on_one_processor(die_with_parent(&mut command));
    command.fd_mappings(vec![FdMapping { parent_fd: listener, child_fd: LISTENING }]).map_err(io::Error::other)?;
    Ok(command)
}
