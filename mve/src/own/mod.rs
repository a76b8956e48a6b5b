//! What the user brings: her gateway's conf, in place of ours.

pub mod cases;
pub mod conf;
mod gateway;

pub use gateway::{Own, Unusable};
