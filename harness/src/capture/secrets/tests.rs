use rstest::rstest;

use super::*;
use crate::render::{Redactions, parse, render};

#[test]
fn the_values_of_credentials_are_hidden_in_every_lane_and_keep_their_length() {
    let text = r"chain: c a, p b, o d

1. x
c>p  GET / HTTP/1.1\r\nAUTHORIZATION: Bearer abc\r\nHost: mve.test\r\n\r\n
     p>o  GET / HTTP/1.0\r\ncookie: a=b;\r\n c=d\r\n\r\n
     o>p  HTTP/1.1 200 OK\r\nSet-Cookie: id=7\r\nX-Note: Authorization\r\n\r\nCookie: content\n
";
    let (hidden, found) = without_secrets(parse(text).expect("a transcript"));
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["authorization", "cookie", "set-cookie"]);
    let hidden = render(&hidden, &Redactions::none());
    for line in [
        "AUTHORIZATION: xxxxxx xxx",
        "cookie: xxxx",
        r"\x20xxx\r\n",
        "Set-Cookie: xxxx",
        "X-Note: Authorization",
        "Cookie: content",
    ] {
        assert!(hidden.contains(line), "{line} in {hidden}");
    }
    assert!(!hidden.contains("abc") && !hidden.contains("id=7"), "{hidden}");
}

#[test]
fn parameters_are_hidden_and_what_the_other_side_says_again_of_them() {
    let text = r"chain: c a, o d

1. x
c>o  GET /v1?model=a&api_key=sk-12345678&Token=t&stream=1 HTTP/1.1\r\nAuthorization: Bearer secret-word\r\n\r\n
o>c  HTTP/1.1 302 Found\r\nLocation: /login?next=a&sig=7#top\r\nX-You: sk-12345678\r\nContent-Length: 22\r\n\r\nyour key: sk-12345678.\n
";
    let (hidden, found) = without_secrets(parse(text).expect("a transcript"));
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["?api_key", "?sig", "?token", "authorization"]);
    let hidden = render(&hidden, &Redactions::none());
    for line in [
        "GET /v1?model=a&api_key=xxxxxxxxxxx&Token=x&stream=1 HTTP/1.1",
        "Authorization: xxxxxx xxxxxxxxxxx",
        "Location: /login?next=a&sig=x#top",
        "X-You: xxxxxxxxxxx",
        "your key: xxxxxxxxxxx.",
    ] {
        assert!(hidden.contains(line), "{line} in {hidden}");
    }
}

#[test]
fn a_secret_that_is_a_word_of_the_framing_does_not_break_it() {
    let text = r"chain: c a, o d

1. x
c>o  GET / HTTP/1.1\r\nCookie: a=text/event-stream; b=identity\r\n\r\n
o>c  HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 0\r\n\r\n
";
    let hidden = render(&without_secrets(parse(text).expect("a transcript")).0, &Redactions::none());
    assert!(hidden.contains("Content-Type: text/event-stream"), "{hidden}");
}

#[rstest]
#[case::behind_an_unreadable_request_line(r"c>o  GET\x01 / \r\nAuthorization: Bearer s3cret\r\n\r\n", "authorization")]
#[case::in_a_line_that_does_not_end(r"c>o  GET / HTTP/1.1\r\nAuthorization: Bearer s3cret", "authorization")]
#[case::in_a_fold_that_does_not_end(r"c>o  GET / HTTP/1.1\r\nCookie: a=b;\r\n c=s3cret", "cookie")]
#[case::in_a_request_line_that_does_not_end(r"c>o  GET /v1?token=s3cret", "?token")]
#[case::in_a_response_that_nobody_asked_for(
    r"c>o  GET / HTTP/1.1\r\n\r\n
o>c  HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: id=s3cret\r\nContent-Length: 0\r\n\r\n",
    "set-cookie"
)]
#[case::behind_a_chunk_of_the_wrong_size(
    r"c>o  GET / HTTP/1.1\r\n\r\n
o>c  HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\nSet-Cookie: a;\r\n\tid=s3cret\r\n\r\n",
    "set-cookie"
)]
#[case::in_a_line_that_begins_with_a_tab(
    r"c>o  GET / HTTP/1.1\r\n\r\n
o>c  HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\tSet-Cookie: id=s3cret\r\n",
    "set-cookie"
)]
fn credentials_are_hidden_where_no_message_can_be_read(#[case] lanes: &str, #[case] name: &str) {
    let text = format!("chain: c a, o d\n\n1. x\n{lanes}\n");
    let before = parse(&text).expect("a transcript");
    let (hidden, found) = without_secrets(before.clone());
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [name]);
    for lane in [Lane::request(0), Lane::response(0)] {
        assert_eq!(hidden.octets(lane).len(), before.octets(lane).len());
        assert!(memchr::memmem::find(&hidden.octets(lane), b"s3cret").is_none(), "{hidden:?}");
    }
}
