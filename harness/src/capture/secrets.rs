//! What must not leave the house: the values of fields that carry credentials.

use std::collections::BTreeSet;

use crate::transcript::{Lane, Transcript, What};
use crate::verdict::{Direction, connections};

/// The fields whose values are credentials, or may be (RFC 9110 11.6, 11.7; RFC 6265), in lower case.
pub const SECRET_FIELDS: &[&str] = &[
    "api-key",
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-amz-security-token",
    "x-api-key",
    "x-auth-token",
    "x-csrf-token",
    "x-goog-api-key",
];

/// Whether a field of this name carries credentials.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    SECRET_FIELDS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

/// The same with each octet of such values replaced by `x`, so that every length stays; and the names of the fields that
/// were there, in lower case.
#[must_use]
pub fn without_secrets(mut transcript: Transcript) -> (Transcript, BTreeSet<String>) {
    let mut found = BTreeSet::new();
    for hop in 0..transcript.hops() {
        let mut masks: [Vec<bool>; 2] = Default::default();
        for connection in connections(&transcript, hop) {
            mask(&connection.requests, &mut masks[0], &mut found);
            mask(&connection.responses, &mut masks[1], &mut found);
        }
        for (lane, mask) in [Lane::request(hop), Lane::response(hop)].into_iter().zip(masks) {
            let mut mask = mask.into_iter();
            let events = transcript.events.iter_mut().filter(|event| event.lane == lane);
            for event in events {
                let What::Octets(run) = &mut event.what else { continue };
                run.iter_mut().zip(&mut mask).filter(|(_, hidden)| *hidden).for_each(|(octet, _)| *octet = b'x');
            }
        }
    }
    let meant = &mut transcript.meant;
    for (name, value) in meant.fields.iter_mut().chain(&mut meant.trailers) {
        if is_secret(name) {
            *value = "x".repeat(value.len());
        }
    }
    (transcript, found)
}

/// Which octets of a direction are to be hidden.
fn mask(direction: &Direction<'_>, mask: &mut Vec<bool>, found: &mut BTreeSet<String>) {
    let start = mask.len();
    mask.resize(start + direction.octets.len(), false);
    for field in direction.stream.messages.iter().flat_map(|message| message.fields.iter().chain(&message.trailers)) {
        let name = String::from_utf8_lossy(&direction.octets[field.name.clone()]).to_ascii_lowercase();
        if is_secret(&name) {
            found.insert(name);
            // The line ends of a folded value stay: without them the field would be another one.
            for at in field.value.clone() {
                mask[start + at] = !matches!(direction.octets[at], b'\r' | b'\n' | b' ' | b'\t');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Redactions, parse, render};

    #[test]
    fn the_values_of_credentials_are_hidden_in_every_lane_and_keep_their_length() {
        let text = r"chain: c a, p b, o d

1. x
c>p  GET / HTTP/1.1\r\nAUTHORIZATION: Bearer abc\r\nHost: mve.test\r\n\r\n
     p>o  GET / HTTP/1.0\r\ncookie: a=b;\r\n c=d\r\n\r\n
     o>p  HTTP/1.1 200 OK\r\nSet-Cookie: id=7\r\nX-Note: Authorization\r\n\r\nCookie: content\n
";
        let (hidden, found) = without_secrets(parse(text).expect("a transcript"));
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["authorization", "cookie", "set-cookie"]);
        let hidden = render(&hidden, &Redactions::none());
        for line in [
            "AUTHORIZATION: xxxxxx xxx",
            "cookie: xxxx",
            r"\x20xxx\r\n",
            "Set-Cookie: xxxx",
            "X-Note: Authorization",
            "Cookie: content",
        ] {
            assert!(hidden.contains(line), "{line} in {hidden}");
        }
        assert!(!hidden.contains("abc") && !hidden.contains("id=7"), "{hidden}");
    }
}
