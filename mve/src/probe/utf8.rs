//! Whether the octets of events, which come in pieces, are UTF-8, and where they are not.

/// How a line begins whose value a reader of events shows (WHATWG HTML 9.2.6).
const SHOWN: [&[u8]; 3] = [b"data:", b"event:", b"id:"];
/// The byte order mark, which may stand before the first line (WHATWG HTML 9.2.5).
pub(super) const MARK: &[u8] = b"\xef\xbb\xbf";
/// So many octets of a line tell what it is: the longest name, behind the mark.
const TELLING: usize = 9;

/// Looks for octets of events that are no UTF-8, each of which a reader of events shows as U+FFFD. Of comments, and of
/// fields without a meaning, it shows nothing.
#[derive(Debug, Default)]
pub struct Utf8 {
    /// The beginning of a character of which the rest may come; three octets at most.
    begun: Vec<u8>,
    /// How many octets came before it.
    at: usize,
    /// How the line begins in which that is.
    line: Vec<u8>,
    /// Whether it is behind the first line.
    is_behind_the_first: bool,
    broken: Option<NotUtf8>,
}

/// Where octets are no UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotUtf8 {
    /// In how many places.
    pub places: usize,
    /// How many octets are in front of the first.
    pub first: usize,
    /// The octets there; three at most.
    pub octets: Vec<u8>,
}

impl Utf8 {
    /// These came next.
    pub fn push(&mut self, octets: &[u8]) {
        let joined;
        let octets = if self.begun.is_empty() {
            octets
        } else {
            joined = [&std::mem::take(&mut self.begun), octets].concat();
            &joined
        };
        let mut end = 0;
        for chunk in octets.utf8_chunks() {
            self.passed(chunk.valid().as_bytes());
            let invalid = chunk.invalid();
            end += chunk.valid().len() + invalid.len();
            if end == octets.len() && is_begun(invalid) {
                self.begun = invalid.to_vec();
            } else if !invalid.is_empty() {
                if self.is_shown() {
                    let first = self.at + end - invalid.len();
                    let first = || NotUtf8 { places: 0, first, octets: invalid.to_vec() };
                    self.broken.get_or_insert_with(first).places += 1;
                }
                self.passed(invalid);
            }
        }
        self.at += octets.len() - self.begun.len();
    }

    /// These are behind us.
    fn passed(&mut self, octets: &[u8]) {
        let mut rest = octets;
        if let Some(end) = memchr::memrchr2(b'\n', b'\r', octets) {
            self.line.clear();
            self.is_behind_the_first = true;
            rest = &octets[end + 1..];
        }
        let room = TELLING - self.line.len();
        self.line.extend_from_slice(&rest[..rest.len().min(room)]);
    }

    /// Whether a reader shows what comes next in this line.
    fn is_shown(&self) -> bool {
        let mark = if self.is_behind_the_first { &[][..] } else { MARK };
        let line = self.line.strip_prefix(mark).unwrap_or(&self.line);
        SHOWN.iter().any(|name| line.starts_with(name))
    }

    /// Where it was none, if anywhere. A character whose rest did not come is no fault of the text: it was cut.
    #[must_use]
    pub fn broken(self) -> Option<NotUtf8> {
        self.broken
    }
}

/// Whether further octets can make a character of these.
fn is_begun(octets: &[u8]) -> bool {
    std::str::from_utf8(octets).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn broken(pieces: &[&[u8]]) -> Option<NotUtf8> {
        let mut utf8 = Utf8::default();
        for piece in pieces {
            utf8.push(piece);
        }
        utf8.broken()
    }

    #[test]
    fn how_text_is_cut_into_pieces_breaks_nothing() {
        let text = "a\u{e9}\u{20ac}\u{1f600}z".as_bytes();
        for size in 1..=text.len() {
            assert_eq!(broken(&text.chunks(size).collect::<Vec<_>>()), None, "{size}");
        }
        assert_eq!(broken(&[b"a", &text[1..2]]), None);
    }

    #[rstest]
    #[case::no_beginning(&[&b"data:ab\xff"[..]], 1, 7, b"\xff")]
    #[case::latin1(&[&b"data: caf\xe9 ol\xe9\n"[..]], 2, 9, b"\xe9")]
    #[case::half_a_character_in_two_pieces(&[&b"id:a\xe2"[..], b"\x82", b"\n\n"], 1, 4, b"\xe2\x82")]
    #[case::another_after_a_begun_one(&[&b"event:\xc3"[..], b"\xc3\xa9", b"\xff"], 2, 6, b"\xc3")]
    #[case::behind_a_mark(&[&b"\xef\xbb"[..], b"\xbfeve", b"nt:\xff"], 1, 9, b"\xff")]
    #[case::behind_a_comment(&[&b": \xff\r"[..], b"\ndata", b": \xff"], 1, 11, b"\xff")]
    fn the_first_place_and_their_count(
        #[case] pieces: &[&[u8]],
        #[case] places: usize,
        #[case] first: usize,
        #[case] octets: &[u8],
    ) {
        assert_eq!(broken(pieces), Some(NotUtf8 { places, first, octets: octets.to_vec() }));
    }
    #[rstest]
    #[case::a_comment(&[&b": caf\xe9 beat\n"[..]])]
    #[case::one_in_pieces(&[&b"data: x\n:"[..], b" caf", b"\xe9", b" beat \xff\n"])]
    #[case::one_behind_a_mark(&[&b"\xef\xbb\xbf: \xe9\n"[..]])]
    #[case::a_field_without_a_meaning(&[&b"user: \xe9\nretry: \xe9\n"[..]])]
    #[case::what_is_no_name_of_a_field(&[&b"d\xe9ta: x\n"[..]])]
    #[case::a_mark_behind_the_first_line(&[&b"\n\xef\xbb\xbfdata: \xe9\n"[..]])]
    fn what_no_reader_shows_is_not_judged(#[case] pieces: &[&[u8]]) {
        assert_eq!(broken(pieces), None);
    }
}
