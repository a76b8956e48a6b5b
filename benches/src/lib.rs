//! What observing costs: each subject is measured beside its control, in one run.

mod beside;
pub mod exchange;
pub mod streams;

pub use beside::{Beside, quick, settings};
