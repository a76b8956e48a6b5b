//! What is started of a folder that describes a gateway: a program of it, and a conf with its words replaced.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use fixtures::gateways::{Binary, Description, Places, fill};

/// A gateway of a folder, with one of its programs and one of its confs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// What the launcher knows of it.
    pub description: Description,
    /// What is started.
    pub program: Program,
    /// The name of the conf: `default`, `streaming`, or another of the folder's.
    pub conf: String,
}

/// What is started, and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// An executable of this machine.
    Binary(Binary),
    /// An image, in a container of this machine's engine.
    Image {
        /// Its name: `haproxy:3.2.26`.
        name: String,
        /// The version that the gateway in it says it has.
        version: String,
    },
}

impl Described {
    /// What it is, for the chain: `haproxy 3.2.26 default`, whoever provides it.
    #[must_use]
    pub fn about(&self) -> String {
        format!("{} {} {}", self.description.name, self.version(), self.conf)
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        match &self.program {
            Program::Binary(binary) => &binary.version,
            Program::Image { version, .. } => version,
        }
    }
}

/// What a gateway is started with, its words replaced.
#[derive(Debug)]
pub(super) struct Filled {
    /// Where the conf has to be.
    pub(super) file: PathBuf,
    pub(super) conf: String,
    pub(super) arguments: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
}

impl Described {
    /// Replaces the words, for a conf in the folder `confs`.
    pub(super) fn filled(
        &self,
        [listen, second, origin]: [SocketAddr; 3],
        confs: &Path,
        prefix: &Path,
        root: &Path,
    ) -> io::Result<Filled> {
        let Self { description, conf, .. } = self;
        let name = description.confs.get(conf).map_or("conf", String::as_str);
        let file = confs.join(Path::new(name).file_name().unwrap_or(name.as_ref()));
        let mut words = description.words.clone();
        if let (Program::Image { .. }, Some(image)) = (&self.program, &description.image) {
            words.extend(image.words.clone());
        }
        let listen_h2 = self.address_h2(listen, second)?;
        let folder = &description.folder;
        let places = Places { listen, listen_h2, origin, prefix, root, conf: &file, folder, words: &words };
        let filled = |text: &str| fill(text, &places).map_err(io::Error::other);
        let environment = description.environment.iter();
        Ok(Filled {
            conf: filled(&description.conf(conf).map_err(io::Error::other)?)?,
            arguments: description.arguments.iter().map(|argument| filled(argument)).collect::<io::Result<_>>()?,
            environment: environment
                .map(|(name, value)| Ok((name.clone(), filled(value)?)))
                .collect::<io::Result<_>>()?,
            file: file.clone(),
        })
    }

    /// Where it speaks HTTP/2: on a port of its own if the conf says so.
    pub(super) fn address_h2(&self, listen: SocketAddr, second: SocketAddr) -> io::Result<SocketAddr> {
        let text = self.description.conf(&self.conf).map_err(io::Error::other)?;
        Ok(if text.contains("@listen-h2@") { second } else { listen })
    }
}
