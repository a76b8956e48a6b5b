//! The cases in which Go has a part, with every Go of this machine: what each version shows is held against the reviewed
//! testimony, where versions that show the same stand together. A version that moves to another group fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use mve::catalogue::{Case, cases, toolchains};
use mve::machine::Machine;
use mve::player::{keep_panics_of_this_thread, play_alone};
use mve::testimony::{Testimony, unsigned};

/// Why they are ignored on a machine without Go.
pub const NO_GO: &str = "no Go toolchain (put `go` on the path, name one in LASTCHUNK_GO, or run `just toolchains`)";

/// One trial a case.
pub fn trials(machine: &Arc<Machine>) -> Vec<Trial> {
    let has_part = cases().filter(|case| fixtures::go::part(case.failure.name, case.variant.name).is_some());
    let here = !toolchains().is_empty();
    has_part
        .map(|case| {
            let name = format!("go::{}", case.place().replace('/', "::"));
            let can_run = here && machine.why_not(case.shows.via).is_none();
            let machine = Arc::clone(machine);
            Trial::test(name, move || trial(&machine, &case)).with_ignored_flag(!can_run)
        })
        .collect()
}

fn trial(machine: &Machine, case: &Case) -> Result<(), Failed> {
    keep_panics_of_this_thread();
    if toolchains().is_empty() {
        return Err(NO_GO.into());
    }
    let mut shown = BTreeMap::new();
    for go in toolchains() {
        let case = case.witnessed_by(go).ok_or("Go has no part in it")?;
        let played = play_alone(machine, &case).map_err(|fault| format!("go {}: {fault}", go.version))?;
        shown.insert(go.line(), played.text);
    }
    let file = file(case);
    let reviewed = fs::read_to_string(&file).unwrap_or_default();
    let testimony = Testimony::parse(&reviewed);
    let now = testimony.with(&shown);
    if now == testimony && reviewed == now.to_string() {
        return Ok(());
    }
    if std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always") {
        fs::create_dir_all(file.parent().expect("it lies in a folder"))?;
        fs::write(&file, now.to_string())?;
        return Ok(());
    }
    let moved: Vec<&str> = shown
        .iter()
        .filter(|(line, text)| testimony.of(line) != Some(unsigned(text)))
        .map(|(line, _)| line.as_str())
        .collect();
    let difference =
        similar::TextDiff::from_lines(reviewed.as_str(), now.to_string().as_str()).unified_diff().to_string();
    Err(format!("go {}: not as reviewed\n{difference}", moved.join(", ")).into())
}

fn file(case: &Case) -> PathBuf {
    let (failure, rest) = case.place().split_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap_or_default();
    Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(failure).join("go").join(format!("{rest}.txt"))
}
