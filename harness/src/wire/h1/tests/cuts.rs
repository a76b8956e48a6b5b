//! Every cut of a response, against a table written from RFC 9112, not from the labeller: a response is given in parts,
//! each with what is to be said of a stream that ends before the part, and inside it.

use rstest::rstest;

use super::*;

/// Octets; the state at their front; the state between their first and last octet.
type Part = (&'static str, &'static str, &'static str);

const NONE: &str = "incomplete: no status-line";
const STATUS: &str = "incomplete: cut inside the status-line";
const HEADER: &str = "incomplete: cut in the header section";
const SIZE: &str = "incomplete: cut inside chunk-size";
const DATA: &str = "incomplete: cut inside chunk-data";
const DATA_END: &str = "incomplete: cut after chunk-data";
const TRAILER: &str = "incomplete: cut in the trailer section";
const NO_CHUNK: &str = "incomplete: 0 chunks, no last-chunk";
const ONE_CHUNK: &str = "incomplete: 1 chunk, no last-chunk";
const TWO_CHUNKS: &str = "incomplete: 2 chunks, no last-chunk";

#[rstest]
#[case::chunked("GET", &[
    ("HTTP/1.1 200 OK\r\n", NONE, STATUS),
    ("Transfer-Encoding: chunked\r\n", HEADER, HEADER),
    ("\r\n", HEADER, HEADER),
    ("3\r\n", NO_CHUNK, SIZE),
    ("abc", DATA, DATA),
    ("\r\n", DATA_END, DATA_END),
    ("0b;name=value\r\n", ONE_CHUNK, SIZE),
    ("data: two\n\n", DATA, DATA),
    ("\r\n", DATA_END, DATA_END),
    ("0\r\n", TWO_CHUNKS, SIZE),
    ("\r\n", TRAILER, TRAILER),
    ("", "complete (last-chunk)", ""),
])]
#[case::chunked_with_trailers("GET", &[
    ("HTTP/1.1 200 OK\r\n", NONE, STATUS),
    ("Transfer-Encoding: chunked\r\n\r\n", HEADER, HEADER),
    ("000;x\r\n", NO_CHUNK, SIZE),
    ("Digest: x\r\nOther: y\r\n\r\n", TRAILER, TRAILER),
    ("", "complete (last-chunk)", ""),
])]
#[case::without_content("GET", &[
    ("HTTP/1.1 204 No Content\r\n", NONE, STATUS),
    ("Content-Length: 5\r\n\r\n", HEADER, HEADER),
    ("", "complete (no content)", ""),
])]
#[case::to_head("HEAD", &[
    ("HTTP/1.1 200 OK\r\n", NONE, STATUS),
    ("Transfer-Encoding: chunked\r\n\r\n", HEADER, HEADER),
    ("", "complete (no content)", ""),
])]
#[case::switched("GET", &[
    ("HTTP/1.1 101 Switching Protocols\r\n", NONE, STATUS),
    ("Upgrade: x\r\n\r\n", HEADER, HEADER),
    ("anything\r\n", "complete (upgrade)", "complete (upgrade)"),
    ("", "complete (upgrade)", ""),
])]
#[case::tunnelled("CONNECT", &[
    ("HTTP/1.1 200 OK\r\n", NONE, STATUS),
    ("Content-Length: 5\r\n\r\n", HEADER, HEADER),
    ("anything\r\n", "complete (upgrade)", "complete (upgrade)"),
    ("", "complete (upgrade)", ""),
])]
#[case::of_length_zero("GET", &[
    ("HTTP/1.1 200 OK\r\n", NONE, STATUS),
    ("Content-Length: 0\r\n\r\n", HEADER, HEADER),
    ("surplus", "complete (content-length)", "complete (content-length)"),
    ("", "complete (content-length)", ""),
])]
#[case::after_an_empty_line("GET", &[
    ("\r\n", NONE, NONE),
    ("HTTP/1.1 204 \r\n", NONE, STATUS),
    ("\r\n", HEADER, HEADER),
    ("", "complete (no content)", ""),
])]
fn the_state_at_every_cut_is_what_the_rfc_says(#[case] method: &str, #[case] parts: &[Part]) {
    let octets: String = parts.iter().map(|part| part.0).collect();
    let mut at = 0;
    for (part, before, inside) in parts {
        for cut in 0..part.len().max(1) {
            let expected = if cut == 0 { before } else { inside };
            for end in [End::Fin, End::Rst] {
                let stream = label_responses(&octets.as_bytes()[..at + cut], &[method], end);
                assert_eq!(stream.messages.len(), 1);
                assert_eq!(
                    stream.messages[0].state.to_string(),
                    *expected,
                    "cut at {}, {end:?}",
                    at + cut
                );
            }
            let stream = label_responses(&octets.as_bytes()[..at + cut], &[method], End::Open);
            let open = if expected.starts_with("complete") {
                expected.to_string()
            } else {
                format!("{}, still open", expected.replace("cut ", ""))
            };
            assert_eq!(
                stream.messages[0].state.to_string(),
                open,
                "cut at {}, open",
                at + cut
            );
        }
        at += part.len();
    }
}

