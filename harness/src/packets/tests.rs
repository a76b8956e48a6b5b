//! What is read from captures, made packet by packet.

use std::net::{IpAddr, SocketAddr};

use etherparse::{
    EtherType, Ethernet2Header, IpHeaders, Ipv4Header, Ipv6FlowLabel, Ipv6Header, SingleVlanHeader, TcpHeader, VlanId,
    ip_number,
};
use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::render::{Redactions, parse, render};
use crate::seeded::cases;
use crate::transcript::{Lane, What};

const REQUEST: &[u8] = b"GET /events HTTP/1.1\r\nHost: mve.test\r\n\r\n";
const RESPONSE: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nb\r\ndata: one\n\n\r\n0\r\n\r\n";
/// The numbers that the two sides begin with: those of the reader wrap inside its request.
const FIRST: [u32; 2] = [u32::MAX - 7, 70_000];

/// A packet before it is written.
#[derive(Debug, Clone, Default)]
struct Sent {
    /// 0 is the reader.
    side: usize,
    /// The place of the first octet, 0 being that of the direction; -1 is the SYN's.
    at: i64,
    octets: Vec<u8>,
    syn: bool,
    fin: bool,
    rst: bool,
    ack: Option<i64>,
}

fn octets(side: usize, at: usize, octets: &[u8]) -> Sent {
    Sent { side, at: at as i64, octets: octets.to_vec(), ..Sent::default() }
}

fn fin(side: usize, at: usize) -> Sent {
    Sent { side, at: at as i64, fin: true, ..Sent::default() }
}

fn rst(side: usize, at: usize) -> Sent {
    Sent { side, at: at as i64, rst: true, ..Sent::default() }
}

fn handshake() -> Vec<Sent> {
    let syn = Sent { side: 0, at: -1, syn: true, ..Sent::default() };
    vec![syn.clone(), Sent { side: 1, ack: Some(0), ..syn }]
}

/// A whole connection: request, response, and what ends it.
fn connection(then: impl IntoIterator<Item = Sent>) -> Vec<Sent> {
    let exchange = [octets(0, 0, REQUEST), octets(1, 0, RESPONSE)];
    handshake().into_iter().chain(exchange).chain(then).collect()
}

/// On what, and between whom.
#[derive(Debug, Clone, Copy)]
struct On {
    link: u32,
    ends: [&'static str; 2],
    snap: usize,
}

const ETHERNET: On = On { link: 1, ends: ["192.0.2.1:49152", "192.0.2.2:80"], snap: usize::MAX };
const VLAN: u32 = 1001;

impl On {
    fn packet(self, sent: &Sent) -> Vec<u8> {
        let ends = self.ends.map(|end| end.parse::<SocketAddr>().expect("an address"));
        let [from, to] = [ends[sent.side], ends[1 - sent.side]];
        let number = |side: usize, place: i64| FIRST[side].wrapping_add(place as u32);
        let mut tcp = TcpHeader::new(from.port(), to.port(), number(sent.side, sent.at), 1000);
        (tcp.syn, tcp.fin, tcp.rst) = (sent.syn, sent.fin, sent.rst);
        if let Some(place) = sent.ack {
            (tcp.ack, tcp.acknowledgment_number) = (true, number(1 - sent.side, place));
        }
        let length = (tcp.header_len() + sent.octets.len()) as u16;
        let (ip, protocol): (_, u16) = match (from.ip(), to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let header =
                    Ipv4Header::new(length, 64, ip_number::TCP, from.octets(), to.octets()).expect("it is short");
                (IpHeaders::Ipv4(header, Default::default()), 0x0800)
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                let header = Ipv6Header {
                    payload_length: length,
                    next_header: ip_number::TCP,
                    source: from.octets(),
                    destination: to.octets(),
                    flow_label: Ipv6FlowLabel::ZERO,
                    ..Ipv6Header::default()
                };
                (IpHeaders::Ipv6(header, Default::default()), 0x86dd)
            }
            _ => unreachable!("both are of one family"),
        };
        let mut packet = Vec::new();
        let ethernet = |kind: u16| Ethernet2Header { ether_type: EtherType(kind), ..Ethernet2Header::default() };
        match self.link {
            1 => packet.extend_from_slice(&ethernet(protocol).to_bytes()),
            VLAN => {
                packet.extend_from_slice(&ethernet(0x8100).to_bytes());
                let vlan_id = VlanId::try_new(7).expect("it is small");
                let vlan = SingleVlanHeader { vlan_id, ether_type: EtherType(protocol), ..SingleVlanHeader::default() };
                packet.extend_from_slice(&vlan.to_bytes());
            }
            0 => packet.extend_from_slice(&if protocol == 0x0800 { 2_u32 } else { 30 }.to_le_bytes()),
            108 => packet.extend_from_slice(&if protocol == 0x0800 { 2_u32 } else { 24 }.to_be_bytes()),
            113 => {
                packet.extend_from_slice(&[0; 14]);
                packet.extend_from_slice(&protocol.to_be_bytes());
            }
            276 => {
                packet.extend_from_slice(&protocol.to_be_bytes());
                packet.extend_from_slice(&[0; 18]);
            }
            _ => {}
        }
        ip.write(&mut packet).expect("a Vec takes it");
        tcp.write(&mut packet).expect("a Vec takes it");
        packet.extend_from_slice(&sent.octets);
        if matches!(self.link, 1 | VLAN) {
            // Ethernet pads what is short; padding is no content.
            packet.resize(packet.len().max(60), b'!');
        }
        packet
    }

