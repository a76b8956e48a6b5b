//! Minimal verifiable cases of HTTP streams that end wrong.
//!
//! One folder a failure, one file a family of variants; each run function is played by the tests and by the command line
//! alike, and its reviewed transcript is in `snapshots/`.

pub mod agreement;
pub mod bundle;
pub mod catalogue;
pub mod chain;
pub mod claims;
pub mod deadline_mid_flush;
pub mod demo;
pub mod explain;
pub mod facts;
pub mod fidelity;
pub mod header_after_write;
pub mod hijacked_connection;
pub mod machine;
pub mod matrix;
pub mod own;
pub mod player;
pub mod probe;
pub mod proxy_buffering;
pub mod testimony;
