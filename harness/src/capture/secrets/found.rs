//! Where credentials stand.

use std::ops::Range;

use super::carrier::{Carrier, Side};
use super::names::has_parameters;
use super::passage::Passage;
use crate::verdict::Direction;
use crate::wire::h1::Label;

/// A credential where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Credential {
    pub(super) carrier: Carrier,
    pub(super) range: Range<usize>,
}

/// The passages of a direction that have credentials in them.
pub(super) fn found<'a>(direction: &'a Direction<'_>, side: Side) -> Vec<(Passage<'a>, Vec<Credential>)> {
    let octets = &*direction.octets;
    let mut all = Vec::new();
    let mut put = |pieces: Vec<Range<usize>>, find: &dyn Fn(&[u8]) -> Vec<Credential>| {
        let passage = Passage::of(octets, pieces);
        let credentials = find(&passage.octets);
        if !credentials.is_empty() {
            all.push((passage, credentials));
        }
    };
    for message in &direction.stream.messages {
        if let Some(target) = &message.target {
            put(vec![target.clone()], &in_urls);
        }
        for field in message.fields.iter().chain(&message.trailers) {
            let name = &octets[field.name.clone()];
            put(vec![field.value.clone()], &|value| in_field(name, value));
        }
        // What a server answers is the matter of the report.
        if side == Side::Request {
            put(message.content.clone(), &in_content);
        }
    }
    for range in loose(direction) {
        put(vec![range], &|octets| [in_urls(octets), in_lines(octets)].concat());
    }
    all
}

/// Those in the value of a field of this name.
pub(super) fn in_field(name: &[u8], value: &[u8]) -> Vec<Credential> {
    if let Some(carrier) = Carrier::field(name) {
        return vec![Credential { carrier, range: 0..value.len() }];
    }
    let mut all = if has_parameters(name) { in_urls(value) } else { Vec::new() };
    // Another field may be folded into it, or stand behind a CR that ends no line.
    all.extend(in_lines(value));
    all
}

/// Those in what is asked with, whether it is a form, JSON or has URLs in it: its media type is often not told.
pub(super) fn in_content(content: &[u8]) -> Vec<Credential> {
    [in_urls(content), members(content)].concat()
}

/// The values of secret fields in octets that are no message, line by line; a CR ends a line, too.
fn in_lines(octets: &[u8]) -> Vec<Credential> {
    let mut all: Vec<Credential> = Vec::new();
    let mut at = 0;
    let mut is_secret_line = false;
    for line in octets.split_inclusive(|octet| b"\r\n".contains(octet)) {
        let (begins, ends) = (at, at + line.len());
        at = ends;
        // The rest of the line end before it.
        if line == b"\n" {
            continue;
        }
        // A line that continues the one before (obs-fold) is of its field.
        let continues = line.starts_with(b" ") || line.starts_with(b"\t");
        match all.last_mut() {
            Some(field) if is_secret_line && continues => field.range.end = ends,
            _ => {
                let field = line.iter().position(|octet| *octet == b':').and_then(|colon| {
                    let carrier = Carrier::field(trimmed(&line[..colon]))?;
                    Some(Credential { carrier, range: begins + colon + 1..ends })
                });
                is_secret_line = field.is_some();
                all.extend(field);
            }
        }
    }
    all
}

/// A name without what is no letter or digit around it.
fn trimmed(name: &[u8]) -> &[u8] {
    let Some(first) = name.iter().position(u8::is_ascii_alphanumeric) else { return &[] };
    let last = name.iter().rposition(u8::is_ascii_alphanumeric).unwrap_or(first);
    &name[first..=last]
}

/// Those in what has URLs or parameters in it.
pub(super) fn in_urls(octets: &[u8]) -> Vec<Credential> {
    let mut all = userinfo(octets);
    all.extend(parameters(octets));
    all
}

