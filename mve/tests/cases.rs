//! Plays every case of the catalogue: one trial a case, named by what is observed. The text is held against the reviewed
//! snapshot first, then the outcome against the catalogue.

#[path = "cases/agreement.rs"]
mod agreement;
#[path = "cases/containers.rs"]
mod containers;
#[path = "cases/laws.rs"]
mod laws;
#[path = "cases/log.rs"]
mod log;
#[path = "cases/witnesses.rs"]
mod witnesses;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use mve::catalogue::{Case, cases};
use mve::machine::Machine;
use mve::player::{Fault, Played, install_panic_hook, keep_panics_of_this_thread, play_alone};

use log::Log;

fn main() -> ExitCode {
    install_panic_hook(true);
    let arguments = Arguments::from_args();
    let machine = Arc::new(Machine::default());
    // An nginx that somebody named has to be there; a build of our own needs tools that not every machine has.
    let named = std::env::var_os("LASTCHUNK_NGINX").is_some_and(|value| !value.is_empty());
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut trials = laws::trials();
    trials.extend(agreement::trials());
    for case in cases() {
        let why_not = machine.why_not(case.shows.via);
        let ignored = why_not.is_some() && !named;
        if let Some(why) = why_not.filter(|_| ignored) {
            *reasons.entry(why).or_default() += 1;
        }
        let machine = Arc::clone(&machine);
        trials.push(Trial::test(name(&case), move || trial(&machine, &case)).with_ignored_flag(ignored));
    }
    let with_go = witnesses::trials(&machine);
    if mve::catalogue::toolchains().is_empty() {
        reasons.insert(witnesses::NO_GO.to_owned(), with_go.len());
    }
    trials.extend(with_go);
    let through_containers = containers::trials();
    reasons.insert(containers::WHY_IGNORED.to_owned(), through_containers.len());
    trials.extend(through_containers);
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list && conclusion.num_ignored > 0 {
        for (why, count) in reasons {
            eprintln!("ignored, because this machine cannot run them: {count} cases: {why}");
        }
    }
    conclusion.exit_code()
}

/// `failure::variant@conf::what_is_observed`.
fn name(case: &Case) -> String {
    let case_name = case.name().replace('/', "::");
    let kept = |character: &char| character.is_ascii_alphanumeric() || " -_".contains(*character);
    let sentence: String = case.shows.says.chars().filter(kept).collect();
    format!("{case_name}::{}", sentence.replace(' ', "_"))
}

fn trial(machine: &Machine, case: &Case) -> Result<(), Failed> {
    keep_panics_of_this_thread();
    let log = Log::default();
    let played = log.during(|| play_alone(machine, case));
    let failed = match played {
        Ok(played) => match catch_unwind(AssertUnwindSafe(|| is_as_reviewed(case, &played))) {
            Ok(()) => return Ok(()),
            Err(payload) => message(payload.as_ref()),
        },
        Err(Fault::CannotRun(why)) => format!("cannot run here: {why}"),
        Err(fault) => fault.to_string(),
    };
    Err(format!("{failed}\n{log}see it with: cargo run -- show {}", case.name()).into())
}

/// The text first: its difference says more than a word.
fn is_as_reviewed(case: &Case, played: &Played) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(case.failure.name));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(case.shows.says);
    let name = case.name();
    let file = name.strip_prefix(case.failure.name).map_or(name.as_str(), |rest| &rest[1..]);
    settings.bind(|| insta::assert_snapshot!(file, played.text));
    let (claimed, shown) = (case.shows.outcome, played.verdict.outcome);
    assert_eq!(claimed, shown, "the catalogue claims {claimed}, the case shows {shown}");
}

fn message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()
}
