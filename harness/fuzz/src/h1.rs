//! The HTTP/1.1 labeller: any octets, as responses and as requests.

use harness::wire::h1::{By, End, Label, Labeller, State, Stream};

use super::slices::ways;
use super::work::Bound;

/// An empty line is one octet and a span of 48; a list that grew is twice as large at most, and was there before.
const BOUND: Bound = Bound { in_all: 1200, at_a_time: 400 };

const ENDS: [End; 3] = [End::Open, End::Fin, End::Rst];

/// The methods that the octets may be answers to.
const METHODS: [&[&str]; 4] = [&["GET"], &["GET", "HEAD", "GET", "CONNECT"], &["CONNECT"], &[]];

/// Spans cover the input exactly once, messages lie where their spans do, and slicing changes nothing.
pub fn check(octets: &[u8]) {
    for methods in METHODS {
        labelled(|| Labeller::responses(methods.iter().map(|method| (*method).to_owned())), octets);
    }
    labelled(Labeller::requests, octets);
    labelled(|| Labeller::requests_until(1), octets);
}

fn labelled(labeller: impl Fn() -> Labeller, octets: &[u8]) {
    let whole = BOUND.held(octets.len(), || {
        let mut labeller = labeller();
        labeller.push(octets);
        labeller
    });
    for end in ENDS {
        let stream = whole.clone().finish(end);
        covers(&stream, octets.len());
        agrees(&stream, end, octets.len());
    }
    let whole = whole.finish(End::Rst);
    for pieces in ways(octets) {
        let mut sliced = labeller();
        for piece in pieces {
            sliced.push(piece);
            let spans: usize = sliced.spans().last().map_or(0, |span| span.range.end);
            assert!(spans <= octets.len() && sliced.completed() <= sliced.messages().len());
        }
        assert_eq!(sliced.finish(End::Rst), whole);
    }
}

fn covers(stream: &Stream, octets: usize) {
    let mut at = 0;
    for span in &stream.spans {
        assert_eq!(span.range.start, at, "{stream:?}");
        assert!(!span.range.is_empty(), "{stream:?}");
        at = span.range.end;
        let in_a_message = !matches!(span.label, Label::Surplus | Label::EmptyLine);
        assert!(!in_a_message || span.message < stream.messages.len(), "{stream:?}");
    }
    assert_eq!(at, octets, "{stream:?}");
}

fn agrees(stream: &Stream, end: End, octets: usize) {
    let mut at = 0;
    for message in &stream.messages {
        assert!(at <= message.range.start && message.range.end <= octets, "{stream:?}");
        at = message.range.end;
        for range in &message.content {
            assert!(message.range.start < range.start && range.start < range.end && range.end <= at, "{stream:?}");
        }
        assert!(end == End::Fin || message.state != State::Complete(By::Close), "only FIN completes: {stream:?}");
        let places = message.fields.iter().chain(&message.trailers).flat_map(|field| [&field.name, &field.value]);
        for place in places {
            assert!(place.start <= place.end && place.end <= message.range.end, "{stream:?}");
        }
        assert!(message.deviations.iter().all(|(at, _)| *at < octets), "{stream:?}");
    }
    let content: usize = stream.messages.iter().flat_map(|m| &m.content).map(ExactSizeIterator::len).sum();
    let labelled = stream.spans.iter().filter(|s| matches!(s.label, Label::Content | Label::ChunkData { .. }));
    assert_eq!(content, labelled.map(|span| span.range.len()).sum::<usize>(), "{stream:?}");
}
