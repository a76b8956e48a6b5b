//! A subject beside its control, and the control a second time: a machine that is not quiet shows itself by the pair.

use std::hint::black_box;
use std::io::{self, Write as _};
use std::time::Duration;

use criterion::measurement::{Measurement as _, WallTime};
use criterion::{BenchmarkGroup, Criterion, SamplingMode};

/// By how much the two measurements of a control may differ before a run says so.
const PAIR_DIFFERS_BY: f64 = 0.10;

/// How many samples criterion takes of each path.
const SAMPLES: usize = 30;

/// What all benches are measured with: 30 samples in about a second a path.
#[must_use]
pub fn settings() -> Criterion {
    Criterion::default()
        .sample_size(SAMPLES)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(900))
        .without_plots()
        .configure_from_args()
}

/// Whether each path is to run only once (`-- --test`, and whenever it is not `cargo bench` that runs it) or not at all
/// (`-- --list`).
#[must_use]
pub fn quick() -> bool {
    let told = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    told("--test") || told("--list") || !told("--bench")
}

/// A group of paths that do the same amount of work: first the control, then the subjects, then the control again.
pub struct Beside<'c, C> {
    group: BenchmarkGroup<'c, WallTime>,
    name: String,
    control: C,
    unit: &'static str,
    units: f64,
    taken: Vec<Taken>,
}

/// What each call of one path took, in nanoseconds a unit, ascending.
struct Taken {
    id: String,
    samples: Vec<f64>,
}

impl Taken {
    fn min(&self) -> f64 {
        self.samples[0]
    }

    fn median(&self) -> f64 {
        self.samples[self.samples.len() / 2]
    }
}

impl<'c, C: FnMut() -> T, T> Beside<'c, C> {
    /// Measures the control for the first time. One call of a path is worth `units` of `unit`.
    pub fn control(criterion: &'c mut Criterion, name: &str, units: usize, unit: &'static str, control: C) -> Self {
        let mut group = criterion.benchmark_group(name);
        group.sampling_mode(SamplingMode::Flat);
        let mut beside = Self { group, name: name.to_owned(), control, unit, units: units as f64, taken: Vec::new() };
        beside.take_control("control");
        beside
    }

    /// Measures a subject.
    #[must_use]
    pub fn subject<S>(mut self, id: &str, subject: impl FnMut() -> S) -> Self {
        self.take(id, subject);
        self
    }

    /// Measures the control again, and prints the lines of this group.
    ///
    /// # Panics
    /// When standard output is gone.
    pub fn close(mut self) {
        self.take_control("control, again");
        self.group.finish();
        let mut out = io::stdout().lock();
        for line in lines(&self.name, self.unit, &self.taken) {
            writeln!(out, "{line}").expect("standard output is there");
        }
    }

    fn take_control(&mut self, id: &str) {
        // Lent to a closure of its own, as it lives beside the group in `self`.
        let Self { group, control, taken, units, .. } = self;
        taken.extend(measure(group, id, *units, control));
    }

    fn take<S>(&mut self, id: &str, path: impl FnMut() -> S) {
        self.taken.extend(measure(&mut self.group, id, self.units, path));
    }
}

/// What was measured, if it was: not when it runs each path once, or a filter leaves this one out.
fn measure<S>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    id: &str,
    units: f64,
    mut path: impl FnMut() -> S,
) -> Option<Taken> {
    let mut samples = Vec::new();
    group.bench_function(id, |bencher| {
        bencher.iter_custom(|calls| {
            // Each call by itself: where processors are shared, many short samples find quiet moments, a few long ones none.
            let took = (0..calls).map(|_| {
                let started = WallTime.start();
                black_box(path());
                WallTime.end(started)
            });
            let took: Vec<Duration> = took.collect();
            samples.extend(took.iter().map(|took| took.as_nanos() as f64 / units));
            took.iter().sum()
        });
    });
    samples.sort_by(f64::total_cmp);
    (samples.len() >= SAMPLES).then(|| Taken { id: id.to_owned(), samples })
}

/// The table of a group; it is empty unless the control was measured twice.
fn lines(name: &str, unit: &str, taken: &[Taken]) -> Vec<String> {
    let [first, subjects @ .., again] = taken else { return Vec::new() };
    if first.id != "control" || again.id != "control, again" {
        return Vec::new();
    }
    let (min, median) = (f64::min(first.min(), again.min()), f64::midpoint(first.median(), again.median()));
    let mut lines = vec![format!("{name}: ns a {unit} (speed against the control), by the minimum and by the median")];
    for path in [first].into_iter().chain(subjects).chain([again]) {
        lines.push(format!(
            "  {:<44} {:>11.2} ({:5.2}) {:>11.2} ({:5.2})",
            path.id,
            path.min(),
            min / path.min(),
            path.median(),
            median / path.median()
        ));
    }
    let apart = |a: f64, b: f64| f64::max(a, b) / f64::min(a, b) - 1.0;
    let (by_min, by_median) = (apart(first.min(), again.min()), apart(first.median(), again.median()));
    if f64::max(by_min, by_median) > PAIR_DIFFERS_BY {
        lines.push(format!(
            "  NOISE: the control differs from itself by {:.0} % (minimum), {:.0} % (median)",
            by_min * 100.0,
            by_median * 100.0
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(id: &str, samples: &[f64]) -> Taken {
        Taken { id: id.to_owned(), samples: samples.to_vec() }
    }

    #[test]
    fn a_run_whose_control_differs_from_itself_says_so() {
        let run = |again: f64| {
            lines("g", "event", &[taken("control", &[2.0]), taken("s", &[1.0]), taken("control, again", &[again])])
        };
        assert_eq!(run(2.19).len(), 4);
        assert_eq!(run(2.3)[4], "  NOISE: the control differs from itself by 15 % (minimum), 15 % (median)");
        assert!(run(2.0)[2].contains("1.00 ( 2.00)"), "{:?}", run(2.0));
    }

    #[test]
    fn a_filtered_run_compares_nothing() {
        assert!(lines("g", "event", &[taken("s", &[1.0])]).is_empty());
        assert!(lines("g", "event", &[taken("control", &[1.0]), taken("s", &[1.0])]).is_empty());
    }
}
