//! A bundle: a folder that fits into an issue, with everything that a maintainer needs to see a failure and to play it again.
//!
//! | file | what it is |
//! |---|---|
//! | `report.md` | the text of the issue |
//! | `transcript.txt` | every hop, octet by octet, in the notation of `lastchunk show` |
//! | `bundle.json` | what a transcript does not say: what was meant, versions, the case |
//! | `octets/` | the octets of each lane as they crossed |
//! | `capture.pcapng` | the same for Wireshark, synthesised |
//! | `nginx.conf` | the gateway's conf, if there was one |
//! | `origin.py`, `origin.go`, `origin.rs` | the origin as a program |
//! | `compose.yaml` | the chain in containers |

mod about;
mod gateway;
mod overwrite;
mod page;
mod probed;
mod programs;
mod replay;
mod script;
pub mod shrink;
mod shrunk;
mod sign;
mod trial;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use harness::capture::{is_secret, without_secrets};
use harness::packets::synthesised;
use harness::render::{Redactions, parse, render};
use harness::stage::Stage;
use harness::transcript::{Lane, Pause, StepId, Transcript};
use harness::verdict::{Outcome, Verdict};
use harness::wire::notation::printable;

use crate::catalogue::{Case, Via};
use crate::machine::Machine;
use crate::player::Fault;

use about::{paused, versions};

pub use about::{About, Measure};
pub use gateway::{NotPlayed, harmless};
pub use overwrite::{NotOverwritten, overwritable};
pub use probed::Probe;
pub use programs::{Written, programs};
pub use replay::{Difference, difference, play};
pub use script::{Act, Script};
pub use shrunk::{NotShrunk, Shrunk, Small};
pub use sign::Sign;
pub use trial::look_through;

/// The form of the folder; another one is refused.
const FORM: u32 = 1;
/// So many octets a file of a bundle may have.
const MOST: u64 = 128 * 1024 * 1024;

/// A bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// What it is about.
    pub about: About,
    /// What happened.
    pub transcript: Transcript,
    /// The gateway's conf.
    pub conf: Option<String>,
}

/// Why a folder is no bundle, in a line.
#[derive(Debug, thiserror::Error)]
pub enum NoBundle {
    /// A file of it cannot be read.
    #[error("{file} cannot be read: {error}")]
    Unreadable {
        /// Which.
        file: &'static str,
        /// Why.
        error: io::Error,
    },
    /// A file of it is too large.
    #[error("{0} has more than {MOST} octets")]
    TooLarge(&'static str),
    /// A file of it is not what it should be.
    #[error("{file} is not what `lastchunk report` writes: {why}")]
    Malformed {
        /// Which.
        file: &'static str,
        /// Why.
        why: String,
    },
    /// It is of another form.
    #[error(
        "bundle.json is of form {0}, and this lastchunk reads form {FORM}: write the bundle again, or take the other version"
    )]
    AnotherForm(u32),
}

impl Bundle {
    /// What a case showed on this machine. Credentials are taken out unless they are to be kept.
    #[must_use]
    pub fn of(machine: &Machine, case: &Case, transcript: Transcript, keep_secrets: bool) -> Self {
        let outcome = Verdict::of(&transcript).outcome.name().to_owned();
        let conf = match case.shows.via {
            Via::Direct => None,
            Via::Nginx(name) => fixtures::nginx::conf::text(name).map(str::to_owned),
        };
        let mut redacted = BTreeSet::new();
        let mut has_more_secrets = false;
        let (transcript, conf) = if keep_secrets {
            (transcript, conf)
        } else {
            let (transcript, found) = without_secrets(transcript);
            redacted.extend(found.names);
            has_more_secrets = found.has_more;
            (transcript, conf.map(|conf| conf_without_secrets(&conf, &mut redacted)))
        };
        let about = About {
            form: FORM,
            subject: case.name(),
            says: case.shows.says.to_owned(),
            claims: case.variant.claims.iter().map(|&claim| claim.to_owned()).collect(),
            outcome,
            via: case.shows.via.to_string(),
            origin: case.origin(),
            versions: versions(machine, case.shows.via != Via::Direct, case.witness),
            meant: Measure::of(&transcript.meant),
            redacted,
            has_more_secrets,
            told: None,
            pauses: paused(&transcript),
            shrunk: None,
        };
        Self { about, transcript, conf }
    }

    /// Reads a folder.
    ///
    /// # Errors
    /// When it is no bundle.
    pub fn read(folder: &Path) -> Result<Self, NoBundle> {
        let about = text(folder, "bundle.json")?;
        Self::of_texts(&about, &text(folder, "transcript.txt")?, || text(folder, "nginx.conf"))
    }

