//! The clock of a probe: the only place of it that reads one. What it tells goes into a report and into no transcript.

use std::time::{Duration, Instant};

/// Time since something began.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Instant);

impl Clock {
    /// Begins now.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "when something arrived is what a probe is asked for")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// How long ago it began.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.0.elapsed()
    }

    /// Returns so long after it began; never, if there is no such bound.
    #[allow(clippy::disallowed_methods, reason = "the bounds of a probe are the user's: --for and --connect-timeout")]
    pub async fn reaches(&self, bound: Option<Duration>) {
        match bound.and_then(|bound| self.0.checked_add(bound)) {
            Some(at) => tokio::time::sleep_until(at.into()).await,
            None => std::future::pending().await,
        }
    }
}
