//! What each octet is called, and the facts of the messages.

use rstest::rstest;

use super::*;

const SL: Label = Label::StatusLine;
const FL: Label = Label::FieldLine;
const HE: Label = Label::HeaderEnd;
const NOT_SIZE: Label = Label::Unexpected(Expected::ChunkSize);
const NOT_DATA_END: Label = Label::Unexpected(Expected::ChunkDataEnd);
const NOT_FIELD: Label = Label::Unexpected(Expected::FieldLine);
const NOT_STATUS: Label = Label::Unexpected(Expected::StatusLine);
const TE: &str = "Transfer-Encoding: chunked\r\n";

const fn size(index: usize, size: u64) -> Label {
    Label::ChunkSize { index, size: Some(size) }
}

const fn data(index: usize) -> Label {
    Label::ChunkData { index }
}

#[rstest]
#[case::chunked(&["GET"], &[
    ("HTTP/1.1 200 OK\r\n", SL), (TE, FL), ("\r\n", HE),
    ("b;x\r\n", size(1, 11)), ("data: one\n\n", data(1)), ("\r\n", Label::ChunkDataEnd),
    ("2\r\n", size(2, 2)), ("\r\n", data(2)), ("\r\n", Label::ChunkDataEnd),
    ("0\r\n", Label::LastChunk), ("A: b\r\n", Label::TrailerField), ("\r\n", Label::TrailerEnd),
], "complete (last-chunk)")]
#[case::length_then_surplus(&["GET"], &[
    ("HTTP/1.1 200 OK\r\n", SL), ("Content-Length: 2\r\n", FL), ("\r\n", HE), ("ok", Label::Content),
    ("\r\nHTTP/1.1 200 OK\r\n", Label::Surplus),
], "complete (content-length)")]
#[case::close_delimited(&["GET"], &[
    ("HTTP/1.1 200 OK\r\n", SL), ("\r\n", HE), ("0\r\n\r\nHTTP/1.1 200 OK\r\n", Label::Content),
], "complete (close-delimited)")]
#[case::an_unfinished_header_section(&["GET"], &[
    ("HTTP/1.1 200 OK\r\n", SL), ("A: b\r", FL),
], "incomplete: cut in the header section")]
#[case::an_unfinished_empty_line(&["GET"], &[
    ("HTTP/1.1 200 OK\r\n", SL), ("\r", HE),
], "incomplete: cut in the header section")]
#[case::upgraded(&["GET"], &[
    ("HTTP/1.1 101 Switching Protocols\r\n", SL), ("\r\n", HE), ("HTTP/1.1 200 OK\r\n", Label::Raw),
], "complete (upgrade)")]
#[case::unanswered_but_spoken(&[], &[("HTTP/1.1 408 Request Timeout\r\n\r\n", Label::Surplus)], "")]
#[case::raw_octets_where_a_chunk_size_is_due(&["GET"], &[
    ("HTTP/1.1 200 OK\r\n", SL), (TE, FL), ("\r\n", HE),
    ("1\r\n", size(1, 1)), ("x", data(1)), ("\r\n", Label::ChunkDataEnd),
    ("data: raw\n\n0\r\n\r\n", NOT_SIZE),
], "malformed: chunk-size is not hexadecimal")]
#[case::raw_octets_after_chunk_data(&["GET"], &[
    ("HTTP/1.1 200 OK\r\n", SL), (TE, FL), ("\r\n", HE),
    ("1\r\n", size(1, 1)), ("x", data(1)), ("data: raw\n\n", NOT_DATA_END),
], "malformed: chunk-data is not followed by CRLF")]
#[case::a_bare_lf_after_chunk_data(&["GET"], &[
    ("HTTP/1.1 200 OK\r\n", SL), (TE, FL), ("\r\n", HE),
    ("1\r\n", size(1, 1)), ("x", data(1)), ("\n0\r\n\r\n", NOT_DATA_END),
], "malformed: chunk-data is not followed by CRLF")]
#[case::a_cr_alone_after_chunk_data(&["GET"], &[
    ("HTTP/1.1 200 OK\r\n", SL), (TE, FL), ("\r\n", HE),
    ("1\r\n", size(1, 1)), ("x", data(1)), ("\r0\r\n\r\n", NOT_DATA_END),
], "malformed: chunk-data is not followed by CRLF")]
#[case::chunk_size_overflow(&["GET"], &[
    ("HTTP/1.1 200 OK\r\n", SL), (TE, FL), ("\r\n", HE), ("fffffffffffffffff\r\n", NOT_SIZE),
], "malformed: chunk-size is past 64 bits")]
#[case::an_unfinished_chunk_size(&["GET"], &[
    ("HTTP/1.1 200 OK\r\n", SL), (TE, FL), ("\r\n", HE), ("0\r", Label::ChunkSize { index: 1, size: None }),
], "incomplete: cut inside chunk-size")]
#[case::a_line_without_colon(&["GET"], &[
    ("HTTP/1.1 200 OK\r\n", SL), ("hello\r\n", NOT_FIELD), (" folded\r\n", NOT_FIELD),
    ("Content-Length: 1\r\n", FL), ("\r\n", HE), ("x", Label::Content),
], "malformed: a line that is no field line")]
#[case::json_in_the_header_section(&["GET"], &[
    ("HTTP/1.1 204 \r\n", SL), ("{\"a\": 1}\n", NOT_FIELD), (": x\r\n", NOT_FIELD), ("\r\r\n", NOT_FIELD), ("\r\n", HE),
], "malformed: a line that is no field line")]
#[case::raw_octets_in_the_trailer_section(&["GET"], &[
    ("HTTP/1.1 200 OK\r\n", SL), (TE, FL), ("\r\n", HE), ("0\r\n", Label::LastChunk),
    ("raw\r\n", NOT_FIELD), ("A: b\r\n", Label::TrailerField), (" c\r\n", Label::TrailerField), ("\n", Label::TrailerEnd),
], "malformed: a line that is no field line")]
#[case::no_http(&["GET", "GET"], &[("data: one\n\nHTTP/1.1 200 OK\r\n", NOT_STATUS)], "malformed: no status-line where one is due")]
#[case::lower_case(&["GET"], &[("http/1.1 200 OK\r\n", NOT_STATUS)], "malformed: no status-line where one is due")]
#[case::no_status(&["GET"], &[("HTTP/1.1 OK\r\nA: b\r\n", NOT_STATUS)], "malformed: no status-line where one is due")]
#[case::empty_lines_before(&["GET"], &[
    ("\r\n\n", Label::EmptyLine), ("HTTP/1.1 204 \r\n", SL), ("\r\n", HE),
], "complete (no content)")]
#[case::cr_before(&["GET"], &[("\rHTTP/1.1 204 \r\n\r\n", NOT_STATUS)], "malformed: no status-line where one is due")]
fn every_octet_has_a_label(#[case] methods: &[&str], #[case] expected: &[(&str, Label)], #[case] state: &str) {
    let octets: String = expected.iter().map(|(text, _)| *text).collect();
    let stream = label_responses(octets.as_bytes(), methods, End::Fin);
    let labelled: Vec<(&str, Label)> =
        stream.spans.iter().map(|span| (&octets[span.range.clone()], span.label)).collect();
    assert_eq!(labelled, expected);
    assert_eq!(stream.messages.first().map(|m| m.state.to_string()).unwrap_or_default(), state);
}

