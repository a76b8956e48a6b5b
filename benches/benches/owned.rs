//! Events that can be kept, against the event-stream crates: 40-octet token events in slices of 64 KiB.
//!
//! The control is the walk over every CR and LF. What each crate gives is its own type: this one's has spans and the
//! shared last event ID beside type and data; `sseer`'s is counted references into the slice, no copy.

use std::convert::Infallible;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use benches::{Beside, settings, streams};
use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::stream::{self, Stream};
use harness::wire::events::Decoder;
use memchr::memchr2_iter;

/// How many slices one call decodes: a stream goes on, its decoder is not set up for each read.
const SLICES: usize = 4;
const SLICE: usize = 64 * 1024;

fn owned(criterion: &mut Criterion) {
    let octets = streams::events(40, SLICES * SLICE);
    let events = octets.len() / 40;
    let whole = Bytes::from(octets.clone());
    let slices: Vec<Bytes> =
        (0..whole.len()).step_by(SLICE).map(|at| whole.slice(at..whole.len().min(at + SLICE))).collect();
    let source = || stream::iter(slices.iter().cloned().map(Ok::<Bytes, Infallible>));

    Beside::control(criterion, "owned events, 40 octets in 64 KiB", events, "event", || {
        octets.chunks(SLICE).map(|slice| memchr2_iter(b'\r', b'\n', slice).map(black_box).count()).sum::<usize>()
    })
    .subject("harness, event by event", || {
        let mut decoder = Decoder::new();
        for slice in octets.chunks(SLICE) {
            decoder.push_with(slice, |event| {
                black_box(event.to_event());
            });
        }
        all(events, decoder.dispatched());
    })
    .subject("harness, slice by slice", || {
        let mut decoder = Decoder::new();
        let count = octets.chunks(SLICE).map(|slice| black_box(decoder.push(slice)).len()).sum();
        all(events, count)
    })
    .subject("sse-core", || {
        let mut decoder = sse_core::SseDecoder::new();
        let mut count = 0;
        for slice in octets.chunks(SLICE) {
            let mut rest = slice;
            while let Some(event) = decoder.next(&mut rest) {
                count += usize::from(black_box(event).is_ok());
            }
        }
        all(events, count)
    })
    .subject("sse-stream", || all(events, count(sse_stream::SseByteStream::new(source()))))
    .subject("sseer", || all(events, count(sseer::event_stream::EventStream::new(source()))))
    .subject("eventsource-stream", || all(events, count(eventsource_stream::EventStream::new(source()))))
    .close();
}

/// Takes every event of a stream that is never pending.
fn count<E, F>(stream: impl Stream<Item = Result<E, F>>) -> usize {
    let mut stream = pin!(stream);
    let mut context = Context::from_waker(Waker::noop());
    let mut count = 0;
    while let Poll::Ready(Some(event)) = stream.as_mut().poll_next(&mut context) {
        count += usize::from(black_box(event).is_ok());
    }
    count
}

fn all(expected: usize, count: usize) {
    assert_eq!(count, expected, "every event is decoded");
}

criterion_group! { name = benches; config = settings(); targets = owned }
criterion_main!(benches);
