//! The model of `net/http` against every Go of this machine that it is held against: one trial a version.

use std::process::ExitCode;

use fixtures::go::{Toolchain, toolchains};
use libtest_mimic::{Arguments, Failed, Trial};
use mve::fidelity::{Go, Model, OLDEST, run};
use mve::player::install_panic_hook;

const SEED: u64 = 1;
const COUNT: u64 = 200;

fn main() -> ExitCode {
    install_panic_hook(false);
    let arguments = Arguments::from_args();
    let here = toolchains().into_iter().filter(|toolchain| toolchain.number >= OLDEST);
    let mut trials: Vec<Trial> = here.map(trial).collect();
    if trials.is_empty() {
        let [major, minor, _] = OLDEST;
        let name = "the_model_plays_random_programs_as_go_does";
        trials.push(Trial::test(name, || Err("there is no Go".into())).with_ignored_flag(true));
        if !arguments.list {
            eprintln!(
                "ignored: no Go {major}.{minor} or newer (put `go` on the path, name one in LASTCHUNK_GO, or run `just toolchains`)"
            );
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(toolchain: Toolchain) -> Trial {
    let name = format!("the_model_plays_{COUNT}_random_programs_as_go_{}_does", toolchain.line().replace('.', "_"));
    Trial::test(name, move || {
        let go = Go::start(&toolchain)?;
        let compared = run(SEED, COUNT, &Model::default(), &go)?;
        match compared.divergences.first() {
            None => Ok(()),
            Some(divergence) => Err(Failed::from(divergence)),
        }
    })
}
