//! RFC 9112 over the whole octets of the responses to one request, clause by clause.

use harness::wire::h1::End;

use super::streams;

/// What a response comes to.
#[derive(Debug, PartialEq, Eq)]
pub struct Response {
    pub status: Option<u16>,
    pub state: String,
    pub content: Vec<u8>,
}

/// The responses to one request: interim ones (RFC 9110 15.2), then the final one, as far as the octets go.
pub fn responses(octets: &[u8], method: &str, end: End) -> Vec<Response> {
    let mut responses = Vec::new();
    let mut rest = octets;
    loop {
        let reading = read(rest, method);
        let interim = reading.state == Some(Complete("no content")) && matches!(reading.status, Some(100 | 102..=199));
        responses.push(Response {
            status: reading.status,
            state: reading.in_words(end),
            content: reading.content.clone(),
        });
        if !interim {
            return responses;
        }
        rest = reading.rest;
    }
}

impl Response {
    /// As a verdict says it: with the events of a `text/event-stream` (RFC 9110 8.3.1) that can have content at all.
    pub fn in_words(&self, octets: &[u8], method: &str, end: End) -> String {
        let status = self.status.map_or(String::new(), |status| format!("{status}, "));
        let state = if self.state.starts_with("incomplete: no status-line") { "no response" } else { &self.state };
        let has_content = method != "HEAD" && !matches!(self.status, Some(100..=199 | 204 | 304));
        let text = String::from_utf8_lossy(octets).replace("\r\n", "\n");
        let is_stream = has_line(&text, "content-type: text/event-stream");
        if !has_content || !is_stream || self.status.is_none() {
            return format!("{status}{state}");
        }
        let said = streams::by_the_letter(&self.content);
        let events = match said.events.len() {
            0 => "no events".to_owned(),
            1 => "1 event".to_owned(),
            more => format!("{more} events"),
        };
        let over = end != End::Open || self.state.starts_with("complete");
        let pending = match (said.pending, over) {
            (false, _) => "",
            (true, true) => ", pending event discarded",
            (true, false) => ", event pending",
        };
        format!("{status}{state}; {events}{pending}")
    }
}

/// Whether there is such a line, ended; names and media types are case-insensitive.
fn has_line(text: &str, wanted: &str) -> bool {
    let (ended, _) = text.rsplit_once('\n').unwrap_or_default();
    ended.split('\n').any(|line| line.to_ascii_lowercase() == wanted)
}

/// A message that is no longer in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    Complete(&'static str),
    Malformed(&'static str),
}
use Settled::{Complete, Malformed};

#[derive(Debug, Default)]
struct Reading<'a> {
    status: Option<u16>,
    /// None while it is incomplete; then `place` says where.
    state: Option<Settled>,
    place: Place,
    content: Vec<u8>,
    rest: &'a [u8],
}

#[derive(Debug, Default)]
enum Place {
    #[default]
    NoStatusLine,
    Inside(&'static str),
    Counted(String),
    UntilClose,
}

impl Reading<'_> {
    fn in_words(&self, end: End) -> String {
        let open = end == End::Open;
        let still_open = if open { ", still open" } else { "" };
        match (self.state, &self.place) {
            // RFC 9112 8: close-delimited content is complete when the connection ends in order.
            (Some(Malformed(why)), _) => format!("malformed: {why}"),
            (Some(Complete(by)), _) => format!("complete ({by})"),
            (None, Place::NoStatusLine) => format!("incomplete: no status-line{still_open}"),
            (None, Place::Inside(place)) if open => format!("incomplete: {place}, still open"),
            (None, Place::Inside(place)) => format!("incomplete: cut {place}"),
            (None, Place::Counted(text)) => format!("incomplete: {text}{still_open}"),
            (None, Place::UntilClose) => match end {
                End::Fin => "complete (close-delimited)".to_owned(),
                End::Rst => "incomplete: close-delimited, ended by RST".to_owned(),
                End::Open => "incomplete: close-delimited, still open".to_owned(),
            },
        }
    }
}

