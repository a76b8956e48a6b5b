//! The requests of a connection, and the responses to them.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::connection::EndSeen;
use super::direction::{Direction, Gap};
use crate::transcript::{Event, Lane, Step, StepId, Transcript, What, chain};
use crate::wire::h1::{End, Framing, Labeller, Message, State, Stream};
use crate::wire::notation::{escape, printable};

/// One request and the response to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The request's method and target; none if it was not captured.
    pub request: Option<String>,
    /// How what is known of the response ended.
    pub ended: Ended,
    /// Both, as far as they were captured.
    pub(super) transcript: Transcript,
}

/// How what is known of a response ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By the orderly end of the connection.
    Fin,
    /// By its reset.
    Rst,
    /// Not at all: the connection went on, or the capture ended before it did.
    Open,
    /// By octets that were not captured.
    Gap(Gap),
    /// By the bound of what is held.
    Bound,
}

impl Ended {
    /// In one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fin => "fin",
            Self::Rst => "rst",
            Self::Open => "open",
            Self::Gap(_) => "gap",
            Self::Bound => "bound",
        }
    }

    /// Whether it is the capture that ends here, and not the response.
    #[must_use]
    pub const fn is_unknown(self) -> bool {
        matches!(self, Self::Gap(_) | Self::Bound)
    }
}

/// A request as it was captured.
struct Asked {
    packet: usize,
    method: String,
    request: Option<String>,
    octets: Vec<u8>,
    gap: Option<Gap>,
}

/// A response, or what there is of one.
struct Answer {
    /// Which request it answers.
    asked: usize,
    /// Where it begins.
    at: i64,
    octets: Vec<u8>,
    ended: Ended,
}

/// What there is of a connection.
pub(super) struct Captured<'a> {
    /// The reader's address and the origin's.
    pub(super) ends: [SocketAddr; 2],
    pub(super) requests: &'a Direction,
    pub(super) responses: &'a Direction,
    /// What ended it; side 0 is the reader's.
    pub(super) seen: Vec<EndSeen>,
}

