//! Where credentials stand.

use std::ops::Range;

use super::Secrets;
use super::names::{FIELDS_OF_URLS, SECRET_PARAMETERS, is_secret};
use crate::verdict::Direction;
use crate::wire::h1::Label;

impl Secrets {
    /// The octets of a direction that are credentials where they stand.
    pub(super) fn found(&mut self, direction: &Direction<'_>) -> Vec<Range<usize>> {
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

    /// The values of secret parameters in what has URLs in it.
    pub(super) fn parameters(&mut self, octets: &[u8], within: Range<usize>) -> Vec<Range<usize>> {
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
}

/// The octets that are of no message that could be read: where something else had to be, behind the last answer, and in
/// lines that do not end.
pub(super) fn loose(direction: &Direction<'_>) -> Vec<Range<usize>> {
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
