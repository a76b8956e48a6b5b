//! Frames: RFC 9113 4.1 and 6.

/// Frame types.
pub(super) mod kind {
    pub(crate) const DATA: u8 = 0;
    pub(crate) const HEADERS: u8 = 1;
    pub(crate) const RST_STREAM: u8 = 3;
    pub(crate) const SETTINGS: u8 = 4;
    pub(crate) const PING: u8 = 6;
    pub(crate) const GOAWAY: u8 = 7;
    pub(crate) const WINDOW_UPDATE: u8 = 8;
    pub(crate) const CONTINUATION: u8 = 9;
}

/// Flags; which one a bit is depends on the frame type.
pub(super) mod flag {
    pub(crate) const ACK: u8 = 1;
    pub(crate) const END_STREAM: u8 = 1;
    pub(crate) const END_HEADERS: u8 = 4;
    pub(crate) const PADDED: u8 = 8;
    pub(crate) const PRIORITY: u8 = 32;
}

/// A frame.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

const HEADER: usize = 9;

/// The longest payload, as our SETTINGS ask for no more (RFC 9113 4.2).
pub(super) const MOST: usize = 16_384;

impl Frame {
    /// The first frame of some octets, if all of it is there, and how many octets it takes.
    pub(super) fn read(octets: &[u8]) -> Option<(Self, usize)> {
        let (header, rest) = octets.split_first_chunk::<HEADER>()?;
        let [a, b, c, kind, flags, stream @ ..] = *header;
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        let payload = rest.get(..length)?.to_vec();
        let stream = u32::from_be_bytes(stream) & 0x7fff_ffff;
        Some((Self { kind, flags, stream, payload }, HEADER + length))
    }

    /// The length of the payload that the first frame of some octets announces.
    pub(super) fn length(octets: &[u8]) -> Option<usize> {
        let [a, b, c, ..] = *octets.first_chunk::<HEADER>()?;
        Some(u32::from_be_bytes([0, a, b, c]) as usize)
    }

    /// The payload's first 32 bits.
    pub(super) fn number(&self) -> Option<u32> {
        self.payload.first_chunk().map(|octets| u32::from_be_bytes(*octets))
    }

    /// The payload's first and second 32 bits.
    pub(super) fn numbers(&self) -> Option<[u32; 2]> {
        let second = self.payload.get(4..)?.first_chunk()?;
        Some([self.number()?, u32::from_be_bytes(*second)])
    }

    /// The payload without padding.
    pub(super) fn unpadded(&self) -> Option<&[u8]> {
        if self.flags & flag::PADDED == 0 {
            return Some(&self.payload);
        }
        let (padding, rest) = self.payload.split_first()?;
        rest.get(..rest.len().checked_sub(usize::from(*padding))?)
    }

    /// The payload of HEADERS without padding and priority.
    pub(super) fn field_block(&self) -> Option<&[u8]> {
        let octets = self.unpadded()?;
        if self.flags & flag::PRIORITY == 0 { Some(octets) } else { octets.get(5..) }
    }
}

/// Appends a frame.
pub(super) fn write(octets: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).expect("a frame of ours is short");
    octets.extend(&length.to_be_bytes()[1..]);
    octets.extend([kind, flags]);
    octets.extend(stream.to_be_bytes());
    octets.extend(payload);
}

/// The name of an error code (RFC 9113 7), or its number.
#[must_use]
pub fn error_name(code: u32) -> String {
    const NAMES: [&str; 14] = [
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY",
        "HTTP_1_1_REQUIRED",
    ];
    usize::try_from(code).ok().and_then(|at| NAMES.get(at)).map_or_else(|| code.to_string(), |name| (*name).to_owned())
}
