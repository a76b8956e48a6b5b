//! `mve/claims.md`.

use super::{Evidence, TESTS, Verdict, claims, versions};
use crate::catalogue::cases;

/// What stands above the table.
const HEAD: &str = "\
# The claims ledger

An article, in Chinese, warns of \"silent truncation of SSE response bodies by `context.WithTimeout` in Go 1.22+ (92 % of
production projects affected)\". This is every technical claim in it, in our words, with a verdict. A verdict rests on
something that can be run and would show if the verdict were wrong; what rests on nothing runnable is *not testable*, with
the reason.

Evidence is a case, which `lastchunk show NAME` plays and whose claims `lastchunk list --json` tells; a cell of the tables of
gateways, which `lastchunk show NAME` plays where the gateway was fetched; or a test of the binary `claims`, listed at the
end. `just evidence` fetches what the tests ask and runs all of them. Versions are those that the evidence was run against, and
where a sentence says every version, it means those. A case without Go among them rests on the model of `net/http` in
`harness`, which is held against Go by tests of its own.

This page is written by `lastchunk claims --markdown`; a test holds it against the data. One claim: `lastchunk claims C06`.
";

/// The ledger as a page of Markdown.
#[must_use]
pub fn page() -> String {
    let mut page = String::from(HEAD);
    page += "\n| verdict | claims |\n|---|---|\n";
    for verdict in Verdict::ALL {
        let ids: Vec<&str> = claims().filter(|claim| claim.verdict == verdict).map(|claim| claim.id).collect();
        page += &format!("| {verdict} | {}: {} |\n", ids.len(), ids.join(", "));
    }
    for claim in claims() {
        page += &format!(
            "\n## {}: {}\n\n{}\n\n**{}.** {}\n",
            claim.id,
            claim.verdict,
            claim.claim,
            capital(claim.verdict),
            claim.why
        );
        if !claim.evidence.is_empty() {
            let evidence: Vec<String> = claim.evidence.iter().map(linked).collect();
            page += &format!("\nEvidence: {}\n", evidence.join(", "));
        }
        let versions = versions(claim);
        if !versions.is_empty() {
            page += &format!("\nVersions: {}\n", versions.join("; "));
        }
    }
    page += "\n## The tests\n\n| test | what it has shown |\n|---|---|\n";
    for test in TESTS {
        page += &format!("| `{}` | {} |\n", Evidence::Test(test.name), test.shows);
    }
    page
}

fn capital(verdict: Verdict) -> String {
    let name = verdict.name();
    name[..1].to_uppercase() + &name[1..]
}

/// A case links to its reviewed transcript, a cell to its reviewed table.
fn linked(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Case(name) if cases().any(|case| case.name() == *name) => {
            format!("[`{name}`](snapshots/{name}.snap)")
        }
        Evidence::Cell(name, outcome) => {
            let table = name.split('/').take(2).collect::<Vec<_>>().join("-");
            format!("[`{name}`](snapshots/matrix/{table}.txt) ({outcome})")
        }
        other => format!("`{other}`"),
    }
}
