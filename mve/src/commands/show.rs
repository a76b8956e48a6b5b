//! `lastchunk show`.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use mve::machine::Machine;
use mve::player::{Departure, Fault, Played, install_panic_hook, reviewed};

use super::complaint::Complaint;
use super::play::{self, Report};
use super::stop::Stop;
use super::{Exit, describe, output, paint, selection};

/// One case.
#[derive(Debug, Args)]
#[command(after_help = "Example: lastchunk show error_by_abort@as-shipped")]
pub struct Show {
    /// Its name, as `lastchunk list` tells it; may be shortened as long as it means no other
    case: String,
    /// Behind nginx with a conf of yours: ./nginx.conf; for a cell of the matrix behind a gateway of yours: its folder
    #[arg(long, value_name = "FILE")]
    via: Vec<PathBuf>,
    #[command(flatten)]
    part: super::own::Part,
    /// Print the backtrace of a case that panics, if RUST_BACKTRACE is set
    #[arg(long, short)]
    verbose: bool,
}

impl Show {
    pub fn answer(&self) -> Result<Exit, Complaint> {
        if let Some(answer) = super::matrix::show(&self.case, &self.via, &self.part) {
            return answer;
        }
        match &self.via[..] {
            [] => self.part.is_for_nothing()?,
            [file] if !file.is_dir() => return super::own::show(file, &self.part, &self.case, self.verbose),
            _ => {
                return Err(Complaint::new(
                    "--via is for cells of the matrix (table/gateway-version/conf/origin/cut/end/reader) when it is a folder; for a case it is one conf: --via ./nginx.conf",
                ));
            }
        }
        let case = selection::one(&self.case)?;
        let stop = Stop::on_signals()?;
        install_panic_hook(self.verbose);
        let machine = Machine::default();
        let mut shown = None;
        play::play(&machine, &[case], 1, &stop, |report| {
            shown = Some(report);
            Ok::<(), Complaint>(())
        })?;
        match shown {
            Some(report) => tell(&report),
            None => Ok(stop.reason().map_or(Exit::CouldNotRun, Exit::Stopped)),
        }
    }
}

fn tell(report: &Report) -> Result<Exit, Complaint> {
    let case = &report.case;
    if let Err(Fault::CannotRun(why)) = &report.result {
        return Err(Complaint::new(format!("cannot run {}: {why}", case.name())));
    }
    let mut out = output::text();
    for line in describe::lines(case) {
        writeln!(out, "{line}")?;
    }
    writeln!(out)?;
    let exit = match &report.result {
        Ok(played) => {
            out.transcript(&played.text)?;
            match played.departure {
                None => Exit::AsClaimed,
                Some(departure) => {
                    tell_departure(&mut out, &case.name(), departure, played)?;
                    Exit::NotAsClaimed
                }
            }
        }
        Err(fault) => {
            for line in fault.to_string().lines() {
                writeln!(out, "{}", super::complaint::safe(line))?;
            }
            Exit::NotAsClaimed
        }
    };
    out.flush()?;
    if let Err(fault) = &report.result {
        super::complaint::say(&format!("{} failed: {}", case.name(), fault.to_string().lines().next().unwrap_or("")));
    }
    Ok(exit)
}

fn tell_departure(
    out: &mut impl std::io::Write,
    name: &str,
    departure: Departure,
    played: &Played,
) -> Result<(), Complaint> {
    writeln!(out, "\nnot as claimed: {departure}")?;
    if let Some(reviewed) = reviewed(name).filter(|reviewed| *reviewed != played.text.trim_end()) {
        writeln!(out, "\n{}", paint::difference("reviewed", reviewed, &played.text))?;
    }
    Ok(())
}
