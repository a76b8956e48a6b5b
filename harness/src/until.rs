//! Effects that a case can wait for. Each finds a border in a tape: what lies before it belongs to the step that waited.

use std::fmt;
use std::sync::Arc;

use crate::transcript::{Lane, Place, Tape, What};
use crate::wire::h1;
use crate::wire::notation::{escape, printable};

/// The two directions of the hop that a node observes, as it sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lanes {
    /// What it receives.
    pub incoming: Lane,
    /// What it sends.
    pub outgoing: Lane,
}

type Search = dyn Fn(&Tape, Option<Lanes>) -> Option<Place> + Send + Sync;

/// An effect to wait for.
#[derive(Clone)]
pub struct Until {
    awaited: String,
    search: Arc<Search>,
    ends_response: bool,
}

impl fmt::Debug for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Until").field(&self.awaited).finish()
    }
}

impl Until {
    fn anywhere(awaited: String, search: impl Fn(&Tape) -> Option<Place> + Send + Sync + 'static) -> Self {
        Self { awaited, search: Arc::new(move |tape, _| search(tape)), ends_response: false }
    }

    fn on_hop(awaited: &str, search: impl Fn(&Tape, Lanes) -> Option<Place> + Send + Sync + 'static) -> Self {
        let named = awaited.to_owned();
        let search = move |tape: &Tape, lanes: Option<Lanes>| {
            let lanes = lanes.unwrap_or_else(|| {
                panic!("{named} cannot be awaited here: the node observes no hop (in a direct chain the reader does)")
            });
            search(tape, lanes)
        };
        Self { awaited: awaited.to_owned(), search: Arc::new(search), ends_response: false }
    }

    /// The same of what this node sends; not at the reader, whose every octet belongs to the step in which it sends it, and
    /// is waited for by nobody.
    fn on_sending(awaited: &str, search: impl Fn(&Tape, Lanes) -> Option<Place> + Send + Sync + 'static) -> Self {
        let named = awaited.to_owned();
        Self::on_hop(awaited, move |tape, lanes| {
            assert!(
                matches!(lanes.outgoing, Lane::Response(_)),
                "{named} cannot be awaited at the reader: what it sends belongs to the step in which it sends it"
            );
            search(tape, lanes)
        })
    }

    fn of_an_end(mut self) -> Self {
        self.ends_response = true;
        self
    }

    /// This effect and another one, in whatever order they come.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let awaited = format!("{} and {}", self.awaited, other.awaited);
        let ends_response = self.ends_response || other.ends_response;
        let search = move |tape: &Tape, lanes| Some((self.search)(tape, lanes)?.max((other.search)(tape, lanes)?));
        Self { awaited, search: Arc::new(search), ends_response }
    }

    /// Whether a library has something to report once the effect is there.
    #[must_use]
    pub fn ends_response(&self) -> bool {
        self.ends_response
    }

    /// What is awaited, in words.
    #[must_use]
    pub fn awaited(&self) -> &str {
        &self.awaited
    }

    /// The border behind the effect, if the tape shows it.
    ///
    /// # Panics
    /// When the effect is one of a hop and the node observes none.
    #[must_use]
    pub fn border(&self, tape: &Tape, lanes: Option<Lanes>) -> Option<Place> {
        (self.search)(tape, lanes)
    }
}

/// These octets have been received, and were not awaited before.
#[must_use]
pub fn octets(wanted: impl AsRef<[u8]>) -> Until {
    let wanted = wanted.as_ref().to_vec();
    Until::on_hop(&format!("the octets {}", escape(&wanted)), move |tape, lanes| find(tape, lanes.incoming, &wanted))
}

/// This content has been received, whatever frames it, and was not awaited before. Where it fills a chunk, the CRLF behind
/// the chunk-data belongs to it.
#[must_use]
pub fn content(wanted: impl AsRef<[u8]>) -> Until {
    let wanted = wanted.as_ref().to_vec();
    Until::on_hop(&format!("the content {}", escape(&wanted)), move |tape, lanes| {
        find_content(tape, lanes.outgoing, lanes.incoming, &wanted)
    })
}

/// This content has been handed to the socket, and was not awaited before; with the CRLF where it fills a chunk.
#[must_use]
pub fn content_sent(wanted: impl AsRef<[u8]>) -> Until {
    let wanted = wanted.as_ref().to_vec();
    Until::on_sending(&format!("the content sent {}", escape(&wanted)), move |tape, lanes| {
        find_content(tape, lanes.incoming, lanes.outgoing, &wanted)
    })
}

fn find_content(tape: &Tape, requests: Lane, responses: Lane, wanted: &[u8]) -> Option<Place> {
    let (told, claimed) = tape.octets(responses);
    tape.behind_octet(responses, content_end(&tape.octets(requests).0, &told, claimed, wanted)?)
}

