//! The reviewed tables of gateways, read again: what a verdict takes from them has to stand there.

use std::fs;
use std::path::Path;

use mve::matrix::text;

/// The outcome of a cell in its reviewed table: of `held/envoy-1.40.0/default/chunked/small-events/open/http-2`, `intact`.
pub fn reviewed(cell: &str) -> Option<&'static str> {
    let parts: Vec<&str> = cell.split('/').collect();
    let [table, gateway, conf, origin, cut, end, reader] = parts.try_into().ok()?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("snapshots/matrix/{table}-{gateway}.txt"));
    let text = fs::read_to_string(file).ok()?;
    let mut lines = text.lines().skip(2);
    let (confs, readers) = (columns(lines.next()?), columns(lines.next()?));
    let mut conf_of_column = "";
    let at = readers.iter().enumerate().position(|(at, its)| {
        conf_of_column = confs.get(at).filter(|conf| !conf.is_empty()).unwrap_or(&conf_of_column);
        conf_of_column == conf && its.replace('/', "-") == reader
    })?;
    let mut origin_of_row = "";
    let row = lines.find(|line| {
        let words: Vec<&str> = [0..12, 12..33, 33..45].map(|range| line.get(range).unwrap_or("").trim()).into();
        if !words[0].is_empty() {
            origin_of_row = words[0];
        }
        origin_of_row == origin && words[1] == cut && words[2] == end
    })?;
    let letter = columns(row).get(at)?.chars().next()?;
    text::LETTERS.iter().find(|one| one.letter == letter)?.means.split([':', ',']).next()
}

/// The cells of a line behind its three headings.
fn columns(line: &str) -> Vec<&str> {
    let mut columns = Vec::new();
    let mut rest = line.get(45..).unwrap_or("");
    while !rest.is_empty() {
        let (column, more) = rest.split_at(rest.len().min(10));
        columns.push(column.trim());
        rest = more;
    }
    columns
}
