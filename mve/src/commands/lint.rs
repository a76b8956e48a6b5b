//! `lastchunk lint`: which of a conf's directives for streams change anything that can be measured.

mod finding;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use mve::machine::Machine;
use mve::own::Own;
use mve::own::cases::Candidate;
use mve::own::clock::{self, TRIED, TURNED_DOWN};
use mve::own::conf::{Directive, Named, streaming};
use mve::player::{Fault, install_panic_hook, keep_panics_of_this_thread, show_unless};

use super::complaint::Complaint;
use super::own::{Part, selected, tell_conf};
use super::stop::Stop;
use super::{Exit, output, play};

use finding::{Change, Finding, tell};

const HELP: &str = "\
Every case that has an end behind the conf is played; then each directive for
streams is left out in turn, and the same cases are played again. What changes
no transcript has no effect on a stream that a case knows. Directives that
have none alone are left out together once more: two may stand in for each
other. No case waits for a clock: proxy_read_timeout is turned down to 1s in
its place instead, and has to end a silent stream while each other one of the
conf is at 1d; the other clocks are not tried. What a clock does as it is set,
`lastchunk origin` behind the conf and `lastchunk probe --chain --budget 90s`
before it tell.

With --json, one object a line, one line a directive, with the keys
  file, line   where it stands
  context      the blocks around it
  directive    as it stands there
  effect       changes, none, together (only with the others that have none
               alone), refused (nginx does not take the conf without it),
               clock (turned down it ends a silent stream, or it was not
               tried: see `tried`)
  changes      the cases that change, each with the outcome `with` it and
               `without` it; null when the case has no end so
  tried        the cases that were played
  why          what nginx says, when it refuses; what a clock did that was
               turned down

Exit status: 0 when every directive that was measured changes something, 1
when one changes nothing, 2 when the conf cannot be used.

Example:
  lastchunk lint /etc/nginx/nginx.conf --server api.example.com --path /v1/sse";

/// Which conf.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, after_help = "See --help for the keys of --json and the exit status.")]
pub struct Lint {
    /// A conf of nginx
    #[arg(value_name = "CONF")]
    file: PathBuf,
    /// Only with these cases: a part of a case's name, or a glob; without one, all that fit
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,
    #[command(flatten)]
    part: Part,
    /// One object a line
    #[arg(long)]
    json: bool,
}

