//! Runs the truncation table: gateways started once and shared by their cells, several at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use harness::gateway::Described;
use harness::verdict::Outcome;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::axes::{Cell, Cut, Protocol};
use super::host::Host;
use super::play::{self, Played};

/// What is run as one: a chain of gateways, and the readers that it speaks with.
#[derive(Debug, Clone)]
pub struct Chain {
    /// From the reader to the origin.
    pub gateways: Vec<Described>,
    /// The readers.
    pub readers: Vec<Protocol>,
}

/// A cell behind a chain, and what it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The gateways' names, from the reader to the origin, joined with `+`.
    pub gateway: String,
    /// Their versions, joined the same way.
    pub version: String,
    /// Their confs, joined the same way unless they are the same.
    pub conf: String,
    /// What the origin does, and who reads.
    pub cell: Cell,
    /// What it came to, or how the harness or the set-up is at fault.
    pub result: Result<Facts, String>,
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
        self.joined(|g| &g.binary.version)
    }

    /// Their confs.
    #[must_use]
    pub fn conf(&self) -> String {
        let mut confs: Vec<&str> = self.gateways.iter().map(|g| g.conf.as_str()).collect();
        confs.dedup();
        if confs.is_empty() { "default".into() } else { confs.join("+") }
    }

    fn cells(&self) -> impl Iterator<Item = Cell> {
        self.readers.iter().flat_map(|&reader| Cell::all(reader))
    }
}

/// Runs the cells of all chains for which `wanted` holds; `workers` chains at a time. The rows are in the order of the
/// chains and of [`Cell::all`], whoever was first.
#[must_use]
pub fn run(chains: &[Chain], workers: usize, wanted: &(dyn Fn(&Chain, &Cell) -> bool + Sync)) -> Vec<Row> {
    let next = AtomicUsize::new(0);
    let done: Vec<Mutex<Vec<Row>>> = chains.iter().map(|_| Mutex::default()).collect();
    std::thread::scope(|scope| {
        for worker in 0..workers.max(1) {
            let (next, done) = (&next, &done);
            scope.spawn(move || {
                stay_on_processor(worker);
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(chain) = chains.get(at) else { return };
                    let rows = run_chain(chain, wanted);
                    *done[at].lock().unwrap_or_else(PoisonError::into_inner) = rows;
                }
            });
        }
    });
    done.into_iter().flat_map(|rows| rows.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
}

/// Keeps this thread, and the gateways that it starts, on one processor: the kernel hands loopback packets over in the
/// order in which one processor sent them. A thread that moves could send a reset on one and overtake it with a fence
/// on another.
fn stay_on_processor(worker: usize) {
    let Ok(allowed) = sched_getaffinity(None) else { return };
    let processors: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu)).collect();
    let mut one = CpuSet::new();
    one.set(processors[worker % processors.len()]);
    let _stays_where_it_may = sched_setaffinity(None, &one);
}

fn run_chain(chain: &Chain, wanted: &(dyn Fn(&Chain, &Cell) -> bool + Sync)) -> Vec<Row> {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("failed to make a runtime: {error}"),
    };
    let mut host: Option<Host> = None;
    let mut rows = Vec::new();
    for cell in chain.cells().filter(|cell| wanted(chain, cell)) {
        let played = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async {
                if host.is_none() {
                    host = Some(Host::start(&chain.gateways).await.map_err(|error| error.to_string())?);
                }
                let host = host.as_mut().ok_or("no chain")?;
                let played = play::play(host, cell).await;
                played.map_err(|why| format!("{why}\n{}", host.log()))
            })
        }));
        let result = played.unwrap_or_else(|panic| Err(message(&*panic)));
        if result.is_err() {
            // What a fault leaves behind is no place for the next cell.
            host = None;
        }
        rows.push(Row {
            gateway: chain.gateway(),
            version: chain.version(),
            conf: chain.conf(),
            cell,
            result: result.map(Facts::from),
        });
    }
    judge_by_control(&mut rows);
    drop(host);
    rows
}

/// Where the control is not intact, the set-up is at fault, and nothing is said of the gateway.
fn judge_by_control(rows: &mut [Row]) {
    let controls: Vec<(Cell, String)> = rows
        .iter()
        .filter(|row| row.cell.cut == Cut::None)
        .filter_map(|row| match &row.result {
            Ok(facts) if facts.outcome == Outcome::Intact => None,
            Ok(facts) => Some((row.cell, format!("the control is {}: {}", facts.outcome, facts.framing))),
            Err(why) => Some((row.cell, format!("the control fails: {why}"))),
        })
        .collect();
    for row in rows.iter_mut() {
        let of = |control: &Cell| {
            (control.framing, control.version, control.reader) == (row.cell.framing, row.cell.version, row.cell.reader)
        };
        if let Some((_, why)) = controls.iter().find(|(control, _)| of(control)) {
            let transcript = row.result.as_ref().map(|facts| facts.transcript.clone()).unwrap_or_default();
            row.result = Err(format!("{why}\n{transcript}"));
        }
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without words").to_owned()
}
