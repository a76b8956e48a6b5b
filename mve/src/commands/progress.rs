//! How far a run has come: on standard error, and only on a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that shows how many cases were played.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// None played yet.
    pub fn of(cases: usize) -> Self {
        let bar = ProgressBar::new(cases as u64);
        bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}").expect("a sound template"));
        Self(bar)
    }

    /// This one is played.
    pub fn played(&self, case: &str) {
        self.0.set_message(case.to_owned());
        self.0.inc(1);
    }

    /// Writes something without the bar in between.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
