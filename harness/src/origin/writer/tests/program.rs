//! The handler that makes the calls its request names: the counterpart of `golden/record.go`.

use std::io;
use std::sync::Arc;

use crate::origin::writer::{Deadline, Error, Hijacked, Notes, Request, ResponseWriter};

/// Makes the calls that the query names.
pub async fn run(w: ResponseWriter, mut r: Request, notes: Notes) -> io::Result<()> {
    let query = r.uri().query().unwrap_or_default().to_owned();
    let mut taken: Option<Hijacked> = None;
    for call in query.split(',').filter(|call| !call.is_empty()) {
        one(&w, &mut r, &mut taken, &notes, &decode(call)).await;
    }
    Ok(())
}

async fn one(w: &ResponseWriter, r: &mut Request, taken: &mut Option<Hijacked>, notes: &Notes, call: &str) {
    match (call, taken.as_mut()) {
        ("cpast", Some(taken)) => noted(taken.conn.set_write_deadline(Deadline::past())),
        ("never", Some(taken)) => noted(taken.conn.set_write_deadline(Deadline::none())),
        ("cc", Some(taken)) => noted(taken.conn.close()),
        ("bf", Some(taken)) => noted(taken.bufrw.flush().await),
        ("f", _) => noted(w.flush().await),
        ("hijack", _) => match w.hijack().await {
            Ok(connection) => *taken = Some(connection),
            refused => noted(refused),
        },
        ("abort", _) => w.abort(),
        ("panic", _) => panic!("boom"),
        ("past", _) => noted(w.set_write_deadline(Deadline::past())),
        ("never", _) => noted(w.set_write_deadline(Deadline::none())),
        ("rpast", _) => noted(w.set_read_deadline(Deadline::past())),
        ("duplex", _) => w.enable_full_duplex(),
        ("ctx", _) => tell_context(r, notes),
        ("ctxwait", _) => {
            r.context().done().await;
            tell_context(r, notes);
        }
        ("readall", _) => noted(r.read_all().await),
        _ => with_argument(w, r, taken, notes, call).await,
    }
}

async fn with_argument(w: &ResponseWriter, r: &mut Request, taken: &mut Option<Hijacked>, notes: &Notes, call: &str) {
    let letters = call.len() - call.trim_start_matches(|letter: char| letter.is_ascii_lowercase()).len();
    let n = || call[letters..].parse().unwrap_or_else(|_| panic!("program: {call}"));
    match (&call[..letters], taken) {
        ("br", Some(taken)) => return noted(taken.bufrw.read_full(&mut vec![0; n()]).await),
        ("bw", Some(taken)) => return noted(taken.bufrw.write(vec![b'b'; n()]).await),
        ("cw", Some(taken)) => return noted(taken.conn.write(vec![b'c'; n()]).await),
        ("read", _) => return noted(r.read_full(&mut vec![0; n()]).await),
        ("s", _) => return w.write_header(n() as u16).await,
        ("w", _) => return noted(w.write(vec![b'x'; n()]).await),
        _ => {}
    }
    match call.split_at(1) {
        ("t", hex) => noted(w.write(from_hex(hex)).await),
        ("d", name) => w.header().del(name),
        ("g", name) => notes(format!("{name} is {:?}", w.header().get(name))),
        (set_or_add, field) => match (set_or_add, field.split_once('=')) {
            ("h", Some((name, value))) => w.header().set(name, value),
            ("a", Some((name, value))) => w.header().add(name, value),
            _ => panic!("program: {call}"),
        },
    }
}

fn tell_context(r: &Request, notes: &Notes) {
    let state = if r.context().is_done() { "context canceled" } else { "alive" };
    notes(format!("context: {state}"));
}

/// The outcome is in the notes.
fn noted<T>(_: Result<T, Error>) {}

/// Collects notes.
pub fn account() -> (Notes, Arc<std::sync::Mutex<Vec<String>>>) {
    let all = Arc::<std::sync::Mutex<Vec<String>>>::default();
    let into = all.clone();
    (Arc::new(move |note| into.lock().unwrap().push(note)), all)
}

fn from_hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn decode(call: &str) -> String {
    let mut pieces = call.split('%');
    let mut octets = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        octets.extend(from_hex(&piece[..2]));
        octets.extend_from_slice(&piece.as_bytes()[2..]);
    }
    String::from_utf8(octets).unwrap()
}
