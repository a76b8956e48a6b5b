//! What holds for every effect.

use std::panic::Location;

use proptest::prelude::*;
use rstest::rstest;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready};

use super::*;
use crate::observer::Observer;
use crate::seeded::cases;
use crate::transcript::{Meant, Recorder, chain};
use crate::wire::h1::{End, Framing, LABELLED, Label, Labeller, label_requests, label_responses};

#[rstest]
#[case::octets(sent("a"))]
#[case::content(content_sent("a"))]
#[case::in_all(sent_in_all(1))]
#[case::end(ended())]
#[should_panic(expected = "cannot be awaited at the reader")]
fn what_the_reader_sends_is_not_awaited(#[case] until: Until) {
    let lanes = Lanes { incoming: Lane::response(0), outgoing: Lane::request(0) };
    assert_eq!(until.search(Some(lanes)).border(&Tape::with_room(0)), None);
}

#[test]
fn two_effects_are_there_when_both_are_and_everything_up_to_the_later_one_is_claimed() {
    let (until, lane) = (noted("b").and(noted("a")), Lane::notes(1));
    let mut both = until.search(None);
    let mut tape = Tape::with_room(0);
    tape.record(lane, What::Note("a".into()));
    assert_eq!(both.border(&tape), None);
    tape.record(lane, What::Note("x".into()));
    tape.record(lane, What::Note("b".into()));
    assert_eq!(both.border(&tape), Some(tape.end()));
    assert_eq!(until.awaited(), "the note \"b\" and the note \"a\"");
}

#[rstest]
#[case::content(content("last"), 1)]
#[case::end_of_response(end_of_response(), 1)]
#[case::end_of_any_response(end_of_any_response(), 1)]
#[case::both(content("last").and(end_of_response()), 2)]
#[tokio::test]
async fn a_wait_labels_each_octet_once(#[case] until: Until, #[case] effects: usize) {
    const REQUEST: &str = "GET / HTTP/1.1\r\n\r\n";
    const HEAD: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let observers = Observer::all(Recorder::new(chain("reader", &[], "origin"), Meant::default()));
    let reader = &observers[0];
    let mut waiting = spawn(reader.until(until, Location::caller()));
    LABELLED.set(0);

    reader.sent(REQUEST.as_bytes());
    let mut octets = REQUEST.len();
    for piece in [HEAD].into_iter().chain(["5\r\nfirst\r\n"; 1_000]).chain(["4\r\nlast\r\n0\r\n\r\n"]) {
        assert_pending!(waiting.poll());
        reader.received(piece.as_bytes());
        octets += piece.len();
    }
    assert_ready!(waiting.poll());
    assert_eq!(LABELLED.get(), octets * effects);
}

const IN: Lane = Lane::response(0);
const OUT: Lane = Lane::request(0);

