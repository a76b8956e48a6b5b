//! What must not leave the house: the values of fields and of parameters in URLs that carry credentials, and the same values
//! where the other side says them again.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::transcript::{Lane, Transcript, What};
use crate::verdict::{Direction, connections};
use crate::wire::h1::Label;

/// The fields whose values are credentials, or may be (RFC 9110 11.6, 11.7; RFC 6265), in lower case.
pub const SECRET_FIELDS: &[&str] = &[
    "api-key",
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-amz-security-token",
    "x-api-key",
    "x-auth-token",
    "x-csrf-token",
    "x-goog-api-key",
];

/// The parameters of a query whose values are credentials, or may be (RFC 6750 2.3, and what is signed in advance), in lower
/// case.
pub const SECRET_PARAMETERS: &[&str] = &[
    "access_token",
    "api-key",
    "api_key",
    "apikey",
    "auth",
    "authorization",
    "client_secret",
    "code",
    "id_token",
    "jwt",
    "key",
    "password",
    "refresh_token",
    "secret",
    "session",
    "sessionid",
    "sid",
    "sig",
    "signature",
    "subscription-key",
    "token",
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
    "x-goog-credential",
    "x-goog-signature",
];

/// The fields whose values have URLs in them.
const FIELDS_OF_URLS: &[&str] = &["content-location", "link", "location", "referer"];
/// The fields that messages hang together by: nothing in them is hidden for being said elsewhere.
const FIELDS_OF_FRAMING: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// A value of fewer octets is not looked for elsewhere: it would be found by chance.
const SHORTEST: usize = 8;
/// So many values are looked for elsewhere: a peer may set any number of cookies.
const MOST: usize = 64;

/// Whether a field of this name carries credentials.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    SECRET_FIELDS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

/// The credentials of a transcript.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// What carries them, in lower case: a field by its name, a parameter by its name behind `?`.
    pub names: BTreeSet<String>,
    /// The values that are long enough to be known again.
    values: BTreeSet<Vec<u8>>,
}

impl Secrets {
    /// Finds them.
    #[must_use]
    pub fn of(transcript: &Transcript) -> Self {
        let mut secrets = Self::default();
        for hop in 0..transcript.hops() {
            for connection in connections(transcript, hop) {
                for direction in [&connection.requests, &connection.responses] {
                    drop(secrets.found(direction));
                }
            }
        }
        secrets
    }

    /// The octets of a direction that are credentials where they stand.
    fn found(&mut self, direction: &Direction<'_>) -> Vec<Range<usize>> {
        let octets = &direction.octets;
        let mut all = Vec::new();
        for message in &direction.stream.messages {
            if let Some(target) = &message.target {
                all.extend(self.parameters(octets, target.clone()));
            }
            for field in message.fields.iter().chain(&message.trailers) {
                let name = String::from_utf8_lossy(&octets[field.name.clone()]).to_ascii_lowercase();
                if is_secret(&name) {
                    self.learn(&octets[field.value.clone()]);
                    self.names.insert(name);
                    all.push(field.value.clone());
                } else if FIELDS_OF_URLS.contains(&name.as_str()) {
                    all.extend(self.parameters(octets, field.value.clone()));
                }
            }
        }
        for range in loose(direction) {
            all.extend(self.parameters(octets, range.clone()));
            all.extend(self.lines(octets, range));
        }
        all
    }

    /// The values of secret fields in octets that are no message, line by line.
    fn lines(&mut self, octets: &[u8], within: Range<usize>) -> Vec<Range<usize>> {
        let mut all = Vec::new();
        let mut at = within.start;
        let mut is_secret_line = false;
        for line in octets[within].split_inclusive(|octet| *octet == b'\n') {
            let (begins, ends) = (at, at + line.len());
            at = ends;
            // A line that continues the one before (obs-fold) is of its field.
            let value = if is_secret_line && line.starts_with(b" ") || line.starts_with(b"\t") {
                is_secret_line.then_some(begins)
            } else {
                line.iter().position(|octet| *octet == b':').and_then(|colon| {
                    let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
                    let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
                    is_secret(name).then(|| self.names.insert(name.to_owned()))?;
                    Some(begins + colon + 1)
                })
            };
            is_secret_line = value.is_some();
            if let Some(begins) = value {
                self.learn(&octets[begins..ends]);
                all.push(begins..ends);
            }
        }
        all
    }

    /// The values of secret parameters in what has URLs in it.
    fn parameters(&mut self, octets: &[u8], within: Range<usize>) -> Vec<Range<usize>> {
        let mut all = Vec::new();
        let ends = |octet: &u8| b"&;# \t\r\n\">,".contains(octet);
        let mut at = within.start;
        while at < within.end {
            let begins = at;
            let length = octets[at..within.end].iter().position(|octet| ends(octet) || *octet == b'?');
            at = length.map_or(within.end, |length| at + length + 1);
            let parameter = &octets[begins..length.map_or(within.end, |length| begins + length)];
            let Some(equals) = parameter.iter().position(|octet| *octet == b'=') else { continue };
            let name = String::from_utf8_lossy(&parameter[..equals]).to_ascii_lowercase();
            let value = begins + equals + 1..begins + parameter.len();
            if SECRET_PARAMETERS.contains(&name.as_str()) && !value.is_empty() {
                self.learn(&octets[value.clone()]);
                self.names.insert(format!("?{name}"));
                all.push(value);
            }
        }
        all
    }