    /// Reads what `bundle.json`, `transcript.txt` and, if there is a gateway, `nginx.conf` say.
    ///
    /// # Errors
    /// When it is no bundle.
    pub fn of_texts(
        about: &str,
        told: &str,
        conf: impl FnOnce() -> Result<String, NoBundle>,
    ) -> Result<Self, NoBundle> {
        let malformed = |file, why: &dyn std::fmt::Display| NoBundle::Malformed { file, why: why.to_string() };
        let about: About =
            serde_json::from_str(about).map_err(|error| malformed("bundle.json", &printable(&error.to_string())))?;
        if about.form != FORM {
            return Err(NoBundle::AnotherForm(about.form));
        }
        let mut transcript = parse(told).map_err(|error| malformed("transcript.txt", &error))?;
        if transcript.hops() == 0 || transcript.events.is_empty() {
            return Err(malformed("transcript.txt", &"nothing happens in it"));
        }
        let meant = about.meant.clone().read();
        transcript.meant =
            meant.ok_or_else(|| malformed("bundle.json", &"the content that was meant is no notation"))?;
        let steps = 1..=transcript.steps.len();
        if !about.pauses.is_sorted() || !about.pauses.iter().all(|(step, _)| steps.contains(step)) {
            return Err(malformed("bundle.json", &"a pause is in no step"));
        }
        transcript.pauses = about.pauses.iter().map(|&(step, sent)| Pause { step: StepId(step - 1), sent }).collect();
        let conf = if about.via == "direct" { None } else { Some(conf()?) };
        if transcript.hops() != usize::from(conf.is_some()) + 1 {
            return Err(malformed("transcript.txt", &format!("its chain is not that of {}", printable(&about.via))));
        }
        Ok(Self { about, transcript, conf })
    }

    /// The files, by name.
    #[must_use]
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let script = Script::of(&self.transcript);
        let about = serde_json::to_string_pretty(&self.about).expect("it is made of texts and numbers");
        let mut files = vec![
            ("report.md".to_owned(), page::report(self).into_bytes()),
            ("transcript.txt".to_owned(), self.text().into_bytes()),
            ("bundle.json".to_owned(), (about + "\n").into_bytes()),
            ("capture.pcapng".to_owned(), synthesised(&self.transcript)),
            ("compose.yaml".to_owned(), page::compose(self).into_bytes()),
        ];
        files.extend(self.conf.iter().map(|conf| ("nginx.conf".to_owned(), conf.clone().into_bytes())));
        files.extend(programs(&script).map(|program| (program.name.to_owned(), program.text.into_bytes())));
        for hop in 0..self.transcript.hops() {
            for lane in [Lane::request(hop), Lane::response(hop)] {
                let name = self.transcript.lane_name(lane).to_string().replace('>', "-to-");
                files.push((format!("octets/{name}.bin"), self.transcript.octets(lane)));
            }
        }
        files
    }

    /// Writes the folder, which must be empty or not there.
    ///
    /// # Errors
    /// When a file cannot be written, or there is something already.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        empty(folder)?;
        fs::create_dir_all(folder.join("octets"))?;
        self.files().into_iter().try_for_each(|(name, octets)| fs::write(folder.join(name), octets))
    }

    /// The transcript as text, nothing left out but credentials.
    #[must_use]
    pub fn text(&self) -> String {
        render(&self.transcript, &Redactions::none())
    }

    /// What it says that it shows.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.about.outcome.parse().ok()
    }

    /// The stage with the gateways of this bundle.
    ///
    /// # Errors
    /// When this machine lacks what it takes, or the conf is not [`harmless`].
    pub fn stage(&self, machine: &Machine) -> Result<Stage, Fault> {
        gateway::stage(machine, self.conf.as_deref())
    }
}

/// Makes a folder, unless it is there and empty.
///
/// # Errors
/// When it cannot be made, or there is something in it.
pub fn empty(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    if fs::read_dir(folder)?.next().is_some() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the folder is not empty"));
    }
    Ok(())
}

fn text(folder: &Path, file: &'static str) -> Result<String, NoBundle> {
    let unreadable = |error| NoBundle::Unreadable { file, error };
    let path = folder.join(file);
    let about = fs::metadata(&path).map_err(unreadable)?;
    // A device or a pipe would be read for ever.
    if !about.is_file() {
        return Err(unreadable(io::Error::other("it is no file")));
    }
    if about.len() > MOST {
        return Err(NoBundle::TooLarge(file));
    }
    fs::read_to_string(path).map_err(unreadable)
}

/// A conf in which a directive that sets such a field has `x` for its value.
fn conf_without_secrets(conf: &str, found: &mut BTreeSet<String>) -> String {
    let mut hidden = String::new();
    for line in conf.split_inclusive('\n') {
        let mut words = line.split_whitespace();
        let sets = words.next().is_some_and(|word| ["proxy_set_header", "add_header"].contains(&word));
        let name = words.next().map(|name| name.trim_matches(['"', '\'']).to_ascii_lowercase());
        match name.filter(|name| sets && is_secret(name)) {
            Some(name) => {
                let at = line.to_ascii_lowercase().find(&name).unwrap_or(0) + name.len();
                let mask = |letter: char| if " \t\n\r;\"'".contains(letter) { letter } else { 'x' };
                hidden.push_str(&line[..at]);
                hidden.extend(line[at..].chars().map(mask));
                found.insert(name);
            }
            None => hidden.push_str(line),
        }
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conf_keeps_its_directives_and_loses_its_credentials() {
        let conf = "    proxy_set_header Authorization \"Bearer abc\";\n    proxy_set_header Host mve.test;\n";
        let mut found = BTreeSet::new();
        assert_eq!(
            conf_without_secrets(conf, &mut found),
            "    proxy_set_header Authorization \"xxxxxx xxx\";\n    proxy_set_header Host mve.test;\n"
        );
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["authorization"]);
    }
}
