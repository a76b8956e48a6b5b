//! One whole case with no gateway, from the stage to the text, against the same exchange over plain sockets; and whether
//! a process that has played thousands is as quick as at its first.

use std::io::{self, Write as _};

use benches::exchange::{bare, case};
use benches::{Beside, quick, settings};
use criterion::measurement::{Measurement as _, WallTime};
use harness::stage::Stage;
use tokio::runtime::Runtime;

/// How many cases one process plays, and how many of them are looked at together.
const CASES: usize = 6000;
const TOGETHER: usize = 1000;

fn main() {
    let mut criterion = settings();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    if !quick() {
        flat(&runtime);
    }
    Beside::control(&mut criterion, "a direct case", 1, "case", || runtime.block_on(bare()).expect("sockets work"))
        .subject("stage to text", || {
            let text = runtime.block_on(case(Stage::direct()));
            assert!(text.contains("20 events") && text.ends_with("outcome: intact\n"), "{text}");
        })
        .close();
    criterion.final_summary();
}

/// The cost of a case over the life of a process. Not by criterion: each case is measured once, in its turn.
fn flat(runtime: &Runtime) {
    let mut out = io::stdout().lock();
    writeln!(out, "the first to the {CASES}th case of a process: us a case, minimum and median")
        .expect("standard output");
    let mut took = Vec::with_capacity(TOGETHER);
    let began = WallTime.start();
    for nth in 1..=CASES {
        let started = WallTime.start();
        runtime.block_on(case(Stage::direct()));
        took.push(WallTime.end(started).as_nanos() as f64 / 1e3);
        if nth % TOGETHER == 0 {
            took.sort_by(f64::total_cmp);
            writeln!(out, "  {:>5} to {nth:>5} {:>11.1} {:>11.1}", nth + 1 - TOGETHER, took[0], took[TOGETHER / 2])
                .expect("standard output");
            took.clear();
        }
    }
    let rate = CASES as f64 / WallTime.end(began).as_secs_f64();
    writeln!(out, "{rate:.0} direct cases a second on one thread").expect("standard output");
}
