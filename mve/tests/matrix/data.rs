//! `findings.toml`: what each entry of `findings.md` says, for tests to hold it to.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::pattern::Pattern;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Findings {
    /// The entries, by their numbers.
    #[serde(rename = "finding")]
    pub all: Vec<Finding>,
    /// What is no finding, though the letter is a bad one.
    pub unlisted: Vec<Unlisted>,
}

/// An entry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Its number in `findings.md`.
    pub number: usize,
    /// `OUTCOME PATTERN`: every cell like it has this outcome.
    pub shows: Vec<Shown>,
    /// Cells that differ by version, reader or conf, and are healthy all.
    #[serde(default)]
    pub healthy: Vec<Pattern>,
    /// What was changed in the conf, and what came of it.
    #[serde(default, rename = "try")]
    pub tries: Vec<Try>,
}

/// An outcome, and the cells that have it.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Shown {
    /// In the words of the tables.
    pub outcome: String,
    /// Which cells.
    pub cells: Pattern,
}

/// A conf that differs from the one of a cell by one change.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Try {
    /// Which of the shown cells: all that are like one of these.
    pub of: Vec<Pattern>,
    /// Whether the gateway in front is changed; otherwise the one before the origin.
    #[serde(default)]
    pub front: bool,
    /// The change.
    pub change: Change,
    /// `cured`, or the outcome that the cells have all the same.
    pub becomes: String,
    /// What the cell says of its framing then, if that is what changes.
    #[serde(default)]
    pub framing: Option<String>,
}

/// One change of a conf.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, untagged)]
pub enum Change {
    /// A line more, behind the one line that has this in it.
    Add {
        /// A part of the line before.
        after: String,
        /// The line.
        add: String,
    },
    /// The one line that has this in it is another one.
    Replace {
        /// A part of the line.
        line: String,
        /// What stands in its place.
        by: String,
    },
    /// A line less.
    Drop {
        /// A part of the line.
        drop: String,
    },
}

/// A silence that is told in the head of `findings.md`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unlisted {
    /// Which cells, and their outcome.
    pub shows: Shown,
    /// Why it is no entry.
    #[expect(dead_code, reason = "for whoever reads the file")]
    pub why: String,
}

impl Findings {
    /// The file.
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("findings.toml");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

impl Finding {
    /// Whether a cell is one of this entry's, with its outcome.
    pub fn has(&self, cell: &str) -> bool {
        self.shows.iter().any(|shown| shown.cells.is_like(cell))
    }
}

impl TryFrom<String> for Shown {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (outcome, cells) = text.split_once(' ').ok_or_else(|| format!("{text}: OUTCOME PATTERN"))?;
        Ok(Self { outcome: outcome.to_owned(), cells: cells.trim().to_owned().try_into()? })
    }
}

impl Change {
    /// What the text has to name.
    pub fn directive(&self) -> &str {
        match self {
            Self::Add { add, .. } => add.trim(),
            Self::Replace { by, .. } => by.trim(),
            Self::Drop { drop } => drop.trim(),
        }
    }

    /// The conf with the change; the line that it is about has to be there once.
    pub fn made_in(&self, conf: &str) -> String {
        let (Self::Add { after: part, .. } | Self::Replace { line: part, .. } | Self::Drop { drop: part }) = self;
        let at: Vec<usize> =
            conf.lines().enumerate().filter(|(_, line)| line.contains(part)).map(|(at, _)| at).collect();
        let [at] = at[..] else { panic!("{part:?} is in {} lines of\n{conf}", at.len()) };
        let mut lines: Vec<String> = conf.lines().map(str::to_owned).collect();
        let indent: String = lines[at].chars().take_while(|c| c.is_whitespace()).collect();
        match self {
            Self::Add { add, .. } => lines.insert(at + 1, format!("{indent}{add}")),
            Self::Replace { by, .. } => lines[at] = format!("{indent}{by}"),
            Self::Drop { .. } => drop(lines.remove(at)),
        }
        lines.join("\n") + "\n"
    }
}
