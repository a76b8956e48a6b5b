//! What stands between two programs when one of them is not ours: it passes octets, FIN, RST and back-pressure on, both ways,
//! with a tap on one side.

use std::io;

use bytes::buf::Limit;
use bytes::{BufMut as _, BytesMut};
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::kernel::huge_pages;
use crate::tap::{Tap, reset};

/// Room for what is read, in octets: a little at first, and for who fills that, more and then a lot. What is read is written
/// from where it lies, and the tape holds it there, so that room is used once.
const ROOM: usize = 64 * 1024;
const ROOM_FOR_MORE: usize = 512 * 1024;
const ROOM_FOR_BULK: usize = 16 * 1024 * 1024;

/// Octets that are read at once: they are still in the processor's cache when they are written.
const AT_ONCE: usize = 256 * 1024;

/// Where octets go that are read next.
struct Room {
    memory: BytesMut,
    /// How much it was.
    octets: usize,
}

impl Room {
    fn new() -> Self {
        Self { memory: BytesMut::with_capacity(ROOM), octets: ROOM }
    }

    /// Room for `ROOM` octets at least, after so many were read; and for [`AT_ONCE`] at most.
    fn after(&mut self, last: usize) -> Limit<&mut BytesMut> {
        if self.memory.capacity() < ROOM {
            self.octets = match self.octets {
                _ if last < ROOM / 2 => ROOM,
                ROOM => ROOM_FOR_MORE,
                _ => ROOM_FOR_BULK,
            };
            // A huge page is cleared as a whole: for less than one the small pages of the heap are cheaper.
            let bulk = self.octets == ROOM_FOR_BULK;
            self.memory = if bulk { huge_pages(self.octets) } else { BytesMut::with_capacity(self.octets) };
        }
        (&mut self.memory).limit(AT_ONCE)
    }
}

/// Passes on what a program and its peer say to each other.
#[derive(Debug)]
pub struct Relay {
    outwards: watch::Sender<Outwards>,
}

/// How it stands with what the program sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outwards {
    /// It goes on as it comes.
    Free,
    /// It cannot go on, as the peer does not take it.
    Blocked,
    /// The program's FIN has gone on, or nothing does any more.
    Ended,
}

impl Default for Relay {
    fn default() -> Self {
        Self::new()
    }
}

impl Relay {
    /// One that has not begun.
    #[must_use]
    pub fn new() -> Self {
        Self { outwards: watch::Sender::new(Outwards::Free) }
    }

    /// How it stands with what the program sends.
    #[must_use]
    pub fn outwards(&self) -> watch::Receiver<Outwards> {
        self.outwards.subscribe()
    }

    /// Passes on until both directions have ended, or one side has failed: then the other is reset.
    pub async fn run(&self, peer: Tap, program: &TcpStream) {
        let passed = tokio::try_join!(inwards(&peer, program), outwards(program, &peer, &self.outwards));
        self.outwards.send_replace(Outwards::Ended);
        match passed {
            Ok(_) => {}
            Err(Failed::Program) => {
                if let Err(error) = peer.abort().await {
                    tracing::debug!(%error, "relay");
                }
            }
            Err(Failed::Peer) => {
                if let Err(error) = reset(program) {
                    tracing::debug!(%error, "relay");
                }
            }
        }
    }
}

/// Which side has failed.
enum Failed {
    Peer,
    Program,
}

