//! Effects that a case can wait for. Each finds a border in a tape: what lies before it belongs to the step that waited.

use std::fmt;
use std::sync::Arc;

use crate::transcript::{Lane, Place, Tape, What};
use crate::wire::h1::{self, End};
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
}

impl fmt::Debug for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Until").field(&self.awaited).finish()
    }
}

impl Until {
    fn anywhere(awaited: String, search: impl Fn(&Tape) -> Option<Place> + Send + Sync + 'static) -> Self {
        Self { awaited, search: Arc::new(move |tape, _| search(tape)) }
    }

    fn on_hop(awaited: &str, search: impl Fn(&Tape, Lanes) -> Option<Place> + Send + Sync + 'static) -> Self {
        let named = awaited.to_owned();
        let search = move |tape: &Tape, lanes: Option<Lanes>| {
            let lanes = lanes.unwrap_or_else(|| {
                panic!("{named} cannot be awaited here: the node observes no hop (in a direct chain the reader does)")
            });
            search(tape, lanes)
        };
        Self { awaited: awaited.to_owned(), search: Arc::new(search) }
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

/// These octets have been handed to the socket, and were not awaited before.
#[must_use]
pub fn sent(wanted: impl AsRef<[u8]>) -> Until {
    let wanted = wanted.as_ref().to_vec();
    Until::on_hop(&format!("the octets sent {}", escape(&wanted)), move |tape, lanes| {
        find(tape, lanes.outgoing, &wanted)
    })
}

/// This many octets have been received in all since the connection was made.
#[must_use]
pub fn octets_in_all(count: usize) -> Until {
    Until::on_hop(&format!("{count} octets in all"), move |tape, lanes| tape.behind_octet(lanes.incoming, count))
}

fn find(tape: &Tape, lane: Lane, wanted: &[u8]) -> Option<Place> {
    let (all, claimed) = tape.octets(lane);
    let at = all[claimed..].windows(wanted.len()).position(|window| window == wanted)?;
    tape.behind_octet(lane, claimed + at + wanted.len())
}

/// The peer has ended its direction: FIN or RST.
#[must_use]
pub fn closed() -> Until {
    Until::on_hop("the end of the connection", |tape, lanes| behind_end(tape, lanes.incoming))
}

/// This side has ended its own direction: FIN or RST.
#[must_use]
pub fn ended() -> Until {
    Until::on_hop("the end of the sending direction", |tape, lanes| behind_end(tape, lanes.outgoing))
}

fn behind_end(tape: &Tape, lane: Lane) -> Option<Place> {
    tape.behind_fact(|its, what| its == lane && matches!(what, What::Fin | What::Rst))
}

/// A note that begins with these words.
#[must_use]
pub fn noted(words: &str) -> Until {
    let words = words.to_owned();
    Until::anywhere(format!("the note \"{}\"", printable(&words)), move |tape| {
        tape.behind_fact(|_, what| matches!(what, What::Note(note) if note.starts_with(&words)))
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
    Until::on_hop("the end of the response", |tape, lanes| end(tape, lanes.outgoing, lanes.incoming))
}

/// The response that this origin sends has ended, by the same rule.
#[must_use]
pub fn end_of_sending() -> Until {
    Until::on_hop("the end of the response that is sent", |tape, lanes| end(tape, lanes.incoming, lanes.outgoing))
}

fn end(tape: &Tape, requests: Lane, responses: Lane) -> Option<Place> {
    let closed = || behind_end(tape, responses);
    let (asked, _) = tape.octets(requests);
    let (told, claimed) = tape.octets(responses);
    let asked = (h1::label_requests(&asked, End::Open), asked);
    let methods: Vec<&str> = asked.0.methods().collect();
    let mut labeller = h1::Labeller::responses(methods.iter().map(|&method| method.to_owned()));
    labeller.push(&told);
    let finals = labeller.messages().iter().filter(|message| !message.interim);
    for (n, (response, request)) in finals.zip(&asked.0.messages).enumerate() {
        let Some(octet) = labeller.complete_at(n) else { break };
        if !(persists(request, &asked.1) && persists(response, &told)) {
            return closed();
        }
        if octet > claimed {
            return tape.behind_octet(responses, octet);
        }
    }
    closed()
}

/// Whether the connection persists after this message: RFC 9112 9.3.
fn persists(message: &h1::Message, octets: &[u8]) -> bool {
    let options = message.field(octets, "connection").unwrap_or_default();
    let option = |wanted: &str| {
        options.split(|&octet| octet == b',').any(|option| option.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()))
    };
    let framed = !matches!(message.framing, h1::Framing::Close | h1::Framing::Raw);
    framed && !option("close") && (message.version >= Some((1, 1)) || option("keep-alive"))
}
