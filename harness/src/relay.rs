//! What stands between two programs when one of them is not ours: it passes octets, FIN, RST and back-pressure on, both ways,
//! with a tap on one side.

use std::io;

use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::tap::{Tap, reset};

/// Octets that are read at once.
const ROOM: usize = 128 * 1024;

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
        let (mut from_peer, mut to_peer) = tokio::io::split(peer);
        let passed =
            tokio::try_join!(inwards(&mut from_peer, program), outwards(program, &mut to_peer, &self.outwards));
        self.outwards.send_replace(Outwards::Ended);
        match passed {
            Ok(_) => {}
            Err(Failed::Program) => {
                let peer = from_peer.unsplit(to_peer);
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

async fn inwards(from: &mut ReadHalf<Tap>, program: &TcpStream) -> Result<(), Failed> {
    let mut octets = vec![0; ROOM];
    loop {
        let count = from.read(&mut octets).await.map_err(|_| Failed::Peer)?;
        if count == 0 {
            // The program may have closed already; then there is nothing left to end.
            let _closed_already = SockRef::from(program).shutdown(std::net::Shutdown::Write);
            return Ok(());
        }
        let mut left = &octets[..count];
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

async fn outwards(program: &TcpStream, to: &mut WriteHalf<Tap>, state: &watch::Sender<Outwards>) -> Result<(), Failed> {
    let mut octets = vec![0; ROOM];
    loop {
        program.readable().await.map_err(|_| Failed::Program)?;
        let count = match program.try_read(&mut octets) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(_) => return Err(Failed::Program),
        };
        if count == 0 {
            to.shutdown().await.map_err(|_| Failed::Peer)?;
            state.send_replace(Outwards::Ended);
            return Ok(());
        }
        // Seen by nobody unless the write is blocked: there is one thread.
        state.send_replace(Outwards::Blocked);
        to.write_all(&octets[..count]).await.map_err(|_| Failed::Peer)?;
        state.send_replace(Outwards::Free);
    }
}
