//! What the origin writes in a cell: three events, up to the cut.

use harness::transcript::Meant;

use super::axes::{Cell, Cut, Framing, Version};

/// The events that the origin means to send.
pub(super) const EVENTS: [&str; 3] = ["data: one\n\n", "data: two\n\n", "data: three\n\n"];

/// The field line of the trailer section in the cell that cuts it.
const TRAILER: (&str, &str) = ("X-Checksum", "94a7");

/// The octets that the origin writes before its connection ends; in the control the last of them apart, to be sent
/// with the end: a gateway that had the whole response might use the connection again before the origin closes it.
pub(super) fn octets(cell: &Cell) -> (Vec<u8>, Vec<u8>) {
    let mut script = Script { octets: Vec::new(), cut: cell.cut, done: false, rest_at: None };
    script.place(Cut::BeforeStatusLine);
    script.write(match cell.version {
        Version::V11 => "HTTP/1.1 200 OK\r\n",
        Version::V10 => "HTTP/1.0 200 OK\r\n",
    });
    script.write("Content-Type: text/event-stream\r\n");
    script.place(Cut::InHeaderSection);
    match (cell.framing, cell.version) {
        (Framing::Chunked, _) => script.write("Transfer-Encoding: chunked\r\n"),
        (Framing::Length, _) => script.write(&format!("Content-Length: {}\r\n", EVENTS.concat().len())),
        // What RFC 9112 9.6 asks of a server that will close; HTTP/1.0 closes anyway.
        (Framing::Close, Version::V11) => script.write("Connection: close\r\n"),
        (Framing::Close, Version::V10) => {}
    }
    script.write("\r\n");
    script.place(Cut::AfterHeaderSection);
    let [first, second, third] = EVENTS;
    if cell.framing == Framing::Chunked {
        script.chunk(first);
        script.place(Cut::BetweenChunks);
        script.write(&format!("{:x}", second.len()));
        script.place(Cut::InChunkSize);
        script.write("\r\n");
        script.write(&second[..7]);
        script.place(Cut::InChunkData);
        script.write(&second[7..]);
        script.place(Cut::AfterChunkData);
        script.write("\r\n");
        script.chunk(third);
        script.rest();
        script.write("0\r\n");
        if cell.cut == Cut::InTrailerSection {
            let (name, value) = TRAILER;
            script.write(&format!("{name}: {}", &value[..2]));
        }
        script.place(Cut::InTrailerSection);
        script.write("\r\n");
    } else {
        script.write(first);
        script.place(Cut::BetweenEvents);
        script.write(&second[..7]);
        script.place(Cut::InContent);
        script.write(&second[7..]);
        script.rest();
        script.write(third);
    }
    let at = script.rest_at.filter(|_| cell.cut == Cut::None).unwrap_or(script.octets.len());
    let rest = script.octets.split_off(at);
    (script.octets, rest)
}

/// What the origin meant to send.
pub(super) fn meant(cell: &Cell) -> Meant {
    let (name, value) = TRAILER;
    let trailers = if cell.cut == Cut::InTrailerSection { vec![(name.into(), value.into())] } else { Vec::new() };
    Meant { status: Some(200), content: Some(EVENTS.concat().into_bytes()), trailers, ..Meant::default() }
}

struct Script {
    octets: Vec<u8>,
    cut: Cut,
    done: bool,
    rest_at: Option<usize>,
}

impl Script {
    fn write(&mut self, text: &str) {
        if !self.done {
            self.octets.extend_from_slice(text.as_bytes());
        }
    }

    fn chunk(&mut self, data: &str) {
        self.write(&format!("{:x}\r\n{data}\r\n", data.len()));
    }

    /// What follows is sent with the end.
    fn rest(&mut self) {
        self.rest_at = Some(self.octets.len());
    }

    /// A place where a cut may be.
    fn place(&mut self, place: Cut) {
        self.done |= self.cut == place;
    }
}

#[cfg(test)]
mod tests {
    use harness::wire::h1::{End, label_responses};

    use super::super::axes::Protocol;
    use super::*;

    /// What a reader without a gateway makes of each cut: the labels of the harness check the script.
    #[test]
    fn every_cut_is_where_its_name_says() {
        let mut told = Vec::new();
        let cells = Cell::all(Protocol::Http11).filter(|cell| cell.end == super::super::axes::End::Fin);
        for cell in cells.filter(|cell| cell.version == Version::V11) {
            let (sent, rest) = octets(&cell);
            let stream = label_responses(&[sent, rest].concat(), &["GET"], End::Fin);
            told.push(format!("{} {}: {}", cell.framing, cell.cut, stream.messages[0].state));
        }
        assert_eq!(
            told,
            [
                "chunked none: complete (last-chunk)",
                "chunked before-status-line: incomplete: no status-line",
                "chunked in-header-section: incomplete: cut in the header section",
                "chunked after-header-section: incomplete: 0 chunks, no last-chunk",
                "chunked between-chunks: incomplete: 1 chunk, no last-chunk",
                "chunked in-chunk-size: incomplete: cut inside chunk-size",
                "chunked in-chunk-data: incomplete: cut inside chunk-data",
                "chunked after-chunk-data: incomplete: cut after chunk-data",
                "chunked in-trailer-section: incomplete: cut in the trailer section",
                "length none: complete (content-length)",
                "length before-status-line: incomplete: no status-line",
                "length in-header-section: incomplete: cut in the header section",
                "length after-header-section: incomplete: 0 of 35 octets",
                "length between-events: incomplete: 11 of 35 octets",
                "length in-content: incomplete: 18 of 35 octets",
                "close none: complete (close-delimited)",
                "close before-status-line: incomplete: no status-line",
                "close in-header-section: incomplete: cut in the header section",
                "close after-header-section: complete (close-delimited)",
                "close between-events: complete (close-delimited)",
                "close in-content: complete (close-delimited)",
            ]
        );
    }
}
