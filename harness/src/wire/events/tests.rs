use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::seeded::cases;

/// Type, data, last event ID.
type Plain<'a> = (&'a str, &'a str, &'a str);

fn plain(events: &[Event]) -> Vec<Plain<'_>> {
    events.iter().map(|e| (&*e.event, e.data.as_str(), e.id.as_deref().unwrap_or_default())).collect()
}

#[rstest]
#[case::one("data: one\n\n", &[("message", "one", "")])]
#[case::crlf("data: one\r\ndata: two\r\n\r\n", &[("message", "one\ntwo", "")])]
#[case::cr("data: one\rdata: two\r\r", &[("message", "one\ntwo", "")])]
#[case::mixed_line_ends("data: one\r\n\ndata: two\n\r\ndata: three\r\r\n", &[("message", "one", ""), ("message", "two", ""), ("message", "three", "")])]
#[case::all_fields("event: add\nid: 7\nretry: 10\ndata: x\n\n", &[("add", "x", "7")])]
#[case::one_space_only("data:  x\n\ndata:x\n\ndata:\tx\n\n", &[("message", " x", ""), ("message", "x", ""), ("message", "\tx", "")])]
#[case::no_colon("data\n\ndata\ndata\n\ndata:", &[("message", "", ""), ("message", "\n", "")])]
#[case::colons_in_the_value("data: a: b\n\n", &[("message", "a: b", "")])]
#[case::no_data("event: add\n\ndata: x\n\n", &[("message", "x", "")])]
#[case::empty_type("event: add\nevent:\ndata: x\n\n", &[("message", "x", "")])]
#[case::id_without_data("id: 1\n\ndata: x\n\n", &[("message", "x", "1")])]
#[case::id_stays("id: 1\ndata: x\n\ndata: y\n\nid\ndata: z\n\n", &[("message", "x", "1"), ("message", "y", "1"), ("message", "z", "")])]
#[case::id_with_nul("id: 1\nid: 2\0x\ndata: x\n\n", &[("message", "x", "1")])]
#[case::comments(": c\n:\ndata: x\n: c\n\n", &[("message", "x", "")])]
#[case::unknown("dat: a\nDATA: b\n data: c\ndata : d\n\n", &[])]
#[case::byte_order_mark("\u{feff}data: x\n\n", &[("message", "x", "")])]
#[case::one_byte_order_mark("\u{feff}\u{feff}data: x\n\n", &[])]
#[case::byte_order_mark_later("data: x\n\n\u{feff}data: y\n\n", &[("message", "x", "")])]
#[case::empty_lines("\n\r\n\r\n\ndata: x\n\n\n\n", &[("message", "x", "")])]
#[case::pending("data: x\n\ndata: y\n", &[("message", "x", "")])]
#[case::nothing("", &[])]
fn a_stream_dispatches_its_events(#[case] octets: &str, #[case] expected: &[Plain]) {
    assert_eq!(plain(&Decoder::new().push(octets.as_bytes())), expected);
}

#[rstest]
#[case::invalid(b"data: a\xffb\n\n", "a\u{fffd}b")]
#[case::cut_by_the_line_end(b"data: a\xe2\x82\n\n", "a\u{fffd}")]
#[case::cut_by_another(b"data: \xe2\x82\xe2\x82\xac\n\n", "\u{fffd}\u{20ac}")]
#[case::surrogate(b"data: \xed\xa0\x80\n\n", "\u{fffd}\u{fffd}\u{fffd}")]
#[case::whole(b"data: \xf0\x9f\x98\x80\n\n", "\u{1f600}")]
fn octets_that_are_not_utf_8_are_replaced(#[case] octets: &[u8], #[case] expected: &str) {
    let mut decoder = Decoder::new();
    let events: Vec<Event> = octets.iter().flat_map(|octet| decoder.push(&[*octet])).collect();
    assert_eq!(plain(&events), [("message", expected, "")]);
}

#[rstest]
#[case::digits("retry: 1500\n", Some(1500))]
#[case::at_once_and_the_last("retry: 1\nretry: 2\n", Some(2))]
#[case::no_line_end("retry: 1", None)]
#[case::sign("retry: +1\n", None)]
#[case::space_behind("retry: 1 \n", None)]
#[case::two_spaces("retry:  1\n", None)]
#[case::empty("retry\nretry:\n", None)]
#[case::other_digits("retry: \u{661}\n", None)]
#[case::past_64_bits("retry: 99999999999999999999\n", Some(u64::MAX))]
fn the_reconnection_time_is_digits_alone(#[case] octets: &str, #[case] expected: Option<u64>) {
    let mut decoder = Decoder::new();
    decoder.push(octets.as_bytes());
    assert_eq!(decoder.retry_ms(), expected);
}

