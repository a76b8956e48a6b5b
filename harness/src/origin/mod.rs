//! The server side: where the handler runs.

mod cue;
mod plain;
mod program;
mod scripted;
mod service;

pub use cue::Cue;
pub use plain::{Aside, Content, Plain, plain};
pub use program::{Connection, Program};
pub use scripted::{Scripted, scripted};
pub(crate) use service::{FENCE, Service};