/// What a case came to: its outcome and its text, or nothing when it has no end.
type Came = Option<(&'static str, String)>;

impl Lint {
    pub fn answer(&self) -> Result<Exit, Complaint> {
        let mut fit = selected(&self.patterns)?;
        fit.retain(|case| case.unfit.is_none());
        let stop = Stop::on_signals()?;
        install_panic_hook(false);
        stop.or(self.measure(fit, &stop))
    }

    fn measure(&self, fit: Vec<Candidate>, stop: &Stop) -> Result<Exit, Complaint> {
        let machine = Machine::default();
        let own = self.part.of(&machine, &self.file, stop)?;
        let named = streaming(own.conf(), own.choice().server);
        if !self.json {
            tell_conf(&own)?;
        }
        let mut whole = played(&own, &fit, stop)?;
        // What never ends here would be waited for once more with each directive.
        whole.retain(|_, came| came.is_some());
        let tried: Vec<Candidate> = fit.into_iter().filter(|candidate| whole.contains_key(&candidate.name())).collect();
        let mut findings = Vec::new();
        for named in &named {
            if stop.reason().is_some() {
                break;
            }
            findings.push(finding(&own, named, &whole, &tried, stop)?);
        }
        let is_alone = |finding: &Finding| finding.effect == "none" && finding.why.is_none();
        let alone: Vec<usize> = (0..findings.len()).filter(|at| is_alone(&findings[*at])).collect();
        let together = if alone.len() > 1 && stop.reason().is_none() {
            let directives: Vec<&Directive> = alone.iter().map(|at| named[*at].directive).collect();
            let without = own.without(&directives, &|| stop.future()).map_err(Complaint::new)?;
            changes(&whole, &played(&without, &tried, stop)?)
        } else {
            Vec::new()
        };
        if let Some(reason) = stop.reason() {
            // What was not measured is not told.
            return Ok(Exit::Stopped(reason));
        }
        if !together.is_empty() {
            for at in alone {
                findings[at].effect = "together";
                findings[at].changes.clone_from(&together);
            }
        }
        if self.json {
            findings.iter().try_for_each(output::object)?;
        } else {
            tell(&findings, tried.len())?;
        }
        let idle = findings.iter().any(|finding| finding.effect == "none");
        Ok(if idle { Exit::NotAsClaimed } else { Exit::AsClaimed })
    }
}

fn finding(
    own: &Own,
    named: &Named<'_>,
    whole: &BTreeMap<String, Came>,
    tried: &[Candidate],
    stop: &Stop,
) -> Result<Finding, Complaint> {
    let Named { directive, context, is_a_clock } = named;
    let mut finding = Finding {
        file: directive.place.file.display().to_string(),
        line: directive.place.line,
        context: context.clone(),
        directive: directive.to_string(),
        effect: "clock",
        changes: Vec::new(),
        tried: Vec::new(),
        why: None,
    };
    if *is_a_clock {
        if clock::is_tried(directive.name()) {
            turned_down(own, directive, stop, &mut finding)?;
        }
        return Ok(finding);
    }
    match own.without(&[directive], &|| stop.future()) {
        Err(refused) => {
            finding.effect = "refused";
            finding.why = Some(refused.to_string());
        }
        Ok(without) => {
            finding.changes = changes(whole, &played(&without, tried, stop)?);
            finding.effect = if finding.changes.is_empty() { "none" } else { "changes" };
            finding.tried = tried.iter().map(Candidate::name).collect();
        }
    }
    Ok(finding)
}

/// Whether a clock is the one that holds: in its place, and turned down, it has to end a silent stream.
fn turned_down(own: &Own, directive: &Directive, stop: &Stop, finding: &mut Finding) -> Result<(), Complaint> {
    let was = directive.words[1..].iter().map(|word| word.raw.as_str()).collect::<Vec<_>>().join(" ");
    let own = own.turned_down(directive, &|| stop.future()).map_err(Complaint::new)?;
    // On a thread of its own, whose panics are results: a wait in vain is one.
    let shown = std::thread::scope(|scope| {
        let asking = || {
            keep_panics_of_this_thread();
            show_unless(own.stage(), |stage| Box::pin(clock::silent(stage)), stop.wait())
        };
        scope.spawn(asking).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    let did = match shown {
        Ok(shown) => format!("ends a silent stream ({})", shown.verdict.outcome),
        Err(Fault::InVain(_)) => {
            finding.effect = "none";
            "does not end a silent stream: another one holds in its place".to_owned()
        }
        Err(Fault::Stopped) => return Ok(()),
        Err(Fault::CannotRun(why) | Fault::Failed(why)) => {
            return Err(Complaint::new(format!("cannot run {TRIED}: {why}")));
        }
    };
    finding.tried = vec![TRIED.to_owned()];
    finding.why = Some(format!("at {TURNED_DOWN} in place of {was} it {did}"));
    Ok(())
}

fn played(own: &Own, cases: &[Candidate], stop: &Stop) -> Result<BTreeMap<String, Came>, Complaint> {
    let mut all = BTreeMap::new();
    let work = |case: &Candidate| (case.name(), show_unless(own.stage(), case.variant.run, stop.wait()));
    play::each(cases, stop, work, |(name, shown)| {
        let came = match shown {
            Ok(shown) => Some((shown.verdict.outcome.name(), shown.text)),
            Err(Fault::CannotRun(why)) => {
                return Err(Complaint::new(format!("cannot run {name}: {why}")));
            }
            Err(Fault::InVain(_) | Fault::Failed(_) | Fault::Stopped) => None,
        };
        all.insert(name, came);
        Ok(())
    })?;
    Ok(all)
}

fn changes(with: &BTreeMap<String, Came>, without: &BTreeMap<String, Came>) -> Vec<Change> {
    let outcome = |came: &Came| came.as_ref().map(|(outcome, _)| *outcome);
    let changed = without.iter().filter(|(case, came)| with.get(*case) != Some(came));
    let change = |(case, came): (&String, &Came)| Change {
        case: case.clone(),
        with: with.get(case).and_then(outcome),
        without: outcome(came),
    };
    changed.map(change).collect()
}
