//! `lastchunk claims`.

use std::io::Write as _;

use clap::Args;
use mve::claims::{self, Claim, Verdict};
use serde::Serialize;

use super::complaint::Complaint;
use super::paint::{self, in_style};
use super::{Exit, output};

const HELP: &str = "\
With --json, one object a line, one line a claim, with the keys
  id        C01 to C76
  claim     what is claimed
  verdict   confirmed, refuted, partly, depends on version, not testable
  why       what is so, in a sentence; of what is not testable, the reason
  evidence  what the verdict rests on: names of cases and cells, as `show`
            takes them, and tests (`claims::NAME`: a trial of `cargo test -p
            mve --test claims -- --include-ignored NAME`)
  versions  what the evidence was run against

Example: lastchunk claims C06";

/// Every technical claim of the article that this started from, with a verdict.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, after_help = "See --help for the keys of --json.")]
pub struct Claims {
    /// One claim, by its id: C06
    id: Option<String>,
    /// One object a line
    #[arg(long)]
    json: bool,
    /// All of it, as the page mve/claims.md
    #[arg(long, conflicts_with_all = ["id", "json"])]
    markdown: bool,
}

/// A line of `--json`; the order of the fields is that of the keys.
#[derive(Debug, Serialize)]
struct Entry {
    id: &'static str,
    claim: &'static str,
    verdict: &'static str,
    why: &'static str,
    evidence: Vec<String>,
    versions: Vec<String>,
}

impl Claims {
    pub fn answer(&self) -> Result<Exit, Complaint> {
        let chosen: Vec<&Claim> = match &self.id {
            None => claims::claims().collect(),
            Some(id) => vec![claims::claim(id).ok_or_else(|| no_claim(id))?],
        };
        if self.json {
            for claim in chosen {
                output::object(&entry(claim))?;
            }
            return Ok(Exit::AsClaimed);
        }
        let mut out = output::text();
        if self.markdown {
            write!(out, "{}", claims::page())?;
        } else if let (Some(_), [claim]) = (&self.id, chosen.as_slice()) {
            tell(&mut out, claim)?;
        } else {
            for claim in &chosen {
                writeln!(out, "{}  {:18}  {}", in_style(paint::BOLD, claim.id), claim.verdict, claim.claim)?;
            }
            let count = |verdict| chosen.iter().filter(|claim| claim.verdict == verdict).count();
            let counts = Verdict::ALL.map(|verdict| format!("{} {verdict}", count(verdict)));
            writeln!(out, "\n{} claims: {}", chosen.len(), counts.join(", "))?;
            writeln!(out, "what one rests on: lastchunk claims C06")?;
        }
        out.flush()?;
        Ok(Exit::AsClaimed)
    }
}

fn tell(out: &mut impl std::io::Write, claim: &Claim) -> Result<(), Complaint> {
    writeln!(out, "{}: {}", in_style(paint::BOLD, claim.id), claim.claim)?;
    writeln!(out, "{}: {}", in_style(paint::BOLD, claim.verdict), claim.why)?;
    for evidence in claim.evidence {
        match evidence {
            claims::Evidence::Case(name) => writeln!(out, "  lastchunk show {name}")?,
            claims::Evidence::Cell(name, outcome) => writeln!(out, "  lastchunk show {name}  # {outcome}")?,
            claims::Evidence::Test(name) => {
                writeln!(out, "  cargo test -p mve --test claims -- --include-ignored {name}")?;
            }
        }
    }
    let versions = claims::versions(claim);
    if !versions.is_empty() {
        writeln!(out, "run against {}", versions.join("; "))?;
    }
    Ok(())
}

fn no_claim(id: &str) -> Complaint {
    Complaint::new(format!("there is no claim {id}: they are C01 to C76, as `lastchunk claims` lists them"))
}

fn entry(claim: &Claim) -> Entry {
    Entry {
        id: claim.id,
        claim: claim.claim,
        verdict: claim.verdict.name(),
        why: claim.why,
        evidence: claim.evidence.iter().map(ToString::to_string).collect(),
        versions: claims::versions(claim),
    }
}
