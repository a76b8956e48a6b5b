//! What stands between two programs when one of them is not ours: it passes octets, FIN, RST and back-pressure on, both ways,
//! with a tap on one side.

use std::io;

use bytes::buf::Limit;
use bytes::{BufMut as _, BytesMut};
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::kernel::prefer_huge_pages;
use crate::tap::{Tap, reset};

/// Room for what is read, in octets: a little at first, and for who fills that, a lot. What is read is written from where it
/// lies, and the tape holds it there, so that room is used once.
const ROOM: usize = 64 * 1024;
const ROOM_FOR_BULK: usize = 8 * 1024 * 1024;

/// Octets that are read at once: they are still in the processor's cache when they are written.
const AT_ONCE: usize = 256 * 1024;

/// Where octets go that are read next.
struct Room(BytesMut);

impl Room {
    fn new() -> Self {
        Self(BytesMut::with_capacity(ROOM))
    }

    /// Room for `ROOM` octets at least, after so many were read; and for [`AT_ONCE`] at most.
    fn after(&mut self, last: usize) -> Limit<&mut BytesMut> {
        if self.0.capacity() < ROOM {
            let bulk = last >= ROOM / 2;
            self.0 = BytesMut::with_capacity(if bulk { ROOM_FOR_BULK } else { ROOM });
            if bulk {
                prefer_huge_pages(self.0.spare_capacity_mut());
            }
        }
        (&mut self.0).limit(AT_ONCE)
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
