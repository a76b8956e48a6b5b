//! An origin that sends exactly the octets it is told, when it is told.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Connection, Program};

#[derive(Debug, Clone)]
enum Act {
    Request,
    Send(Vec<u8>),
    Cue(String),
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

    /// Sends these octets, in one write if the socket takes them.
    #[must_use]
    pub fn send(self, octets: impl AsRef<[u8]>) -> Self {
        self.and(Act::Send(octets.as_ref().to_vec()))
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
        let mut octets = vec![0; 64 * 1024];
        for act in &self.acts {
            match act {
                Act::Request => read_header_section(&mut tap).await?,
                Act::Send(octets) => tap.write_all(octets).await?,
                Act::Cue(name) => cue.wait(name).await,
                Act::Fin => {
                    tap.shutdown().await?;
                    drop(busy);
                    while tap.read(&mut octets).await? > 0 {}
                    return Ok(());
                }
                Act::Rst => return tap.abort().await,
                Act::Departure => while tap.read(&mut octets).await? > 0 {},
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

/// Reads octet by octet: what comes behind the header section stays in the socket.
async fn read_header_section(tap: &mut crate::tap::Tap) -> io::Result<()> {
    let mut head = Vec::new();
    let mut octet = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if tap.read(&mut octet).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.push(octet[0]);
    }
    Ok(())
}
