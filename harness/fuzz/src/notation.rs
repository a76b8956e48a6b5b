//! The notation: octets to text and back, and text that is none.

use harness::wire::notation::{NotNotation, escape, printable, unescape};

use super::work::Bound;

/// An octet is `\xNN` at most; a String that grew is twice as large at most, and was there half as large before.
const BOUND: Bound = Bound { in_all: 40, at_a_time: 16 };

/// Whether a text is safe for any terminal: printable ASCII.
pub fn is_safe(text: &str) -> bool {
    text.bytes().all(|octet| matches!(octet, b' '..=b'~'))
}

/// Any octets survive the round trip, and any text is either read or refused with its column.
pub fn check(octets: &[u8]) {
    BOUND.held(octets.len(), || {
        let text = escape(octets);
        assert!(is_safe(&text), "{text:?}");
        assert_eq!(unescape(&text).as_deref(), Ok(octets));
        assert!(!text.starts_with([' ', '#']) && !text.starts_with("-- ") && !text.ends_with(' '), "{text:?}");
        assert!(!text.contains("  #"), "{text:?} holds an annotation");
    });
    let Ok(text) = str::from_utf8(octets) else { return };
    BOUND.held(octets.len(), || {
        assert!(is_safe(&printable(text)));
        match unescape(text) {
            Ok(meant) => {
                assert!(meant.len() <= text.len());
                assert_eq!(unescape(&escape(&meant)), Ok(meant));
            }
            Err(error) => {
                let (NotNotation::Escape { column } | NotNotation::Unescaped { column, .. }) = &error;
                assert!((1..=text.len()).contains(column) && text.is_char_boundary(column - 1), "{error}");
                assert!(is_safe(&error.to_string()), "{error}");
            }
        }
    });
}
