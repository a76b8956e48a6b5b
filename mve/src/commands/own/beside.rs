//! `lastchunk run --via ./nginx.conf`: each outcome behind the user's conf, beside those behind ours.

use std::io::Write as _;
use std::path::Path;

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, ContentArrangement, Table};
use harness::verdict::Outcome;
use mve::catalogue::{Variant, Via};
use mve::facts::{Facts, final_responses, framing_at_the_reader};
use mve::machine::Machine;
use mve::own::Own;
use mve::own::cases::Candidate;
use mve::player::{Fault, Shown, install_panic_hook, show_unless};
use serde::Serialize;

use super::super::complaint::{self, Complaint, safe};
use super::super::stop::Stop;
use super::super::{Exit, output, play, table};
use super::{Part, selected, tell_conf};

/// What the user's conf is held against: nginx as it ships, and as event streams want it.
const BESIDE: [&str; 2] = ["as-shipped", "unbuffered-http11"];

/// Plays the cases that fit, and tells each outcome beside those of our confs.
pub fn run(file: &Path, part: &Part, patterns: &[String], json: bool, verbose: bool) -> Result<Exit, Complaint> {
    let selected = selected(patterns)?;
    let stop = Stop::on_signals()?;
    install_panic_hook(verbose);
    stop.or(play_behind(file, part, selected, json, &stop))
}

fn play_behind(file: &Path, part: &Part, selected: Vec<Candidate>, json: bool, stop: &Stop) -> Result<Exit, Complaint> {
    let machine = Machine::default();
    let own = part.of(&machine, file, stop)?;
    let (fit, unfit): (Vec<Candidate>, Vec<Candidate>) =
        selected.into_iter().partition(|candidate| candidate.unfit.is_none());
    if !json {
        tell_conf(&own)?;
    }
    let mut rows = Vec::new();
    let work = |candidate: &Candidate| {
        let own = Came::of(show_unless(own.stage(), candidate.variant.run, stop.wait()));
        let beside = BESIDE.map(|conf| beside(&machine, candidate.variant, conf, &own, stop));
        Row { candidate: *candidate, own, beside }
    };
    play::each(&fit, stop, work, |row| {
        if stop.reason().is_some() {
            return Ok(());
        }
        if json {
            output::object(&entry(&row, &own))?;
        }
        rows.push(row);
        Ok::<(), Complaint>(())
    })?;
    for candidate in &unfit {
        if json {
            output::object(&entry_of_unfit(candidate, &own))?;
        }
    }
    if !json {
        tell(&own, &rows, &unfit)?;
    }
    let not_run = rows.iter().any(|row| matches!(row.own, Came::Not(_)));
    Ok(if not_run { Exit::CouldNotRun } else { Exit::AsClaimed })
}

/// What a case came to in one place.
enum Came {
    /// It was played there.
    Played(Box<Shown>),
    /// The catalogue tells, and the tests hold it against that.
    Known(Outcome),
    /// It has no end there: what it waits for does not happen.
    InVain(String),
    /// Nobody knows.
    Not(String),
}

impl Came {
    fn of(result: Result<Shown, Fault>) -> Self {
        match result {
            Ok(shown) => Self::Played(Box::new(shown)),
            Err(fault @ (Fault::InVain(_) | Fault::Failed(_))) => {
                Self::InVain(complaint::one_line(fault.to_string().lines().next().unwrap_or_default()))
            }
            Err(fault) => Self::Not(complaint::one_line(&fault.to_string())),
        }
    }

    fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Played(shown) => Some(shown.verdict.outcome),
            Self::Known(outcome) => Some(*outcome),
            Self::InVain(_) | Self::Not(_) => None,
        }
    }

    fn word(&self) -> String {
        match (self.outcome(), self) {
            (Some(outcome), _) => outcome.to_string(),
            (None, Self::InVain(_)) => "no end".to_owned(),
            (None, _) => "-".to_owned(),
        }
    }

    fn why(&self) -> Option<&str> {
        match self {
            Self::InVain(why) | Self::Not(why) => Some(why),
            _ => None,
        }
    }
}

/// A case behind the user's conf, and behind ours.
struct Row {
    candidate: Candidate,
    own: Came,
    beside: [Came; 2],
}

