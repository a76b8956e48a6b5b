//! One direction of a connection, put together from its segments (RFC 9293 3.4, 3.10.7.4).

use std::collections::BTreeMap;

use super::segment::Segment;
use crate::capture::MOST;

/// So many octets of a capture are held at most: 256 MiB.
pub const MOST_HELD: usize = 256 * 1024 * 1024;

/// What holding a segment costs beside its octets.
const COST_OF_A_SEGMENT: usize = 64;

/// Octets that were sent and not captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// How many.
    pub octets: u64,
    /// Whether the other side acknowledged them: then they did arrive, and it is the capture that lacks them.
    pub acknowledged: bool,
}

/// How much may still be held, over all connections.
#[derive(Debug)]
pub(super) struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(MOST_HELD)
    }
}

impl Room {
    #[cfg(test)]
    pub(super) fn of(octets: usize) -> Self {
        Self(octets)
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.0 == 0
    }

    /// Takes room for a segment.
    fn take(&mut self, octets: usize) -> bool {
        self.charge(octets + COST_OF_A_SEGMENT)
    }

    /// Takes so much room; whether there was as much. If not, it is used up.
    pub(super) fn charge(&mut self, cost: usize) -> bool {
        let fits = cost <= self.0;
        self.0 = if fits { self.0 - cost } else { 0 };
        fits
    }

    fn give_back(&mut self, octets: usize) {
        self.0 = if self.is_used_up() { 0 } else { self.0 + octets };
    }
}

/// The octets of a direction as far as they are known. Places are counted from its first octet, or from the first that
/// was captured; those before it are negative.
#[derive(Debug, Default)]
pub(super) struct Direction {
    /// The sequence number of place 0.
    origin: Option<u32>,
    /// The highest place that was heard of: what the next number is near to, as numbers wrap.
    near: i64,
    /// Where the direction begins, as its SYN says.
    pub(super) begins: Option<i64>,
    /// What is known, by place; never overlapping. Neighbours may touch.
    known: BTreeMap<i64, Vec<u8>>,
    /// The places where a segment begins like an HTTP/1.x message, with the number of the packet.
    messages: BTreeMap<i64, usize>,
    /// Where the FIN is.
    fin: Option<i64>,
    /// Whether it sent a reset.
    pub(super) rst: bool,
    /// Up to where the other side has acknowledged it.
    acknowledged: Option<i64>,
    /// How many octets there were in segments.
    held: usize,
    /// Whether octets were left out for want of room.
    pub(super) is_shortened: bool,
    /// How many octets came a second time as other ones.
    pub(super) contradictions: usize,
}

/// A run of octets without a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Where it begins.
    pub(super) at: i64,
    pub(super) octets: Vec<u8>,
}

impl Direction {
    /// Takes a segment, the `packet`-th of the capture.
    pub(super) fn take(&mut self, segment: &Segment<'_>, packet: usize, room: &mut Room) {
        if segment.syn {
            let place = self.place(segment.number.wrapping_add(1));
            self.begins.get_or_insert(place);
        }
        let first = segment.number.wrapping_add(u32::from(segment.syn));
        if !segment.octets.is_empty() || segment.fin {
            let at = self.place(first);
            let end = at + segment.octets.len() as i64 + segment.missing as i64;
            self.near = self.near.max(end);
            if segment.fin {
                self.fin.get_or_insert(end);
            }
            if !segment.octets.is_empty() {
                self.hold(at, segment.octets, packet, room);
            }
        }
        self.rst |= segment.rst;
    }

    /// The other side has everything in front of this number.
    pub(super) fn acknowledge(&mut self, number: u32) {
        if self.origin.is_some() {
            let place = self.place(number);
            // Not further than what was heard of: a number is only near to what is known.
            self.acknowledged = Some(self.acknowledged.map_or(place, |known| known.max(place)));
        }
    }

    /// The sequence number of place 0, if anything was heard of it.
    pub(super) fn begins_with(&self, number: u32) -> bool {
        self.origin.is_some_and(|origin| origin == number && self.begins == Some(0))
    }

    pub(super) fn is_untouched(&self) -> bool {
        self.origin.is_none()
    }

    fn place(&mut self, number: u32) -> i64 {
        let origin = *self.origin.get_or_insert(number);
        let expected = origin.wrapping_add(self.near as u32);
        self.near + i64::from(number.wrapping_sub(expected) as i32)
    }

