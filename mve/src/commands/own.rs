//! A conf of the user's: which part of it is meant, what is taken of it, and one case behind it (`show --via ./nginx.conf`).

mod beside;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use mve::machine::Machine;
use mve::own::Own;
use mve::own::cases::{Candidate, candidates};
use mve::player::{Fault, install_panic_hook, show_unless};

use super::complaint::{Complaint, safe, short};
use super::paint::{self, in_style};
use super::selection::quoted;
use super::stop::Stop;
use super::{Exit, output};

pub use beside::run;

/// Which part of a conf is meant.
#[derive(Debug, Clone, Default, Args)]
pub struct Part {
    /// With a conf of yours: through the server of this name; without it, the first that passes requests on
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// With a conf of yours: by this path; without it, the first that is passed on. With a command of yours at the origin:
    /// what is asked for [default: /events]
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
}

impl Part {
    /// Complains of a part where there is no conf that it could be of.
    pub fn is_for_nothing(&self) -> Result<(), Complaint> {
        match (&self.server, &self.path) {
            (None, None) => Ok(()),
            (Some(_), _) => Err(Complaint::new("--server is for a conf of yours: --via ./nginx.conf")),
            (None, Some(_)) => Err(Complaint::new(
                "--path is for a conf of yours, --via ./nginx.conf, or with `run` for a command of yours, --origin 'cmd:./server --port {port}'",
            )),
        }
    }

    /// What is asked of a command at the origin; a URL has a path of its own.
    pub fn path_for_a_command(&self, origin: &str) -> Result<&str, Complaint> {
        match (&self.server, &self.path) {
            (Some(_), _) => Err(Complaint::new("--server is for a conf of yours: --via ./nginx.conf")),
            (None, Some(_)) if !origin.starts_with("cmd:") => {
                Err(Complaint::new("the path belongs into the URL: --origin http://127.0.0.1:8080/events"))
            }
            (None, Some(path)) if !path.starts_with('/') => {
                Err(Complaint::new("--path begins with a slash: --path /v1/events"))
            }
            (None, path) => Ok(path.as_deref().unwrap_or("/events")),
        }
    }

    /// The conf, ready for cases.
    pub fn of(&self, machine: &Machine, file: &Path, stop: &Stop) -> Result<Own, Complaint> {
        if self.path.as_ref().is_some_and(|path| !path.starts_with('/')) {
            return Err(Complaint::new("--path begins with a slash: --path /v1/events"));
        }
        let nginx = machine.nginx().map_err(Complaint::new)?;
        Own::read(nginx, file, self.server.as_deref(), self.path.as_deref(), &|| stop.future()).map_err(Complaint::new)
    }
}

/// The file that `--via` names, if it names one: what has a slash, or the end of a conf's name.
pub fn file(via: Option<&str>) -> Option<PathBuf> {
    via.filter(|via| via.contains('/') || via.ends_with(".conf")).map(PathBuf::from)
}

/// The cases behind nginx that a pattern meets; without patterns, all.
pub fn selected(patterns: &[String]) -> Result<Vec<Candidate>, Complaint> {
    let meets = |candidate: &Candidate, pattern: &String| match glob::Pattern::new(pattern) {
        Ok(glob) if pattern.contains(['*', '?', '[']) => {
            [&candidate.name(), candidate.failure.name, candidate.variant.name]
                .into_iter()
                .any(|name| glob.matches(name))
        }
        _ => candidate.name().contains(pattern.as_str()),
    };
    for pattern in patterns {
        if !candidates().any(|candidate| meets(&candidate, pattern)) {
            return Err(Complaint::new(format!("no case behind nginx is like {}", quoted(pattern))));
        }
    }
    let chosen =
        |candidate: &Candidate| patterns.is_empty() || patterns.iter().any(|pattern| meets(candidate, pattern));
    Ok(candidates().filter(chosen).collect())
}

/// What is taken of the conf, line by line.
pub fn tell_conf(own: &Own) -> Result<(), Complaint> {
    let mut out = output::text();
    writeln!(out, "{}, through the server {}", in_style(paint::BOLD, safe(own.name())), safe(own.server()))?;
    writeln!(out, "taken as it is, but for")?;
    for replaced in own.replaced() {
        writeln!(out, "  {}", short(&replaced.to_string()))?;
    }
    writeln!(out)?;
    Ok(out.flush()?)
}

/// Plays one case behind the user's conf, and prints its transcript.
pub fn show(file: &Path, part: &Part, case: &str, verbose: bool) -> Result<Exit, Complaint> {
    let name = case.split('@').next().unwrap_or(case);
    let whole = |candidate: &Candidate| candidate.name() == name || candidate.variant.name == name;
    let mut found: Vec<Candidate> = candidates().filter(whole).collect();
    if found.is_empty() {
        found = selected(&[name.to_owned()])?;
    }
    let [candidate] = found[..] else {
        let names: Vec<String> = found.iter().take(10).map(Candidate::name).collect();
        return Err(Complaint::new(format!("{} may be any of {}", quoted(case), names.join(", "))));
    };
    if let Some(why) = candidate.unfit {
        return Err(Complaint::new(format!("{} does not fit a conf of yours: {why}", candidate.name())));
    }
    let stop = Stop::on_signals()?;
    install_panic_hook(verbose);
    let machine = Machine::default();
    let own = match part.of(&machine, file, &stop) {
        Ok(own) => own,
        Err(complaint) => return stop.or(Err(complaint)),
    };
    tell_conf(&own)?;
    // A gateway dies with the thread that started it, and a panic of a case is its result.
    let shown = std::thread::scope(|scope| {
        let playing = || {
            mve::player::keep_panics_of_this_thread();
            show_unless(own.stage(), candidate.variant.run, stop.wait())
        };
        scope.spawn(playing).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    let mut out = output::text();
    writeln!(out, "{}\n", in_style(paint::BOLD, format!("{}, origin {}", candidate.name(), candidate.variant.origin)))?;
    match shown {
        Ok(shown) => out.transcript(&shown.text)?,
        Err(Fault::Stopped) => return Ok(stop.reason().map_or(Exit::CouldNotRun, Exit::Stopped)),
        Err(Fault::CannotRun(why)) => return Err(Complaint::new(format!("cannot run {}: {why}", candidate.name()))),
        Err(fault) => fault.to_string().lines().try_for_each(|line| writeln!(out, "{}", safe(line)))?,
    }
    out.flush()?;
    Ok(Exit::AsClaimed)
}
