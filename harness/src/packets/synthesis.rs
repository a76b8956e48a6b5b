//! A capture for Wireshark, made from what the taps saw.
//!
//! The octets, their order in each direction, the ends and the order of the steps are the transcript's. Segments,
//! addresses, ports, sequence numbers and times are made up, because no packet was seen; the file says so in its comment,
//! and the first packet of each step carries the step's sentence.

use etherparse::{IpHeaders, Ipv4Header, PacketBuilder, TcpHeader, ip_number};

use super::pcapng::Pcapng;
use crate::transcript::{Lane, StepId, Transcript, What};
use crate::verdict::{Connection, connections};
use crate::wire::notation::{escape, printable};

/// What the file says of itself.
const SYNTHESISED: &str = "synthesised by lastchunk from what its taps saw at the sockets: octets, their order in each \
                           direction, FIN, RST and the order of the steps are as they were; segments, addresses, \
                           ports, sequence numbers and times are made up";
/// So many octets are in a segment at most.
const SEGMENT: usize = 1460;
/// The port of whoever answers: Wireshark takes what goes there for HTTP.
const SERVER: u16 = 80;
/// The port of who asks first; each further connection has the next one.
const CLIENT: u16 = 49_152;
/// Each step begins at a whole second, in microseconds.
const STEP_US: u64 = 1_000_000;

/// The capture, as a pcapng file: one interface for each hop, named by its two ends.
#[must_use]
pub fn synthesised(transcript: &Transcript) -> Vec<u8> {
    let mut out = Out { file: Pcapng::begun(SYNTHESISED), time_us: 0, comments: Vec::new() };
    let mut wires: Vec<Wire<'_>> = Vec::new();
    for hop in 0..transcript.hops() {
        let [near, far] = [hop, hop + 1].map(|node| transcript.chain[node].name.as_str());
        out.file.interface(&format!("{near}-{far}"), &format!("the hop between {near} and {far}"));
        let connections = connections(transcript, hop).into_iter().enumerate();
        wires.extend(connections.map(|(number, connection)| Wire::of(hop, number, connection)));
    }
    for at in 0..=transcript.events.iter().map(|event| event.step.0).max().unwrap_or(0) {
        let step = StepId(at);
        out.time_us = at as u64 * STEP_US;
        if let Some(step) = transcript.steps.get(at) {
            out.comments.push(format!("{}. {}", at + 1, printable(&step.text)));
        }
        // Requests outwards, then responses inwards; a reset comes last, as nothing follows it.
        wires.iter_mut().for_each(|wire| wire.send(0, step, &mut out));
        wires.iter_mut().rev().for_each(|wire| wire.send(1, step, &mut out));
        wires.iter_mut().for_each(|wire| wire.follow(step, &mut out));
        wires.iter_mut().for_each(|wire| wire.reset(step, &mut out));
        for event in transcript.events.iter().filter(|event| event.step == step) {
            if let (Lane::Notes(_), What::Note(note)) = (event.lane, &event.what) {
                out.comments.push(format!("{} {}", transcript.lane_name(event.lane), escape(note)));
            }
        }
        out.file.amend(std::mem::take(&mut out.comments));
    }
    out.file.finish()
}

/// Where the packets go.
struct Out {
    file: Pcapng,
    time_us: u64,
    /// What the next packet has to say.
    comments: Vec<String>,
}

/// A connection as it is played.
struct Wire<'a> {
    hop: usize,
    /// The addresses, from the block that is set aside for documentation (RFC 5737), and the ports.
    ends: [([u8; 4], u16); 2],
    /// The next sequence number of each side.
    next: [u32; 2],
    is_open: bool,
    connection: Connection<'a>,
}

/// What a segment is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flag {
    Syn,
    Plain,
    Fin,
    Rst,
}

