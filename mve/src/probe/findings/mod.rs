//! What is wrong with a stream, with the evidence, the clause and the cure: pure functions over what was observed.

mod clocks;
mod end;
mod gaps;
mod head;
mod lumps;
mod pace;
pub mod resume;
mod text;
mod transfer;

#[cfg(test)]
pub(super) mod synthetic;

use std::fmt;

pub use clocks::{CLOCKS, Clock, Counts};
pub use gaps::Histogram;
pub use lumps::{Lump, lumps};

use super::observation::Observation;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It breaks the stream, and this was seen.
    Harm,
    /// It breaks streams like this one, somewhere or at some time.
    Risk,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// Its word in reports and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Harm => "harm",
            Self::Risk => "risk",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Something about a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The name of the rule, which stays the same.
    pub rule: &'static str,
    /// What it is, in a sentence without a full stop.
    pub what: String,
    /// What was seen of it.
    pub evidence: String,
    /// What says that it is so: clauses of specifications, threads.
    pub clause: &'static str,
    /// What to do; empty where there is nothing to do.
    pub cure: String,
}

impl Finding {
    fn new(severity: Severity, rule: &'static str, what: impl Into<String>) -> Self {
        let (evidence, cure) = (String::new(), String::new());
        Self { severity, rule, what: what.into(), evidence, clause: "", cure }
    }

    fn harm(rule: &'static str, what: impl Into<String>) -> Self {
        Self::new(Severity::Harm, rule, what)
    }

    fn risk(rule: &'static str, what: impl Into<String>) -> Self {
        Self::new(Severity::Risk, rule, what)
    }

    fn note(rule: &'static str, what: impl Into<String>) -> Self {
        Self::new(Severity::Note, rule, what)
    }

    fn seen(self, evidence: impl Into<String>) -> Self {
        Self { evidence: evidence.into(), ..self }
    }

    fn by(self, clause: &'static str) -> Self {
        Self { clause, ..self }
    }

    fn cured_by(self, cure: impl Into<String>) -> Self {
        Self { cure: cure.into(), ..self }
    }
}

/// All findings about a response, the worst first, else in the order of the response.
#[must_use]
pub fn findings(seen: &Observation) -> Vec<Finding> {
    let mut findings = head::findings(seen);
    findings.extend(pace::findings(seen));
    findings.extend(text::findings(seen));
    findings.extend(end::findings(seen));
    findings.extend(clocks::findings(seen));
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// `1 event`, `2 events`.
pub(super) fn count(count: usize, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {noun}{s}", grouped(count))
}

/// A number with commas.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
