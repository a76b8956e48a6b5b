//! The lumps that content came in, and the pauses between them.

use std::time::Duration;

use super::super::observation::Observation;

/// A pause of this length parts two lumps, and of so many times what the connection took: longer than a network takes to
/// bring the rest of a write, shorter than a person notices.
const PAUSE: (Duration, u32) = (Duration::from_millis(150), 3);
/// Content that came without a pause inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lump {
    /// When it began.
    pub at: Duration,
    /// When it ended.
    pub until: Duration,
    /// Octets, as they were sent.
    pub octets: usize,
    /// Events that it dispatched.
    pub events: usize,
    /// Whether it ended inside a line.
    pub inside_line: bool,
}

/// The lumps that content came in.
#[must_use]
pub fn lumps(seen: &Observation) -> Vec<Lump> {
    let mut lumps: Vec<Lump> = Vec::new();
    let (mut octets, mut events) = (0, 0);
    let pause = PAUSE.0.max(seen.dialled.connect * PAUSE.1);
    for arrival in &seen.content.arrivals {
        let brought = (arrival.octets - octets, arrival.events - events);
        (octets, events) = (arrival.octets, arrival.events);
        match lumps.last_mut().filter(|lump| arrival.at.saturating_sub(lump.until) < pause) {
            Some(lump) => {
                lump.until = arrival.at;
                lump.octets += brought.0;
                lump.events += brought.1;
                lump.inside_line = arrival.inside_line;
            }
            None => lumps.push(Lump {
                at: arrival.at,
                until: arrival.at,
                octets: brought.0,
                events: brought.1,
                inside_line: arrival.inside_line,
            }),
        }
    }
    lumps
}