    /// A pcap file.
    fn file(self, sent: &[Sent]) -> Vec<u8> {
        let link = if self.link == VLAN { 1 } else { self.link };
        let mut file = Vec::new();
        let head: [u32; 6] = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 262_144, link];
        head.iter().for_each(|word| file.extend_from_slice(&word.to_le_bytes()));
        for sent in sent {
            let packet = self.packet(sent);
            let held = packet.len().min(self.snap);
            [0, 0, held as u32, packet.len() as u32]
                .iter()
                .for_each(|word| file.extend_from_slice(&word.to_le_bytes()));
            file.extend_from_slice(&packet[..held]);
        }
        file
    }

    fn captured(self, sent: &[Sent]) -> Captured {
        Captured::read(self.file(sent).as_slice()).expect("it is a capture")
    }
}

/// What is told of all exchanges, a line each, and all remarks.
fn told(captured: &Captured) -> String {
    let mut lines = Vec::new();
    for connection in &captured.connections {
        for exchange in &connection.exchanges {
            let verdict = crate::verdict::Verdict::of(exchange.transcript());
            let responses = verdict.hops.iter().flat_map(|hop| &hop.responses);
            let responses: Vec<String> = responses.map(ToString::to_string).collect();
            let request = exchange.request.as_deref().unwrap_or("?");
            lines.push(format!("{request}: {} ({})", responses.join(", "), exchange.ended.name()));
        }
        lines.extend(connection.remarks.iter().map(|remark| format!("- {remark}")));
    }
    lines.extend(captured.remarks.iter().map(|remark| format!("- {remark}")));
    lines.join("\n")
}

#[rstest]
#[case::ethernet(1)]
#[case::a_vlan(VLAN)]
#[case::loopback(0)]
#[case::loopback_in_network_order(108)]
#[case::raw_ip(101)]
#[case::linux_cooked(113)]
#[case::linux_cooked_2(276)]
fn a_response_is_found_on_every_link_in_both_families(#[case] link: u32) {
    for ends in [ETHERNET.ends, ["[2001:db8::1]:49152", "[2001:db8::2]:80"]] {
        let on = On { link, ends, ..ETHERNET };
        let captured = on.captured(&connection([fin(1, RESPONSE.len()), fin(0, REQUEST.len())]));
        assert_eq!(told(&captured), "GET /events: 200, complete (last-chunk); 1 event (fin)");
        assert_eq!([captured.connections[0].reader, captured.connections[0].origin].map(|end| end.to_string()), ends);
    }
}

