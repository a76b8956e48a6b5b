//! The content of a response as it arrived: what each arrival brought, and the events in it, with their instants.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use flate2::write::{MultiGzDecoder, ZlibDecoder};
use harness::wire::events;
use harness::wire::notation::printable;

use super::utf8::{MARK, NotUtf8, Utf8};

/// So many octets of content are taken off a coding at most: what a few octets can swell to has no bound.
const MOST_DECODED: usize = 64 * 1024 * 1024;
/// So many coded octets are given to a decoder at once; they come to 4 MiB at most.
const SLICE: usize = 4096;
/// So many events are kept at most; those after them are only counted.
const MOST_EVENTS: usize = 1 << 20;
/// So many octets of the beginning are kept.
const START: usize = 32;
/// So many octets of the end are kept.
const TAIL: usize = 64;

/// What one read, or one DATA frame, brought; all counts are sums since the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When, counted from the request.
    pub at: Duration,
    /// Octets of content, as they were sent.
    pub octets: usize,
    /// The same without the content coding.
    pub decoded: usize,
    /// Events dispatched.
    pub events: usize,
    /// Comments.
    pub comments: usize,
    /// Whether it ended inside a line.
    pub inside_line: bool,
}

/// An event, and when it was dispatched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed {
    /// When, counted from the request.
    pub at: Duration,
    /// Where it begins in the content without its coding.
    pub start: usize,
    /// The offset after the octet that dispatched it.
    pub end: usize,
    /// The last event ID with it.
    pub id: Option<Arc<str>>,
}

/// How the content is coded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coding {
    /// It is not.
    Identity,
    /// It is, and was taken off: the name.
    Decoded(String),
    /// It is, and cannot be taken off here: the name.
    Unknown(String),
    /// It is not what it says it is: the name, and what is wrong.
    Broken(String, String),
    /// It swells to more than is taken off: the name, and how much that is.
    Bomb(String, usize),
}

/// The events of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Events {
    /// How many were dispatched.
    pub dispatched: usize,
    /// The first of them.
    pub timed: Vec<Timed>,
    /// Whether one waits for its empty line.
    pub pending: bool,
    /// The last event ID.
    pub last_id: String,
    /// The reconnection time.
    pub retry: Option<Duration>,
    /// Comments.
    pub comments: usize,
    /// Whether there is nothing but empty lines, and a byte order mark at most.
    pub is_blank: bool,
}

/// The content of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// What arrived when.
    pub arrivals: Vec<Arrival>,
    /// How it is coded.
    pub coding: Coding,
    /// Its events; none when it is no event stream, or cannot be decoded.
    pub events: Option<Events>,
    /// Where the text of its events is no UTF-8.
    pub not_utf8: Option<NotUtf8>,
    /// Whether the application's own end mark was among it, if one was asked for.
    pub has_mark: Option<bool>,
    /// The first octets, without the coding.
    pub start: Vec<u8>,
    /// The last octets, without the coding.
    pub tail: Vec<u8>,
}

impl Content {
    /// Octets of content as they were sent.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.arrivals.last().map_or(0, |last| last.octets)
    }
}

/// Takes content as it arrives.
#[derive(Debug)]
pub struct Intake {
    decoder: Decoder,
    events: Option<(events::Decoder, Events)>,
    utf8: Utf8,
    /// Octets that are no line ends.
    in_lines: usize,
    mark: Option<String>,
    has_mark: bool,
    most_decoded: usize,
    content: Content,
}

#[derive(Debug)]
enum Decoder {
    None,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Deflate(Box<ZlibDecoder<Vec<u8>>>),
    /// Nothing can be said of the content any more.
    Lost,
}

