//! What `explain` makes of octets that were captured elsewhere.

use rstest::rstest;
use serde_json::{Value, json};

use super::{Said, say, say_to};

fn facts(framing: &str, by: Value, why: Value, events: Value, pending: bool) -> Value {
    json!({ "framing": framing, "by": by, "why": why, "events": events, "pending": pending })
}

fn complete(by: &str) -> Value {
    facts("complete", by.into(), Value::Null, Value::Null, false)
}

fn incomplete(why: &str) -> Value {
    facts("incomplete", Value::Null, why.into(), Value::Null, false)
}

fn malformed(why: &str) -> Value {
    facts("malformed", Value::Null, why.into(), Value::Null, false)
}

fn none() -> Value {
    facts("none", Value::Null, Value::Null, Value::Null, false)
}

/// The same, as an event stream.
fn with_events(mut facts: Value, events: usize, pending: bool) -> Value {
    facts["events"] = events.into();
    facts["pending"] = pending.into();
    facts
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n";

#[rstest]
#[case::nothing_and_an_end("", &["--end", "fin"], none())]
#[case::nothing_yet("", &["--end", "open"], none())]
#[case::nothing_but_a_reset("", &["--end", "rst"], none())]
#[case::last_chunk(format!("{CHUNKED}1\r\na\r\n0\r\n\r\n"), &[], complete("last-chunk"))]
#[case::no_last_chunk(format!("{CHUNKED}1\r\na\r\n"), &[], incomplete("1 chunk, no last-chunk"))]
#[case::no_last_chunk_yet(
    format!("{CHUNKED}1\r\na\r\n"), &["--end", "open"], incomplete("1 chunk, no last-chunk, still open")
)]
#[case::a_chunk_cut(format!("{CHUNKED}5\r\nab"), &[], incomplete("cut inside chunk-data"))]
#[case::a_chunk_without_its_end(format!("{CHUNKED}1\r\na"), &["--end", "rst"], incomplete("cut after chunk-data"))]
#[case::a_last_chunk_cut(format!("{CHUNKED}0\r"), &[], incomplete("cut inside chunk-size"))]
#[case::no_end_of_the_trailer_section(format!("{CHUNKED}0\r\nA: b\r\n"), &[], incomplete("cut in the trailer section"))]
#[case::a_word_for_a_chunk_size(format!("{CHUNKED}data: x\r\n"), &[], malformed("chunk-size is not hexadecimal"))]
#[case::a_negative_chunk_size(format!("{CHUNKED}-1\r\n"), &[], malformed("chunk-size is not hexadecimal"))]
#[case::a_chunk_size_past_64_bits(
    format!("{CHUNKED}FFFFFFFFFFFFFFFFF\r\n"), &[], malformed("chunk-size is past 64 bits")
)]
#[case::too_much_in_a_chunk(format!("{CHUNKED}1\r\nab\r\n"), &[], malformed("chunk-data is not followed by CRLF"))]
#[case::length("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", &[], complete("content-length"))]
#[case::too_short("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok", &[], incomplete("2 of 20 octets"))]
#[case::two_lengths(
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", &[],
    malformed("content-length is invalid or contradicts itself")
)]
#[case::close("HTTP/1.0 200 OK\r\n\r\nok", &[], complete("close"))]
#[case::close_by_a_reset("HTTP/1.0 200 OK\r\n\r\nok", &["--end", "rst"], incomplete("close-delimited, ended by RST"))]
#[case::close_to_come("HTTP/1.0 200 OK\r\n\r\nok", &["--end", "open"], incomplete("close-delimited, still open"))]
#[case::no_content("HTTP/1.1 204 No Content\r\n\r\n", &[], complete("no-content"))]
#[case::not_modified("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", &[], complete("no-content"))]
#[case::head("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", &["--method", "HEAD"], complete("no-content"))]
#[case::another_protocol("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nraw", &[], complete("no-content"))]
#[case::an_interim_response_alone("HTTP/1.1 103 Early Hints\r\n\r\n", &[], none())]
#[case::an_interim_response_cut("HTTP/1.1 103 Early Hints\r\nA: b\r\n", &[], incomplete("cut in the header section"))]
#[case::an_interim_response_broken("HTTP/1.1 103 Early Hints\r\nA\r\n", &[], malformed("a line that is no field line"))]
#[case::a_broken_interim_response_alone("HTTP/1.1 103 Early Hints\r\nA\r\n\r\n", &[], none())]
#[case::after_an_interim_response(
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &[], complete("content-length")
)]
#[case::a_status_line_cut("HTTP/1.1 2", &[], incomplete("cut inside the status-line"))]
#[case::a_header_section_cut("HTTP/1.1 200 OK\r\nA: b\r\n", &[], incomplete("cut in the header section"))]
#[case::no_http("SSH-2.0-OpenSSH_9.6\r\n", &[], malformed("no status-line where one is due"))]
#[case::events(
    format!("{STREAM}\r\ndata: a\n\ndata: b\n\n"), &[], with_events(complete("close"), 2, false)
)]
#[case::an_event_discarded(
    format!("{STREAM}\r\ndata: a\n\ndata: b\n"), &[], with_events(complete("close"), 1, true)
)]
#[case::events_in_chunks(
    format!("{STREAM}Transfer-Encoding: chunked\r\n\r\n9\r\ndata: a\n\n\r\n5\r\ndata:"), &[],
    with_events(incomplete("cut after chunk-data"), 1, true)
)]
#[case::compressed_events(format!("{STREAM}Content-Encoding: gzip\r\n\r\n\x1f"), &[], complete("close"))]
#[case::no_event_stream("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\ndata: a\n\n", &[], complete("close"))]
fn the_facts_of_one_response(#[case] octets: impl AsRef<[u8]>, #[case] arguments: &[&str], #[case] expected: Value) {
    let said = say_to(&[&["explain", "--json"], arguments].concat(), octets.as_ref());
    assert_eq!((said.objects(), said.status), (vec![expected], Some(0)), "{}", said.err);
    assert_eq!(said.err, "");
}

