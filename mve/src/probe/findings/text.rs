//! The text of the events: is it UTF-8?

use harness::wire::notation::escape;

use super::super::observation::Observation;
use super::{Finding, count};

pub(super) fn findings(seen: &Observation) -> Option<Finding> {
    let broken = seen.content.not_utf8.as_ref()?;
    Some(
        Finding::harm("not-utf-8", "octets of the events are no UTF-8: a reader shows U+FFFD in their place")
            .seen(format!(
                "{}, the first after {}: \"{}\"",
                count(broken.places, "place"),
                count(broken.first, "octet"),
                escape(&broken.octets)
            ))
            .by("WHATWG HTML 9.2.5, 9.2.6")
            .cured_by(
                "write UTF-8, and whole characters into each event: a token or a buffer may end inside one, whose rest belongs \
                 into the same line",
            ),
    )
}

#[cfg(test)]
mod tests {
    use super::super::synthetic::Script;
    use super::*;

    #[test]
    fn a_character_that_two_events_share_is_told() {
        let sound = Script::default().content(1, "data: \u{20ac}\n\n".as_bytes()).complete();
        assert_eq!(findings(&sound.seen()), None);
        let halves = Script::default().content(1, b"data: \xe2\n\n").content(2, b"data: \x82\xac\n\n").complete();
        let found = findings(&halves.seen()).expect("half a character");
        assert_eq!(found.evidence, "3 places, the first after 6 octets: \"\\xe2\"");
    }
}
