//! Octets, and what they mean: pure, total, never asynchronous.

pub mod events;
pub mod h1;
pub mod notation;