    fn learn(&mut self, value: &[u8]) {
        let words = value.split(|octet| b" \t\r\n;,=\"".contains(octet));
        let room = MOST - self.values.len();
        self.values.extend(words.filter(|word| word.len() >= SHORTEST).take(room).map(<[u8]>::to_vec));
    }

    /// Where octets say again what is secret.
    fn again(&self, octets: &[u8]) -> Vec<Range<usize>> {
        let found = |value: &Vec<u8>| {
            memchr::memmem::find_iter(octets, value).map(|at| at..at + value.len()).collect::<Vec<_>>()
        };
        self.values.iter().flat_map(found).collect()
    }

    /// A text with each octet of what is secret replaced by `x`.
    #[must_use]
    pub fn hidden_in(&self, text: &str) -> String {
        let mut octets = text.as_bytes().to_vec();
        for range in self.again(text.as_bytes()) {
            octets[range].fill(b'x');
        }
        String::from_utf8_lossy(&octets).into_owned()
    }

    /// A URL, or what has URLs in it, with the values of secret parameters replaced by as many `x`.
    #[must_use]
    pub fn hidden_in_url(&mut self, url: &str) -> String {
        let mut octets = url.as_bytes().to_vec();
        for range in self.parameters(url.as_bytes(), 0..url.len()) {
            octets[range].fill(b'x');
        }
        String::from_utf8_lossy(&octets).into_owned()
    }

    /// The transcript with each octet of what is secret replaced by `x`, so that every length stays.
    #[must_use]
    pub fn hidden(&mut self, mut transcript: Transcript) -> Transcript {
        for hop in 0..transcript.hops() {
            let mut masks: [Vec<bool>; 2] = Default::default();
            for connection in connections(&transcript, hop) {
                self.mask(&connection.requests, &mut masks[0]);
                self.mask(&connection.responses, &mut masks[1]);
            }
            for (lane, mask) in [Lane::request(hop), Lane::response(hop)].into_iter().zip(masks) {
                let mut mask = mask.into_iter();
                let events = transcript.events.iter_mut().filter(|event| event.lane == lane);
                for event in events {
                    let What::Octets(run) = &mut event.what else { continue };
                    run.iter_mut().zip(&mut mask).filter(|(_, hidden)| *hidden).for_each(|(octet, _)| *octet = b'x');
                }
            }
        }
        let meant = &mut transcript.meant;
        for (name, value) in meant.fields.iter_mut().chain(&mut meant.trailers) {
            if is_secret(name) {
                *value = "x".repeat(value.len());
            }
        }
        transcript
    }

    /// Which octets of a direction are to be hidden.
    fn mask(&mut self, direction: &Direction<'_>, mask: &mut Vec<bool>) {
        let (start, octets) = (mask.len(), &direction.octets);
        mask.resize(start + octets.len(), false);
        let mut ranges = self.found(direction);
        let mut said = loose(direction);
        for message in &direction.stream.messages {
            let fields = message.fields.iter().chain(&message.trailers).filter(|field| {
                let name = String::from_utf8_lossy(&octets[field.name.clone()]).to_ascii_lowercase();
                !FIELDS_OF_FRAMING.contains(&name.as_str())
            });
            said.extend(message.content.iter().cloned().chain(fields.map(|field| field.value.clone())));
        }
        for within in said {
            let again = self.again(&octets[within.clone()]).into_iter();
            ranges.extend(again.map(|range| within.start + range.start..within.start + range.end));
        }
        for at in ranges.into_iter().flatten() {
            // The line ends of a folded value stay: without them the field would be another one.
            mask[start + at] |= !matches!(octets[at], b'\r' | b'\n' | b' ' | b'\t');
        }
    }
}

/// The octets that are of no message that could be read: where something else had to be, behind the last answer, and in
/// lines that do not end.
fn loose(direction: &Direction<'_>) -> Vec<Range<usize>> {
    let mut all: Vec<Range<usize>> = Vec::new();
    let mut field = 0;
    for span in &direction.stream.spans {
        let line = &direction.octets[span.range.clone()];
        let continues = line.starts_with(b" ") || line.starts_with(b"\t");
        let is_field = matches!(span.label, Label::FieldLine | Label::TrailerField);
        if is_field && !continues {
            field = span.range.start;
        }
        let is_loose = match span.label {
            Label::Unexpected(_) | Label::Surplus => true,
            Label::RequestLine | Label::StatusLine => !line.ends_with(b"\n"),
            _ => is_field && !line.ends_with(b"\n"),
        };
        if is_loose {
            let start = if is_field && continues { field } else { span.range.start };
            match all.last_mut() {
                Some(last) if last.end == start => last.end = span.range.end,
                _ => all.push(start..span.range.end),
            }
        }
    }
    all
}

/// The same with each octet of such values replaced by `x`, so that every length stays; and what carried them, as
/// [`Secrets::names`] has it.
#[must_use]
pub fn without_secrets(transcript: Transcript) -> (Transcript, BTreeSet<String>) {
    let mut secrets = Secrets::of(&transcript);
    let hidden = secrets.hidden(transcript);
    (hidden, secrets.names)
}

#[cfg(test)]
mod tests {
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
    #[case::behind_an_unreadable_request_line(
        r"c>o  GET\x01 / \r\nAuthorization: Bearer s3cret\r\n\r\n",
        "authorization"
    )]
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
}
