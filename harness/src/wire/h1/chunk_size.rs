//! The chunk-size line, octet by octet: it may never end, so nothing of it is kept.

/// A chunk-size line as far as it came (RFC 9112 7.1: `chunk-size [ chunk-ext ] CRLF`).
#[derive(Clone, Copy, Debug)]
pub(super) struct ChunkSizeLine {
    size: u64,
    part: Part,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    /// Before the first digit.
    Start,
    Digits,
    Padding,
    /// chunk-ext, of which nothing is interpreted; whether its last octet was CR.
    Ext {
        cr: bool,
    },
    Cr {
        padded: bool,
    },
}

/// What an octet did to the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    More,
    Ended {
        size: u64,
        bare_lf: bool,
        padded: bool,
    },
    NotHexadecimal,
    Overflow,
}

impl ChunkSizeLine {
    pub(super) fn new() -> ChunkSizeLine {
        ChunkSizeLine {
            size: 0,
            part: Part::Start,
        }
    }

    pub(super) fn has_begun(&self) -> bool {
        !matches!(self.part, Part::Start)
    }

    pub(super) fn step(&mut self, octet: u8) -> Step {
        let ended = |bare_lf, padded| Step::Ended {
            size: self.size,
            bare_lf,
            padded,
        };
        self.part = match (self.part, octet) {
            (Part::Start | Part::Digits, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = (octet as char).to_digit(16).map_or(0, u64::from);
                match self.size.checked_mul(16) {
                    Some(shifted) => self.size = shifted | digit,
                    None => return Step::Overflow,
                }
                Part::Digits
            }
            (Part::Start, _) => return Step::NotHexadecimal,
            (Part::Digits | Part::Padding, b' ' | b'\t') => Part::Padding,
            (Part::Digits | Part::Padding, b';') => Part::Ext { cr: false },
            (Part::Digits, b'\r') => Part::Cr { padded: false },
            (Part::Padding, b'\r') => Part::Cr { padded: true },
            (Part::Digits, b'\n') => return ended(true, false),
            (Part::Padding, b'\n') => return ended(true, true),
            (Part::Cr { padded }, b'\n') => return ended(false, padded),
            (Part::Ext { cr }, b'\n') => return ended(!cr, false),
            (Part::Ext { .. }, _) => Part::Ext { cr: octet == b'\r' },
            (Part::Digits | Part::Padding | Part::Cr { .. }, _) => return Step::NotHexadecimal,
        };
        Step::More
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("b\r\n", Step::Ended { size: 11, bare_lf: false, padded: false })]
    #[case::either_case("aF\r\n", Step::Ended { size: 175, bare_lf: false, padded: false })]
    #[case::zeros_in_front("0000000000000000000000000a\r\n", Step::Ended { size: 10, bare_lf: false, padded: false })]
    #[case::largest("ffffffffffffffff\r\n", Step::Ended { size: u64::MAX, bare_lf: false, padded: false })]
    #[case::one_more("10000000000000000", Step::Overflow)]
    #[case::chunk_ext("5;name=\"a\rb\"\r\n", Step::Ended { size: 5, bare_lf: false, padded: false })]
    #[case::space_before_chunk_ext("5 ;x\r\n", Step::Ended { size: 5, bare_lf: false, padded: false })]
    #[case::bare_lf("5\n", Step::Ended { size: 5, bare_lf: true, padded: false })]
    #[case::bare_lf_after_chunk_ext("5;x\n", Step::Ended { size: 5, bare_lf: true, padded: false })]
    #[case::padded("5  \r\n", Step::Ended { size: 5, bare_lf: false, padded: true })]
    #[case::empty("\r", Step::NotHexadecimal)]
    #[case::space_in_front(" ", Step::NotHexadecimal)]
    #[case::prefix("0x", Step::NotHexadecimal)]
    #[case::sign("-", Step::NotHexadecimal)]
    // An event begins with a hexadecimal digit.
    #[case::an_event("ev", Step::NotHexadecimal)]
    #[case::cr_without_lf("5\r5", Step::NotHexadecimal)]
    #[case::digits_after_padding("5 5", Step::NotHexadecimal)]
    fn a_line_ends_or_fails_at_its_last_octet(#[case] octets: &str, #[case] expected: Step) {
        let mut line = ChunkSizeLine::new();
        let (last, before) = octets.as_bytes().split_last().unwrap();
        for octet in before {
            assert_eq!(line.step(*octet), Step::More);
        }
        assert_eq!(line.step(*last), expected);
    }
}
