//! Hostile octets are normal input: no panic, no octet that drives a terminal, a verdict.

use rstest::rstest;

use super::{Said, lastchunk, say_to};

const STREAM: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: a\n\n\r\n0\r\n\r\n";
const LENGTH: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world";

/// Whether a text is safe for any terminal: printable ASCII, and LF.
fn is_safe(text: &str) -> bool {
    text.bytes().all(|octet| matches!(octet, b'\n' | b' '..=b'~'))
}

fn explained(octets: &[u8]) -> Said {
    let said = say_to(&["explain"], octets);
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(is_safe(&said.out) && is_safe(&said.err), "{said:?}");
    said
}

#[rstest]
#[case::a_title(b"HTTP/1.1 200 \x1b]0;owned\x07\r\n\r\n".to_vec())]
#[case::a_colour_in_a_field(b"HTTP/1.1 200 OK\r\nX: \x1b[31m\r\n\r\n".to_vec())]
#[case::c1_controls(b"HTTP/1.1 200 OK\r\n\r\n\x9b31m \xc2\x9b31m".to_vec())]
#[case::right_to_left("HTTP/1.1 200 OK\r\n\r\n\u{202e}txt.exe".as_bytes().to_vec())]
#[case::nul(b"HTTP/1.1 200 OK\r\n\0\0: \0\r\n\r\n\0".to_vec())]
#[case::nothing_but_nul(vec![0; 1024 * 1024])]
#[case::every_octet((0..=255).cycle().take(1024 * 4).collect())]
#[case::line_ends_of_every_kind(b"HTTP/1.1 200 OK\r\r\n\n\rX: y\n\r\n\r\r\n".to_vec())]
#[case::a_status_line_of_1_mib([b"HTTP/1.1 200 ".to_vec(), b"ab".repeat(512 * 1024)].concat())]
#[case::a_field_line_of_1_mib([b"HTTP/1.1 200 OK\r\nX: ".to_vec(), b"ab".repeat(512 * 1024)].concat())]
#[case::a_chunk_size_of_1_mib(
    [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(), b"0".repeat(1024 * 1024)].concat()
)]
#[case::an_event_of_1_mib(
    [b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: ".to_vec(), b"ab".repeat(512 * 1024)].concat()
)]
#[case::ten_gigabytes_promised(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\nhello".to_vec())]
#[case::ten_gigabytes_promised_in_a_chunk(
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2540BE400\r\nhello".to_vec()
)]
#[case::html_in_events(
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: <script>\x1b]0;x\x07</script>\n\n".to_vec()
)]
#[case::a_hundred_thousand_chunks(
    [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(), b"1\r\na\r\n".repeat(100_000)].concat()
)]
#[case::ten_thousand_interim_responses(b"HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000))]
#[case::a_transcript_that_is_a_bomb(
    b"chain: c, o\n\no>c  # ... 99,999,999,999 octets, all \"x\"\n".to_vec()
)]
#[case::a_transcript_that_drives_a_terminal(b"chain: c \\x1b[31m, o\n\n1. \\x1b]0;x\\x07\no:   \\x9b\n".to_vec())]
#[case::a_transcript_with_a_foreign_word(b"chain: c, o\n\n\x1b[31m  a\n".to_vec())]
fn no_octet_drives_a_terminal(#[case] octets: Vec<u8>) {
    let said = explained(&octets);
    assert!(said.out.contains("\nverdict\n"), "{said:?}");
    let forced = Said::by(lastchunk(&["explain", "--end", "fin", "/dev/null"]).env("CLICOLOR_FORCE", "1"));
    assert!(forced.out.contains("\x1b["), "colours are there when they are asked for, and come from nowhere else");
}

#[rstest]
#[case::chunked(STREAM)]
#[case::length_delimited(LENGTH)]
fn a_response_is_complete_at_its_end_and_nowhere_before(#[case] octets: &[u8]) {
    for length in 0..=octets.len() {
        let said = say_to(&["explain", "--json", "--end", "fin"], &octets[..length]);
        let objects = said.objects();
        let expected = match length {
            0 => "none",
            length if length == octets.len() => "complete",
            _ => "incomplete",
        };
        assert_eq!(said.status, Some(0));
        assert_eq!((objects.len(), &objects[0]["framing"]), (1, &expected.into()), "{length} octets: {said:?}");
    }
}

#[test]
fn what_is_too_much_is_said_and_the_rest_explained() {
    let mut octets = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n".to_vec();
    octets.resize(16 * 1024 * 1024 + 1, b'x');
    let said = say_to(&["explain", "--json"], &octets);
    assert_eq!(said.status, Some(0));
    let told =
        "lastchunk: standard input has more than 16777216 octets: the first 16777216 are explained, as still open\n";
    assert_eq!(said.err, told);
    assert_eq!(said.objects()[0]["why"], "16777171 of 99999999 octets, still open");
}
