//! What a transcript comes to: derived by rule, never typed.

mod answer;
mod connection;
mod loss;
mod outcome;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::transcript::{Lane, Transcript, What};
use crate::wire::h1::{By, End, Label, Malformed, Message, Position, State, Why};

use answer::Answer;
pub(crate) use connection::{Connection, Direction, Place, connections, hops};
pub use loss::{Addition, Loss};
pub use outcome::{NoOutcome, Outcome};

use loss::Difference;

/// The three accounts of a transcript, and its outcome.
///
/// The response judged is the reader's first final one (RFC 9110 15: not 1xx, unless it is 101). The rules of the
/// outcome, of which the first that holds decides:
///
/// 1. `leaked`: the reader ended its connection by its own doing (FIN or RST towards the origin, before anything ended
///    towards the reader, after which it got no more octets and no complete response), and in a later step a call of
///    the origin's application succeeded: a note like `write N: M octets` or `flush N: ok`. Inside one step nobody can say
///    which came first, so a note of the same step proves nothing.
/// 2. `altered`: the content that the reader got is no prefix of the content meant, or there are octets outside the
///    framing that are not the next ones meant. (An error status that nobody meant announces content of its own; that
///    is a cut which the reader can see.)
/// 3. `hung`: the framing at the reader is not complete, neither end has ended the connection, and the last fact
///    towards the reader is [`What::Silence`].
/// 4. `cut-visible` or `cut-silent`: something meant was lost. The framing at the reader tells, or it says complete.
///    A reader that demands an event at the end ([`Meant::terminal`](crate::transcript::Meant::terminal)) can tell
///    by its absence, and any reader by an error status in place of another. That the message has no end is no loss to
///    a reader that has reset the connection itself.
/// 5. `held`: [`What::Silence`] stands towards the reader before octets that the origin had already sent in that step
///    or an earlier one. Header section and content are compared, not framing. Of content with a content coding only
///    whether there was any: compressors hold back by design, and nothing is decompressed here.
/// 6. `intact`.
///
/// A meant content of `None` is not judged, nor is that of an answer to HEAD, nor that with a content coding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The hops, from the origin to the reader.
    pub hops: Vec<HopVerdict>,
    /// What was meant and did not reach the reader.
    pub lost: Vec<Loss>,
    /// What reached the reader and was not meant.
    pub added: Vec<Addition>,
    /// What it comes to.
    pub outcome: Outcome,
}

/// What one hop carried towards the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopVerdict {
    /// The lane.
    pub lane: Lane,
    /// Its name, as it is printed.
    pub name: String,
    /// The responses, in order, interim ones included; at least one.
    pub responses: Vec<ResponseVerdict>,
    /// Octets after the last response that anybody asked for.
    pub surplus: usize,
}

/// What one response was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseVerdict {
    /// The status code, if it came that far.
    pub status: Option<u16>,
    /// Whether it is an interim response (1xx but 101) that has come to its end: the final one is another.
    pub interim: bool,
    /// How it ended.
    pub framing: Framing,
    /// What a reader of events made of it; none when the media type is not `text/event-stream`.
    pub events: Option<Events>,
}

/// How a response ended: [`State`], and that there may be none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// It ended as its framing says.
    Complete(By),
    /// Its framing has not come to an end.
    Incomplete(Why),
    /// It broke the grammar.
    Malformed(Malformed),
    /// Not an octet of it came.
    NoResponse,
}

/// What a reader of events made of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Events {
    /// How many were dispatched.
    pub dispatched: usize,
    /// Whether one waits for its empty line.
    pub pending: bool,
    /// Whether nothing more can come, so that a pending event is discarded.
    pub over: bool,
}

impl Verdict {
    /// Judges a transcript.
    #[must_use]
    pub fn of(transcript: &Transcript) -> Self {
        Self::judged(transcript, &hops(transcript))
    }

