//! The streams: every edge of WHATWG HTML 9.2.5 and 9.2.6. Where a reconnection time is set that must not count, one that
//! makes the browser come back at once is set before; the one that must not count would keep it away for days.

use harness::wire::events::Decoder;

macro_rules! streams {
    ($($name:literal $octets:literal)*) => {
        pub const STREAMS: &[(&str, &[u8])] = &[$(($name, $octets)),*];
    };
}

streams! {
    "nothing" b""
    "one event" b"data: one\n\n"
    "one event, CRLF" b"data: one\r\n\r\n"
    "one event, CR" b"data: one\r\r"
    "CR at the end" b"data: one\n\r"
    "CRLF, then LF" b"data: one\r\n\n"
    "LF, then CR, then a line" b"data: one\n\rdata: two\n\n"
    "CR, then CRLF" b"data: one\r\r\ndata: two\r\n\r\n"
    "LF and CR: two line ends" b"data: one\n\r\n\rdata: two\n\n"
    "line ends mixed in one event" b"data: a\rdata: b\ndata: c\r\n\n"
    "an event cut after its line" b"data: one\n\ndata: two\n"
    "an event cut inside its line" b"data: one\n\ndata: two"
    "an event cut inside CRLF CRLF" b"data: one\r\n\r\ndata: two\r\n"
    "an event cut before the LF of its empty line" b"data: one\r\n\r"
    "several lines of data" b"data: a\ndata: b\ndata\ndata: c\n\n"
    "empty data" b"data\n\ndata:\n\ndata: \n\n"
    "two empty lines of data" b"data\ndata\n\n"
    "empty lines of data around" b"data\ndata: a\ndata:\n\n"
    "one space is taken off" b"data:a\n\ndata: a\n\ndata:  a\n\n"
    "a tab stays" b"data:\ta\n\n"
    "spaces at the end stay" b"data: a  \n\n"
    "a space before the name" b" data: a\n\ndata: b\n\n"
    "a space before the colon" b"data : a\n\ndata: b\n\n"
    "colons in the value" b"data: a: b:\n\ndata::\n\ndata:::\n\n"
    "names are case-sensitive" b"Data: a\nDATA: b\n\ndata: c\n\n"
    "names are whole" b"dat: a\ndatas: b\nxdata: c\n\ndata: d\n\n"
    "an unknown field" b"foo: bar\nfoo\ndata: a\nfoo:\n\n"
    "a comment" b": one\ndata: a\n:two\n:\n\n"
    "a comment in between does not end an event" b"data: a\n: c\ndata: b\n\n"
    "a comment alone" b": one\n\n:\n\ndata: a\n\n"
    "an event type" b"event: add\ndata: a\n\n"
    "the last event type counts" b"event: add\nevent: remove\ndata: a\n\n"
    "an empty event type" b"event: add\nevent:\ndata: a\n\n"
    "an event type does not stay" b"event: add\ndata: a\n\ndata: b\n\n"
    "an event type without data" b"event: add\n\ndata: a\n\n"
    "an event type after the data" b"data: a\nevent: add\n\n"
    "an event type with spaces" b"event:  add \ndata: a\n\n"
    "an event type that is message" b"event: message\ndata: a\n\n"
    "an event type that is open" b"event: open\ndata: a\n\n"
    "an event type that is error" b"event: error\ndata: a\n\n"
    "an event type in UTF-8" b"event: \xf0\x9f\x98\x80\ndata: a\n\n"
    "an id" b"id: 1\ndata: a\n\n"
    "an id stays" b"id: 1\ndata: a\n\ndata: b\n\n"
    "an id is taken back" b"id: 1\ndata: a\n\nid\ndata: b\n\nid: 2\ndata: c\n\nid:\ndata: d\n\n"
    "the last id counts" b"id: 1\nid: 2\ndata: a\n\n"
    "an id without data counts" b"id: 1\n\ndata: a\n\n"
    "an id alone, and the end" b"data: a\n\nid: 1\n\n"
    "an id whose block is cut" b"id: 1\ndata: a\n\nid: 2\ndata: b\n"
    "an id whose line is cut" b"id: 1\ndata: a\n\nid: 2"
    "an id with NUL" b"id: 1\nid: 2\x003\ndata: a\n\n"
    "an id that is NUL" b"id: 1\ndata: a\n\nid: \x00\ndata: b\n\n"
    "an id with spaces" b"id:  a b\ndata: a\n\n"
    "an id in UTF-8" b"id: \xe2\x82\xac\ndata: a\n\n"
    "an id with a colon" b"id: a:b\ndata: a\n\n"
    "data with NUL" b"data: a\x00b\n\n"
    "a name with NUL" b"da\x00ta: a\n\ndata: b\n\n"
    "one byte order mark" b"\xef\xbb\xbfdata: a\n\n"
    "two byte order marks" b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n"
    "a byte order mark later" b"data: a\n\n\xef\xbb\xbfdata: b\n\n"
    "a byte order mark in data" b"data: \xef\xbb\xbfa\n\n"
    "a byte order mark and an empty line" b"\xef\xbb\xbf\n\ndata: a\n\n"
    "a byte order mark that breaks off" b"\xef\xbbdata: a\n\ndata: b\n\n"
    "a byte order mark and nothing" b"\xef\xbb\xbf"
    "a byte order mark in UTF-16" b"\xff\xfedata: a\n\ndata: b\n\n"
    "UTF-8 of two, three and four octets" b"data: \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n\n"
    "UTF-8 cut by a line end" b"data: a\xe2\x82\n\ndata: a\xf0\x9f\x98\n\ndata: a\xc3\r\n\r\n"
    "UTF-8 cut by another character" b"data: \xe2\x82\xe2\x82\xac\n\ndata: \xf0\x9f\x98a\n\n"
    "no UTF-8" b"data: \xff\xfe\xc0\xaf\xf5\x80\n\n"
    "a surrogate in UTF-8" b"data: \xed\xa0\x80\n\n"
    "past the last code point" b"data: \xf4\x90\x80\x80\n\n"
    "overlong" b"data: \xe0\x80\xaf\xf0\x80\x80\xaf\n\n"
    "a name that is no UTF-8" b"da\xffta: a\n\ndata: b\n\n"
    "other line ends of Unicode are none" b"data: a\xc2\x85b\xe2\x80\xa8c\xe2\x80\xa9d\x0be\x0cf\n\n"
    "control octets" b"data: \x01\x1b[31m\x7f\n\n"
    "retry" b"retry: 1\ndata: a\n\n"
    "retry with leading zeros" b"retry: 99999999\nretry: 0001\ndata: a\n\n"
    "retry with a letter" b"retry: 1\nretry: 99999999x\n\ndata: a\n\n"
    "retry with a sign" b"retry: 1\nretry: +99999999\nretry: -99999999\ndata: a\n\n"
    "retry with spaces" b"retry: 1\nretry:  99999999\nretry: 99999999 \n\n"
    "retry with a point" b"retry: 1\nretry: 99999999.5\nretry: 1e9\n\n"
    "retry with other digits" b"retry: 1\nretry: \xd9\xa9\xd9\xa9\xd9\xa9\xd9\xa9\xd9\xa9\xd9\xa9\xd9\xa9\xd9\xa9\n\n"
    "retry whose line is cut" b"retry: 1\ndata: a\n\nretry: 99999999"
    "retry counts before its block ends" b"retry: 99999999\n\nretry: 1\ndata: a"
    "retry in upper case" b"retry: 1\nRETRY: 99999999\n\n"
    "empty lines" b"\n\r\n\r\n\n\ndata: a\n\n\n\n"
    "nothing but line ends" b"\r\r\n\n\r"
    "no event at all" b"event: a\nid\nretry: 1\n: c\n\n"
    "all fields in any order" b"retry: 1\ndata: a\nid: 7\nevent: add\ndata: b\n: c\n\n"
    "many events" b"data: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\ndata: 5\n\ndata: 6\n\ndata: 7\n\ndata: 8\n\n"
    "a colon alone" b":\n\n::\n\ndata: a\n\n"
    "HTML in data" b"data: </script><!--\n\n"
}

/// What a page has to listen to: the types that the decoder finds, those that a wrong one could, and the default.
pub fn types() -> Vec<String> {
    let found = STREAMS.iter().flat_map(|(_, octets)| Decoder::new().push(octets)).map(|event| event.event.to_string());
    let wrong = ["message", "", "add", "remove", " add", " add ", "add ", "open", "error", "a", "\u{feff}"];
    let mut types: Vec<String> = found.chain(wrong.map(str::to_owned)).collect();
    types.sort();
    types.dedup();
    types
}
