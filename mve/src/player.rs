//! Plays a case on this machine, and holds what it shows against what was reviewed.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::future::pending;
use std::panic::{self, PanicHookInfo};
use std::pin::Pin;

use harness::capture::content_of_snapshot;
use harness::gateway::CannotStart;
use harness::patience::InVain;
use harness::render::{Redactions, render};
use harness::stage::Stage;
use harness::tasks::words;
use harness::transcript::Transcript;
use harness::verdict::{Outcome, Verdict};
use tokio::task::JoinSet;

use crate::catalogue::{Case, Play};
use crate::machine::Machine;
use crate::testimony::{Testimony, unsigned};

include!(concat!(env!("OUT_DIR"), "/reviewed.rs"));

/// A case that was played to its end.
#[derive(Debug, Clone)]
pub struct Played {
    /// What happened.
    pub transcript: Transcript,
    /// What it means.
    pub verdict: Verdict,
    /// Both as text, redacted: what is reviewed.
    pub text: String,
    /// In what it is not as claimed.
    pub departure: Option<Departure>,
}

impl Played {
    /// Whether outcome and text are the reviewed ones.
    #[must_use]
    pub fn is_as_claimed(&self) -> bool {
        self.departure.is_none()
    }
}

/// In what a case that was played is not as claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// Its outcome is another one.
    Outcome {
        /// What the catalogue claims.
        claimed: Outcome,
        /// What it showed.
        shown: Outcome,
    },
    /// Its text differs from the reviewed one.
    Text,
    /// Nobody has reviewed its text.
    Unreviewed,
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outcome { claimed, shown } => write!(f, "claims {claimed}, shows {shown}"),
            Self::Text => f.write_str("its transcript is not the reviewed one"),
            Self::Unreviewed => f.write_str("its transcript was not reviewed yet"),
        }
    }
}

/// Why a case was not played to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The machine lacks something: no fault of the case.
    #[error("{0}")]
    CannotRun(String),
    /// What it waits for did not come within the bound of patience. The text may have many lines.
    #[error("{0}")]
    InVain(InVain),
    /// It failed on the way otherwise: a panic. The text may have many lines.
    #[error("{0}")]
    Failed(String),
    /// Somebody wanted it stopped; everything it opened is gone.
    #[error("stopped on the way")]
    Stopped,
}

/// Something that somebody may want stopped: each call gives a future that is there when it is to stop.
pub type Stopping<'a> = dyn Fn() -> Pin<Box<dyn Future<Output = ()> + 'a>> + Sync + 'a;

/// What nobody stops.
#[must_use]
pub fn never<'a>() -> Pin<Box<dyn Future<Output = ()> + 'a>> {
    Box::pin(pending())
}

/// Plays a case.
///
/// # Errors
/// When it cannot run here, or fails on the way.
pub async fn play(machine: &Machine, case: &Case) -> Result<Played, Fault> {
    let stage = machine.stage_of(case)?;
    let Shown { transcript, verdict, text } = show(stage, case.variant.run).await?;
    let reviewed = match case.witness {
        None => reviewed(&case.name()).map(str::to_owned),
        Some(go) => testimony(case).and_then(|testimony| testimony.of(&go.line()).map(str::to_owned)),
    };
    // The first line of a testimony's transcript names the version; the group does so for all of them.
    let shown = if case.witness.is_some() { unsigned(&text) } else { text.trim_end() };
    let departure = match reviewed {
        // What a version of Go shows is news, not a claim: its reviewed text says it all.
        _ if case.witness.is_none() && verdict.outcome != case.shows.outcome => {
            Some(Departure::Outcome { claimed: case.shows.outcome, shown: verdict.outcome })
        }
        None => Some(Departure::Unreviewed),
        Some(reviewed) => (reviewed != shown).then_some(Departure::Text),
    };
    Ok(Played { transcript, verdict, text, departure })
}

/// What the versions of Go have shown in this case, as it was reviewed.
#[must_use]
pub fn testimony(case: &Case) -> Option<Testimony> {
    let (_, text) = WITNESSED.iter().find(|(name, _)| *name == case.place())?;
    Some(Testimony::parse(text))
}

/// Plays a case on a runtime of its own: one thread, one scheduling order less.
///
/// # Errors
/// When it cannot run here, or fails on the way.
pub fn play_alone(machine: &Machine, case: &Case) -> Result<Played, Fault> {
    play_unless(machine, case, pending())
}

