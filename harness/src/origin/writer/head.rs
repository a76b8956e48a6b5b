//! What the header section of a response says: status-line, fields and framing, decided once.

use hyper::ext::ReasonPhrase;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode, Version};

use super::header::{self, Header, TRAILER_PREFIX};
use super::sniff;
use super::status::{allows_content, reason};

/// What a decision depends on, and what it changes.
pub(super) struct Facts {
    pub(super) http11: bool,
    pub(super) head: bool,
    /// An HTTP/1.0 request that asks to keep the connection.
    pub(super) wants_keep_alive: bool,
    /// The request asks to close the connection, or is HTTP/1.0 and does not ask to keep it.
    pub(super) wants_close: bool,
    pub(super) keep_alives: bool,
    pub(super) status: u16,
    /// The declared Content-Length, or the one that was computed.
    pub(super) content_length: Option<u64>,
    pub(super) handler_done: bool,
    pub(super) close_after: bool,
}

/// A decision in the making: Go decides in two parts, and may drain the request's content between them.
pub(super) struct Head {
    fields: Header,
    connection: Option<&'static str>,
    computed_length: bool,
    pub(super) trailers: Vec<String>,
}

/// A decided header section.
pub(super) struct Decided {
    pub(super) response: Response<()>,
    /// Field lines that hyper would drop or alter; they precede the others.
    pub(super) lines: Vec<u8>,
    pub(super) chunked: bool,
    /// hyper has to be told that it answers HTTP/1.0: on HTTP/1.1 it would make chunks of content whose length it does not know.
    pub(super) disguised: bool,
    pub(super) log: Option<String>,
}

impl Head {
    /// The first part: Content-Length at the handler's return, and what becomes of the connection.
    pub(super) fn new(fields: Header, facts: &mut Facts, content: &[u8]) -> Self {
        let declared = fields.values("Trailer").iter().flat_map(|list| list.split(','));
        let declared = declared.map(str::trim).filter(|name| !name.is_empty());
        let trailers = declared.filter(|name| header::allowed_in_trailer(name)).map(header::canonical).collect();
        let has_trailers = fields.has("Trailer") || fields.prefixed().next().is_some();

        let allowed = allows_content(facts.status);
        let undeclared = !has_trailers && fields.get("Transfer-Encoding").is_empty() && !fields.has("Content-Length");
        // a HEAD request without content: nobody can tell whether the handler looked at the method
        let computed_length = facts.handler_done && undeclared && allowed && (!facts.head || !content.is_empty());
        if computed_length {
            facts.content_length = Some(content.len() as u64);
        }

        let keeps = fields.get("Connection") == "keep-alive" && !fields.get("Content-Length").is_empty();
        if facts.wants_keep_alive && facts.keep_alives && keeps {
            facts.close_after = false;
        }
        let mut connection = None;
        if facts.wants_keep_alive && (facts.head || facts.content_length.is_some() || !allowed) {
            if !fields.has("Connection") {
                connection = Some("keep-alive");
            }
        } else if !facts.http11 || facts.wants_close {
            facts.close_after = true;
        }
        if fields.get("Connection") == "close" || !facts.keep_alives {
            facts.close_after = true;
        }
        Self { fields, connection, computed_length, trailers }
    }

    /// Gives up the connection for the request's content that is too large to drain.
    pub(super) fn close(&mut self, facts: &mut Facts) {
        facts.close_after = true;
        self.fields.del("Connection");
        self.connection = Some("close");
    }

