//! An origin that sends exactly the octets it is told, when it is told.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use bytes::BufMut as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Connection, Program};
use crate::tap::Tap;

#[derive(Debug, Clone)]
enum Act {
    Request,
    Read(usize),
    Send(Vec<u8>),
    Write(Vec<u8>),
    Cue(String),
    CueOrDeparture(String),
    Fin,
    Rst,
    Departure,
    Hold,
}

/// A script, act by act; each connection plays it from the beginning.
#[derive(Debug, Clone, Default)]
pub struct Scripted {
    acts: Vec<Act>,
}

/// A script with no act yet. Without [`Scripted::fin`], [`Scripted::rst`], [`Scripted::departure`] or
/// [`Scripted::hold`] at its end, the connection is closed with FIN.
#[must_use]
pub fn scripted() -> Scripted {
    Scripted::default()
}

impl Scripted {
    fn and(mut self, act: Act) -> Self {
        self.acts.push(act);
        self
    }

    /// Reads a whole header section.
    #[must_use]
    pub fn request(self) -> Self {
        self.and(Act::Request)
    }

    /// Reads so many octets more.
    #[must_use]
    pub fn read(self, octets: usize) -> Self {
        self.and(Act::Read(octets))
    }

    /// Sends these octets, in one write if the socket takes them.
    #[must_use]
    pub fn send(self, octets: impl AsRef<[u8]>) -> Self {
        self.and(Act::Send(octets.as_ref().to_vec()))
    }

    /// Sends these octets, and notes what it was told: `write 1: 11 octets`, or `write 1: connection lost`, counted from 1.
    #[must_use]
    pub fn write(self, octets: impl AsRef<[u8]>) -> Self {
        self.and(Act::Write(octets.as_ref().to_vec()))
    }

    /// Waits for a cue, or for the end of the peer's direction; that ends the script with the note `the peer has left`,
    /// however the peer left, because whether it is FIN or RST stands in the lane.
    #[must_use]
    pub fn cue_or_departure(self, name: &str) -> Self {
        self.and(Act::CueOrDeparture(name.to_owned()))
    }

    /// Waits for a cue.
    #[must_use]
    pub fn cue(self, name: &str) -> Self {
        self.and(Act::Cue(name.to_owned()))
    }

    /// Ends its direction with FIN, and reads until the peer ends too.
    #[must_use]
    pub fn fin(self) -> Self {
        self.and(Act::Fin)
    }

    /// Resets the connection, after the peer's kernel has acknowledged all that was sent.
    #[must_use]
    pub fn rst(self) -> Self {
        self.and(Act::Rst)
    }

    /// Reads until the peer ends its direction.
    #[must_use]
    pub fn departure(self) -> Self {
        self.and(Act::Departure)
    }

    /// Keeps the connection open and does nothing until the case is over.
    #[must_use]
    pub fn hold(self) -> Self {
        self.and(Act::Hold)
    }
}

impl Program for Scripted {
    fn about(&self) -> String {
        "scripted".into()
    }

    fn serve(self: Arc<Self>, connection: Connection) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            // What the peer does to the connection is in its lanes; the script just ends there.
            if let Err(error) = self.play(connection).await {
                tracing::debug!(%error, "script");
            }
        })
    }
}

