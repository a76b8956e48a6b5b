//! hyper as a codec: one request in, one response out, no socket and no task.
//!
//! hyper's server connection runs over a pipe in memory that is always ready, so that one poll after every change takes it as far
//! as it can get. It parses the header section and the content of the request, and encodes the header section and the
//! framing of the response. When those octets reach a socket, and whether, is not its affair.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, Incoming};
use hyper::rt::ReadBufCursor;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper::{Request, Response};

/// More field lines than this are refused, as Go 1.27 does (`http.DefaultMaxHeaderValueCount`).
const MAX_FIELD_LINES: usize = 500;

pub(super) struct Codec {
    connection: http1::Connection<Pipe, Exchange>,
    shared: Arc<Mutex<Shared>>,
    content: Option<Incoming>,
    malformed: bool,
    ended: bool,
}

/// A step in the request's content.
pub(super) enum Content {
    Octets(Bytes),
    /// hyper needs more input.
    Wanted,
    End,
    Malformed,
}

#[derive(Default)]
struct Shared {
    input: BytesMut,
    output: Vec<u8>,
    request: Option<Request<Incoming>>,
    response: Option<Response<Chunks>>,
    chunks: VecDeque<Bytes>,
    last: bool,
}

impl Codec {
    /// Parses one header section, its empty line included; `None` if hyper finds it malformed.
    pub(super) fn parse(head: &[u8]) -> Option<(Self, hyper::http::request::Parts)> {
        let shared = Arc::new(Mutex::new(Shared { input: BytesMut::from(head), ..Shared::default() }));
        let connection = http1::Builder::new()
            .half_close(true)
            .header_read_timeout(None)
            .max_headers(MAX_FIELD_LINES)
            .max_buf_size(head.len().max(8192))
            .title_case_headers(true)
            .serve_connection(Pipe(shared.clone()), Exchange(shared.clone()));
        let mut codec = Self { connection, shared, content: None, malformed: false, ended: false };
        codec.run();
        let (parts, content) = codec.with(|shared| shared.request.take())?.into_parts();
        codec.content = Some(content);
        Some((codec, parts))
    }

    /// Encodes the header section of the response.
    pub(super) fn respond(&mut self, response: Response<()>) -> Vec<u8> {
        let chunks = Chunks(self.shared.clone());
        self.with(|shared| shared.response = Some(response.map(|()| chunks)));
        self.run();
        self.take_output()
    }

    /// Encodes one piece of content: exactly one chunk, if the response is chunked.
    pub(super) fn chunk(&mut self, content: &[u8]) -> Vec<u8> {
        self.with(|shared| shared.chunks.push_back(Bytes::copy_from_slice(content)));
        self.run();
        self.take_output()
    }

    /// Encodes the end of the response: the last-chunk, if the response is chunked.
    pub(super) fn end(&mut self) -> Vec<u8> {
        self.with(|shared| shared.last = true);
        self.run();
        self.take_output()
    }

    /// Gives hyper octets of the request's content.
    pub(super) fn feed(&mut self, octets: &[u8]) {
        self.with(|shared| shared.input.extend_from_slice(octets));
    }

    /// Takes the request's content as far as it is there.
    pub(super) fn content(&mut self) -> Content {
        // what stands in hyper's own buffers shows only in a second poll
        let mut still = false;
        loop {
            if self.malformed {
                return Content::Malformed;
            }
            let Some(content) = &mut self.content else {
                return Content::End;
            };
            match Pin::new(content).poll_frame(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(octets) => return Content::Octets(octets),
                    Err(_trailers) => continue,
                },
                // hyper would call this the end, if it were asked again
                Poll::Ready(Some(Err(_))) => {
                    self.malformed = true;
                    return Content::Malformed;
                }
                Poll::Ready(None) => {
                    self.content = None;
                    return Content::End;
                }
                Poll::Pending if still => return Content::Wanted,
                Poll::Pending => still = !self.run(),
            }
        }
    }

    /// Asks for the request's content before any of it is fed, to which hyper answers with a 100 (Continue).
    pub(super) fn continuation(&mut self) -> Vec<u8> {
        self.content();
        self.take_output()
    }

    /// What hyper has written since the last call: after [`content`](Self::content), perhaps a 100 (Continue).
    pub(super) fn take_output(&mut self) -> Vec<u8> {
        self.with(|shared| std::mem::take(&mut shared.output))
    }

    fn with<T>(&self, f: impl FnOnce(&mut Shared) -> T) -> T {
        f(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Polls hyper until it stands still; tells whether it took or gave anything.
    fn run(&mut self) -> bool {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let before = self.with(|shared| (shared.input.len(), shared.output.len()));
        while !self.ended {
            // a malformed request ends in an error here; `parse` sees that there is no request
            self.ended = pin!(&mut self.connection).poll(&mut Context::from_waker(&waker)).is_ready();
            if !woken.0.swap(false, Ordering::Relaxed) {
                break;
            }
        }
        before != self.with(|shared| (shared.input.len(), shared.output.len()))
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The connection's end of the pipe: an input that is there or is not, an output that takes everything.
struct Pipe(Arc<Mutex<Shared>>);

impl hyper::rt::Read for Pipe {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, mut into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let input = &mut self.0.lock().unwrap_or_else(PoisonError::into_inner).input;
        if input.is_empty() {
            return Poll::Pending;
        }
        let n = input.len().min(into.remaining());
        into.put_slice(&input.split_to(n));
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Pipe {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).output.extend_from_slice(octets);
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The service: it takes the request out of hyper and puts the response in, when there is one.
struct Exchange(Arc<Mutex<Shared>>);

impl Service<Request<Incoming>> for Exchange {
    type Response = Response<Chunks>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Answer {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).request = Some(request);
        Answer(self.0.clone())
    }
}

struct Answer(Arc<Mutex<Shared>>);

impl Future for Answer {
    type Output = Result<Response<Chunks>, Infallible>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).response.take() {
            Some(response) => Poll::Ready(Ok(response)),
            None => Poll::Pending,
        }
    }
}

/// The content of the response: one frame is one chunk.
struct Chunks(Arc<Mutex<Shared>>);

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let shared = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match shared.chunks.pop_front() {
            Some(chunk) => Poll::Ready(Some(Ok(Frame::data(chunk)))),
            None if shared.last => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}
