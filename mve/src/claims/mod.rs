//! The claims ledger: every technical claim of the article that this project was started from, with a verdict and what the
//! verdict rests on. `lastchunk claims` and `mve/claims.md` are made from this.

mod cures;
mod deployment;
mod header_section;
mod history;
mod page;
mod test;
mod time_outs;
mod versions;

use std::fmt;

use harness::verdict::Outcome;

pub use page::page;
pub use test::{TESTS, Test};
pub use versions::versions;

/// One of the article's claims.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// `C01` to `C76`.
    pub id: &'static str,
    /// What is claimed, in our words.
    pub claim: &'static str,
    /// Whether it is so.
    pub verdict: Verdict,
    /// What is so, in a sentence that a newcomer understands; of what is not testable, the reason.
    pub why: &'static str,
    /// What the verdict rests on: none for what is not testable.
    pub evidence: &'static [Evidence],
}

/// Whether a claim holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It does.
    Confirmed,
    /// It does not.
    Refuted,
    /// A part of it does, or it does under a condition that it does not name.
    Partly,
    /// It does in some versions.
    DependsOnVersion,
    /// Nothing runnable bears on it.
    NotTestable,
}

impl Verdict {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 5] =
        [Self::Confirmed, Self::Refuted, Self::Partly, Self::DependsOnVersion, Self::NotTestable];

    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Refuted => "refuted",
            Self::Partly => "partly",
            Self::DependsOnVersion => "depends on version",
            Self::NotTestable => "not testable",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Something that can be run, and would show if the verdict were wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// A case of the catalogue, by its name. Where Go has a part in it, it rests on real Go too.
    Case(&'static str),
    /// A cell of the tables of gateways, by its name, and the outcome that was reviewed there.
    Cell(&'static str, Outcome),
    /// One of [`TESTS`].
    Test(&'static str),
}

impl fmt::Display for Evidence {
    /// A case's or a cell's name, as `lastchunk show` takes it; a test's behind `claims::`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Case(name) | Self::Cell(name, _) => f.write_str(name),
            Self::Test(name) => write!(f, "claims::{name}"),
        }
    }
}

/// Every claim, in order.
pub fn claims() -> impl Iterator<Item = &'static Claim> {
    [history::CLAIMS, time_outs::CLAIMS, header_section::CLAIMS, cures::CLAIMS, deployment::CLAIMS]
        .into_iter()
        .flatten()
}

/// The claim with this id, in capitals or not.
#[must_use]
pub fn claim(id: &str) -> Option<&'static Claim> {
    claims().find(|claim| claim.id.eq_ignore_ascii_case(id))
}