#[test]
fn a_response_is_told_as_a_transcript() {
    let captured = ETHERNET.captured(&connection([fin(1, RESPONSE.len()), fin(0, REQUEST.len())]));
    let text = render(captured.connections[0].exchanges[0].transcript(), &Redactions::none());
    insta::assert_snapshot!(text, @r"
    chain: c 192.0.2.1:49152, o 192.0.2.2:80

    1. request 1 and its response, as captured
    c>o  -- connect
    c>o  GET /events HTTP/1.1\r\n
    c>o  Host: mve.test\r\n
    c>o  \r\n
    o>c  HTTP/1.1 200 OK\r\n
    o>c  Content-Type: text/event-stream\r\n
    o>c  Transfer-Encoding: chunked\r\n
    o>c  \r\n
    o>c  b\r\n  # chunk 1: 11 octets
    o>c  data: one\n
    o>c  \n
    o>c  \r\n
    o>c  0\r\n  # last-chunk
    o>c  \r\n

    2. the origin ends its direction
    o>c  -- FIN

    3. the reader ends its direction
    c>o  -- FIN

    verdict
    o>c  200, complete (last-chunk); 1 event
    outcome: intact
    ");
}

#[test]
fn a_reader_that_leaves_first_is_told_by_the_order_of_the_packets() {
    let half = 80;
    let sent = [
        octets(0, 0, REQUEST),
        octets(1, 0, &RESPONSE[..half]),
        fin(0, REQUEST.len()),
        octets(1, half, &RESPONSE[half..half + 4]),
        rst(0, REQUEST.len() + 1),
    ];
    let captured = ETHERNET.captured(&[handshake(), sent.to_vec()].concat());
    let text = render(captured.connections[0].exchanges[0].transcript(), &Redactions::none());
    insta::assert_snapshot!(text, @r"
    chain: c 192.0.2.1:49152, o 192.0.2.2:80

    1. request 1 and its response, as captured
    c>o  -- connect
    c>o  GET /events HTTP/1.1\r\n
    c>o  Host: mve.test\r\n
    c>o  \r\n
    o>c  HTTP/1.1 200 OK\r\n
    o>c  Content-Type: text/event-stream\r\n
    o>c  Transfer-Encoding: chunked\r\n
    o>c  \r\n

    2. the reader ends its direction
    c>o  -- FIN
    o>c  b\r\n  # chunk 1: 11 octets
    o>c  d

    3. the reader resets the connection
    c>o  -- RST

    verdict
    o>c  200, incomplete: cut inside chunk-data; no events, pending event discarded
    lost: the pending event
    lost: the end of the message (incomplete: cut inside chunk-data)
    outcome: cut-visible
    ");
}

#[rstest]
#[case::in_order(vec![0, 1, 2, 3])]
#[case::backwards(vec![3, 2, 1, 0])]
#[case::shuffled(vec![2, 0, 3, 1])]
#[case::repeated(vec![0, 1, 0, 1, 2, 2, 3, 0])]
fn the_order_of_segments_does_not_matter(#[case] order: Vec<usize>) {
    let size = RESPONSE.len() / 4 + 1;
    let pieces: Vec<Sent> = RESPONSE.chunks(size).enumerate().map(|(at, run)| octets(1, at * size, run)).collect();
    let pieces = order.into_iter().map(|at| pieces[at].clone());
    let sent: Vec<Sent> =
        handshake().into_iter().chain([octets(0, 0, REQUEST), fin(1, RESPONSE.len())]).chain(pieces).collect();
    assert_eq!(told(&ETHERNET.captured(&sent)), "GET /events: 200, complete (last-chunk); 1 event (fin)");
}

#[test]
fn of_octets_that_came_twice_and_differ_the_first_count() {
    let again = octets(1, 9, b"500 NO");
    let captured = ETHERNET.captured(&connection([again]));
    assert_eq!(
        told(&captured),
        "GET /events: 200, complete (last-chunk); 1 event (open)\n\
         - connection 1, 192.0.2.1:49152 to 192.0.2.2:80: 3 octets of the responses came twice and differ: the first \
         ones count"
    );
}

#[rstest]
#[case::kept_alive(false)]
#[case::pipelined(true)]
fn each_response_has_its_request(#[case] pipelined: bool) {
    let requests = ["HEAD /a HTTP/1.1\r\n\r\n", "GET /b HTTP/1.1\r\n\r\n", "GET /c HTTP/1.1\r\n\r\n"];
    let responses = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 204 No Content\r\n\r\n",
    ];
    let place = |all: &[&str], at: usize| all[..at].iter().map(|one| one.len()).sum::<usize>();
    let mut sent = handshake();
    for at in 0..3 {
        let asked = octets(0, place(&requests, at), requests[at].as_bytes());
        sent.insert(if pipelined { 2 + at } else { sent.len() }, asked);
        sent.push(octets(1, place(&responses, at), responses[at].as_bytes()));
    }
    sent.push(octets(0, place(&requests, 3), b"GET /d HTTP/1.1\r\n\r\n"));
    sent.push(rst(1, place(&responses, 3)));
    assert_eq!(
        told(&ETHERNET.captured(&sent)),
        "HEAD /a: 200, complete (no content) (open)\n\
         GET /b: 103, complete (no content), 200, complete (content-length) (open)\n\
         GET /c: 204, complete (no content) (open)\n\
         GET /d: no response (rst)"
    );
}

#[test]
fn what_follows_a_switch_of_protocol_is_no_request() {
    let asked = b"GET /chat HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    let answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n";
    let sent = [
        octets(0, 0, asked),
        octets(1, 0, answer),
        octets(0, asked.len(), b"GET me that\r\nor this\r\n\r\n"),
        octets(1, answer.len(), b"raw"),
    ];
    let captured = ETHERNET.captured(&[handshake(), sent.to_vec()].concat());
    assert_eq!(told(&captured), "GET /chat: 101, complete (upgrade) (open)");
    let transcript = captured.connections[0].exchanges[0].transcript();
    assert!(transcript.octets(Lane::request(0)).ends_with(b"or this\r\n\r\n"));
}

#[rstest]
#[case::not_acknowledged(None, "nor acknowledged")]
#[case::acknowledged(Some(RESPONSE.len() as i64), "though the reader acknowledged them")]
fn a_missing_segment_is_a_gap_and_no_octet_is_made_up(#[case] ack: Option<i64>, #[case] how: &str) {
    let ack = Sent { side: 0, at: REQUEST.len() as i64, ack: ack.or(Some(1)), ..Sent::default() };
    let sent = [octets(0, 0, REQUEST), octets(1, 0, &RESPONSE[..90]), octets(1, 95, &RESPONSE[95..]), ack];
    let captured = ETHERNET.captured(&[handshake(), sent.to_vec()].concat());
    let exchange = &captured.connections[0].exchanges[0];
    assert!(matches!(exchange.ended, Ended::Gap(Gap { octets: 5, .. })), "{exchange:?}");
    assert_eq!(exchange.transcript().octets(Lane::response(0)), &RESPONSE[..90]);
    let step = exchange.transcript().steps.last().expect("a step");
    assert_eq!(step.text, format!("5 octets of the response were not captured, {how}: what came then is not known"));
    assert_eq!(
        told(&captured).lines().last(),
        Some(
            "- connection 1, 192.0.2.1:49152 to 192.0.2.2:80: 6 octets of the responses belong to a message whose \
             beginning was not captured; they end with \"\\n0\\r\\n\\r\\n\""
        )
    );
}

#[test]
fn behind_a_gap_the_next_response_is_read_again() {
    let request = |at: usize| octets(0, at * REQUEST.len(), REQUEST);
    let response = |at: usize| octets(1, at * RESPONSE.len(), RESPONSE);
    let cut = octets(1, RESPONSE.len(), &RESPONSE[..60]);
    let sent = [request(0), response(0), request(1), cut, request(2), response(2), fin(1, 3 * RESPONSE.len())];
    assert_eq!(
        told(&ETHERNET.captured(&[handshake(), sent.to_vec()].concat())),
        "GET /events: 200, complete (last-chunk); 1 event (open)\n\
         GET /events: 200, incomplete: in the header section, still open; no events (gap)\n\
         GET /events: 200, complete (last-chunk); 1 event (fin)"
    );
}

#[test]
fn a_connection_joined_in_the_middle_is_read_from_where_a_message_begins() {
    let sent = [
        octets(1, 500, b"data: four\n\n\r\n0\r\n\r\n"),
        octets(0, 300, b"HEAD /next HTTP/1.1\r\n\r\n"),
        octets(1, 519, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
    ];
    assert_eq!(
        told(&ETHERNET.captured(&sent)),
        "HEAD /next: 200, complete (no content) (open)\n\
         - connection 1, 192.0.2.1:49152 to 192.0.2.2:80: 19 octets of the responses belong to a message whose \
         beginning was not captured; they end with \"data: four\\n\\n\\r\\n0\\r\\n\\r\\n\""
    );
}

#[test]
fn the_end_of_a_stream_that_was_joined_in_the_middle_is_told() {
    let sent = [octets(1, 500, b"data: four\n\n"), octets(1, 512, b"\r\n0\r\n\r\n"), fin(1, 519)];
    assert_eq!(
        told(&ETHERNET.captured(&sent)),
        "- connection 1, 192.0.2.1:49152 to 192.0.2.2:80: 19 octets of the responses belong to a message whose \
         beginning was not captured; they end with \"data: four\\n\\n\\r\\n0\\r\\n\\r\\n\", then FIN"
    );
}

#[test]
fn responses_whose_requests_were_not_captured_are_read_as_answers_to_get() {
    let sent = [octets(1, 0, RESPONSE), octets(1, RESPONSE.len(), RESPONSE)];
    let sent: Vec<Sent> = handshake().into_iter().skip(1).chain(sent).collect();
    let one = "?: 200, complete (last-chunk); 1 event (open)";
    assert_eq!(told(&ETHERNET.captured(&sent)), format!("{one}\n{one}"));
}

#[test]
fn a_cut_packet_is_a_gap() {
    let captured = On { snap: 120, ..ETHERNET }.captured(&connection([fin(1, RESPONSE.len())]));
    assert!(matches!(captured.connections[0].exchanges[0].ended, Ended::Gap(_)));
    let remark = captured.remarks.last().expect("a remark");
    assert!(remark.starts_with("1 of 5 packets were cut by the snap length"), "{remark}");
}

#[test]
fn a_port_that_is_used_again_is_another_connection() {
    let mut sent = connection([rst(0, REQUEST.len())]);
    let mut again = connection([]);
    again.iter_mut().for_each(|sent| sent.at += 10_000);
    sent.extend(handshake());
    sent.extend(again);
    let captured = ETHERNET.captured(&sent);
    let ends: Vec<&str> =
        captured.connections.iter().flat_map(|one| &one.exchanges).map(|exchange| exchange.ended.name()).collect();
    assert_eq!((captured.connections.len(), ends), (2, vec!["rst", "open"]));
}

#[rstest]
#[case::tls(
    b"\x16\x03\x01\x02\x00\x01\x00",
    "TLS is inside: capture behind what ends it, or let `lastchunk probe` be the reader"
)]
#[case::http2(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2 is inside, which is not read")]
#[case::something(b"SSH-2.0-OpenSSH_9.6\r\n", "no HTTP/1.x: it begins with \"SSH-2.0-OpenSSH_9.6\\r\\n\"")]
#[case::a_terminal_driver(b"\x1b]0;owned\x07", "no HTTP/1.x: it begins with \"\\x1b]0;owned\\x07\"")]
#[case::nothing(b"", "not an octet of content was captured")]
fn what_is_not_read_is_named(#[case] first: &[u8], #[case] what: &str) {
    let captured = ETHERNET.captured(&[handshake(), vec![octets(0, 0, first), octets(1, 0, first)]].concat());
    assert_eq!(told(&captured), format!("- connection 1, 192.0.2.1:49152 to 192.0.2.2:80: {what}"));
}

