//! What the user brings: her gateway's conf, or her server, in place of ours.

pub mod cases;
pub mod clock;
pub mod conf;
mod gateway;
pub mod readers;
pub mod server;
mod started;

pub use gateway::{Own, Unusable};
