//! Origins: the servers whose responses are observed.

pub mod writer;