    /// Holds what of these octets is not known yet.
    fn hold(&mut self, at: i64, octets: &[u8], packet: usize, room: &mut Room) {
        // What is forgotten anyway, or has no room, begins no message.
        let begins = self.held < MOST && like_a_message(octets) && !self.messages.contains_key(&at);
        if begins && room.charge(COST_OF_A_SEGMENT) {
            self.messages.insert(at, packet);
        }
        let end = at + octets.len() as i64;
        let slice = |from: i64, to: i64| &octets[(from - at) as usize..(to - at) as usize];
        let before = self.known.range(..=at).next_back().map_or(at, |(start, _)| *start);
        let mut fresh = Vec::new();
        let mut from = at;
        for (start, run) in self.known.range(before..end) {
            let stop = start + run.len() as i64;
            if stop <= from {
                continue;
            }
            if *start > from {
                fresh.push((from, slice(from, *start)));
            }
            let (low, high) = ((*start).max(from), stop.min(end));
            let known = &run[(low - start) as usize..(high - start) as usize];
            self.contradictions += known.iter().zip(slice(low, high)).filter(|(known, again)| known != again).count();
            from = high;
        }
        if from < end {
            fresh.push((from, slice(from, end)));
        }
        for (place, octets) in fresh {
            if self.held + octets.len() > MOST || !room.take(octets.len()) {
                self.is_shortened = true;
                return;
            }
            self.held += octets.len();
            match self.known.range_mut(..place).next_back() {
                Some((start, run)) if start + run.len() as i64 == place => run.extend_from_slice(octets),
                _ => {
                    self.known.insert(place, octets.to_vec());
                }
            }
        }
    }

    /// How many places of messages are held.
    #[cfg(test)]
    pub(super) fn messages(&self) -> usize {
        self.messages.len()
    }

    /// The place behind the last octet that was heard of.
    pub(super) fn come_to(&self) -> i64 {
        self.near
    }

    /// The first octets, if the direction is known from its beginning, or those that were captured first.
    pub(super) fn first_octets(&self) -> &[u8] {
        let first = match self.begins {
            Some(begins) => self.known.get(&begins),
            None => self.known.first_key_value().map(|(_, run)| run),
        };
        first.map_or(&[], Vec::as_slice)
    }

    /// Forgets all octets but the first ones, and whatever comes: what they are is known.
    pub(super) fn forget(&mut self, room: &mut Room) {
        const KEPT: usize = 64;
        let first = self.first_octets();
        let kept = first[..first.len().min(KEPT)].to_vec();
        room.give_back(self.held);
        self.held = MOST;
        self.known.clear();
        self.messages.clear();
        self.known.insert(self.begins.unwrap_or_default(), kept);
    }

    /// The packet that begins the message at this place, or the one nearest in front of it.
    pub(super) fn packet_at(&self, place: i64) -> usize {
        self.messages.range(..=place).next_back().map_or(0, |(_, packet)| *packet)
    }

    /// The first place in a piece where a message certainly or probably begins: at the direction's own beginning, or where
    /// a segment begins like one.
    pub(super) fn message_in(&self, piece: &Piece) -> Option<usize> {
        if self.begins == Some(piece.at) {
            return Some(0);
        }
        let end = piece.at + piece.octets.len() as i64;
        self.messages.range(piece.at..end).next().map(|(place, _)| (place - piece.at) as usize)
    }

    /// Whether a segment in this piece begins like a message.
    pub(super) fn is_a_message_in(&self, piece: &Piece) -> bool {
        if self.begins == Some(piece.at) {
            return may_be_a_message(&piece.octets);
        }
        let end = piece.at + piece.octets.len() as i64;
        self.messages.range(piece.at..end).next().is_some()
    }

    /// The runs without a gap, in order.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        for (at, run) in &self.known {
            match pieces.last_mut() {
                Some(piece) if piece.at + piece.octets.len() as i64 == *at => piece.octets.extend_from_slice(run),
                _ => pieces.push(Piece { at: *at, octets: run.clone() }),
            }
        }
        pieces
    }

    /// What is missing from a place on, before `next` or, if that is none, before the end that is known.
    pub(super) fn gap(&self, from: i64, next: Option<i64>) -> Option<Gap> {
        let to = next.or(self.fin).unwrap_or(self.near);
        let octets = u64::try_from(to - from).ok().filter(|octets| *octets > 0)?;
        Some(Gap { octets, acknowledged: self.acknowledged.is_some_and(|place| place >= to) })
    }

    /// Whether the direction ends at this place, in order.
    pub(super) fn ends_at(&self, place: i64) -> bool {
        self.fin == Some(place)
    }
}

const VERSION: &[u8] = b"HTTP/1.";

/// Whether octets begin as a request or a response of HTTP/1.x does.
fn like_a_message(octets: &[u8]) -> bool {
    octets.starts_with(VERSION) || request_line(octets) == Some(true)
}

/// Whether they do, or are too few to say that they do not.
fn may_be_a_message(octets: &[u8]) -> bool {
    octets.starts_with(VERSION) || VERSION.starts_with(octets) || request_line(octets).unwrap_or(true)
}

/// Whether octets begin with a request-line; none if they may be the beginning of one.
fn request_line(octets: &[u8]) -> Option<bool> {
    const LONGEST: usize = 8192;
    let line = &octets[..octets.len().min(LONGEST)];
    let end = memchr::memchr(b'\n', line);
    let line = &line[..end.unwrap_or(line.len())];
    let mut words = line.split(|octet| *octet == b' ');
    let is_method = |word: &[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_uppercase);
    if !words.next().is_some_and(is_method) {
        return Some(false);
    }
    match words.nth(1) {
        Some(version) if version.starts_with(VERSION) => Some(true),
        Some(version) if end.is_some() || !VERSION.starts_with(version) => Some(false),
        None if end.is_some() => Some(false),
        _ => None,
    }
}
