//! A row of a table: a cell, and what it came to.

use harness::observer::Observer;
use harness::render::{Redactions, render};
use harness::verdict::Outcome;
use harness::wire::notation::escape;

use super::client::Client;
use super::play::Played;
use super::table::{Keys, Table};

/// A cell behind a chain, and what it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The table.
    pub table: Table,
    /// The gateways' names, from the reader to the origin, joined with `+`.
    pub gateway: String,
    /// Their versions, joined the same way.
    pub version: String,
    /// Their confs, joined the same way unless they are the same.
    pub conf: String,
    /// What the origin does, and who reads.
    pub keys: Keys,
    /// What it came to, or how the harness or the set-up is at fault.
    pub result: Result<Facts, String>,
}

impl Row {
    /// Its name: `truncation/haproxy-3.2.26/default/chunked/in-chunk-data/fin/http-2`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}-{}/{}/{}", self.table, self.gateway, self.version, self.conf, self.keys.name())
    }
}

/// What a cell came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The framing's account at the reader.
    pub framing: String,
    /// The status that the reader got.
    pub status: Option<u16>,
    /// How the connection or the stream ended at the reader.
    pub ending: String,
    /// Octets of content lost.
    pub lost: usize,
    /// Octets that no origin wrote.
    pub added: usize,
    /// What it comes to.
    pub outcome: Outcome,
    /// The last octets at the reader.
    pub tail: String,
    /// Both hops.
    pub transcript: String,
}

impl Facts {
    /// Of a cell whose outcome is not measured by its content but seen as it is played: `framing` tells what was seen. The
    /// reader's record ends here.
    pub(super) fn of_what_was_seen(
        at_reader: &Observer,
        framing: String,
        ending: &str,
        outcome: Outcome,
        client: &Client,
    ) -> Self {
        at_reader.recorder().seal();
        let text = render(&at_reader.recorder().transcript(), &Redactions::all());
        let facts = text.rsplit_once("\nverdict\n").map_or(text.as_str(), |(facts, _)| facts);
        Self {
            transcript: format!("{facts}\nverdict\n{framing}\noutcome: {outcome}\n"),
            framing,
            status: None,
            ending: ending.to_owned(),
            lost: 0,
            added: 0,
            outcome,
            tail: escape(&client.tail()),
        }
    }

    /// Two threads of the gateway decide how much of the octets still passes once the cut is known: what is left is
    /// whether the reader can tell.
    pub(super) fn leave_out_what_a_race_decides(&mut self) {
        if let Some((word, _)) = self.framing.split_once(':') {
            self.framing = format!("{word}: how much came is decided by a race in the gateway");
        } else if let Some((passes, _)) = self.framing.split_once(", more when ") {
            self.framing = format!("{passes}: how much came is decided by a race in the gateway");
        } else if self.framing.starts_with("complete") {
            self.framing = "complete".to_owned();
        } else if self.framing.starts_with("the origin's connection is closed after") {
            self.framing = "the origin's connection is closed after some writes".to_owned();
        }
        self.status = None;
        self.ending.clear();
        self.tail.clear();
        self.lost = 0;
    }
}

impl From<Played> for Facts {
    fn from(played: Played) -> Self {
        let Played { judgement, ending, tail, transcript } = played;
        Self {
            framing: judgement.framing,
            status: judgement.status,
            ending,
            lost: judgement.lost,
            added: judgement.added,
            outcome: judgement.outcome,
            tail,
            transcript,
        }
    }
}