/// As [`play_alone`], until `stop` is there. Whatever the case has opened is gone when this returns.
///
/// # Errors
/// When it cannot run here, fails on the way, or is stopped.
pub fn play_unless(machine: &Machine, case: &Case, stop: impl Future<Output = ()>) -> Result<Played, Fault> {
    alone(play(machine, case), stop)
}

/// On a runtime of its own: one thread, one scheduling order less.
pub(crate) fn alone<T>(
    playing: impl Future<Output = Result<T, Fault>>,
    stop: impl Future<Output = ()>,
) -> Result<T, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Fault::CannotRun(format!("failed to start a runtime: {error}")))?;
    runtime.block_on(async {
        tokio::select! {
            biased;
            () = stop => Err(Fault::Stopped),
            played = playing => played,
        }
    })
}

/// The reviewed text of a case, without the snapshot's head.
#[must_use]
pub fn reviewed(case: &str) -> Option<&'static str> {
    let (_, snapshot) = REVIEWED.iter().find(|(name, _)| *name == case)?;
    content_of_snapshot(snapshot)
}

/// What a case showed where nobody claims anything of it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What happened.
    pub transcript: Transcript,
    /// What it means.
    pub verdict: Verdict,
    /// Both as text, redacted.
    pub text: String,
}

/// Plays on a stage of the caller's.
///
/// # Errors
/// When it cannot run here, or fails on the way.
pub async fn show(stage: Stage, run: impl FnOnce(Stage) -> Play) -> Result<Shown, Fault> {
    let transcript = caught(run(stage)).await?;
    let verdict = Verdict::of(&transcript);
    let text = render(&transcript, &Redactions::all());
    Ok(Shown { transcript, verdict, text })
}

/// As [`show`], on a runtime of its own, until `stop` is there. Whatever was opened is gone when this returns.
///
/// # Errors
/// When it cannot run here, fails on the way, or is stopped.
pub fn show_unless(
    stage: Stage,
    run: impl FnOnce(Stage) -> Play,
    stop: impl Future<Output = ()>,
) -> Result<Shown, Fault> {
    alone(show(stage, run), stop)
}

async fn caught(play: Play) -> Result<Transcript, Fault> {
    let mut task = JoinSet::new();
    task.spawn(play);
    match task.join_next().await {
        Some(Ok(transcript)) => Ok(transcript),
        Some(Err(error)) => Err(fault(error.into_panic().as_ref())),
        None => unreachable!("one task was spawned"),
    }
}

fn fault(payload: &(dyn Any + Send)) -> Fault {
    let place = PLACE.take();
    if let Some(error) = payload.downcast_ref::<CannotStart>() {
        return Fault::CannotRun(error.to_string());
    }
    if let Some(in_vain) = payload.downcast_ref::<InVain>() {
        return Fault::InVain(in_vain.clone());
    }
    let text = words(payload).unwrap_or_else(|| "a panic without a message".into());
    Fault::Failed(match place {
        Some(place) => format!("{text}\n(a panic at {place})"),
        None => text,
    })
}

thread_local! {
    /// Whether panics of this thread are a case's, and so its result.
    static QUIET: Cell<bool> = const { Cell::new(false) };
    /// Where the last of them was.
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// From here on a panic of this thread is not printed: it is the result of the case that is being played, which
/// [`Fault::Failed`] tells with its place.
pub fn keep_panics_of_this_thread() {
    QUIET.set(true);
}

/// Lets threads ask for [`keep_panics_of_this_thread`]. Call it once, before any case is played. With `verbose`, a panic
/// is printed nevertheless when `RUST_BACKTRACE` asks for its backtrace.
pub fn install_panic_hook(verbose: bool) {
    let usual = panic::take_hook();
    let backtrace_wanted = verbose && std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    panic::set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
        let is_a_cases = QUIET.get();
        if is_a_cases {
            PLACE.set(panic.location().map(ToString::to_string));
        }
        if !is_a_cases || backtrace_wanted {
            usual(panic);
        }
    }));
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use harness::patience;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_wait_in_vain_is_told_from_a_panic_that_says_the_same() {
        let waiting = patience::wait("nothing", Location::caller(), String::new, pending());
        let Err(Fault::InVain(in_vain)) = caught(Box::pin(waiting)).await else { panic!("it waits in vain") };
        let said = in_vain.to_string();
        assert!(said.contains(" ms for nothing, in vain (at mve/src/player.rs:"), "{said}");
        let Err(Fault::Failed(why)) = caught(Box::pin(async move { panic!("{said}") })).await else {
            panic!("it fails otherwise")
        };
        assert!(why.starts_with("waited "), "{why}");
    }
}
