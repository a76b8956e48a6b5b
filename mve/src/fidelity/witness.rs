//! Who plays a program: the model, or real Go.

use super::excluded::Exclusion;
use super::outcome::Outcome;
use super::program::Program;

/// Why a program could not be played: nothing about the program.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub String);

/// A server that plays programs.
pub trait Witness: Sync {
    /// What it is, for a transcript.
    fn name(&self) -> String;

    /// Why this program is not to be played here, if it is not.
    fn excludes(&self, program: &Program) -> Option<Exclusion> {
        Exclusion::of(program)
    }

    /// Plays one program to its end.
    ///
    /// # Errors
    /// When it cannot.
    fn play(&self, program: &Program) -> Result<Outcome, Fault>;
}
