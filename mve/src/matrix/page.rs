//! The tables as one page, with every transcript: no network, no library.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::row::Row;
use super::text::{LETTERS, letter};

const PAGE: &str = include_str!("page.html");

/// What stands for the data in the page.
const DATA: &str = "@data@";

/// The page. Words and the lines of transcripts are kept once each, however often they occur.
#[must_use]
pub fn page(rows: &[Row]) -> String {
    let mut words = Words::default();
    let rows: Vec<Value> = rows.iter().map(|row| of_row(row, &mut words)).collect();
    let data = json!({
        "keys": ["table", "gateway", "version", "conf", "origin", "cut", "end", "reader", "outcome", "letter", "framing", "text"],
        "legend": LETTERS.map(|one| json!([one.letter.to_string(), one.class, one.means])),
        "words": words.all,
        "rows": rows,
    });
    PAGE.replacen(DATA, &in_a_script(&data.to_string()), 1)
}

/// JSON as the content of a script element, which ends at the first `</script` whatever it stands in. Its five characters
/// only occur inside strings, where an escape means the same.
fn in_a_script(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => safe.push_str(&format!("\\u{:04x}", u32::from(character))),
            other => safe.push(other),
        }
    }
    safe
}

fn of_row(row: &Row, words: &mut Words) -> Value {
    let (outcome, framing, text) = match &row.result {
        Ok(facts) => (facts.outcome.name(), facts.framing.as_str(), facts.transcript.as_str()),
        Err(why) => ("fault", "", why.as_str()),
    };
    let letter = letter(row).to_string();
    let origin = row.keys.origin();
    let its = [
        row.table.name(),
        &row.gateway,
        &row.version,
        &row.conf,
        &origin,
        &row.keys.cut,
        row.keys.end,
        row.keys.reader,
        outcome,
        &letter,
        framing,
    ];
    let mut value: Vec<Value> = its.iter().map(|word| Value::from(words.number(word))).collect();
    value.push(text.lines().map(|line| words.number(line)).collect());
    Value::from(value)
}

/// Each word once.
#[derive(Debug, Default)]
struct Words {
    all: Vec<String>,
    numbers: BTreeMap<String, usize>,
}

impl Words {
    fn number(&mut self, word: &str) -> usize {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        self.all.push(word.to_owned());
        self.numbers.insert(word.to_owned(), self.all.len() - 1);
        self.all.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::super::axes::{Cell, Protocol};
    use super::super::table::Table;
    use super::*;

    #[test]
    fn what_a_peer_wrote_cannot_leave_the_script_element() {
        let evil = "</script><script>alert(1)</script><!-- & \u{2028}";
        let cell = Cell::all(Protocol::Http11).next().expect("a cell");
        let row = Row {
            table: Table::Truncation,
            gateway: evil.into(),
            version: "1".into(),
            conf: evil.into(),
            keys: cell.keys(),
            result: Err(evil.into()),
        };
        let page = page(&[row]);
        let (_, data) = page.split_once("id=\"data\">").expect("the data");
        let (data, _) = data.split_once("</script>").expect("its end");
        assert!(!data.contains(['<', '>', '&', '\u{2028}']));
        let data: Value = serde_json::from_str(data).expect("JSON");
        assert!(data["words"].as_array().expect("words").contains(&Value::from(evil)));
    }

    #[test]
    fn the_page_asks_nobody_for_anything() {
        for word in ["http:", "https:", "src=", "href=", "@import", "url(", "innerHTML", "eval("] {
            assert!(!PAGE.contains(word), "{word}");
        }
        assert_eq!(PAGE.matches(DATA).count(), 1);
    }
}
