//! Every case behind nginx once more, with nginx in a container: the text has to be the one that was reviewed for the
//! process.

use libtest_mimic::{Failed, Trial};
use mve::catalogue::{Case, Via, cases};

/// Why they do not run by themselves.
pub const WHY_IGNORED: &str = "they need a container engine (`just containers` runs them)";

/// One trial a case behind nginx.
pub fn trials() -> Vec<Trial> {
    let behind_nginx = cases().filter(|case| case.shows.via != Via::Direct);
    behind_nginx
        .map(|case| {
            let name = format!("containers::{}", case.name().replace('/', "::"));
            Trial::test(name, move || trial(&case)).with_ignored_flag(true)
        })
        .collect()
}

#[cfg(not(feature = "containers"))]
fn trial(_: &Case) -> Result<(), Failed> {
    Err("built without the feature `containers`".into())
}

#[cfg(feature = "containers")]
fn trial(case: &Case) -> Result<(), Failed> {
    use mve::machine::Machine;
    use mve::player::{keep_panics_of_this_thread, play_alone, reviewed};

    keep_panics_of_this_thread();
    let played = play_alone(&Machine::in_containers(), case).map_err(|fault| fault.to_string())?;
    let wanted = reviewed(&case.name()).ok_or("its transcript was not reviewed yet")?;
    if played.text.trim_end() == wanted {
        return Ok(());
    }
    let difference = similar::TextDiff::from_lines(wanted, played.text.trim_end());
    Err(format!("through a container it shows something else\n{}", difference.unified_diff()).into())
}
