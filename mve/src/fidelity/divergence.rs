//! Two outcomes that should be one.

use std::fmt;

use harness::render::{Redactions, render};
use harness::transcript::{Event, Lane, Step, StepId, Transcript, What, chain};

use super::outcome::{End, Outcome};
use super::program::Program;
use super::shrinker::shrink;
use super::witness::{Fault, Witness};

/// A program that two servers play differently.
#[derive(Debug, Clone)]
pub struct Divergence {
    /// Its number among the programs of the seed.
    pub number: u64,
    /// The smallest program that shows it.
    pub program: Program,
    /// What either server makes of it.
    pub outcomes: [(String, Outcome); 2],
}

/// Plays a program on both servers, and shrinks it if they differ.
///
/// # Errors
/// When one of them cannot play.
pub fn compare(
    number: u64,
    program: Program,
    model: &dyn Witness,
    real: &dyn Witness,
) -> Result<Option<Divergence>, Fault> {
    let mut last = None;
    let mut diverges = |program: &Program| {
        let [one, other] = [model.play(program)?, real.play(program)?];
        let differs = one.normal() != other.normal();
        if differs {
            last = Some([(model.name(), one), (real.name(), other)]);
        }
        Ok(differs)
    };
    if !diverges(&program)? {
        return Ok(None);
    }
    let excluded = |program: &Program| model.excludes(program).or(real.excludes(program)).is_some();
    let program = shrink(program, excluded, diverges)?;
    Ok(last.map(|outcomes| Divergence { number, program, outcomes }))
}

/// The pair of transcripts.
impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "program {}, shrunk:", self.number)?;
        for (at, request) in self.program.requests.iter().enumerate() {
            let calls: Vec<String> = request.calls.iter().map(|call| format!("{:?}", call.to_string())).collect();
            writeln!(f, "  handler {at}: {}", calls.join(", "))?;
        }
        for (name, outcome) in &self.outcomes {
            write!(f, "\n{}", render(&transcript(&self.program, name, outcome), &Redactions::all()))?;
        }
        Ok(())
    }
}

fn transcript(program: &Program, name: &str, outcome: &Outcome) -> Transcript {
    let (mut steps, mut events) = (Vec::new(), Vec::new());
    let stimuli = program.stimuli();
    let mut shown = 0;
    for (at, stimulus) in stimuli.iter().enumerate().take(outcome.arrived.len() + 1) {
        let step = StepId(at);
        let text = match (stimulus.octets.is_empty(), stimulus.half_close) {
            (false, false) => "the reader sends, and waits until the server waits",
            (false, true) => "the reader sends, half-closes, and reads to the end",
            (true, _) => "the reader half-closes, and reads to the end",
        };
        steps.push(Step { text: text.into() });
        let mut put = |lane, what| events.push(Event { step, lane, what });
        if !stimulus.octets.is_empty() {
            put(Lane::request(0), What::Octets(stimulus.octets.clone()));
        }
        if stimulus.half_close {
            put(Lane::request(0), What::Fin);
        }
        let until = outcome.arrived.get(at).copied().unwrap_or(outcome.octets.len());
        if until > shown {
            put(Lane::response(0), What::Octets(outcome.octets[shown..until].to_vec()));
            shown = until;
        }
        if at == outcome.arrived.len() {
            match outcome.end {
                End::Fin => put(Lane::response(0), What::Fin),
                End::Rst => put(Lane::response(0), What::Rst),
                End::Open => put(Lane::response(0), What::Silence),
            }
            let sizes: Vec<String> = outcome.writes.iter().map(usize::to_string).collect();
            put(Lane::notes(1), What::Note(format!("socket writes: {}", sizes.join(" ")).into()));
            outcome.notes.iter().for_each(|note| put(Lane::notes(1), What::Note(note.clone().into())));
        }
    }
    Transcript { chain: chain("raw", &[], name), steps, events, ..Transcript::default() }
}
