//! hyper's client as the reader: what a library reports is the third account.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body, Frame, SizeHint};
use hyper::{Request, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::Reader;
use crate::kernel::{Unread, unread};
use crate::observer::Observer;
use crate::patience;
use crate::tap::Tap;
use crate::tasks::reraise;
use crate::until::Until;

/// The reader that is hyper's client.
#[derive(Debug)]
pub struct Library {
    tap: Lent,
    observer: Observer,
    tasks: JoinSet<()>,
    asked: bool,
    report: Option<oneshot::Receiver<String>>,
}

impl Reader for Library {
    const ABOUT: &'static str = "hyper's client";

    fn on(tap: Tap) -> Self {
        let observer = tap.observer().clone();
        Self { tap: Lent::new(tap), observer, tasks: JoinSet::new(), asked: false, report: None }
    }

    fn observer(&self) -> &Observer {
        &self.observer
    }

    async fn take_arrived(&mut self) {
        // The task that drives hyper reads; this only gives it its turns.
        while self.tap.unread() != Unread::Nothing && !self.observer.incoming_ended() {
            tokio::task::yield_now().await;
        }
    }

    fn has_left(&self) -> bool {
        self.tap.is_gone()
    }

    async fn last_words(&mut self, caller: &'static Location<'static>) {
        if self.has_left() {
            return;
        }
        if self.observer.response_has_ended() {
            self.reported(caller).await;
        } else if self.report.is_some() {
            self.observer.says("still waiting");
        }
    }

    async fn close(mut self) {
        self.tasks.abort_all();
        while let Some(ended) = self.tasks.join_next().await {
            reraise(ended);
        }
        if self.tap.shutdown().await.is_ok() {
            let mut octets = vec![0; 64 * 1024];
            while matches!(self.tap.read(&mut octets).await, Ok(1..)) {}
        }
    }
}

impl Library {
    /// Asks for `target` with GET, and goes on reading until the response ends or the case is over.
    ///
    /// # Panics
    /// When called a second time, or when the target is no request-target.
    pub fn get(&mut self, target: &str) {
        let request = Request::get(target).header("Host", "mve.test").header("Accept", "text/event-stream");
        self.ask(request.body(Empty::<Bytes>::new()).expect("the target is a request-target"));
    }

    /// Asks for `target` with POST, keeps the one octet of content that it announces until the case is over, and goes on
    /// reading as [`Library::get`] does. A gateway that passes content on as it comes waits for that octet, and its clock
    /// for the response does not run yet.
    ///
    /// # Panics
    /// As [`Library::get`].
    pub fn post_without_content(&mut self, target: &str) {
        let request = Request::post(target).header("Host", "mve.test").header("Accept", "text/event-stream");
        self.ask(request.body(Kept).expect("the target is a request-target"));
    }

    fn ask<B>(&mut self, request: Request<B>)
    where
        B: Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static,
    {
        assert!(!std::mem::replace(&mut self.asked, true), "one request a reader");
        let (tell, report) = oneshot::channel();
        self.report = Some(report);
        self.tasks.spawn(exchange(self.tap.clone(), request, tell));
    }

    /// Waits until the effect is there; it then belongs to the present step. Where the response has ended on the wire,
    /// this waits for the library's report of it too.
    ///
    /// # Panics
    /// When the effect or the report does not come.
    #[track_caller]
    pub fn until(&mut self, until: Until) -> impl Future<Output = ()> + Send {
        let caller = Location::caller();
        async move {
            let has_report = until.ends_response() && self.asked;
            self.observer.until(until, caller).await;
            if has_report {
                self.reported(caller).await;
            }
        }
    }

    /// Waits for the library's report of a response that it refuses, which comes before the connection ends.
    ///
    /// # Panics
    /// When the report does not come.
    #[track_caller]
    pub fn report(&mut self) -> impl Future<Output = ()> + Send {
        self.reported(Location::caller())
    }

    async fn reported(&mut self, caller: &'static Location<'static>) {
        if let Some(report) = self.report.take() {
            let told = patience::wait("the library's report", caller, || self.observer.so_far(), report).await;
            // The sender is dropped unused only when its task panicked, which joining it raises again.
            self.observer.says(told.unwrap_or_default());
        }
    }

    /// Drops the response and closes the connection. What had arrived and was not awaited is forgotten.
    pub async fn leave(&mut self) {
        self.tasks.abort_all();
        while let Some(ended) = self.tasks.join_next().await {
            reraise(ended);
        }
        self.observer.forget_unclaimed();
        drop(self.tap.take_back());
    }
}

/// Content of one octet that is kept back for ever.
struct Kept;

impl Body for Kept {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(1)
    }
}

async fn exchange<B>(tap: Lent, request: Request<B>, report: oneshot::Sender<String>)
where
    B: Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static,
{
    let mut rest = tap.clone();
    let (mut sender, connection) = match http1::handshake(TokioIo::new(tap)).await {
        Ok(made) => made,
        Err(error) => return tell(report, &format!("no connection: {}", whole(&error))),
    };
    let reading = async {
        let told = match sender.send_request(request).await {
            Ok(response) => read(response).await,
            Err(error) => format!("no response: {}", whole(&error)),
        };
        tell(report, &told);
        drop(sender);
    };
    // without_shutdown: closing the connection is the case's business, not the library's.
    let (_, _) = tokio::join!(reading, connection.without_shutdown());
    let mut octets = vec![0; 64 * 1024];
    while matches!(rest.read(&mut octets).await, Ok(1..)) {}
}

async fn read(response: hyper::Response<hyper::body::Incoming>) -> String {
    let status = response.status().as_u16();
    let mut body = response.into_body();
    let mut octets = 0;
    let mut trailers = Vec::new();
    loop {
        match body.frame().await {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => octets += data.len(),
                Err(frame) => {
                    if let Ok(fields) = frame.into_trailers() {
                        trailers.extend(fields.keys().map(|name| name.as_str().to_owned()));
                    }
                }
            },
            Some(Err(error)) => return format!("{status}, {octets} octets, then an error: {}", whole(&error)),
            None if trailers.is_empty() => return format!("{status}, {octets} octets, ended without error"),
            None => {
                return format!("{status}, {octets} octets, ended without error, trailers: {}", trailers.join(", "));
            }
        }
    }
}

fn tell(report: oneshot::Sender<String>, text: &str) {
    // Nobody listens when the reader has left: then there is nothing to report.
    let _nobody_listens = report.send(text.to_owned());
}

/// An error with all its causes.
pub(crate) fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

/// A tap that hyper uses and the reader keeps: what hyper drops, it must not close.
#[derive(Debug, Clone)]
struct Lent(Arc<Mutex<Option<Tap>>>);

impl Lent {
    fn new(tap: Tap) -> Self {
        Self(Arc::new(Mutex::new(Some(tap))))
    }

    fn take_back(&self) -> Option<Tap> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_gone(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    fn unread(&self) -> Unread {
        let tap = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let socket = tap.as_ref().and_then(|tap| tap.socket().upgrade());
        socket.map_or(Unread::Nothing, |socket| unread(&*socket))
    }

    fn with<T>(&self, act: impl FnOnce(Pin<&mut Tap>) -> Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(tap) => act(Pin::new(tap)),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl AsyncRead for Lent {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.with(|tap| tap.poll_read(cx, buf))
    }
}

impl AsyncWrite for Lent {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.with(|tap| tap.poll_write(cx, octets))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|tap| tap.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|tap| tap.poll_shutdown(cx))
    }
}
