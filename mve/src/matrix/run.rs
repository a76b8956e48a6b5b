//! Runs the tables: gateways started once and shared by their cells, several chains at a time.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use harness::processor;
use harness::tasks::words;
use harness::verdict::Outcome;

use super::axes::Cut;
use super::chain::{Any, Chain};
use super::departure;
use super::held;
use super::host::Host;
use super::play;
use super::row::{Facts, Row};
use super::table::{Keys, Table};
use crate::player::{Stopping, keep_panics_of_this_thread, never};

/// Runs the cells of all chains for which `wanted` holds; `workers` chains at a time. The rows are in the order of the
/// chains and of their cells, whoever was first. `done` is called with the rows of each chain, in that order, as soon as
/// it and all before it have ended.
#[must_use]
pub fn run(
    table: Table,
    chains: &[Chain],
    workers: usize,
    wanted: &(dyn Fn(&Chain, &Keys) -> bool + Sync),
    done: &(dyn Fn(&[Row]) + Sync),
) -> Vec<Row> {
    run_unless(table, chains, workers, wanted, done, &never)
}

/// As [`run`], until `stop` is there: then the rows of the chains that had ended, as far as those before them had.
/// Whatever a chain has opened is gone when this returns.
#[must_use]
pub fn run_unless(
    table: Table,
    chains: &[Chain],
    workers: usize,
    wanted: &(dyn Fn(&Chain, &Keys) -> bool + Sync),
    done: &(dyn Fn(&[Row]) + Sync),
    stop: &Stopping<'_>,
) -> Vec<Row> {
    let next = AtomicUsize::new(0);
    let ended: Mutex<Ended> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..workers.max(1) {
            let (next, ended) = (&next, &ended);
            scope.spawn(move || {
                keep_panics_of_this_thread();
                let _overtaking_nothing = processor::stay();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(chain) = chains.get(at) else { return };
                    let Some(its) = run_chain(table, chain, wanted, stop) else { return };
                    ended.lock().unwrap_or_else(PoisonError::into_inner).take(at, its, done);
                }
            });
        }
    });
    ended.into_inner().unwrap_or_else(PoisonError::into_inner).rows
}

/// The rows of the chains that have ended, in order, and those that ended before one that stands before them.
#[derive(Default)]
struct Ended {
    rows: Vec<Row>,
    due: usize,
    early: BTreeMap<usize, Vec<Row>>,
}

impl Ended {
    fn take(&mut self, at: usize, its: Vec<Row>, done: &(dyn Fn(&[Row]) + Sync)) {
        self.early.insert(at, its);
        while let Some(its) = self.early.remove(&self.due) {
            self.due += 1;
            done(&its);
            self.rows.extend(its);
        }
    }
}

/// None when it is stopped: without all of its cells nothing is said of a chain.
fn run_chain(
    table: Table,
    chain: &Chain,
    wanted: &(dyn Fn(&Chain, &Keys) -> bool + Sync),
    stop: &Stopping<'_>,
) -> Option<Vec<Row>> {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("failed to make a runtime: {error}"),
    };
    let mut host: Option<Host> = None;
    // A chain that does not start will not start for the next cell either.
    let mut no_start: Option<String> = None;
    let mut rows = Vec::new();
    for cell in chain.cells(table).into_iter().filter(|cell| wanted(chain, &cell.keys())) {
        if host.is_none() && no_start.is_none() {
            let started = AssertUnwindSafe(|| runtime.block_on(unless(stop(), Host::start(&chain.gateways))));
            match catch_unwind(started).map(|started| Some(started?.map_err(|error| error.to_string()))) {
                Ok(None) => return None,
                Ok(Some(Ok(started))) => host = Some(started),
                Ok(Some(Err(why))) => no_start = Some(why),
                Err(panic) => no_start = Some(message(&*panic)),
            }
        }
        let played = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(unless(stop(), async {
                let Some(host) = &mut host else { return Err(no_start.clone().unwrap_or_default()) };
                let played = match cell {
                    Any::Truncation(cell) => play::play(host, cell).await.map(Facts::from),
                    Any::Held(cell) => held::play(host, cell).await,
                    Any::Departure(cell) => departure::play(host, cell).await,
                };
                played.map_err(|why| format!("{why}\n{}", host.log()))
            }))
        }));
        let mut result = played.unwrap_or_else(|panic| {
            let why = message(&*panic);
            let restless = host.as_ref().and_then(Host::restless);
            Some(Err(restless.map_or_else(|| why.clone(), |who| format!("{who} does not come to rest: {why}"))))
        })?;
        if result.is_err() {
            // What a fault leaves behind is no place for the next cell.
            host = None;
        }
        if let Ok(facts) = &mut result
            && chain.race(table, &cell.keys()).is_some()
        {
            facts.leave_out_what_a_race_decides();
        }
        let (gateway, version, conf) = (chain.gateway(), chain.version(), chain.conf());
        rows.push(Row { table, gateway, version, conf, keys: cell.keys(), result });
    }
    if matches!(table, Table::Truncation | Table::Pairs) {
        judge_by_control(&mut rows);
    }
    drop(host);
    Some(rows)
}

/// What comes of this, or nothing if it is to stop first.
async fn unless<T>(stop: impl Future<Output = ()>, doing: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = stop => None,
        done = doing => Some(done),
    }
}

/// Where the control is not intact, the set-up is at fault, and nothing is said of the gateway.
fn judge_by_control(rows: &mut [Row]) {
    let of = |keys: &Keys| (keys.origin_framing, keys.origin_version, keys.reader);
    let controls: Vec<_> = rows
        .iter()
        .filter(|row| row.keys.cut == Cut::None.name())
        .filter_map(|row| match &row.result {
            Ok(facts) if facts.outcome == Outcome::Intact => None,
            Ok(facts) => Some((
                of(&row.keys),
                format!("the control is {}: {}\n{}", facts.outcome, facts.framing, facts.transcript),
            )),
            Err(why) => Some((of(&row.keys), format!("the control fails: {why}"))),
        })
        .collect();
    for row in rows.iter_mut() {
        // A fault of its own says more than the control's.
        if row.result.is_ok()
            && let Some((_, why)) = controls.iter().find(|(control, _)| *control == of(&row.keys))
        {
            row.result = Err(why.clone());
        }
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    words(panic).unwrap_or_else(|| "a panic without words".to_owned())
}
