//! Colours. They say nothing that the text does not.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};
use harness::verdict::Outcome;

/// What is beside the point.
pub const DIM: Style = Style::new().dimmed();
/// What begins a part.
pub const BOLD: Style = Style::new().bold();
const ANNOTATION: Style = AnsiColor::Cyan.on_default();
const FACT: Style = AnsiColor::Yellow.on_default();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// A text in a style.
pub fn in_style(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// What the reader can tell is a warning; what nobody can tell is worse.
pub const fn of_outcome(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Intact => GOOD,
        Outcome::Held | Outcome::CutVisible => WARNING,
        Outcome::CutSilent | Outcome::Altered | Outcome::Hung | Outcome::Leaked => BAD,
    }
}

/// A transcript as `render` wrote it.
pub fn transcript(text: &str) -> impl Iterator<Item = String> {
    text.lines().enumerate().map(|(at, text)| line(text, at == 0))
}

/// A line of one; the first is the chain's.
pub fn line(line: &str, is_first: bool) -> String {
    if is_first { in_style(DIM, line) } else { transcript_line(line) }
}

fn transcript_line(line: &str) -> String {
    if line == "verdict" || line.starts_with(|first: char| first.is_ascii_digit()) && line.contains(". ") {
        return in_style(BOLD, line);
    }
    if let Some(word) = line.strip_prefix("outcome: ") {
        let style = word.parse().map_or(BOLD, of_outcome);
        return format!("outcome: {}", in_style(style, word));
    }
    let name = line.trim_start();
    let Some((lane, rest)) = name.split_once("  ").filter(|(lane, _)| lane.ends_with(':') || lane.contains('>')) else {
        return line.to_owned();
    };
    let margin = &line[..line.len() - name.len()];
    let text = rest.trim_start();
    let gap = &rest[..rest.len() - text.len()];
    let (octets, annotation) = match text.find("  # ") {
        _ if text.starts_with("# ") => text.split_at(0),
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let octets = if octets.starts_with("-- ") { in_style(FACT, octets) } else { octets.to_owned() };
    let annotation = if annotation.is_empty() { String::new() } else { in_style(ANNOTATION, annotation) };
    format!("{margin}{}  {gap}{octets}{annotation}", in_style(DIM, lane))
}

/// A line of a probe's report: the outcome, and how bad a finding is.
pub fn probe_line(line: &str) -> String {
    if let Some(word) = line.strip_prefix("  outcome: ") {
        let style = word.parse().map_or(BOLD, of_outcome);
        return format!("  outcome: {}", in_style(style, word));
    }
    for (severity, style) in [("  harm", BAD), ("  risk", WARNING), ("  note", DIM)] {
        if let Some(rest) = line.strip_prefix(severity).filter(|rest| rest.starts_with("  ")) {
            return format!("  {}{rest}", in_style(style, severity.trim_start()));
        }
    }
    if line.starts_with(|first: char| first.is_ascii_alphabetic()) { in_style(BOLD, line) } else { line.to_owned() }
}

/// How a text differs from the one before it, whose `name` says where it is from; three lines of context around each
/// difference.
pub fn difference(name: &str, before: &str, shown: &str) -> String {
    let (before, shown) = (format!("{}\n", before.trim_end()), format!("{}\n", shown.trim_end()));
    let difference = similar::TextDiff::from_lines(&before, &shown);
    let unified = difference.unified_diff().context_radius(3).header(name, "shown").to_string();
    let line = |line: &str| match line.chars().next() {
        Some('-') => in_style(AnsiColor::Red.on_default(), line),
        Some('+') => in_style(AnsiColor::Green.on_default(), line),
        Some('@') => in_style(DIM, line),
        _ => line.to_owned(),
    };
    unified.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paint_changes_no_text() {
        let text = "chain: c raw, o scripted\n\n1. a step\nc>o  GET / HTTP/1.1\\r\\n\n     o>p  5\\r\\n  # chunk 1\n\
                    o>c  -- FIN  # no last-chunk\no>c  # ... 99 octets, all \"x\"\no:   flush 1: ok\n\nverdict\n\
                    o>c  200, complete (last-chunk)\nlost: the end\noutcome: held\n";
        let painted: String = transcript(text).map(|line| line + "\n").collect();
        assert_ne!(painted, text);
        assert_eq!(anstream::adapter::strip_str(&painted).to_string(), text);
    }
}
