//! Octets that were written down: a transcript, a snapshot of one, or octets in its notation.

use crate::render::{BadTranscript, parse};
use crate::transcript::{Lane, Transcript, What};

/// How the text of a transcript begins.
const CHAIN: &str = "chain:";
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
    begins.then_some(text.len())
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
    fn a_text_that_only_begins_like_a_transcript_says_where_it_is_none() {
        for (text, line) in [("chain: c, o\n\nwhat\n", 3), ("HTTP/1.1 200 OK\\r\\n\n\\q\n", 2), ("chain: !\n", 1)] {
            let error = Written::read(text.as_bytes()).expect("it begins so").expect_err("and goes on otherwise");
            assert_eq!(error.line, line, "{text}");
        }
    }
}
