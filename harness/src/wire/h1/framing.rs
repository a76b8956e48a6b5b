//! What delimits the content: RFC 9112 6.3.

use super::{Deviation, Framing, Malformed};

/// What the decision depends on, of one message.
pub(super) struct Facts<'a> {
    /// The status code and the method of the request; none for a request.
    pub(super) response: Option<(u16, &'a str)>,
    pub(super) version: (u8, u8),
    pub(super) transfer_encoding: Vec<&'a [u8]>,
    pub(super) content_length: Vec<&'a [u8]>,
}

impl Facts<'_> {
    /// The rules in their order; the numbers are the RFC's.
    pub(super) fn framing(&self, deviations: &mut Vec<Deviation>) -> Result<Framing, Malformed> {
        let has_coding = !self.transfer_encoding.is_empty();
        if has_coding && self.version == (1, 0) {
            deviations.push(Deviation::TransferEncodingInHttp10);
        }
        if has_coding && !self.content_length.is_empty() {
            deviations.push(Deviation::TransferEncodingAndContentLength);
        }
        match self.response {
            // RFC 9110 15.2.2: after the empty line of a 101 the other protocol speaks. 6.3 does not say so.
            Some((101, _)) => return Ok(Framing::Raw),
            // 1.
            Some((100..=199 | 204 | 304, _) | (_, "HEAD")) => return Ok(Framing::NoContent),
            // 2.
            Some((200..=299, "CONNECT")) => return Ok(Framing::Raw),
            _ => {}
        }
        // 3. and 4.
        if has_coding {
            return match (
                final_coding_is_chunked(&self.transfer_encoding),
                self.response,
            ) {
                (true, _) => Ok(Framing::Chunked),
                (false, Some(_)) => {
                    deviations.push(Deviation::FinalCodingNotChunked);
                    Ok(Framing::Close)
                }
                (false, None) => Err(Malformed::TransferEncoding),
            };
        }
        // 5. and 6.
        if !self.content_length.is_empty() {
            let (length, values) =
                one_length(&self.content_length).ok_or(Malformed::ContentLength)?;
            if values > 1 {
                deviations.push(Deviation::RepeatedContentLength);
            }
            return Ok(Framing::Length(length));
        }
        // 7. and 8.
        Ok(if self.response.is_some() {
            Framing::Close
        } else {
            Framing::NoContent
        })
    }
}

/// Whether the last element of the list, over all field lines, is `chunked`. Empty elements are no elements
/// (RFC 9110 5.6.1.2), and commas in a quoted parameter separate nothing.
fn final_coding_is_chunked(values: &[&[u8]]) -> bool {
    let mut last: &[u8] = b"";
    for value in values {
        let (mut quoted, mut escaped, mut start) = (false, false, 0);
        for (at, octet) in value.iter().enumerate() {
            match octet {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b',' if !quoted => {
                    last = element(&value[start..at]).unwrap_or(last);
                    start = at + 1;
                }
                _ => {}
            }
        }
        last = element(&value[start..]).unwrap_or(last);
    }
    let name = last
        .split(|octet| *octet == b';')
        .next()
        .unwrap_or_default();
    name.trim_ascii().eq_ignore_ascii_case(b"chunked")
}

/// The one length that all elements agree on, and how many elements there are; none if they differ or one is invalid.
fn one_length(values: &[&[u8]]) -> Option<(u64, usize)> {
    let mut agreed = None;
    let mut count = 0;
    for digits in values
        .iter()
        .flat_map(|value| value.split(|octet| *octet == b','))
        .filter_map(element)
    {
        let length = digits.iter().try_fold(0_u64, |sum, digit| match digit {
            b'0'..=b'9' => sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')),
            _ => None,
        })?;
        if *agreed.get_or_insert(length) != length {
            return None;
        }
        count += 1;
    }
    Some((agreed?, count))
}

/// A list element without the white space around it, which may hold the line end of a fold; none if it is empty.
fn element(octets: &[u8]) -> Option<&[u8]> {
    let trimmed = octets.trim_ascii();
    (!trimmed.is_empty()).then_some(trimmed)
}
