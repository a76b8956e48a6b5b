//! What stands between the reader and the origin.

#[cfg(feature = "containers")]
pub mod container;
mod described;
mod ending;
pub mod engine;
mod folder;
mod launched;
mod nginx;
mod processes;

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

#[cfg(feature = "containers")]
pub use container::Container;
pub use described::{Described, Program};
use fixtures::nginx::conf::Template;
pub use folder::sweep as sweep_folders;
pub use launched::Launched;
pub use nginx::{NotRead, Process, test};

use crate::address;

/// Which gateway a stage puts into its chain, and who provides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gateway {
    /// nginx as a process of this machine, with this conf.
    Nginx(Nginx),
    /// nginx in a container of this machine's engine, with this conf.
    #[cfg(feature = "containers")]
    Container(Container),
    /// Any gateway that a folder describes.
    Described(Box<Described>),
}

/// nginx with one conf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nginx {
    /// The executable.
    pub program: fixtures::nginx::Nginx,
    /// The conf's name, as the chain shows it.
    pub name: String,
    /// The conf; its addresses are put in at the start.
    pub conf: Conf,
}

/// A conf of nginx before its addresses are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conf {
    /// Of the common shape: one `listen 8080;` and one `proxy_pass http://origin:8000;`.
    Common(String),
    /// Of any shape, with places for the addresses.
    Template(Template),
}

impl From<&str> for Conf {
    fn from(text: &str) -> Self {
        Self::Common(text.to_owned())
    }
}

impl From<String> for Conf {
    fn from(text: String) -> Self {
        Self::Common(text)
    }
}

/// A gateway could not be started: no fault of the case.
#[derive(Debug, thiserror::Error)]
#[error("failed to start {what}: {why}")]
pub struct CannotStart {
    /// What.
    pub what: String,
    /// Why, with the whole cause.
    pub why: String,
}

impl Gateway {
    /// What it is, for the chain: the same words for the same conf, whoever provides it.
    #[must_use]
    pub fn about(&self) -> String {
        match self {
            Self::Nginx(nginx) => format!("nginx {}", nginx.name),
            #[cfg(feature = "containers")]
            Self::Container(container) => format!("nginx {}", container.name),
            Self::Described(described) => described.about(),
        }
    }

    /// The address that the node behind it has to listen on: another one at each call, if it is a loopback address.
    ///
    /// # Errors
    /// When this machine has none that the gateway could reach.
    pub(crate) fn reaches(&self) -> Result<IpAddr, CannotStart> {
        match self {
            Self::Nginx(_) | Self::Described(_) => Ok(address::next()),
            #[cfg(feature = "containers")]
            Self::Container(_) => container::reached_by_containers(),
        }
    }

    /// Starts it in front of `origin`, listening on `on` if it is a process, and returns when it listens.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) async fn start(&self, origin: SocketAddr, on: IpAddr) -> Result<Running, CannotStart> {
        match self {
            Self::Nginx(nginx) => Ok(Running::Process(Process::start(nginx, origin, on).await?)),
            #[cfg(feature = "containers")]
            Self::Container(container) => Ok(Running::Container(container.start(origin).await?)),
            Self::Described(described) => Ok(Running::Launched(Launched::start(described, origin).await?)),
        }
    }
}

/// A gateway that runs.
#[derive(Debug)]
pub(crate) enum Running {
    Process(Process),
    #[cfg(feature = "containers")]
    Container(container::Instance),
    Launched(Launched),
}

impl Running {
    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Process(process) => process.address(),
            #[cfg(feature = "containers")]
            Self::Container(instance) => instance.address(),
            Self::Launched(launched) => launched.address(),
        }
    }

    /// Where to read what it says of itself.
    pub(crate) fn log(&self) -> Log {
        match self {
            Self::Process(process) => Log::File(process.log()),
            #[cfg(feature = "containers")]
            Self::Container(instance) => Log::Container(instance.log()),
            Self::Launched(launched) => launched.log(),
        }
    }

    /// Ends it at once, and hands what it has logged to tracing.
    ///
    /// # Errors
    /// The lines of its log that are `[alert]`, `[crit]` or `[emerg]`, or how it ended when nobody had told it to.
    pub(crate) fn stop(self) -> Result<(), String> {
        let (log, ended) = match self {
            Self::Process(process) => process.stop(),
            #[cfg(feature = "containers")]
            Self::Container(instance) => instance.stop(),
            // Which of its words are grave only its own family knows.
            Self::Launched(launched) => (String::new(), launched.stop()),
        };
        for line in log.lines() {
            tracing::debug!(target: "lastchunk::nginx", "{line}");
        }
        grave(&log).map_or(ended, Err)
    }
}

/// Where a gateway's log is.
#[derive(Debug, Clone)]
pub(crate) enum Log {
    File(PathBuf),
    #[cfg(feature = "containers")]
    Container(container::Log),
}

impl Log {
    /// What is in it by now; nothing, if it cannot be read any more.
    pub(crate) fn read(&self) -> String {
        match self {
            Self::File(file) => read(file).unwrap_or_default(),
            #[cfg(feature = "containers")]
            Self::Container(log) => log.read(),
        }
    }
}

/// Reads a log. What is not UTF-8 in it, as what a peer sent may be, hides nothing else.
fn read(log: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&fs::read(log)?).into_owned())
}

/// The lines of nginx's log that fail a case.
fn grave(log: &str) -> Option<String> {
    let grave = |line: &&str| ["[alert]", "[crit]", "[emerg]"].iter().any(|level| line.contains(level));
    let lines: Vec<&str> = log.lines().filter(grave).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_octet_outside_utf_8_hides_no_grave_line() {
        let log = tempfile::NamedTempFile::new().expect("a file");
        fs::write(log.path(), b"[info] client sent \xff\n[alert] worker exited\n").expect("it can be written");
        let said = Log::File(log.path().to_owned()).read();
        assert_eq!(grave(&said).as_deref(), Some("[alert] worker exited"));
    }
}
