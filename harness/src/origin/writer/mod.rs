//! The instrumented origin: a model of Go `net/http`'s response writer for HTTP/1.x, over hyper.
//!
//! ```no_run
//! # use harness::origin::writer::{Error, Request, ResponseWriter};
//! async fn events(w: ResponseWriter, _: Request) -> Result<(), Error> {
//!     w.header().set("Content-Type", "text/event-stream");
//!     w.write("data: one\n\n").await?;
//!     w.flush().await
//! }
//! ```
//!
//! [`serve`] serves one connection with such a handler. What every call answered goes to the [`Notes`], in Go's words: `flush 1: ok`, `write 2: 11
//! octets`, `flush 2: i/o timeout`, `hijack: ok`, `returned`, and `log: ...` for what Go writes to the server's error log.
//!
//! # Fidelity
//! The texts in `golden/` are what Go 1.22.10 and 1.27.3 really answered to some two hundred handler programs: octets, the size of each
//! write to the socket, end of the connection, results. The model gives the same, up to the value of Date and the order of fields. Where the
//! versions differ it follows 1.27:
//! - a request that expects a 100 (Continue) and is answered before it is read can be read no more (1.22 sends the 100 then, inside the response);
//! - a request that arrives after [`Server::shut_down`] is not answered (1.22 answers it; seen in the sources, not recorded).
//!
//! # How it is built
//! Content goes through a buffer of 2048 octets, then through the framing, then through a buffer of 4096 octets, then to the socket, by the rules of
//! Go's `bufio.Writer`. The framing is hyper's server connection over a pipe in memory, used as a codec for one request: it parses and it
//! encodes, and never learns when its octets leave. So a deadline, a hijacking or an abort needs nothing of hyper.
//! Nothing is spawned, nothing reads a clock but hyper for Date.
//!
//! hyper has no call for, or would alter, what the model therefore does by itself:
//! - informational responses: a `Service` gives one response;
//! - trailers that were not declared, or whose reader did not send `TE: trailers`: hyper drops them, Go sends them;
//! - close-delimited content under HTTP/1.1 (`Transfer-Encoding: identity`): hyper is told HTTP/1.0, and the version is put right;
//! - field lines that hyper drops (`Trailer` where nothing is chunked), joins (`Connection`), completes (`Transfer-Encoding`) or refuses
//!   (control octets, a malformed `Content-Length`): they are put in behind the others;
//! - the letters of a chunk-size, which hyper writes in upper case;
//! - Go's own answers to malformed requests.
//!
//! # What it is not
//! - CONNECT, HTTP/2 and TLS; `ReadFrom` (sendfile); `ReadTimeout`, `ReadHeaderTimeout` and `IdleTimeout`; `MaxBytesReader`.
//! - A request that hyper finds malformed is answered with 400, also where Go is more lenient (a `"` in the request-target, a
//!   Transfer-Encoding under HTTP/1.0) or more precise (505 for other versions).
//! - A connection that was closed gently, after a request whose content was too large to drain, waits for the reader's FIN; Go waits half a second.
//! - A hijacked connection that nobody closes is closed when its last holder drops it; in Go by a finalizer, some time.
//!
//! # For the socket
//! It must not buffer: a write that it took counts as sent. It is closed by being dropped, as close(2) closes it: FIN, or RST with input
//! unread. `poll_shutdown` is called in the gentle close alone.

mod arrival;
mod buffer;
mod codec;
mod conn;
mod content;
mod context;
mod deadline;
mod error;
mod exchange;
mod framer;
mod head;
mod header;
mod hijack;
mod input;
mod latch;
mod notes;
mod output;
mod request;
mod response_writer;
mod serve;
mod server;
mod sniff;
mod status;

pub use context::{Cancel, Context};
pub use deadline::{Deadline, WriteTimeout};
pub use error::Error;
pub use header::TRAILER_PREFIX;
pub use hijack::{Hijacked, RawConn, ReadWriter};
pub use notes::Notes;
pub use request::Request;
pub use response_writer::{HeaderMap, ResponseWriter};
pub use serve::{Ended, HandlerPanic, serve};
pub use server::Server;

#[cfg(test)]
mod tests;
