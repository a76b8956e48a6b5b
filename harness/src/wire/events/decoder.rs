//! The interpretation, line by line.

use std::mem;
use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr, memchr2};

use super::{Event, Pending};

/// Interprets an event stream as its octets come. How they are sliced changes nothing; time is linear; nothing is
/// rejected. Holds the line and the block that are not ended, nothing before them.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// Octets so far.
    at: usize,
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

/// The fields since the last empty line.
#[derive(Clone, Debug, Default)]
struct Block {
    /// The lines so far; none if no line has ended.
    range: Option<Range<usize>>,
    event: Option<String>,
    data: Option<String>,
    sets_id: bool,
}

/// The fields that have a meaning.
const FIELDS: [&[u8]; 4] = [b"data", b"event", b"id", b"retry"];

/// UTF-8 decode takes it off the front of the stream, once.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Decoder {
    /// At the beginning of a stream.
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// Interprets further octets; returns the events that they dispatch.
    pub fn push(&mut self, octets: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        let mut rest = octets;
        while let [first, ..] = rest {
            if mem::take(&mut self.after_cr) && *first == b'\n' {
                self.at += 1;
                self.line_at = self.at;
                // The line that the CR ended is a line of this block, unless it was the empty line before it.
                if let Some(range) = &mut self.block.range {
                    range.end = self.at;
                }
                rest = &rest[1..];
                continue;
            }
            let Some(end) = memchr2(b'\r', b'\n', rest) else {
                self.line.extend_from_slice(rest);
                self.at += rest.len();
                break;
            };
            self.at += end + 1;
            self.after_cr = rest[end] == b'\r';
            let text = &rest[..end];
            if self.line.is_empty() {
                events.extend(self.end_line(text));
            } else {
                let mut line = mem::take(&mut self.line);
                line.extend_from_slice(text);
                events.extend(self.end_line(&line));
                // Kept for its room.
                line.clear();
                self.line = line;
            }
            self.line_at = self.at;
            rest = &rest[end + 1..];
        }
        self.dispatched += events.len();
        events
    }

    /// What would be discarded if the stream ended here; none if nothing would. Comments, unknown fields and a
    /// reconnection time, which counts at once, are nothing to discard.
    pub fn pending(&self) -> Option<Pending> {
        let unfinished = self.may_become_a_field().then_some(self.line_at..self.at);
        let block = &self.block;
        if block.event.is_none() && block.data.is_none() && !block.sets_id && unfinished.is_none() {
            return None;
        }
        let start = match &block.range {
            Some(range) => range.start,
            None => self.line_at + self.mark_len(&self.line),
        };
        Some(Pending {
            range: start..self.at,
            event: block.event.clone(),
            data: block.data.clone(),
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

    /// `text` is the line that ends at `self.at`, without its end.
    fn end_line(&mut self, text: &[u8]) -> Option<Event> {
        let mark = self.mark_len(text);
        let text = &text[mark..];
        if text.is_empty() {
            return self.dispatch();
        }
        let start = self.line_at + mark;
        let end = self.at;
        self.block.range.get_or_insert(start..end).end = end;
        let (name, value) = match memchr(b':', text) {
            Some(0) => {
                self.comments += 1;
                return None;
            }
            Some(colon) => {
                let value = &text[colon + 1..];
                (&text[..colon], value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (text, &b""[..]),
        };
        self.process(name, value);
        None
    }

    fn process(&mut self, name: &[u8], value: &[u8]) {
        // Decoding line by line is decoding the whole: a line end is ASCII, which no invalid sequence swallows.
        let decoded = || String::from_utf8_lossy(value);
        match name {
            b"event" => self.block.event = Some(decoded().into_owned()),
            b"data" => match &mut self.block.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(&decoded());
                }
                none => *none = Some(decoded().into_owned()),
            },
            b"id" if !value.contains(&0) => {
                self.id_buffer = decoded().into();
                self.block.sets_id = true;
            }
            // The specification leaves the empty value open; readers ignore it.
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let ms = value.iter().fold(0_u64, |sum, d| {
                    sum.saturating_mul(10).saturating_add(u64::from(d - b'0'))
                });
                self.retry_ms = Some(ms);
            }
            _ => {}
        }
    }

    fn dispatch(&mut self) -> Option<Event> {
        let block = mem::take(&mut self.block);
        if block.sets_id {
            self.last_event_id = self.id_buffer.clone();
        }
        Some(Event {
            data: block.data?,
            // An empty type is no type.
            event: block
                .event
                .filter(|event| !event.is_empty())
                .unwrap_or_else(|| "message".to_owned()),
            id: self.last_event_id.clone(),
            range: block.range?,
            dispatched_at: self.at,
        })
    }

    /// The length of the byte order mark at the front of this line, if it is the first of the stream.
    fn mark_len(&self, line: &[u8]) -> usize {
        if self.line_at == 0 && line.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        }
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
