//! The two formats of capture files.

use std::io::Read;

use pcap_parser::traits::{PcapNGPacketBlock as _, PcapReaderIterator};
use pcap_parser::{Block, LegacyPcapReader, Linktype, PcapBlockOwned, PcapError, PcapNGReader};

/// The octets of a packet, in front of it what was put there by the link that it was captured on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet<'a> {
    /// What kind of link it was.
    pub(super) link: Linktype,
    /// As much of it as was captured.
    pub(super) octets: &'a [u8],
    /// How many octets it had.
    pub(super) length: usize,
}

/// How many octets a block of a file may have.
const MOST_IN_A_BLOCK: usize = 4 * 1024 * 1024;
/// How many octets are asked for at a time.
const AT_A_TIME: usize = 256 * 1024;
/// How a pcapng file begins, whatever its byte order.
const NG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// How a pcap file may begin: with microseconds or nanoseconds, in either byte order.
const LEGACY: [[u8; 4]; 4] =
    [[0xa1, 0xb2, 0xc3, 0xd4], [0xd4, 0xc3, 0xb2, 0xa1], [0xa1, 0xb2, 0x3c, 0x4d], [0x4d, 0x3c, 0xb2, 0xa1]];

/// Whether octets begin as those of a pcap or pcapng file do; none of them is text.
#[must_use]
pub fn is_capture(octets: &[u8]) -> bool {
    octets.get(..4).is_some_and(|magic| magic == NG || LEGACY.iter().any(|known| magic == known))
}

/// Why a file is no capture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoCapture {
    /// It is cut in its head, or that is damaged.
    #[error("it begins like a packet capture, but its head is {0}: capture again, or convert it with editcap")]
    Head(&'static str),
    /// It could not be read.
    #[error("it could not be read")]
    Read,
}

/// Hands on every packet. Of a file that is damaged or cut somewhere, those in front of that place; then it is said.
pub(super) fn each_packet(
    mut from: impl Read + Send,
    mut hand_on: impl FnMut(Packet<'_>),
) -> Result<Option<String>, NoCapture> {
    let mut magic = [0; 4];
    from.read_exact(&mut magic).map_err(|_| NoCapture::Head("cut"))?;
    // The parser takes what one read brings for the whole head, and a pipe may bring it in pieces.
    let from = Filling(std::io::Cursor::new(magic).chain(from));
    let reader: Result<Box<dyn PcapReaderIterator + Send + '_>, _> = if magic == NG {
        PcapNGReader::new(AT_A_TIME, from).map(|reader| Box::new(reader) as _)
    } else {
        LegacyPcapReader::new(AT_A_TIME, from).map(|reader| Box::new(reader) as _)
    };
    let mut reader = reader.map_err(|error| match error {
        PcapError::ReadError => NoCapture::Read,
        PcapError::Incomplete(_) | PcapError::Eof | PcapError::UnexpectedEof => NoCapture::Head("cut"),
        _ => NoCapture::Head("damaged"),
    })?;
    let mut links = Links::default();
    let mut buffer = AT_A_TIME;
    loop {
        let at = reader.consumed();
        let refill = match reader.next() {
            Ok((taken, block)) => {
                if let Some(packet) = links.packet(&block) {
                    hand_on(packet);
                }
                reader.consume(taken);
                continue;
            }
            Err(PcapError::Eof) => return Ok(None),
            Err(PcapError::Incomplete(_)) => true,
            Err(PcapError::BufferTooSmall) if buffer < MOST_IN_A_BLOCK => {
                buffer *= 2;
                reader.grow(buffer);
                true
            }
            Err(PcapError::UnexpectedEof) => {
                return Ok(Some(format!("the file is cut inside a packet, at octet {at}: all in front of it is read")));
            }
            Err(PcapError::ReadError) => return Err(NoCapture::Read),
            Err(_) => false,
        };
        if !refill {
            return Ok(Some(format!("the file is damaged at octet {at}: all in front of it is read")));
        }
        if reader.refill().is_err() {
            return Err(NoCapture::Read);
        }
    }
}

/// The links of a file: of a pcapng file one an interface, of the section that is being read.
#[derive(Debug, Default)]
struct Links(Vec<(Linktype, u32)>);

impl Links {
    fn packet<'a>(&mut self, block: &'a PcapBlockOwned<'_>) -> Option<Packet<'a>> {
        match block {
            PcapBlockOwned::LegacyHeader(head) => self.0 = vec![(head.network, head.snaplen)],
            PcapBlockOwned::Legacy(block) => {
                let (link, _) = *self.0.first()?;
                let octets = &block.data[..block.data.len().min(block.caplen as usize)];
                return Some(Packet { link, octets, length: block.origlen as usize });
            }
            PcapBlockOwned::NG(Block::SectionHeader(_)) => self.0.clear(),
            PcapBlockOwned::NG(Block::InterfaceDescription(about)) => self.0.push((about.linktype, about.snaplen)),
            PcapBlockOwned::NG(Block::EnhancedPacket(block)) => {
                let (link, _) = *self.0.get(block.if_id as usize)?;
                return Some(Packet { link, octets: block.packet_data(), length: block.origlen as usize });
            }
            PcapBlockOwned::NG(Block::SimplePacket(block)) => {
                let (link, snap) = *self.0.first()?;
                let octets = block.packet_data();
                // What is behind the snap length is padding; 0 is no limit.
                let held = if snap == 0 { octets.len() } else { octets.len().min(snap as usize) };
                return Some(Packet { link, octets: &octets[..held], length: block.origlen as usize });
            }
            PcapBlockOwned::NG(_) => {}
        }
        None
    }
}

/// Reads until there is no room or no more.
struct Filling<R>(R);

impl<R: Read> Read for Filling<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let mut filled = 0;
        while filled < into.len() {
            match self.0.read(&mut into[filled..]) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}
