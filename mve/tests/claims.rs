//! The claims ledger: what holds for it as a whole, and the tests that its verdicts rest on. One that this machine lacks
//! something for is ignored, and says what for; `just evidence` fetches what is missing and runs them all.

#[path = "evidence/browser.rs"]
mod browser;
#[path = "evidence/cells.rs"]
mod cells;
#[path = "evidence/envoy.rs"]
mod envoy;
#[path = "evidence/event_stream.rs"]
mod event_stream;
#[path = "evidence/go.rs"]
mod go;
#[path = "evidence/laws.rs"]
mod laws;
#[path = "evidence/nginx.rs"]
mod nginx;
#[path = "evidence/packages.rs"]
mod packages;
#[path = "evidence/program.rs"]
mod program;
#[path = "evidence/sources.rs"]
mod sources;
#[path = "evidence/stream.rs"]
mod stream;

use std::collections::BTreeMap;
use std::process::ExitCode;

use fixtures::go::Toolchain;
use libtest_mimic::{Arguments, Trial};

/// What a test of [`mve::claims::TESTS`] does.
struct Evidence {
    /// Its name there.
    name: &'static str,
    /// The toolchains of this machine that testify, oldest first.
    go: Vec<&'static Toolchain>,
    /// Why this machine cannot run it.
    why_not: Option<String>,
    /// Panics when the evidence is not what it was.
    run: Box<dyn FnOnce() + Send>,
}

impl Evidence {
    fn new(name: &'static str, why_not: Option<String>, run: impl FnOnce() + Send + 'static) -> Self {
        Self { name, go: Vec::new(), why_not, run: Box::new(run) }
    }

    /// One that asks these toolchains, and cannot be run without any.
    fn of_go(
        name: &'static str,
        go: Vec<&'static Toolchain>,
        without: impl FnOnce() -> String,
        run: impl FnOnce(&[&'static Toolchain]) + Send + 'static,
    ) -> Self {
        let why_not = go.is_empty().then(without);
        let asked = go.clone();
        let run = move || {
            assert!(!asked.is_empty(), "nobody is here to be asked");
            run(&asked);
        };
        Self { name, go, why_not, run: Box::new(run) }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut evidence = event_stream::evidence();
    evidence.extend(sources::evidence());
    evidence.extend(go::evidence());
    evidence.extend(packages::evidence());
    evidence.extend(nginx::evidence());
    evidence.extend(envoy::evidence());
    evidence.extend(browser::evidence());
    let witnesses = evidence.iter().map(|evidence| (evidence.name, evidence.go.clone())).collect();
    let mut trials = laws::trials(witnesses);
    let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for Evidence { name, why_not, run, .. } in evidence {
        let ignored = why_not.is_some();
        if let Some(why) = why_not {
            reasons.entry(why).or_default().push(name);
        }
        let trial = Trial::test(name, move || {
            run();
            Ok(())
        });
        trials.push(trial.with_ignored_flag(ignored));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list && conclusion.num_ignored > 0 {
        for (why, names) in reasons {
            eprintln!("ignored, because of {why}:\n  {}", names.join("\n  "));
        }
    }
    conclusion.exit_code()
}
