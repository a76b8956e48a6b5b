//! Minimal verifiable cases.