#[test]
fn an_event_knows_its_block_and_what_dispatched_it() {
    let octets = "\u{feff}data: one\n\n\r\n: c\r\ndata: two\r\n\r\nid: 1\n\ndata: three\r\r";
    let events = Decoder::new().push(octets.as_bytes());
    let blocks: Vec<&str> = events.iter().map(|event| &octets[event.range.clone()]).collect();
    assert_eq!(blocks, ["data: one\n", ": c\r\ndata: two\r\n", "data: three\r"]);
    let dispatched: Vec<&str> = events.iter().map(|event| &octets[event.range.end..event.dispatched_at]).collect();
    assert_eq!(dispatched, ["\n", "\r", "\r"]);
}

#[test]
fn an_event_is_dispatched_by_the_octet_that_ends_its_empty_line() {
    for (block, line_end) in [("data: x\n", "\n"), ("data: x\r\n", "\r\n"), ("data: x\r", "\r")] {
        let mut decoder = Decoder::new();
        assert_eq!(decoder.push(block.as_bytes()), []);
        assert_eq!(decoder.push(&line_end.as_bytes()[..1]).len(), 1);
        assert_eq!(decoder.push(&line_end.as_bytes()[1..]), []);
        assert_eq!((decoder.dispatched(), decoder.pending()), (1, None));
    }
}

fn pending(octets: &str) -> Option<Pending> {
    let mut decoder = Decoder::new();
    decoder.push(octets.as_bytes());
    decoder.pending()
}

#[rstest]
#[case::data("data: one\n\ndata: two\n", "data: two\n", Some("two"), None)]
#[case::data_and_a_cut_line("data: two\ndata: th", "data: two\ndata: th", Some("two"), Some("data: th"))]
#[case::a_cut_line("data: one\n\ndata: two", "data: two", None, Some("data: two"))]
#[case::a_cut_name("data: one\n\nda", "da", None, Some("da"))]
#[case::a_name_alone("data", "data", None, Some("data"))]
#[case::retry_cut("retry: 1", "retry: 1", None, Some("retry: 1"))]
#[case::type_alone("event: add\n", "event: add\n", None, None)]
#[case::id_alone("id: 1\n: c", "id: 1\n: c", None, None)]
#[case::comment_then_data(": c\ndata: x\n", ": c\ndata: x\n", Some("x"), None)]
#[case::comment_then_cut(": c\nda", ": c\nda", None, Some("da"))]
#[case::after_crlf("data: x\r\n", "data: x\r\n", Some("x"), None)]
#[case::byte_order_mark("\u{feff}data: x", "data: x", None, Some("data: x"))]
#[case::byte_order_mark_and_a_line("\u{feff}data: x\n", "data: x\n", Some("x"), None)]
#[case::unknown_cut_after_data("data: x\nfoo", "data: x\nfoo", Some("x"), None)]
fn what_an_end_would_discard_is_pending(
    #[case] octets: &str,
    #[case] range: &str,
    #[case] data: Option<&str>,
    #[case] unfinished: Option<&str>,
) {
    let pending = pending(octets).unwrap();
    assert_eq!(&octets[pending.range], range);
    assert_eq!(pending.data.as_deref(), data);
    assert_eq!(pending.unfinished.map(|line| &octets[line]), unfinished);
}

#[rstest]
#[case::nothing("")]
#[case::dispatched("data: x\n\n")]
#[case::dispatched_by_cr("data: x\r\r")]
#[case::comment(": c\n")]
#[case::comment_cut("data: x\n\n: c")]
#[case::unknown("foo: x\n")]
#[case::unknown_cut("foo")]
#[case::too_long_a_name("dataX")]
#[case::unknown_with_colon("dat: x")]
#[case::retry("retry: 1\n")]
#[case::bad_id("id: \0\n")]
#[case::byte_order_mark("\u{feff}")]
fn where_nothing_would_be_discarded_nothing_is_pending(#[case] octets: &str) {
    assert_eq!(pending(octets), None);
}

