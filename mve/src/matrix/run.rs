//! Runs the tables: gateways started once and shared by their cells, several chains at a time.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use fixtures::gateways::Race;
use harness::gateway::Described;
use harness::processor;
use harness::verdict::Outcome;

use super::axes::{Cell, Cut, Protocol};
use super::departure;
use super::held;
use super::host::Host;
use super::play::{self, Played};
use super::table::{Keys, Table};
use crate::player::{Stopping, never};

/// What is run as one: a chain of gateways, and the readers that it speaks with.
#[derive(Debug, Clone)]
pub struct Chain {
    /// From the reader to the origin.
    pub gateways: Vec<Described>,
    /// The readers.
    pub readers: Vec<Protocol>,
}

/// A cell of any table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Any {
    /// Of the truncation table, alone or behind another gateway.
    Truncation(Cell),
    /// Of the table of what is held.
    Held(held::Cell),
    /// Of the table of who learns that the reader left.
    Departure(departure::Cell),
}

impl Any {
    /// Its place on the axes, in words.
    #[must_use]
    pub fn keys(&self) -> Keys {
        match self {
            Self::Truncation(cell) => cell.keys(),
            Self::Held(cell) => cell.keys(),
            Self::Departure(cell) => cell.keys(),
        }
    }
}

/// A cell behind a chain, and what it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The table.
    pub table: Table,
    /// The gateways' names, from the reader to the origin, joined with `+`.
    pub gateway: String,
    /// Their versions, joined the same way.
    pub version: String,
    /// Their confs, joined the same way unless they are the same.
    pub conf: String,
    /// What the origin does, and who reads.
    pub keys: Keys,
    /// What it came to, or how the harness or the set-up is at fault.
    pub result: Result<Facts, String>,
}

impl Row {
    /// Its name: `truncation/haproxy-3.2.26/default/chunked/in-chunk-data/fin/http-2`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}-{}/{}/{}", self.table, self.gateway, self.version, self.conf, self.keys.name())
    }
}

/// What a cell came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The framing's account at the reader.
    pub framing: String,
    /// The status that the reader got.
    pub status: Option<u16>,
    /// How the connection or the stream ended at the reader.
    pub ending: String,
    /// Octets of content lost.
    pub lost: usize,
    /// Octets that no origin wrote.
    pub added: usize,
    /// What it comes to.
    pub outcome: Outcome,
    /// The last octets at the reader.
    pub tail: String,
    /// Both hops.
    pub transcript: String,
}

impl Facts {
    /// Two threads of the gateway decide how much of the octets still passes once the cut is known: what is left is
    /// whether the reader can tell.
    fn leave_out_what_a_race_decides(&mut self) {
        if let Some((word, _)) = self.framing.split_once(':') {
            self.framing = format!("{word}: how much came is decided by a race in the gateway");
        } else if let Some((passes, _)) = self.framing.split_once(", more when ") {
            self.framing = format!("{passes}: how much came is decided by a race in the gateway");
        } else if self.framing.starts_with("complete") {
            self.framing = "complete".to_owned();
        } else if self.framing.starts_with("the origin's connection is closed after") {
            self.framing = "the origin's connection is closed after some writes".to_owned();
        }
        self.status = None;
        self.ending.clear();
        self.tail.clear();
        self.lost = 0;
    }
}

impl From<Played> for Facts {
    fn from(played: Played) -> Self {
        let Played { judgement, ending, tail, transcript } = played;
        Self {
            framing: judgement.framing,
            status: judgement.status,
            ending,
            lost: judgement.lost,
            added: judgement.added,
            outcome: judgement.outcome,
            tail,
            transcript,
        }
    }
}

impl Chain {
    fn joined(&self, part: impl Fn(&Described) -> &str) -> String {
        self.gateways.iter().map(part).collect::<Vec<_>>().join("+")
    }

    /// The gateways' names.
    #[must_use]
    pub fn gateway(&self) -> String {
        if self.gateways.is_empty() { "direct".into() } else { self.joined(|g| &g.description.name) }
    }

    /// Their versions.
    #[must_use]
    pub fn version(&self) -> String {
        self.joined(Described::version)
    }

    /// Their confs.
    #[must_use]
    pub fn conf(&self) -> String {
        let mut confs: Vec<&str> = self.gateways.iter().map(|g| g.conf.as_str()).collect();
        confs.dedup();
        if confs.is_empty() { "default".into() } else { confs.join("+") }
    }

    /// The cells of a table behind this chain, in order, but for those that a race in the gateway decides.
    #[must_use]
    pub fn cells(&self, table: Table) -> Vec<Any> {
        let all = self.readers.iter().flat_map(|&reader| -> Vec<Any> {
            match table {
                Table::Truncation | Table::Pairs => Cell::all(reader).map(Any::Truncation).collect(),
                Table::Held => held::Cell::all(reader).map(Any::Held).collect(),
                Table::Departure => departure::Cell::all(reader).map(Any::Departure).collect(),
            }
        });
        all.filter(|cell| self.race(table, &cell.keys()).is_none_or(|race| race.outcome_stands)).collect()
    }

    /// The race inside one of the gateways that decides a cell; the one that decides most of it first.
    fn race(&self, table: Table, keys: &Keys) -> Option<&Race> {
        let name = format!("{table}/{}/{}", self.conf(), keys.name());
        let races = self.gateways.iter().flat_map(|gateway| &gateway.description.races);
        let of = |race: &&Race| race.cells.iter().any(|cell| is_like(cell, &name));
        races.filter(of).min_by_key(|race| race.outcome_stands)
    }

    /// The races that decide a table's cells, for its text.
    #[must_use]
    pub fn races(&self, table: Table) -> Vec<&Race> {
        let races = self.gateways.iter().flat_map(|gateway| &gateway.description.races);
        races
            .filter(|race| race.cells.iter().any(|cell| is_like(cell.split('/').next().unwrap_or("*"), table.name())))
            .collect()
    }
}

/// Whether a name is like a pattern, word by word; `*` is any word.
fn is_like(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), name.split('/').collect());
    pattern.len() == name.len() && pattern.iter().zip(&name).all(|(pattern, word)| *pattern == "*" || pattern == word)
}

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
        let mut result = played.unwrap_or_else(|panic| Some(Err(message(&*panic))))?;
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
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without words").to_owned()
}
