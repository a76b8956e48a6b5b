//! A reader that is scripted octet by octet: it reads only while it waits for something, and can half-close and abort.

use std::io;
use std::panic::Location;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::Reader;
use crate::kernel::{Unread, unread};
use crate::observer::Observer;
use crate::patience;
use crate::tap::Tap;
use crate::until::Until;

/// The raw reader.
#[derive(Debug)]
pub struct Raw {
    tap: Option<Tap>,
    observer: Observer,
}

impl Reader for Raw {
    const ABOUT: &'static str = "a raw reader";

    fn on(tap: Tap) -> Self {
        Self { observer: tap.observer().clone(), tap: Some(tap) }
    }

    fn observer(&self) -> &Observer {
        &self.observer
    }

    async fn take_arrived(&mut self) {
        let Some(tap) = &mut self.tap else { return };
        while tap.socket().upgrade().is_some_and(|socket| unread(&*socket) != Unread::Nothing) {
            if !read_once(tap).await {
                return;
            }
        }
    }

    fn has_left(&self) -> bool {
        self.tap.is_none()
    }

    async fn close(mut self) {
        // Read what is left, so that closing sends FIN and no RST.
        if let Some(mut tap) = self.tap.take()
            && tap.shutdown().await.is_ok()
        {
            while !tap.incoming_ended() && read_once(&mut tap).await {}
        }
    }
}

/// Whether there may be more.
async fn read_once(tap: &mut Tap) -> bool {
    let mut octets = Vec::with_capacity(64 * 1024);
    matches!(tap.read_buf(&mut octets).await, Ok(1..))
}

impl Raw {
    fn tap(&mut self) -> &mut Tap {
        self.tap.as_mut().expect("a reader that has left cannot act any more")
    }

    /// Sends these octets.
    ///
    /// # Panics
    /// When the connection is gone, or the octets cannot be sent within the bound of [`patience`].
    #[track_caller]
    pub fn send(&mut self, octets: impl AsRef<[u8]> + Send) -> impl Future<Output = ()> + Send {
        let caller = Location::caller();
        async move {
            let observer = self.observer.clone();
            let sent = self.tap().write_all(octets.as_ref());
            let sent = patience::wait("octets to be sent", caller, || observer.so_far(), sent).await;
            sent.unwrap_or_else(|error| panic!("failed to send: {error}\n{}", observer.so_far()));
        }
    }

    /// Reads until the effect is there; it then belongs to the present step.
    ///
    /// # Panics
    /// When the effect does not come.
    #[track_caller]
    pub fn until(&mut self, until: Until) -> impl Future<Output = ()> + Send {
        let caller = Location::caller();
        async move {
            let observer = self.observer.clone();
            let mut search = observer.search(&until);
            let effect = async {
                let mut more = true;
                while !observer.claim(&mut search) {
                    observer.raise();
                    if !more {
                        panic!(
                            "waited for {}, but the connection has ended (at {}:{})\n{}",
                            until.awaited(),
                            caller.file(),
                            caller.line(),
                            observer.so_far()
                        );
                    }
                    observer.assert_recorded(caller);
                    more = read_once(self.tap()).await;
                }
            };
            patience::wait(until.awaited(), caller, || observer.so_far(), effect).await;
        }
    }

    /// Ends its own direction with FIN and goes on reading.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn half_close(&mut self) {
        let ended: io::Result<()> = self.tap().shutdown().await;
        ended.expect("a connected socket can be half-closed");
    }

    /// Closes the connection in order. What had arrived and was not awaited is forgotten.
    pub fn leave(&mut self) {
        self.observer.forget_unclaimed();
        drop(self.tap.take());
    }

    /// Resets the connection. What had arrived and was not awaited is forgotten.
    ///
    /// # Panics
    /// When the kernel refuses.
    pub async fn abort(&mut self) {
        self.observer.forget_unclaimed();
        if let Some(tap) = self.tap.take() {
            tap.abort().await.expect("a connected socket can be reset");
        }
    }
}
