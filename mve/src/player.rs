//! Plays a case on this machine, and holds what it shows against what was reviewed.

use std::any::Any;

use harness::gateway::{CannotStart, Gateway, Nginx};
use harness::render::{Redactions, render};
use harness::stage::Stage;
use harness::transcript::Transcript;
use harness::verdict::Verdict;
use tokio::task::JoinSet;

use crate::catalogue::{Case, Play, Via};

include!(concat!(env!("OUT_DIR"), "/reviewed.rs"));

/// A case that was played to its end.
#[derive(Debug)]
pub struct Played {
    /// What happened.
    pub transcript: Transcript,
    /// What it means.
    pub verdict: Verdict,
    /// Both as text, redacted: what is reviewed.
    pub text: String,
    /// Whether outcome and text are the reviewed ones.
    pub as_claimed: bool,
}

/// Why a case was not played to its end.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The machine lacks something: no fault of the case.
    #[error("{0}")]
    CannotRun(String),
    /// It failed on the way: a wait in vain, a panic.
    #[error("{0}")]
    Failed(String),
}

/// What this machine offers to cases. Cheap to make: nginx is looked for, and built, when the first case needs it.
#[derive(Debug, Default)]
pub struct Machine {
    nginx: std::sync::OnceLock<Result<fixtures::nginx::Nginx, String>>,
}

impl Machine {
    /// The stage for a case, with its gateways.
    ///
    /// # Errors
    /// When the machine lacks what the case needs.
    pub fn stage(&self, via: Via) -> Result<Stage, Fault> {
        match via {
            Via::Direct => Ok(Stage::direct()),
            Via::Nginx(conf) => {
                let nginx = self.nginx.get_or_init(|| fixtures::nginx::binary().map_err(|error| error.to_string()));
                let program = nginx.clone().map_err(Fault::CannotRun)?;
                let text = fixtures::nginx::conf::text(conf);
                let text = text.ok_or_else(|| Fault::CannotRun(format!("there is no conf named {conf}")))?;
                Ok(Stage::direct().through(Gateway::Nginx(Nginx { program, name: conf.into(), conf: text.into() })))
            }
        }
    }

    /// Plays a case.
    ///
    /// # Errors
    /// When it cannot run here, or fails on the way.
    pub async fn play(&self, case: &Case) -> Result<Played, Fault> {
        let stage = self.stage(case.shows.via)?;
        let transcript = caught((case.variant.run)(stage)).await?;
        let verdict = Verdict::of(&transcript);
        let text = render(&transcript, &Redactions::all());
        let as_claimed = verdict.outcome == case.shows.outcome && reviewed(&case.name()) == Some(text.trim_end());
        Ok(Played { transcript, verdict, text, as_claimed })
    }

    /// Plays a case on a runtime of its own: one thread, one scheduling order less.
    ///
    /// # Errors
    /// When it cannot run here, or fails on the way.
    pub fn play_alone(&self, case: &Case) -> Result<Played, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime
            .map_err(|error| Fault::CannotRun(format!("failed to start a runtime: {error}")))?
            .block_on(self.play(case))
    }
}

/// The reviewed text of a case, without the snapshot's head.
#[must_use]
pub fn reviewed(case: &str) -> Option<&'static str> {
    let (_, snapshot) = REVIEWED.iter().find(|(name, _)| *name == case)?;
    let (_, text) = snapshot.strip_prefix("---\n")?.split_once("\n---\n")?;
    Some(text.trim_end())
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
    if let Some(error) = payload.downcast_ref::<CannotStart>() {
        return Fault::CannotRun(error.to_string());
    }
    let text = payload.downcast_ref::<String>().cloned();
    let text = text.or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned()));
    Fault::Failed(text.unwrap_or_else(|| "a panic without a message".into()))
}
