//! `lastchunk shrink`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use mve::bundle::shrink::Halt;
use mve::bundle::{NotOverwritten, NotShrunk, Small, overwritable};
use mve::machine::Machine;
use mve::player::{install_panic_hook, keep_panics_of_this_thread};

use super::complaint::{Complaint, safe};
use super::progress::Progress;
use super::selection::quoted;
use super::stop::Stop;
use super::{Exit, bundle, output};

const HELP: &str = "\
Whatever may go is left out, and what is left is played: steps, directives of
the conf, field lines, octets of content, what was meant, ends and pauses; all
of a kind, then halves, quarters and so on down to each alone, until nothing
more can go.

A smaller one counts when it shows the same and says `same` when it is
replayed. What it shows is told in the line that begins with \"shows\": the
outcome; of each hop the status, how the framing ended and how the connection
did; the kinds of what was lost and added. Counts are not compared. A conf
that nginx refuses shows nothing.

Each step ends when nothing moves any more, whatever somebody waited for when
it was recorded. A bundle in which that shows something else is refused, and
so is one that does not show here what it says. What a stranger's bundle may
do here is what it may do in `lastchunk replay`; the new folder is written.

  lastchunk shrink issue                     into ./issue.small
  lastchunk shrink issue --into smallest     into ./smallest
  lastchunk replay issue.small               says `same`

Exit status: 0 when it is written, 2 when it could not be shrunk, 130 or 143
when it was stopped; the smallest one so far is written then.";

/// A bundle, made as small as it can be.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, after_help = "See --help for what is left out, what stays, and an example.")]
pub struct Shrink {
    /// The folder that `lastchunk report` wrote
    bundle: PathBuf,
    /// The folder for the smaller one; by default the bundle's and `.small`
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Put it in the place of the bundle that is in that folder, if nothing else is
    #[arg(long)]
    overwrite: bool,
    /// Play so many candidates at most
    #[arg(long, value_name = "N", default_value_t = 2000)]
    tries: usize,
}

impl Shrink {
    pub fn answer(&self) -> Result<Exit, Complaint> {
        let given = bundle::read(&self.bundle)?;
        let into = self.into()?;
        let stop = Stop::on_signals()?;
        install_panic_hook(false);
        keep_panics_of_this_thread();
        let machine = Machine::default();
        let progress = Progress::of(self.tries);
        let small = given.shrunk(&machine, self.tries, || stop.wait(), |size| progress.played(&size.to_string()));
        drop(progress);
        let Small { bundle, shrunk, replays, halt } = match (small, stop.reason()) {
            (Ok(small), _) => small,
            (Err(NotShrunk::Stopped), Some(reason)) => return Ok(Exit::Stopped(reason)),
            (Err(why), _) => {
                let bundle = quoted(&self.bundle.to_string_lossy());
                return Err(Complaint::new(format!("cannot shrink {bundle}: {why}")));
            }
        };
        let cannot = |error: NotOverwritten| {
            let into = quoted(&into.to_string_lossy());
            Complaint::new(format!("cannot write the bundle to {into}: {error}; name another folder with --into"))
        };
        match has_something(&into) && self.overwrite {
            true => bundle.overwrite(&into).map_err(cannot)?,
            false => bundle.write(&into).map_err(|error| cannot(error.into()))?,
        }
        let mut out = output::text();
        writeln!(out, "{}", safe(&into.join("report.md").to_string_lossy()))?;
        writeln!(out, "shows: {}", safe(&shrunk.shows))?;
        writeln!(out, "{}, {replays} replays", shrunk.change())?;
        match halt {
            None => writeln!(out, "nothing more can be left out")?,
            Some(Halt::Tries) => {
                writeln!(out, "there may be a smaller one: {} candidates were played (--tries)", self.tries)?
            }
            Some(Halt::Stopped) => writeln!(out, "there may be a smaller one: stopped on the way")?,
        }
        out.flush()?;
        Ok(match (halt, stop.reason()) {
            (Some(Halt::Stopped), Some(reason)) => Exit::Stopped(reason),
            _ => Exit::AsClaimed,
        })
    }

    /// Where to, if anything can be written there.
    fn into(&self) -> Result<PathBuf, Complaint> {
        let into = match &self.into {
            Some(into) => into.clone(),
            None => {
                let name = self.bundle.file_name().ok_or_else(|| Complaint::new("name the folder with --into"))?;
                let mut name = name.to_owned();
                name.push(".small");
                self.bundle.with_file_name(name)
            }
        };
        let refused = |why: &str| {
            let into = quoted(&into.to_string_lossy());
            Complaint::new(format!("cannot write the bundle to {into}: {why}"))
        };
        if has_something(&into) && !self.overwrite {
            return Err(refused("the folder is not empty; name another folder with --into, or say --overwrite"));
        }
        if has_something(&into) {
            overwritable(&into).map_err(|why| refused(&format!("{why}; name another folder with --into")))?;
        }
        Ok(into)
    }
}

fn has_something(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some())
}
