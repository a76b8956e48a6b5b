//! Following a stream without an account of it: its content is handed over, its spans are forgotten.

use super::{Direction, Labeller, Phase, chunked::size_line};
use crate::wire::h1::{End, Message};

/// A piece of the content of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// What is known to be UTF-8 by itself, because it was looked at together with what is around it.
    Text(&'a str),
    /// Whatever it may be.
    Octets(&'a [u8]),
}

impl<'a> Content<'a> {
    /// Its octets.
    #[must_use]
    pub fn octets(self) -> &'a [u8] {
        match self {
            Content::Text(text) => text.as_bytes(),
            Content::Octets(octets) => octets,
        }
    }
}

/// How many octets are looked at as a whole: little enough to be at hand when their chunks are.
const WINDOW: usize = 8 * 1024;

/// With fewer octets than this it does not pay.
const SMALL: usize = 128;

impl Labeller {
    /// Takes further octets, hands over the content in them, piece by piece and in order, and keeps no account of it. So it
    /// can follow a response that never ends, and a connection that goes on for ever. What is kept is
    /// - of the spans and of the content's ranges, the last few;
    /// - of a message's deviations the first 1,024, of its trailer section the first 1,023 field lines and the last one;
    /// - the last 16 messages, and where the last 16 final ones ended; [`Labeller::completed`] and the numbers in spans
    ///   count on.
    ///
    /// What is said of these messages otherwise, the head, the state, the chunks, is as after [`Labeller::push`]. A header
    /// section takes room by its length, and so does a line that is not ended.
    pub fn push_with(&mut self, octets: &[u8], mut each: impl FnMut(Content<'_>)) {
        let mut rest = octets;
        while !rest.is_empty() {
            let mut taken = self.pass_whole_chunks(rest, &mut each);
            if taken == 0 {
                let content = matches!(self.phase, Phase::ChunkData { .. } | Phase::Length { .. } | Phase::UntilClose);
                taken = self.take(rest);
                if content {
                    each(Content::Octets(&rest[..taken]));
                }
            }
            rest = &rest[taken..];
            self.forget();
        }
        self.describe(End::Open);
    }

    /// Labels further octets as [`Labeller::push`] does, but of responses none that nobody has asked for yet; how many it
    /// labelled. The others are to be brought again after [`Labeller::expect`].
    pub fn push_asked(&mut self, octets: &[u8]) -> usize {
        let mut rest = octets;
        while !rest.is_empty() && !self.is_unasked() {
            let taken = self.take(rest);
            rest = &rest[taken..];
        }
        let taken = octets.len() - rest.len();
        #[cfg(test)]
        super::LABELLED.set(super::LABELLED.get() + taken);
        self.describe(End::Open);
        taken
    }

    fn is_unasked(&self) -> bool {
        matches!(self.phase, Phase::Idle { .. }) && matches!(self.direction, Direction::Responses { current: None, .. })
    }

    /// Gives away the messages that have ended since this was called last, and forgets the spans but for the last few; what
    /// is kept of the message under way is what [`Labeller::push_with`] keeps. Its content's ranges are those since then.
    pub fn take_ended(&mut self) -> Vec<Message> {
        let under_way = !matches!(self.phase, Phase::Idle { .. } | Phase::Raw | Phase::Surplus);
        let ended = self.messages.len().saturating_sub(usize::from(under_way));
        let messages = self.messages.drain(..ended).collect();
        self.forgotten += ended;
        self.ends_forgotten += self.ends.drain(..).len();
        self.forget();
        messages
    }

    /// Takes whole chunks at the front, without chunk-ext and with nothing to complain of; how many octets they are.
    fn pass_whole_chunks(&mut self, octets: &[u8], each: &mut impl FnMut(Content<'_>)) -> usize {
        let Phase::ChunkSize(line) = self.phase else { return 0 };
        if line.has_begun() {
            return 0;
        }
        let (mut rest, mut chunks) = (octets, 0);
        loop {
            let window = &rest[..rest.len().min(WINDOW)];
            let text = if window.len() < SMALL { "" } else { utf8_at_the_front(window) };
            let (behind, texts) = texts(text, each);
            rest = &rest[text.len() - behind.len()..];
            // What is not text, or longer than the window, up to where the next one would begin.
            let until = (octets.len() - rest.len()) + behind.len().max(1);
            let mut others = 0;
            while octets.len() - rest.len() < until
                && let Some((data, behind)) = chunk(rest)
            {
                each(Content::Octets(data));
                others += 1;
                rest = behind;
            }
            chunks += texts + others;
            if texts + others == 0 {
                break;
            }
        }
        if chunks > 0 {
            self.message().chunks += chunks;
            self.pass(octets.len() - rest.len());
        }
        octets.len() - rest.len()
    }

    /// Forgets the spans but for those that the next octet's label may depend on, where the content was, and of all else
    /// what is too much.
    fn forget(&mut self) {
        self.spans.drain(..self.spans.len().saturating_sub(DEPENDED_ON));
        if let Some(message) = self.messages.last_mut() {
            message.content.clear();
            message.deviations.truncate(MOST_DEVIATIONS);
            if message.trailers.len() > MOST_TRAILERS {
                // The next line may continue the last one.
                let last = message.trailers.len() - 1;
                message.trailers.swap(MOST_TRAILERS - 1, last);
                message.trailers.truncate(MOST_TRAILERS);
            }
        }
        if self.messages.len() > MOST_MESSAGES {
            self.forgotten += self.messages.drain(..self.messages.len() - MOST_MESSAGES).len();
        }
        if self.ends.len() > MOST_MESSAGES {
            self.ends_forgotten += self.ends.drain(..self.ends.len() - MOST_MESSAGES).len();
        }
    }
}

/// So many messages are kept of a connection that is followed: the one under way, and some for who looks back.
const MOST_MESSAGES: usize = 16;

/// So many field lines are kept of a trailer section that is followed.
const MOST_TRAILERS: usize = 1024;

/// So many deviations of a message are kept of one that is followed: each of its chunks may have some.
const MOST_DEVIATIONS: usize = 1024;

/// So many spans back the labeller looks: to the line before a field line that continues it.
const DEPENDED_ON: usize = 2;

/// Hands over the whole chunks at the front of `text`; what is behind them, and how many they were.
fn texts<'a>(text: &'a str, each: &mut impl FnMut(Content<'_>)) -> (&'a str, usize) {
    let (mut rest, mut chunks) = (text, 0);
    while let Some((size, line)) = size_line(rest.as_bytes())
        && let Some((data, behind)) = rest[line..].split_at_checked(size)
        && let Some(behind) = behind.strip_prefix("\r\n")
    {
        each(Content::Text(data));
        chunks += 1;
        rest = behind;
    }
    (rest, chunks)
}

/// The chunk-data of the chunk at the front, and what is behind that chunk.
fn chunk(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (size, line) = size_line(octets)?;
    let (data, behind) = octets[line..].split_at_checked(size)?;
    Some((data, behind.strip_prefix(b"\r\n")?))
}

fn utf8_at_the_front(octets: &[u8]) -> &str {
    // Which says yes or no, and that quickly; where the first fault is, is asked only if there is one.
    simdutf8::basic::from_utf8(octets).unwrap_or_else(|_| match str::from_utf8(octets) {
        Ok(text) => text,
        Err(error) => str::from_utf8(&octets[..error.valid_up_to()]).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_response_that_does_not_end_is_bounded() {
        let mut labeller = Labeller::responses(["GET".to_owned()]);
        labeller.push_with(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", |_| ());
        for _ in 0..5_000 {
            // A padded chunk-size with a bare LF: two deviations each.
            labeller.push_with(b"1 \na\r\n", |_| ());
        }
        let message = &labeller.messages()[0];
        assert_eq!(message.chunks, 5_000);
        assert_eq!(message.deviations.len(), MOST_DEVIATIONS);
        assert!(message.content.is_empty());
        assert!(labeller.spans.len() <= DEPENDED_ON);
    }

    #[test]
    fn what_is_kept_of_a_connection_that_does_not_end_is_bounded() {
        const MESSAGES: usize = 100_000;
        let response = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n.";
        let mut responses = Labeller::responses([]);
        let mut requests = Labeller::requests();
        for n in 1..=MESSAGES {
            requests.push_with(b"GET / HTTP/1.1\r\nHost: mve.test\r\n\r\n", |_| ());
            responses.expect("GET");
            responses.push_with(response, |_| ());
            assert_eq!(responses.complete_at(n - 1), Some(n * response.len()));
        }
        for labeller in [&responses, &requests] {
            assert_eq!(labeller.completed(), MESSAGES);
            assert_eq!((labeller.messages.len(), labeller.ends.len()), (MOST_MESSAGES, MOST_MESSAGES));
            assert_eq!(labeller.complete_at(MESSAGES - MOST_MESSAGES - 1), None);
            assert!(labeller.spans.len() <= DEPENDED_ON);
            assert_eq!(labeller.spans.last().map(|span| span.message), Some(MESSAGES - 1));
        }
    }

    #[test]
    fn what_is_kept_of_a_trailer_section_that_does_not_end_is_bounded() {
        let mut labeller = Labeller::responses(["GET".to_owned()]);
        labeller.push_with(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", |_| ());
        let lines = "A: b\r\n".repeat(5_000);
        labeller.push_with(lines.as_bytes(), |_| ());
        labeller.push_with(b" c\r\n", |_| ());
        let trailers = &labeller.messages()[0].trailers;
        assert_eq!(trailers.len(), MOST_TRAILERS);
        // The fold goes to the field line before it.
        assert_eq!(trailers.last().map(|field| field.value.len()), Some("b\r\n c".len()));
        assert_eq!(trailers[0].value.len(), 1);
    }
}
