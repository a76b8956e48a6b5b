use rstest::rstest;

use super::*;
use crate::render::{Redactions, parse, render};
use crate::transcript::Lane;
use crate::verdict::Verdict;

#[test]
fn the_values_of_credentials_are_hidden_in_every_lane_and_keep_their_length() {
    let text = r"chain: c a, p b, o d

1. x
c>p  GET / HTTP/1.1\r\nAUTHORIZATION: Bearer abc\r\nHost: mve.test\r\n\r\n
     p>o  GET / HTTP/1.0\r\ncookie: a=b;\r\n c=d\r\n\r\n
     o>p  HTTP/1.1 200 OK\r\nSet-Cookie: id=7\r\nX-Note: Authorization\r\n\r\nCookie: content\n
";
    let (hidden, found) = without_secrets(parse(text).expect("a transcript"));
    assert_eq!(found.names.into_iter().collect::<Vec<_>>(), ["authorization", "cookie", "set-cookie"]);
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
    assert_eq!(found.names.into_iter().collect::<Vec<_>>(), ["?api_key", "?sig", "?token", "authorization"]);
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
    assert_eq!(found.names.into_iter().collect::<Vec<_>>(), [name]);
    for lane in [Lane::request(0), Lane::response(0)] {
        assert_eq!(hidden.octets(lane).len(), before.octets(lane).len());
        assert!(memchr::memmem::find(&hidden.octets(lane), b"s3cret").is_none(), "{hidden:?}");
    }
}

#[rstest]
#[case::in_the_request_target(r"c>o  GET /v1?q=abcdefghijkl HTTP/1.1\r\n\r\n", "GET /v1?q=xxxxxxxxxxxx HTTP/1.1")]
#[case::in_the_reason_phrase(
    r"o>c  HTTP/1.1 401 No abcdefghijkl\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 401 No xxxxxxxxxxxx"
)]
#[case::in_a_chunk_ext(
    r"o>c  HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=abcdefghijkl\r\nx\r\n0;abcdefghijkl\r\n\r\n",
    "1;a=xxxxxxxxxxxx"
)]
#[case::over_chunks(
    r"o>c  HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n_abcde\r\n8\r\nfghijkl_\r\n0\r\n\r\n",
    "_xxxxx|xxxxxxx_"
)]
#[case::behind_a_switch(r"o>c  HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n_abcdefghijkl_", "_xxxxxxxxxxxx_")]
fn a_value_that_is_said_again_is_hidden_in_every_part_of_a_message(#[case] lanes: &str, #[case] shown: &str) {
    let ask = r"c>o  GET / HTTP/1.1\r\nAuthorization: Bearer abcdefghijkl\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    let transcript = parse(&format!("chain: c a, o d\n\n1. x\n{ask}\n{lanes}\n")).expect("a transcript");
    let hidden = render(&without_secrets(transcript).0, &Redactions::none());
    for shown in shown.split('|') {
        assert!(hidden.contains(shown), "{shown} in {hidden}");
    }
    assert!(!hidden.contains("abcde") && !hidden.contains("fghijkl"), "{hidden}");
}

#[test]
fn sizes_versions_and_the_fields_of_framing_stay_whatever_is_secret() {
    let text = r"chain: c a, o d

1. x
c>o  POST / HTTP/1.1\r\nCookie: HTTP/1.1; 0000000b; content-length\r\nContent-Length: 0\r\n\r\n
o>c  HTTP/1.1 200 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0000000b\r\ndata: abcde\r\n0\r\n\r\n
";
    let hidden = render(&without_secrets(parse(text).expect("a transcript")).0, &Redactions::none());
    for line in
        ["c>o  POST / HTTP/1.1", "Content-Length: 0", "o>c  HTTP/1.1 200 xxxxxxxx", r"0000000b\r\n", "data: abcde"]
    {
        assert!(hidden.contains(line), "{line} in {hidden}");
    }
}

