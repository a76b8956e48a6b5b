//! Composes a chain, starts it, and gives it over as a [`Scene`], which names the steps, owns every task, and finishes.

mod scene;

use std::net::IpAddr;
use std::panic::Location;
use std::sync::Arc;

use crate::address;
use crate::gateway::{CannotStart, Gateway};
use crate::observer::Observer;
use crate::origin::{Foreign, Program, Service};
use crate::reader::{self, Library, Raw, Reader};
use crate::tap::Tap;
use crate::transcript::{MOST_RECORDED, Meant, Recorder, chain};

pub use scene::{Origin, Scene};

/// A chain before it stands: the gateways come from whoever runs the case, the origin and what it meant to send from the
/// case.
#[derive(Debug, Clone, Default)]
pub struct Stage {
    gateways: Vec<Gateway>,
    meant: Meant,
    clamped: bool,
    witness: Option<Foreign>,
    room: Option<usize>,
}

impl Stage {
    /// Reader and origin with nothing between.
    #[must_use]
    pub fn direct() -> Self {
        Self::default()
    }

    /// Puts a gateway between what stands already and the origin.
    #[must_use]
    pub fn through(mut self, gateway: Gateway) -> Self {
        self.gateways.push(gateway);
        self
    }

    /// Puts a program of its own in the place of the case's origin: the same steps, played by the real thing.
    #[must_use]
    pub fn witness(mut self, program: Foreign) -> Self {
        self.witness = Some(program);
        self
    }

    /// Whether the reader talks to the origin itself.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        self.gateways.is_empty()
    }

    /// Says what the application would have sent had nothing gone wrong.
    #[must_use]
    pub fn meant(mut self, meant: Meant) -> Self {
        self.meant = meant;
        self
    }

    /// Gives the reader's and the origin's sockets the smallest buffers, so that a write blocks after about 10 kB.
    #[must_use]
    pub fn clamped(mut self) -> Self {
        self.clamped = true;
        self
    }

    /// Records so many octets at each observer and no more, in place of [`MOST_RECORDED`]. A case whose peers send more
    /// fails, and says so.
    #[must_use]
    pub fn room(mut self, octets: usize) -> Self {
        self.room = Some(octets);
        self
    }

    /// Starts the chain with hyper's client as the reader.
    ///
    /// # Panics
    /// With [`CannotStart`] when a part of the chain does not start.
    #[track_caller]
    pub fn start(self, program: impl Program) -> impl Future<Output = Scene<Library>> + Send {
        self.begin(program, Location::caller())
    }

    /// Starts the chain with a raw reader.
    ///
    /// # Panics
    /// With [`CannotStart`] when a part of the chain does not start.
    #[track_caller]
    pub fn start_raw(self, program: impl Program) -> impl Future<Output = Scene<Raw>> + Send {
        self.begin(program, Location::caller())
    }

    async fn begin<R: Reader>(self, program: impl Program, caller: &'static Location<'static>) -> Scene<R> {
        let relayed = self.witness.is_some();
        let program: Arc<dyn Program> = match &self.witness {
            None => Arc::new(program),
            Some(witness) => match witness.start(address::next(), self.clamped).await {
                Ok(running) => Arc::new(running),
                Err(error) => cannot_start(&witness.about, &error.to_string()),
            },
        };
        let abouts: Vec<String> = self.gateways.iter().map(Gateway::about).collect();
        let recorder = Recorder::new(chain(R::ABOUT, &abouts, &program.about()), self.meant);
        let recorder = recorder.with_room(self.room.unwrap_or(MOST_RECORDED));
        let mut observers = Observer::all(recorder);
        let at_origin = observers.pop().expect("a chain has an origin");
        let at_reader = observers.swap_remove(0);
        // Each node listens where the one before it reaches it; the reader reaches every loopback address.
        let listens = std::iter::once(Ok(address::next())).chain(self.gateways.iter().map(Gateway::reaches));
        let mut listens: Vec<IpAddr> =
            listens.collect::<Result<_, _>>().unwrap_or_else(|error| std::panic::panic_any(error));
        let mut on = || listens.pop().expect("a chain has a node to listen for each address");
        let origin = Service::start(on(), self.clamped, program, at_origin)
            .unwrap_or_else(|error| cannot_start("the origin", &error.to_string()));

        let mut gateways = Vec::new();
        let mut next = origin.address;
        for gateway in self.gateways.iter().rev() {
            let running = gateway.start(next, on()).await.unwrap_or_else(|error| std::panic::panic_any(error));
            at_reader.add_log(running.log());
            next = running.address();
            gateways.push(running);
        }
        let socket = reader::connect(next, self.clamped, &at_reader, caller).await;
        let tap = socket.and_then(|socket| Tap::new(socket, at_reader.clone()));
        let tap = tap.unwrap_or_else(|error| cannot_start("the reader", &error.to_string()));
        // Whoever clamps wants a write that blocks, and what is not acknowledged yet fills a small buffer.
        if gateways.is_empty() && !self.clamped {
            at_reader.acknowledges_late(&tap.socket());
        }
        Scene { reader: R::on(tap), origin: Origin { service: origin, relayed }, gateways, first: next, steps: 0 }
    }
}

fn cannot_start(what: &str, why: &str) -> ! {
    std::panic::panic_any(CannotStart { what: what.to_owned(), why: why.to_owned() })
}
