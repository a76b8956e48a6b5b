//! The second table: what is held. The origin sends a piece and waits; does it pass before the next is sent?

use std::panic::Location;

use harness::observer::Observer;
use harness::patience;
use harness::transcript::{Meant, Recorder, chain};
use harness::verdict::Outcome;

use super::axes::{Framing, Protocol};
use super::client::Client;
use super::host::Host;
use super::play::{Answering, read_now};
use super::row::Facts;
use super::script::EVENTS;
use super::table::Keys;

/// What the origin sends piece by piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Probe {
    /// The header section, and the first event only later.
    HeaderSection,
    /// Three events of 11 to 13 octets.
    SmallEvents,
    /// The first half of a chunk, and the second half only later.
    HalfAChunk,
}

/// A cell of the table but for the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// What delimits the content.
    pub framing: Framing,
    /// What is sent piece by piece.
    pub probe: Probe,
    /// Who reads.
    pub reader: Protocol,
}

/// How many octets each further piece has, when small events have not passed.
const BLOCK: usize = 512;
/// How many octets are sent before a gateway is said to hold everything.
const AT_MOST: usize = 64 * 1024;

impl Probe {
    const ALL: [Self; 3] = [Self::HeaderSection, Self::SmallEvents, Self::HalfAChunk];

    fn name(self) -> &'static str {
        match self {
            Self::HeaderSection => "header-section",
            Self::SmallEvents => "small-events",
            Self::HalfAChunk => "half-a-chunk",
        }
    }
}

impl Cell {
    /// All cells for a reader, in the order of the table. Half a chunk needs chunks.
    pub fn all(reader: Protocol) -> impl Iterator<Item = Self> {
        let framings =
            Framing::ALL.iter().flat_map(|&framing| Probe::ALL.into_iter().map(move |probe| (framing, probe)));
        let sensible = framings.filter(|(framing, probe)| *framing == Framing::Chunked || *probe != Probe::HalfAChunk);
        sensible.map(move |(framing, probe)| Self { framing, probe, reader })
    }

    /// Its place on the axes, in words.
    #[must_use]
    pub fn keys(&self) -> Keys {
        Keys {
            origin_framing: self.framing.name(),
            origin_version: "http/1.1",
            cut: self.probe.name().to_owned(),
            end: "open",
            reader: self.reader.name(),
        }
    }

    fn head(&self) -> String {
        let framing = match self.framing {
            Framing::Chunked => "Transfer-Encoding: chunked".to_owned(),
            // One block more than is ever sent: a whole response would free the connection for the fence.
            Framing::Length => format!("Content-Length: {}", EVENTS.concat().len() + AT_MOST + BLOCK),
            Framing::Close => "Connection: close".to_owned(),
        };
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{framing}\r\n\r\n")
    }

    fn framed(&self, data: &str) -> String {
        match self.framing {
            Framing::Chunked => format!("{:x}\r\n{data}\r\n", data.len()),
            _ => data.to_owned(),
        }
    }
}

/// Plays a cell.
///
/// # Errors
/// When the harness or the set-up is at fault: in one line.
pub(super) async fn play(host: &mut Host, cell: Cell) -> Result<Facts, String> {
    let (mut client, mut origin, at_reader) = begin(host, cell.reader).await?;
    let play = async {
        let seen = |client: &Client| client.content();
        match cell.probe {
            Probe::HeaderSection => {
                origin.send(cell.head(), "the origin sends the header section", host, &mut client).await?;
                if client.has_head() {
                    return Ok(("passes before the first event".to_owned(), Outcome::Intact));
                }
                origin.send(cell.framed(EVENTS[0]), "the origin sends an event", host, &mut client).await?;
                let when =
                    if client.has_head() { "passes with the first event" } else { "held beyond the first event" };
                Ok((when.to_owned(), Outcome::Held))
            }
            Probe::HalfAChunk => {
                let (first, second) = EVENTS[0].split_at(7);
                let half = format!("{}{:x}\r\n{first}", cell.head(), EVENTS[0].len());
                origin.send(half, "the origin sends half a chunk", host, &mut client).await?;
                let then = seen(&client);
                origin.send(format!("{second}\r\n"), "the origin sends the other half", host, &mut client).await?;
                Ok(of_halves(first.len(), EVENTS[0].len(), then, seen(&client)))
            }
            Probe::SmallEvents => {
                // An event has passed when all of its octets are there before the next is sent: a compressor that lags
                // passes something each time, and of no event the end.
                let (mut sent, mut whole) = (0, 0);
                for (at, event) in EVENTS.iter().enumerate() {
                    let head = if at == 0 { cell.head() } else { String::new() };
                    let text = format!("the origin sends event {}", at + 1);
                    origin.send(head + &cell.framed(event), &text, host, &mut client).await?;
                    sent += event.len();
                    whole += usize::from(seen(&client) == sent);
                }
                if whole == EVENTS.len() {
                    return Ok(("each event passes".to_owned(), Outcome::Intact));
                }
                let before = seen(&client);
                origin.step("the origin sends events of 512 octets", &client);
                while seen(&client) == before && sent < AT_MOST {
                    let block = format!("data: {}\n\n", "x".repeat(BLOCK - 8));
                    origin.write(cell.framed(&block).as_bytes(), host, &mut client, host.fences().max(2)).await?;
                    sent += BLOCK;
                }
                let from = if seen(&client) > before {
                    format!("when {sent} octets are sent")
                } else {
                    format!("not before {sent} octets")
                };
                let what = match (before, whole) {
                    (0, _) => "held: the first octets pass",
                    (_, 0) => "a part passes, more",
                    _ => "some events pass, more",
                };
                Ok((format!("{what} {from}"), Outcome::Held))
            }
        }
    };
    let played: Result<_, String> =
        patience::wait("the cell to end", Location::caller(), || at_reader.so_far(), play).await;
    let (mut framing, outcome) = played?;
    if client.is_coded() {
        framing += ", compressed";
    }
    host.alive()?;
    let facts = Facts::of_what_was_seen(&at_reader, framing, "open", outcome, &client);
    origin.end();
    Ok(facts)
}