impl Scripted {
    async fn play(&self, connection: Connection) -> io::Result<()> {
        let busy = connection.busy();
        let Connection { mut tap, cue, load, .. } = connection;
        let observer = tap.observer().clone();
        let mut octets = Vec::with_capacity(64 * 1024);
        let mut writes = 0;
        for act in &self.acts {
            match act {
                Act::Request => read_header_section(&mut tap).await?,
                Act::Read(count) => {
                    let mut left = *count;
                    while left > 0 {
                        match read(&mut tap, &mut octets, left).await? {
                            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                            taken => left -= taken,
                        }
                    }
                }
                Act::Send(octets) => tap.write_all(octets).await?,
                Act::Write(octets) => {
                    writes += 1;
                    let written = tap.write_all(octets).await;
                    match &written {
                        Ok(()) => observer.note(format!("write {writes}: {} octets", octets.len())),
                        // EPIPE or ECONNRESET: the kernel decides.
                        Err(_) => observer.note(format!("write {writes}: connection lost")),
                    }
                    written?;
                }
                Act::CueOrDeparture(name) => {
                    let departure = async { while matches!(read(&mut tap, &mut octets, usize::MAX).await, Ok(1..)) {} };
                    tokio::select! {
                        () = cue.wait(name) => {}
                        () = departure => {
                            observer.note("the peer has left");
                            return Ok(());
                        }
                    }
                }
                Act::Cue(name) => cue.wait(name).await,
                Act::Fin => {
                    tap.shutdown().await?;
                    drop(busy);
                    while read(&mut tap, &mut octets, usize::MAX).await? > 0 {}
                    return Ok(());
                }
                Act::Rst => return tap.abort().await,
                Act::Departure => while read(&mut tap, &mut octets, usize::MAX).await? > 0 {},
                Act::Hold => {
                    drop(busy);
                    load.hold().await;
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Reads what has arrived, at most so many octets, in place of what was read before; 0 at FIN.
async fn read(tap: &mut Tap, octets: &mut Vec<u8>, most: usize) -> io::Result<usize> {
    octets.clear();
    tap.read_buf(&mut octets.limit(most)).await
}

/// Reads up to the end of the header section and no further: what comes behind it stays in the socket.
async fn read_header_section(tap: &mut Tap) -> io::Result<()> {
    const END: &[u8] = b"\r\n\r\n";
    let mut head = Vec::new();
    while !head.ends_with(END) {
        let from = head.len();
        head.resize(from + 1024, 0);
        // What has arrived is looked at first, as each octet by itself would be a call of its own. A peer that ended, or
        // an error, is left to the read, which records it.
        let arrived = tap.peek(&mut head[from..]).await?.max(1);
        let around = from.saturating_sub(END.len() - 1);
        let end = memchr::memmem::find(&head[around..from + arrived], END).map(|at| around + at + END.len());
        let taken = tap.read(&mut head[from..end.unwrap_or(from + arrived)]).await?;
        if taken == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.truncate(from + taken);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Stage;
    use crate::until::{closed, octets};

    #[tokio::test]
    async fn a_request_is_read_to_its_end_and_no_further_however_it_comes() {
        const REQUESTS: &[u8] = b"GET /one HTTP/1.1\r\n\r\nGET /two HTTP/1.1\r\nA: \r\n\r\nbehind";
        for cut in 0..REQUESTS.len() {
            let script = scripted().request().send("one").request().send("two").departure().fin();
            let mut s = Stage::direct().start_raw(script).await;
            s.step("the reader sends both requests and more");
            s.reader.send(&REQUESTS[..cut]).await;
            // As soon as the first request is there, its answer comes; if it took octets of the second, that would not.
            if cut >= b"GET /one HTTP/1.1\r\n\r\n".len() {
                s.reader.until(octets("one")).await;
            }
            s.reader.send(&REQUESTS[cut..]).await;
            s.reader.until(octets("two")).await;
            s.reader.half_close().await;
            s.reader.until(closed()).await;
            s.finish().await;
        }
    }

    #[tokio::test]
    async fn a_reader_that_leaves_inside_its_request_ends_the_script() {
        let mut s = Stage::direct().start_raw(scripted().request().send("one").fin()).await;
        s.step("the reader half-closes inside the header section");
        s.reader.send("GET / HTTP/1.1\r\n\r").await;
        s.reader.half_close().await;
        s.reader.until(closed()).await;
        assert_eq!(s.finish().await.octets(crate::transcript::Lane::response(0)), b"");
    }
}
