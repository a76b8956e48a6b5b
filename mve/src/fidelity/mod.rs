//! Whether the model, `harness::origin::writer`, does what `net/http` does: random handlers and readers, played on both.
//!
//! Compared are the octets that the reader gets, up to the value of Date and the order and case of field names; how many of them have
//! arrived before each later stimulus; the connection's end; the size of each write to the socket; what each call returned, and what
//! the server logged. A divergence is shrunk to the smallest program and shown as a pair of transcripts.

mod divergence;
mod excluded;
mod generator;
mod go;
mod handler;
mod model;
mod outcome;
mod program;
mod shrinker;
mod socket;
mod witness;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::player::keep_panics_of_this_thread;

pub use divergence::{Divergence, compare};
pub use excluded::Exclusion;
pub use generator::program;
pub use go::Go;
pub use model::{Flaw, Model};
pub use outcome::{End, Outcome};
pub use program::{Asked, Call, Content, Program, Reader, Stimulus};
pub use shrinker::shrink;
pub use witness::{Fault, Witness};

/// The oldest Go with which the model is compared. The test and the command line leave out those before.
pub const OLDEST: [u32; 3] = [1, 22, 0];

/// No more divergences than this are looked for: they have one cause, as a rule.
const ENOUGH: usize = 3;

/// What came of a comparison.
#[derive(Debug, Default)]
pub struct Compared {
    /// Programs that were played on both servers, from the first one on.
    pub programs: u64,
    /// The first that differ, at most a handful.
    pub divergences: Vec<Divergence>,
}

/// Plays the first `count` programs of a seed on both servers, several at once. The same arguments give the same result.
///
/// # Errors
/// When one of them cannot play.
pub fn run(seed: u64, count: u64, model: &dyn Witness, real: &dyn Witness) -> Result<Compared, Fault> {
    run_unless(seed, count, model, real, &|| false)
}

/// As [`run`], but no program is begun once `is_stopped` holds; what came of it then says little.
///
/// # Errors
/// When one of them cannot play.
pub fn run_unless(
    seed: u64,
    count: u64,
    model: &dyn Witness,
    real: &dyn Witness,
    is_stopped: &(dyn Fn() -> bool + Sync),
) -> Result<Compared, Fault> {
    let next = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let found = Mutex::new(BTreeMap::new());
    let work = || {
        // a handler that panics does so by intent, and the server tells it in its log
        keep_panics_of_this_thread();
        while !stop.load(Ordering::Relaxed) && !is_stopped() {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                break;
            }
            let program = program(seed, number, |program| real.excludes(program).is_some());
            if let Some(result) = compare(number, program, model, real).transpose() {
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                found.insert(number, result);
                stop.fetch_or(found.len() >= ENOUGH, Ordering::Relaxed);
            }
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
    // every program before one that was found has been played too: the first ones found are the first ones
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let divergences: Vec<Divergence> = found.into_values().take(ENOUGH).collect::<Result<_, _>>()?;
    let programs = divergences.get(ENOUGH - 1).map_or(count, |last| last.number + 1);
    Ok(Compared { programs, divergences })
}

#[cfg(test)]
mod tests;
