//! What differs from run to run, or from machine to machine, and is not what a case is about.
//!
//! The labels of the wire decide what is a field value; no text is searched for a pattern.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::str;

use crate::wire::h1::{End, Field, Position, State, Stream, Why};

/// One thing not to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Redaction {
    /// The value of Date (RFC 9110 6.6.1) is `<date>`.
    Date,
    /// An IP address, with or without port, or `localhost` with a port, as the host of Host (RFC 9110 7.2), of the
    /// authority in Location (RFC 9110 10.2.2), or as a recipient in Via (RFC 9110 7.6.3), is `<origin>`. Names stay.
    Origin,
    /// The version in Server (RFC 9110 10.2.4) of `nginx/1.28.3` is `<version>`.
    NginxVersion,
    /// Where the connection ended inside chunk-data or length-delimited content, the number of equal octets before the end
    /// is `some`: how much of a write passes before the socket blocks, the kernel decides.
    Cut,
}

/// A set of redactions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redactions(BTreeSet<Redaction>);

impl Redactions {
    /// Everything is shown.
    #[must_use]
    pub const fn none() -> Self {
        Self(BTreeSet::new())
    }

    /// What snapshots use.
    #[must_use]
    pub fn all() -> Self {
        Self([Redaction::Date, Redaction::Origin, Redaction::NginxVersion, Redaction::Cut].into())
    }

    /// These and no others.
    #[must_use]
    pub fn of(redactions: impl IntoIterator<Item = Redaction>) -> Self {
        Self(redactions.into_iter().collect())
    }

    /// Whether the number of octets before the end of this stream is the kernel's.
    pub(super) fn cut(&self, stream: &Stream) -> bool {
        let inside = |at| matches!(at, Position::InsideChunkData { .. } | Position::InContent { .. });
        let cut = |state| matches!(state, State::Incomplete(Why { at, end }) if inside(at) && end != End::Open);
        self.0.contains(&Redaction::Cut) && stream.messages.last().is_some_and(|message| cut(message.state))
    }

    /// What to show in place of what, ascending and apart.
    pub(super) fn replacements(&self, stream: &Stream, octets: &[u8]) -> Vec<Replacement> {
        let messages = stream.messages.iter();
        let fields = messages.flat_map(|message| message.fields.iter().chain(&message.trailers));
        fields.flat_map(|field| self.in_field(field, octets)).collect()
    }

    fn in_field(&self, field: &Field, octets: &[u8]) -> Vec<Replacement> {
        let name = octets[field.name.clone()].to_ascii_lowercase();
        let Ok(value) = str::from_utf8(&octets[field.value.clone()]) else { return Vec::new() };
        let (redaction, by, found): (_, _, Vec<Range<usize>>) = match name.as_slice() {
            b"date" => (Redaction::Date, "<date>", whole(value).into_iter().collect()),
            b"host" => (Redaction::Origin, "<origin>", host(value).into_iter().collect()),
            b"location" => (Redaction::Origin, "<origin>", authority(value).into_iter().collect()),
            b"via" => (Redaction::Origin, "<origin>", recipients(value)),
            b"server" => (Redaction::NginxVersion, "<version>", nginx_version(value).into_iter().collect()),
            _ => return Vec::new(),
        };
        if !self.0.contains(&redaction) {
            return Vec::new();
        }
        let offset = field.value.start;
        let found = found.into_iter().map(|range| range.start + offset..range.end + offset);
        found.map(|range| Replacement { range, by }).collect()
    }
}

/// What to show in place of some octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Replacement {
    /// Offsets in the stream; never empty.
    pub(super) range: Range<usize>,
    /// What to show.
    pub(super) by: &'static str,
}

fn whole(value: &str) -> Option<Range<usize>> {
    (!value.is_empty()).then_some(0..value.len())
}

fn host(value: &str) -> Option<Range<usize>> {
    is_address(value).then_some(0..value.len())
}

/// The host and port of an absolute URI, or of one that lacks the scheme (RFC 3986 3.2, 4.2).
fn authority(value: &str) -> Option<Range<usize>> {
    let start = value.find("//")? + 2;
    let scheme = &value[..start - 2];
    let is_scheme = |text: &str| text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(&octet));
    if !scheme.is_empty() && !scheme.strip_suffix(':').is_some_and(is_scheme) {
        return None;
    }
    let end = value[start..].find(['/', '?', '#']).map_or(value.len(), |end| start + end);
    is_address(&value[start..end]).then_some(start..end)
}

