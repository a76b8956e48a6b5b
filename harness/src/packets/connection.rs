//! The connections of a capture, and who asks in each.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::direction::{Direction, Room};
use super::segment::Segment;
use super::{Connection, exchange};
use crate::capture::MOST;
use crate::wire::notation::escape;

/// What holding a connection costs beside its segments, and telling of it.
const COST_OF_A_CONNECTION: usize = 1024;

/// All connections so far.
#[derive(Debug, Default)]
pub(super) struct Table {
    connections: Vec<Open>,
    /// The last connection between two addresses.
    last: BTreeMap<[SocketAddr; 2], usize>,
    room: Room,
    segments: usize,
}

/// A connection as far as it was read.
#[derive(Debug)]
pub(super) struct Open {
    /// Its ends: the one that sent the first packet, and the other.
    ends: [SocketAddr; 2],
    /// Which of them asks, as the handshake says.
    asks: Option<usize>,
    /// What each end sent.
    sent: [Direction; 2],
    /// What ended it, in the order of the packets.
    ends_seen: Vec<EndSeen>,
    /// What is inside, if that is not to be read.
    sealed: Option<Inside>,
}

/// The first FIN or the first reset of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EndSeen {
    /// Whose.
    pub(super) side: usize,
    /// Whether it is a reset.
    pub(super) is_reset: bool,
    /// How far the other side had come by then.
    pub(super) other_at: i64,
}

/// What is inside a connection, if it is not HTTP/1.x.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Inside {
    Tls,
    Http2,
    Other(String),
    Nothing,
}

impl Table {
    /// Takes the next segment.
    pub(super) fn take(&mut self, segment: &Segment<'_>) {
        self.segments += 1;
        let Segment { from, to, .. } = *segment;
        let key = if from <= to { [from, to] } else { [to, from] };
        let known = self.last.get(&key).copied().filter(|at| !self.connections[*at].is_over_for(segment));
        let at = match known {
            Some(at) => at,
            None if !self.room.charge(COST_OF_A_CONNECTION) => return,
            None => {
                let at = self.connections.len();
                self.connections.push(Open::between([from, to]));
                self.last.insert(key, at);
                at
            }
        };
        self.connections[at].take(segment, self.segments, &mut self.room);
    }

    pub(super) fn is_full(&self) -> bool {
        self.room.is_used_up()
    }

    /// What came of all of them.
    pub(super) fn finish(self) -> Vec<Connection> {
        self.connections.into_iter().enumerate().map(|(at, open)| open.finish(at + 1)).collect()
    }
}

impl Open {
    fn between(ends: [SocketAddr; 2]) -> Self {
        Self { ends, asks: None, sent: Default::default(), ends_seen: Vec::new(), sealed: None }
    }

    fn side(&self, from: SocketAddr) -> usize {
        usize::from(self.ends[0] != from)
    }

    /// Whether a segment opens another connection between the same addresses: a SYN, and no repeated one.
    fn is_over_for(&self, segment: &Segment<'_>) -> bool {
        let own = &self.sent[self.side(segment.from)];
        let opens = segment.syn && segment.acknowledges.is_none();
        opens && !own.is_untouched() && !own.begins_with(segment.number.wrapping_add(1))
    }

    fn take(&mut self, segment: &Segment<'_>, packet: usize, room: &mut Room) {
        let side = self.side(segment.from);
        if segment.syn {
            let asks = if segment.acknowledges.is_some() { 1 - side } else { side };
            self.asks.get_or_insert(asks);
        }
        self.sent[side].take(segment, packet, room);
        for is_reset in [false, true] {
            let ends = if is_reset { segment.rst } else { segment.fin };
            if ends && !self.ends_seen.iter().any(|end| end.side == side && end.is_reset == is_reset) {
                let other_at = self.sent[1 - side].come_to();
                self.ends_seen.push(EndSeen { side, is_reset, other_at });
            }
        }
        if let Some(number) = segment.acknowledges {
            self.sent[1 - side].acknowledge(number);
        }
        if self.sealed.is_none() && !segment.octets.is_empty() {
            self.sealed = sealed(self.sent[side].first_octets());
            if self.sealed.is_some() {
                self.sent.iter_mut().for_each(|direction| direction.forget(room));
            }
        }
    }

    /// Who asks: who opened the connection; else whose octets are no responses, while those of the other are; else whose
    /// port is the higher one.
    fn asking(&self) -> usize {
        let answers = |side: usize| {
            let direction = &self.sent[side];
            let mut pieces = direction.pieces().into_iter();
            pieces
                .any(|piece| direction.message_in(&piece).is_some_and(|at| piece.octets[at..].starts_with(b"HTTP/1.")))
        };
        self.asks.unwrap_or_else(|| match (answers(0), answers(1)) {
            (true, false) => 1,
            (false, true) => 0,
            _ => usize::from(self.ends[0].port() < self.ends[1].port()),
        })
    }

