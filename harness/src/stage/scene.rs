//! A chain that stands: the steps of a case, its fences, and its end.

mod rest;

use std::net::SocketAddr;
use std::panic::Location;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::gateway::Running;
use crate::observer::Observer;
use crate::origin::{Cue, Service};
use crate::patience;
use crate::reader::Reader;
use crate::transcript::Transcript;
use crate::until::Until;

/// A chain that stands.
#[derive(Debug)]
pub struct Scene<R> {
    /// Who asks.
    pub reader: R,
    /// Who answers.
    pub origin: Origin,
    pub(super) gateways: Vec<Running>,
    pub(super) first: SocketAddr,
    pub(super) steps: usize,
}

/// The origin, as a case sees it.
#[derive(Debug)]
pub struct Origin {
    pub(super) service: Service,
    pub(super) relayed: bool,
}

impl Origin {
    /// Waits until the effect is there, at the origin; it then belongs to the present step.
    ///
    /// # Panics
    /// When the effect does not come.
    #[track_caller]
    pub fn until(&mut self, until: Until) -> impl Future<Output = ()> + Send {
        let caller = Location::caller();
        async move { self.service.observer.until(until, caller).await }
    }

    /// Claims what the handler was told by now, as far as it comes behind what was awaited: it belongs to the present step. Of a
    /// call that returns at once, and whose effect was awaited, that is so on every run.
    pub fn claim_notes(&mut self) {
        self.service.observer.claim_notes();
    }

    /// Whether a program of its own plays the part. The relay before it reads, and records, what the program leaves unread: the
    /// FIN of a gateway, too.
    #[must_use]
    pub fn is_relayed(&self) -> bool {
        self.relayed
    }

    /// How a case tells the handler to go on, inside a step.
    #[must_use]
    pub fn cue(&self) -> &Cue {
        &self.service.cue
    }
}

impl<R: Reader> Scene<R> {
    /// Begins a step that the case itself acts in.
    pub fn step(&mut self, text: &str) {
        self.steps += 1;
        self.reader.observer().recorder().step(text);
    }

    /// Begins a step by giving a cue: waits until the handler waits for it (what the handler did up to there belongs to
    /// the step before), then lets it go.
    ///
    /// # Panics
    /// When the handler does not come to wait for it.
    #[track_caller]
    pub fn cue(&mut self, name: &str, text: &str) -> impl Future<Output = ()> + Send {
        let caller = Location::caller();
        async move {
            self.origin.service.observer.until(crate::until::waiting(name), caller).await;
            self.step(text);
            self.origin.service.cue.give(name);
        }
    }

    /// Waits until the handler waits for this cue, and lets it go inside the present step.
    ///
    /// # Panics
    /// When the handler does not come to wait for it.
    #[track_caller]
    pub fn release(&mut self, name: &str) -> impl Future<Output = ()> + Send {
        let caller = Location::caller();
        async move {
            self.origin.service.observer.until(crate::until::waiting(name), caller).await;
            self.origin.service.cue.give(name);
        }
    }

    /// The same, but not before what the handler has sent is through: whether a gateway finds two writes in one read would be
    /// the kernel's mood. The transcript has it as a [`Pause`](crate::transcript::Pause).
    ///
    /// # Panics
    /// When the handler does not come to wait for it, or the fence does not come through.
    #[track_caller]
    pub fn release_apart(&mut self, name: &str) -> impl Future<Output = ()> + Send {
        let caller = Location::caller();
        async move {
            let observer = &self.origin.service.observer;
            observer.until(crate::until::waiting(name), caller).await;
            observer.pause();
            self.fence(caller).await;
            self.origin.service.cue.give(name);
        }
    }

    /// Looks at what the origin's octets so far have brought to the reader. Behind a fence that is a fact: what has
    /// arrived belongs to the present step, and if nothing has, the transcript says so.
    ///
    /// # Panics
    /// When the fence does not come through.
    #[track_caller]
    pub fn look(&mut self) -> impl Future<Output = ()> + Send {
        let caller = Location::caller();
        async move {
            let observer = self.reader.observer().clone();
            let looked = async {
                self.fence(caller).await;
                self.reader.take_arrived().await;
            };
            patience::wait("what the origin has sent to pass", caller, || observer.so_far(), looked).await;
            if observer.nothing_unclaimed() {
                observer.silence();
            } else {
                observer.claim_all();
            }
        }
    }

    /// Waits until every gateway has dealt with all that has been done to it so far, a departure included; unlike
    /// [`Scene::look`] it looks at nothing.
    ///
    /// # Panics
    /// When the fence does not come through.
    #[track_caller]
    pub fn settle(&mut self) -> impl Future<Output = ()> + Send {
        let caller = Location::caller();
        async move {
            let observer = self.reader.observer().clone();
            let settled = self.fence(caller);
            patience::wait("what the origin has sent to pass", caller, || observer.so_far(), settled).await;
        }
    }

