//! The text of a transcript, handed in by somebody.

use harness::render::{Redactions, parse, render};
use harness::transcript::{Transcript, What};

use super::notation::is_safe;

/// Elisions may stand for millions of octets: so many are looked into.
const MOST: usize = 64 * 1024;

/// A text is refused in a line that says where, or what it says is rendered and read again, with nothing lost.
pub fn check(octets: &[u8]) {
    let Ok(text) = str::from_utf8(octets) else { return };
    match parse(text) {
        Err(error) => {
            assert!((1..=text.lines().count().max(1)).contains(&error.line), "{error}");
            assert!(is_safe(&error.to_string()), "{error}");
        }
        Ok(transcript) if self::octets(&transcript) <= MOST => {
            survives(&transcript);
        }
        Ok(_) => {}
    }
}

/// How many octets of all lanes.
pub fn octets(transcript: &Transcript) -> usize {
    let octets = |what: &What| if let What::Octets(run) = what { run.len() } else { 0 };
    transcript.events.iter().map(|event| octets(&event.what)).sum()
}

/// Rendered and read again it is the same; no octet of the text drives a terminal, redacted or not.
pub fn survives(transcript: &Transcript) -> String {
    let text = render(transcript, &Redactions::none());
    let redacted = render(transcript, &Redactions::all());
    assert!(text.split('\n').all(is_safe), "{text:?}");
    assert!(redacted.split('\n').all(is_safe), "{redacted:?}");
    let again = parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(again, *transcript, "\n{text}");
    if let Err(error) = parse(&redacted) {
        panic!("{error}\n{redacted}");
    }
    text
}