    fn finish(self, number: usize) -> Connection {
        let asks = self.asking();
        let [reader, origin] = [self.ends[asks], self.ends[1 - asks]];
        let [first, second] = self.sent;
        let (requests, responses) = if asks == 0 { (first, second) } else { (second, first) };
        let mut connection = Connection { reader, origin, exchanges: Vec::new(), remarks: Vec::new() };
        let say = |what: &str| format!("connection {number}, {reader} to {origin}: {what}");
        let inside = self.sealed.or_else(|| inside(&requests, &responses));
        if let Some(inside) = inside {
            connection.remarks.push(say(&match inside {
                Inside::Tls => {
                    "TLS is inside: capture behind what ends it, or let `lastchunk probe` be the reader".into()
                }
                Inside::Http2 => "HTTP/2 is inside, which is not read".into(),
                Inside::Other(octets) => format!("no HTTP/1.x: it begins with \"{octets}\""),
                Inside::Nothing => "not an octet of content was captured".into(),
            }));
            return connection;
        }
        for (direction, lane) in [(&requests, "requests"), (&responses, "responses")] {
            if direction.is_shortened {
                connection.remarks.push(say(&format!(
                    "the {lane} have more than {MOST} octets, or the capture has more than can be held: the rest is left out"
                )));
            }
            if direction.contradictions > 0 {
                let octets = direction.contradictions;
                connection
                    .remarks
                    .push(say(&format!("{octets} octets of the {lane} came twice and differ: the first ones count")));
            }
        }
        let by_role = |end: EndSeen| EndSeen { side: usize::from(end.side != asks), ..end };
        let ends = self.ends_seen.into_iter().map(by_role).collect();
        let remarks = &mut connection.remarks;
        let captured =
            exchange::Captured { ends: [reader, origin], requests: &requests, responses: &responses, seen: ends };
        connection.exchanges = captured.exchanges(&mut |remark| remarks.push(say(&remark)));
        connection
    }
}

/// What octets that come first are, if they are nothing that would be read.
fn sealed(first: &[u8]) -> Option<Inside> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";
    let is_tls = first.len() >= 3 && matches!(first[0], 0x14..=0x17) && first[1] == 3 && first[2] <= 4;
    match first {
        _ if is_tls => Some(Inside::Tls),
        _ if first.starts_with(PREFACE) => Some(Inside::Http2),
        _ => None,
    }
}

/// What is inside a connection in which no message of HTTP/1.x begins; none if one does.
fn inside(requests: &Direction, responses: &Direction) -> Option<Inside> {
    const SHOWN: usize = 24;
    let [asked, answered] = [requests, responses].map(|direction| direction.first_octets());
    let begins_like_a_message = |direction: &Direction| {
        let mut pieces = direction.pieces().into_iter();
        pieces.any(|piece| direction.is_a_message_in(&piece))
    };
    if begins_like_a_message(requests) || begins_like_a_message(responses) {
        return None;
    }
    let octets = if asked.is_empty() { answered } else { asked };
    // A connection that was joined in the middle may still be an answer whose beginning was missed.
    match octets {
        [] => Some(Inside::Nothing),
        _ if requests.begins.is_none() && responses.begins.is_none() => None,
        _ => Some(Inside::Other(escape(&octets[..octets.len().min(SHOWN)]))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(port: u16, number: u32, octets: &[u8]) -> Segment<'_> {
        let [from, to] = [([192, 0, 2, 1], port), ([192, 0, 2, 2], 80)].map(SocketAddr::from);
        let (syn, fin, rst) = (octets.is_empty(), false, false);
        Segment { from, to, number, acknowledges: None, syn, fin, rst, octets, missing: 0 }
    }

    #[test]
    fn connections_without_an_octet_take_room_and_what_has_none_is_not_held() {
        let mut table = Table { room: Room::of(10 * COST_OF_A_CONNECTION), ..Table::default() };
        for port in 1..=10 {
            table.take(&segment(port, 0, b""));
        }
        assert_eq!(table.connections.len(), 10);
        for port in 11..=1000 {
            table.take(&segment(port, 0, b""));
        }
        assert!(table.is_full());
        assert_eq!(table.connections.len(), 10);
        assert_eq!(table.last.len(), 10);
    }

    #[test]
    fn segments_that_begin_like_messages_take_room_wherever_they_lie() {
        const OCTETS: &[u8] = b"GET / HTTP/1.1\r\nGET / HTTP/1.1\r\n";
        let mut table = Table { room: Room::of(COST_OF_A_CONNECTION + 4096), ..Table::default() };
        table.take(&segment(1, 0, b""));
        // Each is new as a place, and nearly none of its octets.
        for number in 1..10_000 {
            table.take(&segment(1, number, OCTETS));
        }
        assert!(table.is_full());
        assert!(table.connections[0].sent[0].messages() <= 4096 / 64);
    }
}
