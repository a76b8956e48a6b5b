//! The event stream's decoder against the walk over every CR and LF, which is what a decoder line by line cannot go
//! without.

use std::hint::black_box;

use benches::{Beside, settings, streams};
use criterion::{Criterion, criterion_group, criterion_main};
use harness::wire::events::{BorrowedEvent, Decoder};
use harness::wire::h1::{Content, Labeller};
use memchr::memchr2_iter;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Visits every CR and LF, slice by slice.
fn visit(octets: &[u8], slice: usize) -> usize {
    octets.chunks(slice).map(|slice| memchr2_iter(b'\r', b'\n', slice).map(black_box).count()).sum()
}

/// Decodes, and looks at every event where it lies.
fn decode(octets: &[u8], slice: usize) -> usize {
    let mut decoder = Decoder::new();
    for slice in octets.chunks(slice) {
        decoder.push_with(slice, |event| {
            black_box(event);
        });
    }
    decoder.dispatched()
}

/// 40-octet token events, in slices of many events and of much less than one.
fn tokens(criterion: &mut Criterion) {
    for (name, slice, octets) in
        [("64 KiB", 64 * KIB, 256 * KIB), ("17 octets", 17, 16 * KIB), ("1 octet", 1, 16 * KIB)]
    {
        let octets = streams::events(40, octets);
        let events = octets.len() / 40;
        Beside::control(criterion, &format!("token events in {name}"), events, "event", || visit(&octets, slice))
            .subject("decoder", || assert_eq!(decode(&octets, slice), events))
            .close();
    }
}

/// The same events, one chunk each: labelled and decoded.
fn chunked(criterion: &mut Criterion) {
    let wire = streams::chunked(40, 256 * KIB);
    let plain = streams::events(40, 256 * KIB);
    let events = plain.len() / 40;
    Beside::control(criterion, "chunked token events in 64 KiB", events, "event", || visit(&wire, 64 * KIB))
        .subject("visit of the events without their chunks", || visit(&plain, 64 * KIB))
        .subject("labeller", || label(&wire, 64 * KIB).completed())
        .subject("framing and decoder, nothing kept", || assert_eq!(follow(&wire, 64 * KIB), events))
        .subject("labeller and decoder", || assert_eq!(label_and_decode(&wire, 64 * KIB), events))
        .close();
}

fn label(wire: &[u8], slice: usize) -> Labeller {
    let mut labeller = Labeller::responses(["GET".to_owned()]);
    wire.chunks(slice).for_each(|slice| labeller.push(slice));
    labeller
}

/// Each piece of content is decoded where it lies.
fn follow(wire: &[u8], slice: usize) -> usize {
    let mut labeller = Labeller::responses(["GET".to_owned()]);
    let mut decoder = Decoder::new();
    for slice in wire.chunks(slice) {
        labeller.push_with(slice, |content| {
            let look = |event: BorrowedEvent<'_>| {
                black_box(event);
            };
            match content {
                Content::Text(text) => decoder.push_text_with(text, look),
                Content::Octets(octets) => decoder.push_with(octets, look),
            }
        });
    }
    decoder.dispatched()
}

/// The content of each slice is put together, and then decoded at once: an event in one chunk, or in two.
fn label_and_decode(wire: &[u8], slice: usize) -> usize {
    let mut labeller = Labeller::responses(["GET".to_owned()]);
    let mut decoder = Decoder::new();
    let mut content = Vec::with_capacity(slice);
    let (mut at, mut chunks) = (0, 0);
    for slice in wire.chunks(slice) {
        labeller.push(slice);
        let Some(message) = labeller.messages().first() else { continue };
        for range in &message.content[chunks..] {
            content.extend_from_slice(&slice[range.start.max(at) - at..range.end - at]);
        }
        decoder.push_with(&content, |event| {
            black_box(event);
        });
        content.clear();
        at += slice.len();
        // A range that ends with the slice may still grow.
        let may_grow = message.content.last().is_some_and(|range| range.end == at);
        chunks = message.content.len() - usize::from(may_grow);
    }
    decoder.dispatched()
}

/// Whether the cost of an octet stays: over slices, and over events.
fn linear(criterion: &mut Criterion) {
    let octets = streams::events(40, 8 * MIB);
    let whole = octets.len();
    Beside::control(criterion, "linear in the slice, 40-octet events", whole, "octet", || visit(&octets, 64 * KIB))
        .subject("slices of 4 KiB", || decode(&octets, 4 * KIB))
        .subject("slices of 64 KiB", || decode(&octets, 64 * KIB))
        .subject("slices of 4 MiB", || decode(&octets, 4 * MIB))
        .close();

    let events: Vec<(usize, Vec<u8>)> =
        [40, 400, 4 * KIB, 64 * KIB, MIB].map(|each| (each, streams::events(each, 8 * MIB))).into();
    let beside =
        Beside::control(criterion, "linear in the event, 64 KiB slices", 8 * MIB, "octet", || visit(&octets, 64 * KIB));
    let beside = events.iter().fold(beside, |beside, (each, octets)| {
        beside.subject(&format!("events of {each} octets"), || decode(octets, 64 * KIB))
    });
    beside.close();
}

criterion_group! { name = benches; config = settings(); targets = tokens, chunked, linear }
criterion_main!(benches);