#[test]
fn a_file_that_is_cut_is_read_as_far_as_it_goes() {
    let file = ETHERNET.file(&connection([fin(1, RESPONSE.len())]));
    let captured = Captured::read(&file[..file.len() - 1]).expect("it is a capture");
    assert_eq!(captured.connections[0].exchanges[0].ended, Ended::Open);
    assert!(captured.remarks[0].starts_with("the file is cut inside a packet"), "{:?}", captured.remarks);
    for length in 0..24 {
        let error = Captured::read(&file[..length]).expect_err("its head is cut").to_string();
        assert_eq!(
            error,
            "it begins like a packet capture, but its head is cut: capture again, or convert it with editcap"
        );
    }
}

#[test]
fn a_synthesised_capture_holds_the_octets_of_each_hop() {
    let text = r#"
chain: c hyper's client, p nginx as-shipped, o scripted

1. the reader asks
c>p  GET /events HTTP/1.1\r\n\r\n
     p>o  -- connect
     p>o  GET /events HTTP/1.0\r\n\r\n
     o>p  HTTP/1.1 200 OK\r\n\r\n
     # ...
"#
    .replace("     # ...\n", "     o>p  # ... 5,000 octets, all \"x\"\no:   flush 1: ok\n\n2. the origin resets\n     o>p  -- RST\np>c  HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nab\np>c  -- FIN\nc>p  -- FIN\n");
    let transcript = parse(&text).expect("a transcript");
    let file = synthesised(&transcript);
    assert!(is_capture(&file));
    let captured = Captured::read(file.as_slice()).expect("a capture");
    assert_eq!(
        told(&captured),
        "GET /events: 200, incomplete: 2 of 5 octets (fin)\n\
         GET /events: 200, incomplete: close-delimited, ended by RST (rst)"
    );
    for (at, hop) in captured.connections.iter().zip(0..) {
        for lane in [Lane::request(hop), Lane::response(hop)] {
            let its = if matches!(lane, Lane::Request(_)) { Lane::request(0) } else { Lane::response(0) };
            assert_eq!(at.exchanges[0].transcript().octets(its), transcript.octets(lane));
        }
    }
    let said = ["synthesised by lastchunk", "1. the reader asks", "o: flush 1: ok", "2. the origin resets", "p-o"];
    for text in said {
        assert!(memchr::memmem::find(&file, text.as_bytes()).is_some(), "{text}");
    }
}

