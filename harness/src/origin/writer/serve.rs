//! One connection, from its first request to its end.

use std::any::Any;
use std::fmt::{self, Display};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use hyper::http::request::Parts;
use hyper::{Method, header};
use tokio::io::{AsyncRead, AsyncWrite};

use super::arrival::{expects_continue, facts};
use super::conn::{Conn, Watched};
use super::context::{Cancel, Context};
use super::deadline::Deadline;
use super::exchange::Exchange;
use super::hijack::RawConn;
use super::input::Input;
use super::latch::Latch;
use super::notes::Notes;
use super::output::Output;
use super::request::Request;
use super::response_writer::{AbortHandler, ResponseWriter};
use super::server::Server;
use crate::tasks::words;

/// How serving a connection ended.
pub enum Ended {
    /// The server closed it.
    Closed,
    /// A handler took it, and has returned. If nobody closed it, dropping this value does; in Go a finalizer would, at some later time.
    Hijacked(RawConn),
}

/// A handler's panic, other than an abort. The server has closed the connection, as Go does, and gone on.
#[derive(thiserror::Error)]
#[error("the handler panicked: {message}")]
pub struct HandlerPanic {
    /// The panic's message.
    pub message: String,
    /// The connection, if the handler had hijacked it.
    pub hijacked: Option<RawConn>,
    payload: Box<dyn Any + Send>,
}

impl HandlerPanic {
    /// Goes on with the panic.
    pub fn resume(self) -> ! {
        std::panic::resume_unwind(self.payload)
    }
}

impl fmt::Debug for HandlerPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

/// Serves one connection to its end, with all its requests, one after the other.
///
/// Nothing is spawned: when the future returns, the handler has ended, and the socket is closed or hijacked. A handler that returns an
/// error has returned, and no more: Go's handlers return nothing.
///
/// # Errors
/// A handler's panic, other than [`abort`](ResponseWriter::abort).
pub async fn serve<IO, H, F, E>(io: IO, handler: H, server: &Server, notes: Notes) -> Result<Ended, HandlerPanic>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    H: Fn(ResponseWriter, Request) -> F,
    F: Future<Output = Result<(), E>>,
    E: Display,
{
    let (context, cancel) = server.base.with_cancel();
    let conn = Conn::new(io);
    let connection = Connection {
        input: Arc::new(tokio::sync::Mutex::new(Input::new(conn.clone()))),
        conn,
        server: server.clone(),
        notes,
        context,
        cancel,
        hijacked: Latch::default(),
    };
    let mut serving = pin!(connection.serve(handler));
    poll_fn(|cx| {
        if server.closed.poll_set(cx).is_ready() && !connection.hijacked.is_set() {
            // closed already is as good
            connection.conn.close().ok();
        }
        serving.as_mut().poll(cx)
    })
    .await
}

pub(super) struct Connection {
    pub(super) conn: Conn,
    pub(super) input: Arc<tokio::sync::Mutex<Input>>,
    pub(super) server: Server,
    pub(super) notes: Notes,
    context: Context,
    pub(super) cancel: Cancel,
    pub(super) hijacked: Latch,
}

/// How one request went on.
pub(super) enum Next {
    Request,
    Close,
    CloseGently,
    Hijacked(RawConn),
    Panicked(HandlerPanic),
}

impl Connection {
    async fn serve<H, F, E>(&self, handler: H) -> Result<Ended, HandlerPanic>
    where
        H: Fn(ResponseWriter, Request) -> F,
        F: Future<Output = Result<(), E>>,
        E: Display,
    {
        let mut after_post = false;
        let next = loop {
            let head = self.input.lock().await.head(after_post).await;
            if let Some(timeout) = &self.server.timeout {
                self.conn.set_write_deadline(timeout.arm()).ok();
            }
            if !self.server.keeps_alive() {
                break Next::Close;
            }
            let (exchange, parts) = match self.exchange(head).await {
                Ok(request) => request,
                Err(next) => break next,
            };
            self.conn.set_read_deadline(Deadline::none()).ok();
            after_post = parts.method == Method::POST;
            match self.answer(exchange, parts, &handler).await {
                Next::Request if self.idle().await => {}
                Next::Request => break Next::Close,
                next => break next,
            }
        };
        self.cancel.cancel();
        match next {
            Next::Hijacked(conn) => return Ok(Ended::Hijacked(conn)),
            Next::Panicked(panic) if panic.hijacked.is_some() => return Err(panic),
            Next::CloseGently => self.conn.close_gently().await,
            // a writer's failure has closed it already
            _ => self.conn.close().unwrap_or(()),
        }
        match next {
            Next::Panicked(panic) => Err(panic),
            _ => Ok(Ended::Closed),
        }
    }

    /// Waits for the next request; `false` if the reader or the server ends the connection instead.
    async fn idle(&self) -> bool {
        self.conn.set_write_deadline(Deadline::none()).ok();
        self.conn.set_read_deadline(Deadline::none()).ok();
        let mut input = self.input.lock().await;
        let mut more = pin!(input.wait_for(4));
        poll_fn(|cx| match more.as_mut().poll(cx) {
            Poll::Pending => self.server.shutting_down.poll_set(cx).map(|()| false),
            ready => ready,
        })
        .await
    }

