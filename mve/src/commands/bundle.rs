//! `lastchunk report` and `lastchunk replay`.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use harness::transcript::Transcript;
use mve::bundle::{self, Bundle, difference};
use mve::machine::Machine;
use mve::player::{Fault, install_panic_hook, keep_panics_of_this_thread, show_unless};

use super::complaint::{self, Complaint};
use super::play::{self};
use super::selection::quoted;
use super::stop::Stop;
use super::{Exit, output, paint, selection};

const HELP_OF_REPORT: &str = "\
The folder has report.md (the text of the issue), transcript.txt, the octets
of each lane, a capture for Wireshark that says that it is synthesised, the
conf, the origin as origin.py, origin.go and origin.rs, and compose.yaml. The
values of fields that carry credentials (Authorization, Cookie, Set-Cookie,
Proxy-Authorization, X-Api-Key and the like) are replaced by as many x, and so
are those of parameters of URLs (token, api_key, sig) and, in what was asked
with, of forms and of JSON. What is answered is searched for no names.

  lastchunk report error_by_abort@as-shipped
      into ./lastchunk-header_after_write-error_by_abort-as-shipped
  lastchunk report error_by_abort@as-shipped --into issue
      into ./issue
  lastchunk replay issue
      what the maintainer does

Exit status: 0 when it is written, 2 when it could not be.";

/// One case, as a folder.
#[derive(Debug, Args)]
#[command(after_long_help = HELP_OF_REPORT, after_help = "See --help for what is in the folder, and an example.")]
pub struct Report {
    /// Its name, as `lastchunk list` tells it; may be shortened as long as it means no other
    case: String,
    /// The folder; it must be empty, or not there yet
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Leave the values of Authorization, Cookie and the like as they are
    #[arg(long)]
    keep_secrets: bool,
}

const HELP_OF_REPLAY: &str = "\
The reader and the origin do again what transcript.txt says, through an nginx
with the bundle's conf. Chain and notes are not compared; octets, ends, their
steps and the outcome are.

A bundle may be a stranger's. Of its files bundle.json, transcript.txt and
nginx.conf are read, none is run, and none is written. nginx.conf is refused
unless each of its directives is known to name no file, no program and no
address but those of reader and origin. origin.py, origin.go, origin.rs and
compose.yaml are there to be run by hand: read them before.

  lastchunk replay issue        says `same`, or shows the difference

Exit status: 0 the same, 1 another outcome or other octets, 2 could not run.";

/// A bundle, played again.
#[derive(Debug, Args)]
#[command(after_long_help = HELP_OF_REPLAY, after_help = "See --help for what is compared, and an example.")]
pub struct Replay {
    /// The folder that `lastchunk report` wrote
    bundle: PathBuf,
}

impl Report {
    pub fn answer(&self) -> Result<Exit, Complaint> {
        let case = selection::one(&self.case)?;
        let stop = Stop::on_signals()?;
        install_panic_hook(false);
        let machine = Machine::default();
        let mut played = None;
        play::play(&machine, &[case], 1, &stop, |report| {
            played = Some(report);
            Ok::<(), Complaint>(())
        })?;
        let Some(report) = played else {
            return Ok(stop.reason().map_or(Exit::CouldNotRun, Exit::Stopped));
        };
        let name = case.name();
        let played = report.result.map_err(|fault| Complaint::new(format!("cannot report {name}: {fault}")))?;
        let folder = self
            .into
            .clone()
            .unwrap_or_else(|| PathBuf::from(format!("lastchunk-{}", name.replace(['/', '@', '+'], "-"))));
        let bundle = Bundle::of(&machine, &case, played.transcript, self.keep_secrets);
        bundle.write(&folder).map_err(|error| {
            let folder = quoted(&folder.to_string_lossy());
            Complaint::new(format!("cannot write the bundle to {folder}: {error}; name another folder with --into"))
        })?;
        if let Some(departure) = played.departure {
            complaint::say(&format!("{name} is not as claimed: {departure}"));
        }
        let mut out = output::text();
        writeln!(out, "{}", complaint::safe(&folder.join("report.md").to_string_lossy()))?;
        writeln!(out, "outcome: {}", bundle.about.outcome)?;
        if !bundle.about.redacted.is_empty() {
            let names: Vec<&str> = bundle.about.redacted.iter().map(String::as_str).collect();
            writeln!(out, "redacted: {} (--keep-secrets leaves them)", names.join(", "))?;
        }
        out.flush()?;
        Ok(Exit::AsClaimed)
    }
}

/// Reads a bundle, or complains in a line.
pub(super) fn read(folder: &std::path::Path) -> Result<Bundle, Complaint> {
    Bundle::read(folder)
        .map_err(|error| Complaint::new(format!("{} is no bundle: {error}", quoted(&folder.to_string_lossy()))))
}

/// Plays a bundle again; none if it was stopped.
fn played(machine: &Machine, bundle: &Bundle, stop: &Stop) -> Result<Result<Transcript, String>, Complaint> {
    let stage = bundle.stage(machine).map_err(|fault| Complaint::new(format!("cannot replay it: {fault}")))?;
    keep_panics_of_this_thread();
    match show_unless(stage, |stage| Box::pin(bundle::play(stage, &bundle.transcript)), stop.wait()) {
        Ok(shown) => Ok(Ok(shown.transcript)),
        Err(Fault::CannotRun(why)) => Err(Complaint::new(format!("cannot replay it: {why}"))),
        Err(fault) => Ok(Err(fault.to_string())),
    }
}

impl Replay {
    pub fn answer(&self) -> Result<Exit, Complaint> {
        let bundle = read(&self.bundle)?;
        let stop = Stop::on_signals()?;
        install_panic_hook(false);
        let machine = Machine::default();
        let result = played(&machine, &bundle, &stop)?;
        if let Some(reason) = stop.reason() {
            return Ok(Exit::Stopped(reason));
        }
        let mut out = output::text();
        let exit = match result {
            Ok(transcript) => match difference(&bundle.transcript, &transcript) {
                None => {
                    writeln!(out, "same: {}", complaint::safe(&bundle.about.outcome))?;
                    Exit::AsClaimed
                }
                Some(difference) => {
                    writeln!(out, "{}", paint::difference("recorded", &difference.before, &difference.after))?;
                    writeln!(out, "outcome: {} was recorded, {} is shown", difference.was, difference.is)?;
                    Exit::NotAsClaimed
                }
            },
            Err(fault) => {
                for line in fault.lines() {
                    writeln!(out, "{}", complaint::safe(line))?;
                }
                writeln!(out, "\nnot the same: something that was recorded did not come")?;
                Exit::NotAsClaimed
            }
        };
        out.flush()?;
        Ok(exit)
    }
}
