//! What lies between two ends of ours: an origin that is put behind a chain, and a reader before it, compare notes.
//!
//! The reader sends each script with its request, the origin plays it; both tell what they saw under a number of the run.
//! "Nothing has come" is said behind exchanges that went through the same chain after the octets had been written.

mod clocks;
mod cuts;
mod departures;
mod fingerprint;
mod notes;
mod passing;
mod probe;
mod reader;
mod script;
pub mod service;
mod text;

pub use fingerprint::{Changes, Clock, Cut, Departure, Field, Fingerprint, Passing, Retried};
pub use notes::{Asked, Notes};
pub use probe::{Failed, Probe, Wish};
pub use script::{Act, Framing, Script, Unreadable};
