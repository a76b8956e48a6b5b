//! `lastchunk explain` of a packet capture.

use std::io::{Read, Write as _};

use harness::packets::{Captured, Connection, Ended, Exchange, NoCapture};
use harness::render::{Redactions, render};
use harness::verdict::{ResponseVerdict, Verdict};
use mve::facts::{Facts, final_responses};
use serde::Serialize;

use super::complaint::{self, Complaint};
use super::{Exit, output};

/// So many octets tell a capture.
pub const BEGINNING: u64 = 4;
/// So many remarks on single connections are worth reading.
const MOST_REMARKS: usize = 20;

/// What `explain --json` tells of a response in a capture.
#[derive(Debug, Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    facts: Facts,
    connection: usize,
    index: usize,
    end: &'static str,
    request: Option<&'a str>,
    reader: String,
    origin: String,
}

/// Explains every response in a capture.
pub fn explain(from: impl Read + Send, name: &str, json: bool) -> Result<Exit, Complaint> {
    let captured = Captured::read(from).map_err(|error| match error {
        NoCapture::Head(_) => Complaint::new(format!("{name}: {error}")),
        NoCapture::Read => Complaint::new(format!("cannot read {name}")),
    })?;
    if captured.packets == 0 {
        return Err(Complaint::new(format!("{name}: {}", captured.remarks.join("; "))));
    }
    let mut out = output::text();
    for (at, connection) in captured.connections.iter().enumerate() {
        for (index, exchange) in connection.exchanges.iter().enumerate() {
            if json {
                output::object(&told(at + 1, index + 1, connection, exchange))?;
            } else {
                let of = connection.exchanges.len();
                let asked = exchange.request.as_deref().unwrap_or("a request that was not captured");
                writeln!(out, "connection {}, response {} of {of}: {asked}\n", at + 1, index + 1)?;
                out.transcript(&text(exchange))?;
                writeln!(out)?;
            }
        }
    }
    out.flush()?;
    let remarks: Vec<&String> = captured.connections.iter().flat_map(|connection| &connection.remarks).collect();
    remarks.iter().take(MOST_REMARKS).for_each(|remark| complaint::say(remark));
    if let Some(more @ 1..) = remarks.len().checked_sub(MOST_REMARKS) {
        complaint::say(&format!("{more} more such remarks on connections: filter the capture by host and port"));
    }
    captured.remarks.iter().for_each(|remark| complaint::say(remark));
    if captured.responses() == 0 {
        let connections = captured.connections.len();
        complaint::say(&format!("no HTTP/1.x response is in this capture of {connections} TCP connections"));
    }
    Ok(Exit::AsClaimed)
}

fn told<'a>(connection: usize, index: usize, ends: &Connection, exchange: &'a Exchange) -> Told<'a> {
    let verdict = Verdict::of(exchange.transcript());
    let mut facts = final_responses(&verdict).next().map_or_else(none, Facts::of);
    if let Some(how) = unknown(exchange.ended).filter(|_| facts.framing != "complete") {
        let why = facts.why.take().unwrap_or_default();
        let why = why.strip_suffix(", still open").unwrap_or(&why);
        facts.why = Some(if why.is_empty() { how } else { format!("{why}, then {how}") });
        facts.framing = "unknown";
    }
    Told {
        facts,
        connection,
        index,
        end: exchange.ended.name(),
        request: exchange.request.as_deref(),
        reader: ends.reader.to_string(),
        origin: ends.origin.to_string(),
    }
}

/// Those of a response of which there is nothing but interim ones.
fn none() -> Facts {
    Facts::of(&ResponseVerdict::none())
}

/// Why it cannot be known how a response ended.
fn unknown(ended: Ended) -> Option<String> {
    match ended {
        Ended::Gap(gap) => Some(format!("{} octets that were not captured", gap.octets)),
        Ended::Bound => Some("more than is held".to_owned()),
        Ended::Fin | Ended::Rst | Ended::Open => None,
    }
}

/// The transcript of an exchange; what the capture lacks is no fault of the response, and nothing is judged by it.
fn text(exchange: &Exchange) -> String {
    const VERDICT: &str = "\nverdict\n";
    let text = render(exchange.transcript(), &Redactions::none());
    let verdict = Verdict::of(exchange.transcript());
    let is_complete =
        final_responses(&verdict).next().is_some_and(|response| Facts::of(response).framing == "complete");
    match (unknown(exchange.ended).filter(|_| !is_complete), text.split_once(VERDICT)) {
        (Some(how), Some((shown, _))) => format!("{shown}{VERDICT}unknown: the capture ends this response by {how}\n"),
        _ => text,
    }
}
