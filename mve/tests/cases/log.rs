//! What the harness logs while one case is played: shown when the case fails.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::EnvFilter;

/// A log in memory.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Takes what this thread logs while `play` runs: all of the harness, or what `LASTCHUNK_LOG` says.
    pub fn during<T>(&self, play: impl FnOnce() -> T) -> T {
        let filter = EnvFilter::try_from_env("LASTCHUNK_LOG").unwrap_or_else(|_| EnvFilter::new("harness=debug"));
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(move || log.clone())
            .with_ansi(false)
            .without_time()
            .finish();
        let _guard = tracing_subscriber::util::SubscriberInitExt::set_default(subscriber);
        play()
    }
}

impl io::Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match String::from_utf8_lossy(&octets).as_ref() {
            "" => Ok(()),
            text => write!(f, "the log:\n{text}"),
        }
    }
}
