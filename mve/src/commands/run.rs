//! `lastchunk run`, and `lastchunk` alone.

use std::collections::BTreeMap;
use std::io::Write as _;

use clap::Args;
use comfy_table::Table;
use mve::catalogue::{Case, Via};
use mve::facts::{Facts, final_responses};
use mve::machine::Machine;
use mve::player::install_panic_hook;
use serde::Serialize;

use super::complaint::{self, Complaint};
use super::paint::{self, in_style};
use super::play::{self, Report, Standing};
use super::progress::Progress;
use super::stop::Stop;
use super::table::Layout;
use super::{Exit, output, selection};

/// How wide a table is: what the terminal has, within bounds.
const WIDTH: std::ops::RangeInclusive<u16> = 96..=150;
/// How wide it is where there is no terminal.
const WIDTH_ELSEWHERE: u16 = 120;

/// How long a reader of a user's server waits for anything.
const WITHIN: std::time::Duration = std::time::Duration::from_secs(5);

const HELP: &str = "\
The table holds the three accounts of each response side by side: what the
application was told last, how the framing at the reader stands, what the
reader reported; then the outcome that follows, and whether outcome and
transcript are the ones that were claimed and reviewed.

With --json, one object a line, one line a case, in the order of the
catalogue, with the keys
  case        its full name, as `show` and `run` take it
  failure     the failure that it belongs to
  variant     what happens
  origin      what runs at the origin: hyper, scripted, writer, go@VERSION
  via         what stands before it: direct, nginx:CONF
  framing     of the response at the reader: complete, incomplete, malformed,
              none; null when it did not come so far
  by          what completed it: last-chunk, content-length, close,
              no-content; or null
  events      how many events were dispatched; null when it is no event stream
  pending     whether an event waits for its empty line; null when it did not
              come so far
  outcome     intact, held, cut-visible, cut-silent, altered, hung, leaked;
              null when it did not come so far
  claimed     the outcome that the catalogue claims
  as_claimed  whether outcome and transcript are as claimed; null when this
              machine cannot run it
  why         why it is not as claimed, or cannot run here; else why the
              framing is incomplete or malformed; or null

With a conf of yours (--via ./nginx.conf) nothing is claimed: `claimed` and
`as_claimed` are null, and two keys more hold it against confs of ours
  as_shipped  the outcome behind nginx as it ships
  streaming   the outcome behind nginx as event streams want it
Its addresses are replaced, its paths of the system, and what is about the
process; each line that is, is told. TLS is left out: the reader is ours.
Example:
  lastchunk run --via /etc/nginx/nginx.conf --server api.example.com \\
      --path /v1/sse

