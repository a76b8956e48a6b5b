//! RFC 9112 6.3, rule by rule.

use rstest::rstest;

use super::*;

#[rstest]
#[case::rule_1_head("HEAD", "200 OK", "Content-Length: 7\r\n", Framing::NoContent, &[])]
#[case::rule_1_interim("GET", "103 Early Hints", "", Framing::NoContent, &[])]
#[case::rule_1_204("GET", "204 No Content", "Transfer-Encoding: chunked\r\n", Framing::NoContent, &[])]
#[case::rule_1_304("GET", "304 Not Modified", "Content-Length: 7\r\n", Framing::NoContent, &[])]
#[case::rule_2("CONNECT", "299 OK", "Transfer-Encoding: chunked\r\n", Framing::Raw, &[])]
#[case::not_rule_2("CONNECT", "403 Forbidden", "Content-Length: 7\r\n", Framing::Length(7), &[])]
#[case::upgrade("GET", "101 Switching Protocols", "", Framing::Raw, &[])]
#[case::rule_3("GET", "200 OK", "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n", Framing::Chunked,
    &[Deviation::TransferEncodingAndContentLength])]
#[case::rule_4_case("GET", "200 OK", "transfer-ENCODING: gzip , CHUNKED\r\n", Framing::Chunked, &[])]
#[case::rule_4_two_lines("GET", "200 OK", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", Framing::Chunked, &[])]
#[case::rule_4_empty_elements("GET", "200 OK", "Transfer-Encoding: , chunked, ,\r\nTransfer-Encoding:\r\n", Framing::Chunked, &[])]
#[case::rule_4_not_final("GET", "200 OK", "Transfer-Encoding: chunked, gzip\r\n", Framing::Close,
    &[Deviation::FinalCodingNotChunked])]
#[case::rule_4_quoted_comma("GET", "200 OK", "Transfer-Encoding: x;y=\"\\\", chunked\"\r\n", Framing::Close,
    &[Deviation::FinalCodingNotChunked])]
#[case::rule_4_another_word("GET", "200 OK", "Transfer-Encoding: xchunked\r\n", Framing::Close,
    &[Deviation::FinalCodingNotChunked])]
#[case::rule_5_agreeing("GET", "200 OK", "Content-Length: 7, 7\r\nContent-Length: 07\r\n", Framing::Length(7),
    &[Deviation::RepeatedContentLength])]
#[case::rule_6("GET", "200 OK", "Content-Length: \t7 \r\n", Framing::Length(7), &[])]
#[case::rule_6_largest("GET", "200 OK", "Content-Length: 18446744073709551615\r\n", Framing::Length(u64::MAX), &[])]
#[case::rule_6_folded("GET", "200 OK", "Content-Length:\r\n  7\r\n", Framing::Length(7), &[Deviation::ObsFold])]
#[case::rule_6_space("GET", "200 OK", "Content-Length : 7\r\n", Framing::Length(7), &[Deviation::SpaceBeforeColon])]
#[case::rule_8("GET", "200 OK", "X-Content-Length: 7\r\n", Framing::Close, &[])]
fn a_response_is_framed_by_the_first_rule_that_holds(
    #[case] method: &str,
    #[case] status: &str,
    #[case] fields: &str,
    #[case] expected: Framing,
    #[case] deviations: &[Deviation],
) {
    let octets = format!("HTTP/1.1 {status}\r\n{fields}\r\n");
    let stream = label_responses(octets.as_bytes(), &[method], End::Open);
    assert_eq!(stream.messages[0].framing, expected);
    assert_eq!(
        stream.messages[0]
            .deviations
            .iter()
            .map(|(_, d)| *d)
            .collect::<Vec<_>>(),
        deviations
    );
}

#[rstest]
#[case::conflicting("Content-Length: 7\r\nContent-Length: 8\r\n")]
#[case::conflicting_list("Content-Length: 7, 8\r\n")]
#[case::empty("Content-Length:\r\n")]
#[case::sign("Content-Length: +7\r\n")]
#[case::two_numbers("Content-Length: 7 7\r\n")]
#[case::past_64_bits("Content-Length: 18446744073709551616\r\n")]
fn a_content_length_that_says_nothing_loses_the_framing(#[case] fields: &str) {
    let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
    let stream = label_responses(
        format!("{head}content").as_bytes(),
        &["GET", "GET"],
        End::Fin,
    );
    assert_eq!(stream.messages.len(), 1, "what was answered cannot be told");
    assert_eq!(
        stream.messages[0].state,
        State::Malformed(Malformed::ContentLength)
    );
    let last = stream.spans.last().unwrap();
    assert_eq!(
        (last.range.start, last.label),
        (head.len(), Label::Unexpected(Expected::ContentLength))
    );
}

#[rstest]
#[case::rule_7("", Framing::NoContent, State::Complete(By::NoContent))]
#[case::rule_6(
    "Content-Length: 0\r\n",
    Framing::Length(0),
    State::Complete(By::ContentLength)
)]
#[case::rule_4(
    "Transfer-Encoding: gzip\r\n",
    Framing::Unknown,
    State::Malformed(Malformed::TransferEncoding)
)]
#[case::rule_5(
    "Content-Length: x\r\n",
    Framing::Unknown,
    State::Malformed(Malformed::ContentLength)
)]
fn a_request_is_never_close_delimited(
    #[case] fields: &str,
    #[case] framing: Framing,
    #[case] state: State,
) {
    let stream = label_requests(
        format!("POST / HTTP/1.1\r\n{fields}\r\n").as_bytes(),
        End::Fin,
    );
    assert_eq!(
        (stream.messages[0].framing, stream.messages[0].state),
        (framing, state)
    );
}

#[test]
fn transfer_encoding_in_http_1_0_is_followed_and_noted() {
    let octets = b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let stream = label_responses(octets, &["GET"], End::Fin);
    assert_eq!(stream.messages[0].version, Some((1, 0)));
    assert_eq!(stream.messages[0].state, State::Complete(By::LastChunk));
    assert_eq!(
        stream.messages[0].deviations,
        [(0, Deviation::TransferEncodingInHttp10)]
    );
}
