//! Octets that were written down: a transcript, a snapshot of one, or octets in its notation.

use crate::render::{BadTranscript, parse};
use crate::transcript::{Lane, Transcript, What};

/// How the text of a transcript begins.
const CHAIN: &str = "chain:";
/// What stands between it and the lines that introduce it, and how long those are at most: a case in words, and each line
/// of a conf that was replaced.
const INTRODUCED: (&[u8], usize) = (b"\n\nchain: ", 64 << 10);
/// What makes a transcript of octets in notation.
const FRAME: (&str, &str) = ("chain: c reader, o sender\n\n", "o>c  ");

/// What a text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// A transcript.
    Transcript(Transcript),
    /// The octets of a connection's responses, and how it ended: [`What::Silence`] if that is not told.
    Octets(Vec<u8>, What),
}

impl Written {
    /// What these octets stand for if they clearly are written down; none if they are not.
    ///
    /// # Errors
    /// When they only begin so.
    #[must_use]
    pub fn read(octets: &[u8]) -> Option<Result<Self, BadTranscript>> {
        let text = beginning(octets)?;
        let text = std::str::from_utf8(&octets[octets.len() - text..]).ok()?;
        if let Some(lines) = introduction(text.as_bytes()) {
            let transcript = parse(&text[lines..]);
            let above = text[..lines].lines().count();
            let whole = |error: BadTranscript| BadTranscript { line: error.line + above, ..error };
            return Some(transcript.map(Self::Transcript).map_err(whole));
        }
        if text.starts_with(CHAIN) {
            return Some(parse(text).map(Self::Transcript));
        }
        if let Some(content) = content_of_snapshot(text) {
            return content.starts_with(CHAIN).then(|| parse(content).map(Self::Transcript));
        }
        let first = text.lines().next()?;
        let first = first.split_once("  #").map_or(first, |(octets, _)| octets).trim_end_matches(' ');
        first.ends_with("\\n").then(|| notation(text))
    }
}

/// How many octets there are from the first word on, if it is one that a text begins with; a look at the whole of
/// what was captured is not worth it otherwise.
fn beginning(octets: &[u8]) -> Option<usize> {
    let text = octets.trim_ascii_start();
    let begins = [CHAIN, "---\n", "HTTP/"].iter().any(|word| text.starts_with(word.as_bytes()));
    (begins || introduction(text).is_some()).then_some(text.len())
}

/// How many octets introduce the transcript that follows, as `lastchunk show` does: its first line begins with the name of
/// a case, or the last one does where a conf comes before it.
fn introduction(text: &[u8]) -> Option<usize> {
    let (border, most) = INTRODUCED;
    let text = &text[..text.len().min(most)];
    let lines = 2 + text.windows(border.len()).position(|window| window == border)?;
    let is_text = text[..lines].iter().all(|octet| *octet == b'\n' || !octet.is_ascii_control());
    let mut introduced = text[..lines - 2].split(|octet| *octet == b'\n');
    let names_a_case = introduced.next().is_some_and(names_a_case) || introduced.next_back().is_some_and(names_a_case);
    (is_text && names_a_case && !text.starts_with(b"HTTP/")).then_some(lines)
}

/// Whether a line begins as `failure/variant` does, or the cell of a table, whose name has more parts.
fn names_a_case(line: &[u8]) -> bool {
    let name = line.split(|octet| matches!(octet, b' ' | b',')).next().unwrap_or_default();
    let is_word = |part: &[u8]| {
        part.first().is_some_and(u8::is_ascii_alphanumeric)
            && part.iter().all(|octet| octet.is_ascii_alphanumeric() || b"_-.+@".contains(octet))
    };
    name.contains(&b'/') && name.split(|octet| *octet == b'/').all(is_word)
}

/// The content of a snapshot file, without the head that insta writes.
#[must_use]
pub fn content_of_snapshot(snapshot: &str) -> Option<&str> {
    let (_, text) = snapshot.strip_prefix("---\n")?.split_once("\n---\n")?;
    Some(text.trim_end())
}

fn notation(text: &str) -> Result<Written, BadTranscript> {
    let mut framed = FRAME.0.to_owned();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        framed.push_str(FRAME.1);
        framed.push_str(line);
        framed.push('\n');
    }
    let transcript = parse(&framed).map_err(|error| BadTranscript { line: error.line.saturating_sub(2), ..error })?;
    let lane = Lane::response(0);
    let end = transcript.lane(lane).find(|what| matches!(what, What::Fin | What::Rst));
    let end = end.cloned().unwrap_or(What::Silence);
    Ok(Written::Octets(transcript.octets(lane), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notation_is_told_from_octets() {
        let written = Written::read(b"HTTP/1.1 200 OK\\r\\n  # whatever\n\\r\\n\nab\n-- RST\n");
        assert_eq!(written, Some(Ok(Written::Octets(b"HTTP/1.1 200 OK\r\n\r\nab".to_vec(), What::Rst))));
        assert_eq!(Written::read(b"HTTP/1.1 200 OK\r\n\r\nab\\n"), None);
        assert_eq!(Written::read(b"data: chain:"), None);
        assert_eq!(Written::read(b""), None);
        assert_eq!(Written::read(b"HTTP/1.1 200 \xff\\r\\n\n"), None);
    }

    #[test]
    fn a_transcript_may_have_lines_that_introduce_it() {
        let text = "failure/variant@conf\nwhat it says\n\nchain: c raw, o scripted\n\n1. asks\nc>o  GET /\\r\\n\n";
        let (_, transcript) = text.split_once("\n\n").expect("two paragraphs");
        assert_eq!(Written::read(text.as_bytes()), Some(parse(transcript).map(Written::Transcript)));
        let error = Written::read(format!("{text}what\n").as_bytes()).expect("it begins so").expect_err("no line");
        assert_eq!(error.line, 8);
        let conf = "./nginx.conf, through the server x\ntaken as it is";
        let behind_a_conf = format!("{conf}\n\nfailure/variant, origin scripted\n\n{transcript}");
        assert_eq!(Written::read(behind_a_conf.as_bytes()), Some(parse(transcript).map(Written::Transcript)));
        for octets in [
            "HTTP/1.1 200 OK\n\nchain: c, o\n\n",
            "a/b\x1b\n\nchain: c, o\n\n",
            "a/b\nchain: c, o\n\n",
            // An event stream that has such a field.
            "retry: 10\ndata: {\"a\":1}\n\nchain: my chain\n\n",
            "data: a/b\n\nchain: my chain\n\n",
            ": a/b\n\nchain: my chain\n\n",
            "/events\n\nchain: my chain\n\n",
        ] {
            assert_eq!(Written::read(octets.as_bytes()), None, "{octets:?}");
        }
    }

    #[test]
    fn a_text_that_only_begins_like_a_transcript_says_where_it_is_none() {
        for (text, line) in [("chain: c, o\n\nwhat\n", 3), ("HTTP/1.1 200 OK\\r\\n\n\\q\n", 2), ("chain: !\n", 1)] {
            let error = Written::read(text.as_bytes()).expect("it begins so").expect_err("and goes on otherwise");
            assert_eq!(error.line, line, "{text}");
        }
    }
}