With a server of yours (--origin 'cmd:./server --port {port}', with --path; or
--origin http://127.0.0.1:8080/events) readers read it to the end, close,
reset, half-close, and are slow. Nothing is claimed; the keys are case,
origin, framing, by, events, pending, outcome, why as above and
  over       whether the response was over within --within
  noticed    whether the server let go of the connection of a reader that was
             gone; null when that cannot be seen
  went_on    whether a reader that had half-closed, or not read for a while,
             got more
  within_ms  --within
A command is run by sh; it and all that it starts is gone afterwards. At most
16 MiB of a response are read. With --verbose the transcripts are printed.

Exit status: 0 when every case selected shows what it claims, 1 when one does
not, else 2 when one could not run.

Example: lastchunk run 'proxy_buffering/*' --via nginx:as-shipped --times 50";

/// Which cases, how often, and how to tell.
#[derive(Debug, Default, Args)]
#[command(after_long_help = HELP, after_help = "See --help for the keys of --json and the exit status.")]
pub struct Run {
    /// A part of a case's name, or a glob for it, its failure or its variant; without one, all cases
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,
    /// Only with this at the origin: hyper, scripted or writer; or the real thing in the writer's place: go (the newest),
    /// go@1.22, go@all; or a server of yours, with the readers' side of the cases: 'cmd:./server --port {port}',
    /// http://127.0.0.1:8080/events
    #[arg(long)]
    origin: Option<String>,
    /// With a server of yours: how long anything is waited for [default: 5s]
    #[arg(long, value_name = "DURATION", value_parser = super::probe::duration)]
    within: Option<std::time::Duration>,
    /// Only behind this: direct, nginx, nginx:CONF or CONF; or behind nginx with a conf of yours: ./nginx.conf
    #[arg(long)]
    via: Option<String>,
    #[command(flatten)]
    part: super::own::Part,
    /// Play each so often; it fails if its transcript differs from the first
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    times: u32,
    /// One object a line
    #[arg(long)]
    json: bool,
    /// Print the backtrace of a case that panics, if RUST_BACKTRACE is set
    #[arg(long, short)]
    verbose: bool,
}

impl Run {
    pub fn answer(&self) -> Result<Exit, Complaint> {
        if let Some(origin) = self.origin.as_deref().filter(|origin| super::server::is_one(origin)) {
            return self.on_a_server(origin);
        }
        if let Some(file) = super::own::file(self.via.as_deref()) {
            if self.origin.is_some() || self.times > 1 || self.within.is_some() {
                return Err(Complaint::new(
                    "behind a conf of yours each case is played once, with its own origin: leave --origin, --times and --within out",
                ));
            }
            return super::own::run(&file, &self.part, &self.patterns, self.json, self.verbose);
        }
        self.part.is_for_nothing()?;
        if self.within.is_some() {
            return Err(Complaint::new("--within is for a server of yours: --origin http://127.0.0.1:8080/events"));
        }
        let cases = selection::select(&self.patterns, self.origin.as_deref(), self.via.as_deref())?;
        let stop = Stop::on_signals()?;
        install_panic_hook(self.verbose);
        let machine = Machine::default();
        // First, so that what it says of a build stands before everything else.
        if cases.iter().any(|case| matches!(case.shows.via, Via::Nginx(_))) {
            let _told_with_each_case = machine.nginx();
        }
        let times = usize::try_from(self.times.max(1)).unwrap_or(usize::MAX);
        let mut tally = Tally::default();
        if self.json {
            play::play(&machine, &cases, times, &stop, |report| {
                tally.count(&report, times);
                output::object(&entry(&report, times)).map_err(Complaint::from)
            })?;
        } else {
            tables(&machine, &cases, times, &stop, &mut tally)?;
        }
        Ok(stop.reason().map_or(tally.exit(), Exit::Stopped))
    }
}

impl Run {
    fn on_a_server(&self, origin: &str) -> Result<Exit, Complaint> {
        if self.via.is_some() || self.times > 1 {
            return Err(Complaint::new("a server of yours is read directly and once: leave --via and --times out"));
        }
        let asking = super::server::Asking {
            origin,
            path: self.part.path_for_a_command(origin)?,
            patterns: &self.patterns,
            within: self.within.unwrap_or(WITHIN),
            json: self.json,
            verbose: self.verbose,
        };
        asking.answer()
    }
}

/// Plays the cases, and writes a table a failure as soon as all of its cases are played.
fn tables(machine: &Machine, cases: &[Case], times: usize, stop: &Stop, tally: &mut Tally) -> Result<(), Complaint> {
    let width = Table::new().width().map_or(WIDTH_ELSEWHERE, |width| width.clamp(*WIDTH.start(), *WIDTH.end()));
    let layout = Layout::of(cases, width);
    let progress = Progress::of(cases.len());
    let mut group: Vec<Report> = Vec::new();
    play::play(machine, cases, times, stop, |report| {
        progress.played(&report.case.name());
        tally.count(&report, times);
        let fresh = group.last().is_some_and(|last| last.case.failure.name != report.case.failure.name);
        let whole = if fresh { std::mem::take(&mut group) } else { Vec::new() };
        group.push(report);
        progress.aside(|| table(&layout, &whole, times))
    })?;
    drop(progress);
    table(&layout, &group, times)?;
    tally.tell(cases.len(), stop)
}

fn table(layout: &Layout, group: &[Report], times: usize) -> Result<(), Complaint> {
    let Some(first) = group.first() else { return Ok(()) };
    let failure = first.case.failure;
    let mut out = output::text();
    writeln!(out, "{}: {}", in_style(paint::BOLD, failure.name), failure.about)?;
    writeln!(out, "{}", layout.table(group, times))?;
    Ok(out.flush()?)
}

/// How many cases stand how, and what is to be said of those that are not as claimed.
#[derive(Debug, Default)]
struct Tally {
    as_claimed: usize,
    not_as_claimed: Vec<String>,
    /// The first case that differs in a way that `lastchunk show` shows.
    to_show: Option<String>,
    could_not_run: BTreeMap<String, Vec<String>>,
}

impl Tally {
    fn count(&mut self, report: &Report, times: usize) {
        let name = report.case.name();
        match report.standing(times) {
            Standing::AsClaimed => self.as_claimed += 1,
            Standing::NotAsClaimed(why) => {
                let mut text = format!("not as claimed: {name}: {}\n", complaint::one_line(&why));
                if let (Some((_, other)), Ok(first)) = (&report.unsteady, &report.result) {
                    text += &format!("{}\n", paint::difference("the first time", &first.text, other));
                } else {
                    self.to_show.get_or_insert(name);
                }
                self.not_as_claimed.push(text);
            }
            Standing::CouldNotRun(why) => {
                self.could_not_run.entry(complaint::one_line(&why)).or_default().push(name);
            }
        }
    }

    fn exit(&self) -> Exit {
        match (self.not_as_claimed.is_empty(), self.could_not_run.is_empty()) {
            (false, _) => Exit::NotAsClaimed,
            (true, false) => Exit::CouldNotRun,
            (true, true) => Exit::AsClaimed,
        }
    }

    fn tell(&self, cases: usize, stop: &Stop) -> Result<(), Complaint> {
        let mut out = output::text();
        for text in &self.not_as_claimed {
            write!(out, "{text}")?;
        }
        if let Some(name) = &self.to_show {
            writeln!(out, "  see how: lastchunk show {name}")?;
        }
        for (why, names) in &self.could_not_run {
            writeln!(out, "not run: {}\n  because {why}", names.join(", "))?;
        }
        let not_run: usize = self.could_not_run.values().map(Vec::len).sum();
        let not_as_claimed = self.not_as_claimed.len();
        let s = if cases == 1 { "" } else { "s" };
        write!(
            out,
            "{cases} case{s}: {} as claimed, {not_as_claimed} not as claimed, {not_run} not run",
            self.as_claimed
        )?;
        if stop.reason().is_some() {
            let played = self.as_claimed + not_as_claimed + not_run;
            write!(out, ", {} stopped on the way", cases - played)?;
        }
        writeln!(out)?;
        Ok(out.flush()?)
    }
}

/// A line of `--json`; the order of the fields is that of the keys.
#[derive(Debug, Serialize)]
struct Entry {
    case: String,
    failure: &'static str,
    variant: &'static str,
    origin: String,
    via: String,
    framing: Option<&'static str>,
    by: Option<&'static str>,
    events: Option<usize>,
    pending: Option<bool>,
    outcome: Option<&'static str>,
    claimed: &'static str,
    as_claimed: Option<bool>,
    why: Option<String>,
}

fn entry(report: &Report, times: usize) -> Entry {
    let Case { failure, variant, shows, .. } = report.case;
    let played = report.result.as_ref().ok();
    let facts = played.and_then(|played| final_responses(&played.verdict).next()).map(Facts::of);
    let (as_claimed, standing) = match report.standing(times) {
        Standing::AsClaimed => (Some(true), None),
        Standing::NotAsClaimed(why) => (Some(false), Some(why)),
        Standing::CouldNotRun(why) => (None, Some(why)),
    };
    Entry {
        case: report.case.name(),
        failure: failure.name,
        variant: variant.name,
        origin: report.case.origin(),
        via: shows.via.to_string(),
        framing: facts.as_ref().map(|facts| facts.framing),
        by: facts.as_ref().and_then(|facts| facts.by),
        events: facts.as_ref().and_then(|facts| facts.events),
        pending: facts.as_ref().map(|facts| facts.pending),
        outcome: played.map(|played| played.verdict.outcome.name()),
        claimed: shows.outcome.name(),
        as_claimed,
        why: standing.or(facts.and_then(|facts| facts.why)),
    }
}