impl Intake {
    /// For content with this media type and coding, as the header section says, and the end mark that is asked for.
    #[must_use]
    pub fn new(media_type: Option<&[u8]>, coding: Option<&[u8]>, mark: Option<&str>) -> Self {
        let name = coding.map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase());
        let (decoder, coding) = match name.as_deref() {
            None | Some("" | "identity") => (Decoder::None, Coding::Identity),
            Some("gzip" | "x-gzip") => {
                (Decoder::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))), Coding::Decoded("gzip".to_owned()))
            }
            Some("deflate") => {
                (Decoder::Deflate(Box::new(ZlibDecoder::new(Vec::new()))), Coding::Decoded("deflate".to_owned()))
            }
            Some(other) => (Decoder::Lost, Coding::Unknown(printable(other))),
        };
        let is_stream = media_type.is_some_and(is_event_stream);
        Self {
            decoder,
            events: is_stream.then(Default::default),
            utf8: Utf8::default(),
            in_lines: 0,
            mark: mark.map(str::to_owned),
            has_mark: false,
            most_decoded: MOST_DECODED,
            content: Content {
                arrivals: Vec::new(),
                coding,
                events: None,
                not_utf8: None,
                has_mark: None,
                start: Vec::new(),
                tail: Vec::new(),
            },
        }
    }

    /// This arrived, then.
    pub fn push(&mut self, at: Duration, octets: &[u8]) {
        if octets.is_empty() {
            return;
        }
        let before = self.content.arrivals.last();
        let (octets_before, mut decoded) = before.map_or((0, 0), |before| (before.octets, before.decoded));
        match &mut self.decoder {
            Decoder::None => {
                decoded += octets.len();
                self.take(at, octets);
            }
            Decoder::Lost => {}
            Decoder::Gzip(_) | Decoder::Deflate(_) => {
                for slice in octets.chunks(SLICE) {
                    let plain = self.decode(slice, decoded);
                    decoded += plain.len();
                    self.take(at, &plain);
                }
            }
        }
        let events = self.events.as_ref();
        self.content.arrivals.push(Arrival {
            at,
            octets: octets_before + octets.len(),
            decoded,
            events: events.map_or(0, |(decoder, _)| decoder.dispatched()),
            comments: events.map_or(0, |(decoder, _)| decoder.comments()),
            inside_line: self.content.tail.last().is_some_and(|last| !matches!(last, b'\n' | b'\r')),
        });
    }

    fn decode(&mut self, octets: &[u8], so_far: usize) -> Vec<u8> {
        fn feed<W: Write>(decoder: &mut W, octets: &[u8]) -> io::Result<()> {
            decoder.write_all(octets)?;
            decoder.flush()
        }
        let (name, fed, plain) = match &mut self.decoder {
            Decoder::Gzip(gzip) => ("gzip", feed(&mut **gzip, octets), std::mem::take(gzip.get_mut())),
            Decoder::Deflate(zlib) => ("deflate", feed(&mut **zlib, octets), std::mem::take(zlib.get_mut())),
            Decoder::None | Decoder::Lost => return Vec::new(),
        };
        let lost = match fed {
            Err(error) => Some(Coding::Broken(name.to_owned(), error.to_string())),
            Ok(()) if so_far + plain.len() > self.most_decoded => {
                Some(Coding::Bomb(name.to_owned(), self.most_decoded))
            }
            Ok(()) => None,
        };
        if let Some(coding) = lost {
            self.content.coding = coding;
            self.decoder = Decoder::Lost;
        }
        plain
    }

    fn take(&mut self, at: Duration, plain: &[u8]) {
        let start = &mut self.content.start;
        start.extend_from_slice(&plain[..plain.len().min(START - start.len())]);
        let tail = &mut self.content.tail;
        if let (None, Some(mark)) = (&self.events, &self.mark) {
            // No event stream: the mark is wherever its octets are.
            let keep = mark.len().saturating_sub(1).min(tail.len());
            let around = [&tail[tail.len() - keep..], plain].concat();
            self.has_mark |= memchr::memmem::find(&around, mark.as_bytes()).is_some();
        }
        let most = TAIL.max(self.mark.as_ref().map_or(0, String::len));
        tail.extend_from_slice(&plain[plain.len().saturating_sub(most)..]);
        tail.drain(..tail.len().saturating_sub(most));
        let Some((decoder, events)) = &mut self.events else { return };
        self.utf8.push(plain);
        if self.in_lines <= MARK.len() {
            self.in_lines += plain.iter().filter(|octet| !matches!(octet, b'\n' | b'\r')).count();
        }
        let (mark, has_mark) = (self.mark.as_deref(), &mut self.has_mark);
        decoder.push_with(plain, |event| {
            *has_mark |= mark.is_some_and(|mark| event.event == mark || event.data.trim() == mark);
            if events.timed.len() < MOST_EVENTS {
                let id = event.id.cloned();
                events.timed.push(Timed { at, start: event.range.start, end: event.dispatched_at, id });
            }
        });
    }

    /// The content, to its end.
    #[must_use]
    pub fn finish(mut self) -> Content {
        self.content.tail.drain(..self.content.tail.len().saturating_sub(TAIL));
        self.content.has_mark = self.mark.is_some().then_some(self.has_mark);
        let is_readable = matches!(self.content.coding, Coding::Identity | Coding::Decoded(_));
        self.content.not_utf8 = self.utf8.broken().filter(|_| is_readable);
        let mark = if self.content.start.starts_with(MARK) { MARK.len() } else { 0 };
        let is_blank = self.in_lines == mark;
        self.content.events = self.events.filter(|_| is_readable).map(|(decoder, events)| Events {
            dispatched: decoder.dispatched(),
            pending: decoder.pending().is_some(),
            last_id: decoder.last_event_id().to_owned(),
            retry: decoder.retry_ms().map(Duration::from_millis),
            comments: decoder.comments(),
            is_blank,
            ..events
        });
        self.content
    }
}

