//! `lastchunk fetch`.

use std::io::Write as _;

use clap::Args;
use fixtures::gateways::{self, NAMES, found};

use super::complaint::Complaint;
use super::selection::quoted;
use super::{Exit, output};

/// Gateways, through the ordinary package clients, unpacked below the target folder.
#[derive(Debug, Args)]
#[command(after_help = "Example: lastchunk fetch haproxy caddy")]
pub struct Fetch {
    /// Only these gateways; all without
    gateways: Vec<String>,
}

impl Fetch {
    pub fn answer(&self) -> Result<Exit, Complaint> {
        if let Some(unknown) = self.gateways.iter().find(|name| !NAMES.contains(&name.as_str())) {
            return Err(Complaint::new(format!("no gateway {} (known: {})", quoted(unknown), NAMES.join(", "))));
        }
        let mut out = output::text();
        let mut exit = Exit::AsClaimed;
        for description in gateways::all().map_err(Complaint::new)? {
            if !self.gateways.is_empty() && !self.gateways.contains(&description.name) {
                continue;
            }
            for provider in &description.providers {
                if let Err(why) = gateways::fetch(&description, provider) {
                    exit = Exit::CouldNotRun;
                    writeln!(out, "{why}")?;
                }
            }
            let (binaries, missing) = found(&description);
            for binary in binaries {
                writeln!(out, "{} {}: {}", description.name, binary.version, binary.program.display())?;
                out.flush()?;
            }
            for why in missing {
                writeln!(out, "{}: {why}", description.name)?;
            }
        }
        out.flush()?;
        Ok(exit)
    }
}
