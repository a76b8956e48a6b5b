//! The server side: where the handler runs.

mod cue;
mod foreign;
mod instrumented;
mod plain;
mod program;
mod scripted;
mod service;
pub mod writer;

pub use cue::Cue;
pub use foreign::Foreign;
pub use instrumented::{Instrumented, writer};
pub use plain::{Aside, Content, Plain, plain};
pub use program::{Connection, Program};
pub use scripted::{Scripted, scripted};
pub(crate) use service::{FENCE, Service};
