//! Where the reader runs: the kernel hands loopback packets over in the order in which one processor sent them, and a reader
//! that moves to another one could overtake its own FIN with a fence.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Keeps the thread that calls this on one of the processors that it may use. Where the kernel refuses, it moves as before.
pub fn stay_on_one_processor() {
    let Ok(allowed) = sched_getaffinity(None) else { return };
    let processors: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu)).collect();
    let Some(turn) = fastrand::usize(..).checked_rem(processors.len()) else { return };
    let mut one = CpuSet::new();
    one.set(processors[turn]);
    let _moves_as_before = sched_setaffinity(None, &one);
}
