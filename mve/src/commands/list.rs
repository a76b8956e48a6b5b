//! `lastchunk list`.

use std::io::Write as _;

use clap::Args;
use mve::catalogue::{Case, FAILURES, cases};
use mve::machine::Machine;
use serde::Serialize;

use super::complaint::Complaint;
use super::paint::{self, in_style};
use super::{Exit, describe, output};

const HELP: &str = "\
With --json, one object a line, one line a case, with the keys
  case     its full name, as `show` and `run` take it
  failure  the failure that it belongs to
  variant  what happens
  origin   what runs at the origin: hyper, scripted, writer
  via      what stands before it: direct, nginx:CONF
  claims   the ids of the claims that it tests
  says     what is observed
  twin     the healthy case that differs by one fact, or null
  outcome  the outcome that it claims: intact, held, cut-visible, cut-silent,
           altered, hung, leaked
  can_run  whether this machine can run it
  why      why not, or null

Example: lastchunk list --json | jq -r .case";

/// What there is.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, after_help = "See --help for the keys of --json.")]
pub struct List {
    /// One object a line
    #[arg(long)]
    json: bool,
}

/// A line of `--json`; the order of the fields is that of the keys.
#[derive(Debug, Serialize)]
struct Entry {
    case: String,
    failure: &'static str,
    variant: &'static str,
    origin: String,
    via: String,
    claims: &'static [&'static str],
    says: &'static str,
    twin: Option<String>,
    outcome: &'static str,
    can_run: bool,
    why: Option<String>,
}

impl List {
    pub fn answer(&self) -> Result<Exit, Complaint> {
        let machine = Machine::default();
        if self.json {
            for case in cases() {
                output::object(&entry(&machine, &case))?;
            }
            return Ok(Exit::AsClaimed);
        }
        let mut out = output::text();
        for failure in FAILURES {
            writeln!(out, "{}: {}", in_style(paint::BOLD, failure.name), failure.about)?;
            for case in cases().filter(|case| case.failure.name == failure.name) {
                writeln!(out, "\n  {}", case.name())?;
                writeln!(out, "    {}", case.shows.says)?;
                let outcome = in_style(paint::of_outcome(case.shows.outcome), case.shows.outcome);
                let twin = describe::twin(&case).map(|twin| format!(", twin {twin}")).unwrap_or_default();
                writeln!(out, "    {outcome}, claims {}{twin}", describe::claims(&case))?;
                if let Some(why) = machine.why_not(case.shows.via) {
                    writeln!(out, "    cannot run here: {}", super::complaint::one_line(&why))?;
                }
            }
            writeln!(out)?;
        }
        let all = cases().count();
        let can = cases().filter(|case| machine.why_not(case.shows.via).is_none()).count();
        writeln!(
            out,
            "{all} cases, of which this machine can run {}",
            if can == all { "all".into() } else { can.to_string() }
        )?;
        out.flush()?;
        Ok(Exit::AsClaimed)
    }
}

fn entry(machine: &Machine, case: &Case) -> Entry {
    let why = machine.why_not(case.shows.via);
    Entry {
        case: case.name(),
        failure: case.failure.name,
        variant: case.variant.name,
        origin: case.origin(),
        via: case.shows.via.to_string(),
        claims: case.variant.claims,
        says: case.shows.says,
        twin: describe::twin(case),
        outcome: case.shows.outcome.name(),
        can_run: why.is_none(),
        why,
    }
}