    /// The second part: media type, framing, and the fields that are sent.
    pub(super) fn decide(mut self, facts: &mut Facts, content: &[u8]) -> Decided {
        let prefixed: Vec<String> = self.fields.prefixed().map(|(name, _)| format!("{TRAILER_PREFIX}{name}")).collect();
        prefixed.iter().for_each(|name| self.fields.del(name));

        let coding = self.fields.get("Transfer-Encoding").to_owned();
        let allowed = allows_content(facts.status);
        let mut media_type = None;
        if !allowed {
            self.fields.del("Content-Length");
            self.fields.del("Transfer-Encoding");
            if facts.status == 304 {
                self.fields.del("Content-Type");
            }
        } else if !self.fields.has("Content-Type")
            && self.fields.get("Content-Encoding").is_empty()
            && coding.is_empty()
            && !content.is_empty()
        {
            media_type = Some(sniff::media_type(content));
        }

        let mut length = facts.content_length;
        let mut log = None;
        if let (Some(declared), false) = (length, matches!(coding.as_str(), "" | "identity")) {
            log = Some(format!(
                "http: WriteHeader called with both Transfer-Encoding of {coding:?} and a Content-Length of {declared}"
            ));
            self.fields.del("Content-Length");
            length = None;
        }

        let (mut chunked, mut disguised) = (false, false);
        if facts.head || !allowed || length.is_some() {
            self.fields.del("Transfer-Encoding");
        } else if !facts.http11 {
            facts.close_after = true;
            self.fields.del("Transfer-Encoding");
        } else if coding == "identity" {
            (facts.close_after, disguised) = (true, true);
            self.fields.del("Transfer-Encoding");
        } else {
            chunked = true;
            self.fields.del("Content-Length");
            if coding == "chunked" {
                self.fields.del("Transfer-Encoding");
            }
        }

        let closes = has_token(self.fields.get("Connection"), "close");
        if facts.close_after && !(facts.keep_alives && closes) && !self.switches_protocol(facts.status) {
            self.fields.del("Connection");
            self.connection = facts.http11.then_some("close");
        }
        let (mut fields, lines) = self.split(chunked, length);
        if let (true, Some(length)) = (self.computed_length, length) {
            fields.insert("content-length", HeaderValue::from(length));
        }
        if let Some(media_type) = media_type {
            fields.insert("content-type", HeaderValue::from_static(media_type));
        }
        if let Some(connection) = self.connection {
            fields.insert("connection", HeaderValue::from_static(connection));
        }
        // lengths that Go takes and hyper would not: the handler's line says them, and content goes out as it is
        disguised |= !chunked && facts.http11 && length.is_some() && !fields.contains_key("content-length");
        let response = response(facts, fields, disguised);
        Decided { response, lines, chunked, disguised, log }
    }

    fn switches_protocol(&self, status: u16) -> bool {
        status == 101 && has_token(self.fields.get("Connection"), "upgrade") && !self.fields.get("Upgrade").is_empty()
    }

    /// The fields that hyper takes as they are, and the others.
    fn split(&self, chunked: bool, length: Option<u64>) -> (HeaderMap, Vec<u8>) {
        let mut fields = HeaderMap::new();
        let sound = |value: &String| HeaderValue::from_bytes(value.as_bytes()).is_ok();
        let single = |name: &str| self.fields.values(name).len() == 1;
        // all lines of a name stand together: their order counts (RFC 9110, 5.3)
        let (given, kept): (Vec<_>, Vec<_>) = self.fields.lines().partition(|(name, value)| match *name {
            // hyper joins several into one line
            "Connection" => single(name) && sound(value),
            // that too, and it drops one that is of no use
            "Trailer" => single(name) && chunked && sound(value),
            // hyper completes it
            "Transfer-Encoding" => false,
            // not one that says anything but the length that counts
            "Content-Length" => {
                let digits = value.bytes().all(|octet| octet.is_ascii_digit());
                single(name) && digits && length.is_some() && value.parse().ok() == length
            }
            _ => self.fields.values(name).iter().map(|value| header::on_the_wire(value)).all(|value| sound(&value)),
        });
        for (name, value) in given {
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes()))
            {
                fields.append(name, value);
            }
        }
        (fields, header::encode(kept))
    }
}

fn response(facts: &Facts, fields: HeaderMap, disguised: bool) -> Response<()> {
    let mut response = Response::new(());
    // any three digits are a status for both
    *response.status_mut() = StatusCode::from_u16(facts.status).expect("checked when it was written");
    *response.version_mut() = if facts.http11 && !disguised { Version::HTTP_11 } else { Version::HTTP_10 };
    *response.headers_mut() = fields;
    let phrase = ReasonPhrase::try_from(reason(facts.status)).expect("reason phrases are ASCII");
    response.extensions_mut().insert(phrase);
    response
}

/// The status-line and fields of an informational response (RFC 9110, 15.2), which hyper cannot send.
pub(super) fn informational(http11: bool, status: u16, mut fields: Header) -> Vec<u8> {
    fields.del("Content-Length");
    fields.del("Transfer-Encoding");
    let minor = u8::from(http11);
    let reason = reason(status);
    // an unknown status has its number twice
    let mut octets = format!("HTTP/1.{minor} {status:03} {reason}\r\n").into_bytes();
    octets.extend(header::encode(fields.lines()));
    octets.extend_from_slice(b"\r\n");
    octets
}

/// Whether a comma-separated list has this token, in any case.
pub(super) fn has_token(list: &str, token: &str) -> bool {
    list.split(',').any(|item| item.trim().eq_ignore_ascii_case(token))
}
