//! Packet captures: the TCP connections in a pcap or pcapng file, and every HTTP/1.x response in them.
//!
//! What was not captured is never made up. A hole in a direction is a [`Gap`] that is said; what comes behind it is read
//! again from where a segment begins like a message, and the octets between are told of, not judged.

mod connection;
mod direction;
mod exchange;
mod file;
mod pcapng;
mod segment;
mod synthesis;
#[cfg(test)]
mod tests;

use std::io::Read;
use std::net::SocketAddr;

use crate::transcript::Transcript;

pub use direction::{Gap, MOST_HELD};
pub use exchange::{Ended, Exchange};
pub use file::{NoCapture, is_capture};
pub use synthesis::synthesised;

use connection::Table;
use segment::{Found, find};

/// What a capture holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captured {
    /// The TCP connections, in the order of their first packets.
    pub connections: Vec<Connection>,
    /// How many packets there are in it, of whatever kind.
    pub packets: usize,
    /// What has to be said of the whole, a line each.
    pub remarks: Vec<String>,
}

/// One TCP connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Who asks, as far as that can be told.
    pub reader: SocketAddr,
    /// Who answers.
    pub origin: SocketAddr,
    /// The responses in it, each with its request. None when something else than HTTP/1.x is inside; a remark says what.
    pub exchanges: Vec<Exchange>,
    /// What has to be said of it, a line each.
    pub remarks: Vec<String>,
}

impl Captured {
    /// Reads a capture to its end. At most [`MOST_HELD`] octets are held at a time, and of each direction of a connection
    /// at most [`crate::capture::MOST`]; what is left out is said.
    ///
    /// # Errors
    /// When it is no capture. One that is cut or damaged further on is read as far as it goes, and that is said.
    pub fn read(from: impl Read + Send) -> Result<Self, NoCapture> {
        let mut table = Table::default();
        let mut left_out = LeftOut::default();
        let damage = file::each_packet(from, |packet| {
            left_out.packets += 1;
            left_out.cut += usize::from(packet.octets.len() < packet.length);
            match find(&packet) {
                Found::Segment(segment) => table.take(&segment),
                Found::Fragment => left_out.fragments += 1,
                Found::NotTcp => left_out.not_tcp += 1,
                Found::UnknownLink(link) => left_out.unknown_link = Some(link),
                Found::Unreadable => left_out.unreadable += 1,
            }
        })?;
        let mut remarks: Vec<String> = damage.into_iter().collect();
        left_out.say(&mut remarks);
        if table.is_full() {
            remarks.push(format!(
                "more TCP than {MOST_HELD} octets hold, connections included: what came later is left out; filter the capture \
                 by host and port"
            ));
        }
        Ok(Self { connections: table.finish(), packets: left_out.packets, remarks })
    }

    /// How many responses there are in it.
    #[must_use]
    pub fn responses(&self) -> usize {
        self.connections.iter().map(|connection| connection.exchanges.len()).sum()
    }
}

impl Exchange {
    /// The request and the response as a transcript: what was captured of them, and nothing else.
    #[must_use]
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }
}

/// What was not read, and why.
#[derive(Debug, Default)]
struct LeftOut {
    packets: usize,
    cut: usize,
    fragments: usize,
    not_tcp: usize,
    unreadable: usize,
    unknown_link: Option<i32>,
}

impl LeftOut {
    fn say(&self, remarks: &mut Vec<String>) {
        let Self { packets, cut, fragments, unreadable, .. } = self;
        if let Some(link) = self.unknown_link {
            remarks.push(format!(
                "packets of link type {link} are left out: known are Ethernet, Linux cooked, loopback and raw IP"
            ));
        }
        if *cut > 0 {
            remarks.push(format!(
                "{cut} of {packets} packets were cut by the snap length when they were captured: capture whole ones \
                 (tcpdump -s 0)"
            ));
        }
        if *fragments > 0 {
            remarks.push(format!("{fragments} of {packets} packets are IP fragments, which are not put together"));
        }
        if *unreadable > 0 {
            remarks.push(format!("{unreadable} of {packets} packets have headers that cannot be read"));
        }
        if *packets == 0 {
            remarks.push("there is no packet in it".to_owned());
        } else if self.not_tcp == *packets {
            remarks.push(format!("none of its {packets} packets is TCP (HTTP/3 goes over UDP, encrypted)"));
        }
    }
}
