//! The findings against the reviewed tables: each entry's cells show what it says, and nothing that the tables know to be
//! bad is missing. What its cures do is played in `cures`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mve::matrix::table::Table;

use super::data::Findings;
use super::pattern::Pattern;
use super::reviewed;

/// The letters of a table that no outcome but these has.
fn letter(outcome: &str) -> char {
    match outcome {
        "cut-visible" => 'v',
        "cut-silent" => 'S',
        "altered" => 'A',
        "hung" => 'H',
        "held" => 'h',
        "leaked" => 'L',
        other => panic!("{other} is no outcome of a finding"),
    }
}

fn text() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("findings.md")).expect("the findings")
}

/// The text of each entry, by its number.
fn entries() -> BTreeMap<usize, String> {
    let mut entries: BTreeMap<usize, String> = BTreeMap::new();
    let mut at = None;
    for line in text().lines() {
        if let Some((number, _)) = line.strip_prefix("**").and_then(|line| line.split_once(". ")) {
            at = number.parse::<usize>().ok();
            let number = at.expect("an entry begins with its number");
            assert!(entries.insert(number, String::new()).is_none(), "{number} is there twice");
        } else if line.starts_with('#') {
            at = None;
        }
        if let Some(number) = at {
            entries.entry(number).or_default().push_str(&format!("{line}\n"));
        }
    }
    entries
}

#[test]
fn the_cells_of_each_finding_show_what_it_says() {
    let letters = reviewed::letters();
    assert!(letters.len() > 13_000, "{}", letters.len());
    let mut wrong = Vec::new();
    for finding in Findings::read().all {
        let of = |pattern: &Pattern| -> Vec<(&String, char)> {
            letters.iter().filter(|(cell, _)| pattern.is_like(cell)).map(|(cell, letter)| (cell, *letter)).collect()
        };
        let mut held_to = |pattern: &Pattern, is: &dyn Fn(char) -> bool, what: &str| {
            let cells = of(pattern);
            if cells.is_empty() {
                wrong.push(format!("{}: no cell is like {pattern}", finding.number));
            }
            let others = cells.into_iter().filter(|(_, letter)| !is(*letter));
            wrong.extend(others.map(|(cell, letter)| format!("{}: {cell} is {letter}, not {what}", finding.number)));
        };
        for shown in &finding.shows {
            held_to(&shown.cells, &|its| its == letter(&shown.outcome), &shown.outcome);
        }
        for pattern in &finding.healthy {
            held_to(pattern, &|its| ".v".contains(its), "healthy");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_the_tables_know_to_be_bad_is_a_finding_or_said_not_to_be_one() {
    let Findings { all, unlisted } = Findings::read();
    let known: Vec<(char, &Pattern)> = all
        .iter()
        .flat_map(|finding| &finding.shows)
        .chain(unlisted.iter().map(|unlisted| &unlisted.shows))
        .map(|shown| (letter(&shown.outcome), &shown.cells))
        .collect();
    let letters = reviewed::letters();
    let missing: Vec<String> = letters
        .iter()
        .filter(|(_, letter)| "SAHhL!".contains(**letter))
        .filter(|(cell, letter)| !known.iter().any(|(its, cells)| its == *letter && cells.is_like(cell)))
        .map(|(cell, letter)| format!("{letter} {cell}"))
        .collect();
    assert!(missing.is_empty(), "{} cells:\n{}", missing.len(), missing.join("\n"));
}

#[test]
fn the_text_names_the_cells_and_the_changes_of_the_data() {
    let findings = Findings::read().all;
    let mut entries = entries();
    let mut wrong = Vec::new();
    for finding in &findings {
        let Some(text) = entries.remove(&finding.number) else {
            wrong.push(format!("{} is no entry", finding.number));
            continue;
        };
        // A line that is broken for its width is one line.
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for change in finding.tries.iter().map(|tried| tried.change.directive()) {
            let lines = change.lines().map(str::trim).filter(|line| *line != "}" && !line.starts_with("sub "));
            wrong.extend(
                lines
                    .filter(|line| !words.contains(line.trim_end_matches(';')))
                    .map(|line| format!("{} does not name {line:?}", finding.number)),
            );
        }
        let is_cell = |word: &&str| Table::ALL.iter().any(|table| word.starts_with(&format!("{table}/")));
        let cells: Vec<&str> = text.split('`').filter(is_cell).collect();
        if cells.is_empty() {
            wrong.push(format!("{} names no cell", finding.number));
        }
        wrong.extend(
            cells
                .iter()
                .filter(|cell| !finding.has(cell))
                .map(|cell| format!("{}: {cell} is none of its cells", finding.number)),
        );
        if !["Cure:", "Cures:", "No conf"].iter().any(|word| text.contains(word)) {
            wrong.push(format!("{} does not say what cures it, nor that nothing does", finding.number));
        }
    }
    wrong.extend(entries.keys().map(|number| format!("{number} has no data")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_cell_has_been_tried_with_a_change_or_is_the_same_with_the_streaming_conf() {
    let letters = reviewed::letters();
    let mut wrong = Vec::new();
    for finding in Findings::read().all {
        for (cell, _) in letters.iter().filter(|(cell, _)| finding.has(cell)) {
            let streaming = cell.replace("/default/", "/streaming/").replace("/compressing/", "/streaming/");
            let is_tried = finding.tries.iter().any(|tried| tried.of.iter().any(|cells| cells.is_like(cell)));
            if !is_tried && !finding.has(&streaming) {
                wrong.push(format!("{}: {cell}", finding.number));
            }
        }
    }
    assert!(wrong.is_empty(), "nothing was tried for\n{}", wrong.join("\n"));
}
