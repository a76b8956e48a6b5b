//! The files of a bundle that say what to play, handed in by somebody: `bundle.json`, `transcript.txt` and `nginx.conf`, a line
//! of `===` between them.

use mve::bundle::shrink::{Candidate, Size, shrink};
use mve::bundle::{Bundle, Script, Sign, harmless, programs};

use super::notation::is_safe;
use super::transcript::octets;

/// Elisions may stand for millions of octets: so many are looked into.
const MOST: usize = 4 * 1024;
/// So many candidates are made.
const TRIES: usize = 100;

/// It is refused in a line, or written as programs that hold its octets, and made smaller in every way that there is: a chain
/// on which whatever is sent comes about stands in for the real one.
pub fn check(octets_of_all: &[u8]) {
    let Ok(text) = str::from_utf8(octets_of_all) else { return };
    let mut parts = text.split("\n===\n");
    let (about, told, conf) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    if let Err(why) = harmless(conf) {
        assert!(!why.to_string().chars().any(char::is_control), "{why:?}");
    }
    let bundle = match Bundle::of_texts(about, told, || Ok(conf.to_owned())) {
        Ok(bundle) => bundle,
        Err(error) => {
            let said = error.to_string();
            assert!(!said.chars().any(|letter| letter.is_control() && letter != '\n'), "{said:?}");
            return;
        }
    };
    if octets(&bundle.transcript) > MOST {
        return;
    }
    for program in programs(&Script::of(&bundle.transcript)) {
        assert!(program.text.split('\n').all(|line| is_safe(&line.replace('\t', ""))), "{}", program.text);
    }
    let first = Candidate { transcript: bundle.transcript, conf: bundle.conf };
    let sign = Sign::of(&first.transcript);
    let mut size = Size::of(&first);
    let mut played = 0;
    let smallest = shrink(first, &sign, TRIES, |candidate| {
        played += 1;
        assert!(Size::of(candidate).is_below(&size), "{:?} is not smaller than {size:?}", Size::of(candidate));
        if Sign::of(&candidate.transcript) == sign {
            size = Size::of(candidate);
        }
        Ok(Some(candidate.transcript.clone()))
    });
    assert!(played <= TRIES);
    assert_eq!(Sign::of(&smallest.candidate.transcript), sign);
    assert_eq!(Size::of(&smallest.candidate), size);
}
