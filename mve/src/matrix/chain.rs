//! A chain of gateways, the cells that are played on it, and the races inside it.

use fixtures::gateways::Race;
use harness::gateway::Described;

use super::axes::{Cell, Protocol};
use super::table::{Keys, Table};
use super::{departure, held};

/// What is run as one: a chain of gateways, and the readers that it speaks with.
#[derive(Debug, Clone)]
pub struct Chain {
    /// From the reader to the origin.
    pub gateways: Vec<Described>,
    /// The readers.
    pub readers: Vec<Protocol>,
}

/// A cell of any table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Any {
    /// Of the truncation table, alone or behind another gateway.
    Truncation(Cell),
    /// Of the table of what is held.
    Held(held::Cell),
    /// Of the table of who learns that the reader left.
    Departure(departure::Cell),
}

impl Any {
    /// Its place on the axes, in words.
    #[must_use]
    pub fn keys(&self) -> Keys {
        match self {
            Self::Truncation(cell) => cell.keys(),
            Self::Held(cell) => cell.keys(),
            Self::Departure(cell) => cell.keys(),
        }
    }
}

impl Chain {
    fn joined(&self, part: impl Fn(&Described) -> &str) -> String {
        self.gateways.iter().map(part).collect::<Vec<_>>().join("+")
    }

    /// The gateways' names.
    #[must_use]
    pub fn gateway(&self) -> String {
        if self.gateways.is_empty() { "direct".into() } else { self.joined(|g| &g.description.name) }
    }

    /// Their versions.
    #[must_use]
    pub fn version(&self) -> String {
        self.joined(Described::version)
    }

    /// Their confs.
    #[must_use]
    pub fn conf(&self) -> String {
        let mut confs: Vec<&str> = self.gateways.iter().map(|g| g.conf.as_str()).collect();
        confs.dedup();
        if confs.is_empty() { "default".into() } else { confs.join("+") }
    }

    /// The cells of a table behind this chain, in order, but for those that a race in the gateway decides.
    #[must_use]
    pub fn cells(&self, table: Table) -> Vec<Any> {
        let all = self.readers.iter().flat_map(|&reader| -> Vec<Any> {
            match table {
                Table::Truncation | Table::Pairs => Cell::all(reader).map(Any::Truncation).collect(),
                Table::Held => held::Cell::all(reader).map(Any::Held).collect(),
                Table::Departure => departure::Cell::all(reader).map(Any::Departure).collect(),
            }
        });
        all.filter(|cell| self.race(table, &cell.keys()).is_none_or(|race| race.outcome_stands)).collect()
    }

    /// The race inside one of the gateways that decides a cell; the one that decides most of it first.
    pub(super) fn race(&self, table: Table, keys: &Keys) -> Option<&Race> {
        let name = format!("{table}/{}/{}", self.conf(), keys.name());
        let races = self.gateways.iter().flat_map(|gateway| &gateway.description.races);
        let of = |race: &&Race| race.cells.iter().any(|cell| is_like(cell, &name));
        races.filter(of).min_by_key(|race| race.outcome_stands)
    }

    /// The races that decide a table's cells, for its text.
    #[must_use]
    pub fn races(&self, table: Table) -> Vec<&Race> {
        let races = self.gateways.iter().flat_map(|gateway| &gateway.description.races);
        races
            .filter(|race| race.cells.iter().any(|cell| is_like(cell.split('/').next().unwrap_or("*"), table.name())))
            .collect()
    }
}

/// Whether a name is like a pattern, word by word; `*` is any word.
fn is_like(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), name.split('/').collect());
    pattern.len() == name.len() && pattern.iter().zip(&name).all(|(pattern, word)| *pattern == "*" || pattern == word)
}
