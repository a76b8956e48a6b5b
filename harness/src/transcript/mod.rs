//! The central type: what happened at each hop, in an order that is true on every run.
//!
//! There is no timestamp, port or process id in a [`Transcript`], so none can leak into a snapshot. Order is claimed
//! only where it is real: inside a lane, and between steps.

mod recorder;
mod stamps;
mod tape;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

pub use recorder::Recorder;
pub use stamps::{Clock, Stamp};
pub use tape::{Cursor, MOST_RECORDED, Place, Tape};

/// What a node of the chain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The client whose report is the third account.
    Reader,
    /// What stands between: RFC 9110 3.7.
    Gateway,
    /// Where the handler runs.
    Origin,
}

/// One party of the chain, in order from the reader to the origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub role: Role,
    /// Its name in lanes: `c`, `p` (`p1`, `p2` where there are several), `o`.
    pub name: String,
    /// What software it is, in a few words: `hyper's client`, `nginx as-shipped`.
    pub about: String,
}

/// A step that the case itself imposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What the case does in it, as a sentence without a full stop.
    pub text: String,
}

/// The index of a step, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub usize);

/// A hop and a direction, or the notes of one node. `Ord` **is** the rendering order: requests from the reader
/// outwards, responses from the origin inwards, then what the origin's application was told, then what the reader
/// reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Towards the origin, over the hop between node `n` and node `n + 1`.
    Request(usize),
    /// Towards the reader, over the same hop.
    Response(Reverse<usize>),
    /// What node `n` was told or reported.
    Notes(Reverse<usize>),
}

impl Lane {
    /// The lane towards the origin over hop `hop` (0 is the reader's).
    #[must_use]
    pub const fn request(hop: usize) -> Self {
        Self::Request(hop)
    }

    /// The lane towards the reader over hop `hop` (0 is the reader's).
    #[must_use]
    pub const fn response(hop: usize) -> Self {
        Self::Response(Reverse(hop))
    }

    /// The notes of node `node` (0 is the reader).
    #[must_use]
    pub const fn notes(node: usize) -> Self {
        Self::Notes(Reverse(node))
    }
}

/// One fact in a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The connection of this hop was made.
    Connect,
    /// Octets crossed. Adjacent octets of a lane are one run: read boundaries are the kernel's mood.
    Octets(Vec<u8>),
    /// The sending side ended its direction in order.
    Fin,
    /// The connection was reset.
    Rst,
    /// Nothing has arrived, proven by a fence.
    Silence,
    /// What an application was told, or what a reader reported: text, and octets of a peer's as they are.
    Note(Vec<u8>),
}

/// A fact, the lane it belongs to, and the step in which the case awaited it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The step that owns it.
    pub step: StepId,
    /// Where it happened.
    pub lane: Lane,
    /// What happened.
    pub what: What,
}

/// A place inside a step at which the case waited until all that the origin had sent was through, and then let it go on. No
/// lane shows it, and what a gateway makes of two writes may depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// The step.
    pub step: StepId,
    /// Octets that the origin had sent by then, over all its connections.
    pub sent: usize,
}

/// What the application would have sent had nothing gone wrong: the measure of what was lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meant {
    /// The status that the handler wanted the reader to see.
    pub status: Option<u16>,
    /// Field lines that the handler wanted in the header section.
    pub fields: Vec<(String, String)>,
    /// Field lines that the handler wanted in the trailer section.
    pub trailers: Vec<(String, String)>,
    /// The whole content, as the handler would have written it.
    pub content: Option<Vec<u8>>,
    /// The type of the event without which the reader, by agreement, takes a stream for incomplete.
    pub terminal: Option<String>,
}

/// What happened at each hop.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transcript {
    /// The parties, from the reader to the origin.
    pub chain: Vec<Node>,
    /// What the case did.
    pub steps: Vec<Step>,
    /// The facts, ordered by step; inside a step and a lane in the order in which they happened.
    pub events: Vec<Event>,
    /// What the application meant to send.
    pub meant: Meant,
    /// Where the origin paused, in order; behind a gateway only.
    pub pauses: Vec<Pause>,
}

impl Transcript {
    /// The number of hops.
    #[must_use]
    pub fn hops(&self) -> usize {
        self.chain.len().saturating_sub(1)
    }

    /// All facts of one lane, in order.
    pub fn lane(&self, lane: Lane) -> impl Iterator<Item = &What> {
        self.events.iter().filter(move |event| event.lane == lane).map(|event| &event.what)
    }

    /// All octets of one lane, without the facts between them.
    #[must_use]
    pub fn octets(&self, lane: Lane) -> Vec<u8> {
        let mut octets = Vec::new();
        for what in self.lane(lane) {
            if let What::Octets(run) = what {
                octets.extend_from_slice(run);
            }
        }
        octets
    }

    /// The same with at most the first `most` octets of each lane, and whether that left any out.
    #[must_use]
    pub fn shortened(mut self, most: usize) -> (Self, bool) {
        let mut room: BTreeMap<Lane, usize> = BTreeMap::new();
        let mut left_out = false;
        self.events.retain_mut(|event| {
            let What::Octets(run) = &mut event.what else { return true };
            let room = room.entry(event.lane).or_insert(most);
            left_out |= run.len() > *room;
            run.truncate(*room);
            *room -= run.len();
            !run.is_empty()
        });
        (self, left_out)
    }

    /// The name of a lane as it is printed: `c>p`, `p>c`, `o:`.
    #[must_use]
    pub fn lane_name(&self, lane: Lane) -> LaneName<'_> {
        LaneName { chain: &self.chain, lane }
    }
}

/// Prints the name of a lane.
#[derive(Debug)]
pub struct LaneName<'a> {
    chain: &'a [Node],
    lane: Lane,
}

impl fmt::Display for LaneName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |node: usize| self.chain.get(node).map_or("?", |node| node.name.as_str());
        match self.lane {
            Lane::Request(hop) => write!(f, "{}>{}", name(hop), name(hop + 1)),
            Lane::Response(Reverse(hop)) => write!(f, "{}>{}", name(hop + 1), name(hop)),
            Lane::Notes(Reverse(node)) => write!(f, "{}:", name(node)),
        }
    }
}

/// The chain from its gateways' descriptions: `c`, then `p` or `p1`, `p2` and so on, then `o`.
#[must_use]
pub fn chain(reader: &str, gateways: &[String], origin: &str) -> Vec<Node> {
    let mut nodes = vec![Node { role: Role::Reader, name: "c".into(), about: reader.into() }];
    for (at, about) in gateways.iter().enumerate() {
        let name = if gateways.len() == 1 { "p".into() } else { format!("p{}", at + 1) };
        nodes.push(Node { role: Role::Gateway, name, about: about.clone() });
    }
    nodes.push(Node { role: Role::Origin, name: "o".into(), about: origin.into() });
    nodes
}
