//! Plays one cell of the truncation table on a running chain.

use std::panic::Location;

use harness::observer::Observer;
use harness::patience;
use harness::render::{Redactions, render};
use harness::tap::{acknowledged, close, reset};
use harness::transcript::{Recorder, What, chain};
use harness::verdict::Outcome;
use harness::wire::notation::escape;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::axes::{Cell, Cut, End, Protocol};
use super::client::Client;
use super::host::{Asked, Host};
use super::judge::{self, Judgement};
use super::script;

/// How many fences have to pass, with nothing more at the reader, before a response that is not over is said to hang.
const FENCES_OF_A_HANG: usize = 40;

/// A cell that was played.
#[derive(Debug, Clone)]
pub(super) struct Played {
    pub(super) judgement: Judgement,
    /// How the connection or the stream ended at the reader.
    pub(super) ending: String,
    /// The last octets at the reader.
    pub(super) tail: String,
    /// Both hops, as text.
    pub(super) transcript: String,
}

/// Plays a cell.
///
/// # Errors
/// When the harness or the set-up is at fault: in one line.
pub(super) async fn play(host: &mut Host, cell: Cell) -> Result<Played, String> {
    host.forget();
    let abouts: Vec<String> = host.gateways.iter().map(harness::gateway::Described::about).collect();
    let about = if cell.reader == Protocol::Http2 { "an HTTP/2 reader" } else { "a raw reader" };
    let meant = script::meant(&cell);
    let recorder = Recorder::new(chain(about, &abouts, "scripted"), meant.clone());
    let mut observers = Observer::all(recorder);
    let at_origin = observers.pop().ok_or("a chain has an origin")?;
    let at_reader = observers.swap_remove(0);

    let target = host.target();
    at_reader.recorder().step(match cell.cut {
        Cut::None => "the reader asks; the origin sends all but the end of the response",
        Cut::BeforeStatusLine => "the reader asks; the origin sends nothing",
        _ => "the reader asks; the origin sends the response as far as the cut",
    });
    let asked = Client::ask(host, cell.reader, &target, false, &at_reader).await;
    let mut client = asked.map_err(|error| format!("the reader cannot ask: {error}"))?;

    let play = async {
        let mut origin = Origin { cell, observer: at_origin.clone(), direct: host.gateways.is_empty(), cuts: 0 };
        let mut quiet = 0;
        loop {
            let needed = if client.is_over() { host.fences() } else { FENCES_OF_A_HANG };
            // What came while the gateway's last thread came to rest, nobody has told the runtime yet.
            if client.has_left() || (quiet >= needed && !client.has_more()) {
                return Ok(());
            }
            let fence = host.fence();
            // Before the origin was asked, or the response is there, there is nothing to fence.
            let due = origin.cuts > 0 || client.is_over();
            tokio::select! {
                biased;
                () = client.read() => quiet = 0,
                Some(asked) = host.asked() => {
                    quiet = 0;
                    if asked.is_for(&target) {
                        origin.serve(asked, host, &mut client).await?;
                    }
                }
                passed = fence, if due => {
                    passed?;
                    // A fence overtakes a thread that has written the response and has yet to close its connection.
                    host.settle().await;
                    quiet += 1;
                }
            }
        }
    };
    let played: Result<(), String> =
        patience::wait("the cell to end", Location::caller(), || at_reader.so_far(), play).await;
    played?;
    host.alive()?;
    if !client.is_over() && cell.reader != Protocol::Http2 {
        // What has come has come before the silence.
        client.claim_all();
        at_reader.silence();
    }
    at_reader.recorder().seal();
    let transcript = at_reader.recorder().transcript();
    let judgement = match cell.reader {
        Protocol::Http2 => judge::of_http2(&client.http2, client.end, &meant),
        _ => judge::of_http1(&transcript),
    };
    if !client.is_over() && ![Outcome::Hung, Outcome::Altered].contains(&judgement.outcome) {
        return Err(format!("the reader still waits, and the outcome is {}", judgement.outcome));
    }
    let text = told(&observed(&render(&transcript, &Redactions::all()), host.gateways.len()), &judgement, &client);
    Ok(Played { judgement, ending: client.ending(), tail: escape(&client.tail()), transcript: text })
}

