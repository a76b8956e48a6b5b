//! Effects that a case can wait for. Each finds a border in a tape: what lies before it belongs to the step that waited.

mod content;
mod exchanges;
mod pattern;
mod search;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use content::Content;
use exchanges::Exchanges;
use pattern::Pattern;
use search::Look;

pub use search::{Search, Until};

use crate::transcript::{Cursor, Lane, Place, Tape, What};
use crate::wire::notation::{escape, printable};

/// The two directions of the hop that a node observes, as it sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lanes {
    /// What it receives.
    pub incoming: Lane,
    /// What it sends.
    pub outgoing: Lane,
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

fn find_content(tape: &Tape, requests: Lane, responses: Lane, wanted: &[u8]) -> Look {
    let mut content = Content::new(tape, requests, responses, wanted);
    Box::new(move |tape| content.look(tape))
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
    Until::on_hop(&format!("{count} octets in all"), move |_, lanes| find_in_all(lanes.incoming, count))
}

/// This many octets have been handed to the socket in all since the first connection was made.
#[must_use]
pub fn sent_in_all(count: usize) -> Until {
    Until::on_sending(&format!("{count} octets sent in all"), move |_, lanes| find_in_all(lanes.outgoing, count))
}

fn find_in_all(lane: Lane, count: usize) -> Look {
    let mut cursor = Cursor::before(lane);
    Box::new(move |tape| {
        while cursor.octets() < count {
            match tape.unread(&mut cursor).len() {
                0 => return None,
                octets => cursor.pass(octets),
            }
        }
        tape.behind_octet(lane, count)
    })
}

fn find(tape: &Tape, lane: Lane, wanted: &[u8]) -> Look {
    let (mut pattern, mut cursor) = (Pattern::new(wanted.to_vec()), tape.unclaimed(lane));
    let mut end = None;
    Box::new(move |tape| {
        while end.is_none() {
            let octets = tape.unread(&mut cursor);
            if octets.is_empty() {
                return None;
            }
            end = pattern.push(octets).map(|count| cursor.octets() + count);
            cursor.pass(octets.len());
        }
        tape.behind_octet(lane, end?)
    })
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

fn behind_end(tape: &Tape, lane: Lane) -> Look {
    let mut seen = tape.claimed();
    Box::new(move |tape| tape.behind_fact(&mut seen, |its, what| its == lane && is_end(what)))
}

fn is_end(what: &What) -> bool {
    matches!(what, What::Fin | What::Rst)
}

/// A note that begins with these words.
#[must_use]
pub fn noted(words: &str) -> Until {
    let words: Arc<str> = words.into();
    Until::anywhere(format!("the note \"{}\"", printable(&words)), move |tape| {
        let (words, mut seen) = (Arc::clone(&words), tape.claimed());
        Box::new(move |tape| {
            tape.behind_fact(
                &mut seen,
                |_, what| matches!(what, What::Note(note) if note.starts_with(words.as_bytes())),
            )
        })
    })
}

/// The handler waits for this cue.
#[must_use]
pub fn waiting(cue: &str) -> Until {
    let mark: Arc<str> = cue.into();
    Until::anywhere(format!("the handler to wait for the cue \"{cue}\""), move |tape| {
        let (mark, mut seen) = (Arc::clone(&mark), tape.claimed());
        Box::new(move |tape| tape.behind_mark(&mut seen, &mark))
    })
}

/// The response that is under way has ended: its framing is complete, and so is the connection where RFC 9112 9.3 says
/// that it does not persist; or the connection has ended before that.
#[must_use]
pub fn end_of_response() -> Until {
    let begin = |tape: &Tape, lanes: Lanes| {
        let mut exchanges = Exchanges::on(tape, lanes.outgoing, lanes.incoming);
        let mut behind_end = behind_end(tape, lanes.incoming);
        Box::new(move |tape: &Tape| match exchanges.ended(tape).unclaimed {
            Some(octet) => tape.behind_octet(lanes.incoming, octet),
            None => behind_end(tape),
        }) as Look
    };
    Until::on_hop("the end of the response", begin).of_an_end()
}

/// A response has ended, claimed or not, by the same rule.
#[must_use]
pub fn end_of_any_response() -> Until {
    Until::on_hop("the end of a response", |tape, lanes| {
        let mut exchanges = Exchanges::on(tape, lanes.outgoing, lanes.incoming);
        let mut seen = Place::default();
        Box::new(move |tape| {
            let end = tape.behind_fact(&mut seen, |its, what| its == lanes.incoming && is_end(what));
            (end.is_some() || exchanges.ended(tape).count > 0).then(|| tape.end())
        })
    })
}

/// Every request on the hop is answered, and the connection may be used again: RFC 9112 9.3.
pub(crate) fn idle() -> Until {
    Until::on_hop("an idle connection", |tape, lanes| {
        let (requests, responses) = match lanes.outgoing {
            Lane::Response(_) => (lanes.incoming, lanes.outgoing),
            _ => (lanes.outgoing, lanes.incoming),
        };
        let mut exchanges = Exchanges::on(tape, requests, responses);
        Box::new(move |tape| exchanges.are_done(tape).then(|| tape.end()))
    })
}
