//! The origin of a bundle as programs of three languages, each with its standard library alone.

use std::fmt::Write as _;

use super::script::{Act, Script};

/// What a template holds in place of the scripts.
const PLACE: &str = "@CONNECTIONS@";
/// So many octets are in a literal at most: a line of a program is read by people.
const A_LITERAL: usize = 60;

/// A program: its file's name, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// `origin.py`.
    pub name: &'static str,
    /// The whole file.
    pub text: String,
}

/// The origin in Python, Go and Rust.
#[must_use]
pub fn programs(script: &Script) -> [Written; 3] {
    [
        Written { name: "origin.py", text: filled(include_str!("origin.py"), script, &PYTHON) },
        Written { name: "origin.go", text: filled(include_str!("origin.go"), script, &GO) },
        Written { name: "origin.rs", text: filled(include_str!("origin.rs.txt"), script, &RUST) },
    ]
}

/// How a language writes a script.
struct Language {
    indent: &'static str,
    open: &'static str,
    close: &'static str,
    act: fn(&Act) -> String,
}

const PYTHON: Language = Language { indent: "    ", open: "[", close: "],", act: python };
const GO: Language = Language { indent: "\t", open: "{", close: "},", act: go };
const RUST: Language = Language { indent: "    ", open: "&[", close: "],", act: rust };

fn filled(template: &str, script: &Script, language: &Language) -> String {
    let Language { indent, open, close, act } = language;
    let mut text = String::new();
    for acts in &script.connections {
        // Writing to a String cannot fail.
        writeln!(text, "{indent}{open}").expect("a String takes any text");
        for one in acts {
            writeln!(text, "{indent}{indent}{},", act(one)).expect("a String takes any text");
        }
        writeln!(text, "{indent}{close}").expect("a String takes any text");
    }
    template.replacen(PLACE, &text, 1)
}

fn python(act: &Act) -> String {
    let with = |name: &str, what: &str| format!("(\"{name}\", {what})");
    match act {
        Act::Request => with("request", "None"),
        Act::Read(octets) => with("read", &octets.to_string()),
        Act::Cue(name) => with("cue", &literal("", name.as_bytes())),
        Act::Send(octets) => with("send", &joined(octets, "b", "\n         ", "(", ")", "")),
        Act::Departure => with("departure", "None"),
        Act::Fin => with("fin", "None"),
        Act::Rst => with("rst", "None"),
        Act::Hold => with("hold", "None"),
    }
}

fn go(act: &Act) -> String {
    match act {
        Act::Request => "{do: \"request\"}".into(),
        Act::Read(octets) => format!("{{do: \"read\", many: {octets}}}"),
        Act::Cue(name) => format!("{{do: \"cue\", what: {}}}", literal("", name.as_bytes())),
        Act::Send(octets) => format!("{{do: \"send\", what: {}}}", joined(octets, "", "\n\t\t\t", "", "", " +")),
        Act::Departure => "{do: \"departure\"}".into(),
        Act::Fin => "{do: \"fin\"}".into(),
        Act::Rst => "{do: \"rst\"}".into(),
        Act::Hold => "{do: \"hold\"}".into(),
    }
}

fn rust(act: &Act) -> String {
    match act {
        Act::Request => "Request".into(),
        Act::Read(octets) => format!("Read({octets})"),
        Act::Cue(name) => format!("Cue({})", literal("", name.as_bytes())),
        Act::Send(octets) => {
            // A backslash at the end of a line joins it with the next one.
            let pieces = pieces(octets).map(escaped).collect::<Vec<_>>();
            format!("Send(b\"{}\")", pieces.join("\\\n            "))
        }
        Act::Departure => "Departure".into(),
        Act::Fin => "Fin".into(),
        Act::Rst => "Rst".into(),
        Act::Hold => "Hold".into(),
    }
}

/// Octets as literals, a line each, joined as the language joins them.
fn joined(octets: &[u8], prefix: &str, between: &str, open: &str, close: &str, by: &str) -> String {
    let pieces: Vec<String> = pieces(octets).map(|piece| literal(prefix, piece)).collect();
    match pieces.as_slice() {
        [] => literal(prefix, b""),
        [one] => one.clone(),
        several => format!("{open}{}{close}", several.join(&format!("{by}{between}"))),
    }
}

/// Broken behind each LF, and where a line is long.
fn pieces(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    octets.split_inclusive(|octet| *octet == b'\n').flat_map(|line| line.chunks(A_LITERAL))
}

fn literal(prefix: &str, octets: &[u8]) -> String {
    format!("{prefix}\"{}\"", escaped(octets))
}

/// The escapes that Python's, Go's and Rust's octet literals have in common. A space at the ends of a piece is written as
/// an escape: Rust drops it at the beginning of a continued line.
fn escaped(octets: &[u8]) -> String {
    let mut text = String::new();
    for (at, octet) in octets.iter().enumerate() {
        match octet {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b' ' if at == 0 => text.push_str("\\x20"),
            b' '..=b'~' => text.push(char::from(*octet)),
            other => write!(text, "\\x{other:02x}").expect("a String takes any text"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_written_so_that_each_language_reads_them_back() {
        let send = Act::Send(b"HTTP/1.1 200 OK\r\n\r\n \"a\"\\\xff{}%d".to_vec());
        assert_eq!(
            python(&send),
            "(\"send\", (b\"HTTP/1.1 200 OK\\r\\n\"\n         b\"\\r\\n\"\n         b\"\\x20\\\"a\\\"\\\\\\xff{}%d\"))"
        );
        assert_eq!(
            go(&send),
            "{do: \"send\", what: \"HTTP/1.1 200 OK\\r\\n\" +\n\t\t\t\"\\r\\n\" +\n\t\t\t\"\\x20\\\"a\\\"\\\\\\xff{}%d\"}"
        );
        assert_eq!(
            rust(&send),
            "Send(b\"HTTP/1.1 200 OK\\r\\n\\\n            \\r\\n\\\n            \\x20\\\"a\\\"\\\\\\xff{}%d\")"
        );
        assert_eq!(python(&Act::Cue("step 2".into())), "(\"cue\", \"step 2\")");
    }
}
