//! Where the directives of a conf stand in its text: what can be left out, with everything else as it was.

use std::ops::Range;

use super::lexer::{Lexer, Token};

/// The ranges of all directives, those inside a block too, in the order in which they begin; a block's ends with its brace.
/// None when the text is no conf.
#[must_use]
pub fn ranges(text: &str) -> Option<Vec<Range<usize>>> {
    let mut lexer = Lexer::new(text.as_bytes());
    let mut ranges: Vec<Range<usize>> = Vec::new();
    // Of the blocks that are open, which one each is; and whether a directive has begun that has no end yet.
    let mut open: Vec<usize> = Vec::new();
    let mut begun: Option<usize> = None;
    let mut is_code = false;
    while let Some(token) = lexer.token().ok()? {
        match token {
            Token::Word(word) if begun.is_none() => {
                is_code = word.value.ends_with("_by_lua_block");
                begun = Some(ranges.len());
                ranges.push(lexer.at() - word.raw.len()..lexer.at());
            }
            Token::Word(_) => {}
            Token::End => ranges[begun.take()?].end = lexer.at(),
            Token::Open if is_code => {
                lexer.code().ok()?;
                ranges[begun.take()?].end = lexer.at();
            }
            Token::Open => open.push(begun.take()?),
            Token::Close if begun.is_some() => return None,
            Token::Close => ranges[open.pop()?].end = lexer.at(),
        }
    }
    (open.is_empty() && begun.is_none()).then_some(ranges)
}

/// The text without these directives, and without the lines that held nothing else but their comments.
#[must_use]
pub fn without(text: &str, ranges: &[Range<usize>]) -> String {
    let mut left = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges.iter().map(|range| line(text, range)) {
        // One inside a block that goes as a whole has gone with it.
        if range.start >= at {
            left.push_str(&text[at..range.start]);
            at = range.end;
        }
    }
    left.push_str(&text[at..]);
    left
}

/// The whole line, or lines, of a directive that has them for itself.
fn line(text: &str, range: &Range<usize>) -> Range<usize> {
    let begin = text[..range.start].trim_end_matches([' ', '\t']).len();
    let behind = text[range.end..].trim_start_matches([' ', '\t']);
    let rest = behind.find('\n').map_or(behind, |end| &behind[..end]);
    let has_line = begin == 0 || text[..begin].ends_with('\n');
    if !has_line || !(rest.trim().is_empty() || rest.starts_with('#')) {
        return range.clone();
    }
    let end = text.len() - behind.len() + rest.len();
    begin..(end + 1).min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONF: &str = "# a conf\nevents {} # none\n\nhttp {\n    map $a $b { default \"x;}\"; 'y' 1; }\n    gzip on; gzip_types *;\n    \
                        server {\n        listen 8080; # here\n    }\n}\n";

    #[test]
    fn a_directive_ends_with_its_semicolon_and_a_block_with_its_brace() {
        let ranges = ranges(CONF).expect("it is one");
        let texts: Vec<&str> = ranges.iter().map(|range| &CONF[range.clone()]).collect();
        assert_eq!(texts[0], "events {}");
        assert!(texts[1].starts_with("http {") && texts[1].ends_with('}'));
        assert_eq!(
            texts[2..7],
            ["map $a $b { default \"x;}\"; 'y' 1; }", "default \"x;}\";", "'y' 1;", "gzip on;", "gzip_types *;"]
        );
        assert_eq!(texts[8], "listen 8080;");
    }

    #[test]
    fn what_is_left_out_takes_its_line_and_its_comment_with_it() {
        let ranges = ranges(CONF).expect("it is one");
        let left = without(CONF, &[ranges[0].clone(), ranges[2].clone(), ranges[3].clone(), ranges[5].clone()]);
        let expected = "# a conf\n\nhttp {\n     gzip_types *;\n    server {\n        listen 8080; # here\n    }\n}\n";
        assert_eq!(left, expected);
        assert_eq!(without(CONF, &ranges).trim(), "# a conf");
    }

    #[test]
    fn what_is_no_conf_has_no_directives() {
        for text in ["a", "a {", "}", ";", "{}", "a { b }", "a \"b", "a b; c"] {
            assert_eq!(ranges(text), None, "{text}");
        }
        assert_eq!(ranges("# nothing\n"), Some(Vec::new()));
    }
}