fn content_end(asked: &[u8], told: &[u8], claimed: usize, wanted: &[u8]) -> Option<usize> {
    let requests = h1::label_requests(asked, h1::End::Open);
    let methods: Vec<&str> = requests.methods().collect();
    let stream = h1::label_responses(told, &methods, h1::End::Open);
    for message in &stream.messages {
        let content = message.content_in(told);
        let fresh = message.content.iter().map(|range| range.len().min(claimed.saturating_sub(range.start))).sum();
        let Some(at) = content[fresh..].windows(wanted.len()).position(|window| window == wanted) else { continue };
        let end = message.locate(fresh + at + wanted.len() - 1)? + 1;
        let chunk_is_full = message.framing == h1::Framing::Chunked
            && stream.spans.iter().any(|span| span.range.end == end && is_whole(span, &stream.spans));
        if !chunk_is_full {
            return Some(end);
        }
        let behind = stream.spans.iter().find(|span| span.range.start == end && span.label == h1::Label::ChunkDataEnd);
        return behind.filter(|span| span.range.len() == 2).map(|span| span.range.end);
    }
    None
}

/// Whether this chunk-data is as long as its chunk-size says.
fn is_whole(data: &h1::Span, spans: &[h1::Span]) -> bool {
    let h1::Label::ChunkData { index } = data.label else { return false };
    spans.iter().any(|span| matches!(span.label, h1::Label::ChunkSize { index: its, size: Some(size) } if its == index && size == data.range.len() as u64))
}

/// These octets have been handed to the socket, and were not awaited before.
#[must_use]
pub fn sent(wanted: impl AsRef<[u8]>) -> Until {
    let wanted = wanted.as_ref().to_vec();
    Until::on_sending(&format!("the octets sent {}", escape(&wanted)), move |tape, lanes| {
        find(tape, lanes.outgoing, &wanted)
    })
}

/// This many octets have been received in all since the connection was made.
#[must_use]
pub fn octets_in_all(count: usize) -> Until {
    Until::on_hop(&format!("{count} octets in all"), move |tape, lanes| tape.behind_octet(lanes.incoming, count))
}

/// This many octets have been handed to the socket in all since the first connection was made.
#[must_use]
pub fn sent_in_all(count: usize) -> Until {
    Until::on_sending(&format!("{count} octets sent in all"), move |tape, lanes| {
        tape.behind_octet(lanes.outgoing, count)
    })
}

fn find(tape: &Tape, lane: Lane, wanted: &[u8]) -> Option<Place> {
    let (all, claimed) = tape.octets(lane);
    let at = all[claimed..].windows(wanted.len()).position(|window| window == wanted)?;
    tape.behind_octet(lane, claimed + at + wanted.len())
}

/// The peer has ended its direction: FIN or RST.
#[must_use]
pub fn closed() -> Until {
    Until::on_hop("the end of the connection", |tape, lanes| behind_end(tape, lanes.incoming)).of_an_end()
}

/// This side has ended its own direction: FIN or RST.
#[must_use]
pub fn ended() -> Until {
    Until::on_sending("the end of the sending direction", |tape, lanes| behind_end(tape, lanes.outgoing))
}

fn behind_end(tape: &Tape, lane: Lane) -> Option<Place> {
    tape.behind_fact(|its, what| its == lane && matches!(what, What::Fin | What::Rst))
}

/// A note that begins with these words.
#[must_use]
pub fn noted(words: &str) -> Until {
    let words = words.to_owned();
    Until::anywhere(format!("the note \"{}\"", printable(&words)), move |tape| {
        tape.behind_fact(|_, what| matches!(what, What::Note(note) if note.starts_with(words.as_bytes())))
    })
}

/// The handler waits for this cue.
#[must_use]
pub fn waiting(cue: &str) -> Until {
    let mark = cue.to_owned();
    Until::anywhere(format!("the handler to wait for the cue \"{cue}\""), move |tape| tape.behind_mark(&mark))
}

/// The response that is under way has ended: its framing is complete, and so is the connection where RFC 9112 9.3 says
/// that it does not persist; or the connection has ended before that.
#[must_use]
pub fn end_of_response() -> Until {
    Until::on_hop("the end of the response", |tape, lanes| end(tape, lanes.outgoing, lanes.incoming)).of_an_end()
}

/// A response has ended, claimed or not, by the same rule.
#[must_use]
pub fn end_of_any_response() -> Until {
    Until::on_hop("the end of a response", |tape, lanes| {
        let exchanges = Exchanges::on(tape, lanes.outgoing, lanes.incoming);
        let ended = tape.has(|its, what| its == lanes.incoming && matches!(what, What::Fin | What::Rst));
        (ended || !exchanges.ends.is_empty()).then(|| tape.end())
    })
}

/// Whether every request on a hop is answered, and the connection may be used again: RFC 9112 9.3.
#[must_use]
pub fn persists(tape: &Tape, at_reader: bool, lanes: Lanes) -> bool {
    let (requests, responses) =
        if at_reader { (lanes.outgoing, lanes.incoming) } else { (lanes.incoming, lanes.outgoing) };
    let exchanges = Exchanges::on(tape, requests, responses);
    exchanges.persists && exchanges.asked > 0 && exchanges.ends.len() == exchanges.asked
}

