//! The handler that makes a program's calls on the model: the counterpart of `fixtures/go/fidelity/main.go`.

use std::convert::Infallible;

use harness::origin::writer::{Deadline, Error, Hijacked, Notes, Request, ResponseWriter};

use super::model::Flaw;
use super::program::{Call, Program};

/// Makes the calls of the request that the path names.
pub(super) async fn run(
    w: ResponseWriter,
    mut r: Request,
    notes: Notes,
    program: &Program,
    flaw: Option<Flaw>,
) -> Result<(), Infallible> {
    let at: usize = r.uri().path()[1..].parse().expect("a path is a number");
    let mut taken = None;
    let mut seen = Seen::default();
    for call in &program.requests[at].calls {
        if seen.omits(flaw, call) {
            continue;
        }
        match (call, taken.as_mut()) {
            (Call::BufWrite(n), Some(Hijacked { bufrw, .. })) => noted(bufrw.write(vec![b'b'; *n]).await),
            (Call::BufFlush, Some(Hijacked { bufrw, .. })) => noted(bufrw.flush().await),
            (Call::BufRead(n), Some(Hijacked { bufrw, .. })) => noted(bufrw.read_full(&mut vec![0; *n]).await),
            (Call::ConnWrite(n), Some(Hijacked { conn, .. })) => noted(conn.write(vec![b'c'; *n]).await),
            (Call::ConnPast, Some(Hijacked { conn, .. })) => noted(conn.set_write_deadline(Deadline::past())),
            (Call::ConnNever, Some(Hijacked { conn, .. })) => noted(conn.set_write_deadline(Deadline::none())),
            (Call::ConnClose, Some(Hijacked { conn, .. })) => noted(conn.close()),
            (Call::Hijack, _) => match w.hijack().await {
                Ok(connection) => taken = Some(connection),
                refused => noted(refused),
            },
            _ => respond(&w, &mut r, &notes, call).await,
        }
    }
    Ok(())
}

async fn respond(w: &ResponseWriter, r: &mut Request, notes: &Notes, call: &Call) {
    match call {
        Call::Flush => noted(w.flush().await),
        Call::Write(n) => noted(w.write(vec![b'x'; *n]).await),
        Call::Text(octets) => noted(w.write(octets).await),
        Call::Status(code) => w.write_header(*code).await,
        Call::Set(name, value) => w.header().set(name, value),
        Call::Add(name, value) => w.header().add(name, value),
        Call::Del(name) => w.header().del(name),
        Call::Get(name) => {
            let octets = w.header().get(name).into_bytes();
            let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
            notes(format!("{name} is {hex}"));
        }
        Call::Past => noted(w.set_write_deadline(Deadline::past())),
        Call::Never => noted(w.set_write_deadline(Deadline::none())),
        Call::ReadPast => noted(w.set_read_deadline(Deadline::past())),
        Call::ReadNever => noted(w.set_read_deadline(Deadline::none())),
        Call::Duplex => w.enable_full_duplex(),
        Call::Context => tell_context(r, notes),
        Call::ContextEnd => {
            r.context().done().await;
            tell_context(r, notes);
        }
        Call::Read(n) => noted(r.read_full(&mut vec![0; *n]).await),
        Call::ReadAll => noted(r.read_all().await),
        Call::Abort => w.abort(),
        // past the panic hook, which would report it
        Call::Panic => std::panic::resume_unwind(Box::new("boom")),
        // a connection that was not hijacked
        _ => {}
    }
}

fn tell_context(r: &Request, notes: &Notes) {
    let state = if r.context().is_done() { "context canceled" } else { "alive" };
    notes(format!("context: {state}"));
}

/// The outcome is in the notes.
fn noted<T>(_: Result<T, Error>) {}

/// What the flaws depend on.
#[derive(Default)]
struct Seen {
    written: usize,
    past: bool,
}

impl Seen {
    fn omits(&mut self, flaw: Option<Flaw>, call: &Call) -> bool {
        match call {
            Call::Write(n) => self.written += n,
            Call::Past => self.past = true,
            _ => {}
        }
        match flaw {
            Some(Flaw::LateFlush) => matches!(call, Call::Flush) && self.written > 2048,
            Some(Flaw::Silent) => matches!(call, Call::Write(_)) && self.past,
            _ => false,
        }
    }
}