/// What was meant is compared with what came, so both lose the same; and what is told beside the lanes loses it, too.
#[test]
fn what_was_meant_notes_and_steps_lose_what_the_lanes_lose() {
    let text = r"chain: c a, o d

1. asks with abcdefghijkl
c>o  GET / HTTP/1.1\r\nAuthorization: Bearer abcdefghijkl\r\n\r\n
o>c  HTTP/1.1 200 OK\r\nSet-Cookie: id=1; Path=/\r\nX-You: abcdefghijkl\r\nLocation: /?sig=7\r\nContent-Length: 12\r\n\r\nabcdefghijkl
o:   wrote abcdefghijkl
";
    let mut transcript = parse(text).expect("a transcript");
    let fields = [("Set-Cookie", "id=1; Path=/"), ("X-You", "abcdefghijkl"), ("Location", "/?sig=7")];
    transcript.meant.fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    transcript.meant.content = Some(b"abcdefghijkl".to_vec());
    let before = Verdict::of(&transcript);
    let hidden = without_secrets(transcript).0;
    assert_eq!(Verdict::of(&hidden), before, "{:?}", hidden.meant);
    assert!(!render(&hidden, &Redactions::none()).contains("abcdefghijkl"));
}

#[rstest]
#[case::the_userinfo_of_a_url("Location: https://me:s3cret@h/", "userinfo@")]
#[case::a_token_as_userinfo("Location: //s3cret@h", "userinfo@")]
#[case::where_a_refresh_leads("Refresh: 0; url=/?token=s3cret", "?token")]
#[case::in_a_challenge("WWW-Authenticate: Bearer token=s3cret", "?token")]
#[case::in_quotes("WWW-Authenticate: Bearer realm=\"a\", token=\"s3 \\\\\"s3cret\"", "?token")]
#[case::folded_behind_another_field("X-Note: a\\r\\n Set-Cookie: id=s3cret;\\r\\n\\tb=s3cret", "set-cookie")]
#[case::folded_behind_a_field_of_framing("Content-Type: a\\r\\n\\tSet-Cookie: id=s3cret", "set-cookie")]
#[case::behind_a_bare_cr("X-Note: a\\rSet-Cookie: id=s3cret", "set-cookie")]
#[case::before_the_first_field(" Set-Cookie: id=s3cret\\r\\nX-Note: a", "set-cookie")]
fn credentials_are_hidden_in_whatever_form_a_field_has_them(#[case] lines: &str, #[case] name: &str) {
    let octets = format!("HTTP/1.1 200 OK\\r\\n{lines}\\r\\nContent-Length: 0\\r\\n\\r\\n");
    let text = format!("chain: c a, o d\n\n1. x\nc>o  GET / HTTP/1.1\\r\\n\\r\\n\no>c  {octets}\n");
    let (hidden, found) = without_secrets(parse(&text).expect("a transcript"));
    assert_eq!(found.names.into_iter().collect::<Vec<_>>(), [name]);
    let octets = hidden.octets(Lane::response(0));
    assert!(memchr::memmem::find(&octets, b"s3cret").is_none(), "{hidden:?}");
    assert!(octets.ends_with(b"Content-Length: 0\r\n\r\n"), "{hidden:?}");
}