/// What a tape does.
#[derive(Debug, Clone)]
enum Act {
    Asked(&'static str),
    Told(&'static str),
    Ended,
    Noted,
    /// Everything is claimed that is there but for so many octets of the responses.
    Claimed(usize),
    Forgotten,
}

fn act() -> impl Strategy<Value = Act> {
    let asked = [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\n",
        "HEAD / HTTP/1.1\r\n",
        "GET / HTTP/1.0\r\n",
        "Connection: close\r\n",
        "Content-Length: 1\r\n",
        "\r\n",
        "x",
    ];
    let told = [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
        "HTTP/1.1 204\r\n\r\n",
        "HTTP/1.1 204\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 100\r\n\r\n",
        "HTTP/1.1 101\r\n\r\n",
        "HTTP/1.1 200 OK\r\n",
        "\r\n",
        "2\r\nab\r\n",
        "2\r\nab",
        "3\r\naab\r\n",
        "0\r\n\r\n",
        "a",
        "b",
        "abb",
    ];
    prop_oneof![
        4 => prop::sample::select(asked.to_vec()).prop_map(Act::Asked),
        12 => prop::sample::select(told.to_vec()).prop_map(Act::Told),
        1 => Just(Act::Ended),
        1 => Just(Act::Noted),
        1 => (0_usize..4).prop_map(Act::Claimed),
        1 => Just(Act::Forgotten),
    ]
}

/// All octets of a lane.
fn all(tape: &Tape, lane: Lane) -> Vec<u8> {
    let (mut all, mut cursor) = (Vec::new(), Cursor::before(lane));
    loop {
        let octets = tape.unread(&mut cursor);
        all.extend_from_slice(octets);
        match octets.len() {
            0 => return all,
            count => cursor.pass(count),
        }
    }
}

/// Where the content ends, by the spans of the whole stream.
fn content_end(tape: &Tape, wanted: &[u8]) -> Option<usize> {
    let (told, claimed) = (all(tape, IN), tape.claimed_octets(IN));
    let requests = label_requests(&all(tape, OUT), End::Open);
    let stream = label_responses(&told, &requests.methods().collect::<Vec<_>>(), End::Open);
    for message in &stream.messages {
        let content = message.content_in(&told);
        let fresh = message.content.iter().map(|range| range.len().min(claimed.saturating_sub(range.start))).sum();
        let Some(at) = content[fresh..].windows(wanted.len()).position(|window| window == wanted) else { continue };
        let end = message.locate(fresh + at + wanted.len() - 1)? + 1;
        let data = stream.spans.iter().find(|span| span.range.end == end && message.framing == Framing::Chunked);
        let size = data.and_then(|data| {
            let Label::ChunkData { index } = data.label else { return None };
            let mut sizes = stream.spans.iter().filter(|span| span.message == data.message);
            sizes.find(|span| span.label == Label::ChunkSize { index, size: Some(data.range.len() as u64) })
        });
        if size.is_none() {
            return Some(end);
        }
        let crlf = stream.spans.iter().find(|span| span.range == (end..end + 2) && span.label == Label::ChunkDataEnd);
        return crlf.map(|span| span.range.end);
    }
    None
}

/// How many requests there are, behind which octet each response ended that left the connection usable, and whether none
/// ended it.
fn exchanges(tape: &Tape) -> (usize, Vec<usize>, bool) {
    let requests = label_requests(&all(tape, OUT), End::Open);
    let mut labeller = Labeller::responses(requests.methods().map(str::to_owned));
    labeller.push(&all(tape, IN));
    let (mut ends, mut persists) = (Vec::new(), true);
    let finals = labeller.messages().iter().filter(|message| !message.interim);
    for (n, (response, request)) in finals.zip(&requests.messages).enumerate() {
        let Some(octet) = labeller.complete_at(n) else { break };
        persists = request.persists && response.persists;
        if !persists {
            break;
        }
        ends.push(octet);
    }
    (requests.messages.len(), ends, persists)
}

proptest! {
    #![proptest_config(cases(2_000))]

    /// However a tape grows, and whatever is claimed or taken away meanwhile.
    #[test]
    fn what_is_found_piece_by_piece_is_what_the_whole_tape_shows(acts in prop::collection::vec(act(), 0..24)) {
        let lanes = Some(Lanes { incoming: IN, outgoing: OUT });
        let effects = [octets("ab"), content("ab"), end_of_response(), end_of_any_response(), idle(), closed()];
        let [mut octets, mut content, mut end, mut any, mut idle, mut closed] = effects.map(|until| until.search(lanes));
        let mut recorder = Recorder::new(chain("reader", &[], "origin"), Meant::default());
        recorder.step("the only one");
        for act in acts {
            match act {
                Act::Asked(octets) => recorder.stimulus_octets(0, OUT, octets.as_bytes()),
                Act::Told(octets) => recorder.record_octets(0, IN, octets.as_bytes()),
                Act::Ended => recorder.record(0, IN, What::Fin),
                Act::Noted => recorder.record(0, Lane::notes(0), What::Note("a note".into())),
                Act::Forgotten => recorder.forget_unclaimed(0, IN),
                Act::Claimed(left) => {
                    let tape = recorder.tape(0);
                    if let Some(place) = tape.behind_octet(IN, tape.octets_in_all(IN).saturating_sub(left)) {
                        recorder.claim(0, place);
                    }
                }
            }
            let tape = recorder.tape(0);
            let claimed = tape.claimed_octets(IN);
            let fin = tape.behind_fact(&mut tape.claimed(), |lane, what| lane == IN && *what == What::Fin);
            let found = all(tape, IN)[claimed..].windows(2).position(|window| window == b"ab");
            let place = |octet| tape.behind_octet(IN, octet);
            prop_assert_eq!(octets.border(tape), found.and_then(|at| place(claimed + at + 2)));
            prop_assert_eq!(content.border(tape), content_end(tape, b"ab").and_then(place));
            prop_assert_eq!(closed.border(tape), fin);
            let (asked, ends, persists) = exchanges(tape);
            let unclaimed = ends.iter().find(|octet| **octet > claimed);
            prop_assert_eq!(end.border(tape), unclaimed.map_or(fin, |octet| place(*octet)));
            let has_ended = tape.has(|lane, what| lane == IN && *what == What::Fin);
            prop_assert_eq!(any.border(tape), (has_ended || !ends.is_empty()).then(|| tape.end()));
            prop_assert_eq!(idle.border(tape), (persists && asked > 0 && asked == ends.len()).then(|| tape.end()));
        }
    }
}
