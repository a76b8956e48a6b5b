//! The state machine: which label the next octet gets.

mod chunked;
mod following;
mod head;
mod spans;
mod state;

use std::collections::VecDeque;

pub use following::Content;

use super::chunk_size::ChunkSizeLine;
use super::{By, Deviation, End, Expected, Label, Malformed, Message, Position, Span, State, Stream, Why};

#[cfg(test)]
thread_local! {
    /// How many octets were labelled on this thread: whether somebody labels any twice.
    pub(crate) static LABELLED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Labels one direction of a connection as its octets come.
#[derive(Clone, Debug)]
pub struct Labeller {
    direction: Direction,
    phase: Phase,
    /// Octets so far.
    at: usize,
    spans: Vec<Span>,
    /// Whether the last span may still grow.
    open: bool,
    messages: Vec<Message>,
    /// How many messages began before these, and are forgotten.
    forgotten: usize,
    /// Where each final message ended.
    ends: Vec<usize>,
    /// How many ended before these.
    ends_forgotten: usize,
    /// The octets since `held_at`: the header section, whose values decide the framing, or a line that is not ended.
    held: Vec<u8>,
    held_at: usize,
    /// Where the current line began.
    line_at: usize,
}

#[derive(Clone, Debug)]
enum Direction {
    Requests {
        /// The request after which another protocol speaks.
        last: Option<usize>,
    },
    Responses {
        /// The method whose final response is due or under way.
        current: Option<String>,
        later: VecDeque<String>,
    },
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Before a start-line, perhaps in an empty line, after its CR.
    Idle {
        cr: bool,
    },
    StartLine,
    Fields,
    ChunkSize(ChunkSizeLine),
    ChunkData {
        left: u64,
        of: u64,
    },
    ChunkDataEnd {
        cr: bool,
    },
    Trailers,
    Length {
        left: u64,
        of: u64,
    },
    UntilClose,
    Raw,
    Surplus,
    /// Framing is lost.
    Lost(Expected),
}

impl Labeller {
    /// For responses to requests of these methods, in order (RFC 9112 6.3 needs them for HEAD and CONNECT). Octets
    /// past the last response are [`Label::Surplus`].
    pub fn responses(methods: impl IntoIterator<Item = String>) -> Labeller {
        let mut later: VecDeque<String> = methods.into_iter().collect();
        Labeller::new(Direction::Responses { current: later.pop_front(), later })
    }

    /// For requests.
    pub fn requests() -> Labeller {
        Labeller::new(Direction::Requests { last: None })
    }

    /// For requests, of which the `n`-th (from 0) was answered with a switch of protocol: what follows it is
    /// [`Label::Raw`]. Requests alone cannot tell: a CONNECT or an Upgrade may be refused.
    pub fn requests_until(n: usize) -> Labeller {
        Labeller::new(Direction::Requests { last: Some(n) })
    }

    fn new(direction: Direction) -> Labeller {
        Labeller {
            direction,
            phase: Phase::Idle { cr: false },
            at: 0,
            spans: Vec::new(),
            open: false,
            messages: Vec::new(),
            forgotten: 0,
            ends: Vec::new(),
            ends_forgotten: 0,
            held: Vec::new(),
            held_at: 0,
            line_at: 0,
        }
    }

    /// A further request was sent. Octets that came before this and that nobody had asked for stay surplus, and so does
    /// what follows them. Without effect on requests.
    pub fn expect(&mut self, method: impl Into<String>) {
        if let Direction::Responses { current, later } = &mut self.direction {
            let idle = matches!(self.phase, Phase::Idle { .. });
            match current {
                None if idle => *current = Some(method.into()),
                _ => later.push_back(method.into()),
            }
        }
    }

    /// Labels further octets.
    pub fn push(&mut self, octets: &[u8]) {
        let mut rest = octets;
        while !rest.is_empty() {
            let taken = self.take(rest);
            rest = &rest[taken..];
        }
        #[cfg(test)]
        LABELLED.set(LABELLED.get() + octets.len());
        self.describe(End::Open);
    }

    /// The spans so far; they cover all octets pushed. The last one may still grow, or get another label.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The messages that have begun.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// How many final (not interim) messages have ended. One that is malformed counts if its framing came to its end.
    pub fn completed(&self) -> usize {
        self.ends_forgotten + self.ends.len()
    }

    /// The offset after the `n`-th final message, from 0, if it has ended.
    pub fn complete_at(&self, n: usize) -> Option<usize> {
        self.ends.get(n.checked_sub(self.ends_forgotten)?).copied()
    }

    /// The stream, which ended like this.
    pub fn finish(mut self, end: End) -> Stream {
        self.describe(end);
        let at = self.at;
        if let (Phase::Idle { .. }, Direction::Responses { current: Some(method), .. }) = (self.phase, &self.direction)
        {
            self.messages.push(Message::beginning_at(at, Some(method.clone()), unanswered(end)));
        }
        // Where framing is lost or another protocol speaks, nobody can tell what was answered.
        if let (false, Direction::Responses { later, .. }) =
            (matches!(self.phase, Phase::Raw | Phase::Lost(_)), self.direction)
        {
            self.messages.extend(later.into_iter().map(|m| Message::beginning_at(at, Some(m), unanswered(end))));
        }
        Stream { spans: self.spans, messages: self.messages, end }
    }

    /// The stream as it is, still open.
    pub fn so_far(&self) -> Stream {
        self.clone().finish(End::Open)
    }

    #[cfg(test)]
    pub(super) fn held_octets(&self) -> usize {
        self.held.len()
    }

    /// Labels at least one octet; says how many.
    fn take(&mut self, octets: &[u8]) -> usize {
        match self.phase {
            Phase::Idle { cr } => self.idle(octets, cr),
            Phase::StartLine => self.start_line(octets),
            Phase::Fields | Phase::Trailers => self.field_line(octets),
            Phase::ChunkSize(line) => match if line.has_begun() { 0 } else { self.whole_chunks(octets) } {
                0 => self.chunk_size(octets, line),
                taken => taken,
            },
            Phase::ChunkData { left, of } => {
                let index = self.message().chunks + 1;
                let taken = self.content(octets, left, Label::ChunkData { index });
                self.phase = Phase::ChunkData { left: left - taken as u64, of };
                if left == taken as u64 {
                    self.close_span();
                    self.phase = Phase::ChunkDataEnd { cr: false };
                }
                taken
            }
            Phase::ChunkDataEnd { cr } => self.chunk_data_end(octets[0], cr),
            Phase::Length { left, of } => {
                let taken = self.content(octets, left, Label::Content);
                self.phase = Phase::Length { left: left - taken as u64, of };
                if left == taken as u64 {
                    self.complete(By::ContentLength);
                }
                taken
            }
            Phase::UntilClose => self.content(octets, u64::MAX, Label::Content),
            Phase::Raw => self.extend(Label::Raw, octets.len()),
            Phase::Surplus => self.extend(Label::Surplus, octets.len()),
            Phase::Lost(expected) => self.extend(Label::Unexpected(expected), octets.len()),
        }
    }

    fn idle(&mut self, octets: &[u8], cr: bool) -> usize {
        if matches!(self.direction, Direction::Responses { current: None, .. }) {
            self.phase = Phase::Surplus;
            return self.extend(Label::Surplus, octets.len());
        }
        match (octets[0], cr) {
            (b'\n', _) => {
                // The span stays open: whoever sends nothing but empty lines gets one span for them.
                self.phase = Phase::Idle { cr: false };
                self.extend(Label::EmptyLine, 1)
            }
            (b'\r', false) => {
                self.phase = Phase::Idle { cr: true };
                self.extend(Label::EmptyLine, 1)
            }
            // The CR was no empty line, and no start-line begins with it.
            (_, true) => {
                self.split_last_octet();
                self.begin(self.at - 1);
                self.lose(self.start_line_lost());
                self.extend(self.last_label(), 1)
            }
            (_, false) => {
                self.close_span();
                self.begin(self.at);
                self.phase = Phase::StartLine;
                self.start_line(octets)
            }
        }
    }

    fn begin(&mut self, at: usize) {
        let method = match &self.direction {
            Direction::Responses { current, .. } => current.clone(),
            Direction::Requests { .. } => None,
        };
        let state = State::Incomplete(Why { at: Position::BeforeStatusLine, end: End::Open });
        let mut message = Message::beginning_at(at, method, state);
        if let (Some(span), Direction::Responses { .. }) = (self.spans.last(), &self.direction)
            && span.label == Label::EmptyLine
            && span.range.end == at
        {
            message.deviations.push((span.range.start, Deviation::EmptyLineBeforeResponse));
        }
        self.messages.push(message);
        self.held.clear();
        self.held_at = at;
        self.line_at = at;
    }

    /// Labels up to `left` octets as content.
    fn content(&mut self, octets: &[u8], left: u64, label: Label) -> usize {
        let taken = usize::try_from(left).map_or(octets.len(), |left| left.min(octets.len()));
        let grows = self.open;
        let at = self.at;
        self.extend(label, taken);
        let content = &mut self.message().content;
        match content.last_mut() {
            Some(last) if grows => last.end += taken,
            _ => content.push(at..at + taken),
        }
        taken
    }

    fn start_line_lost(&self) -> Malformed {
        match self.direction {
            Direction::Responses { .. } => Malformed::StatusLine,
            Direction::Requests { .. } => Malformed::RequestLine,
        }
    }

    /// The message under way.
    fn message(&mut self) -> &mut Message {
        let last = self.messages.len().checked_sub(1).expect("only idle phases come before the first message");
        &mut self.messages[last]
    }
}

fn unanswered(end: End) -> State {
    State::Incomplete(Why { at: Position::BeforeStatusLine, end })
}
