//! What came of a conversation, and what of it two servers have to agree on.

/// How the server's direction ended, as the reader was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// In order.
    Fin,
    /// By a reset.
    Rst,
    /// Not at all: the server waits for what will not come.
    Open,
}

/// What came of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What the reader got.
    pub octets: Vec<u8>,
    /// How much of it before the second, third and each later stimulus.
    pub arrived: Vec<usize>,
    /// How it ended.
    pub end: End,
    /// The size of each write to the socket.
    pub writes: Vec<usize>,
    /// What each call returned, and what went to the server's log.
    pub notes: Vec<String>,
}

impl Outcome {
    /// This outcome without what two servers need not agree on: the value of Date, the order of fields with different names, and the
    /// case of their names.
    #[must_use]
    pub fn normal(&self) -> Self {
        Self { octets: normal(&self.octets), ..self.clone() }
    }
}

/// Puts the fields of each section in the order of their names. A header section begins with a status-line, a trailer section follows a
/// last-chunk; no handler here writes content that looks like either.
fn normal(octets: &[u8]) -> Vec<u8> {
    let mut lines = octets.split_inclusive(|&octet| octet == b'\n');
    let mut out = Vec::with_capacity(octets.len());
    while let Some(line) = lines.next() {
        out.extend_from_slice(line);
        // a status-line may follow close- or length-delimited content on the same line
        let begins = line == b"0\r\n" || (find(line, b"HTTP/1.").is_some() && line.ends_with(b"\r\n"));
        if !begins {
            continue;
        }
        let mut fields: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for line in lines.by_ref() {
            if line == b"\r\n" || !line.ends_with(b"\r\n") {
                fields.push((Vec::new(), line.to_vec()));
                break;
            }
            let colon = line.iter().position(|&octet| octet == b':').unwrap_or(line.len());
            let (name, value) = line.split_at(colon);
            let name = name.to_ascii_lowercase();
            let value = if name == b"date" && is_date(value) { b": <date>\r\n" } else { value };
            fields.push((name, value.to_vec()));
        }
        let end = fields.pop();
        // stable: the order of lines with one name counts (RFC 9110 5.3)
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (name, value) in fields.into_iter().chain(end) {
            out.extend(name);
            out.extend(value);
        }
    }
    out
}

fn find(octets: &[u8], wanted: &[u8]) -> Option<usize> {
    octets.windows(wanted.len()).position(|window| window == wanted)
}

/// Whether a field's value, with its colon and its end, has the form `: Thu, 01 Jan 1970 00:00:00 GMT` (RFC 9110 5.6.7).
fn is_date(value: &[u8]) -> bool {
    let form = b": Aaa, 00 Aaa 0000 00:00:00 GMT\r\n";
    value.len() == form.len()
        && value.iter().zip(form).all(|(octet, wanted)| match wanted {
            b'A' => octet.is_ascii_uppercase(),
            b'a' => octet.is_ascii_lowercase(),
            b'0' => octet.is_ascii_digit(),
            _ => octet == wanted || matches!(wanted, b'G' | b'M' | b'T'),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(octets: &[u8]) -> String {
        String::from_utf8(normal(octets)).expect("text")
    }

    #[test]
    fn names_dates_and_the_order_of_different_fields_do_not_count() {
        let one = b"HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nX-A: 1\r\nb: 2\r\n\r\nB: x\r\nA: x\r\n";
        let other = b"HTTP/1.1 200 OK\r\nB: 2\r\nx-a: 1\r\ndate: Fri, 02 Jan 1970 00:00:00 GMT\r\n\r\nB: x\r\nA: x\r\n";
        assert_eq!(text(one), text(other));
        assert_eq!(text(one), "HTTP/1.1 200 OK\r\nb: 2\r\ndate: <date>\r\nx-a: 1\r\n\r\nB: x\r\nA: x\r\n");
    }

    #[test]
    fn values_their_order_under_one_name_and_a_malformed_date_count() {
        let fields = |fields: &str| text(format!("HTTP/1.1 200 OK\r\n{fields}\r\n").as_bytes());
        assert_ne!(fields("A: 1\r\n"), fields("A: 2\r\n"));
        assert_ne!(fields("A: 1\r\nA: 2\r\n"), fields("A: 2\r\nA: 1\r\n"));
        assert_ne!(fields("Date: today\r\n"), fields("Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"));
    }

    #[test]
    fn trailers_are_fields_and_a_second_response_on_the_line_of_the_first_ones_content_has_fields_too() {
        assert_eq!(text(b"0\r\nX-B: 1\r\nX-A: 2\r\n\r\n"), "0\r\nx-a: 2\r\nx-b: 1\r\n\r\n");
        assert_eq!(
            text(b"xxxHTTP/1.1 204 No Content\r\nB: 1\r\nA: 2\r\n\r\n"),
            "xxxHTTP/1.1 204 No Content\r\na: 2\r\nb: 1\r\n\r\n"
        );
    }

    #[test]
    fn a_section_that_is_cut_keeps_its_last_line() {
        assert_eq!(text(b"HTTP/1.1 200 OK\r\nB: 1\r\nA"), "HTTP/1.1 200 OK\r\nb: 1\r\nA");
        assert_eq!(text(b"HTTP/1.1 200"), "HTTP/1.1 200");
    }
}
