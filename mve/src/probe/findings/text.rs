//! The text of the events: is it text, UTF-8, and are there events in it?

use harness::wire::notation::escape;

use super::super::content::Coding;
use super::super::observation::Observation;
use super::{Finding, count};

/// How gzip begins (RFC 1952 2.3.1).
const GZIP: &[u8] = b"\x1f\x8b\x08";

pub(super) fn findings(seen: &Observation) -> Vec<Finding> {
    if let Some(compressed) = compressed(seen) {
        // All else follows from it.
        return vec![compressed];
    }
    not_utf8(seen).into_iter().chain(no_event(seen)).collect()
}

fn compressed(seen: &Observation) -> Option<Finding> {
    let what = match (&seen.content.events, &seen.content.coding) {
        (None, _) => return None,
        (_, Coding::Identity) => "the content is gzip, and no Content-Encoding says so: readers find no event in it",
        _ => "the content is gzip once more below its Content-Encoding: readers find no event in it",
    };
    seen.content.start.starts_with(GZIP).then(|| {
        Finding::harm("content-coding", what)
            .seen(format!("the content begins \"{}\"", escape(&seen.content.start)))
            .by("RFC 9110 8.4")
            .cured_by("see that nothing compresses twice, and that nothing takes Content-Encoding off")
    })
}

fn not_utf8(seen: &Observation) -> Option<Finding> {
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

/// That there is content, and not an event in it, nor the beginning of one.
fn no_event(seen: &Observation) -> Option<Finding> {
    let events = seen.content.events.as_ref()?;
    // An empty line keeps a stream alive as a comment does.
    let is_idle = events.is_blank || events.comments > 0 || events.retry.is_some() || !events.last_id.is_empty();
    let is_told = events.dispatched == 0 && !events.pending && !is_idle && seen.content.octets() > 0;
    is_told.then(|| {
        Finding::harm("no-event", "content came, and no event in it: curl shows it, and readers of events show nothing")
            .seen(format!(
                "{} of content, which begin \"{}\"",
                count(seen.content.octets(), "octet"),
                escape(&seen.content.start)
            ))
            .by("WHATWG HTML 9.2.5, 9.2.6")
            .cured_by("begin each line of an event with data: in small letters, and end the event with an empty line")
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::synthetic::{Script, rules};
    use super::*;

    #[rstest]
    #[case::no_field(b"{\"a\":1}\n\n", &["no-event"])]
    #[case::capitals(b"Data: x\n\n", &["no-event"])]
    #[case::a_type_alone(b"event: ping\n\n", &["no-event"])]
    #[case::an_event(b"data: x\n\n", &[])]
    #[case::an_event_that_is_pending(b"data: x\n", &[])]
    #[case::what_may_become_one(b"dat", &[])]
    #[case::a_comment(b": beat\n\n", &[])]
    #[case::a_reconnection_time(b"retry: 1\n\n", &[])]
    #[case::empty_lines(b"\r\n\r\n\n", &[])]
    #[case::a_mark(b"\xef\xbb\xbf", &[])]
    #[case::a_mark_and_empty_lines(b"\xef\xbb\xbf\n\n", &[])]
    #[case::a_mark_and_another(b"\xef\xbb\xbf\xef\xbb\xbf\n", &["no-event"])]
    #[case::empty_lines_and_a_name(b"\n\nhello\n\n", &["no-event"])]
    #[case::a_comment_that_is_no_utf8(b": caf\xe9 beat\n\n", &[])]
    #[case::gzip(b"\x1f\x8b\x08\0\0\0\0\0\0\x03", &["content-coding"])]
    #[case::nothing(b"", &[])]
    fn content_without_an_event_is_told(#[case] content: &[u8], #[case] said: &[&str]) {
        let seen = Script::default().content(1, content).seen();
        assert_eq!(rules(&findings(&seen)), said);
        // Of what does not say that it is an event stream nothing is expected.
        let page = Script::default().field("Content-Type", "text/html").content(1, content).seen();
        assert_eq!(findings(&page), []);
    }

    #[test]
    fn a_character_that_two_events_share_is_told() {
        let sound = Script::default().content(1, "data: \u{20ac}\n\n".as_bytes()).complete();
        assert_eq!(findings(&sound.seen()), []);
        let halves = Script::default().content(1, b"data: \xe2\n\n").content(2, b"data: \x82\xac\n\n").complete();
        let found = findings(&halves.seen());
        assert_eq!(rules(&found), ["not-utf-8"]);
        assert_eq!(found[0].evidence, "3 places, the first after 6 octets: \"\\xe2\"");
    }
}
