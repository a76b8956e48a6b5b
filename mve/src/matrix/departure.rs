//! The third table: the reader leaves in the middle of a stream. Who learns of it, and when?

use std::panic::Location;

use harness::patience;
use harness::reader::http2;
use harness::tap::reset;
use harness::verdict::Outcome;
use tokio::io::AsyncWriteExt as _;

use super::axes::Protocol;
use super::held::begin;
use super::host::Host;
use super::play::read_now;
use super::row::Facts;
use super::table::Keys;

/// How the reader leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leaving {
    /// It closes the connection in order.
    Fin,
    /// It resets the connection.
    Rst,
    /// It ends its own direction, and goes on reading (RFC 9293 3.6).
    HalfClose,
    /// It resets the stream with CANCEL, and keeps the connection (RFC 9113 8.7).
    Cancel,
}

/// A cell of the table but for the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// How the reader leaves.
    pub leaving: Leaving,
    /// Who reads.
    pub reader: Protocol,
}

/// How often the origin writes before it is said never to learn.
const WRITES: usize = 3;
/// How many fences have to pass before the origin is said not to have been told.
const FENCES: usize = 3;

impl Leaving {
    const ALL: [Self; 4] = [Self::Fin, Self::Rst, Self::HalfClose, Self::Cancel];

    fn name(self) -> &'static str {
        match self {
            Self::Fin => "fin",
            Self::Rst => "rst",
            Self::HalfClose => "half-close",
            Self::Cancel => "cancel",
        }
    }
}

impl Cell {
    /// All cells for a reader, in the order of the table. A stream of its own to reset needs HTTP/2.
    pub fn all(reader: Protocol) -> impl Iterator<Item = Self> {
        let all = Leaving::ALL.into_iter().map(move |leaving| Self { leaving, reader });
        all.filter(|cell| cell.leaving != Leaving::Cancel || cell.reader == Protocol::Http2)
    }

    /// Its place on the axes, in words.
    #[must_use]
    pub fn keys(&self) -> Keys {
        Keys {
            origin_framing: "chunked",
            origin_version: "http/1.1",
            cut: "between-chunks".to_owned(),
            end: self.leaving.name(),
            reader: self.reader.name(),
        }
    }
}

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
/// How many octets an event has: more than gateways and kernels hold back for a moment, so that no clock of theirs counts.
const EVENT: usize = 16 * 1024;

fn event() -> String {
    let data = format!("data: {}\n\n", "x".repeat(EVENT - 8));
    format!("{:x}\r\n{data}\r\n", data.len())
}

/// Plays a cell.
///
/// # Errors
/// When the harness or the set-up is at fault: in one line.
pub(super) async fn play(host: &mut Host, cell: Cell) -> Result<Facts, String> {
    let (mut client, mut origin, at_reader) = begin(host, cell.reader).await?;
    let io = |error: std::io::Error| format!("the reader cannot leave: {error}");
    let play = async {
        origin.send(format!("{HEAD}{}", event()), "the origin sends an event", host, &mut client).await?;
        origin.step("the reader leaves", &client);
        at_reader.says(match cell.leaving {
            Leaving::Fin => "closes the connection",
            Leaving::Rst => "resets the connection",
            Leaving::HalfClose => "ends its own direction, and goes on reading",
            Leaving::Cancel => "RST_STREAM(CANCEL)",
        });
        match cell.leaving {
            Leaving::Fin => {
                client.socket.shutdown().await.map_err(io)?;
                // Nobody reads any more either: what still comes is answered with RST once the socket is closed.
                client.close();
            }
            Leaving::Rst => {
                reset(&client.socket).map_err(io)?;
                client.close();
            }
            Leaving::HalfClose => client.socket.shutdown().await.map_err(io)?,
            Leaving::Cancel => client.socket.write_all(&http2::cancel()).await.map_err(io)?,
        }
        let before = client.content();
        let mut writes = 0;
        loop {
            host.fences_pass(FENCES).await?;
            while read_now(&mut client).await {}
            if origin.is_told().await || writes == WRITES {
                break;
            }
            writes += 1;
            origin.step(&format!("the origin writes once more: {writes}"), &client);
            if origin.write(event().as_bytes(), host, &mut client, FENCES).await.is_err() {
                break;
            }
        }
        Ok((origin.is_told().await, writes, client.content() > before))
    };
    let played: Result<_, String> =
        patience::wait("the cell to end", Location::caller(), || at_reader.so_far(), play).await;
    let (told, writes, more) = played?;
    host.alive()?;
    let framing = match (told, writes) {
        (true, 0) => "the origin's connection is closed without a write".to_owned(),
        (true, 1) => "the origin's connection is closed after 1 write".to_owned(),
        (true, writes) => format!("the origin's connection is closed after {writes} writes"),
        (false, writes) => format!("the origin's connection is open after {writes} writes"),
    };
    // A reader that has only half-closed wants the rest: for it, staying open is what is meant.
    let outcome = match (cell.leaving, told, writes) {
        (Leaving::HalfClose, false, _) if more => Outcome::Intact,
        (Leaving::HalfClose, false, _) => Outcome::Held,
        (Leaving::HalfClose, true, _) => Outcome::CutVisible,
        (_, true, 0) => Outcome::Intact,
        (_, true, _) => Outcome::Held,
        (_, false, _) => Outcome::Leaked,
    };
    let facts = Facts::of_what_was_seen(&at_reader, framing, cell.leaving.name(), outcome, &client);
    origin.end();
    Ok(facts)
}
