//! A case in words, before it is played.

use mve::catalogue::Case;

use super::paint::{self, in_style};

/// What a case says, tests and has for a twin: some lines.
pub fn lines(case: &Case) -> Vec<String> {
    let mut lines = vec![
        in_style(paint::BOLD, case.name()),
        case.shows.says.to_owned(),
        format!("claims {}", claims(case)),
        format!("origin {}, via {}, to show: {}", case.variant.origin, case.shows.via, case.shows.outcome),
    ];
    if let Some(twin) = twin(case) {
        lines.push(format!("twin {twin}"));
    }
    lines
}

/// The ids of the claims that a case tests.
pub fn claims(case: &Case) -> String {
    if case.variant.claims.is_empty() { "none".to_owned() } else { case.variant.claims.join(", ") }
}

/// The name of its twin, whole if there is such a case.
pub fn twin(case: &Case) -> Option<String> {
    case.twin().map(|twin| twin.name()).or_else(|| case.shows.twin.map(str::to_owned))
}
