//! Whether octets that come in pieces are UTF-8, and where they are not.

/// Looks for octets that are no UTF-8, each of which a reader of events shows as U+FFFD.
#[derive(Debug, Default)]
pub struct Utf8 {
    /// The beginning of a character of which the rest may come; three octets at most.
    begun: Vec<u8>,
    /// How many octets came before it.
    at: usize,
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
            let invalid = chunk.invalid();
            end += chunk.valid().len() + invalid.len();
            if end == octets.len() && is_begun(invalid) {
                self.begun = invalid.to_vec();
            } else if !invalid.is_empty() {
                let first = self.at + end - invalid.len();
                let broken = self.broken.get_or_insert_with(|| NotUtf8 { places: 0, first, octets: invalid.to_vec() });
                broken.places += 1;
            }
        }
        self.at += octets.len() - self.begun.len();
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
    #[case::no_beginning(&[&b"ab\xff"[..]], 1, 2, b"\xff")]
    #[case::latin1(&[&b"caf\xe9 ol\xe9\n"[..]], 2, 3, b"\xe9")]
    #[case::half_a_character_in_two_pieces(&[&b"a\xe2"[..], b"\x82", b"\n\n"], 1, 1, b"\xe2\x82")]
    #[case::another_after_a_begun_one(&[&b"\xc3"[..], b"\xc3\xa9", b"\xff"], 2, 0, b"\xc3")]
    fn the_first_place_and_their_count(
        #[case] pieces: &[&[u8]],
        #[case] places: usize,
        #[case] first: usize,
        #[case] octets: &[u8],
    ) {
        assert_eq!(broken(pieces), Some(NotUtf8 { places, first, octets: octets.to_vec() }));
    }
}
