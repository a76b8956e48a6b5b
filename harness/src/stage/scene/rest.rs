//! A chain at rest: where nothing moves any more, whatever has happened can be told without knowing what to wait for.

use std::panic::Location;

use super::{Scene, in_order, sealed, stopped};
use crate::origin::Service;
use crate::patience;
use crate::reader::Reader;
use crate::transcript::Transcript;

impl<R: Reader> Scene<R> {
    /// Reads whatever comes until nothing moves any more, and claims all of it for the present step. Nothing moves when
    /// everything that the origin has sent is acknowledged and a fence comes through while no observer has anything to
    /// record: no party waits for another then, but perhaps for a clock. Only behind an origin whose octets nobody but the
    /// stage's own runtime writes is that so.
    ///
    /// When a gateway closes a connection on which nothing is under way is its own business: unless `idle_ends` are asked for,
    /// that it has is forgotten.
    ///
    /// # Panics
    /// When it does not come to rest, or the fence does not come through.
    #[track_caller]
    pub fn rest(&mut self, idle_ends: bool) -> impl Future<Output = ()> + Send {
        let caller = Location::caller();
        async move {
            let observer = self.reader.observer().clone();
            let rests = async {
                loop {
                    let written = observer.recorder().written();
                    self.reader.take_arrived().await;
                    while !self.origin.service.is_acknowledged().expect("the kernel tells what it has not sent") {
                        tokio::task::yield_now().await;
                        self.reader.take_arrived().await;
                    }
                    self.pass(caller).await;
                    self.reader.take_arrived().await;
                    if observer.recorder().written() == written {
                        return;
                    }
                }
            };
            patience::wait("everything to come to rest", caller, || observer.so_far(), rests).await;
            if !idle_ends {
                observer.forget_the_end_of_an_idle_connection();
            }
            observer.claim_all();
            self.origin.service.observer.claim_all();
        }
    }

    /// Whether the reader's connection has ended: by its own doing, or by the other side's as far as the reader has read.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.reader.has_left() || self.reader.observer().incoming_ended()
    }

    /// Lets a handler go on that waits for this cue, and says whether one does. Where the transcript is to have it as a
    /// [`Pause`](crate::transcript::Pause), say `apart`. Call it at [`Scene::rest`].
    pub fn go_on(&mut self, name: &str, apart: bool) -> bool {
        let Service { observer, cue, .. } = &self.origin.service;
        let waits = observer.recorder().tape(observer.node()).has_mark(name);
        if waits {
            if apart {
                observer.pause();
            }
            cue.give(name);
        }
        waits
    }

    /// Ends the case at [`Scene::rest`], whatever the origin still waits for: takes everything down, and raises again what
    /// any task has raised.
    ///
    /// # Panics
    /// When a gateway complained gravely, or a task panicked.
    #[track_caller]
    pub fn finish_at_rest(mut self) -> impl Future<Output = Transcript> + Send {
        let caller = Location::caller();
        async move {
            self.origin.service.raised();
            let transcript = sealed(self.reader.observer(), caller);
            self.origin.service.cue.open();
            self.origin.service.release();
            // First, so that whoever waits for them finds the connection ended.
            let stopped = stopped(std::mem::take(&mut self.gateways));
            let observer = self.reader.observer().clone();
            patience::wait("the reader to end", caller, || observer.so_far(), self.reader.close()).await;
            self.origin.service.stop(caller).await;
            in_order(&stopped, &transcript);
            transcript
        }
    }
}
