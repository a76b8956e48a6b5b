//! Go's `http.Header`: a map from canonical field names to values.

use std::collections::BTreeMap;

use hyper::header::HeaderName;

/// The prefix that marks a field of the trailer section in the header map (`http.TrailerPrefix`).
pub const TRAILER_PREFIX: &str = "Trailer:";

/// The fields of a header section, as the handler sees them.
///
/// Names are canonical, as Go's are: upper case after the beginning and after each hyphen, lower case elsewhere; a name that is no
/// token (RFC 9110, 5.6.2) stays as it is and is never sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Header(BTreeMap<String, Vec<String>>);

impl Header {
    pub(super) fn get(&self, name: &str) -> &str {
        self.values(name).first().map_or("", String::as_str)
    }

    pub(super) fn values(&self, name: &str) -> &[String] {
        self.0.get(&canonical(name)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(&canonical(name))
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.0.insert(canonical(name), vec![value.to_owned()]);
    }

    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.0.entry(canonical(name)).or_default().push(value.to_owned());
    }

    pub(super) fn del(&mut self, name: &str) {
        self.0.remove(&canonical(name));
    }

    /// Each field line that is sent, in the order of the names: only tokens as names, the values trimmed and without line breaks.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&str, String)> {
        let sent = self.0.iter().filter(|(name, _)| HeaderName::from_bytes(name.as_bytes()).is_ok());
        sent.flat_map(|(name, values)| values.iter().map(move |value| (name.as_str(), on_the_wire(value))))
    }

    /// The fields whose name begins with [`TRAILER_PREFIX`], without it.
    pub(super) fn prefixed(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().filter_map(|(name, values)| Some((name.strip_prefix(TRAILER_PREFIX)?, values.as_slice())))
    }
}

/// The field lines as octets.
pub(super) fn encode<'a>(lines: impl IntoIterator<Item = (&'a str, String)>) -> Vec<u8> {
    let mut octets = Vec::new();
    for (name, value) in lines {
        octets.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    octets
}

fn on_the_wire(value: &str) -> String {
    let value = value.replace(['\r', '\n'], " ");
    value.trim_matches([' ', '\t']).to_owned()
}

/// The canonical form of a field name (`textproto.CanonicalMIMEHeaderKey`).
pub(super) fn canonical(name: &str) -> String {
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        return name.to_owned();
    }
    let mut upper = true;
    let letter = |c: char| {
        let c = if upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
        upper = c == '-';
        c
    };
    name.chars().map(letter).collect()
}

/// Whether a field may stand in a trailer section: not if it is needed for framing, routing, authentication or
/// content processing (RFC 9110, 6.5.1; Go's list).
pub(super) fn allowed_in_trailer(name: &str) -> bool {
    const FORBIDDEN: [&str; 21] = [
        "Authorization",
        "Cache-Control",
        "Connection",
        "Content-Encoding",
        "Content-Length",
        "Content-Range",
        "Content-Type",
        "Expect",
        "Host",
        "Keep-Alive",
        "Max-Forwards",
        "Pragma",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Range",
        "Realm",
        "Te",
        "Trailer",
        "Transfer-Encoding",
        "Www-Authenticate",
    ];
    let name = canonical(name);
    !name.starts_with("If-") && !FORBIDDEN.contains(&name.as_str())
}
