//! What stands between the reader and the origin.

mod launched;
mod nginx;

use std::net::SocketAddr;
use std::path::PathBuf;

pub use launched::{Described, Launched};
pub use nginx::Process;

/// Which gateway a stage puts into its chain, and who provides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gateway {
    /// nginx as a process of this machine, with this conf.
    Nginx(Nginx),
    /// Any gateway that a folder describes, as a process of this machine.
    Described(Box<Described>),
}

/// nginx with one conf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nginx {
    /// The executable.
    pub program: fixtures::nginx::Nginx,
    /// The conf's name, as the chain shows it.
    pub name: String,
    /// The conf's text; its two addresses are replaced at the start.
    pub conf: String,
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
    /// What it is, for the chain.
    #[must_use]
    pub fn about(&self) -> String {
        match self {
            Self::Nginx(nginx) => format!("nginx {}", nginx.name),
            Self::Described(described) => described.about(),
        }
    }

    /// Starts it in front of `origin`.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn start(&self, origin: SocketAddr) -> Result<Running, CannotStart> {
        match self {
            Self::Nginx(nginx) => Ok(Running::Process(Process::start(nginx, origin)?)),
            Self::Described(described) => Ok(Running::Launched(Launched::start(described, origin)?)),
        }
    }
}

/// A gateway that runs.
#[derive(Debug)]
pub(crate) enum Running {
    Process(Process),
    Launched(Launched),
}

impl Running {
    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Process(process) => process.address(),
            Self::Launched(launched) => launched.address(),
        }
    }

    /// The file that holds what it says of itself.
    pub(crate) fn log(&self) -> PathBuf {
        match self {
            Self::Process(process) => process.log(),
            Self::Launched(launched) => launched.log(),
        }
    }

    /// Ends it. What it complained about, if it is grave.
    pub(crate) fn stop(self) -> Result<(), String> {
        match self {
            Self::Process(process) => process.stop(),
            Self::Launched(launched) => launched.stop(),
        }
    }
}
