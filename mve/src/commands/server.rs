//! `lastchunk run --origin 'cmd:..'` and `--origin http://..`: the readers' side of the cases, on a server of the user's.

use std::io::Write as _;
use std::time::Duration;

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, ContentArrangement, Table};
use harness::tasks::words;
use mve::facts::{Facts, final_responses, framing_at_the_reader};
use mve::own::Unusable;
use mve::own::readers::{Came, Reads, read};
use mve::own::server::Server;
use mve::player::{install_panic_hook, keep_panics_of_this_thread};
use serde::Serialize;

use super::complaint::{Complaint, safe};
use super::selection::quoted;
use super::stop::Stop;
use super::{Exit, output};

/// Whether `--origin` names a server of the user's.
pub fn is_one(origin: &str) -> bool {
    origin.starts_with("cmd:") || origin.contains("://")
}

/// What is asked of a server.
#[derive(Debug)]
pub struct Asking<'a> {
    /// As `--origin` names it.
    pub origin: &'a str,
    /// What is asked for, where the origin is a command.
    pub path: &'a str,
    /// A part of a name; without one, all.
    pub patterns: &'a [String],
    /// How long anything is waited for.
    pub within: Duration,
    /// One object a line.
    pub json: bool,
    /// The transcripts too.
    pub verbose: bool,
}

type Row = (Reads, Result<Came, Unusable>);

impl Asking<'_> {
    pub fn answer(&self) -> Result<Exit, Complaint> {
        let meets = |reads: &Reads| {
            self.patterns.is_empty() || self.patterns.iter().any(|part| reads.name().contains(part.as_str()))
        };
        let chosen: Vec<Reads> = Reads::ALL.into_iter().filter(meets).collect();
        if chosen.is_empty() {
            let names = Reads::ALL.map(Reads::name).join(", ");
            let patterns = self.patterns.join(" ");
            return Err(Complaint::new(format!(
                "no case for a server of yours is like {} (there are: {names})",
                quoted(&patterns)
            )));
        }
        let stop = Stop::on_signals()?;
        install_panic_hook(false);
        // The server is started and ended by this thread; a panic of a wait in vain is a result.
        let rows = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    keep_panics_of_this_thread();
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                    let runtime = runtime.map_err(|error| Unusable(format!("cannot start a runtime: {error}")))?;
                    runtime.block_on(async {
                        tokio::select! {
                            biased;
                            () = stop.wait() => Ok(Vec::new()),
                            rows = self.rows(&chosen) => rows,
                        }
                    })
                })
                .join()
        });
        let rows = rows.unwrap_or_else(|panic| {
            let text = words(panic.as_ref()).unwrap_or_else(|| "the reader failed".to_owned());
            Err(Unusable(text.lines().next().unwrap_or_default().to_owned()))
        });
        let rows = rows.map_err(Complaint::new)?;
        if let Some(reason) = stop.reason() {
            return Ok(Exit::Stopped(reason));
        }
        if self.json {
            rows.iter().try_for_each(|row| output::object(&self.entry(row)))?;
        } else {
            self.tell(&rows)?;
        }
        Ok(if rows.iter().any(|(_, came)| came.is_err()) { Exit::CouldNotRun } else { Exit::AsClaimed })
    }

    async fn rows(&self, chosen: &[Reads]) -> Result<Vec<Row>, Unusable> {
        let server = Server::of(self.origin, self.path).await?;
        let mut rows = Vec::new();
        for reads in chosen {
            rows.push((*reads, read(&server, *reads, self.within).await));
        }
        Ok(rows)
    }

    fn tell(&self, rows: &[Row]) -> Result<(), Complaint> {
        let mut out = output::text();
        let mut table = Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(["case", "framing at the reader", "events", "outcome", "the server"]);
        for (reads, came) in rows {
            let cells = match came {
                Ok(came) => {
                    let facts = final_responses(&came.verdict).next().map(Facts::of);
                    let events =
                        facts.and_then(|facts| facts.events).map_or("-".to_owned(), |events| events.to_string());
                    [framing_at_the_reader(&came.verdict), events, outcome(came).to_owned(), told(came, self.within)]
                }
                Err(why) => ["-".to_owned(), "-".to_owned(), "not run".to_owned(), why.to_string()],
            };
            table.add_row(std::iter::once(reads.name().to_owned()).chain(cells).map(|cell| Cell::new(safe(&cell))));
        }
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        for (reads, came) in rows {
            if let Ok(came) = came
                && self.verbose
            {
                writeln!(out, "\n{}\n", reads.name())?;
                out.transcript(&came.text)?;
            }
        }
        Ok(out.flush()?)
    }

    fn entry(&self, (reads, came): &Row) -> Entry {
        let facts = came.as_ref().ok().and_then(|came| final_responses(&came.verdict).next().map(Facts::of));
        Entry {
            case: reads.name(),
            origin: self.origin.to_owned(),
            framing: facts.as_ref().map(|facts| facts.framing),
            by: facts.as_ref().and_then(|facts| facts.by),
            events: facts.as_ref().and_then(|facts| facts.events),
            pending: facts.as_ref().map(|facts| facts.pending),
            outcome: came.as_ref().ok().map(outcome),
            over: came.as_ref().ok().map(|came| came.over),
            noticed: came.as_ref().ok().and_then(|came| came.noticed),
            went_on: came.as_ref().ok().and_then(|came| came.went_on),
            within_ms: u64::try_from(self.within.as_millis()).unwrap_or(u64::MAX),
            why: match came {
                Err(why) => Some(why.to_string()),
                Ok(came) if came.too_much => Some(told(came, self.within)),
                Ok(_) => facts.and_then(|facts| facts.why),
            },
        }
    }
}

