//! `lastchunk explain` as a whole, but for the process.

use harness::capture::Capture;
use harness::transcript::{Lane, What};
use harness::wire::h1::End;
use mve::explain::{Form, explain};

use super::transcript::{octets as octets_of, survives};
use super::work::Bound;

/// What is held of an octet is its span, its field and what is said of them; the text is not held, and here it is.
const BOUND: Bound = Bound { in_all: 3000, at_a_time: 800 };

/// Elisions may stand for millions of octets: so many are looked into.
const MOST: usize = 64 * 1024;

/// Any octets get a verdict and a text that is safe, and that reads as what they were.
pub fn check(octets: &[u8]) {
    for end in [End::Fin, End::Rst, End::Open] {
        for methods in [&[][..], &["HEAD".to_owned(), "GET".to_owned()]] {
            let captured = Capture { methods, end }.read(octets.to_vec());
            if octets_of(&captured.transcript) > MOST {
                continue;
            }
            let (text, objects) = BOUND.held(octets.len() + octets_of(&captured.transcript), || {
                (said(&captured, Form::Text), said(&captured, Form::Objects))
            });
            assert_eq!(text, survives(&captured.transcript));
            let objects: Vec<serde_json::Value> =
                objects.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
            let framings = ["complete", "incomplete", "malformed", "none"];
            let is_one = |object: &serde_json::Value| framings.iter().any(|framing| object["framing"] == *framing);
            assert!(objects.iter().all(is_one), "{objects:?}");
            let asked = captured.transcript.lane(Lane::request(0)).any(|what| matches!(what, What::Octets(_)));
            assert!(asked || captured.transcript.hops() != 1 || !objects.is_empty(), "{text}");
        }
    }
}

fn said(captured: &harness::capture::Captured, form: Form) -> String {
    let mut out = Vec::new();
    let _remark = explain(captured, form, &mut out).expect("a list takes all");
    let text = String::from_utf8(out).expect("UTF-8");
    assert!(text.bytes().all(|octet| matches!(octet, b'\n' | b' '..=b'~')), "{text:?}");
    text
}
