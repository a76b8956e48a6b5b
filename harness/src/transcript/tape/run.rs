//! Octets that lie together.

use std::ops::Deref;

use bytes::Bytes;

/// Octets of a lane that came without another fact between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Run {
    Own(Vec<u8>),
    Shared(Bytes),
}

impl Deref for Run {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Own(run) => run,
            Self::Shared(run) => run,
        }
    }
}

impl Run {
    pub(super) fn truncate(&mut self, octets: usize) {
        match self {
            Self::Own(run) => run.truncate(octets),
            Self::Shared(run) => run.truncate(octets),
        }
    }
}
