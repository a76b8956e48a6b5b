//! What holds for all octets.

use proptest::prelude::*;

use super::*;
use crate::seeded::cases;

#[test]
fn slicing_at_every_one_and_two_places_changes_nothing() {
    for (labeller, octets) in samples() {
        let expected = whole(labeller.clone(), octets, End::Fin);
        for first in 0..=octets.len() {
            let mut begun = labeller.clone();
            begun.push(&octets[..first]);
            for second in first..=octets.len() {
                let mut sliced = begun.clone();
                sliced.push(&octets[first..second]);
                sliced.push(&octets[second..]);
                assert_eq!(sliced.finish(End::Fin), expected, "sliced at {first} and {second}");
            }
        }
    }
}

#[test]
fn a_stream_so_far_is_its_prefix_labelled() {
    for (labeller, octets) in samples() {
        let mut slow = labeller.clone();
        for at in 0..octets.len() {
            slow.push(&octets[at..=at]);
            let prefix = whole(labeller.clone(), &octets[..=at], End::Open);
            assert_eq!(slow.so_far(), prefix);
            assert_eq!(slow.spans(), prefix.spans);
            assert_eq!(slow.messages(), &prefix.messages[..slow.messages().len()]);
            assert_covers(&prefix, at + 1);
        }
    }
}

#[test]
fn what_has_ended_stays_as_it_was() {
    for (labeller, octets) in samples() {
        let last = whole(labeller.clone(), octets, End::Fin);
        for at in 0..octets.len() {
            let mut cut = labeller.clone();
            cut.push(&octets[..at]);
            // Only the last span may still change.
            let settled = cut.spans().len().saturating_sub(1);
            assert_eq!(cut.spans()[..settled], last.spans[..settled]);
            for n in 0..cut.completed() {
                assert!(cut.complete_at(n).is_some_and(|end| end <= at));
            }
        }
    }
}

#[test]
fn a_chunk_size_line_without_end_takes_no_room() {
    let mut labeller = Labeller::responses(["GET".to_owned()]);
    labeller.push(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0;");
    let octets = vec![b'x'; 1 << 20];
    for slice in octets.chunks(7) {
        labeller.push(slice);
    }
    assert_eq!(labeller.held_octets(), 0);
    assert_eq!(labeller.spans().len(), 4);
}

/// Pieces that lead deep into the grammar, whole and broken.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 200\n",
        "HTTP/1.1 101 x\r\n",
        "HTTP/1.1 103 x\r\n",
        "GET / HTTP/1.1\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Content-Length: 3\r\n",
        "Content-Length: 4\r\n",
        "A: b\r\n",
        " fold\r\n",
        "none\r\n",
        "\r\n",
        "\r\n\r\n",
        "\n",
        "\r",
        "3\r\nabc\r\n",
        "3\r\nabc",
        "0\r\n",
        "0\r\n\r\n",
        "f",
        ";x",
        "abc",
    ];
    prop_oneof![
        9 => prop::sample::select(pieces.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ]
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat()),
        1 => prop::collection::vec(any::<u8>(), 0..256),
    ]
}

/// A chunked response of many chunks, most of them as everybody writes them.
fn chunks() -> impl Strategy<Value = Vec<u8>> {
    let chunk = |line: fn(usize) -> String| {
        (1_usize..40).prop_map(move |size| format!("{}{}\r\n", line(size), "\n".repeat(size)).into_bytes())
    };
    let chunk = prop_oneof![
        12 => chunk(|size| format!("{size:x}\r\n")),
        1 => chunk(|size| format!("{size:08X}\r\n")),
        1 => chunk(|size| format!("{size:09x}\r\n")),
        1 => chunk(|size| format!("{size:x};a=b\r\n")),
        1 => chunk(|size| format!("{size:x} \r\n")),
        1 => chunk(|size| format!("{size:x}\n")),
        1 => prop::sample::select(vec!["0\r\n\r\n", "5\r\nshort\r", "4\r\nlong.\r\n", "ffffffff\r\n", "\r\n"])
            .prop_map(|octets| octets.as_bytes().to_vec()),
    ];
    prop::collection::vec(chunk, 0..24).prop_map(|chunks| {
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(), chunks.concat()].concat()
    })
}

fn labeller() -> impl Strategy<Value = Labeller> {
    let methods = prop::collection::vec(prop::sample::select(vec!["GET", "HEAD", "CONNECT"]), 0..4);
    prop_oneof![
        3 => methods.prop_map(|methods| Labeller::responses(methods.into_iter().map(str::to_owned))),
        1 => Just(Labeller::requests()),
        1 => (0_usize..3).prop_map(Labeller::requests_until),
    ]
}