impl Captured<'_> {
    /// All exchanges of the connection, in order. What cannot be told in a transcript is said.
    pub(super) fn exchanges(&self, say: &mut impl FnMut(String)) -> Vec<Exchange> {
        let Self { requests, responses, .. } = *self;
        let mut asked = asked(requests, say);
        let mut answers = Vec::new();
        let pieces = responses.pieces();
        let mut end = responses.begins.unwrap_or_default();
        let mut gap = None;
        for (number, piece) in pieces.iter().enumerate() {
            let next = pieces.get(number + 1).map(|next| next.at);
            end = piece.at + piece.octets.len() as i64;
            let ended = ended(responses, requests, end, next);
            gap = if let Ended::Gap(_) = ended { Some(ended) } else { gap };
            let Some(from) = responses.message_in(piece) else {
                say(unread("responses", &piece.octets, ended));
                continue;
            };
            if from > 0 {
                say(unread("responses", &piece.octets[..from], Ended::Open));
            }
            let at = piece.at + from as i64;
            let first = first_asked(&asked, responses, at);
            answers.extend(answers_in(&piece.octets[from..], at, first, ended, &mut asked));
        }
        // Of the others not an octet is there: a gap may hold it, or nobody answered.
        let ended = gap.unwrap_or_else(|| ended(responses, requests, end, None));
        let answered: BTreeSet<usize> = answers.iter().map(|answer: &Answer| answer.asked).collect();
        let unanswered = |asked: &usize| !answered.contains(asked);
        let unanswered: Vec<usize> = (0..asked.len()).filter(unanswered).collect();
        answers.extend(unanswered.into_iter().map(|asked| Answer { asked, at: end, octets: Vec::new(), ended }));
        answers.sort_by_key(|answer| answer.asked);
        let last = answers.len().saturating_sub(1);
        let exchanges = answers.into_iter().enumerate();
        exchanges.map(|(at, answer)| self.exchange(at, at == last, asked.get(answer.asked), answer)).collect()
    }

    fn exchange(&self, at: usize, is_last: bool, asked: Option<&Asked>, answer: Answer) -> Exchange {
        let [request, response] = [Lane::request(0), Lane::response(0)];
        let chain = chain(&self.ends[0].to_string(), &[], &self.ends[1].to_string());
        let mut told = Telling(Transcript { chain, ..Transcript::default() });
        told.step(format!("request {} and its response, as captured", at + 1));
        if at == 0 && self.requests.begins.is_some() {
            told.put(request, What::Connect);
        }
        if let Some(asked) = asked {
            told.put(request, What::Octets(asked.octets.clone()));
        }
        let mut rest = answer.octets.as_slice();
        let mut place = answer.at;
        let mut take_up_to = |to: i64, told: &mut Telling| {
            let taken = usize::try_from(to.saturating_sub(place)).unwrap_or(0).min(rest.len());
            let (run, later) = rest.split_at(taken);
            (rest, place) = (later, place + taken as i64);
            if !run.is_empty() {
                told.put(response, What::Octets(run.to_vec()));
            }
        };
        let is_ended = |end: &EndSeen| is_last && (end.side == 0 || !answer.ended.is_unknown());
        for end in self.seen.iter().filter(|end| is_ended(end)) {
            let (who, lane, by_then) =
                if end.side == 0 { ("reader", request, end.other_at) } else { ("origin", response, i64::MAX) };
            take_up_to(by_then, &mut told);
            let (does, what) =
                if end.is_reset { ("resets the connection", What::Rst) } else { ("ends its direction", What::Fin) };
            told.step(format!("the {who} {does}"));
            told.put(lane, what);
        }
        take_up_to(i64::MAX, &mut told);
        if let Some(gap) = asked.and_then(|asked| asked.gap) {
            told.step(missing(gap, "request", "the origin"));
        }
        match answer.ended {
            Ended::Gap(gap) => told.step(missing(gap, "response", "the reader")),
            Ended::Bound => told.step("there is more than can be held: the rest is left out".to_owned()),
            Ended::Fin | Ended::Rst | Ended::Open => {}
        }
        Exchange { request: asked.and_then(|asked| asked.request.clone()), ended: answer.ended, transcript: told.0 }
    }
}

/// How a piece of the responses ends.
fn ended(responses: &Direction, requests: &Direction, end: i64, next: Option<i64>) -> Ended {
    if responses.is_shortened && next.is_none() {
        return Ended::Bound;
    }
    if let Some(gap) = responses.gap(end, next) {
        return Ended::Gap(gap);
    }
    match () {
        () if responses.ends_at(end) => Ended::Fin,
        () if responses.rst || requests.rst => Ended::Rst,
        () => Ended::Open,
    }
}

/// What is said of octets in which no message begins.
fn unread(of: &str, octets: &[u8], ended: Ended) -> String {
    const SHOWN: usize = 32;
    let tail = escape(&octets[octets.len().saturating_sub(SHOWN)..]);
    let then = match ended {
        Ended::Fin => ", then FIN",
        Ended::Rst => ", then a reset",
        Ended::Gap(_) => ", then a gap",
        Ended::Open | Ended::Bound => "",
    };
    let count = octets.len();
    format!(
        "{count} octets of the {of} belong to a message whose beginning was not captured; they end with \"{tail}\"{then}"
    )
}

/// The requests, in order.
fn asked(requests: &Direction, say: &mut impl FnMut(String)) -> Vec<Asked> {
    let mut all = Vec::new();
    let pieces = requests.pieces();
    for (at, piece) in pieces.iter().enumerate() {
        let next = pieces.get(at + 1).map(|next| next.at);
        let gap = requests.gap(piece.at + piece.octets.len() as i64, next);
        let Some(from) = requests.message_in(piece) else {
            say(unread("requests", &piece.octets, gap.map_or(Ended::Open, Ended::Gap)));
            continue;
        };
        if from > 0 {
            say(unread("requests", &piece.octets[..from], Ended::Open));
        }
        let octets = &piece.octets[from..];
        let mut labeller = Labeller::requests();
        labeller.push(octets);
        let stream = labeller.finish(End::Open);
        let count = stream.messages.len();
        for (number, message) in stream.messages.iter().enumerate() {
            let is_last = number + 1 == count;
            let until = if is_last { octets.len() } else { message.range.end };
            let begins = piece.at + (from + message.range.start) as i64;
            all.push(Asked {
                packet: requests.packet_at(begins),
                method: message.method.clone().unwrap_or_else(|| "GET".to_owned()),
                request: named(message, octets),
                octets: octets[message.range.start..until].to_vec(),
                gap: gap.filter(|_| is_last),
            });
        }
    }
    all
}

