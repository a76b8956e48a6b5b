//! Content that is awaited, whatever frames it.

use super::exchanges::Exchanges;
use super::pattern::Pattern;
use crate::transcript::{Lane, Place, Tape};
use crate::wire::h1::{Label, Span};

/// Content that is looked for in each response of a hop.
pub(super) struct Content {
    exchanges: Exchanges,
    responses: Lane,
    /// How many octets of the responses are claimed: what they bear was awaited before.
    claimed: usize,
    scan: Scan,
}

/// How far the spans of the responses have been looked through.
struct Scan {
    pattern: Pattern,
    /// The number of the message whose content came last.
    message: usize,
    /// Where the chunk ends whose chunk-size came last.
    chunk_end: u64,
    found: Found,
}

/// Whether the content is there, and behind which octet it ends.
enum Found {
    Not,
    /// It fills its chunk: the CRLF behind this octet belongs to it.
    FillsChunk(usize),
    Whole(usize),
}

impl Content {
    pub(super) fn new(tape: &Tape, requests: Lane, responses: Lane, wanted: &[u8]) -> Self {
        let scan = Scan { pattern: Pattern::new(wanted.to_vec()), message: 0, chunk_end: 0, found: Found::Not };
        let claimed = tape.claimed_octets(responses);
        Self { exchanges: Exchanges::on(tape, requests, responses), responses, claimed, scan }
    }

    /// Reads what is new on the tape; the border behind the content, if it is there.
    pub(super) fn look(&mut self, tape: &Tape) -> Option<Place> {
        let Self { exchanges, responses, claimed, scan } = self;
        if !matches!(scan.found, Found::Whole(_)) {
            exchanges.follow(tape, |octets, at, labeller| {
                let new = labeller.spans().iter().filter(|span| span.range.end > at);
                new.for_each(|span| scan.take(span, octets, at, *claimed));
            });
        }
        match scan.found {
            Found::Whole(octet) => tape.behind_octet(*responses, octet),
            _ => None,
        }
    }
}

impl Scan {
    /// Looks at what is new in a span: `octets`, the first of which is number `at` of the lane.
    fn take(&mut self, span: &Span, octets: &[u8], at: usize, claimed: usize) {
        match (&self.found, span.label) {
            (Found::Not, Label::ChunkSize { size: Some(size), .. }) => {
                self.chunk_end = (span.range.end as u64).saturating_add(size);
            }
            (Found::Not, Label::ChunkData { .. } | Label::Content) => {
                if std::mem::replace(&mut self.message, span.message) != span.message {
                    self.pattern.reset();
                }
                let fresh = span.range.start.max(at).max(claimed);
                let Some(octets) = octets.get(fresh - at..span.range.end - at) else { return };
                let Some(end) = self.pattern.push(octets).map(|count| fresh + count) else { return };
                let fills_chunk = span.label != Label::Content && end as u64 == self.chunk_end;
                self.found = if fills_chunk { Found::FillsChunk(end) } else { Found::Whole(end) };
            }
            (Found::FillsChunk(end), Label::ChunkDataEnd) if span.range == (*end..end + 2) => {
                self.found = Found::Whole(span.range.end);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::transcript::{Meant, Recorder, chain};

    const IN: Lane = Lane::response(0);
    const OUT: Lane = Lane::request(0);
    const HEAD: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    /// Two requests, and responses whose first octets are claimed.
    fn begun(claimed: &str) -> Recorder {
        let mut recorder = Recorder::new(chain("reader", &[], "origin"), Meant::default());
        recorder.step("the only one");
        recorder.stimulus_octets(0, OUT, b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
        recorder.record_octets(0, IN, claimed.as_bytes());
        let end = recorder.tape(0).end();
        recorder.claim(0, end);
        recorder
    }

    /// The content is looked for when all is there, and at each octet that comes.
    #[track_caller]
    fn assert_ends(claimed: &str, told: &str, wanted: &str, upto: Option<usize>) {
        let mut whole = begun(claimed);
        whole.record_octets(0, IN, told.as_bytes());
        let border = upto.and_then(|upto| whole.tape(0).behind_octet(IN, upto));
        assert_eq!(border.is_some(), upto.is_some());
        assert_eq!(Content::new(whole.tape(0), OUT, IN, wanted.as_bytes()).look(whole.tape(0)), border);

        let mut slow = begun(claimed);
        let mut content = Content::new(slow.tape(0), OUT, IN, wanted.as_bytes());
        for octet in told.as_bytes().chunks(1) {
            let found = content.look(slow.tape(0));
            assert!(found.is_none() || found == upto.and_then(|upto| slow.tape(0).behind_octet(IN, upto)));
            slow.record_octets(0, IN, octet);
        }
        assert_eq!(content.look(slow.tape(0)), border);
    }

    #[rstest]
    #[case::fills_its_chunk("4\r\none\n\r\n4\r\n", "one\n", Some("4\r\none\n\r\n"))]
    #[case::waits_for_the_crlf("4\r\none\n", "one\n", None)]
    #[case::waits_for_the_whole_crlf("4\r\none\n\r", "one\n", None)]
    #[case::waits_for_a_crlf_in_vain("4\r\none\n\rx", "one\n", None)]
    #[case::inside_a_chunk("8\r\none\ntwo\n\r\n", "one\n", Some("8\r\none\n"))]
    #[case::over_two_chunks("2\r\non\r\n2\r\ne\n\r\n", "one\n", Some("2\r\non\r\n2\r\ne\n\r\n"))]
    #[case::not_there("4\r\ntwo\n\r\n", "one\n", None)]
    fn content_ends_where_its_chunk_does(#[case] body: &str, #[case] wanted: &str, #[case] upto: Option<&str>) {
        assert_ends("", &format!("{HEAD}{body}"), wanted, upto.map(|upto| HEAD.len() + upto.len()));
    }

    #[test]
    fn content_inside_an_unfinished_chunk_is_there() {
        assert_ends("", &format!("{HEAD}8\r\none\n"), "one\n", Some(HEAD.len() + "8\r\none\n".len()));
    }

    #[test]
    fn content_of_two_responses_is_not_one() {
        let told =
            ["one", "two"].map(|content| format!("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{content}")).concat();
        assert_ends("", &told, "two", Some(told.len()));
        assert_ends("", &told, "etwo", None);
    }

    #[test]
    fn content_that_was_awaited_before_is_not_found_again() {
        const HEAD: &str = "HTTP/1.1 200 OK\r\n\r\n";
        let once = format!("{HEAD}one\n");
        assert_ends("", &format!("{once}one\n"), "one\n", Some(once.len()));
        assert_ends(&once, "one\n", "one\n", Some(once.len() + 4));
        assert_ends(&once, "on", "one\n", None);
    }
}