#[test]
fn a_pending_id_is_not_the_last_event_id() {
    let mut decoder = Decoder::new();
    decoder.push(b"id: 1\ndata: x\n\nevent: add\nid: 2\n");
    assert_eq!(decoder.last_event_id(), "1");
    let pending = decoder.pending().unwrap();
    assert_eq!((pending.id.as_deref(), pending.event.as_deref(), pending.data), (Some("2"), Some("add"), None));
    decoder.push(b"\n");
    assert_eq!((decoder.last_event_id(), decoder.dispatched()), ("2", 1));
}

#[test]
fn a_long_id_is_shared_by_its_events() {
    let mut decoder = Decoder::new();
    let events = decoder.push(b"id: long\ndata\n\ndata\n\n");
    assert!(events[0].id.as_ref().zip(events[1].id.as_ref()).is_some_and(|(one, other)| Arc::ptr_eq(one, other)));
}

#[test]
fn comments_are_counted_when_their_line_ends() {
    let mut decoder = Decoder::new();
    decoder.push(b": one\n:\n\ndata: :\n: unfinished");
    assert_eq!(decoder.comments(), 2);
}

/// WHATWG HTML 9.2.6 to the letter, over the whole text at once: events, last event ID, reconnection time.
fn by_the_letter(octets: &[u8]) -> (Vec<(String, String, String)>, String, Option<u64>) {
    let text = String::from_utf8_lossy(octets);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    lines.pop();
    let (mut data, mut event, mut id, mut last_id) = (String::new(), String::new(), String::new(), String::new());
    let (mut events, mut retry) = (Vec::new(), None);
    for line in lines {
        if line.is_empty() {
            last_id = id.clone();
            if data.is_empty() {
                event.clear();
                continue;
            }
            data.pop();
            let event = if event.is_empty() { "message".to_owned() } else { std::mem::take(&mut event) };
            events.push((event, std::mem::take(&mut data), last_id.clone()));
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => event = value.to_owned(),
            "data" => data.extend([value, "\n"]),
            "id" if !value.contains('\0') => id = value.to_owned(),
            "retry" if value.bytes().all(|b| b.is_ascii_digit()) => retry = value.parse().ok().or(retry),
            _ => {}
        }
    }
    (events, last_id, retry)
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    let pieces: [&[u8]; 22] = [
        b"data",
        b"data: x",
        b"data:",
        b"event: e",
        b"event:",
        b"id: 1",
        b"id",
        b"id: \0",
        b"retry: 12",
        b"retry: x",
        b"foo",
        b": c",
        b":",
        b"\n",
        b"\n\n",
        b"\r",
        b"\r\n",
        b"\r\n\r\n",
        b"\xef\xbb\xbf",
        b"\xef\xbb",
        b"\xe2\x82\xac",
        b"\xe2\x82",
    ];
    prop_oneof![
        4 => prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..24).prop_map(|pieces| pieces.concat()),
        1 => prop::collection::vec(any::<u8>(), 0..128),
    ]
}

/// Long enough to be looked at as a whole: runs of events of one line each, now and then broken by something else.
fn long_octets() -> impl Strategy<Value = Vec<u8>> {
    let data = |chars: &str, len: usize, end: &'static str| {
        let chars = prop::sample::select(chars.chars().collect::<Vec<char>>());
        prop::collection::vec(chars, 0..len)
            .prop_map(move |chars| format!("data:{}{end}", String::from_iter(chars)).into_bytes())
    };
    let event = prop_oneof![
        8 => data(" ab:", 40, "\n\n"),
        1 => data(" a:\u{20ac}\u{1f600}", 120, "\n\n"),
        1 => data(" ab", 20, "\r\n\r\n"),
        1 => Just(b"data: \xff\n\n".to_vec()),
        2 => octets(),
    ];
    prop::collection::vec(event, 0..40).prop_map(|events| events.concat())
}