fn named(request: &Message, octets: &[u8]) -> Option<String> {
    let target = octets.get(request.target.clone()?)?;
    Some(printable(&format!("{} {}", request.method.as_deref()?, String::from_utf8_lossy(target))))
}

/// The request that the first response in a piece answers. In a direction that is known from its beginning it is the
/// first; behind a gap it is the last one that had been asked by then.
fn first_asked(asked: &[Asked], responses: &Direction, at: i64) -> usize {
    if responses.begins == Some(at) {
        return 0;
    }
    let packet = responses.packet_at(at);
    asked.partition_point(|asked| asked.packet < packet).saturating_sub(1)
}

/// The responses in octets that begin with one at this place, the first of which answers request `first`.
fn answers_in(octets: &[u8], at: i64, first: usize, ended: Ended, asked: &mut Vec<Asked>) -> Vec<Answer> {
    let end = match ended {
        Ended::Fin => End::Fin,
        Ended::Rst => End::Rst,
        Ended::Open | Ended::Gap(_) | Ended::Bound => End::Open,
    };
    let methods = |asked: &[Asked]| -> Vec<String> {
        let known = asked.iter().skip(first).map(|asked| asked.method.clone());
        // A request that was not captured may have been any; where none was, there is one to each response.
        let missing =
            if asked.len() > first { 0 } else { memchr::memmem::find_iter(octets, b"HTTP/1.").count().max(1) };
        known.chain(std::iter::repeat_n("GET".to_owned(), missing)).collect()
    };
    let stream = label(octets, methods(asked), end);
    let finals: Vec<(usize, &Message)> =
        stream.messages.iter().filter(|message| !message.interim).enumerate().collect();
    // What follows a switch of protocol is no request.
    if let Some((switched, _)) = finals.iter().find(|(_, message)| message.framing == Framing::Raw) {
        let last = first + switched;
        let raw: Vec<Asked> = asked.drain((last + 1).min(asked.len())..).collect();
        if let Some(last) = asked.get_mut(last) {
            raw.iter().for_each(|raw| last.octets.extend_from_slice(&raw.octets));
        }
    }
    let mut answers = Vec::new();
    let mut from = 0;
    for (number, message) in &finals {
        let is_last = finals.get(number + 1).is_none_or(|(_, next)| next.range.is_empty());
        let until = if is_last { octets.len() } else { message.range.end };
        let range = from..until.max(from);
        from = range.end;
        let goes_on = !matches!(message.state, State::Incomplete(_)) && number + 1 < finals.len();
        let ended = if goes_on { Ended::Open } else { ended };
        if !range.is_empty() {
            let at = at + range.start as i64;
            answers.push(Answer { asked: first + number, at, octets: octets[range].to_vec(), ended });
        }
    }
    answers
}

fn label(octets: &[u8], methods: Vec<String>, end: End) -> Stream {
    let mut labeller = Labeller::responses(methods);
    labeller.push(octets);
    labeller.finish(end)
}

/// A transcript as it is told.
struct Telling(Transcript);

impl Telling {
    fn step(&mut self, text: String) {
        self.0.steps.push(Step { text });
    }

    fn put(&mut self, lane: Lane, what: What) {
        let step = StepId(self.0.steps.len().saturating_sub(1));
        self.0.events.push(Event { step, lane, what });
    }
}

fn missing(gap: Gap, whose: &str, by: &str) -> String {
    let how = if gap.acknowledged { format!("though {by} acknowledged them") } else { "nor acknowledged".to_owned() };
    format!("{} octets of the {whose} were not captured, {how}: what came then is not known", gap.octets)
}
