//! The TCP segment in a packet.

use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TcpSlice, ether_type, ip_number};
use pcap_parser::Linktype;

use super::file::Packet;

/// A TCP segment (RFC 9293 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    /// The number of its first octet; of a SYN, that of the SYN.
    pub(super) number: u32,
    /// The number that the other side is acknowledged up to.
    pub(super) acknowledges: Option<u32>,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
    /// As much of its octets as was captured.
    pub(super) octets: &'a [u8],
    /// How many more it had.
    pub(super) missing: usize,
}

/// What a packet holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found<'a> {
    Segment(Segment<'a>),
    Fragment,
    NotTcp,
    UnknownLink(i32),
    Unreadable,
}

const SLL: usize = 16;
const SLL2: usize = 20;

/// Finds the segment in a packet.
pub(super) fn find<'a>(packet: &Packet<'a>) -> Found<'a> {
    let octets = packet.octets;
    let behind = |head: usize| octets.get(head..).unwrap_or_default();
    let protocol = |at: usize| match octets.get(at..at + 2) {
        Some(&[high, low]) => EtherType(u16::from_be_bytes([high, low])),
        _ => EtherType(0),
    };
    // In front of IP: so many octets, and how what is behind them is read.
    let (head, sliced) = match packet.link {
        Linktype::ETHERNET => (0, LaxSlicedPacket::from_ethernet(octets).ok()),
        Linktype::LINUX_SLL => (SLL, Some(LaxSlicedPacket::from_ether_type(protocol(14), behind(SLL)))),
        Linktype::LINUX_SLL2 => (SLL2, Some(LaxSlicedPacket::from_ether_type(protocol(0), behind(SLL2)))),
        // The address family in front is the capturing system's own; the IP version behind it says the same.
        Linktype::NULL | Linktype::LOOP => (4, ip(behind(4))),
        Linktype::RAW | Linktype(12 | 14) | Linktype::IPV4 | Linktype::IPV6 => (0, ip(octets)),
        Linktype(other) => return Found::UnknownLink(other),
    };
    let Some(sliced) = sliced.filter(|_| octets.len() > head) else { return Found::Unreadable };
    let (source, destination, payload, announced) = match &sliced.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            // What offloading leaves to the network card has the length 0.
            let head = header.slice().len();
            let announced = usize::from(header.total_len()).checked_sub(head);
            (header.source_addr().into(), header.destination_addr().into(), ip.payload(), announced)
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let header = ip.header();
            let announced = usize::from(header.payload_length()).checked_sub(ip.extensions().slice().len());
            let source: IpAddr = header.source_addr().into();
            (source, header.destination_addr().into(), ip.payload(), announced)
        }
        Some(LaxNetSlice::Arp(_)) => return Found::NotTcp,
        None if sliced.stop_err.is_some() => return Found::Unreadable,
        None => return Found::NotTcp,
    };
    if payload.ip_number != ip_number::TCP {
        return Found::NotTcp;
    }
    if payload.fragmented {
        return Found::Fragment;
    }
    let Ok(tcp) = TcpSlice::from_slice(payload.payload) else { return Found::Unreadable };
    let cut = packet.length.saturating_sub(octets.len());
    let missing = match announced.filter(|announced| *announced >= payload.payload.len()) {
        Some(announced) => announced - payload.payload.len(),
        None => cut,
    };
    Found::Segment(Segment {
        from: SocketAddr::new(source, tcp.source_port()),
        to: SocketAddr::new(destination, tcp.destination_port()),
        number: tcp.sequence_number(),
        acknowledges: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        octets: tcp.payload(),
        // Nothing that was cut belongs to IP's padding: a packet is cut at its end, and padded up to 60 octets.
        missing: if cut == 0 { 0 } else { missing },
    })
}

fn ip(octets: &[u8]) -> Option<LaxSlicedPacket<'_>> {
    let protocol = match octets.first()? >> 4 {
        4 => ether_type::IPV4,
        6 => ether_type::IPV6,
        _ => return None,
    };
    Some(LaxSlicedPacket::from_ether_type(protocol, octets))
}
