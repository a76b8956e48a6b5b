//! Lines out of slices: where they begin and end, and what is kept of one that is not ended.

use std::mem;
use std::str;

use memchr::memchr;

use super::lines::Lines;
use super::{BorrowedEvent, Event, Pending, scan};

/// Interprets an event stream as its octets come. How they are sliced changes nothing; time is linear; nothing is
/// rejected. Holds the line and the block that are not ended, nothing before them.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// The octets of the line that is not ended.
    line: Vec<u8>,
    /// Whether the last octet was a CR: a LF after it is the same line end.
    after_cr: bool,
    /// The lines before it.
    lines: Lines,
}

/// The fields that have a meaning.
const FIELDS: [&[u8]; 4] = [b"data", b"event", b"id", b"retry"];

/// How many octets are looked at as a whole, before their lines: little enough to be at hand when their lines are.
const WINDOW: usize = 8 * 1024;

/// With fewer octets than this it does not pay.
const SMALL: usize = 128;

/// For so many events room is made at once: of a slice that begins with the shortest ones, nothing is known about the rest.
const MOST_AT_ONCE: usize = 2048;

impl Decoder {
    /// At the beginning of a stream.
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// Interprets further octets; returns the events that they dispatch.
    pub fn push(&mut self, octets: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        self.push_with(octets, |event| {
            if events.is_empty() {
                // As many as there would be if all were like the first.
                let length = event.dispatched_at - event.range.start;
                events.reserve((octets.len() / length).clamp(1, MOST_AT_ONCE));
            }
            events.push(event.to_event());
        });
        events
    }

    /// Interprets further octets; hands over each event that they dispatch, in order, and copies none that lies whole
    /// in these octets and is one field.
    #[inline]
    pub fn push_with(&mut self, octets: &[u8], mut each: impl FnMut(BorrowedEvent<'_>)) {
        match *octets {
            // An octet inside a line, alone: a reader of one octet at a time comes with these.
            [octet] if octet != b'\r' && octet != b'\n' => {
                self.after_cr = false;
                self.line.push(octet);
            }
            _ => self.push_lines(octets, &mut each),
        }
    }

    /// The same of octets that are known to be UTF-8.
    #[inline]
    pub fn push_text_with(&mut self, text: &str, mut each: impl FnMut(BorrowedEvent<'_>)) {
        let mut rest = text;
        if self.line.is_empty() && !self.after_cr && self.lines.block.range.is_none() {
            rest = self.lines.take_plain_events(text, &mut each);
        }
        if !rest.is_empty() {
            self.push_lines(rest.as_bytes(), &mut each);
        }
    }

    /// What would be discarded if the stream ended here; none if nothing would. Comments, unknown fields and a
    /// reconnection time, which counts at once, are nothing to discard.
    pub fn pending(&self) -> Option<Pending> {
        let line = self.lines.at + self.lines.mark_len(&self.line);
        let end = self.lines.at + self.line.len();
        let unfinished = self.may_become_a_field().then_some(line..end);
        let block = &self.lines.block;
        if !self.has_pending() {
            return None;
        }
        Some(Pending {
            range: block.range.as_ref().map_or(line, |range| range.start)..end,
            event: block.event().map(str::to_owned),
            data: block.data().map(str::to_owned),
            id: block.sets_id.then(|| self.lines.id_buffer.clone().unwrap_or_default()),
            unfinished,
        })
    }

    /// Whether there is anything [`Decoder::pending`].
    pub fn has_pending(&self) -> bool {
        let block = &self.lines.block;
        block.event().is_some() || block.data().is_some() || block.sets_id || self.may_become_a_field()
    }

    /// The last event ID: what a reader would send to resume. A block sets it when its empty line comes, even if it
    /// dispatches nothing.
    pub fn last_event_id(&self) -> &str {
        self.lines.last_event_id.as_deref().unwrap_or_default()
    }

    /// The reconnection time in milliseconds, if a field set it. A value past 64 bits counts as the largest.
    pub fn retry_ms(&self) -> Option<u64> {
        self.lines.retry_ms
    }

    /// Comments so far, whose line has ended.
    pub fn comments(&self) -> usize {
        self.lines.comments
    }

    /// Events dispatched so far.
    pub fn dispatched(&self) -> usize {
        self.lines.dispatched
    }

    fn push_lines(&mut self, octets: &[u8], each: &mut impl FnMut(BorrowedEvent<'_>)) {
        let Self { line, after_cr, lines } = self;
        let mut rest = octets;
        // Behind these octets, counted from the end, nothing was looked at as a whole.
        let mut window = usize::MAX;
        while let Some(first) = rest.first() {
            if mem::take(after_cr) && *first == b'\n' {
                rest = &rest[1..];
                lines.at += 1;
                // The line that the CR ended is a line of this block, unless it was the empty line before it.
                if let Some(range) = &mut lines.block.range {
                    range.end = lines.at;
                }
                continue;
            }
            if rest.len() >= SMALL && rest.len() <= window && line.is_empty() && lines.block.range.is_none() {
                let front = &rest[..rest.len().min(WINDOW)];
                window = rest.len() - front.len();
                rest = &rest[lines.take_events(plain_text(front), each)..];
            }
            let Some(end) = scan::cr_or_lf(rest) else {
                line.extend_from_slice(rest);
                break;
            };
            let (mut text, behind) = rest.split_at(end);
            if !line.is_empty() {
                line.extend_from_slice(text);
                text = line;
            }
            if let [b'\n', b'\n', behind @ ..] = behind
                && lines.take_event(text, each)
            {
                rest = behind;
            } else {
                *after_cr = behind[0] == b'\r';
                lines.take(text, each);
                rest = &behind[1..];
            }
            // Kept for its room.
            line.clear();
        }
    }

    fn may_become_a_field(&self) -> bool {
        let text = &self.line[self.lines.mark_len(&self.line)..];
        // A retry field counts at once when its line ends, so that it is no part of an event; but it is lost, too.
        match memchr(b':', text) {
            Some(colon) => FIELDS.contains(&&text[..colon]),
            None => !text.is_empty() && FIELDS.iter().any(|field| field.starts_with(text)),
        }
    }
}

/// The front of a slice that has no CR and nothing that is not UTF-8.
fn plain_text(octets: &[u8]) -> &str {
    let octets = memchr(b'\r', octets).map_or(octets, |cr| &octets[..cr]);
    // Which says yes or no, and that quickly; where the first fault is, is asked only if there is one.
    simdutf8::basic::from_utf8(octets).unwrap_or_else(|_| match str::from_utf8(octets) {
        Ok(text) => text,
        Err(error) => str::from_utf8(&octets[..error.valid_up_to()]).unwrap_or_default(),
    })
}