/// The userinfo of URLs (RFC 3986 3.2.1).
fn userinfo(octets: &[u8]) -> Vec<Credential> {
    let ends = |octet: &u8| b"/?# \t\r\n\"<>,;".contains(octet);
    let mut all = Vec::new();
    for slashes in memchr::memmem::find_iter(octets, b"//") {
        let begins = slashes + 2;
        let rest = &octets[begins..];
        let authority = &rest[..rest.iter().position(ends).unwrap_or(rest.len())];
        let Some(length) = memchr::memrchr(b'@', authority).filter(|length| *length > 0) else { continue };
        all.push(Credential { carrier: Carrier::Userinfo, range: begins..begins + length });
    }
    all
}

/// The values of secret parameters.
fn parameters(octets: &[u8]) -> Vec<Credential> {
    let mut all = Vec::new();
    let ends = |octet: &u8| b"&;# \t\r\n\">,".contains(octet);
    let mut at = 0;
    while at < octets.len() {
        let begins = at;
        let length = octets[at..].iter().position(|octet| ends(octet) || *octet == b'?');
        let end = length.map_or(octets.len(), |length| begins + length);
        at = end + 1;
        let parameter = &octets[begins..end];
        let Some(equals) = parameter.iter().position(|octet| *octet == b'=') else { continue };
        let Some(carrier) = Carrier::parameter(&parameter[..equals]) else { continue };
        let mut range = begins + equals + 1..end;
        if range.is_empty() && end < octets.len() && octets[end] == b'"' {
            range = at..at + quoted(&octets[at..]);
            at = range.end;
        }
        if !range.is_empty() {
            all.push(Credential { carrier, range });
        }
    }
    all
}

/// The strings that are members of JSON objects (RFC 8259 4) and have a secret name, in content that need not be whole.
fn members(octets: &[u8]) -> Vec<Credential> {
    let after_space = |at: usize| {
        let length = octets[at..].iter().position(|octet| !b" \t\r\n".contains(octet));
        length.map_or(octets.len(), |length| at + length)
    };
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(quote) = memchr::memchr(b'"', &octets[at..]) {
        let begins = at + quote + 1;
        let name = begins..begins + quoted(&octets[begins..]);
        at = octets.len().min(name.end + 1);
        let colon = after_space(at);
        if octets.get(colon) != Some(&b':') {
            continue;
        }
        at = after_space(colon + 1);
        let Some(carrier) = Carrier::member(&octets[name]).filter(|_| octets.get(at) == Some(&b'"')) else { continue };
        let begins = at + 1;
        let range = begins..begins + quoted(&octets[begins..]);
        at = octets.len().min(range.end + 1);
        if !range.is_empty() {
            all.push(Credential { carrier, range });
        }
    }
    all
}

/// How long the rest of a quoted string is (RFC 9110 5.6.4), without the quote that ends it.
fn quoted(octets: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = octets.iter().position(|octet| {
        let is_end = *octet == b'"' && !is_escaped;
        is_escaped = *octet == b'\\' && !is_escaped;
        is_end
    });
    end.unwrap_or(octets.len())
}

/// The octets that are of no message that could be read: where something else had to be, behind the last answer, in lines that
/// do not end, and in lines that continue nothing.
pub(super) fn loose(direction: &Direction<'_>) -> Vec<Range<usize>> {
    let mut all: Vec<Range<usize>> = Vec::new();
    let mut field = None;
    for span in &direction.stream.spans {
        let line = &direction.octets[span.range.clone()];
        let continues = line.starts_with(b" ") || line.starts_with(b"\t");
        let is_field = matches!(span.label, Label::FieldLine | Label::TrailerField);
        if !is_field {
            field = None;
        } else if !continues {
            field = Some(span.range.start);
        }
        let is_loose = match span.label {
            Label::Unexpected(_) | Label::Surplus => true,
            Label::RequestLine | Label::StatusLine => !line.ends_with(b"\n"),
            _ => is_field && (field.is_none() || !line.ends_with(b"\n")),
        };
        if is_loose {
            let start = field.unwrap_or(span.range.start);
            match all.last_mut() {
                Some(last) if last.end == start => last.end = span.range.end,
                _ => all.push(start..span.range.end),
            }
        }
    }
    all
}
