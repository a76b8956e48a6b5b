//! Reading a lane of a tape that still grows: what was read is not read again.

use super::{Entry, Tape};
use crate::transcript::Lane;

/// How far somebody has read the octets of a lane. It holds for as long as the tape's [edition](Tape::edition) does.
#[derive(Debug, Clone)]
pub struct Cursor {
    lane: Lane,
    /// Among the stimuli, and among the entries: in which one, and behind how many octets of it. A lane has octets of its own
    /// in one of them only.
    places: [(usize, usize); 2],
    /// At which of the two the octets lie that were given last.
    part: usize,
    octets: usize,
}

impl Cursor {
    /// Before the first octet of this lane.
    #[must_use]
    pub const fn before(lane: Lane) -> Self {
        Self { lane, places: [(0, 0); 2], part: 0, octets: 0 }
    }

    /// How many octets of the lane lie before it.
    #[must_use]
    pub const fn octets(&self) -> usize {
        self.octets
    }

    /// Moves over so many of the octets that [`Tape::unread`] gave last.
    pub const fn pass(&mut self, octets: usize) {
        self.places[self.part].1 += octets;
        self.octets += octets;
    }
}

impl Tape {
    /// The octets that lie next behind the cursor; none if no more have come. There may be others behind them.
    #[must_use]
    pub fn unread(&self, cursor: &mut Cursor) -> &[u8] {
        let lane = cursor.lane;
        let [stimuli, entries] = &mut cursor.places;
        let stimulus = next(&self.stimuli, stimuli, |(its, run)| (*its == lane).then_some(&run[..]));
        let octets = stimulus.or_else(|| {
            next(&self.entries, entries, |entry| match entry {
                Entry::Octets(its, run) if *its == lane => Some(&run[..]),
                _ => None,
            })
        });
        cursor.part = usize::from(stimulus.is_none());
        octets.unwrap_or_default()
    }

    /// Before the first octet of this lane that is not claimed.
    #[must_use]
    pub fn unclaimed(&self, lane: Lane) -> Cursor {
        let mut cursor = Cursor::before(lane);
        let claimed = self.claimed_octets(lane);
        while cursor.octets < claimed {
            let octets = self.unread(&mut cursor).len().min(claimed - cursor.octets);
            cursor.pass(octets);
        }
        cursor
    }
}

/// The octets of the lane behind this place, which is moved over what holds none.
fn next<'a, T>(
    runs: &'a [T],
    place: &mut (usize, usize),
    of_lane: impl Fn(&'a T) -> Option<&'a [u8]>,
) -> Option<&'a [u8]> {
    while let Some(run) = runs.get(place.0) {
        if let Some(octets) = of_lane(run).and_then(|octets| octets.get(place.1..))
            && !octets.is_empty()
        {
            return Some(octets);
        }
        // The last run may still grow.
        if place.0 + 1 == runs.len() {
            break;
        }
        *place = (place.0 + 1, 0);
    }
    None
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::transcript::What;

    const IN: Lane = Lane::response(0);
    const OUT: Lane = Lane::request(0);

    fn read(tape: &Tape, cursor: &mut Cursor) -> Vec<u8> {
        let mut read = Vec::new();
        loop {
            let octets = tape.unread(cursor);
            if octets.is_empty() {
                return read;
            }
            read.extend_from_slice(octets);
            let count = octets.len();
            cursor.pass(count);
        }
    }

    #[test]
    fn what_comes_later_is_read_and_what_was_read_is_not() {
        let mut tape = Tape::default();
        let (mut incoming, mut outgoing) = (Cursor::before(IN), Cursor::before(OUT));
        assert_eq!(read(&tape, &mut incoming), b"");
        tape.stimulus(OUT, b"ask");
        tape.record_octets(IN, b"one");
        assert_eq!((read(&tape, &mut incoming), read(&tape, &mut outgoing)), (b"one".to_vec(), b"ask".to_vec()));
        // The run grows, and others come behind it.
        tape.stimulus(OUT, b" more");
        tape.record_octets(IN, b"two");
        tape.mark("cue");
        tape.share_octets(IN, &Bytes::from(vec![b'3'; 16 * 1024]));
        tape.record_octets(IN, b"four");
        tape.record(IN, What::Fin);
        let rest = read(&tape, &mut incoming);
        assert!(rest.starts_with(b"two3") && rest.ends_with(b"3four") && rest.len() == 16 * 1024 + 7);
        assert_eq!(read(&tape, &mut outgoing), b" more");
        assert_eq!((incoming.octets(), outgoing.octets()), (16 * 1024 + 10, 8));
    }

    #[test]
    fn what_is_passed_in_part_is_read_from_there() {
        let mut tape = Tape::default();
        tape.record_octets(IN, b"onetwo");
        let border = tape.behind_octet(IN, 3).expect("they are there");
        tape.claim(border);
        assert_eq!(read(&tape, &mut tape.unclaimed(IN)), b"two");
        let mut cursor = Cursor::before(IN);
        assert_eq!(tape.unread(&mut cursor), b"onetwo");
        cursor.pass(2);
        assert_eq!(tape.unread(&mut cursor), b"etwo");
    }
}