    /// Judges a transcript whose connections are labelled already.
    pub(crate) fn judged(transcript: &Transcript, hops: &[Vec<Connection<'_>>]) -> Self {
        let reader = hops.first().and_then(|hop| Answer::of(hop));
        let origin = hops.last().filter(|_| hops.len() > 1).and_then(|hop| Answer::of(hop));
        let Difference { lost, added } = Difference::between(&transcript.meant, reader);
        let outcome = if hops.first().is_some_and(|hop| leaked(transcript, hop, reader)) {
            Outcome::Leaked
        } else if !added.is_empty() {
            Outcome::Altered
        } else if hung(transcript, reader) {
            Outcome::Hung
        } else if lost.is_empty() {
            let held = reader.zip(origin).is_some_and(|(reader, origin)| held(&reader, &origin));
            if held { Outcome::Held } else { Outcome::Intact }
        } else if reader.is_some_and(|reader| reader.is_complete()) && !lost.iter().any(Loss::tells) {
            Outcome::CutSilent
        } else {
            Outcome::CutVisible
        };
        let hops = hops.iter().enumerate().rev().map(|(hop, connections)| HopVerdict::of(transcript, hop, connections));
        Self { hops: hops.collect(), lost, added, outcome }
    }
}

impl Loss {
    /// Whether the loss itself shows, whatever the framing says.
    fn tells(&self) -> bool {
        match self {
            Self::Terminal { .. } => true,
            Self::Status { got, .. } => got.is_some_and(|got| got >= 400),
            _ => false,
        }
    }
}

impl HopVerdict {
    fn of(transcript: &Transcript, hop: usize, connections: &[Connection<'_>]) -> Self {
        let lane = Lane::response(hop);
        let mut responses = Vec::new();
        let mut surplus = 0;
        for Connection { responses: direction, .. } in connections {
            responses.extend(direction.stream.messages.iter().map(|message| ResponseVerdict::of(direction, message)));
            let spans = direction.stream.spans.iter().filter(|span| span.label == Label::Surplus);
            surplus += spans.map(|span| span.range.len()).sum::<usize>();
        }
        if responses.is_empty() {
            responses.push(ResponseVerdict::none());
        }
        Self { lane, name: transcript.lane_name(lane).to_string(), responses, surplus }
    }
}

impl ResponseVerdict {
    /// That of a response of which not an octet came.
    #[must_use]
    pub fn none() -> Self {
        Self { status: None, interim: false, framing: Framing::NoResponse, events: None }
    }