fn end(tape: &Tape, requests: Lane, responses: Lane) -> Option<Place> {
    let exchanges = Exchanges::on(tape, requests, responses);
    match exchanges.ends.iter().find(|&&octet| octet > exchanges.claimed) {
        Some(&octet) => tape.behind_octet(responses, octet),
        None => behind_end(tape, responses),
    }
}

/// The exchanges of a connection.
struct Exchanges {
    /// How many requests there were.
    asked: usize,
    /// Behind which octet each complete response ended that left the connection usable.
    ends: Vec<usize>,
    /// How many octets of the responses are claimed.
    claimed: usize,
    /// Whether no complete response has said that the connection ends with it.
    persists: bool,
}

impl Exchanges {
    fn on(tape: &Tape, requests: Lane, responses: Lane) -> Self {
        let (asked, _) = tape.octets(requests);
        let (told, claimed) = tape.octets(responses);
        let request = h1::label_requests(&asked, h1::End::Open);
        let mut labeller = h1::Labeller::responses(request.methods().map(str::to_owned));
        labeller.push(&told);
        let mut exchanges = Self { asked: request.messages.len(), ends: Vec::new(), claimed, persists: true };
        let finals = labeller.messages().iter().filter(|message| !message.interim);
        for (n, (response, request)) in finals.zip(&request.messages).enumerate() {
            let Some(octet) = labeller.complete_at(n) else { break };
            exchanges.persists = allows_another(request, &asked) && allows_another(response, &told);
            if !exchanges.persists {
                break;
            }
            exchanges.ends.push(octet);
        }
        exchanges
    }
}

/// Whether the connection persists after this message: RFC 9112 9.3.
fn allows_another(message: &h1::Message, octets: &[u8]) -> bool {
    let options = message.field(octets, "connection").unwrap_or_default();
    let option = |wanted: &str| {
        options.split(|&octet| octet == b',').any(|option| option.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()))
    };
    let framed = !matches!(message.framing, h1::Framing::Close | h1::Framing::Raw);
    framed && !option("close") && (message.version >= Some((1, 1)) || option("keep-alive"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const HEAD: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    #[rstest]
    #[case::fills_its_chunk("4\r\none\n\r\n4\r\n", "one\n", Some("4\r\none\n\r\n"))]
    #[case::waits_for_the_crlf("4\r\none\n", "one\n", None)]
    #[case::waits_for_the_whole_crlf("4\r\none\n\r", "one\n", None)]
    #[case::inside_a_chunk("8\r\none\ntwo\n\r\n", "one\n", Some("8\r\none\n"))]
    #[case::inside_an_unfinished_chunk("8\r\none\n", "one\n", Some("8\r\none\n"))]
    #[case::over_two_chunks("2\r\non\r\n2\r\ne\n\r\n", "one\n", Some("2\r\non\r\n2\r\ne\n\r\n"))]
    #[case::not_there("4\r\ntwo\n\r\n", "one\n", None)]
    fn content_ends_where_its_chunk_does(#[case] body: &str, #[case] wanted: &str, #[case] upto: Option<&str>) {
        let told = format!("{HEAD}{body}");
        let end = content_end(b"GET / HTTP/1.1\r\n\r\n", told.as_bytes(), 0, wanted.as_bytes());
        assert_eq!(end, upto.map(|upto| HEAD.len() + upto.len()));
    }

    #[rstest]
    #[case::octets(sent("a"))]
    #[case::content(content_sent("a"))]
    #[case::in_all(sent_in_all(1))]
    #[case::end(ended())]
    #[should_panic(expected = "cannot be awaited at the reader")]
    fn what_the_reader_sends_is_not_awaited(#[case] until: Until) {
        let lanes = Lanes { incoming: Lane::response(0), outgoing: Lane::request(0) };
        assert_eq!(until.border(&Tape::with_room(0), Some(lanes)), None);
    }

    #[test]
    fn content_that_was_awaited_before_is_not_found_again() {
        let told = "HTTP/1.1 200 OK\r\n\r\none\none\n";
        let request = b"GET / HTTP/1.1\r\n\r\n";
        let first = content_end(request, told.as_bytes(), 0, b"one\n").expect("it is there");
        assert_eq!(content_end(request, told.as_bytes(), first, b"one\n"), Some(told.len()));
        assert_eq!(content_end(request, told.as_bytes(), told.len(), b"one\n"), None);
    }

    #[test]
    fn two_effects_are_there_when_both_are_and_everything_up_to_the_later_one_is_claimed() {
        let (both, lane) = (noted("b").and(noted("a")), Lane::notes(1));
        let mut tape = Tape::with_room(0);
        tape.record(lane, What::Note("a".into()));
        assert_eq!(both.border(&tape, None), None);
        tape.record(lane, What::Note("x".into()));
        tape.record(lane, What::Note("b".into()));
        assert_eq!(both.border(&tape, None), Some(tape.end()));
        assert_eq!(both.awaited(), "the note \"b\" and the note \"a\"");
    }
}