/// What a chunk of `whole` octets came to, whose first `half` was sent before the rest: by how many octets were there then,
/// and at the end.
fn of_halves(half: usize, whole: usize, then: usize, at_the_end: usize) -> (String, Outcome) {
    let (when, outcome) = match (then, at_the_end) {
        came if came == (half, whole) => ("each half of a chunk passes", Outcome::Intact),
        // nginx passes the half that comes with a chunk-size, and holds the one without.
        came if came == (half, half) => ("half a chunk passes, the other half is held", Outcome::Held),
        came if came == (0, whole) => ("passes when the chunk is whole", Outcome::Held),
        (0, 0) => ("held beyond the chunk", Outcome::Held),
        // A compressor that is not flushed keeps the end of what it has taken.
        _ => {
            return (
                format!("a part passes: {then} of the first {half} octets, then {at_the_end} of {whole}"),
                Outcome::Held,
            );
        }
    };
    (when.to_owned(), outcome)
}

/// Asks, and waits until the origin has been asked.
pub(super) async fn begin(host: &mut Host, reader: Protocol) -> Result<(Client, Answering, Observer), String> {
    host.forget();
    let abouts: Vec<String> = host.gateways.iter().map(harness::gateway::Described::about).collect();
    let about = if reader == Protocol::Http2 { "an HTTP/2 reader" } else { "a raw reader" };
    let mut observers = Observer::all(Recorder::new(chain(about, &abouts, "scripted"), Meant::default()));
    let at_origin = observers.pop().ok_or("a chain has an origin")?;
    let at_reader = observers.swap_remove(0);
    let target = host.target();
    at_reader.recorder().step("the reader asks");
    let asked = Client::ask(host, reader, &target, true, &at_reader).await;
    let client = asked.map_err(|error| format!("the reader cannot ask: {error}"))?;
    let direct = host.gateways.is_empty();
    let coming = async {
        loop {
            match host.asked().await {
                Some(asked) if asked.is_for(&target) => return Ok(asked),
                Some(_) => {}
                None => return Err("the origin is gone".to_owned()),
            }
        }
    };
    let asked = patience::wait("the origin to be asked", Location::caller(), || at_reader.so_far(), coming).await?;
    let mut client = client;
    while read_now(&mut client).await {}
    Ok((client, Answering::new(asked, at_origin, direct), at_reader))
}

#[cfg(test)]
mod tests {
    use super::of_halves;

    #[test]
    fn a_half_has_passed_when_all_of_it_is_there() {
        let told = |then, at_the_end| {
            let (when, outcome) = of_halves(7, 11, then, at_the_end);
            format!("{outcome}: {when}")
        };
        assert_eq!(told(7, 11), "intact: each half of a chunk passes");
        assert_eq!(told(7, 7), "held: half a chunk passes, the other half is held");
        assert_eq!(told(0, 11), "held: passes when the chunk is whole");
        assert_eq!(told(0, 0), "held: held beyond the chunk");
        assert_eq!(told(3, 7), "held: a part passes: 3 of the first 7 octets, then 7 of 11");
        assert_eq!(told(3, 11), "held: a part passes: 3 of the first 7 octets, then 11 of 11");
    }
}