    fn of(direction: &Direction<'_>, message: &Message) -> Self {
        let framing = match message.state {
            State::Complete(by) => Framing::Complete(by),
            State::Incomplete(Why { at: Position::BeforeStatusLine, .. }) => Framing::NoResponse,
            State::Incomplete(why) => Framing::Incomplete(why),
            State::Malformed(how) => Framing::Malformed(how),
        };
        let over = matches!(framing, Framing::Complete(_)) || direction.stream.end != End::Open;
        let events = answer::events(direction, message, |_| ());
        let events = events.map(|(dispatched, pending)| Events { dispatched, pending, over });
        Self { status: message.status, interim: message.interim, framing, events }
    }
}

/// Rule 1.
fn leaked(transcript: &Transcript, connections: &[Connection<'_>], answer: Option<Answer<'_>>) -> bool {
    let Some(connection) = answer.map(|answer| answer.connection).or(connections.first()) else { return false };
    let Some(departure) = connection.requests.ended_in() else { return false };
    let ended = connection.responses.ended_in();
    let got_more = connection.responses.places.iter().any(|place| place.step > departure && place.octets() > 0);
    let got_all = answer.is_some_and(|answer| {
        let by_the_departure = answer.is_complete_by_close() && ended >= Some(departure);
        answer.is_complete() && !by_the_departure
    });
    if got_more || got_all || ended.is_some_and(|ended| ended < departure) {
        return false;
    }
    let origin = Lane::notes(transcript.hops());
    transcript.events.iter().any(|event| {
        event.lane == origin && event.step > departure && matches!(&event.what, What::Note(note) if says_success(note))
    })
}

/// Whether a note says that a call of the application's put something on its way: `write 2: 11 octets`,
/// `flush 2: ok`, and on a connection taken over `conn write 1: 5 octets`.
fn says_success(note: &[u8]) -> bool {
    let Ok(note) = str::from_utf8(note) else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    let Some((call, result)) = note.split_once(": ") else { return false };
    let Some((kind, _)) = call.rsplit_once(' ').filter(|(_, number)| is_number(number)) else { return false };
    match kind.rsplit(' ').next() {
        Some("flush") => result == "ok",
        Some("write") => {
            let count = result.strip_suffix(" octets").or_else(|| result.strip_suffix(" octet"));
            count.is_some_and(|count| is_number(count) && count.bytes().any(|digit| digit != b'0'))
        }
        _ => false,
    }
}

/// Rule 3.
fn hung(transcript: &Transcript, answer: Option<Answer<'_>>) -> bool {
    let ends = |lane| transcript.lane(lane).any(|what| matches!(what, What::Fin | What::Rst));
    let is_complete = answer.is_some_and(|answer| answer.is_complete());
    let towards_the_reader = Lane::response(0);
    !is_complete
        && !ends(Lane::request(0))
        && !ends(towards_the_reader)
        && transcript.lane(towards_the_reader).last() == Some(&What::Silence)
}

/// Rule 5.
fn held(reader: &Answer<'_>, origin: &Answer<'_>) -> bool {
    let towards_the_reader = &reader.connection.responses;
    let places = towards_the_reader.places.iter();
    let silences: Vec<&Place<'_>> =
        places.filter(|place| *place.what == What::Silence && place.at < towards_the_reader.octets.len()).collect();
    let got = reader.progress(silences.iter().map(|silence| silence.at));
    let sent = origin.progress(silences.iter().map(|silence| origin.connection.responses.octets_by(silence.step)));
    let comparable = reader.content_coding() == origin.content_coding();
    got.iter().zip(&sent).any(|(got, sent)| {
        let content = if comparable { sent.content > got.content } else { sent.content > 0 && got.content == 0 };
        content || (sent.header_section && !got.header_section)
    })
}

impl fmt::Display for Verdict {
    /// One line a response, then what was lost and added, then the outcome; no line end after the last.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.hops.iter().map(|hop| hop.name.len()).max().unwrap_or(0);
        for hop in &self.hops {
            for response in &hop.responses {
                writeln!(f, "{:width$}  {response}", hop.name)?;
            }
            if hop.surplus > 0 {
                let s = if hop.surplus == 1 { "" } else { "s" };
                writeln!(f, "{:width$}  {} octet{s} after the last response", hop.name, hop.surplus)?;
            }
        }
        for lost in &self.lost {
            writeln!(f, "lost: {lost}")?;
        }
        for added in &self.added {
            writeln!(f, "added: {added}")?;
        }
        write!(f, "outcome: {}", self.outcome)
    }
}

impl fmt::Display for ResponseVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(status) = self.status {
            write!(f, "{status}, ")?;
        }
        write!(f, "{}", self.framing)?;
        self.events.map_or(Ok(()), |events| write!(f, "; {events}"))
    }
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete(by) => State::Complete(*by).fmt(f),
            Self::Incomplete(why) => State::Incomplete(*why).fmt(f),
            Self::Malformed(how) => State::Malformed(*how).fmt(f),
            Self::NoResponse => f.write_str("no response"),
        }
    }
}

impl fmt::Display for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dispatched {
            0 => f.write_str("no events")?,
            1 => f.write_str("1 event")?,
            more => write!(f, "{more} events")?,
        }
        match (self.pending, self.over) {
            (false, _) => Ok(()),
            (true, true) => f.write_str(", pending event discarded"),
            (true, false) => f.write_str(", event pending"),
        }
    }
}
