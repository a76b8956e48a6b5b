//! Every boundary: responses of every framing and every ending are cut at each octet, and sliced at every one and two
//! places. What each cut comes to is said by a reference that reads the whole octets by the letter of RFC 9112 and WHATWG
//! HTML 9.2, and shares no code with what is tested.

#[path = "boundaries/framing.rs"]
mod framing;
#[path = "boundaries/samples.rs"]
mod samples;
#[path = "boundaries/streams.rs"]
mod streams;

use harness::capture::Capture;
use harness::verdict::Verdict;
use harness::wire::events::Decoder;
use harness::wire::h1::{End, Labeller};

use samples::{Sample, samples, streams_of_every_kind};

const ENDS: [End; 3] = [End::Open, End::Fin, End::Rst];

fn labeller(sample: &Sample) -> Labeller {
    Labeller::responses([sample.method.to_owned()])
}

/// What the code under test says of each response, and its content.
fn told(labeller: Labeller, octets: &[u8], end: End) -> Vec<framing::Response> {
    let stream = labeller.finish(end);
    let responses = stream.messages.iter();
    let told = responses.map(|message| framing::Response {
        status: message.status,
        state: message.state.to_string(),
        content: message.content_in(octets),
    });
    told.collect()
}

#[test]
fn a_response_cut_at_any_octet_comes_to_what_the_specifications_say() {
    let mut checks = 0;
    for sample in samples() {
        let methods = [sample.method.to_owned()];
        let mut slowly = labeller(&sample);
        for cut in 0..=sample.octets.len() {
            let octets = &sample.octets[..cut];
            slowly.push(&octets[cut.saturating_sub(1)..]);
            for end in ENDS {
                let expected = framing::responses(octets, sample.method, end);
                let mut at_once = labeller(&sample);
                at_once.push(octets);
                let place = || format!("{}, cut at {cut}, {end:?}", sample.name);
                assert_eq!(told(at_once, octets, end), expected, "{}", place());
                assert_eq!(told(slowly.clone(), octets, end), expected, "{}, octet by octet", place());

                // The whole way that `lastchunk explain` goes.
                let verdict = Verdict::of(&Capture { methods: &methods, end }.read(octets.to_vec()).transcript);
                let said: Vec<String> = verdict.hops[0].responses.iter().map(ToString::to_string).collect();
                let expected: Vec<String> =
                    expected.iter().map(|response| response.in_words(octets, sample.method, end)).collect();
                assert_eq!(said, expected, "{}", place());
                checks += 3;
            }
        }
    }
    println!("{checks} cuts checked");
    assert!(checks > 50_000, "a sample or a loop is gone");
}

#[test]
fn a_response_sliced_at_any_one_and_two_places_is_the_same() {
    let mut checks = 0;
    for sample in samples() {
        let octets = &sample.octets;
        let mut whole = labeller(&sample);
        whole.push(octets);
        let whole = whole.finish(End::Fin);
        assert_eq!(
            whole.messages.iter().map(|message| message.state.to_string()).collect::<Vec<_>>(),
            framing::responses(octets, sample.method, End::Fin).iter().map(|r| r.state.clone()).collect::<Vec<_>>()
        );
        for first in 0..=octets.len() {
            let mut begun = labeller(&sample);
            begun.push(&octets[..first]);
            for second in first..=octets.len() {
                let mut sliced = begun.clone();
                sliced.push(&octets[first..second]);
                sliced.push(&octets[second..]);
                assert_eq!(sliced.finish(End::Fin), whole, "{}, sliced at {first} and {second}", sample.name);
                checks += 1;
            }
        }
    }
    println!("{checks} slicings of responses checked");
    assert!(checks > 1_000_000, "a sample or a loop is gone");
}

/// What a decoder says, in the reference's terms.
fn decoded(slices: &[&[u8]]) -> streams::Interpreted {
    let mut decoder = Decoder::new();
    let mut events = Vec::new();
    for slice in slices {
        events.extend(decoder.push(slice).iter().map(streams::plain));
    }
    streams::Interpreted {
        events,
        last_event_id: decoder.last_event_id().to_owned(),
        retry_ms: decoder.retry_ms(),
        comments: decoder.comments(),
        pending: decoder.pending().is_some(),
    }
}

#[test]
fn an_event_stream_cut_and_sliced_anywhere_means_what_the_specification_says() {
    let mut checks = 0;
    for (name, stream) in streams_of_every_kind() {
        for cut in 0..=stream.len() {
            let octets = &stream[..cut];
            let expected = streams::by_the_letter(octets);
            let each: Vec<&[u8]> = octets.chunks(1).collect();
            assert_eq!(decoded(&each), expected, "{name}, cut at {cut}, octet by octet");
            checks += 1;
            for place in 0..=cut {
                assert_eq!(
                    decoded(&[&octets[..place], &octets[place..]]),
                    expected,
                    "{name}, cut at {cut}, sliced at {place}"
                );
                checks += 1;
            }
        }
        let expected = streams::by_the_letter(&stream);
        for first in 0..=stream.len() {
            for second in first..=stream.len() {
                let slices = [&stream[..first], &stream[first..second], &stream[second..]];
                assert_eq!(decoded(&slices), expected, "{name}, sliced at {first} and {second}");
                checks += 1;
            }
        }
    }
    println!("{checks} cuts and slicings of event streams checked");
    assert!(checks > 60_000, "a sample or a loop is gone");
}
