//! Staying on one processor, which a fence asks of whoever sends: the kernel hands loopback packets over in the order in which
//! one processor sent them. Who moves to another one could overtake its own FIN with the fence, which would prove nothing.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Keeps the thread that made it on one processor, and the children that it starts there too, until it is dropped.
#[derive(Debug)]
#[must_use = "the thread moves again when this is dropped"]
pub struct Stay {
    before: Option<CpuSet>,
    /// It belongs to its thread.
    _not_sent: PhantomData<*const ()>,
}

/// Keeps this thread on one of the processors that it may use, another one at each call. Where the kernel refuses, it moves as
/// before.
pub fn stay() -> Stay {
    let before = sched_getaffinity(None).ok();
    if let Some(only) = one() {
        let _moves_as_before = sched_setaffinity(None, &set(only));
    }
    Stay { before, _not_sent: PhantomData }
}

impl Drop for Stay {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _stays_where_it_is = sched_setaffinity(None, before);
        }
    }
}

/// One of the processors that this thread may use, another one at each call.
pub(crate) fn one() -> Option<usize> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let allowed = sched_getaffinity(None).ok()?;
    let processors: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&processor| allowed.is_set(processor)).collect();
    match processors[..] {
        // No turn of those who can choose is taken.
        [only] => Some(only),
        _ => {
            let turn = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(std::process::id() as usize);
            Some(processors[turn.checked_rem(processors.len())?])
        }
    }
}

/// The set of one processor.
pub(crate) fn set(processor: usize) -> CpuSet {
    let mut one = CpuSet::new();
    one.set(processor);
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_stays_is_on_one_processor_and_then_where_it_was() {
        let before = sched_getaffinity(None).unwrap();
        let stay = stay();
        assert_eq!(sched_getaffinity(None).unwrap().count(), 1);
        assert_eq!(one(), one(), "its children have no choice either");
        drop(stay);
        assert_eq!(sched_getaffinity(None).unwrap(), before);
    }
}