/// Cuts octets into segments at these places, which are taken modulo their length.
fn segments(side: usize, all: &[u8], cuts: &[usize]) -> Vec<Sent> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (all.len() + 1)).chain([0, all.len()]).collect();
    cuts.sort_unstable();
    cuts.windows(2).map(|ends| octets(side, ends[0], &all[ends[0]..ends[1]])).collect()
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn however_it_was_cut_and_mixed_the_response_is_the_same(
        cuts in prop::collection::vec(any::<usize>(), 0..12),
        others in prop::collection::vec(any::<usize>(), 0..12),
        seed in any::<u64>(),
    ) {
        let mut sent = [segments(1, RESPONSE, &cuts), segments(1, RESPONSE, &others)].concat();
        sent.push(fin(1, RESPONSE.len()));
        let mut order = fastrand_like(seed);
        sent.sort_by_cached_key(|_| order());
        let sent = [handshake(), segments(0, REQUEST, &cuts), sent].concat();
        prop_assert_eq!(told(&ETHERNET.captured(&sent)), "GET /events: 200, complete (last-chunk); 1 event (fin)");
    }

    #[test]
    fn what_is_lost_is_never_made_up(cuts in prop::collection::vec(any::<usize>(), 1..12), lost in any::<prop::sample::Index>()) {
        let mut sent = segments(1, RESPONSE, &cuts);
        let lost = sent.remove(lost.index(sent.len()));
        let captured = ETHERNET.captured(&[handshake(), vec![octets(0, 0, REQUEST)], sent].concat());
        let exchange = &captured.connections[0].exchanges[0];
        let got = exchange.transcript().octets(Lane::response(0));
        prop_assert!(RESPONSE.starts_with(&got));
        prop_assert!(lost.octets.is_empty() || got.len() as i64 <= lost.at, "{} octets, lost at {}", got.len(), lost.at);
    }

    #[test]
    fn a_damaged_capture_is_read_without_a_panic(
        ng in any::<bool>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..24),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut file = if ng {
            let text = "chain: c a, o b\n\n1. x\nc>o  GET / HTTP/1.1\\r\\n\\r\\n\no>c  HTTP/1.1 200 OK\\r\\n\\r\\nabc\no>c  -- FIN\n";
            synthesised(&parse(text).expect("a transcript"))
        } else {
            ETHERNET.file(&connection([fin(1, RESPONSE.len()), rst(0, 5)]))
        };
        for (at, octet) in damage {
            let at = at.index(file.len());
            file[at] = octet;
        }
        file.truncate(cut.index(file.len() * 2).max(4));
        if let Ok(captured) = Captured::read(file.as_slice()) {
            for exchange in captured.connections.iter().flat_map(|connection| &connection.exchanges) {
                let text = render(exchange.transcript(), &Redactions::none());
                prop_assert!(text.bytes().all(|octet| matches!(octet, b'\n' | b' '..=b'~')));
            }
            prop_assert!(told(&captured).bytes().all(|octet| matches!(octet, b'\n' | b' '..=b'~')));
        }
    }
}

/// Numbers by seed.
fn fastrand_like(mut seed: u64) -> impl FnMut() -> u64 {
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed >> 33
    }
}

#[test]
fn every_exchange_ends_with_facts_that_were_captured() {
    let captured = ETHERNET.captured(&connection([rst(1, RESPONSE.len())]));
    let transcript = captured.connections[0].exchanges[0].transcript();
    assert_eq!(transcript.lane(Lane::response(0)).last(), Some(&What::Rst));
}
