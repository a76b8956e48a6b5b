//! Patterns of cells' names.

use serde::Deserialize;

/// Names of cells, word by word between the slashes: a word is a list of globs, `haproxy-2.2.9,haproxy-2.6.*`; behind a
/// `!` stands what it is not.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern {
    text: String,
    words: Vec<(bool, Vec<glob::Pattern>)>,
}

/// table, gateway and version, conf, origin, cut, end, reader
const WORDS: usize = 7;

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let word = |word: &str| {
            let (is, list) = word.strip_prefix('!').map_or((true, word), |list| (false, list));
            let globs: Result<Vec<glob::Pattern>, _> = list.split(',').map(glob::Pattern::new).collect();
            globs.map(|globs| (is, globs)).map_err(|error| format!("{text}: {error}"))
        };
        let words: Vec<_> = text.split('/').map(word).collect::<Result<_, _>>()?;
        if words.len() != WORDS {
            return Err(format!("{text}: {} words, where a cell's name has {WORDS}", words.len()));
        }
        Ok(Self { text, words })
    }
}

impl Pattern {
    /// Whether a cell is meant.
    pub fn is_like(&self, cell: &str) -> bool {
        let words: Vec<&str> = cell.split('/').collect();
        words.len() == WORDS
            && self
                .words
                .iter()
                .zip(words)
                .all(|((is, globs), word)| globs.iter().any(|glob| glob.matches(word)) == *is)
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

#[test]
fn a_word_is_a_list_of_globs_or_what_it_is_not() {
    let like = |pattern: &str, cell: &str| Pattern::try_from(pattern.to_owned()).expect("sound").is_like(cell);
    let cell = "pairs/nginx+caddy-1.28.3+2.8.4/default/chunked/in-chunk-data/fin/http-1.1";
    assert!(like("pairs/nginx+caddy-*,nginx+envoy-*/*/chunked/!none,in-chunk-size/*/http-1.1", cell));
    assert!(!like("pairs/nginx+caddy-*/*/chunked/!in-chunk-data/*/*", cell));
    assert!(!like("pairs/nginx+caddy-*/streaming/chunked/*/*/*", cell));
    assert!(!like("truncation/*/*/*/*/*/*", cell));
    assert!(Pattern::try_from("pairs/*".to_owned()).is_err());
}