async fn inwards(from: &Tap, program: &TcpStream) -> Result<(), Failed> {
    let (mut room, mut last) = (Room::new(), 0);
    loop {
        let octets = from.take(room.after(last)).await.map_err(|_| Failed::Peer)?;
        if octets.is_empty() {
            // The program may have closed already; then there is nothing left to end.
            let _closed_already = SockRef::from(program).shutdown(std::net::Shutdown::Write);
            return Ok(());
        }
        last = octets.len();
        let mut left = &octets[..];
        while !left.is_empty() {
            program.writable().await.map_err(|_| Failed::Program)?;
            match program.try_write(left) {
                Ok(count) => left = &left[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Err(Failed::Program),
            }
        }
    }
}

async fn outwards(program: &TcpStream, to: &Tap, state: &watch::Sender<Outwards>) -> Result<(), Failed> {
    let (mut room, mut last) = (Room::new(), 0);
    loop {
        program.readable().await.map_err(|_| Failed::Program)?;
        let mut room = room.after(last);
        last = match program.try_read_buf(&mut room) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(_) => return Err(Failed::Program),
        };
        if last == 0 {
            to.end().map_err(|_| Failed::Peer)?;
            state.send_replace(Outwards::Ended);
            return Ok(());
        }
        // Seen by nobody unless the write is blocked: there is one thread.
        state.send_replace(Outwards::Blocked);
        to.give(room.into_inner().split().freeze()).await.map_err(|_| Failed::Peer)?;
        state.send_replace(Outwards::Free);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::observer::Observer;
    use crate::patience;
    use crate::transcript::{Lane, Meant, Recorder, What, chain};

    /// More than the first room for bulk holds.
    const BULK: usize = 20 * 1024 * 1024;

    /// What the origin of a chain with a gateway is told, and what it says.
    const IN: Lane = Lane::request(1);
    const OUT: Lane = Lane::response(1);

    /// Octets of which none can be missing, doubled or moved unseen: their period is a prime, and `first` is among them.
    fn bulk(first: u8) -> Vec<u8> {
        let period: Vec<u8> = (0..65_521_u32).map(|at| first.wrapping_add(((at * at) >> 7) as u8)).collect();
        period.iter().copied().cycle().take(BULK).collect()
    }

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let one = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (one, listener.accept().await.unwrap().0)
    }

    /// A program and its peer, and what stands between them.
    struct Between {
        program: TcpStream,
        peer: TcpStream,
        relay: Relay,
        tap: Tap,
        to_program: TcpStream,
        observer: Observer,
    }

    impl Between {
        async fn new() -> Self {
            let (program, to_program) = pair().await;
            let (peer, to_peer) = pair().await;
            let recorder = Recorder::new(chain("c", &["p".into()], "o"), Meant::default());
            let observer = Observer::all(recorder).pop().unwrap();
            let tap = Tap::new(to_peer, observer.clone()).unwrap();
            Self { program, peer, relay: Relay::new(), tap, to_program, observer }
        }
    }

    async fn in_time<T>(played: impl Future<Output = T>) -> T {
        patience::within(played).await.expect("both sides end")
    }

    fn kept(observer: &Observer, lane: Lane) -> Vec<u8> {
        let mut recorder = observer.recorder();
        recorder.seal();
        recorder.transcript().octets(lane)
    }

    fn has(observer: &Observer, wanted: (Lane, What)) -> bool {
        observer.recorder().tape(observer.node()).has(|lane, what| (lane, what) == (wanted.0, &wanted.1))
    }

    #[tokio::test]
    async fn bulk_arrives_as_it_was_sent_and_is_kept_both_ways_and_each_fin_behind_it() {
        let Between { mut program, mut peer, relay, tap, to_program, observer } = Between::new().await;
        let (said, asked) = (bulk(0), bulk(1));
        let (mut hears, mut says) = program.split();
        let (mut reads, mut asks) = peer.split();
        let (mut heard, mut read) = (Vec::new(), Vec::new());
        let ends = async {
            tokio::try_join!(says.write_all(&said), asks.write_all(&asked)).unwrap();
            says.shutdown().await.unwrap();
            asks.shutdown().await.unwrap();
        };
        let read_on = async { tokio::try_join!(hears.read_to_end(&mut heard), reads.read_to_end(&mut read)).unwrap() };
        in_time(async { tokio::join!(relay.run(tap, &to_program), ends, read_on) }).await;
        // Not assert_eq: 20 MiB say nothing to anybody.
        assert!(heard == asked && read == said);
        assert!(kept(&observer, IN) == asked && kept(&observer, OUT) == said);
        assert!(has(&observer, (IN, What::Fin)) && has(&observer, (OUT, What::Fin)));
    }

    #[tokio::test]
    async fn a_program_that_resets_in_the_middle_of_bulk_resets_its_peer() {
        let Between { mut program, mut peer, relay, tap, to_program, observer } = Between::new().await;
        let said = bulk(0);
        let mut read = Vec::new();
        let ends = async {
            program.write_all(&said[..BULK / 2]).await.unwrap();
            reset(&program).unwrap();
        };
        let read_on = async { peer.read_to_end(&mut read).await.unwrap_err().kind() };
        let ((), (), ended) = in_time(async { tokio::join!(relay.run(tap, &to_program), ends, read_on) }).await;
        assert_eq!(ended, io::ErrorKind::ConnectionReset);
        let kept = kept(&observer, OUT);
        assert!(
            !kept.is_empty() && said.starts_with(&kept) && kept == read,
            "{} octets kept, {} read",
            kept.len(),
            read.len()
        );
        assert!(has(&observer, (OUT, What::Rst)) && !has(&observer, (OUT, What::Fin)));
    }

    #[tokio::test]
    async fn a_peer_that_resets_in_the_middle_of_bulk_resets_the_program() {
        let Between { mut program, mut peer, relay, tap, to_program, observer } = Between::new().await;
        let said = bulk(0);
        let mut read = vec![0; BULK / 2];
        let leaves = async {
            peer.read_exact(&mut read).await.unwrap();
            reset(&peer).unwrap();
        };
        let says = async { while program.write_all(&said).await.is_ok() {} };
        in_time(async { tokio::join!(relay.run(tap, &to_program), leaves, says) }).await;
        assert!(said.starts_with(&read) && kept(&observer, OUT).starts_with(&read));
        assert!(has(&observer, (IN, What::Rst)) && !has(&observer, (IN, What::Fin)));
    }

    #[tokio::test]
    async fn a_peer_that_does_not_read_stops_the_program_and_loses_nothing() {
        let Between { mut program, mut peer, relay, tap, to_program, observer } = Between::new().await;
        let said = bulk(0);
        let outwards = relay.outwards();
        let (mut read, mut rest) = (Vec::new(), None);
        let says = async {
            let mut left = &said[..];
            // Until both the program's kernel and the relay are full.
            while !left.is_empty() {
                match program.try_write(left) {
                    Ok(count) => left = &left[count..],
                    Err(_) if *outwards.borrow() == Outwards::Blocked => break,
                    Err(_) => tokio::task::yield_now().await,
                }
            }
            rest = Some(left.len());
            tokio::join!(
                async {
                    program.write_all(left).await.unwrap();
                    program.shutdown().await.unwrap()
                },
                async {
                    peer.read_to_end(&mut read).await.unwrap();
                    peer.shutdown().await.unwrap();
                }
            );
        };
        in_time(async { tokio::join!(relay.run(tap, &to_program), says) }).await;
        assert!(rest > Some(0), "all of it went though nobody read");
        assert!(read == said && kept(&observer, OUT) == said);
    }
}
