//! The interpretation, line by line; and events of one line in bulk.

use std::borrow::Cow;
use std::mem;
use std::str;
use std::sync::Arc;

use memchr::memchr;

use super::block::Block;
use super::{BorrowedEvent, Event, MESSAGE, Pending, scan};

/// Interprets an event stream as its octets come. How they are sliced changes nothing; time is linear; nothing is
/// rejected. Holds the line and the block that are not ended, nothing before them.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// The octets of the line that is not ended.
    line: Vec<u8>,
    /// Where that line began.
    line_at: usize,
    /// Whether the last octet was a CR: a LF after it is the same line end.
    after_cr: bool,
    block: Block,
    last_event_id: Arc<str>,
    /// Set when a block sets it, and kept until another does: WHATWG's "last event ID buffer".
    id_buffer: Arc<str>,
    retry_ms: Option<u64>,
    comments: usize,
    dispatched: usize,
}

/// The fields that have a meaning.
const FIELDS: [&[u8]; 4] = [b"data", b"event", b"id", b"retry"];

/// UTF-8 decode takes it off the front of the stream, once.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// From how many octets on it pays to look at a slice as a whole before its lines, in octets.
const BULK: usize = 128;

impl Decoder {
    /// At the beginning of a stream.
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// Interprets further octets; returns the events that they dispatch.
    pub fn push(&mut self, octets: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        self.push_with(octets, |event| events.push(event.to_event()));
        events
    }

