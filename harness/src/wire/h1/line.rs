//! Start-lines and field lines. All ranges are relative to the line.

use std::ops::Range;

use memchr::{memchr, memrchr};

/// `HTTP-version SP status-code SP [ reason-phrase ]` (RFC 9112 4).
pub(super) struct StatusLine {
    pub(super) version: (u8, u8),
    pub(super) status: u16,
    pub(super) reason: Range<usize>,
    pub(super) space_after_status: bool,
}

/// `method SP request-target SP HTTP-version` (RFC 9112 3).
pub(super) struct RequestLine {
    pub(super) method: Range<usize>,
    pub(super) target: Range<usize>,
    pub(super) version: (u8, u8),
}

/// `field-name ":" OWS field-value OWS` (RFC 9112 5).
pub(super) struct FieldLine {
    pub(super) name: Range<usize>,
    pub(super) value: Range<usize>,
    pub(super) space_before_colon: bool,
}

/// The name that every HTTP-version begins with (RFC 9112 2.3: case-sensitive).
const HTTP: &[u8] = b"HTTP/";

/// The line without its line end, and whether that was LF alone.
pub(super) fn without_end(line: &[u8]) -> (&[u8], bool) {
    match line {
        [text @ .., b'\r', b'\n'] => (text, false),
        [text @ .., b'\n'] => (text, true),
        _ => (line, false),
    }
}

/// Whether a status-line may still begin like this.
pub(super) fn may_begin_status_line(octets: &[u8]) -> bool {
    octets.iter().zip(HTTP).all(|(a, b)| a == b)
}

/// Whether a request-line may still begin like this. Looks at the first octet only, which is enough to tell TLS, JSON
/// and most other strangers apart before a line end comes.
pub(super) fn may_begin_request_line(octets: &[u8]) -> bool {
    octets.first().is_none_or(|octet| is_tchar(*octet))
}

pub(super) fn status_line(text: &[u8]) -> Option<StatusLine> {
    let version = version(text.get(..8)?)?;
    let [b' ', h @ b'0'..=b'9', t @ b'0'..=b'9', u @ b'0'..=b'9', rest @ ..] = text.get(8..)? else {
        return None;
    };
    let status = [h, t, u].iter().fold(0, |sum, digit| sum * 10 + u16::from(**digit - b'0'));
    let (reason, space_after_status) = match rest {
        [] => (12..12, false),
        [b' ', ..] => (13..text.len(), true),
        _ => return None,
    };
    Some(StatusLine { version, status, reason, space_after_status })
}

pub(super) fn request_line(text: &[u8]) -> Option<RequestLine> {
    let method = 0..memchr(b' ', text)?;
    let last_space = memrchr(b' ', text)?;
    let target = method.end + 1..last_space;
    let version = version(&text[last_space + 1..])?;
    let target_is_one_word = !target.is_empty() && memchr(b' ', &text[target.clone()]).is_none();
    (is_token(&text[method.clone()]) && target_is_one_word).then_some(RequestLine { method, target, version })
}

pub(super) fn field_line(text: &[u8]) -> Option<FieldLine> {
    let colon = memchr(b':', text)?;
    let name = trim(text, 0..colon);
    let value = trim(text, colon + 1..text.len());
    // White space in front makes it a folded line, so it can only be behind.
    is_token(&text[name.clone()]).then_some(FieldLine { space_before_colon: name.end < colon, name, value })
}

/// The range without the spaces and tabs at both ends.
pub(super) fn trim(text: &[u8], range: Range<usize>) -> Range<usize> {
    let is_space = |octet: &u8| matches!(octet, b' ' | b'\t');
    let start = range.start + text[range.clone()].iter().take_while(|octet| is_space(octet)).count();
    let end = range.end - text[start..range.end].iter().rev().take_while(|octet| is_space(octet)).count();
    start..end
}

fn version(text: &[u8]) -> Option<(u8, u8)> {
    match text.strip_prefix(HTTP)? {
        [major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] => Some((major - b'0', minor - b'0')),
        _ => None,
    }
}

/// Whether this can be a method or a field name: one token (RFC 9110 5.6.2).
#[must_use]
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|octet| is_tchar(*octet))
}

/// RFC 9110 5.6.2.
fn is_tchar(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}
