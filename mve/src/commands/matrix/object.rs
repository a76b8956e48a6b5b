//! A cell as JSON.

use mve::matrix::row::Row;
use serde::Serialize;

use super::super::complaint;

/// A row; the order of the fields is that of the keys.
#[derive(Debug, Serialize)]
pub struct Object<'a> {
    table: &'a str,
    gateway: &'a str,
    version: &'a str,
    conf: &'a str,
    origin_framing: &'a str,
    origin_version: &'a str,
    cut: &'a str,
    end: &'a str,
    reader: &'a str,
    framing: Option<&'a str>,
    outcome: &'a str,
    tail: Option<&'a str>,
    ending: Option<&'a str>,
    status: Option<u16>,
    lost: Option<usize>,
    added: Option<usize>,
    why: Option<String>,
    cell: String,
}

impl<'a> Object<'a> {
    /// Of a row.
    pub fn of(row: &'a Row) -> Self {
        let facts = row.result.as_ref().ok();
        Self {
            table: row.table.name(),
            gateway: &row.gateway,
            version: &row.version,
            conf: &row.conf,
            origin_framing: row.keys.origin_framing,
            origin_version: row.keys.origin_version,
            cut: &row.keys.cut,
            end: row.keys.end,
            reader: row.keys.reader,
            framing: facts.map(|facts| facts.framing.as_str()),
            outcome: facts.map_or("fault", |facts| facts.outcome.name()),
            tail: facts.map(|facts| facts.tail.as_str()),
            ending: facts.map(|facts| facts.ending.as_str()),
            status: facts.and_then(|facts| facts.status),
            lost: facts.map(|facts| facts.lost),
            added: facts.map(|facts| facts.added),
            why: row.result.as_ref().err().map(|why| complaint::one_line(why)),
            cell: row.name(),
        }
    }
}
