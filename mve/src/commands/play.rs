//! Plays a selection, several cases at a time, and hands on what they show in the order of the catalogue.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use mve::catalogue::Case;
use mve::machine::Machine;
use mve::player::{Fault, Played, keep_panics_of_this_thread, play_unless};

use super::stop::{Reason, Stop};

/// How many cases are played at a time, at most: more bring little, for each is a chain of processes by itself.
const AT_A_TIME: usize = 4;

/// What came of a case.
#[derive(Debug)]
pub struct Report {
    /// Which.
    pub case: Case,
    /// What it showed, the first time or the last.
    pub result: Result<Played, Fault>,
    /// The first of several times that another text was shown, and that text.
    pub unsteady: Option<(usize, String)>,
}

/// In how far a report is what was claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// In every way.
    AsClaimed,
    /// It is not, and why.
    NotAsClaimed(String),
    /// It could not run, and why.
    CouldNotRun(String),
}

impl Report {
    /// In how far it is what was claimed.
    pub fn standing(&self, times: usize) -> Standing {
        match (&self.unsteady, &self.result) {
            (Some((time, _)), _) => Standing::NotAsClaimed(format!("time {time} of {times} differs from the first")),
            (None, Ok(played)) => match played.departure {
                None => Standing::AsClaimed,
                Some(departure) => Standing::NotAsClaimed(departure.to_string()),
            },
            (None, Err(Fault::CannotRun(why))) => Standing::CouldNotRun(why.clone()),
            (None, Err(fault)) => {
                let fault = fault.to_string();
                Standing::NotAsClaimed(fault.lines().next().unwrap_or_default().to_owned())
            }
        }
    }
}

/// Plays the cases, each `times` times, and gives each report to `hand_on`, in order. After a stop the cases that were
/// under way are not reported, and no other one is begun; all that was opened is gone when this returns.
pub fn play<E>(
    machine: &Machine,
    cases: &[Case],
    times: usize,
    stop: &Stop,
    mut hand_on: impl FnMut(Report) -> Result<(), E>,
) -> Result<(), E> {
    each(
        cases,
        stop,
        |case| repeatedly(machine, case, times, stop),
        |report| if matches!(report.result, Err(Fault::Stopped)) { Ok(()) } else { hand_on(report) },
    )
}

/// Does `work` with each item, several at a time, and gives each result to `hand_on`, in order. After a stop no other item
/// is begun.
pub fn each<T: Sync, R: Send, E>(
    items: &[T],
    stop: &Stop,
    work: impl Fn(&T) -> R + Sync,
    mut hand_on: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let players = thread::available_parallelism().map_or(1, usize::from).min(AT_A_TIME).min(items.len());
    thread::scope(|scope| {
        let (sender, results) = mpsc::channel();
        for _ in 0..players {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                keep_panics_of_this_thread();
                // A gateway dies with the thread that started it, and the thread lives until the case is over.
                while let Some((at, item)) = take(next, items).filter(|_| stop.reason().is_none()) {
                    if sender.send((at, work(item))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut due = 0;
        for (at, result) in results {
            early.insert(at, result);
            while let Some(result) = early.remove(&due) {
                due += 1;
                hand_on(result).inspect_err(|_| stop.because(Reason::Unread))?;
            }
        }
        Ok(())
    })
}

fn take<'a, T>(next: &AtomicUsize, items: &'a [T]) -> Option<(usize, &'a T)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    items.get(at).map(|item| (at, item))
}

fn repeatedly(machine: &Machine, case: &Case, times: usize, stop: &Stop) -> Report {
    let play = || play_unless(machine, case, stop.wait());
    let mut report = Report { case: *case, result: play(), unsteady: None };
    for time in 2..=times {
        let Ok(first) = &report.result else { break };
        match play() {
            Ok(played) if played.text == first.text => {}
            Ok(played) => {
                report.unsteady = Some((time, played.text));
                break;
            }
            Err(fault) => report.result = Err(fault),
        }
    }
    report
}
