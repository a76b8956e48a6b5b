//! The event stream's format, by the specification's own algorithm (WHATWG HTML 9.2.5 and 9.2.6). What a browser makes of it
//! stands in `browser`.

use harness::wire::events::{Decoder, Event};

use super::Evidence;

pub fn evidence() -> Vec<Evidence> {
    let always = |name, test: fn()| Evidence::new(name, None, test);
    vec![
        always("event_stream::data_lines_are_joined_with_a_newline", joined),
        always("event_stream::one_space_after_the_colon_is_dropped_and_none_is_needed", space),
        always("event_stream::retry_takes_ascii_digits_alone", retry),
        always("event_stream::a_cut_at_any_octet_is_resumed_from_the_last_id", resumed),
    ]
}

fn data(stream: &str) -> Vec<String> {
    Decoder::new().push(stream.as_bytes()).into_iter().map(|event| event.data).collect()
}

/// 9.2.6: "Append the field value to the data buffer, then append a single U+000A LINE FEED"; the last one is removed at
/// dispatch.
fn joined() {
    assert_eq!(data("data: one\ndata: two\n\n"), ["one\ntwo"]);
    assert_eq!(data("data: one\ndata\ndata: two\n\n"), ["one\n\ntwo"]);
}

/// 9.2.6: "If value starts with a U+0020 SPACE character, remove it from value."
fn space() {
    assert_eq!(data("data:one\n\ndata: two\n\ndata:  three\n\n"), ["one", "two", " three"]);
    assert_eq!(data("data:\ndata:\n\n"), ["\n"]);
}

/// 9.2.6: "If the field value consists of only ASCII digits, then interpret the field value as an integer in base ten, and
/// set the event stream's reconnection time to that integer. Otherwise, ignore the field." 9.2.2: in milliseconds.
fn retry() {
    let of = |value: &str| {
        let mut decoder = Decoder::new();
        decoder.push(format!("retry: {value}\n").as_bytes());
        decoder.retry_ms()
    };
    assert_eq!(of("3000"), Some(3000));
    for other in ["3s", "3.5", "-1", "+1", "3 ", "", "0x10", "\u{663}"] {
        assert_eq!(of(other), None, "{other:?}");
    }
}

/// What a server sends to a reader that has this last event ID: what its store has behind it. It keeps nothing else, and
/// nothing about the reader.
fn behind(store: &[(u32, &str)], last: &str) -> String {
    let last: u32 = last.parse().unwrap_or(0);
    let behind = store.iter().filter(|(id, _)| *id > last);
    behind.map(|(id, data)| format!("id: {id}\ndata: {data}\n\n")).collect()
}

fn seen(events: &[Event]) -> Vec<(&str, &str)> {
    events.iter().map(|event| (event.id.as_deref().unwrap_or_default(), event.data.as_str())).collect()
}

fn resumed() {
    let store = [(1, "one"), (2, "two"), (3, "three")];
    let whole = behind(&store, "");
    for cut in 0..=whole.len() {
        let mut first = Decoder::new();
        let mut events = first.push(&whole.as_bytes()[..cut]);
        // The pending event of the first response is gone with it; the last event ID is not.
        events.extend(Decoder::new().push(behind(&store, first.last_event_id()).as_bytes()));
        assert_eq!(seen(&events), [("1", "one"), ("2", "two"), ("3", "three")], "cut at octet {cut}");
    }

    // A store that has forgotten the second event: nothing tells the reader.
    let mut first = Decoder::new();
    let mut events = first.push(b"id: 1\ndata: one\n\n");
    events.extend(Decoder::new().push(behind(&store[2..], first.last_event_id()).as_bytes()));
    assert_eq!(seen(&events), [("1", "one"), ("3", "three")]);
}