    async fn answer<H, F, E>(&self, exchange: Arc<Exchange>, parts: Parts, handler: &H) -> Next
    where
        H: Fn(ResponseWriter, Request) -> F,
        F: Future<Output = Result<(), E>>,
        E: Display,
    {
        let socket = Watched { conn: self.conn.clone(), cancel: self.cancel.clone() };
        let output = Arc::new(tokio::sync::Mutex::new(Output::new(exchange.clone(), facts(&parts), socket)));
        if parts.headers.contains_key(header::EXPECT) && !expects_continue(&parts) {
            exchange.fields().live.set("Connection", "close");
            output.lock().await.write_header(&exchange, 417).await;
            return self.finish(&exchange, &output).await;
        }
        let (context, cancel) = self.context.with_cancel();
        let writer = ResponseWriter { exchange: exchange.clone(), output: output.clone() };
        let request = Request { parts, context, exchange: exchange.clone(), output: output.clone() };
        let panicked = self.run(&exchange, async { handler(writer, request).await }).await;
        exchange.done.set();
        cancel.cancel();
        match panicked {
            None if exchange.hijacked.is_set() => Next::Hijacked(RawConn::new(exchange)),
            None => self.finish(&exchange, &output).await,
            Some(payload) => self.give_up(exchange, &output, payload).await,
        }
    }

    /// Runs the handler while the reader is watched, and notes how it ended; returns its panic, if there was one.
    async fn run<E: Display>(
        &self,
        exchange: &Exchange,
        handler: impl Future<Output = Result<(), E>>,
    ) -> Option<Box<dyn Any + Send>> {
        let ended = exchange.content.lock().await.ended.clone();
        let mut watching = true;
        let mut watch = pin!(self.watch(ended));
        let mut handler = pin!(handler);
        let outcome = poll_fn(|cx| {
            if watching && !exchange.hijacked.is_set() {
                watching = watch.as_mut().poll(cx).is_pending();
            }
            let handler: Pin<_> = handler.as_mut();
            match catch_unwind(AssertUnwindSafe(|| handler.poll(cx))) {
                Ok(poll) => poll.map(Ok),
                Err(payload) => Poll::Ready(Err(payload)),
            }
        })
        .await;
        match outcome {
            Ok(Ok(())) => exchange.account.note("returned"),
            Ok(Err(error)) => exchange.account.note(format_args!("returned: {error}")),
            Err(payload) if payload.is::<AbortHandler>() => {
                exchange.account.note("aborted");
                return Some(payload);
            }
            Err(payload) => {
                exchange.account.log(format_args!("http: panic serving: {}", message(&*payload)));
                return Some(payload);
            }
        }
        None
    }

    /// Waits for the reader's departure: one octet is read, once the request is complete.
    ///
    /// An octet is the beginning of a pipelined request. After it nothing is watched any more.
    async fn watch(&self, request_ended: Latch) {
        request_ended.wait().await;
        self.conn.set_read_deadline(Deadline::none()).ok();
        let mut octet = [0];
        match self.conn.read(&mut octet).await {
            Ok(1..) => self.input.lock().await.append(&octet),
            Ok(0) | Err(_) => self.cancel.cancel(),
        }
    }

    async fn finish(&self, exchange: &Exchange, output: &tokio::sync::Mutex<Output>) -> Next {
        let mut output = output.lock().await;
        output.finish(exchange).await;
        let mut content = exchange.content.lock().await;
        content.close().await;
        self.conn.set_write_deadline(Deadline::none()).ok();
        let too_large = output.content.as_ref().is_some_and(|content| content.sink.too_large);
        match output.keeps_connection() && !content.closed_early {
            true if self.server.keeps_alive() => Next::Request,
            false if too_large || content.closed_early => Next::CloseGently,
            _ => Next::Close,
        }
    }

    /// The handler panicked: what was framed is sent, and nothing else.
    async fn give_up(
        &self,
        exchange: Arc<Exchange>,
        output: &tokio::sync::Mutex<Output>,
        payload: Box<dyn Any + Send>,
    ) -> Next {
        let hijacked = exchange.hijacked.is_set();
        if !hijacked {
            exchange.content.lock().await.close().await;
            if let Some(content) = &mut output.lock().await.content {
                content.sink.connection.flush().await.ok();
            }
        }
        let hijacked = hijacked.then(|| RawConn::new(exchange));
        match (payload.is::<AbortHandler>(), hijacked) {
            (true, None) => Next::Close,
            (true, Some(conn)) => Next::Hijacked(conn),
            (false, hijacked) => Next::Panicked(HandlerPanic { message: message(&*payload), hijacked, payload }),
        }
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    words(payload).unwrap_or_else(|| "not a text".to_owned())
}