/// The line before the first LF, without a CR before that; and what follows.
fn line(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let lf = octets.iter().position(|octet| *octet == b'\n')?;
    let line = &octets[..lf];
    Some((line.strip_suffix(b"\r").unwrap_or(line), &octets[lf + 1..]))
}

fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|octet| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet))
}

fn read<'a>(mut rest: &'a [u8], method: &str) -> Reading<'a> {
    let mut reading = Reading::default();
    // 2.2: empty lines before a start-line.
    while let Some((b"", after)) = line(rest) {
        rest = after;
    }
    if rest.is_empty() || rest == b"\r" {
        return reading;
    }
    // 4: HTTP-version SP status-code SP [ reason-phrase ]; 2.3: the name is case-sensitive.
    let no_status_line = Some(Malformed("no status-line where one is due"));
    if !rest.iter().zip(b"HTTP/").all(|(octet, due)| octet == due) {
        return Reading { state: no_status_line, ..reading };
    }
    let Some((status_line, after)) = line(rest) else {
        return Reading { place: Place::Inside("inside the status-line"), ..reading };
    };
    let [b'H', b'T', b'T', b'P', b'/', major, b'.', minor, b' ', code @ ..] = status_line else {
        return Reading { state: no_status_line, ..reading };
    };
    let code = std::str::from_utf8(&code[..code.iter().position(|octet| *octet == b' ').unwrap_or(code.len())]);
    let Some(status) = code.ok().filter(|code| code.len() == 3).and_then(|code| code.parse::<u16>().ok()) else {
        return Reading { state: no_status_line, ..reading };
    };
    assert!(major.is_ascii_digit() && minor.is_ascii_digit(), "no sample has another version");
    reading.status = Some(status);
    rest = after;

    // 5: field lines; 5.2: a line that begins with white space continues the one before.
    let mut fields: Vec<(String, String)> = Vec::new();
    loop {
        let Some((field_line, after)) = line(rest) else {
            return Reading { place: Place::Inside("in the header section"), ..reading };
        };
        rest = after;
        if field_line.is_empty() {
            break;
        }
        let colon = field_line.iter().position(|octet| *octet == b':');
        let text = |octets: &[u8]| String::from_utf8_lossy(octets.trim_ascii()).to_ascii_lowercase();
        match (field_line[0], colon) {
            (b' ' | b'\t', _) => {
                let (_, value) = fields.last_mut().expect("no sample begins with a folded line");
                *value = format!("{value} {}", text(field_line));
            }
            (_, Some(colon)) if is_token(field_line[..colon].trim_ascii_end()) => {
                fields.push((text(&field_line[..colon]), text(&field_line[colon + 1..])));
            }
            _ => reading.state = Some(Malformed("a line that is no field line")),
        }
    }
    reading.rest = rest;
    content(reading, rest, method, &fields)
}

/// 6.3: what delimits the content.
fn content<'a>(mut reading: Reading<'a>, rest: &'a [u8], method: &str, fields: &[(String, String)]) -> Reading<'a> {
    let list = |wanted: &str| -> Vec<String> {
        let values = fields.iter().filter(|(name, _)| name == wanted).flat_map(|(_, value)| value.split(','));
        values.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect()
    };
    let has = |wanted: &str| fields.iter().any(|(name, _)| name == wanted);
    // 1.
    if method == "HEAD" || matches!(reading.status, Some(100..=199 | 204 | 304)) {
        return settled(reading, Complete("no content"));
    }
    // 3. and 4.
    if has("transfer-encoding") {
        if list("transfer-encoding").last().is_some_and(|coding| coding == "chunked") {
            return chunked(reading, rest);
        }
        return Reading { content: rest.to_vec(), place: Place::UntilClose, ..reading };
    }
    // 5. and 6.
    if has("content-length") {
        let mut lengths = list("content-length");
        lengths.dedup();
        let [length] = &lengths[..] else {
            return settled(reading, Malformed("content-length is invalid or contradicts itself"));
        };
        let Some(length) = length.parse::<usize>().ok().filter(|_| length.bytes().all(|o| o.is_ascii_digit())) else {
            return settled(reading, Malformed("content-length is invalid or contradicts itself"));
        };
        reading.content = rest[..length.min(rest.len())].to_vec();
        if reading.content.len() == length {
            return settled(reading, Complete("content-length"));
        }
        reading.place = Place::Counted(format!("{} of {length} octets", reading.content.len()));
        return reading;
    }
    // 8.
    Reading { content: rest.to_vec(), place: Place::UntilClose, ..reading }
}