    /// Interprets further octets; hands over each event that they dispatch, in order, and copies none that lies whole
    /// in these octets on a line of its own.
    #[inline]
    pub fn push_with(&mut self, octets: &[u8], mut each: impl FnMut(BorrowedEvent<'_>)) {
        match *octets {
            // An octet inside a line, alone: readers of one octet at a time are made of these.
            [octet] if octet != b'\r' && octet != b'\n' => {
                self.after_cr = false;
                self.line.push(octet);
            }
            _ => self.push_lines(octets, &mut each),
        }
    }

    /// What would be discarded if the stream ended here; none if nothing would. Comments, unknown fields and a
    /// reconnection time, which counts at once, are nothing to discard.
    pub fn pending(&self) -> Option<Pending> {
        let at = self.line_at + self.line.len();
        let unfinished = self.may_become_a_field().then_some(self.line_at..at);
        let block = &self.block;
        if block.event().is_none() && block.data().is_none() && !block.sets_id && unfinished.is_none() {
            return None;
        }
        let start = match &block.range {
            Some(range) => range.start,
            None => self.line_at + self.mark_len(&self.line),
        };
        Some(Pending {
            range: start..at,
            event: block.event().map(str::to_owned),
            data: block.data().map(str::to_owned),
            id: block.sets_id.then(|| self.id_buffer.clone()),
            unfinished: unfinished.map(|line| line.start + self.mark_len(&self.line)..line.end),
        })
    }

    /// The last event ID: what a reader would send to resume. A block sets it when its empty line comes, even if it
    /// dispatches nothing.
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// The reconnection time in milliseconds, if a field set it. A value past 64 bits counts as the largest.
    pub fn retry_ms(&self) -> Option<u64> {
        self.retry_ms
    }

    /// Comments so far, whose line has ended.
    pub fn comments(&self) -> usize {
        self.comments
    }

    /// Events dispatched so far.
    pub fn dispatched(&self) -> usize {
        self.dispatched
    }

    fn push_lines(&mut self, octets: &[u8], each: &mut impl FnMut(BorrowedEvent<'_>)) {
        let mut at = 0;
        let mut plain = None;
        while let Some(first) = octets.get(at) {
            if mem::take(&mut self.after_cr) && *first == b'\n' {
                at += 1;
                self.line_at += 1;
                // The line that the CR ended is a line of this block, unless it was the empty line before it.
                if let Some(range) = &mut self.block.range {
                    range.end = self.line_at;
                }
                continue;
            }
            if self.line.is_empty() && self.block.range.is_none() {
                if octets.len() - at >= BULK && plain.is_none() {
                    plain = Some((at, plain_text(&octets[at..])));
                }
                if let Some(text) = plain.and_then(|(from, text)| text.get(at - from..)) {
                    let taken = self.take_single_lines(text, each);
                    at += taken;
                    self.line_at += taken;
                }
            }
            let rest = &octets[at..];
            let Some(end) = scan::cr_or_lf(rest) else {
                self.line.extend_from_slice(rest);
                break;
            };
            self.after_cr = rest[end] == b'\r';
            at += end + 1;
            let text = &rest[..end];
            if self.line.is_empty() {
                self.end_line(text, each);
            } else {
                let mut line = mem::take(&mut self.line);
                line.extend_from_slice(text);
                self.end_line(&line, each);
                // Kept for its room.
                line.clear();
                self.line = line;
            }
        }
    }

    /// Dispatches the events at the front of `text` that are one line `data:` each, for as long as there is another; how
    /// many octets they are. No CR is in `text`, and a block begins with it.
    fn take_single_lines(&mut self, text: &str, each: &mut impl FnMut(BorrowedEvent<'_>)) -> usize {
        let (mut at, mut rest, mut dispatched) = (self.line_at, text, 0);
        while let Some(value) = rest.strip_prefix("data:")
            && let Some(lf) = scan::lf(value.as_bytes())
            && let Some((value, behind)) = value.split_at_checked(lf)
            && let Some(behind) = behind.strip_prefix("\n\n")
        {
            let end = at + b"data:\n".len() + lf;
            dispatched += 1;
            each(BorrowedEvent {
                event: MESSAGE,
                data: value.strip_prefix(' ').unwrap_or(value),
                id: &self.last_event_id,
                range: at..end,
                dispatched_at: end + 1,
            });
            at = end + 1;
            rest = behind;
        }
        self.dispatched += dispatched;
        text.len() - rest.len()
    }

    /// `text` is the whole line, without its end, which is one octet so far.
    fn end_line(&mut self, text: &[u8], each: &mut impl FnMut(BorrowedEvent<'_>)) {
        let start = self.line_at + self.mark_len(text);
        let end = self.line_at + text.len() + 1;
        let text = &text[start - self.line_at..];
        self.line_at = end;
        if text.is_empty() {
            return self.dispatch(each);
        }
        self.block.range.get_or_insert(start..end).end = end;
        let (name, value) = match memchr(b':', text) {
            Some(0) => {
                self.comments += 1;
                return;
            }
            Some(colon) => {
                let value = &text[colon + 1..];
                (&text[..colon], value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (text, &b""[..]),
        };
        self.process(name, value);
    }

    fn process(&mut self, name: &[u8], value: &[u8]) {
        // Decoding line by line is decoding the whole: a line end is ASCII, which no invalid sequence swallows.
        match name {
            b"data" => self.block.add_data(&decoded(value)),
            b"event" => self.block.set_event(&decoded(value)),
            b"id" if !value.contains(&0) => {
                self.id_buffer = decoded(value).into();
                self.block.sets_id = true;
            }
            // The specification leaves the empty value open; readers ignore it.
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let ms = value.iter().fold(0_u64, |sum, d| sum.saturating_mul(10).saturating_add(u64::from(d - b'0')));
                self.retry_ms = Some(ms);
            }
            _ => {}
        }
    }

    /// The empty line ends before `line_at`.
    fn dispatch(&mut self, each: &mut impl FnMut(BorrowedEvent<'_>)) {
        if self.block.sets_id {
            self.last_event_id = self.id_buffer.clone();
        }
        if let (Some(data), Some(range)) = (self.block.data(), &self.block.range) {
            self.dispatched += 1;
            each(BorrowedEvent {
                // An empty type is no type.
                event: self.block.event().filter(|event| !event.is_empty()).unwrap_or(MESSAGE),
                data,
                id: &self.last_event_id,
                range: range.clone(),
                dispatched_at: self.line_at,
            });
        }
        self.block.clear();
    }

    /// The length of the byte order mark at the front of this line, if it is the first of the stream.
    fn mark_len(&self, line: &[u8]) -> usize {
        if self.line_at == 0 && line.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 }
    }

    fn may_become_a_field(&self) -> bool {
        let text = &self.line[self.mark_len(&self.line)..];
        // A retry field counts at once when its line ends, so that it is no part of an event; but it is lost, too.
        match memchr(b':', text) {
            Some(colon) => FIELDS.contains(&&text[..colon]),
            None => !text.is_empty() && FIELDS.iter().any(|field| field.starts_with(text)),
        }
    }
}

/// UTF-8 decode: what is not UTF-8 is replaced.
fn decoded(value: &[u8]) -> Cow<'_, str> {
    // Most values are UTF-8, which is quicker to find out without looking for pieces that are not.
    str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed)
}

/// The front of a slice that has no CR and nothing that is not UTF-8.
fn plain_text(octets: &[u8]) -> &str {
    let octets = memchr(b'\r', octets).map_or(octets, |cr| &octets[..cr]);
    match str::from_utf8(octets) {
        Ok(text) => text,
        Err(error) => str::from_utf8(&octets[..error.valid_up_to()]).unwrap_or_default(),
    }
}