/// What stands beside a credential is nobody's secret: it is found in Date, in names and in request-targets by chance.
#[rstest]
#[case::path("Set-Cookie: id=abc; Path=/api/v1/events", "GET /api/v1/events HTTP/1.1")]
#[case::domain("Set-Cookie: id=abc; Domain=localhost", "Host: localhost:18103")]
#[case::expires("Set-Cookie: id=abc; Expires=Sun, 22 Nov 2026 12:00:00 GMT", "Date: Sun, 22 Nov 2026 12:00:00 GMT")]
#[case::priority("Set-Cookie: id=abc; Priority=High", "Priority: u=1")]
#[case::http_only("Set-Cookie: id=abc; HttpOnly; SameSite=None", "X-Note: HttpOnly SameSite")]
#[case::the_name_of_a_cookie("Set-Cookie: realm-of-events=abc", "realm-of-events\\n")]
#[case::names_of_cookies("Cookie: a=b; realm-of-events=abc; c=d", "realm-of-events\\n")]
#[case::uri_of_digest(
    "Authorization: Digest username=\"me, myself\", uri=\"/api/v1/events\", nonce=\"0\", response=\"1\"",
    "GET /api/v1/events HTTP/1.1"
)]
#[case::realm_of_digest("Authorization: Digest realm=\"realm-of-events\", nonce=\"0\"", "realm-of-events\\n")]
#[case::parameters_by_name("Authorization: Digest response=\"1\", username=\"2\"", "X-Digest: response, username")]
#[case::scheme("Authorization: Negotiate YWJj", "WWW-Authenticate: Negotiate")]
#[case::scheme_of_a_proxy("Proxy-Authorization: Negotiate YWJj", "WWW-Authenticate: Negotiate")]
#[case::fields_that_are_signed(
    "Authorization: AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host;x-amz-date, Signature=c",
    "Vary: x-amz-date, Signature, Credential"
)]
#[case::the_name_of_a_field("Authorization: Bearer X-Digest", "X-Digest: response")]
fn what_stands_beside_a_credential_is_left_elsewhere(#[case] line: &str, #[case] left: &str) {
    let text = format!(
        r"chain: c a, o d

1. x
c>o  GET /api/v1/events HTTP/1.1\r\nHost: localhost:18103\r\nPriority: u=1\r\n{line}\r\n\r\n
o>c  HTTP/1.1 401 Unauthorized\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\nWWW-Authenticate: Negotiate\r\nX-Digest: response, username\r\n
o>c  X-Note: HttpOnly SameSite\r\nVary: x-amz-date, Signature, Credential\r\nContent-Length: 16\r\n\r\nrealm-of-events\n
"
    );
    let hidden = render(&without_secrets(parse(&text).expect("a transcript")).0, &Redactions::none());
    assert!(hidden.contains(left), "{left} in {hidden}");
    let (name, value) = line.split_once(": ").expect("a field line");
    assert!(hidden.contains(name) && !hidden.contains(value), "{hidden}");
}

#[rstest]
#[case::of_a_cookie("Set-Cookie: id=s3cret-word; Path=/")]
#[case::of_a_cookie_in_quotes("Set-Cookie: id=\"s3cret-word\"")]
#[case::of_a_cookie_without_name("Set-Cookie: s3cret-word; Secure")]
#[case::of_the_last_cookie("Cookie: a=b; c=s3cret-word")]
#[case::of_a_scheme("Authorization: Bearer s3cret-word")]
#[case::padded("Authorization: Basic s3cret-word==")]
#[case::with_a_sign_of_equality("Authorization: Bearer s3cret-word=abc")]
#[case::without_scheme("Authorization: s3cret-word")]
#[case::username_of_digest("Authorization: Digest uri=\"/a,b\", username=\"s3cret-word\"")]
#[case::response_of_digest("Proxy-Authorization: Digest qop=auth, response=s3cret-word")]
#[case::nonce_of_digest("Authorization: Digest nonce=\"s3cret-word\",cnonce=\"a\"")]
#[case::cnonce_of_digest("Authorization: DIGEST CNONCE=\"s3cret-word\"")]
#[case::of_a_signature("Authorization: AWS4-HMAC-SHA256 Credential=a/b, Signature=s3cret-word")]
#[case::of_a_scheme_of_its_own("Authorization: Token token=\"s3cret-word\"")]
#[case::of_a_key("X-Api-Key: s3cret-word")]
fn a_credential_is_known_again(#[case] line: &str) {
    let text = format!(
        r"chain: c a, o d

1. x
c>o  GET / HTTP/1.1\r\n{line}\r\n\r\n
o>c  HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\ns3cret-word\n
"
    );
    let hidden = render(&without_secrets(parse(&text).expect("a transcript")).0, &Redactions::none());
    assert!(!hidden.contains("s3cret-word"), "{hidden}");
}