#[test]
fn slicing_at_every_one_and_two_places_changes_nothing() {
    let octets =
        "\u{feff}: c\r\ndata: \u{20ac}\r\rid: 1\r\n\r\nevent: a\ndata\n\n\r\nretry: 5\r\ndata: y\r\ndata".as_bytes();
    let mut whole = Decoder::new();
    let expected = whole.push(octets);
    assert_eq!(expected.len(), 2);
    for first in 0..=octets.len() {
        for second in first..=octets.len() {
            let mut decoder = Decoder::new();
            let mut events = decoder.push(&octets[..first]);
            events.extend(decoder.push(&octets[first..second]));
            events.extend(decoder.push(&octets[second..]));
            assert_eq!(events, expected, "sliced at {first} and {second}");
            assert_eq!(decoder.pending(), whole.pending(), "sliced at {first} and {second}");
        }
    }
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn any_octets_mean_what_the_specification_says(octets in octets()) {
        let mut decoder = Decoder::new();
        let events = decoder.push(&octets);
        let events = events.into_iter().map(|e| (e.event.into_owned(), e.data, e.id.as_deref().unwrap_or_default().to_owned())).collect();
        prop_assert_eq!((events, decoder.last_event_id().to_owned(), decoder.retry_ms()), by_the_letter(&octets));
    }

    #[test]
    fn octet_by_octet_the_same_comes_out(octets in octets()) {
        let mut whole = Decoder::new();
        let expected = whole.push(&octets);
        let mut decoder = Decoder::new();
        let events: Vec<Event> = octets.iter().flat_map(|octet| decoder.push(&[*octet])).collect();
        prop_assert_eq!(&events, &expected);
        prop_assert_eq!(decoder.pending(), whole.pending());
        prop_assert_eq!((decoder.retry_ms(), decoder.comments()), (whole.retry_ms(), whole.comments()));
        let mut at = 0;
        for event in &events {
            prop_assert!(at <= event.range.start && !event.range.is_empty() && event.range.end < event.dispatched_at);
            at = event.dispatched_at;
        }
        if let Some(pending) = decoder.pending() {
            prop_assert!(at <= pending.range.start && !pending.range.is_empty() && pending.range.end == octets.len());
        }
    }

    #[test]
    fn pending_data_is_what_an_empty_line_would_dispatch(octets in octets()) {
        let mut decoder = Decoder::new();
        decoder.push(&octets);
        let pending = decoder.pending().filter(|pending| pending.unfinished.is_none());
        if let Some(data) = pending.and_then(|pending| pending.data) {
            // Enough to end a line and to be an empty one, after a CR too.
            let events = decoder.push(b"\n\n\n");
            prop_assert_eq!(&events[0].data, &data);
        }
    }

}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn a_long_stream_means_what_the_specification_says(octets in long_octets()) {
        let mut decoder = Decoder::new();
        let events = decoder.push(&octets);
        let events = events.into_iter().map(|e| (e.event.into_owned(), e.data, e.id.as_deref().unwrap_or_default().to_owned())).collect();
        prop_assert_eq!((events, decoder.last_event_id().to_owned(), decoder.retry_ms()), by_the_letter(&octets));
    }

    #[test]
    fn borrowed_and_owned_events_agree_under_any_slicing(
        octets in prop_oneof![long_octets(), octets()],
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut octet_by_octet = Decoder::new();
        let expected: Vec<Event> = octets.iter().flat_map(|octet| octet_by_octet.push(&[*octet])).collect();

        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(octets.len() + 1)).chain([0, octets.len()]).collect();
        cuts.sort_unstable();
        let (mut owned, mut borrowed, mut text) = (Decoder::new(), Decoder::new(), Decoder::new());
        let (mut kept, mut seen, mut read) = (Vec::new(), Vec::new(), Vec::new());
        for slice in cuts.windows(2).map(|cut| &octets[cut[0]..cut[1]]) {
            kept.extend(owned.push(slice));
            borrowed.push_with(slice, |event| {
                let BorrowedEvent { event, data, id, range, dispatched_at } = event;
                let (event, data, id) = (event.to_owned().into(), data.to_owned(), id.cloned());
                seen.push(Event { event, data, id, range, dispatched_at });
            });
            match str::from_utf8(slice) {
                Ok(slice) => text.push_text_with(slice, |event| read.push(event.to_event())),
                Err(_) => text.push_with(slice, |event| read.push(event.to_event())),
            }
        }
        prop_assert_eq!(&kept, &expected);
        prop_assert_eq!(&seen, &expected);
        prop_assert_eq!(&read, &expected);
        for decoder in [&owned, &borrowed, &text] {
            prop_assert_eq!(decoder.pending(), octet_by_octet.pending());
            prop_assert_eq!((decoder.retry_ms(), decoder.comments()), (octet_by_octet.retry_ms(), octet_by_octet.comments()));
            prop_assert_eq!((decoder.dispatched(), decoder.last_event_id()), (expected.len(), octet_by_octet.last_event_id()));
        }
    }
}
