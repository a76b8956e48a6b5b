//! What a bundle is about: what a transcript does not say, as `bundle.json` keeps it.

use std::collections::BTreeSet;
use std::fs;

use fixtures::go::Toolchain;
use harness::transcript::{Meant, Transcript};
use harness::wire::notation::{escape, unescape};
use serde::{Deserialize, Serialize};

use super::Shrunk;
use crate::machine::Machine;

/// What a bundle is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The form of the folder.
    pub form: u32,
    /// The case's name, or what was probed.
    pub subject: String,
    /// What was observed, as a sentence.
    pub says: String,
    /// The ids of the claims that it tests.
    pub claims: Vec<String>,
    /// What it shows.
    pub outcome: String,
    /// What stands between reader and origin: `direct`, or `nginx:CONF`.
    pub via: String,
    /// What was at the origin.
    pub origin: String,
    /// Software and its version, in order.
    pub versions: Vec<(String, String)>,
    /// What the application meant to send.
    pub meant: Measure,
    /// The names of the fields whose values were taken out; those of parameters begin with `?`, those of members of JSON
    /// stand in braces.
    pub redacted: BTreeSet<String>,
    /// Whether there were more values than were looked for elsewhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_more_secrets: bool,
    /// What a probe told of it; none of a case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<String>,
    /// Where the origin paused inside a step: the step's number, from 1, and how many octets it had sent by then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<(usize, usize)>,
    /// What it was before `lastchunk shrink`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shrunk: Option<Shrunk>,
}

/// What the application meant to send, octets in notation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    status: Option<u16>,
    fields: Vec<(String, String)>,
    trailers: Vec<(String, String)>,
    content: Option<String>,
    terminal: Option<String>,
}

impl Measure {
    pub(super) fn of(meant: &Meant) -> Self {
        let Meant { status, fields, trailers, content, terminal } = meant.clone();
        Self { status, fields, trailers, content: content.map(|content| escape(&content)), terminal }
    }

    pub(super) fn read(self) -> Option<Meant> {
        let content = self.content.map(|content| unescape(&content)).transpose().ok()?;
        let Self { status, fields, trailers, terminal, .. } = self;
        Some(Meant { status, fields, trailers, content, terminal })
    }
}

pub(super) fn paused(transcript: &Transcript) -> Vec<(usize, usize)> {
    transcript.pauses.iter().map(|pause| (pause.step.0 + 1, pause.sent)).collect()
}

pub(super) fn versions(machine: &Machine, behind_nginx: bool, go: Option<&Toolchain>) -> Vec<(String, String)> {
    let mut versions = vec![("lastchunk".to_owned(), env!("CARGO_PKG_VERSION").to_owned())];
    if let (true, Ok(nginx)) = (behind_nginx, machine.nginx()) {
        versions.push(("nginx".to_owned(), nginx.version.clone()));
    }
    if let Some(go) = go {
        versions.push(("go".to_owned(), go.line()));
    }
    versions.push(("Linux".to_owned(), kernel()));
    versions
}

/// The version of this machine's kernel.
pub(super) fn kernel() -> String {
    fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned()
}
