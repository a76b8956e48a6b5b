//! How it is asked for: method, field lines and content, as curl names them.

use harness::wire::h1::is_token;
use harness::wire::notation::printable;

use super::target::Target;

/// What a reader of events asks for (WHATWG HTML 9.2.2); a field of the same name takes its place.
const OWN: [(&str, &str); 3] = [
    ("User-Agent", concat!("lastchunk/", env!("CARGO_PKG_VERSION"))),
    ("Accept", "text/event-stream"),
    ("Cache-Control", "no-cache"),
];

/// Fields of one connection, which HTTP/2 does not have (RFC 9113 8.2.2).
pub const HOP_BY_HOP: [&str; 5] = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

/// A request, without what follows from its URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The field lines, without Host and Content-Length.
    pub fields: Vec<(String, String)>,
    /// The content.
    pub content: Option<Vec<u8>>,
    /// Host, if it is not to be the URL's.
    host: Option<String>,
    /// Whether the method was given rather than found.
    is_given: bool,
}

/// Why a request cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// No method.
    #[error("-X \"{}\" is no method: write one as GET or POST", printable(.0))]
    Method(String),
    /// No field line.
    #[error("-H \"{}\" is no field line: write one as 'Name: value'", printable(.0))]
    Field(String),
    /// A field that the framing of the request depends on.
    #[error("-H \"{}\" is not taken: the framing of the request follows from -d", printable(.0))]
    Framing(String),
}

impl Request {
    /// A request as curl's options describe it: a method, or that which the content calls for; field lines, of which
    /// `Name:` takes away one of ours and `Name;` has no value; the content.
    ///
    /// # Errors
    /// When a word is no method, or a line no field line.
    pub fn new(method: Option<&str>, lines: &[String], content: Option<Vec<u8>>) -> Result<Self, BadRequest> {
        let word = method.unwrap_or(if content.is_some() { "POST" } else { "GET" });
        if !is_token(word.as_bytes()) {
            return Err(BadRequest::Method(word.to_owned()));
        }
        let mut fields: Vec<(String, String)> = OWN.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        if content.is_some() {
            fields.push(("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
        }
        let mut host = None;
        let mut given = Vec::new();
        for line in lines {
            let (name, value) = field(line)?;
            fields.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
            match value {
                Some(value) if name.eq_ignore_ascii_case("host") => host = Some(value.to_owned()),
                Some(value) => given.push((name.to_owned(), value.to_owned())),
                None => {}
            }
        }
        fields.extend(given);
        Ok(Self { method: word.to_owned(), fields, content, host, is_given: method.is_some() })
    }

    /// The same with one more field line in place of those of its name.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The request that follows a redirect with this status, from one URL to another, as curl makes it: a POST becomes a
    /// GET where browsers make it one (RFC 9110 15.4), and what is secret stays with the origin it was given for.
    #[must_use]
    pub fn redirected(mut self, status: u16, from: &Target, to: &Target) -> Self {
        let becomes_get = (status == 303 && self.method != "HEAD")
            || (matches!(status, 301 | 302) && self.method == "POST" && !self.is_given);
        if becomes_get {
            self.method = "GET".to_owned();
            self.content = None;
            self.fields.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        }
        if !from.has_the_origin_of(to) {
            self.host = None;
            let secret = ["authorization", "cookie", "proxy-authorization"];
            self.fields.retain(|(name, _)| !secret.iter().any(|secret| name.eq_ignore_ascii_case(secret)));
        }
        self
    }

    /// The authority that it is sent for.
    #[must_use]
    pub fn authority(&self, target: &Target) -> String {
        self.host.clone().unwrap_or_else(|| target.authority())
    }

    /// Its octets in HTTP/1.1.
    #[must_use]
    pub fn octets(&self, target: &Target) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, target.path(), self.authority(target));
        for (name, value) in &self.fields {
            let gap = if value.is_empty() { "" } else { " " };
            head.push_str(&format!("{name}:{gap}{value}\r\n"));
        }
        if let Some(content) = &self.content {
            head.push_str(&format!("Content-Length: {}\r\n", content.len()));
        }
        head.push_str("\r\n");
        let mut octets = head.into_bytes();
        octets.extend(self.content.iter().flatten());
        octets
    }
}

/// The name and the value of a line; no value for `Name:`.
fn field(line: &str) -> Result<(&str, Option<&str>), BadRequest> {
    let bad = || BadRequest::Field(line.to_owned());
    let (name, value) = match line.split_once(':') {
        Some((name, value)) => (name, Some(value.trim()).filter(|value| !value.is_empty())),
        None => (line.strip_suffix(';').ok_or_else(bad)?, Some("")),
    };
    let is_sound = |octet: u8| octet == b'\t' || (octet >= b' ' && octet != 0x7f);
    if !is_token(name.as_bytes()) || !value.unwrap_or_default().bytes().all(is_sound) {
        return Err(bad());
    }
    if name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("transfer-encoding") {
        return Err(BadRequest::Framing(line.to_owned()));
    }
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn a_request_is_what_curl_would_make_of_it() {
        let target = Target::read("http://a.test:81/x?y").expect("a URL");
        let given = lines(&["accept: */*", "User-Agent:", "X-Empty;", "Authorization: Bearer x"]);
        let request = Request::new(None, &given, Some(b"{}".to_vec())).expect("a request");
        assert_eq!(
            String::from_utf8_lossy(&request.octets(&target)),
            "POST /x?y HTTP/1.1\r\nHost: a.test:81\r\nCache-Control: no-cache\r\n\
             Content-Type: application/x-www-form-urlencoded\r\naccept: */*\r\nX-Empty:\r\n\
             Authorization: Bearer x\r\nContent-Length: 2\r\n\r\n{}"
        );
    }

    #[rstest]
    #[case::a_line_end(
        Some("GET"),
        "X: a\r\nY: b",
        "-H \"X: a\\r\\nY: b\" is no field line: write one as 'Name: value'"
    )]
    #[case::no_colon(None, "X", "-H \"X\" is no field line: write one as 'Name: value'")]
    #[case::framing(
        None,
        "Content-Length: 3",
        "-H \"Content-Length: 3\" is not taken: the framing of the request follows from -d"
    )]
    #[case::no_method(Some("GET /"), "X: y", "-X \"GET /\" is no method: write one as GET or POST")]
    fn what_cannot_be_sent_says_why(#[case] method: Option<&str>, #[case] line: &str, #[case] why: &str) {
        let made = Request::new(method, &lines(&[line]), None).map_err(|error| error.to_string());
        assert_eq!(made, Err(why.to_owned()));
    }

    #[rstest]
    #[case::a_post_becomes_a_get(None, 302, "GET")]
    #[case::unless_it_was_asked_for(Some("POST"), 302, "POST")]
    #[case::or_must_stay(None, 307, "POST")]
    #[case::see_other_is_a_get(Some("PUT"), 303, "GET")]
    fn a_redirect_is_followed_as_curl_follows_it(
        #[case] method: Option<&str>,
        #[case] status: u16,
        #[case] then: &str,
    ) {
        let (from, to) = (Target::read("http://a/").expect("a URL"), Target::read("http://b/").expect("a URL"));
        let request = Request::new(method, &lines(&["Cookie: a=b", "X: y"]), Some(b"z".to_vec())).expect("a request");
        let request = request.redirected(status, &from, &to);
        assert_eq!(request.method, then);
        assert_eq!(request.content.is_some(), then != "GET");
        assert!(request.fields.iter().all(|(name, _)| name != "Cookie"), "{:?}", request.fields);
    }
}