/// `1.1 127.0.0.1:8080 (comment), 1.0 fred`: the second word of each element.
fn recipients(value: &str) -> Vec<Range<usize>> {
    const SPACE: [char; 2] = [' ', '\t'];
    let mut found = Vec::new();
    let mut end = 0;
    for element in value.split(',') {
        end += element.len();
        let protocol = element.trim_start_matches(SPACE);
        let rest = protocol.trim_start_matches(|found| !SPACE.contains(&found)).trim_start_matches(SPACE);
        let recipient = rest.split(SPACE).next().unwrap_or_default();
        if is_address(recipient) {
            let start = end - rest.len();
            found.push(start..start + recipient.len());
        }
        end += 1;
    }
    found
}

fn nginx_version(value: &str) -> Option<Range<usize>> {
    const PRODUCT: &str = "nginx/";
    let rest = value.strip_prefix(PRODUCT)?;
    let length = rest.find([' ', '\t', '(']).unwrap_or(rest.len());
    (length > 0).then_some(PRODUCT.len()..PRODUCT.len() + length)
}

fn is_address(host: &str) -> bool {
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|octet| octet.is_ascii_digit());
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.parse::<SocketAddr>().is_ok()
        || bare.parse::<IpAddr>().is_ok()
        || host.strip_prefix("localhost:").is_some_and(is_port)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::address_and_port("127.0.0.5:40123", "<origin>")]
    #[case::address("127.0.0.5", "<origin>")]
    #[case::ipv6("[::1]:80", "<origin>")]
    #[case::ipv6_alone("[::1]", "<origin>")]
    #[case::localhost("localhost:8080", "<origin>")]
    #[case::a_name("mve.test", "mve.test")]
    #[case::a_name_like_an_address("127.0.0.5.test", "127.0.0.5.test")]
    fn a_host_that_is_an_address_is_redacted(#[case] value: &str, #[case] shown: &str) {
        assert_eq!(replaced(value, host(value)), shown);
    }

    #[rstest]
    #[case::absolute("http://127.0.0.1:8080/a?b", "http://<origin>/a?b")]
    #[case::no_path("http://127.0.0.1:8080", "http://<origin>")]
    #[case::no_scheme("//127.0.0.1:1/x", "//<origin>/x")]
    #[case::a_name("https://mve.test/127.0.0.1:1", "https://mve.test/127.0.0.1:1")]
    #[case::a_path("/a//127.0.0.1:1/", "/a//127.0.0.1:1/")]
    fn the_address_in_a_location_is_redacted(#[case] value: &str, #[case] shown: &str) {
        assert_eq!(replaced(value, authority(value)), shown);
    }

    #[rstest]
    #[case::one("1.1 127.0.0.1:80", "1.1 <origin>")]
    #[case::several(
        "1.0 fred,  HTTP/1.1  127.0.0.1:80 (x), 1.1 10.0.0.1",
        "1.0 fred,  HTTP/1.1  <origin> (x), 1.1 <origin>"
    )]
    #[case::a_name("1.1 vegur", "1.1 vegur")]
    fn the_addresses_in_via_are_redacted(#[case] value: &str, #[case] shown: &str) {
        assert_eq!(replaced(value, recipients(value)), shown);
    }

    #[rstest]
    #[case::alone("nginx/1.28.3", "nginx/<version>")]
    #[case::with_comment("nginx/1.18.0 (Ubuntu)", "nginx/<version> (Ubuntu)")]
    #[case::no_version("nginx", "nginx")]
    #[case::another("openresty/1.21", "openresty/1.21")]
    fn the_version_of_nginx_is_redacted(#[case] value: &str, #[case] shown: &str) {
        let shown_now = replaced(value, nginx_version(value)).replace("<origin>", "<version>");
        assert_eq!(shown_now, shown);
    }

    fn replaced(value: &str, ranges: impl IntoIterator<Item = Range<usize>>) -> String {
        let mut text = value.to_owned();
        let ranges: Vec<Range<usize>> = ranges.into_iter().collect();
        for range in ranges.into_iter().rev() {
            text.replace_range(range, "<origin>");
        }
        text
    }
}
