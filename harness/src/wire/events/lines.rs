//! What each line of an event stream does (WHATWG HTML 9.2.6), wherever its octets lie.

use std::borrow::Cow;
use std::str;
use std::sync::Arc;

use memchr::memchr;

use super::block::Block;
use super::{BorrowedEvent, MESSAGE, scan};

/// The stream up to its last line end.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    /// Where the next line begins.
    pub(super) at: usize,
    pub(super) block: Block,
    /// None: empty.
    pub(super) last_event_id: Option<Arc<str>>,
    /// Set when a block sets it, and kept until another does: WHATWG's "last event ID buffer".
    pub(super) id_buffer: Option<Arc<str>>,
    pub(super) retry_ms: Option<u64>,
    pub(super) comments: usize,
    pub(super) dispatched: usize,
}

/// UTF-8 decode takes it off the front of the stream, once.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Lines {
    /// Takes a whole line, without its end, which is one octet so far.
    pub(super) fn take(&mut self, line: &[u8], each: &mut impl FnMut(BorrowedEvent<'_>)) {
        let start = self.at + self.mark_len(line);
        let text = &line[start - self.at..];
        self.at += line.len() + 1;
        if text.is_empty() {
            return self.dispatch(each);
        }
        self.block.range.get_or_insert(start..self.at).end = self.at;
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

    /// Takes a line and the empty line behind it if they are an event, each line ended by LF. Says whether.
    #[inline]
    pub(super) fn take_event(&mut self, line: &[u8], each: &mut impl FnMut(BorrowedEvent<'_>)) -> bool {
        let Some(value) = line.strip_prefix(b"data:").filter(|_| self.block.range.is_none()) else { return false };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        self.hand_over(&decoded(value), line.len(), each);
        true
    }

    /// Takes the events at the front of `text` that are one line `data:` each, for as long as there is another; how many
    /// octets they are. No CR is in `text`, and a block begins with it.
    pub(super) fn take_events(&mut self, text: &str, each: &mut impl FnMut(BorrowedEvent<'_>)) -> usize {
        text.len() - self.take_events_ended_by(scan::lf, text, each).len()
    }

    /// The same where CR may be; what is behind them.
    #[inline]
    pub(super) fn take_plain_events<'a>(&mut self, text: &'a str, each: &mut impl FnMut(BorrowedEvent<'_>)) -> &'a str {
        self.take_events_ended_by(scan::cr_or_lf, text, each)
    }

    #[inline]
    fn take_events_ended_by<'a>(
        &mut self,
        line_end: impl Fn(&[u8]) -> Option<usize>,
        text: &'a str,
        each: &mut impl FnMut(BorrowedEvent<'_>),
    ) -> &'a str {
        let mut rest = text;
        while let Some(value) = rest.strip_prefix("data:")
            && let Some(end) = line_end(value.as_bytes())
            && let Some((value, behind)) = value.split_at_checked(end)
            && let Some(behind) = behind.strip_prefix("\n\n")
        {
            self.hand_over(value.strip_prefix(' ').unwrap_or(value), b"data:".len() + end, each);
            rest = behind;
        }
        rest
    }

    /// Dispatches an event of one line of this length, not counting its LF.
    #[inline]
    fn hand_over(&mut self, data: &str, line: usize, each: &mut impl FnMut(BorrowedEvent<'_>)) {
        let start = self.at;
        let end = start + line + 1;
        self.at = end + 1;
        self.dispatched += 1;
        let id = self.last_event_id.as_ref();
        each(BorrowedEvent { event: MESSAGE, data, id, range: start..end, dispatched_at: end + 1 });
    }

    fn process(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"data" => self.block.add_data(&decoded(value)),
            b"event" => self.block.set_event(&decoded(value)),
            b"id" if !value.contains(&0) => {
                self.id_buffer = (!value.is_empty()).then(|| decoded(value).into());
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

    /// The empty line ends before `at`.
    fn dispatch(&mut self, each: &mut impl FnMut(BorrowedEvent<'_>)) {
        let block = &self.block;
        if block.sets_id {
            self.last_event_id = self.id_buffer.clone();
        }
        if let (Some(data), Some(range)) = (block.data(), &block.range) {
            self.dispatched += 1;
            each(BorrowedEvent {
                // An empty type is no type.
                event: block.event().filter(|event| !event.is_empty()).unwrap_or(MESSAGE),
                data,
                id: self.last_event_id.as_ref(),
                range: range.clone(),
                dispatched_at: self.at,
            });
        }
        self.block.clear();
    }

    /// The length of the byte order mark at the front of this line, if it is the first of the stream.
    pub(super) fn mark_len(&self, line: &[u8]) -> usize {
        if self.at == 0 && line.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 }
    }
}

/// UTF-8 decode, which replaces what is not UTF-8. Decoding line by line is decoding the whole: a line end is ASCII, which
/// no invalid sequence swallows.
fn decoded(value: &[u8]) -> Cow<'_, str> {
    // Most values are UTF-8, which is quicker to find out without looking for pieces that are not.
    str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed)
}