#[test]
fn the_keys_come_in_their_order() {
    let said = say_to(&["explain", "--json", "--end", "fin"], b"");
    assert_eq!(said.out, "{\"framing\":\"none\",\"by\":null,\"why\":null,\"events\":null,\"pending\":false}\n");
}

/// What was forgotten on the way is no response, and no verdict is given of it.
#[rstest]
#[case::nothing(
    b"",
    "standard input is empty (of a connection that ended without an octet, tell with --end how it ended)"
)]
#[case::gzip(b"\x1f\x8b\x08\x00", "standard input is compressed: gunzip it first")]
#[case::zstd(b"\x28\xb5\x2f\xfd\x00", "standard input is compressed: unzstd it first")]
#[case::a_capture_without_a_packet(
    b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00\0\0\0\0\0\0\0\0\xff\xff\0\0\x01\0\0\0",
    "standard input: there is no packet in it"
)]
fn what_holds_no_octet_of_a_response_is_refused_in_a_line(#[case] octets: &[u8], #[case] why: &str) {
    for arguments in [&["explain"][..], &["explain", "--json"]] {
        let said = say_to(arguments, octets);
        assert_eq!((said.status, said.out.as_str()), (Some(2), ""), "{said:?}");
        assert_eq!(said.err, format!("lastchunk: {why}\n"));
    }
}

#[test]
fn each_request_has_its_response() {
    let octets = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
    let methods = ["explain", "--json", "--method", "HEAD", "--method", "GET", "--method", "GET"];
    let said = say_to(&methods, octets.as_bytes());
    assert_eq!(said.objects(), [complete("no-content"), complete("content-length"), none()]);
}

#[test]
fn octets_after_the_last_response_are_told() {
    let octets = b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
    let said = say_to(&["explain", "--json"], octets);
    let hint = "27 octets after the last response: if they answer another request, give the --method of each";
    assert_eq!((said.objects(), said.status), (vec![complete("no-content")], Some(0)));
    assert_eq!(said.err, format!("lastchunk: {hint}\n"));
}

/// The verdict is of the octets that were given; why they may not be those that came, stands beside it.
#[rstest]
#[case::without_chunks(
    format!("{STREAM}Transfer-Encoding: chunked\r\n\r\ndata: one\n\n"),
    "lastchunk: chunked, and no chunk: if curl -i printed this, it has taken the chunks off, and this verdict is of what is \
     left: curl -isN --raw URL leaves them on\n"
)]
#[case::without_its_head(
    "data: one\n\n".to_owned(),
    "lastchunk: no status-line: if this is what a program printed of a response, have it print what came: curl -isN --raw \
     --http1.1 URL\n"
)]
#[case::broken_behind_a_chunk(format!("{CHUNKED}1\r\na\r\nInternal Server Error"), "")]
fn what_a_program_has_printed_is_told_from_what_came(#[case] octets: String, #[case] remark: &str) {
    let said = say_to(&["explain"], octets.as_bytes());
    assert_eq!((said.status, said.err.as_str()), (Some(0), remark));
    assert!(said.out.ends_with("outcome: cut-visible\n"), "{said:?}");
}

