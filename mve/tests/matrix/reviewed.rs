//! What was reviewed, cell by cell: the texts of `snapshots/matrix/` read back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mve::matrix::table::Table;
use mve::matrix::text::{COLUMN, NAMES};

/// Where the reviewed texts lie.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/matrix")
}

/// The letter of every cell, by its name.
pub fn letters() -> BTreeMap<String, char> {
    let mut letters = BTreeMap::new();
    for entry in fs::read_dir(folder()).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        let Some((table, _)) = stem.split_once('-') else { continue };
        assert!(Table::named(table).is_some(), "{stem} is of no table");
        let text = fs::read_to_string(&path).expect("a text");
        letters.extend(read(table, &text).unwrap_or_else(|| panic!("{stem} is no table")));
    }
    letters
}

/// The cells of one text: the inverse of [`mve::matrix::text::reviewed`].
pub fn read(table: &str, text: &str) -> Option<Vec<(String, char)>> {
    let mut lines = text.lines();
    let (gateway, version) = lines.next()?.split_once(' ')?;
    lines.next().filter(|line| line.is_empty())?;
    let confs = lines.next()?;
    // A conf stands over the first of its readers, and may be wider than a column.
    let conf_over = |column: usize| {
        let end = NAMES.iter().sum::<usize>() + (column + 1) * COLUMN;
        let begins_before = |word: &&str| confs.find(word).is_some_and(|at| at < end);
        confs.split_whitespace().take_while(begins_before).last().map(str::to_owned)
    };
    let readers = columns(lines.next()?).into_iter().map(|reader| reader.replace('/', "-"));
    let columns_of: Vec<(String, String)> =
        readers.enumerate().map(|(at, reader)| Some((conf_over(at)?, reader))).collect::<Option<_>>()?;
    let mut cells = Vec::new();
    let mut origin = String::new();
    for line in lines {
        let (its, rest) = line.split_at_checked(NAMES[0])?;
        if !its.trim().is_empty() {
            origin = its.trim().to_owned();
        }
        let (cut, rest) = rest.split_at_checked(NAMES[1])?;
        let end = rest.get(..NAMES[2])?;
        for ((conf, reader), letter) in columns_of.iter().zip(columns(line)) {
            let mut letter = letter.chars();
            match (letter.next(), letter.next()) {
                (Some('-'), None) => {}
                (Some(letter), None) => {
                    let name = [table, &format!("{gateway}-{version}"), conf, &origin, cut.trim(), end.trim(), reader];
                    cells.push((name.join("/"), letter));
                }
                _ => return None,
            }
        }
    }
    Some(cells)
}

/// What stands in each column, behind the three names.
fn columns(line: &str) -> Vec<String> {
    let octets = line.as_bytes().get(NAMES.iter().sum()..).unwrap_or_default();
    octets.chunks(COLUMN).map(|column| String::from_utf8_lossy(column).trim().to_owned()).collect()
}
