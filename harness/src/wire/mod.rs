//! Octets, and what they mean: pure, total, never asynchronous.

pub mod h1;
