//! The model, `harness::origin::writer`, plays a program: no socket, no task, no clock.

use std::panic::{self, AssertUnwindSafe};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use harness::origin::writer::{Notes, Server, serve};

use super::handler::run;
use super::outcome::{End, Outcome};
use super::program::Program;
use super::socket::Wire;
use super::witness::{Fault, Witness};

/// The model.
#[derive(Debug, Clone, Copy, Default)]
pub struct Model {
    /// What it does wrong, on purpose.
    pub flaw: Option<Flaw>,
}

/// A fault to be found: what proves that the comparison can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// A flush after more than 2048 octets is forgotten.
    LateFlush,
    /// The reason phrase of 404 is in lower case.
    LowerCase,
    /// A connection is reset that should end in order.
    Reset,
    /// What a write returned is not told once a deadline has passed.
    Silent,
}

impl Witness for Model {
    fn name(&self) -> String {
        match self.flaw {
            None => "the model".to_owned(),
            Some(flaw) => format!("the model with a flaw: {flaw:?}"),
        }
    }

    fn play(&self, program: &Program) -> Result<Outcome, Fault> {
        let played = panic::catch_unwind(AssertUnwindSafe(|| self.converse(program)));
        Ok(played.unwrap_or_else(|_| Outcome {
            octets: Vec::new(),
            arrived: Vec::new(),
            end: End::Open,
            writes: Vec::new(),
            notes: vec!["the model itself panicked".to_owned()],
        }))
    }
}

impl Model {
    fn converse(self, program: &Program) -> Outcome {
        let wire = Wire::default();
        let collected = Arc::<Mutex<Vec<String>>>::default();
        let notes: Notes = {
            let into = collected.clone();
            Arc::new(move |note| into.lock().unwrap_or_else(PoisonError::into_inner).push(note))
        };
        let handler = |w, r| run(w, r, notes.clone(), program, self.flaw);
        let server = Server::new();
        let mut serving = pin!(serve(wire.socket(), handler, &server, notes.clone()));
        let mut arrived = Vec::new();
        for (at, stimulus) in program.stimuli().iter().enumerate() {
            if at > 0 {
                arrived.push(wire.state().octets.len());
            }
            wire.stimulate(stimulus);
            let served = until_still(serving.as_mut());
            let over = served.is_some();
            // a hijacked connection ends with its last holder
            drop(served);
            if over || wire.state().end.is_some() {
                break;
            }
        }
        let state = wire.state();
        let mut end = state.end.unwrap_or(End::Open);
        let mut octets = state.octets.clone();
        match self.flaw {
            Some(Flaw::Reset) if octets.len() > 5000 && end == End::Fin => end = End::Rst,
            Some(Flaw::LowerCase) => lower_case(&mut octets, b"Not Found"),
            _ => {}
        }
        let notes = collected.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Outcome { octets, arrived, end, writes: state.writes.clone(), notes }
    }
}

/// Polls until nothing happens any more that the reader would not have to begin.
fn until_still<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    let woken = Arc::new(Woken(AtomicBool::new(true)));
    let waker = Waker::from(woken.clone());
    while woken.0.swap(false, Ordering::Relaxed) {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
    }
    None
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn lower_case(octets: &mut [u8], phrase: &[u8]) {
    for at in 0..octets.len() {
        if octets[at..].starts_with(phrase) {
            octets[at..at + phrase.len()].make_ascii_lowercase();
        }
    }
}
