//! The event stream, alone and in chunks: against the specification word by word, however it is sliced.

use harness::capture::Capture;
use harness::verdict::{Framing, Verdict};
use harness::wire::events::{Decoder, Event};
use harness::wire::h1::{By, End, label_responses};

use super::reference::{Interpreted, interpreted};
use super::slices::{Chance, ways};
use super::work::Bound;

/// An event is an empty line and a field of a few octets, and 120 octets kept.
const BOUND: Bound = Bound { in_all: 400, at_a_time: 160 };

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

/// The decoder does as the specification says; in chunks of any length the response dispatches the same; and what the
/// octets dispatch as chunks, framing and all, does not depend on how they are sliced.
pub fn check(octets: &[u8]) {
    let (decoder, events) = BOUND.held(octets.len(), || {
        let mut decoder = Decoder::new();
        let events = decoder.push(octets);
        (decoder, events)
    });
    assert_eq!(in_words(&decoder, &events), interpreted(octets));
    in_order(&decoder, &events, octets.len());
    for pieces in ways(octets) {
        let mut sliced = Decoder::new();
        let its: Vec<Event> = pieces.into_iter().flat_map(|piece| sliced.push(piece)).collect();
        assert_eq!(its, events);
        assert_eq!(sliced.pending(), decoder.pending());
        assert_eq!(in_words(&sliced, &its), in_words(&decoder, &events));
        assert_eq!((sliced.comments(), sliced.dispatched()), (decoder.comments(), decoder.dispatched()));
    }
    in_chunks(octets, &decoder);
    as_chunks(octets);
}

fn in_words(decoder: &Decoder, events: &[Event]) -> Interpreted {
    let words = |event: &Event| {
        (event.event.to_string(), event.data.clone(), event.id.as_deref().unwrap_or_default().to_owned())
    };
    Interpreted {
        events: events.iter().map(words).collect(),
        last_event_id: decoder.last_event_id().to_owned(),
        retry_ms: decoder.retry_ms(),
    }
}

fn in_order(decoder: &Decoder, events: &[Event], octets: usize) {
    let mut at = 0;
    for event in events {
        assert!(at <= event.range.start && event.range.start < event.range.end, "{events:?}");
        assert!(event.range.end < event.dispatched_at && event.dispatched_at <= octets, "{events:?}");
        at = event.range.end;
    }
    if let Some(pending) = decoder.pending() {
        assert!(at <= pending.range.start && pending.range.end == octets, "{pending:?} after {events:?}");
        assert!(pending.unfinished.is_none_or(|line| pending.range.start <= line.start && line.end == octets));
    }
    assert_eq!(decoder.dispatched(), events.len());
}

/// The octets as the content of a chunked response, in chunks of any length.
fn in_chunks(octets: &[u8], decoder: &Decoder) {
    let mut chance = Chance::of(octets);
    let mut response = HEAD.to_vec();
    let mut rest = octets;
    while !rest.is_empty() {
        let longest = rest.len().min(1 << chance.below(10));
        let (chunk, behind) = rest.split_at(1 + chance.below(longest));
        response.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        response.extend_from_slice(chunk);
        response.extend_from_slice(b"\r\n");
        rest = behind;
    }
    response.extend_from_slice(b"0\r\n\r\n");
    let verdict = Verdict::of(&Capture { methods: &[], end: End::Fin }.read(response).transcript);
    let [hop] = &verdict.hops[..] else { panic!("one hop: {verdict:?}") };
    let [response] = &hop.responses[..] else { panic!("one response: {verdict:?}") };
    assert_eq!(response.framing, Framing::Complete(By::LastChunk), "{verdict}");
    let events = response.events.expect("it is an event stream");
    assert_eq!((events.dispatched, events.pending), (decoder.dispatched(), decoder.pending().is_some()), "{verdict}");
}

/// The octets as what follows the header section of a chunked response.
fn as_chunks(octets: &[u8]) {
    let octets = [HEAD, octets].concat();
    let stream = label_responses(&octets, &["GET"], End::Rst);
    let content = stream.messages[0].content_in(&octets);
    let mut whole = Decoder::new();
    let events = whole.push(&content);
    let mut by_chunk = Decoder::new();
    let mut its = Vec::new();
    for range in &stream.messages[0].content {
        its.extend(by_chunk.push(&octets[range.clone()]));
    }
    assert_eq!(its, events);
    assert_eq!(by_chunk.pending(), whole.pending());
    for event in &events {
        let line = stream.messages[0].locate(event.range.start).expect("it lies in the content");
        assert_eq!(octets[line], content[event.range.start]);
    }
}
