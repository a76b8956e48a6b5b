//! nginx as a process: one worker, one thread, a socket that listens before it starts, and nothing left behind.

use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use command_fds::{CommandFdExt as _, FdMapping};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{CannotStart, Nginx};
use crate::address;
use crate::kernel::{die_with_parent, stay_on_one_processor};

/// The descriptor that nginx inherits its listening socket on: it takes over what the variable NGINX names, and so
/// there is neither a port to race for nor a start to wait for.
const LISTENING: i32 = 9;

/// A running nginx.
#[derive(Debug)]
pub struct Process {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Process {
    /// Starts nginx in front of `origin`, on this address.
    pub(super) fn start(nginx: &Nginx, origin: SocketAddr, on: IpAddr) -> Result<Self, CannotStart> {
        let what = format!("nginx {}", nginx.name);
        let listener = address::listen(on);
        let started = listener.and_then(|listener| {
            let address = listener.local_addr()?;
            let conf = nginx.program.conf(&nginx.conf, address, origin).map_err(io::Error::other)?;
            let folder = tempfile::Builder::new().prefix("lastchunk-nginx-").tempdir()?;
            let child = spawn(nginx, folder.path(), &conf, listener.into())?;
            Ok(Self { child, address, folder })
        });
        started.map_err(|error| CannotStart { what, why: error.to_string() })
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

    /// Ends it at once: what it has logged, and how it ended when nobody had told it to.
    pub(super) fn stop(mut self) -> (String, Result<(), String>) {
        let early = match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("nginx ended by itself: {status}")),
            Err(error) => Err(error.to_string()),
        };
        self.end();
        (fs::read_to_string(self.log()).unwrap_or_default(), early)
    }

    fn end(&mut self) {
        // SIGTERM is the fast shutdown: it does not wait for responses that are under way.
        if let (Ok(None), Some(pid)) = (self.child.try_wait(), Pid::from_raw(self.child.id().cast_signed())) {
            let _gone_already = kill_process(pid, Signal::TERM);
            let _status = self.child.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

fn log_in(folder: &Path) -> PathBuf {
    folder.join("error.log")
}

fn spawn(nginx: &Nginx, folder: &Path, conf: &str, listener: OwnedFd) -> io::Result<Child> {
    let file = folder.join("nginx.conf");
    fs::write(&file, conf)?;
    let mut command = Command::new(&nginx.program.path);
    command
        .args(nginx.program.arguments(folder, &file))
        .env_clear()
        .env("NGINX", format!("{LISTENING};"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(log_in(folder))?);
    stay_on_one_processor(die_with_parent(&mut command));
    command.fd_mappings(vec![FdMapping { parent_fd: listener, child_fd: LISTENING }]).map_err(io::Error::other)?;
    command.spawn()
}