/// The first fault stands.
fn settled<'a>(reading: Reading<'a>, settled: Settled) -> Reading<'a> {
    Reading { state: reading.state.or(Some(settled)), ..reading }
}

/// 7.1.
fn chunked<'a>(mut reading: Reading<'a>, mut rest: &'a [u8]) -> Reading<'a> {
    let mut chunks = 0;
    let inside = |reading: Reading<'a>, place| Reading { place: Place::Inside(place), ..reading };
    loop {
        let digits = rest.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
        if rest.is_empty() {
            let s = if chunks == 1 { "" } else { "s" };
            return Reading { place: Place::Counted(format!("{chunks} chunk{s}, no last-chunk")), ..reading };
        }
        let significant = rest[..digits].iter().skip_while(|octet| **octet == b'0').count();
        if significant > 16 {
            return settled(reading, Malformed("chunk-size is past 64 bits"));
        }
        let after = &rest[digits..];
        let not_hexadecimal = Malformed("chunk-size is not hexadecimal");
        if digits == 0 {
            return settled(reading, not_hexadecimal);
        }
        // BWS, then chunk-ext, of which nothing is interpreted, or the line end.
        let after = &after[after.iter().take_while(|octet| matches!(octet, b' ' | b'\t')).count()..];
        let data = match after {
            [] | [b'\r'] => return inside(reading, "inside chunk-size"),
            [b'\n', data @ ..] | [b'\r', b'\n', data @ ..] => data,
            [b';', ..] => match line(after) {
                Some((_, data)) => data,
                None => return inside(reading, "inside chunk-size"),
            },
            _ => return settled(reading, not_hexadecimal),
        };
        let size = std::str::from_utf8(&rest[..digits]).expect("hexadecimal digits");
        let size = u64::from_str_radix(&size[digits - significant..], 16).unwrap_or(0);
        if size == 0 {
            return trailers(reading, data);
        }
        if (data.len() as u64) < size {
            reading.content.extend_from_slice(data);
            return inside(reading, "inside chunk-data");
        }
        let (chunk, after) = data.split_at(size as usize);
        reading.content.extend_from_slice(chunk);
        match after {
            [] | [b'\r'] => return inside(reading, "after chunk-data"),
            [b'\r', b'\n', next @ ..] => rest = next,
            _ => return settled(reading, Malformed("chunk-data is not followed by CRLF")),
        }
        chunks += 1;
    }
}

/// 7.1.2.
fn trailers<'a>(mut reading: Reading<'a>, mut rest: &'a [u8]) -> Reading<'a> {
    while let Some((field_line, after)) = line(rest) {
        rest = after;
        if field_line.is_empty() {
            return settled(Reading { rest, ..reading }, Complete("last-chunk"));
        }
        let colon = field_line.iter().position(|octet| *octet == b':');
        if !colon.is_some_and(|colon| is_token(&field_line[..colon])) {
            reading = settled(reading, Malformed("a line that is no field line"));
        }
    }
    Reading { place: Place::Inside("in the trailer section"), ..reading }
}
