//! What the versions of Go show in one case: one text for each distinct transcript, under the versions that produce it.

use std::collections::BTreeMap;
use std::fmt;

/// The texts of one case, each with its versions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Testimony {
    groups: Vec<(Vec<Line>, String)>,
}

/// A release line, in the order of releases: 1.9 is before 1.21.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Line(Vec<u32>, String);

impl Line {
    fn of(text: &str) -> Self {
        Self(text.split('.').map(|part| part.parse().unwrap_or(0)).collect(), text.to_owned())
    }
}

/// What stands before the versions of a group.
const HEAD: &str = "== go ";

impl Testimony {
    /// Reads the form that [`fmt::Display`] gives.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut groups: Vec<(Vec<Line>, String)> = Vec::new();
        for line in text.lines() {
            match (line.strip_prefix(HEAD), groups.last_mut()) {
                (Some(lines), _) => groups.push((lines.split(", ").map(Line::of).collect(), String::new())),
                (None, Some((_, text))) => {
                    text.push_str(line);
                    text.push('\n');
                }
                (None, None) => {}
            }
        }
        for (_, text) in &mut groups {
            text.truncate(text.trim_end().len());
        }
        Self { groups }
    }

    /// The text that this release line has shown.
    #[must_use]
    pub fn of(&self, line: &str) -> Option<&str> {
        let (_, text) = self.groups.iter().find(|(lines, _)| lines.iter().any(|known| known.1 == line))?;
        Some(text)
    }

    /// The release lines that have shown something, group by group.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().flat_map(|(lines, _)| lines.iter().map(|line| line.1.as_str()))
    }

    /// The same, with what these release lines show now; the others keep what they have shown.
    #[must_use]
    pub fn with(&self, shown: &BTreeMap<String, String>) -> Self {
        let old =
            self.groups.iter().flat_map(|(lines, text)| lines.iter().map(move |line| (line.clone(), text.clone())));
        let mut all: BTreeMap<Line, String> = old.collect();
        all.extend(shown.iter().map(|(line, text)| (Line::of(line), unsigned(text).to_owned())));
        let mut groups: Vec<(Vec<Line>, String)> = Vec::new();
        for (line, text) in all {
            match groups.iter_mut().find(|(_, known)| *known == text) {
                Some((lines, _)) => lines.push(line),
                None => groups.push((vec![line], text)),
            }
        }
        Self { groups }
    }
}

impl fmt::Display for Testimony {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (lines, text)) in self.groups.iter().enumerate() {
            let lines: Vec<&str> = lines.iter().map(|line| line.1.as_str()).collect();
            let gap = if at == 0 { "" } else { "\n" };
            writeln!(f, "{gap}{HEAD}{}\n{text}", lines.join(", "))?;
        }
        Ok(())
    }
}

/// A transcript without its first line, which names the version.
#[must_use]
pub fn unsigned(text: &str) -> &str {
    text.split_once("\n\n").map_or(text, |(_, rest)| rest).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(lines: &[(&str, &str)]) -> BTreeMap<String, String> {
        lines.iter().map(|(line, text)| ((*line).to_owned(), format!("chain: go {line}\n\n{text}\n"))).collect()
    }

    #[test]
    fn versions_that_show_the_same_stand_together_in_the_order_of_releases() {
        let testimony = Testimony::default().with(&shown(&[("1.22", "b"), ("1.9", "a"), ("1.21", "a\n\nverdict")]));
        let text = testimony.to_string();
        assert_eq!(text, "== go 1.9\na\n\n== go 1.21\na\n\nverdict\n\n== go 1.22\nb\n");
        assert_eq!(Testimony::parse(&text), testimony);
        assert_eq!(
            (testimony.of("1.22"), testimony.of("1.21"), testimony.of("1.2")),
            (Some("b"), Some("a\n\nverdict"), None)
        );
    }

    #[test]
    fn a_version_that_moves_leaves_its_group_and_the_absent_stay() {
        let before = Testimony::default().with(&shown(&[("1.19", "a"), ("1.22", "a")]));
        let after = before.with(&shown(&[("1.22", "b")]));
        assert_eq!(after.to_string(), "== go 1.19\na\n\n== go 1.22\nb\n");
    }
}