/// The text without a verdict on what lies between two gateways: no observer stands there.
fn observed(text: &str, gateways: usize) -> String {
    let Some((facts, verdict)) = text.rsplit_once("\nverdict\n") else { return text.to_owned() };
    let between: Vec<String> = (1..gateways).map(|at| format!("p{}>p{at} ", at + 1)).collect();
    let is_seen = |line: &&str| !between.iter().any(|hop| line.starts_with(hop));
    let verdict: String = verdict.lines().filter(is_seen).map(|line| format!("{line}\n")).collect();
    format!("{facts}\nverdict\n{verdict}")
}

/// The transcript's text; the verdict on frames takes the place of the one on octets, of which there are none.
fn told(text: &str, judgement: &Judgement, client: &Client) -> String {
    if client.protocol != Protocol::Http2 {
        return text.to_owned();
    }
    let facts = text.rsplit_once("\nverdict\n").map_or(text, |(facts, _)| facts);
    let status = judgement.status.map_or_else(String::new, |status| format!("{status}, "));
    let Judgement { framing, lost, added, outcome, .. } = judgement;
    format!(
        "{facts}\nverdict\nc:   {status}{framing}\nlost: {lost} octets, added: {added} octets\noutcome: {outcome}\n"
    )
}

/// The origin of a cell. A gateway may ask again on another connection; it is told the same again.
struct Origin {
    cell: Cell,
    observer: Observer,
    /// Without a gateway both ends of the one hop would be recorded twice.
    direct: bool,
    cuts: usize,
}

impl Origin {
    /// Sends what there is to send, sees to it that it has passed as far as it will, and ends the connection.
    async fn serve(&mut self, asked: Asked, host: &Host, client: &mut Client) -> Result<(), String> {
        let Asked { mut socket, head } = asked;
        let io = |error: std::io::Error| format!("the origin cannot act: {error}");
        self.incoming(What::Connect);
        self.incoming(What::Octets(head));
        let (octets, rest) = script::octets(&self.cell);
        if !octets.is_empty() {
            socket.write_all(&octets).await.map_err(io)?;
            self.outgoing(What::Octets(octets));
        }
        acknowledged(&socket).await.map_err(io)?;
        // The cut comes when all that was sent has been dealt with: what a gateway does with octets and a reset at the
        // same time is decided by the kernel.
        host.fences_pass(host.fences()).await?;
        while read_now(client).await {}
        if self.cuts == 0 {
            self.observer.claim_all();
            client.claim_all();
            self.observer.recorder().step(match (self.cell.cut, self.cell.end) {
                (Cut::None, _) => "the origin sends the rest and closes the connection",
                (_, End::Fin) => "the origin's connection ends with FIN",
                (_, End::Rst) => "the origin's connection is reset",
            });
        }
        self.cuts += 1;
        if !rest.is_empty() {
            socket.write_all(&rest).await.map_err(io)?;
            self.outgoing(What::Octets(rest));
        }
        match self.cell.end {
            End::Fin => {
                socket.shutdown().await.map_err(io)?;
                self.outgoing(What::Fin);
            }
            End::Rst => {
                reset(&socket).map_err(io)?;
                self.outgoing(What::Rst);
            }
        }
        // A process that has died reads no more: what still comes is answered with RST.
        close(&socket);
        Ok(())
    }

    fn incoming(&self, what: What) {
        if !self.direct {
            self.observer.incoming(what);
        }
    }

    fn outgoing(&self, what: What) {
        if !self.direct {
            self.observer.outgoing(what);
        }
    }
}

