//! What leaving a directive out came to, as an object and for people.

use std::io::Write as _;

use serde::Serialize;

use super::super::complaint::{Complaint, safe, short};
use super::super::output;
use super::super::paint::{self, in_style};

/// How many changed cases are named for people.
const NAMED: usize = 4;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Change {
    pub(super) case: String,
    pub(super) with: Option<&'static str>,
    pub(super) without: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) context: String,
    pub(super) directive: String,
    pub(super) effect: &'static str,
    pub(super) changes: Vec<Change>,
    pub(super) tried: Vec<String>,
    pub(super) why: Option<String>,
}

pub(super) fn tell(findings: &[Finding], tried: usize) -> Result<(), Complaint> {
    let mut out = output::text();
    for finding in findings {
        let Finding { file, line, directive, effect, changes, .. } = finding;
        let verdict = match (*effect, finding.why.as_deref().map(short)) {
            ("none", Some(why)) => in_style(paint::BOLD, format!("without effect: {why}")),
            ("clock", Some(why)) => format!("a clock that holds: {why}"),
            ("refused", why) => format!("needed: {}", why.unwrap_or_default()),
            ("changes", _) => {
                let outcomes = changes.iter().filter(|change| change.with != change.without).count();
                let octets = changes.len() - outcomes;
                in_style(
                    paint::BOLD,
                    format!("changes the outcome of {outcomes} of {tried} cases, other octets in {octets}"),
                )
            }
            ("none", None) => in_style(paint::BOLD, format!("without effect: changes none of {tried} cases")),
            ("together", _) => format!(
                "alone without effect; with the others of that kind left out too, {} cases change",
                changes.len()
            ),
            _ => "not tried: its effect is a clock, and no case waits for it".to_owned(),
        };
        writeln!(out, "{}:{line}: {}\n    {verdict}", safe(file), short(directive))?;
        if *effect != "changes" {
            continue;
        }
        // What changes the outcome is told first.
        let mut told: Vec<&Change> = changes.iter().collect();
        told.sort_by_key(|change| change.with == change.without);
        for change in told.iter().take(NAMED) {
            let [with, without] = [change.with, change.without].map(|outcome| outcome.unwrap_or("no end"));
            let what = match with == without {
                true => format!("{with} either way, other octets"),
                false => format!("{with}; without it {without}"),
            };
            writeln!(out, "    {}: {what}", change.case)?;
        }
        if let more @ 1.. = changes.len().saturating_sub(NAMED) {
            writeln!(out, "    and {more} more")?;
        }
    }
    let count = |effect: &str| findings.iter().filter(|finding| finding.effect == effect).count();
    let s = if findings.len() == 1 { "" } else { "s" };
    writeln!(
        out,
        "\n{} directive{s} for streams: {} with effect, {} without, {} only together, {} needed, {} clocks; {tried} cases each",
        findings.len(),
        count("changes"),
        count("none"),
        count("together"),
        count("refused"),
        count("clock")
    )?;
    Ok(out.flush()?)
}