impl<'a> Wire<'a> {
    fn of(hop: usize, number: usize, connection: Connection<'a>) -> Self {
        let address = |node: usize| [192, 0, 2, u8::try_from(node + 1).unwrap_or(u8::MAX)];
        let port = CLIENT.saturating_add(u16::try_from(number).unwrap_or(u16::MAX));
        let ends = [(address(hop), port), (address(hop + 1), SERVER)];
        Self { hop, ends, next: [1000, 2000], is_open: false, connection }
    }

    /// Sends what this side sent in a step, but for a reset.
    fn send(&mut self, side: usize, step: StepId, out: &mut Out) {
        for what in self.facts(side, step) {
            match what {
                What::Connect => self.open(out),
                What::Octets(run) => {
                    self.open(out);
                    run.chunks(SEGMENT).for_each(|octets| self.segment(side, Flag::Plain, octets, out));
                    self.segment(1 - side, Flag::Plain, &[], out);
                }
                What::Fin if side == 0 && self.facts(1, step).contains(&What::Fin) => {}
                What::Fin => self.end(side, out),
                What::Rst | What::Silence | What::Note(_) => {}
            }
        }
    }

    /// Where both sides ended in a step, nobody can say which came first; that of who asked is put behind the other.
    fn follow(&mut self, step: StepId, out: &mut Out) {
        if [0, 1].into_iter().all(|side| self.facts(side, step).contains(&What::Fin)) {
            self.end(0, out);
        }
    }

    fn end(&mut self, side: usize, out: &mut Out) {
        self.open(out);
        self.segment(side, Flag::Fin, &[], out);
        self.segment(1 - side, Flag::Plain, &[], out);
    }

    fn reset(&mut self, step: StepId, out: &mut Out) {
        for side in [0, 1] {
            if self.facts(side, step).contains(&What::Rst) {
                self.open(out);
                self.segment(side, Flag::Rst, &[], out);
            }
        }
    }

    fn facts(&self, side: usize, step: StepId) -> Vec<What> {
        let Connection { requests, responses } = &self.connection;
        let direction = if side == 0 { requests } else { responses };
        direction.places.iter().filter(|place| place.step == step).map(|place| place.what.clone()).collect()
    }

    /// The handshake, if it has not been.
    fn open(&mut self, out: &mut Out) {
        if !std::mem::replace(&mut self.is_open, true) {
            self.segment(0, Flag::Syn, &[], out);
            self.segment(1, Flag::Syn, &[], out);
            self.segment(0, Flag::Plain, &[], out);
        }
    }

    fn segment(&mut self, side: usize, flag: Flag, octets: &[u8], out: &mut Out) {
        let [(source, from), (destination, to)] = [self.ends[side], self.ends[1 - side]];
        let is_first = side == 0 && flag == Flag::Syn;
        let tcp = TcpHeader {
            syn: flag == Flag::Syn,
            ack: !is_first,
            fin: flag == Flag::Fin,
            rst: flag == Flag::Rst,
            psh: !octets.is_empty(),
            acknowledgment_number: if is_first { 0 } else { self.next[1 - side] },
            ..TcpHeader::new(from, to, self.next[side], u16::MAX)
        };
        let mut ip =
            Ipv4Header { time_to_live: 64, protocol: ip_number::TCP, source, destination, ..Ipv4Header::default() };
        ip.dont_fragment = true;
        let builder = PacketBuilder::ip(IpHeaders::Ipv4(ip, etherparse::Ipv4Extensions::default())).tcp_header(tcp);
        let mut packet = Vec::with_capacity(builder.size(octets.len()));
        // Only a payload past the length of an IP packet is refused.
        builder.write(&mut packet, octets).expect("a segment fits into a packet");
        let takes_a_number = u32::from(matches!(flag, Flag::Syn | Flag::Fin));
        self.next[side] = self.next[side].wrapping_add(octets.len() as u32).wrapping_add(takes_a_number);
        out.file.packet(self.hop as u32, out.time_us, packet, std::mem::take(&mut out.comments));
        out.time_us += 1;
    }
}