#[test]
fn a_kept_connection_reads_each_response_against_its_request() {
    let octets = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 100 \r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n.HTTP/1.1 200 OK\r\n\r\nx";
    let mut labeller = Labeller::responses(["HEAD".to_owned(), "POST".to_owned()]);
    labeller.push(octets);
    assert_eq!(labeller.completed(), 2);
    assert_eq!((labeller.complete_at(0), labeller.complete_at(1), labeller.complete_at(2)), (Some(38), Some(94), None));
    let stream = labeller.finish(End::Fin);
    let messages: Vec<_> = stream.messages.iter().map(|m| (m.method.as_deref(), m.status, m.interim)).collect();
    assert_eq!(
        messages,
        [(Some("HEAD"), Some(200), false), (Some("POST"), Some(100), true), (Some("POST"), Some(200), false)]
    );
    assert_eq!(stream.spans.last().map(|s| (s.range.clone(), s.label, s.message)), Some((94..114, Label::Surplus, 3)));
}

#[test]
fn a_101_is_final_and_a_100_is_not() {
    let mut labeller = Labeller::responses(["GET".to_owned()]);
    labeller.push(b"HTTP/1.1 100 \r\n\r\n");
    assert_eq!(labeller.completed(), 0);
    labeller.push(b"HTTP/1.1 101 \r\n\r\nraw");
    assert_eq!((labeller.completed(), labeller.complete_at(0)), (1, Some(34)));
    assert_eq!(labeller.messages().iter().map(|m| m.interim).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_value_that_begins_on_its_second_line_begins_there() {
    let octets = b"HTTP/1.1 204 \r\nA: \r\n\t\r\n  b\r\n c \r\n\r\n";
    let stream = label_responses(octets, &["GET"], End::Fin);
    assert_eq!(stream.messages[0].field(octets, "A"), Some(&b"b\r\n c"[..]));
}

#[test]
fn a_request_that_is_sent_later_is_answered_later() {
    let one = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n.";
    let mut labeller = Labeller::responses([]);
    for n in 1..=3 {
        labeller.expect("GET");
        labeller.push(one);
        assert_eq!(labeller.completed(), n);
    }
    labeller.push(one);
    labeller.expect("GET");
    labeller.push(one);
    assert_eq!(labeller.completed(), 3, "once unasked, always unasked");
    let stream = labeller.finish(End::Fin);
    assert_eq!(stream.spans.last().map(|span| span.range.clone()), Some(3 * one.len()..5 * one.len()));
    assert_eq!(stream.messages.len(), 4);
}

#[test]
fn a_message_gives_its_facts() {
    let octets = b"HTTP/1.1 200 All  right\r\nServer:x\r\nA: \t b \r\n c\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\nT: u\r\n\r\n";
    let stream = label_responses(octets, &["GET"], End::Fin);
    let message = &stream.messages[0];
    let text = |range: &std::ops::Range<usize>| String::from_utf8(octets[range.clone()].to_vec()).unwrap();
    assert_eq!((message.version, message.status, message.chunks), (Some((1, 1)), Some(200), 2));
    assert_eq!(message.reason.as_ref().map(text).as_deref(), Some("All  right"));
    assert_eq!(message.field(octets, "server"), Some(&b"x"[..]));
    assert_eq!(message.field(octets, "a"), Some(&b"b \r\n c"[..]));
    assert_eq!(message.field(octets, "b"), None);
    assert_eq!(text(&message.trailers[0].name) + "=" + &text(&message.trailers[0].value), "T=u");
    assert_eq!(message.content_in(octets), b"abcde");
    let located: Vec<u8> = (0..).map_while(|n| message.locate(n)).map(|at| octets[at]).collect();
    assert_eq!(located, b"abcde");
    assert_eq!(message.range, 0..octets.len());
}

#[test]
fn requests_give_the_methods_that_their_responses_need() {
    let octets = b"\r\nGET /a?b HTTP/1.1\r\nHost: x\r\n\r\nHEAD * HTTP/1.0\r\n\r\n\r\n";
    let stream = label_requests(octets, End::Fin);
    assert_eq!(stream.methods().collect::<Vec<_>>(), ["GET", "HEAD"]);
    assert_eq!(&octets[stream.messages[0].target.clone().unwrap()], b"/a?b");
    assert_eq!(stream.messages[0].deviations, [], "servers ignore an empty line before a request-line");
    assert_eq!(stream.messages[0].range.start, 2);
    assert_eq!(stream.spans.last().map(|s| (s.label, s.message)), Some((Label::EmptyLine, 2)));
}

#[rstest]
#[case::spaces_in_the_target("GET /a b HTTP/1.1\r\n")]
#[case::no_target("GET HTTP/1.1\r\n")]
#[case::no_version("GET /\r\n")]
#[case::no_token("G(T / HTTP/1.1\r\n")]
#[case::tls("\u{16}\u{3}\u{1}")]
fn a_line_that_is_no_request_line_loses_the_framing(#[case] line: &str) {
    let stream = label_requests(line.as_bytes(), End::Fin);
    assert_eq!(stream.messages[0].state, State::Malformed(Malformed::RequestLine));
    assert_eq!(stream.spans.len(), 1);
    assert_eq!(stream.spans[0].label, Label::Unexpected(Expected::RequestLine));
}

#[test]
fn after_a_switched_request_the_octets_are_raw() {
    let octets = b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nUpgrade: x\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    let mut labeller = Labeller::requests_until(1);
    labeller.push(octets);
    let stream = labeller.finish(End::Fin);
    assert_eq!(stream.messages.len(), 2);
    assert_eq!(stream.spans.last().map(|span| (span.range.len(), span.label)), Some((18, Label::Raw)));
}

#[rstest]
#[case::bare_lf("HTTP/1.1 204 \n\n", &[(13, Deviation::BareLf), (14, Deviation::BareLf)])]
#[case::bare_cr("HTTP/1.1 204 a\rb\r\nA: \rb\r\n\r\n", &[(14, Deviation::BareCr), (21, Deviation::BareCr)])]
#[case::no_space("HTTP/1.1 204\r\n\r\n", &[(12, Deviation::NoSpaceAfterStatus)])]
#[case::version("HTTP/3.0 204 \r\n\r\n", &[(0, Deviation::MajorVersion)])]
#[case::space_before_fields("HTTP/1.1 204 \r\n A: b\r\n\r\n", &[(15, Deviation::SpaceBeforeFields)])]
#[case::empty_line("\r\nHTTP/1.1 204 \r\n\r\n", &[(0, Deviation::EmptyLineBeforeResponse)])]
#[case::chunk_size("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0 \r\n\r\n",
    &[(47, Deviation::ChunkSizeBareLf), (52, Deviation::ChunkSizePadded)])]
fn what_is_tolerated_is_noted(#[case] octets: &str, #[case] expected: &[(usize, Deviation)]) {
    let stream = label_responses(octets.as_bytes(), &["GET"], End::Fin);
    assert!(matches!(stream.messages[0].state, State::Complete(_)));
    assert_eq!(stream.messages[0].deviations, expected);
}