    /// Sends `request` to the first gateway over a connection of its own, and waits until the gateway ends that
    /// connection without an answer; none of it is in the transcript. A gateway's own time-out can so be a case's clock: what
    /// the gateway ends here has waited for as long as its configuration says, so the reader's stream, begun before, has too.
    ///
    /// # Panics
    /// When there is no gateway, it does not take the request, does not end the connection, or answers: then it has not
    /// waited.
    #[track_caller]
    pub fn outlast(&mut self, request: &str) -> impl Future<Output = ()> + Send {
        let caller = Location::caller();
        let request = request.to_owned();
        async move {
            assert!(!self.gateways.is_empty(), "there is no gateway whose clock could run");
            let observer = self.reader.observer();
            let outlasted = async {
                let mut socket = TcpStream::connect(self.first).await?;
                socket.write_all(request.as_bytes()).await?;
                let mut answer = Vec::new();
                socket.read_to_end(&mut answer).await?;
                std::io::Result::Ok(answer)
            };
            let ended = patience::wait("the gateway to time out", caller, || observer.so_far(), outlasted).await;
            let answer = ended.map(|answer| String::from_utf8_lossy(&answer).into_owned());
            assert!(
                answer.as_ref().is_ok_and(String::is_empty),
                "the connection beside did not end in order and without an answer: {answer:?}\n{}",
                observer.so_far()
            );
        }
    }

    /// Sees to it that every octet that the origin has sent has passed the gateways as far as it ever will without
    /// another event: all of them are acknowledged, and then one whole request and response goes through the same
    /// single worker of each gateway. Without a bound of its own.
    async fn fence(&mut self, caller: &'static Location<'static>) {
        self.origin.service.acknowledged().await;
        if !self.gateways.is_empty() {
            self.pass(caller).await;
        }
    }

    /// Sends a whole request and response to the origin over a connection of its own, on the way of the reader's.
    async fn pass(&mut self, caller: &'static Location<'static>) {
        let observer = self.reader.observer();
        let passed = async {
            let mut socket = TcpStream::connect(self.first).await?;
            let mut request = crate::origin::FENCE.to_vec();
            request.extend_from_slice(b"HTTP/1.1\r\nHost: fence\r\nConnection: close\r\n\r\n");
            socket.write_all(&request).await?;
            let mut response = Vec::new();
            socket.read_to_end(&mut response).await?;
            std::io::Result::Ok(response.starts_with(b"HTTP/1.1 200 ") && response.ends_with(b"fence"))
        };
        let passed = passed.await;
        assert!(
            matches!(passed, Ok(true)),
            "the fence does not stand: {passed:?} (at {}:{})\n{}",
            caller.file(),
            caller.line(),
            observer.so_far()
        );
    }

    /// Ends the case: waits for what is under way at the origin, seals the record, takes everything down, and raises
    /// again what any task has raised.
    ///
    /// # Panics
    /// When a handler does not end, a gateway complained gravely, or a task panicked.
    #[track_caller]
    pub fn finish(self) -> impl Future<Output = Transcript> + Send {
        self.end(Location::caller())
    }

    async fn end(mut self, caller: &'static Location<'static>) -> Transcript {
        assert!(self.steps > 0, "a case has at least one step (at {}:{})", caller.file(), caller.line());
        let Origin { service: mut origin, .. } = self.origin;
        origin.raised();
        origin.settled(caller).await;
        self.reader.last_words(caller).await;
        self.reader.observer().forget_the_end_of_an_idle_connection();
        origin.observer.forget_the_end_of_an_idle_connection();
        let transcript = sealed(self.reader.observer(), caller);
        let observer = self.reader.observer().clone();

        // Before the reader goes: it reads until the other side ends, and a held connection is ended by nobody else.
        origin.release();
        patience::wait("the reader to end", caller, || observer.so_far(), self.reader.close()).await;
        let stopped = stopped(self.gateways);
        origin.stop(caller).await;
        in_order(&stopped, &transcript);
        transcript
    }
}

/// What was recorded; nothing is from here on.
fn sealed(observer: &Observer, caller: &'static Location<'static>) -> Transcript {
    observer.assert_recorded(caller);
    observer.recorder().seal();
    observer.recorder().transcript()
}

/// Ends the gateways: what is to be said of those that did not end in order.
fn stopped(gateways: Vec<Running>) -> Vec<String> {
    gateways.into_iter().filter_map(|running| running.stop().err()).collect()
}

fn in_order(stopped: &[String], transcript: &Transcript) {
    assert!(
        stopped.is_empty(),
        "{}\n{}",
        stopped.join("\n"),
        crate::render::render(transcript, &crate::render::Redactions::all())
    );
}
