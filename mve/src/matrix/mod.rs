//! The truncation truth table: which gateway turns a cut stream into a complete one.

pub mod axes;
mod client;
mod host;
mod judge;
mod play;
pub mod run;
mod script;
