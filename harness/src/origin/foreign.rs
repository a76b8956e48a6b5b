//! A server that is a program of its own: started, owned, spoken to by lines, and relayed octet by octet.
//!
//! The program is called with an address and the name of a variant. It prints lines, and reads lines:
//!
//! | line | direction | meaning |
//! |---|---|---|
//! | `listening on 127.0.0.1:1234` | out | it accepts connections there |
//! | `note flush 1: ok` | out | what a call told the handler |
//! | `waits deadline` | out | the handler waits for this cue |
//! | `blocks deadline` | out | a call of the handler's is about to block, and a task beside it waits for this cue; heard when the peer takes no more |
//! | `cue deadline` | in | it may go on |
//! | `keeps` | out | the handler has taken its connection and leaves it open for good: no case waits for its end |
//! | `done` | out | the handler has ended |
//!
//! One line is heard at a time: what is said behind a wait is heard when its cue has been given. A program writes first and
//! speaks of it then, and so it is recorded. That nothing is recorded of a blocked call before its cue needs a program whose
//! own send buffer is small, and a stage that is [`clamped`](crate::stage::Stage::clamped).

use std::io::{self, Read as _, Seek as _};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::{Mutex, Notify, watch};

use super::{Connection, Cue, Program};
use crate::kernel::{Unread, die_with_parent, unread};
use crate::observer::Observer;
use crate::patience;
use crate::reader::CLAMPED;
use crate::relay::{Outwards, Relay};

/// Which program, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The executable.
    pub path: PathBuf,
    /// The variant that it is told to play.
    pub variant: String,
    /// What it is, for the chain: `go 1.22`.
    pub about: String,
}

/// A running program.
#[derive(Debug)]
pub(crate) struct Running {
    about: String,
    address: SocketAddr,
    clamped: bool,
    speech: Mutex<Option<Speech>>,
    _process: Process,
}

/// A process that is gone, and waited for, when this is.
#[derive(Debug)]
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.0.kill().and_then(|()| self.0.wait()) {
            tracing::warn!(%error, "a program that is to end");
        }
    }
}

#[derive(Debug)]
struct Speech {
    said: Lines<BufReader<ChildStdout>>,
    told: ChildStdin,
}

impl Foreign {
    /// Starts the program on a fresh loopback address and waits until it listens. `clamped` connections to it take few octets
    /// ahead of the peer.
    pub(crate) async fn start(&self, on: IpAddr, clamped: bool) -> io::Result<Running> {
        let mut log = tempfile::tempfile()?;
        let mut command = Command::new(&self.path);
        command.arg(SocketAddr::new(on, 0).to_string()).arg(&self.variant);
        command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log.try_clone()?);
        let mut process = Process(die_with_parent(&mut command).spawn()?);
        let (Some(told), Some(said)) = (process.0.stdin.take(), process.0.stdout.take()) else {
            return Err(io::Error::other("no pipes to the program"));
        };
        let (told, said) = (ChildStdin::from_std(told)?, ChildStdout::from_std(said)?);
        let mut said = BufReader::new(said).lines();
        let Some(first) = patience::within(said.next_line()).await else {
            return Err(io::Error::other(format!("it does not listen within {} ms", patience::bound().as_millis())));
        };
        let first = first?.unwrap_or_default();
        let address = first.strip_prefix("listening on ").and_then(|address| address.parse().ok());
        let Some(address) = address else {
            drop(process);
            let mut logged = String::new();
            log.rewind()?;
            log.read_to_string(&mut logged)?;
            return Err(io::Error::other(format!(
                "expected `listening on ADDRESS` from {}, got {first:?}; it logs {logged:?}",
                self.path.display()
            )));
        };
        let speech = Mutex::new(Some(Speech { said, told }));
        Ok(Running { about: self.about.clone(), address, clamped, speech, _process: process })
    }
}

impl Program for Running {
    fn about(&self) -> String {
        self.about.clone()
    }

    fn serve(self: Arc<Self>, connection: Connection) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let busy = connection.busy();
            let Connection { tap, cue, load, sources } = connection;
            let observer = tap.observer().clone();
            let socket = match self.connect().await {
                Ok(socket) => Arc::new(socket),
                Err(error) => panic!("failed to connect to {}: {error}", self.about),
            };
            sources.add(&socket);
            // One program plays one request of one variant; a further connection is relayed and says nothing.
            let speech = self.speech.lock().await.take();
            let relay = Relay::new();
            let let_go = Notify::new();
            let speaking = async {
                let mut keeps = false;
                if let Some(speech) = speech {
                    keeps = speech.until_done(&cue, &observer, &socket, relay.outwards()).await;
                }
                drop(busy);
                if keeps {
                    load.hold().await;
                    let_go.notify_one();
                }
            };
            let relaying = async {
                tokio::select! {
                    () = relay.run(tap, &socket) => {}
                    () = let_go.notified() => {}
                }
            };
            tokio::join!(relaying, speaking);
        })
    }
}

impl Running {
    async fn connect(&self) -> io::Result<TcpStream> {
        let socket = if self.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        if self.clamped {
            socket.set_recv_buffer_size(CLAMPED)?;
        }
        socket.connect(self.address).await
    }
}

impl Speech {
    /// Hears the program. Before a line counts, everything that the program has done to its socket, its end too, is on the
    /// tape, or cannot go there because the peer takes no more. Returns whether it keeps the connection open for good.
    async fn until_done(
        mut self,
        cue: &Cue,
        observer: &Observer,
        socket: &TcpStream,
        mut outwards: watch::Receiver<Outwards>,
    ) -> bool {
        let mut keeps = false;
        // A program that ends without a word has ended: what it left undone the lanes show.
        while let Ok(Some(line)) = self.said.next_line().await {
            while unread(socket) != Unread::Nothing && *outwards.borrow() == Outwards::Free {
                tokio::task::yield_now().await;
            }
            match line.split_once(' ') {
                Some(("note", note)) => observer.note(note),
                Some((wait @ ("waits" | "blocks"), name)) => {
                    if wait == "blocks" {
                        // The relay outlives this, so the wait cannot fail.
                        drop(outwards.wait_for(|outwards| *outwards != Outwards::Free).await);
                    }
                    cue.wait(name).await;
                    let line = format!("cue {name}\n");
                    if self.told.write_all(line.as_bytes()).await.is_err() {
                        break;
                    }
                }
                _ if line == "keeps" => keeps = true,
                _ if line == "done" => break,
                _ => panic!("expected a note, a wait, `keeps` or `done` from the program, got {line:?}"),
            }
        }
        keeps
    }
}
