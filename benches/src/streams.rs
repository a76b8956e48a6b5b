//! The event streams that are decoded, and the walk that every decoder has to beat or to match.

/// `data: ` and a text, so that the whole event has this many octets with its empty line.
///
/// # Panics
/// When an event cannot be so short.
#[must_use]
pub fn event(octets: usize) -> String {
    let text = octets.checked_sub(b"data: \n\n".len()).expect("an event has at least 8 octets");
    // What a token looks like does not matter, but for its octets: no line end, no control, all ASCII.
    let text: String = (0..text).map(|at| char::from(b"{\"token\":\"abcdefgh\"}"[at % 20])).collect();
    format!("data: {text}\n\n")
}

/// Events of `each` octets, as many as fit into `octets`; at least one.
#[must_use]
pub fn events(each: usize, octets: usize) -> Vec<u8> {
    event(each).into_bytes().repeat((octets / each).max(1))
}

/// The same under the chunked transfer coding, one chunk an event, after a header section.
#[must_use]
pub fn chunked(each: usize, octets: usize) -> Vec<u8> {
    let mut wire = HEADER_SECTION.to_vec();
    wire.extend(chunk(each).repeat((octets / each).max(1)));
    wire
}

/// An event of `each` octets as one chunk.
#[must_use]
pub fn chunk(each: usize) -> Vec<u8> {
    format!("{each:x}\r\n{}\r\n", event(each)).into_bytes()
}

/// The header section of a chunked event stream.
pub const HEADER_SECTION: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_as_long_as_was_said() {
        for octets in [8, 40, 1 << 20] {
            assert_eq!(event(octets).len(), octets);
        }
        assert_eq!(event(40), "data: {\"token\":\"abcdefgh\"}{\"token\":\"ab\n\n");
        assert_eq!(events(40, 100).len(), 80);
        assert!(chunked(40, 0).ends_with(b"ab\n\n\r\n"));
    }
}