#[test]
fn length_delimited_content_counts_its_octets() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
    for seen in 0..=100 {
        let octets = format!("{head}{}", "x".repeat(seen));
        let expected = if seen < 100 {
            format!("incomplete: {seen} of 100 octets")
        } else {
            "complete (content-length)".into()
        };
        for end in [End::Fin, End::Rst] {
            let stream = label_responses(octets.as_bytes(), &["GET"], end);
            assert_eq!(stream.messages[0].state.to_string(), expected);
        }
    }
}

#[test]
fn close_delimited_content_is_complete_by_an_orderly_close_alone() {
    let octets = "HTTP/1.0 200 OK\r\nServer: x\r\n\r\ncontent";
    for cut in octets.find("\r\n\r\n").unwrap() + 4..=octets.len() {
        let state = |end| {
            label_responses(&octets.as_bytes()[..cut], &["GET"], end).messages[0]
                .state
                .to_string()
        };
        assert_eq!(state(End::Fin), "complete (close-delimited)");
        assert_eq!(state(End::Rst), "incomplete: close-delimited, ended by RST");
        assert_eq!(state(End::Open), "incomplete: close-delimited, still open");
    }
}

#[test]
fn a_cut_after_an_interim_response_leaves_the_final_one_due() {
    let octets = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    let stream = label_responses(octets, &["GET"], End::Fin);
    let states: Vec<String> = stream
        .messages
        .iter()
        .map(|m| m.state.to_string())
        .collect();
    assert_eq!(states, ["complete (no content)", NONE]);
    assert_eq!(
        stream
            .messages
            .iter()
            .map(|m| m.interim)
            .collect::<Vec<_>>(),
        [true, false]
    );
}

#[test]
fn every_request_has_its_final_response_or_the_lack_of_it() {
    let octets = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n.";
    let stream = label_responses(octets, &["GET", "HEAD", "POST"], End::Rst);
    let answers: Vec<(&str, String)> = stream
        .messages
        .iter()
        .map(|m| (m.method.as_deref().unwrap(), m.state.to_string()))
        .collect();
    assert_eq!(
        answers,
        [
            ("GET", "complete (content-length)".to_owned()),
            ("HEAD", NONE.to_owned()),
            ("POST", NONE.to_owned())
        ]
    );
    assert_eq!(stream.messages[2].range, octets.len()..octets.len());
}

#[test]
fn a_request_is_cut_where_its_octets_end() {
    let octets = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab";
    for cut in 1..octets.len() {
        let expected = match cut {
            1..17 => "incomplete: cut inside the request-line",
            17..38 => "incomplete: cut in the header section",
            38 => "incomplete: 0 of 2 octets",
            _ => "incomplete: 1 of 2 octets",
        };
        assert_eq!(
            label_requests(&octets[..cut], End::Fin).messages[0]
                .state
                .to_string(),
            expected,
            "cut at {cut}"
        );
    }
    assert_eq!(label_requests(&[], End::Fin).messages, []);
}
