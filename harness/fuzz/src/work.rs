//! Work that is counted and not timed: what is allocated. Whoever copies what it holds again and again, or keeps more
//! than a share of its input, is found by it; a clock would find the machine's mood.

/// What may be allocated whatever the input.
const ANYWAY: u64 = 64 * 1024;

/// What may be allocated for each octet of input.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// Octets in all, those of a buffer that grew counted again.
    pub in_all: u64,
    /// Octets at a time.
    pub at_a_time: u64,
}

impl Bound {
    /// Does something with an input of this many octets, and holds what it allocates against the bound.
    pub fn held<T>(self, octets: usize, work: impl FnOnce() -> T) -> T {
        let mut done = None;
        let allocated = allocation_counter::measure(|| done = Some(work()));
        let of = |each: u64| ANYWAY + each * octets as u64;
        let (in_all, at_a_time) = (allocated.bytes_total, allocated.bytes_max);
        assert!(in_all <= of(self.in_all), "{in_all} octets allocated in all for {octets} of input");
        assert!(at_a_time <= of(self.at_a_time), "{at_a_time} octets held at a time for {octets} of input");
        done.expect("the work was done")
    }
}
