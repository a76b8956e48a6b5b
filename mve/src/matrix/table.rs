//! The tables, and the place of a cell on their axes.

use std::fmt;

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// A stream is cut at the origin: can the reader tell?
    Truncation,
    /// The same behind two gateways: nginx as it ships, in front of each other one.
    Pairs,
    /// The origin sends an event: does it pass before the next is sent?
    Held,
    /// The reader leaves: who learns of it?
    Departure,
}

impl Table {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Truncation, Self::Pairs, Self::Held, Self::Departure];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Truncation => "truncation",
            Self::Pairs => "pairs",
            Self::Held => "held",
            Self::Departure => "departure",
        }
    }

    /// The table of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The place of a cell on the axes, in words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Keys {
    /// What delimits the origin's content: `chunked`, `length`, `close`.
    pub origin_framing: &'static str,
    /// The version in the origin's status-line: `http/1.1`, `http/1.0`.
    pub origin_version: &'static str,
    /// Where the stream is cut; in the other tables, what is sent, or when the reader leaves.
    pub cut: String,
    /// How the connection ends.
    pub end: &'static str,
    /// What the reader speaks.
    pub reader: &'static str,
}

impl Keys {
    /// The origin's framing as names have it: `chunked`, `length`, `length-1.0`.
    #[must_use]
    pub fn origin(&self) -> String {
        match self.origin_version {
            "http/1.0" => format!("{}-1.0", self.origin_framing),
            _ => self.origin_framing.to_owned(),
        }
    }

    /// What follows the gateway in a cell's name: `chunked/in-chunk-data/fin/http-2`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}/{}/{}", self.origin(), self.cut, self.end, self.reader.replace('/', "-"))
    }

    /// Whether the origin's own framing says complete, so that no gateway could tell either: close-delimited content
    /// that ends in order (RFC 9112 6.3, rule 8).
    #[must_use]
    pub fn is_silent_by_itself(&self) -> bool {
        self.origin_framing == "close"
            && self.end == "fin"
            && ["after-header-section", "between-events", "in-content"].contains(&self.cut.as_str())
    }
}