/// What a variant comes to behind a conf of ours: as reviewed, or, where nobody has claimed anything of it, as played. What
/// has no end behind the user's conf is not waited for a second time.
fn beside(machine: &Machine, variant: &Variant, conf: &'static str, own: &Came, stop: &Stop) -> Came {
    let via = Via::Nginx(conf);
    if let Some(shows) = variant.shows.iter().find(|shows| shows.via == via) {
        return Came::Known(shows.outcome);
    }
    if !matches!(own, Came::Played(_)) {
        return Came::Not("not tried".to_owned());
    }
    Came::of(machine.stage(via).and_then(|stage| show_unless(stage, variant.run, stop.wait())))
}

fn tell(own: &Own, rows: &[Row], unfit: &[Candidate]) -> Result<(), Complaint> {
    let mut out = output::text();
    let mut text = Table::new();
    text.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    text.set_header(["case", "framing at the reader", "outcome", BESIDE[0], BESIDE[1]]);
    for row in rows {
        let framing = match &row.own {
            Came::Played(shown) => framing_at_the_reader(&shown.verdict),
            _ => "-".to_owned(),
        };
        let mut cells = vec![Cell::new(row.candidate.name()), Cell::new(framing), cell(&row.own)];
        cells.extend(row.beside.iter().map(cell));
        text.add_row(cells);
    }
    for line in text.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    let no_end: Vec<&Row> = rows.iter().filter(|row| row.own.why().is_some()).collect();
    if !no_end.is_empty() {
        writeln!(out)?;
    }
    for row in no_end {
        writeln!(out, "{}: {}", row.candidate.name(), row.own.why().unwrap_or_default())?;
    }
    for candidate in unfit {
        writeln!(out, "not played: {}: {}", candidate.name(), candidate.unfit.unwrap_or_default())?;
    }
    let same = |at: usize| rows.iter().filter(|row| row.own.word() == row.beside[at].word()).count();
    let s = if rows.len() == 1 { "" } else { "s" };
    writeln!(
        out,
        "\n{} case{s}: {} as behind nginx as it ships, {} as behind the streaming conf; see one: lastchunk show CASE --via {}",
        rows.len(),
        same(0),
        same(1),
        safe(own.name())
    )?;
    Ok(out.flush()?)
}

fn cell(came: &Came) -> Cell {
    let cell = Cell::new(came.word());
    came.outcome().map_or(cell.clone(), |outcome| cell.fg(table::color(outcome)))
}

/// A line of `--json`: the keys of `lastchunk run`, and what our confs give.
#[derive(Debug, Serialize)]
struct Entry {
    case: String,
    failure: &'static str,
    variant: &'static str,
    origin: &'static str,
    via: String,
    framing: Option<&'static str>,
    by: Option<&'static str>,
    events: Option<usize>,
    pending: Option<bool>,
    outcome: Option<&'static str>,
    claimed: Option<&'static str>,
    as_claimed: Option<bool>,
    why: Option<String>,
    as_shipped: Option<&'static str>,
    streaming: Option<&'static str>,
}

fn entry(row: &Row, own: &Own) -> Entry {
    let facts = match &row.own {
        Came::Played(shown) => final_responses(&shown.verdict).next().map(Facts::of),
        _ => None,
    };
    let [as_shipped, streaming] = [0, 1].map(|at: usize| row.beside[at].outcome().map(Outcome::name));
    Entry {
        framing: facts.as_ref().map(|facts| facts.framing),
        by: facts.as_ref().and_then(|facts| facts.by),
        events: facts.as_ref().and_then(|facts| facts.events),
        pending: facts.as_ref().map(|facts| facts.pending),
        outcome: row.own.outcome().map(Outcome::name),
        why: row.own.why().map(str::to_owned).or(facts.and_then(|facts| facts.why)),
        as_shipped,
        streaming,
        ..entry_of_unfit(&row.candidate, own)
    }
}

fn entry_of_unfit(candidate: &Candidate, own: &Own) -> Entry {
    Entry {
        case: format!("{}@{}", candidate.name(), own.name()),
        failure: candidate.failure.name,
        variant: candidate.variant.name,
        origin: candidate.variant.origin,
        via: format!("nginx:{}", own.name()),
        framing: None,
        by: None,
        events: None,
        pending: None,
        outcome: None,
        claimed: None,
        as_claimed: None,
        why: candidate.unfit.map(str::to_owned),
        as_shipped: None,
        streaming: None,
    }
}
