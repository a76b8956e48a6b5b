//! What may be left out, kind by kind.

use std::ops::Range;

use harness::transcript::{Lane, StepId, Transcript, What};
use harness::wire::h1::{self, End, Label};

use super::super::script::halves;
use super::Candidate;
use super::edit::{Edit, edited, merged, without_step};
use super::message::{Responses, responses};
use crate::own::conf::{ranges, without};

/// A kind of units that may be left out.
pub(super) struct Kind {
    /// How many there are.
    pub(super) units: fn(&Candidate) -> usize,
    /// The candidate without some of them.
    pub(super) without: fn(&Candidate, Range<usize>) -> Candidate,
}

/// In this order: what takes most with it comes first.
pub(super) const KINDS: &[Kind] = &[
    Kind { units: steps, without: without_steps },
    Kind { units: borders, without: without_borders },
    Kind { units: |it| directives(it).len(), without: without_directives },
    Kind { units: |it| request_lines(&it.transcript).len(), without: without_request_lines },
    Kind { units: |it| field_lines(&it.transcript).len(), without: without_field_lines },
    Kind { units: |it| field_lines(&it.transcript).len(), without: without_field_lines_and_what_they_meant },
    Kind { units: meant_words, without: without_meant_words },
    Kind { units: |it| content(&it.transcript).len(), without: without_content },
    Kind { units: |it| loose(&it.transcript).len(), without: without_loose },
    Kind { units: |it| unsent(&it.transcript).len(), without: without_unsent },
    Kind { units: |it| meant_alone(&it.transcript).len(), without: without_meant_alone },
    Kind { units: |it| targets(&it.transcript).len(), without: without_targets },
    Kind { units: |it| facts(&it.transcript).len(), without: without_facts },
    Kind { units: |it| it.transcript.pauses.len(), without: without_pauses },
];

fn with(candidate: &Candidate, transcript: Transcript) -> Candidate {
    Candidate { transcript, conf: candidate.conf.clone() }
}

fn of_origin(transcript: &Transcript) -> Lane {
    Lane::response(transcript.hops().saturating_sub(1))
}

// Steps.

fn steps(candidate: &Candidate) -> usize {
    candidate.transcript.steps.len()
}

/// A step with all that the reader and the origin do in it, and what is meant by it.
fn without_steps(candidate: &Candidate, which: Range<usize>) -> Candidate {
    let mut left = candidate.transcript.clone();
    for step in which.rev().map(StepId) {
        let lane = of_origin(&left);
        let sent = octets_of_step(&left, lane, step);
        left = without_octets_of_content(&left, |at| sent.contains(&at));
        let sent = octets_of_step(&left, lane, step);
        left = edited(&left, lane, vec![Edit::removal(sent)]);
        left = without_step(&left, step);
    }
    with(candidate, left)
}

/// Where the octets of a step are in a lane.
fn octets_of_step(transcript: &Transcript, lane: Lane, step: StepId) -> Range<usize> {
    let octets = |what: &What| if let What::Octets(run) = what { run.len() } else { 0 };
    let of = |when: fn(StepId, StepId) -> bool| -> usize {
        let events = transcript.events.iter().filter(|event| event.lane == lane && when(event.step, step));
        events.map(|event| octets(&event.what)).sum()
    };
    let before = of(|its, step| its < step);
    before..before + of(|its, step| its == step)
}

fn borders(candidate: &Candidate) -> usize {
    candidate.transcript.steps.len().saturating_sub(1)
}

/// Steps that become one with the step before them.
fn without_borders(candidate: &Candidate, which: Range<usize>) -> Candidate {
    let left = which.rev().fold(candidate.transcript.clone(), |left, border| merged(&left, StepId(border + 1)));
    with(candidate, left)
}

// The conf.

fn directives(candidate: &Candidate) -> Vec<Range<usize>> {
    candidate.conf.as_deref().and_then(ranges).unwrap_or_default()
}