/// A peer may set any number of cookies, and a reader may have them: neither takes the room of another credential.
#[test]
fn cookies_take_no_room_of_other_credentials_and_too_many_are_told() {
    let said_again = |cookies: usize| {
        let cookies: Vec<String> =
            (0..cookies).map(|number| format!("name-of-{number:03}=value-of-{number:03}")).collect();
        let text = format!(
            r"chain: c a, o d

1. x
c>o  GET /?token=word-of-a-url HTTP/1.1\r\nCookie: {}\r\nAuthorization: Bearer word-of-a-token\r\n\r\n
o>c  HTTP/1.1 200 OK\r\nSet-Cookie: id=word-of-an-answer\r\nContent-Length: 47\r\n\r\nword-of-a-url word-of-a-token word-of-an-answer
",
            cookies.join("; ")
        );
        let (hidden, secrets) = without_secrets(parse(&text).expect("a transcript"));
        (render(&hidden, &Redactions::none()).contains("word-of-"), secrets.has_more)
    };
    assert_eq!(said_again(MOST), (false, false));
    assert_eq!(said_again(MOST + 1), (false, true));
}

#[rstest]
#[case::of_json(
    r#"{"api_key":"s3cret-word","stream":true}"#,
    r#"{"api_key":"xxxxxxxxxxx","stream":true}"#,
    "{api_key}"
)]
#[case::with_spaces(r#"{ "token" : "s3cret word" }"#, r#"{ "token" : "xxxxxx xxxx" }"#, "{token}")]
#[case::in_camel_case(r#"{"a":{"accessToken":"s3cret"}}"#, r#"{"a":{"accessToken":"xxxxxx"}}"#, "{access_token}")]
#[case::named_as_a_field(r#"{"X-Api-Key":"s3cret"}"#, r#"{"X-Api-Key":"xxxxxx"}"#, "{x-api-key}")]
#[case::behind_a_value(r#"["a","b:",{"c":"d","sig":"s3cret"}]"#, r#"["a","b:",{"c":"d","sig":"xxxxxx"}]"#, "{sig}")]
#[case::that_does_not_end(r#"{"password":"s3cret"#, r#"{"password":"xxxxxx"#, "{password}")]
#[case::of_a_form("a=b&client_secret=s3cret&c=d", "a=b&client_secret=xxxxxx&c=d", "?client_secret")]
#[case::of_a_url(r#"{"hook":"https://me:s3cret@h/"}"#, r#"{"hook":"https://xxxxxxxxx@h/"}"#, "userinfo@")]
fn credentials_are_hidden_in_what_is_asked_with(#[case] content: &str, #[case] shown: &str, #[case] name: &str) {
    let (first, rest) = content.split_at(content.find("s3cret").expect("it is secret") + 3);
    for lanes in [
        format!("Content-Length: {}\\r\\n\\r\\n{content}", content.len()),
        format!(
            "Transfer-Encoding: chunked\\r\\n\\r\\n{:x}\\r\\n{first}\\r\\n{:x}\\r\\n{rest}\\r\\n0\\r\\n\\r\\n",
            first.len(),
            rest.len()
        ),
    ] {
        let text = format!("chain: c a, o d\n\n1. x\nc>o  POST / HTTP/1.1\\r\\n{lanes}\n");
        let (hidden, found) = without_secrets(parse(&text).expect("a transcript"));
        assert_eq!(found.names.into_iter().collect::<Vec<_>>(), [name]);
        let octets = String::from_utf8(hidden.octets(Lane::request(0))).expect("UTF-8");
        let joined = octets.replace(&format!("\r\n{:x}\r\n", rest.len()), "");
        assert!(joined.contains(shown), "{shown} in {joined:?}");
    }
}

/// What is answered is what a report is about: it loses what was asked with, and nothing for its names.
#[test]
fn a_member_is_known_again_in_the_answer_which_is_searched_for_no_names() {
    let text = r#"chain: c a, o d

1. x
c>o  POST / HTTP/1.1\r\nContent-Length: 51\r\n\r\n{"authorization":"Bearer s3cret-word","code":"a b"}\n
o>c  HTTP/1.1 200 OK\r\nContent-Length: 36\r\n\r\n{"code":"Bearer","a":"s3cret-word"}\n
"#;
    let hidden = render(&without_secrets(parse(text).expect("a transcript")).0, &Redactions::none());
    for line in [r#"{"authorization":"xxxxxx xxxxxxxxxxx","code":"x x"}"#, r#"{"code":"Bearer","a":"xxxxxxxxxxx"}"#] {
        assert!(hidden.contains(line), "{line} in {hidden}");
    }
}