/// Reads all that the gateway has written: also what its kernel holds back because the gateway has announced more, which
/// it does for 200 ms. Whether the fences are faster than that is no fact of the gateway's.
async fn all_that_was_written(host: &Host, client: &mut Client) -> Result<(), String> {
    while read_now(client).await {}
    let mut waited = false;
    while client.held_back().map_err(|error| error.to_string())? > 0 {
        waited = true;
        if client.has_left() {
            // Nothing comes here any more that could be waited for.
            tokio::task::yield_now().await;
        } else {
            client.read().await;
        }
    }
    if waited {
        // The answer to what was sent late may be news to the gateway.
        host.fences_pass(host.fences()).await?;
        while read_now(client).await {}
    }
    Ok(())
}

/// Reads what has arrived at the reader, if anything has.
pub(super) async fn read_now(client: &mut Client) -> bool {
    if client.has_left() {
        return false;
    }
    tokio::select! {
        biased;
        () = client.read() => true,
        () = std::future::ready(()) => false,
    }
}

/// An origin that has been asked and answers piece by piece, for the tables in which it lives on.
#[derive(Debug)]
pub(super) struct Answering {
    socket: TcpStream,
    observer: Observer,
    direct: bool,
    told: bool,
}

impl Answering {
    pub(super) fn new(asked: Asked, observer: Observer, direct: bool) -> Self {
        let Asked { socket, head } = asked;
        let answering = Self { socket, observer, direct, told: false };
        answering.incoming(What::Connect);
        answering.incoming(What::Octets(head));
        answering
    }

    /// Begins a step: what has come so far belongs to the one before.
    pub(super) fn step(&self, text: &str, client: &Client) {
        self.observer.claim_all();
        client.claim_all();
        self.observer.recorder().step(text);
    }

    /// Sends a piece in a step of its own, and sees to it that it has passed as far as it will.
    pub(super) async fn send(
        &mut self,
        piece: String,
        text: &str,
        host: &Host,
        client: &mut Client,
    ) -> Result<(), String> {
        self.step(text, client);
        self.write(piece.as_bytes(), host, client, host.fences().max(2)).await
    }

    /// Sends a piece, and sees to it that it has passed as far as it will.
    pub(super) async fn write(
        &mut self,
        piece: &[u8],
        host: &Host,
        client: &mut Client,
        fences: usize,
    ) -> Result<(), String> {
        let io = |error: std::io::Error| format!("the origin cannot act: {error}");
        self.socket.write_all(piece).await.map_err(io)?;
        if !self.direct {
            self.observer.outgoing(What::Octets(piece.to_vec()));
        }
        acknowledged(&self.socket).await.map_err(io)?;
        host.fences_pass(fences).await?;
        all_that_was_written(host, client).await
    }

    /// Whether the gateway has ended its direction, or reset the connection.
    pub(super) async fn is_told(&mut self) -> bool {
        let mut octets = [0; 512];
        if self.told {
            return true;
        }
        let end = tokio::select! {
            biased;
            read = self.socket.read(&mut octets) => match read {
                Ok(0) => What::Fin,
                Ok(_) => return false,
                Err(_) => What::Rst,
            },
            () = std::future::ready(()) => return false,
        };
        self.told = true;
        self.incoming(end);
        true
    }

    /// Ends the connection at once.
    pub(super) fn end(self) {
        let _gone = reset(&self.socket);
    }

    fn incoming(&self, what: What) {
        if !self.direct {
            self.observer.incoming(what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::observed;

    #[test]
    fn nothing_is_said_of_what_lies_between_two_gateways() {
        let text = "1. a step\np1>c  -- FIN\n\nverdict\no>p2   200\np2>p1  no response\np1>c   200\noutcome: intact\n";
        let told = "1. a step\np1>c  -- FIN\n\nverdict\no>p2   200\np1>c   200\noutcome: intact\n";
        assert_eq!(observed(text, 2), told);
        assert_eq!(observed(told, 2), told);
        assert_eq!(observed("verdict\np>c  200\n", 1), "verdict\np>c  200\n");
    }
}