#[test]
fn octets_are_annotated_and_judged() {
    let octets = format!("{STREAM}Transfer-Encoding: chunked\r\n\r\nb\r\ndata: one\n\n\r\n5\r\nda");
    let said = say_to(&["explain", "--method", "GET"], octets.as_bytes());
    insta::assert_snapshot!(said.out, @r"
    chain: c reader, o sender of these octets

    1. assumed: requests with the methods of --method
    c>o  GET / HTTP/1.1\r\n
    c>o  \r\n

    2. captured
    o>c  HTTP/1.1 200 OK\r\n
    o>c  Content-Type: text/event-stream; charset=utf-8\r\n
    o>c  Transfer-Encoding: chunked\r\n
    o>c  \r\n
    o>c  b\r\n  # chunk 1: 11 octets
    o>c  data: one\n
    o>c  \n
    o>c  \r\n
    o>c  5\r\n  # chunk 2: 5 octets
    o>c  da
    o>c  -- FIN  # cut inside chunk-data

    verdict
    o>c  200, incomplete: cut inside chunk-data; 1 event, pending event discarded
    lost: the pending event
    lost: the end of the message (incomplete: cut inside chunk-data)
    outcome: cut-visible
    ");
}

#[test]
fn a_transcript_that_is_explained_stays_as_it_is() {
    let text = say_to(&["explain"], format!("{CHUNKED}1\r\na\r\n").as_bytes()).out;
    assert_eq!(say_to(&["explain"], text.as_bytes()).out, text);
    let said = say_to(&["explain", "--json"], text.as_bytes());
    assert_eq!((said.objects(), said.err.as_str()), (vec![incomplete("1 chunk, no last-chunk")], ""));
    let snapshot = format!("---\nsource: somewhere\n---\n{text}");
    assert_eq!(say_to(&["explain"], snapshot.as_bytes()).out, text);
}

#[rstest]
#[case::ended_as_told(&["--end", "rst"], "", "close-delimited, ended by RST")]
#[case::ended_as_written(&["--end", "fin"], "-- RST\n", "close-delimited, ended by RST")]
#[case::not_ended(&["--end", "open"], "", "close-delimited, still open")]
fn octets_in_notation_are_read_as_octets(#[case] arguments: &[&str], #[case] end: &str, #[case] why: &str) {
    let notation = format!("HTTP/1.0 200 OK\\r\\n  # the start\n\\r\\n\nabc\n{end}");
    let said = say_to(&[&["explain", "--json"], arguments].concat(), notation.as_bytes());
    assert_eq!((said.objects(), said.err.as_str()), (vec![incomplete(why)], ""));
}

#[test]
fn a_text_that_only_begins_like_a_transcript_is_octets() {
    let Said { status, err, .. } = say_to(&["explain"], b"chain: c, o\n\nc>x GET\n");
    assert_eq!(status, Some(0));
    assert!(
        err.starts_with("lastchunk: taken for octets as they are: they begin like a transcript, but line 3: "),
        "{err}"
    );
}

#[test]
fn what_show_prints_is_read_as_the_transcript_that_it_is() {
    let shown = say(&["show", "deadline_mid_flush/context_ends_inside_an_event"]);
    let (_, transcript) = shown.out.split_once("\n\n").expect("the case in words, then its transcript");
    let said = say_to(&["explain"], shown.out.as_bytes());
    // What the handler meant to write stands in no transcript: the verdict has a line less.
    let before_verdict = |text: &str| text.split_once("\nverdict\n").expect("a verdict").0.to_owned();
    assert_eq!(before_verdict(&said.out), before_verdict(transcript));
    assert!(
        said.out.ends_with("1 event, pending event discarded\nlost: the pending event\noutcome: cut-silent\n"),
        "{said:?}"
    );
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
}

#[test]
fn a_file_is_read_as_standard_input_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("octets with a space");
    let octets = format!("{CHUNKED}1\r\na\r\n");
    std::fs::write(&file, &octets).expect("a file of our own");
    let file = file.to_str().expect("UTF-8");
    assert_eq!(super::say(&["explain", file]).out, say_to(&["explain", "-"], octets.as_bytes()).out);
}
