//! What several responses have in common.

use std::fmt;
use std::time::Duration;

use harness::verdict::Outcome;
use mve::probe::observation::Observation;
use mve::probe::times::shortly;

/// How near to each other deaths are that one clock could have caused.
const NEAR: Duration = Duration::from_secs(1);

/// One line a response.
#[derive(Debug, Default)]
pub struct Summary {
    lines: Vec<String>,
    /// When each cut came.
    cuts: Vec<Duration>,
}

impl Summary {
    /// One more response.
    pub fn add(&mut self, seen: &Observation) {
        let outcome = seen.outcome();
        if matches!(outcome, Some(Outcome::CutVisible | Outcome::CutSilent)) {
            self.cuts.push(seen.ending.at);
        }
        let status = seen.head.as_ref().map_or_else(|| "no status".to_owned(), |head| head.status.to_string());
        let events = seen.content.events.as_ref().map(|events| events.dispatched);
        let events = events.map_or_else(String::new, |events| match events {
            1 => "1 event, ".to_owned(),
            more => format!("{more} events, "),
        });
        self.lines.push(format!(
            "{:<11}  {status}, {events}{}, after {}",
            outcome.map_or("open", Outcome::name),
            seen.framing,
            shortly(seen.ending.at)
        ));
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "all runs")?;
        for (at, line) in self.lines.iter().enumerate() {
            writeln!(f, "  {:>3}  {line}", at + 1)?;
        }
        let (Some(first), Some(last)) = (self.cuts.iter().min(), self.cuts.iter().max()) else { return Ok(()) };
        let (cut, all) = (self.cuts.len(), self.lines.len());
        let together = cut > 1 && *last - *first <= NEAR && *first >= NEAR;
        writeln!(
            f,
            "  {cut} of {all} cut, after {} to {}{}",
            shortly(*first),
            shortly(*last),
            match together {
                true => ": always at the same moment, so a clock does it",
                false => "",
            }
        )
    }
}
