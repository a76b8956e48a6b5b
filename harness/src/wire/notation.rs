//! Octets as text, both ways: the only escaping code in the tree.
//!
//! The text is ASCII and holds no control octet, so a terminal cannot be driven by a peer and a snapshot tool that
//! folds line ends has none to fold. Escapes: `\r \n \t \\ \xNN`. A space at either end of a piece is `\x20`; `#` at
//! the beginning or after a space is `\x23`, because two spaces and `#` begin an annotation; a piece that would read
//! as a transport fact (`-- FIN`) begins with `\x2d`.

use std::fmt;

/// The text of a piece of octets. A piece is what one text line shows: usually one wire line with its LF.
#[must_use]
pub fn escape(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len() + 4);
    // Writing to a String cannot fail.
    write_escaped(&mut text, octets).expect("a String takes any text");
    text
}

/// As [`escape`], and nothing of the text is kept.
///
/// # Errors
/// Those of `text`.
pub fn write_escaped(text: &mut impl fmt::Write, octets: &[u8]) -> fmt::Result {
    let last = octets.len().saturating_sub(1);
    // From here on, everything so far stands for itself.
    let mut plain = 0;
    for (at, &octet) in octets.iter().enumerate() {
        let escape = match octet {
            b'\r' => "\\r",
            b'\n' => "\\n",
            b'\t' => "\\t",
            b'\\' => "\\\\",
            b' ' if at == 0 || at == last => "\\x20",
            b'#' if at == 0 || octets[at - 1] == b' ' => "\\x23",
            b'-' if at == 0 && octets.starts_with(b"-- ") => "\\x2d",
            b' '..=b'~' => continue,
            _ => {
                write_ascii(text, &octets[plain..at])?;
                write!(text, "\\x{octet:02x}")?;
                plain = at + 1;
                continue;
            }
        };
        write_ascii(text, &octets[plain..at])?;
        text.write_str(escape)?;
        plain = at + 1;
    }
    write_ascii(text, &octets[plain..])
}

fn write_ascii(text: &mut impl fmt::Write, octets: &[u8]) -> fmt::Result {
    if octets.is_empty() {
        return Ok(());
    }
    text.write_str(str::from_utf8(octets).expect("ASCII is UTF-8"))
}

/// Text that came from a peer or from a library, made safe for a terminal: every control character, the backslash and
/// every non-ASCII octet is escaped, and nothing else.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for &octet in text.as_bytes() {
        match octet {
            b' ' => safe.push(' '),
            b'#' => safe.push('#'),
            b'-' => safe.push('-'),
            other => safe.push_str(&escape(&[other])),
        }
    }
    safe
}

/// Why a text is not in this notation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNotation {
    /// An octet that should have been escaped.
    #[error("column {column}: '{}' stands unescaped (octets outside printable ASCII are \\xNN)", found.escape_default())]
    Unescaped {
        /// Where, counted from 1.
        column: usize,
        /// The character.
        found: char,
    },
    /// A backslash that begins no escape.
    #[error("column {column}: \\ begins no escape (known: \\r \\n \\t \\\\ \\xNN)")]
    Escape {
        /// Where, counted from 1.
        column: usize,
    },
}

/// The octets of a text that [`escape`] could have made; spaces inside are taken as they stand.
///
/// # Errors
/// When an octet stands unescaped or a backslash begins no escape.
pub fn unescape(text: &str) -> Result<Vec<u8>, NotNotation> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.char_indices();
    while let Some((at, found)) = rest.next() {
        let column = at + 1;
        match found {
            '\\' => {
                let octet = match rest.next().map(|(_, escape)| escape) {
                    Some('r') => b'\r',
                    Some('n') => b'\n',
                    Some('t') => b'\t',
                    Some('\\') => b'\\',
                    Some('x') => {
                        let mut digit = || rest.next().and_then(|(_, digit)| digit.to_digit(16));
                        match (digit(), digit()) {
                            (Some(high), Some(low)) => (high * 16 + low) as u8,
                            _ => return Err(NotNotation::Escape { column }),
                        }
                    }
                    _ => return Err(NotNotation::Escape { column }),
                };
                octets.push(octet);
            }
            ' '..='~' => octets.push(found as u8),
            _ => return Err(NotNotation::Unescaped { column, found }),
        }
    }
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::line_end(b"HTTP/1.1 200 OK\r\n", r"HTTP/1.1 200 OK\r\n")]
    #[case::trailing_space(b"data: ", r"data:\x20")]
    #[case::lone_space(b" ", r"\x20")]
    #[case::annotation_sign(b"a # b#c", r"a \x23 b#c")]
    #[case::leading_sign(b"# no", r"\x23 no")]
    #[case::transport_fact(b"-- FIN", r"\x2d- FIN")]
    #[case::terminal_escape(b"\x1b[2J\x07", r"\x1b[2J\x07")]
    #[case::utf8("é".as_bytes(), r"\xc3\xa9")]
    #[case::backslash(br"\n", r"\\n")]
    fn octets_read_as_text(#[case] octets: &[u8], #[case] text: &str) {
        assert_eq!(escape(octets), text);
        assert_eq!(unescape(text).as_deref(), Ok(octets));
    }

    #[rstest]
    #[case::control("a\tb", "column 2: '\\t' stands unescaped (octets outside printable ASCII are \\xNN)")]
    #[case::half_an_escape(r"ab\x4", r"column 3: \ begins no escape (known: \r \n \t \\ \xNN)")]
    #[case::unknown_escape(r"\q", r"column 1: \ begins no escape (known: \r \n \t \\ \xNN)")]
    #[case::not_ascii("é", "column 1: '\\u{e9}' stands unescaped (octets outside printable ASCII are \\xNN)")]
    fn what_is_no_notation_says_where(#[case] text: &str, #[case] why: &str) {
        assert_eq!(unescape(text).map_err(|error| error.to_string()), Err(why.to_owned()));
    }

    proptest! {
        #[test]
        fn any_octets_survive_the_round_trip(octets: Vec<u8>) {
            let text = escape(&octets);
            prop_assert!(text.bytes().all(|octet| (b' '..=b'~').contains(&octet)));
            prop_assert_eq!(unescape(&text), Ok(octets));
        }

        #[test]
        fn printable_text_drives_no_terminal(text: String) {
            prop_assert!(printable(&text).bytes().all(|octet| (b' '..=b'~').contains(&octet)));
        }
    }
}
