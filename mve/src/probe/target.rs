//! What is asked for: a URL.

use std::fmt;

use harness::wire::notation::printable;
use url::Url;

/// The URL of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(Url);

/// Why a text is no URL that can be probed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// It is no URL.
    #[error("\"{}\" is no URL: {why} (write one as https://host/path)", printable(.url))]
    NoUrl {
        /// The text.
        url: String,
        /// What is wrong.
        why: url::ParseError,
    },
    /// Another scheme.
    #[error("\"{}\" cannot be probed: only http and https can", printable(.0))]
    Scheme(String),
    /// It has a user or a password.
    #[error("a URL with a user is not taken: give -H 'Authorization: ...'")]
    User,
}

impl Target {
    /// Reads a URL; one without a scheme is one of http, as curl has it.
    ///
    /// # Errors
    /// When it is none of http or https.
    pub fn read(text: &str) -> Result<Self, BadTarget> {
        let text = text.trim();
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&whole).map_err(|why| BadTarget::NoUrl { url: text.to_owned(), why })?;
        Self::of(url)
    }

    /// What a Location field of its answer leads to (RFC 9110 10.2.2).
    ///
    /// # Errors
    /// When it is none of http or https.
    pub fn follow(&self, location: &str) -> Result<Self, BadTarget> {
        let url = self.0.join(location).map_err(|why| BadTarget::NoUrl { url: location.to_owned(), why })?;
        Self::of(url)
    }

    fn of(mut url: Url) -> Result<Self, BadTarget> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BadTarget::Scheme(url.into()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadTarget::User);
        }
        url.set_fragment(None);
        Ok(Self(url))
    }

    /// Whether it is one of https.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host, without the brackets of an IPv6 address.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(if self.is_secure() { 443 } else { 80 })
    }

    /// The host and the port, if it is not the scheme's own: what Host and `:authority` say.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The path and the query.
    #[must_use]
    pub fn path(&self) -> String {
        let query = self.0.query().map_or_else(String::new, |query| format!("?{query}"));
        format!("{}{query}", self.0.path())
    }

    /// Whether a field that is meant for one of them may be sent to the other.
    #[must_use]
    pub fn has_the_origin_of(&self, other: &Self) -> bool {
        self.0.origin() == other.0.origin()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(self.0.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::without_a_scheme("127.0.0.1:8000/events?a=b#c", "http://127.0.0.1:8000/events?a=b", "127.0.0.1:8000", 8000)]
    #[case::of_https("https://a.test", "https://a.test/", "a.test", 443)]
    #[case::its_own_port("https://a.test:443/x", "https://a.test/x", "a.test", 443)]
    #[case::ipv6("http://[::1]:81/x", "http://[::1]:81/x", "[::1]:81", 81)]
    #[case::of_a_host_that_looks_like_a_scheme("localhost:80/x", "http://localhost/x", "localhost", 80)]
    fn a_url_is_read_as_curl_reads_it(
        #[case] text: &str,
        #[case] url: &str,
        #[case] authority: &str,
        #[case] port: u16,
    ) {
        let target = Target::read(text).expect("a URL");
        assert_eq!((target.to_string().as_str(), target.authority().as_str(), target.port()), (url, authority, port));
    }

    #[rstest]
    #[case::nothing("", "\"\" is no URL: empty host (write one as https://host/path)")]
    #[case::another_scheme("ftp://a/", "\"ftp://a/\" cannot be probed: only http and https can")]
    #[case::a_user("http://me:secret@a/", "a URL with a user is not taken: give -H 'Authorization: ...'")]
    #[case::a_port_past_the_end(
        "http://a:65536/",
        "\"http://a:65536/\" is no URL: invalid port number (write one as https://host/path)"
    )]
    fn what_is_no_url_says_why(#[case] text: &str, #[case] why: &str) {
        assert_eq!(Target::read(text).map_err(|error| error.to_string()), Err(why.to_owned()));
    }

    #[test]
    fn a_location_is_read_from_where_it_was_found() {
        let from = Target::read("https://a.test/one/two?x").expect("a URL");
        let to = |location| from.follow(location).map(|target| target.to_string());
        assert_eq!(to("../three"), Ok("https://a.test/three".to_owned()));
        assert_eq!(to("//b.test/"), Ok("https://b.test/".to_owned()));
        assert!(to("file:///etc/passwd").is_err());
    }
}