fn without_directives(candidate: &Candidate, which: Range<usize>) -> Candidate {
    let conf = candidate.conf.as_deref().map(|conf| without(conf, &directives(candidate)[which]));
    Candidate { conf, ..candidate.clone() }
}

// The reader's requests.

/// The field lines that the reader sends.
fn request_lines(transcript: &Transcript) -> Vec<Range<usize>> {
    of_requests(transcript, |stream, begin| {
        let lines = stream.spans.iter().filter(|span| span.label == Label::FieldLine);
        lines.map(|span| span.range.start + begin..span.range.end + begin).collect()
    })
}

/// The targets that are longer than `/`, without their first octet.
fn targets(transcript: &Transcript) -> Vec<Range<usize>> {
    of_requests(transcript, |stream, begin| {
        let targets = stream.messages.iter().filter_map(|message| message.target.clone());
        targets.filter(|target| target.len() > 1).map(|target| target.start + 1 + begin..target.end + begin).collect()
    })
}

fn of_requests(transcript: &Transcript, find: fn(&h1::Stream, usize) -> Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut begin = 0;
    let mut found = Vec::new();
    for (octets, _) in halves(transcript, Lane::request(0)) {
        found.extend(find(&h1::label_requests(&octets, End::Open), begin));
        begin += octets.len();
    }
    found
}

fn without_ranges(candidate: &Candidate, lane: Lane, ranges: &[Range<usize>]) -> Candidate {
    with(candidate, edited(&candidate.transcript, lane, ranges.iter().cloned().map(Edit::removal).collect()))
}

fn without_request_lines(candidate: &Candidate, which: Range<usize>) -> Candidate {
    without_ranges(candidate, Lane::request(0), &request_lines(&candidate.transcript)[which])
}

fn without_targets(candidate: &Candidate, which: Range<usize>) -> Candidate {
    without_ranges(candidate, Lane::request(0), &targets(&candidate.transcript)[which])
}

// The origin's responses.

fn field_lines(transcript: &Transcript) -> Vec<(Range<usize>, String)> {
    responses(transcript).iter().flat_map(Responses::field_lines).collect()
}

fn without_field_lines(candidate: &Candidate, which: Range<usize>) -> Candidate {
    let lines = &field_lines(&candidate.transcript)[which];
    let ranges: Vec<Range<usize>> = lines.iter().map(|(range, _)| range.clone()).collect();
    without_ranges(candidate, of_origin(&candidate.transcript), &ranges)
}

fn without_field_lines_and_what_they_meant(candidate: &Candidate, which: Range<usize>) -> Candidate {
    let names: Vec<String> =
        field_lines(&candidate.transcript)[which.clone()].iter().map(|(_, name)| name.clone()).collect();
    let mut left = without_field_lines(candidate, which);
    let stays = |(name, _): &(String, String)| !names.contains(&name.to_ascii_lowercase());
    left.transcript.meant.fields.retain(stays);
    left.transcript.meant.trailers.retain(stays);
    left
}

/// Where the octets of content are.
fn content(transcript: &Transcript) -> Vec<usize> {
    responses(transcript).iter().flat_map(Responses::content).collect()
}

fn without_content(candidate: &Candidate, which: Range<usize>) -> Candidate {
    let gone = &content(&candidate.transcript)[which];
    with(candidate, without_octets_of_content(&candidate.transcript, |at| gone.binary_search(&at).is_ok()))
}

/// Without octets of content, the framing told; those that were meant too are not meant any more.
fn without_octets_of_content(transcript: &Transcript, goes: impl Fn(usize) -> bool) -> Transcript {
    let responses = responses(transcript);
    let gone: Vec<usize> = responses.iter().flat_map(Responses::content).filter(|at| goes(*at)).collect();
    let edits = responses.iter().flat_map(|part| part.without(&gone)).collect();
    let mut left = edited(transcript, of_origin(transcript), edits);
    let shared = shared(transcript, &responses);
    if let Some(meant) = &mut left.meant.content {
        let mut at = 0;
        meant.retain(|_| {
            at += 1;
            !shared.get(at - 1).is_some_and(|sent| goes(*sent))
        });
    }
    left
}