/// The outcome, of which a reader that does not know what was meant can tell these.
fn outcome(came: &Came) -> &'static str {
    let facts = final_responses(&came.verdict).next().map(Facts::of);
    let is_whole = facts.as_ref().is_some_and(|facts| facts.framing == "complete");
    match came.reads {
        Reads::Closes | Reads::Resets => match came.noticed {
            Some(true) => "intact",
            Some(false) => "leaked",
            None => "-",
        },
        _ if !came.over => "open",
        _ if is_whole => "intact",
        _ => "cut-visible",
    }
}

/// What the server did, in words.
fn told(came: &Came, within: Duration) -> String {
    let most = mve::own::readers::MOST;
    match (came.reads, came.noticed, came.went_on) {
        _ if came.too_much => format!("has sent more than {most} octets, and was not read on"),
        (Reads::Closes | Reads::Resets, Some(true), _) => format!("lets go of the connection within {within:?}"),
        (Reads::Closes | Reads::Resets, Some(false), _) => format!("still has the connection after {within:?}"),
        (Reads::Closes | Reads::Resets, None, _) => {
            "cannot be looked at from here (another machine, or another user's)".to_owned()
        }
        (Reads::HalfCloses, _, Some(true)) => "goes on sending to a reader that has half-closed".to_owned(),
        (Reads::HalfCloses, ..) if came.over => "takes a half-close for a departure".to_owned(),
        (Reads::Slowly, _, Some(true)) => "has kept what was not read, and goes on".to_owned(),
        (Reads::Slowly, ..) if came.over => "has ended the response while nobody read".to_owned(),
        (Reads::ToTheEnd, ..) if came.over => match final_responses(&came.verdict).find_map(|response| response.status)
        {
            None | Some(200) => "ends the response".to_owned(),
            Some(status) => format!("ends the response, of status {status}"),
        },
        (Reads::ToTheEnd, ..) if came.octets > 0 => {
            format!("has not ended the response within {within:?}; {} octets came", came.octets)
        }
        _ => format!("has sent nothing more within {within:?}"),
    }
}

/// A line of `--json`.
#[derive(Debug, Serialize)]
struct Entry {
    case: &'static str,
    origin: String,
    framing: Option<&'static str>,
    by: Option<&'static str>,
    events: Option<usize>,
    pending: Option<bool>,
    outcome: Option<&'static str>,
    over: Option<bool>,
    noticed: Option<bool>,
    went_on: Option<bool>,
    within_ms: u64,
    why: Option<String>,
}
