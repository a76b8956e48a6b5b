//! What a case comes to, in one word.

use std::fmt;
use std::str::FromStr;

/// The outcome of a case. The rules stand at [`Verdict`](super::Verdict).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Everything meant arrived, when it was sent.
    Intact,
    /// Everything meant arrived, some of it only in a later step.
    Held,
    /// Something meant is lost, and the reader can tell.
    CutVisible,
    /// Something meant is lost, and the framing says complete.
    CutSilent,
    /// Octets that nobody's handler wrote.
    Altered,
    /// Nothing arrives any more, and nothing ends.
    Hung,
    /// The reader is gone, the handler works on.
    Leaked,
}

impl Outcome {
    /// All outcomes, the harmless ones first.
    #[must_use]
    pub const fn all() -> [Self; 7] {
        [Self::Intact, Self::Held, Self::CutVisible, Self::CutSilent, Self::Altered, Self::Hung, Self::Leaked]
    }

    /// Its name in transcripts, tables and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Held => "held",
            Self::CutVisible => "cut-visible",
            Self::CutSilent => "cut-silent",
            Self::Altered => "altered",
            Self::Hung => "hung",
            Self::Leaked => "leaked",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `pad`, so that a table can align it.
        f.pad(self.name())
    }
}

/// A word that is no outcome.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no outcome (known: intact, held, cut-visible, cut-silent, altered, hung, leaked)")]
pub struct NoOutcome(pub String);

impl FromStr for Outcome {
    type Err = NoOutcome;

    fn from_str(word: &str) -> Result<Self, NoOutcome> {
        Self::all().into_iter().find(|outcome| outcome.name() == word).ok_or_else(|| NoOutcome(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_is_read_back_by_its_name() {
        for outcome in Outcome::all() {
            assert_eq!(outcome.to_string().parse(), Ok(outcome));
        }
    }

    #[test]
    fn another_word_is_refused_with_the_known_ones() {
        let error = "partial".parse::<Outcome>().map_err(|error| error.to_string());
        let known = Outcome::all().map(Outcome::name).join(", ");
        assert_eq!(error, Err(format!("\"partial\" is no outcome (known: {known})")));
    }
}
