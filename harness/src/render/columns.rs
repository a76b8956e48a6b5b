//! The chain's line, and where the texts of its lanes begin.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::transcript::{Lane, LaneName, Node, Transcript};
use crate::wire::notation::escape;

/// Each hop is so much further to the right.
const INDENT: usize = 5;

/// How the first line of a transcript begins.
pub(super) const CHAIN: &str = "chain:";

/// The names of all lanes of a chain, and the margins before their texts.
#[derive(Debug)]
pub(super) struct Columns {
    margins: BTreeMap<Lane, String>,
    lanes: BTreeMap<String, Lane>,
}

impl Columns {
    /// The texts of all lanes of a hop begin in the same column, and so do notes and those of hop 0.
    pub(super) fn of(chain: &[Node]) -> Self {
        let mut names = BTreeMap::new();
        let named = Transcript { chain: chain.to_vec(), ..Transcript::default() };
        let hops = (0..named.hops()).flat_map(|hop| [Lane::request(hop), Lane::response(hop)]);
        for lane in hops.chain((0..chain.len()).map(Lane::notes)) {
            let name: LaneName<'_> = named.lane_name(lane);
            names.insert(lane, name.to_string());
        }
        let width = names.values().map(String::len).max().unwrap_or(0);
        let margin = |(lane, name): (&Lane, &String)| {
            let hop = match *lane {
                Lane::Request(hop) | Lane::Response(Reverse(hop)) => hop,
                Lane::Notes(_) => 0,
            };
            (*lane, format!("{:indent$}{name:width$}  ", "", indent = hop * INDENT))
        };
        let margins = names.iter().map(margin).collect();
        Self { margins, lanes: names.into_iter().map(|(lane, name)| (name, lane)).collect() }
    }

    /// What stands before the text of a lane.
    pub(super) fn margin(&self, lane: Lane) -> &str {
        self.margins.get(&lane).map_or("", String::as_str)
    }

    /// The lane of this name.
    pub(super) fn lane(&self, name: &str) -> Option<Lane> {
        self.lanes.get(name).copied()
    }

    /// All names, in the order of the lanes.
    pub(super) fn names(&self) -> String {
        let mut names: Vec<(&Lane, &String)> = self.lanes.iter().map(|(name, lane)| (lane, name)).collect();
        names.sort();
        names.into_iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// `chain: c hyper's client, p nginx as-shipped, o writer`.
pub(super) fn chain_line(chain: &[Node]) -> String {
    let node = |node: &Node| {
        // A comma ends a node here, and nowhere else.
        let about = escape(node.about.as_bytes()).replace(',', "\\x2c");
        if about.is_empty() { node.name.clone() } else { format!("{} {about}", node.name) }
    };
    let nodes: Vec<String> = chain.iter().map(node).collect();
    if nodes.is_empty() { CHAIN.to_owned() } else { format!("{CHAIN} {}", nodes.join(", ")) }
}