/// A chunked response long enough to be looked at as a whole: chunks of text, and now and then of something else.
fn long_chunks() -> impl Strategy<Value = Vec<u8>> {
    let chunk = |data: Vec<u8>| [format!("{:x}\r\n", data.len()).as_bytes(), &data, b"\r\n"].concat();
    let chunk = prop_oneof![
        8 => (1_usize..60).prop_map(|size| "x".repeat(size).into_bytes()),
        2 => (1_usize..20).prop_map(|size| "\u{20ac}".repeat(size).into_bytes()),
        1 => Just("\u{20ac}".as_bytes()[..2].to_vec()),
        1 => Just(b"\xff".to_vec()),
        1 => Just(vec![b'y'; 9000]),
    ]
    .prop_map(chunk);
    (prop::collection::vec(chunk, 0..400), octets()).prop_map(|(chunks, octets)| {
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(), chunks.concat(), octets].concat()
    })
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn any_octets_are_covered_once_in_order(labeller in labeller(), octets in octets()) {
        for end in ENDS {
            assert_covers(&whole(labeller.clone(), &octets, end), octets.len());
        }
    }

    #[test]
    fn any_slicing_of_any_octets_changes_nothing(
        labeller in labeller(),
        octets in octets(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(octets.len() + 1)).collect();
        places.sort_unstable();
        let mut sliced = labeller.clone();
        let mut at = 0;
        for place in places {
            sliced.push(&octets[at..place]);
            at = place;
        }
        sliced.push(&octets[at..]);
        prop_assert_eq!(sliced.finish(End::Rst), whole(labeller, &octets, End::Rst));
    }

    #[test]
    fn every_message_says_where_it_is_and_how_it_ended(labeller in labeller(), octets in octets()) {
        let stream = whole(labeller, &octets, End::Rst);
        let mut at = 0;
        for message in &stream.messages {
            prop_assert!(at <= message.range.start && message.range.end <= octets.len());
            at = message.range.end;
            for range in &message.content {
                prop_assert!(message.range.start < range.start && range.start < range.end && range.end <= at);
            }
            prop_assert!(message.state != State::Complete(By::Close), "RST completes nothing");
        }
        let content: usize = stream.messages.iter().flat_map(|m| &m.content).map(|range| range.len()).sum();
        let labelled = stream.spans.iter().filter(|s| matches!(s.label, Label::Content | Label::ChunkData { .. }));
        prop_assert_eq!(content, labelled.map(|span| span.range.len()).sum::<usize>());
    }

    #[test]
    fn chunks_that_come_whole_are_labelled_as_octet_by_octet(octets in chunks()) {
        let mut sliced = Labeller::responses(["GET".to_owned()]);
        octets.iter().for_each(|octet| sliced.push(&[*octet]));
        prop_assert_eq!(sliced.finish(End::Fin), label_responses(&octets, &["GET"], End::Fin));
    }

    #[test]
    fn who_follows_a_stream_is_told_the_same_and_keeps_nothing(
        labeller in labeller(),
        octets in prop_oneof![octets(), chunks(), long_chunks()],
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(octets.len() + 1)).chain([0, octets.len()]).collect();
        cuts.sort_unstable();
        let (mut follower, mut content) = (labeller.clone(), Vec::new());
        for cut in cuts.windows(2) {
            follower.push_with(&octets[cut[0]..cut[1]], |piece| {
                content.extend_from_slice(piece.octets());
            });
            prop_assert!(follower.spans().len() <= 2);
        }
        let mut expected = whole(labeller, &octets, End::Fin).messages;
        let passed: Vec<u8> = expected.iter().flat_map(|message| message.content_in(&octets)).collect();
        prop_assert_eq!(content, passed);
        let mut told = follower.finish(End::Fin).messages;
        for message in expected.iter_mut().chain(&mut told) {
            message.content.clear();
        }
        prop_assert_eq!(told, expected);
    }

    #[test]
    fn who_takes_the_messages_that_have_ended_is_told_the_same(
        labeller in labeller(),
        octets in octets(),
        slice in 1_usize..40,
    ) {
        let (mut kept, mut followed, mut told) = (labeller.clone(), labeller.clone(), Vec::new());
        for slice in octets.chunks(slice) {
            kept.push(slice);
            followed.push(slice);
            prop_assert_eq!(followed.spans().last(), kept.spans().last());
            told.extend(followed.take_ended());
            prop_assert!(followed.spans().len() <= 2 && followed.messages().len() <= 1);
            prop_assert_eq!(followed.completed(), kept.completed());
        }
        told.extend(followed.finish(End::Fin).messages);
        let mut expected = whole(labeller, &octets, End::Fin).messages;
        for message in expected.iter_mut().chain(&mut told) {
            message.content.clear();
        }
        prop_assert_eq!(told, expected);
    }

    #[test]
    fn responses_that_nobody_has_asked_for_wait_for_who_does(
        methods in prop::collection::vec(prop::sample::select(vec!["GET", "HEAD", "CONNECT"]), 0..4),
        octets in octets(),
    ) {
        let mut late = Labeller::responses([]);
        let mut taken = late.push_asked(&octets);
        prop_assert_eq!(taken, 0);
        for method in &methods {
            late.expect(*method);
            taken += late.push_asked(&octets[taken..]);
        }
        late.push(&octets[taken..]);
        let expected = label_responses(&octets, &methods, End::Rst);
        prop_assert_eq!(late.finish(End::Rst), expected);
    }
}
