//! Writes the pcapng format, as far as it is needed (draft-ietf-opsawg-pcapng).

/// Packets are IP without anything in front: LINKTYPE_RAW.
const RAW: u16 = 101;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;

const COMMENT: u16 = 1;
const APPLICATION: u16 = 4;
const NAME: u16 = 2;
const DESCRIPTION: u16 = 3;

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Pcapng {
    octets: Vec<u8>,
    /// The last packet, which may still get comments.
    last: Option<Held>,
}

/// A packet that is not written yet.
#[derive(Debug)]
struct Held {
    interface: u32,
    time_us: u64,
    octets: Vec<u8>,
    comments: Vec<String>,
}

impl Pcapng {
    /// A file with this comment on the whole.
    pub(super) fn begun(comment: &str) -> Self {
        let mut file = Self { octets: Vec::new(), last: None };
        let mut body = Vec::new();
        body.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
        body.extend_from_slice(&1_u16.to_le_bytes());
        body.extend_from_slice(&0_u16.to_le_bytes());
        // The length of the section is not told.
        body.extend_from_slice(&u64::MAX.to_le_bytes());
        options(&mut body, &[(COMMENT, comment), (APPLICATION, concat!("lastchunk ", env!("CARGO_PKG_VERSION")))]);
        file.block(SECTION, &body);
        file
    }

    /// Another interface; they are counted from 0.
    pub(super) fn interface(&mut self, name: &str, description: &str) {
        let mut body = Vec::new();
        body.extend_from_slice(&RAW.to_le_bytes());
        body.extend_from_slice(&[0; 2]);
        // No limit to the length of a packet.
        body.extend_from_slice(&[0; 4]);
        options(&mut body, &[(NAME, name), (DESCRIPTION, description)]);
        self.block(INTERFACE, &body);
    }

    /// Another packet.
    pub(super) fn packet(&mut self, interface: u32, time_us: u64, octets: Vec<u8>, comments: Vec<String>) {
        self.write_last();
        self.last = Some(Held { interface, time_us, octets, comments });
    }

    /// More comments on the last packet, if there is one.
    pub(super) fn amend(&mut self, comments: Vec<String>) {
        if let Some(last) = &mut self.last {
            last.comments.extend(comments);
        }
    }

    /// The whole file.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.write_last();
        self.octets
    }

    fn write_last(&mut self) {
        let Some(Held { interface, time_us, octets, comments }) = self.last.take() else { return };
        let mut body = Vec::new();
        body.extend_from_slice(&interface.to_le_bytes());
        body.extend_from_slice(&((time_us >> 32) as u32).to_le_bytes());
        body.extend_from_slice(&(time_us as u32).to_le_bytes());
        let length = u32::try_from(octets.len()).expect("a packet is short");
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(&length.to_le_bytes());
        padded(&mut body, &octets);
        let comments: Vec<(u16, &str)> = comments.iter().map(|comment| (COMMENT, comment.as_str())).collect();
        options(&mut body, &comments);
        self.block(PACKET, &body);
    }

    fn block(&mut self, kind: u32, body: &[u8]) {
        let length = u32::try_from(body.len() + 12).expect("a block is short").to_le_bytes();
        self.octets.extend_from_slice(&kind.to_le_bytes());
        self.octets.extend_from_slice(&length);
        self.octets.extend_from_slice(body);
        self.octets.extend_from_slice(&length);
    }
}

/// Appends octets up to a multiple of four.
fn padded(body: &mut Vec<u8>, octets: &[u8]) {
    body.extend_from_slice(octets);
    body.resize(body.len().next_multiple_of(4), 0);
}

fn options(body: &mut Vec<u8>, options: &[(u16, &str)]) {
    const LONGEST: usize = 1024;
    if options.is_empty() {
        return;
    }
    for (code, text) in options {
        let text = &text.as_bytes()[..text.len().min(LONGEST)];
        body.extend_from_slice(&code.to_le_bytes());
        body.extend_from_slice(&(text.len() as u16).to_le_bytes());
        padded(body, text);
    }
    body.extend_from_slice(&[0; 4]);
}