/// Whether a media type is that of event streams, without its parameters (RFC 9110 8.3.1).
#[must_use]
pub fn is_event_stream(media_type: &[u8]) -> bool {
    let essence = media_type.split(|octet| *octet == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"text/event-stream")
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use rstest::rstest;

    use super::*;

    const STREAM: Option<&[u8]> = Some(b"Text/Event-Stream; charset=utf-8");

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn an_event_has_the_instant_of_the_octet_that_dispatched_it() {
        let mut intake = Intake::new(STREAM, None, None);
        intake.push(ms(10), b"id: 7\ndata: one\n\nda");
        intake.push(ms(500), b"ta: two\n");
        intake.push(ms(900), b"\n: beat\ndata");
        let content = intake.finish();
        let events = content.events.expect("an event stream");
        let timed: Vec<_> = events.timed.iter().map(|event| (event.at, event.start, event.end)).collect();
        assert_eq!(timed, [(ms(10), 0, 17), (ms(900), 17, 28)]);
        assert_eq!((events.dispatched, events.pending, events.comments), (2, true, 1));
        assert_eq!(events.last_id, "7");
        assert_eq!(content.arrivals.iter().map(|arrival| arrival.inside_line).collect::<Vec<_>>(), [true, false, true]);
        assert_eq!(content.arrivals.iter().map(|arrival| arrival.events).collect::<Vec<_>>(), [1, 1, 2]);
    }

    #[test]
    fn an_event_that_a_compressor_has_flushed_is_there_at_once() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let mut intake = Intake::new(STREAM, Some(b"gzip"), None);
        for (at, event) in [(1, "data: one\n\n"), (2, "data: two\n\n")] {
            encoder.write_all(event.as_bytes()).expect("a vector takes it");
            encoder.flush().expect("a vector takes it");
            intake.push(ms(at), &std::mem::take(encoder.get_mut()));
        }
        let content = intake.finish();
        assert_eq!(content.coding, Coding::Decoded("gzip".to_owned()));
        let at = content.events.expect("an event stream").timed.iter().map(|event| event.at).collect::<Vec<_>>();
        assert_eq!(at, [ms(1), ms(2)]);
    }

    #[test]
    fn what_swells_without_end_is_not_taken_off_to_its_end() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![b':'; 1 << 20]).expect("a vector takes it");
        let mut intake = Intake { most_decoded: 1 << 16, ..Intake::new(STREAM, Some(b"gzip"), None) };
        intake.push(ms(1), &encoder.finish().expect("a vector takes it"));
        let content = intake.finish();
        assert_eq!((content.coding, content.events), (Coding::Bomb("gzip".to_owned(), 1 << 16), None));
    }

    #[rstest]
    #[case::a_coding_not_known_here(&b"br"[..], Coding::Unknown("br".to_owned()))]
    #[case::octets_that_are_not_what_they_say(b"gzip", Coding::Broken("gzip".to_owned(), "invalid gzip header".to_owned()))]
    fn what_cannot_be_decoded_says_so(#[case] name: &[u8], #[case] coding: Coding) {
        let mut intake = Intake::new(STREAM, Some(name), None);
        intake.push(ms(1), b"data: one, and more of it than a header takes\n\n");
        let content = intake.finish();
        assert_eq!((content.coding, content.events), (coding, None));
    }

    #[rstest]
    #[case::data(STREAM, &["data: {}\n\ndata: [DONE]\n\n"], "[DONE]", true)]
    #[case::data_of_an_event_that_is_pending(STREAM, &["data: {}\n\ndata: [DONE]\n"], "[DONE]", false)]
    #[case::a_type(STREAM, &["event: message_stop\ndata: {}\n\n"], "message_stop", true)]
    #[case::inside_data(STREAM, &["data: not [DONE]\n\n"], "[DONE]", false)]
    #[case::no_event_stream(Some(&b"text/plain"[..]), &["all [DO", "NE]"], "[DONE]", true)]
    #[case::no_event_stream_cut(Some(&b"text/plain"[..]), &["all [DO", "NE"], "[DONE]", false)]
    fn the_end_mark_is_found(
        #[case] media_type: Option<&[u8]>,
        #[case] pieces: &[&str],
        #[case] mark: &str,
        #[case] has_mark: bool,
    ) {
        let mut intake = Intake::new(media_type, None, Some(mark));
        for piece in pieces {
            intake.push(ms(1), piece.as_bytes());
        }
        assert_eq!(intake.finish().has_mark, Some(has_mark));
    }
}