/// Where the octets that were meant were sent, as far as what was sent is what was meant.
fn shared(transcript: &Transcript, responses: &[Responses]) -> Vec<usize> {
    let Some(meant) = &transcript.meant.content else { return Vec::new() };
    let Some(judged) = responses.iter().find_map(Responses::judged) else { return Vec::new() };
    let sent = transcript.octets(of_origin(transcript));
    let is_meant = |(at, octet): &(&usize, &u8)| sent.get(**at) == Some(*octet);
    judged.iter().zip(meant).take_while(is_meant).map(|(at, _)| *at).collect()
}

fn loose(transcript: &Transcript) -> Vec<usize> {
    responses(transcript).iter().flat_map(Responses::loose).collect()
}

fn without_loose(candidate: &Candidate, which: Range<usize>) -> Candidate {
    let ranges: Vec<Range<usize>> = loose(&candidate.transcript)[which].iter().map(|at| *at..at + 1).collect();
    without_ranges(candidate, of_origin(&candidate.transcript), &ranges)
}

fn unsent(transcript: &Transcript) -> Vec<Vec<Edit>> {
    responses(transcript).iter().flat_map(Responses::without_the_unsent).collect()
}

fn without_unsent(candidate: &Candidate, which: Range<usize>) -> Candidate {
    let edits = unsent(&candidate.transcript)[which].concat();
    with(candidate, edited(&candidate.transcript, of_origin(&candidate.transcript), edits))
}

// What was meant.

/// The status, each field, each trailer, the word for the last event.
fn meant_words(candidate: &Candidate) -> usize {
    let meant = &candidate.transcript.meant;
    usize::from(meant.status.is_some())
        + meant.fields.len()
        + meant.trailers.len()
        + usize::from(meant.terminal.is_some())
}

fn without_meant_words(candidate: &Candidate, which: Range<usize>) -> Candidate {
    let mut left = candidate.clone();
    let meant = &mut left.transcript.meant;
    let mut at = 0;
    let mut goes = || {
        at += 1;
        which.contains(&(at - 1))
    };
    meant.status = meant.status.filter(|_| !goes());
    meant.fields.retain(|_| !goes());
    meant.trailers.retain(|_| !goes());
    meant.terminal = meant.terminal.take().filter(|_| !goes());
    left
}

/// The octets that were meant and are no prefix of what was sent.
fn meant_alone(transcript: &Transcript) -> Range<usize> {
    let shared = shared(transcript, &responses(transcript)).len();
    shared..transcript.meant.content.as_ref().map_or(0, Vec::len)
}

fn without_meant_alone(candidate: &Candidate, which: Range<usize>) -> Candidate {
    let from = meant_alone(&candidate.transcript).start;
    let mut left = candidate.clone();
    if let Some(meant) = &mut left.transcript.meant.content {
        meant.drain(which.start + from..which.end + from);
    }
    left
}

// Facts.

/// The ends that the reader and the origin make, and the silences.
fn facts(transcript: &Transcript) -> Vec<usize> {
    let is_ours = |lane: Lane| lane == Lane::request(0) || lane == of_origin(transcript);
    let events = transcript.events.iter().enumerate().filter(|(_, event)| match event.what {
        What::Fin | What::Rst => is_ours(event.lane),
        What::Silence => event.lane == Lane::response(0),
        _ => false,
    });
    events.map(|(at, _)| at).collect()
}

fn without_facts(candidate: &Candidate, which: Range<usize>) -> Candidate {
    let mut left = candidate.transcript.clone();
    for at in facts(&candidate.transcript)[which].iter().rev() {
        left.events.remove(*at);
    }
    with(candidate, left)
}

fn without_pauses(candidate: &Candidate, which: Range<usize>) -> Candidate {
    let mut left = candidate.transcript.clone();
    left.pauses.drain(which);
    with(candidate, left)
}
