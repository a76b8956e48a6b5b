//! Where credentials stand.

use std::ops::Range;

use super::Secrets;
use super::names::{SECRET_PARAMETERS, has_parameters, is_secret};
use crate::verdict::Direction;
use crate::wire::h1::Label;

impl Secrets {
    /// The octets of a direction that are credentials where they stand.
    pub(super) fn found(&mut self, direction: &Direction<'_>) -> Vec<Range<usize>> {
        let octets = &direction.octets;
        let mut all = Vec::new();
        for message in &direction.stream.messages {
            if let Some(target) = &message.target {
                all.extend(self.in_urls(octets, target.clone()));
            }
            for field in message.fields.iter().chain(&message.trailers) {
                let name = String::from_utf8_lossy(&octets[field.name.clone()]).to_ascii_lowercase();
                all.extend(self.in_field(&name, octets, field.value.clone()));
            }
        }
        for range in loose(direction) {
            all.extend(self.in_urls(octets, range.clone()));
            all.extend(self.in_lines(octets, range));
        }
        all
    }

    /// Those in the value of a field, whose name is in lower case.
    pub(super) fn in_field(&mut self, name: &str, octets: &[u8], value: Range<usize>) -> Vec<Range<usize>> {
        if is_secret(name) {
            self.learn(&octets[value.clone()]);
            self.names.insert(name.to_owned());
            return vec![value];
        }
        let mut all = Vec::new();
        if has_parameters(name) {
            all.extend(self.in_urls(octets, value.clone()));
        }
        // Another field may be folded into it, or stand behind a CR that ends no line.
        all.extend(self.in_lines(octets, value));
        all
    }

    /// The values of secret fields in octets that are no message, line by line; a CR ends a line, too.
    fn in_lines(&mut self, octets: &[u8], within: Range<usize>) -> Vec<Range<usize>> {
        let mut all = Vec::new();
        let mut at = within.start;
        let mut is_secret_line = false;
        for line in octets[within].split_inclusive(|octet| b"\r\n".contains(octet)) {
            let (begins, ends) = (at, at + line.len());
            at = ends;
            // The rest of the line end before it.
            if line == b"\n" {
                continue;
            }
            // A line that continues the one before (obs-fold) is of its field.
            let continues = line.starts_with(b" ") || line.starts_with(b"\t");
            let value = if is_secret_line && continues {
                Some(begins)
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

    /// Those in what has URLs or parameters in it.
    pub(super) fn in_urls(&mut self, octets: &[u8], within: Range<usize>) -> Vec<Range<usize>> {
        let mut all = self.userinfo(octets, within.clone());
        all.extend(self.parameters(octets, within));
        all
    }

    /// The userinfo of URLs (RFC 3986 3.2.1).
    fn userinfo(&mut self, octets: &[u8], within: Range<usize>) -> Vec<Range<usize>> {
        let ends = |octet: &u8| b"/?# \t\r\n\"<>,;".contains(octet);
        let mut all = Vec::new();
        for slashes in memchr::memmem::find_iter(&octets[within.clone()], b"//") {
            let begins = within.start + slashes + 2;
            let rest = &octets[begins..within.end];
            let authority = &rest[..rest.iter().position(ends).unwrap_or(rest.len())];
            let Some(length) = memchr::memrchr(b'@', authority).filter(|length| *length > 0) else { continue };
            let userinfo = &authority[..length];
            // A user may be anybody; one without a password is a token.
            self.learn(userinfo.splitn(2, |octet| *octet == b':').last().unwrap_or(userinfo));
            self.names.insert("userinfo@".to_owned());
            all.push(begins..begins + length);
        }
        all
    }

    /// The values of secret parameters.
    fn parameters(&mut self, octets: &[u8], within: Range<usize>) -> Vec<Range<usize>> {
        let mut all = Vec::new();
        let ends = |octet: &u8| b"&;# \t\r\n\">,".contains(octet);
        let mut at = within.start;
        while at < within.end {
            let begins = at;
            let length = octets[at..within.end].iter().position(|octet| ends(octet) || *octet == b'?');
            let end = length.map_or(within.end, |length| begins + length);
            at = end + 1;
            let parameter = &octets[begins..end];
            let Some(equals) = parameter.iter().position(|octet| *octet == b'=') else { continue };
            let name = String::from_utf8_lossy(&parameter[..equals]).to_ascii_lowercase();
            if !SECRET_PARAMETERS.contains(&name.as_str()) {
                continue;
            }
            let mut value = begins + equals + 1..end;
            if value.is_empty() && end < within.end && octets[end] == b'"' {
                value = at..at + quoted(&octets[at..within.end]);
                at = value.end;
            }
            if !value.is_empty() {
                self.learn(&octets[value.clone()]);
                self.names.insert(format!("?{name}"));
                all.push(value);
            }
        }
        all
    }
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
