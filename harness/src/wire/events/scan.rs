//! Where a line ends. A token's line is so short that choosing and calling a search costs more than the search: its
//! first octets are searched here, in blocks that have no beginning and no end to be careful about, and only a long line
//! in bulk.

use memchr::{memchr, memchr2};

/// How many octets are searched in blocks.
const NEAR: usize = 4 * BLOCK;

/// A register of SSE2, which every x86-64 has.
const BLOCK: usize = 16;

/// The offset of the first LF.
#[inline]
pub(super) fn lf(octets: &[u8]) -> Option<usize> {
    let bulk = |octets: &[u8]| memchr(b'\n', octets);
    #[cfg(target_arch = "x86_64")]
    if let Some(one) = memchr::arch::x86_64::sse2::memchr::One::new(b'\n') {
        return search(octets, |block| one.find(block), bulk);
    }
    bulk(octets)
}

/// The offset of the first CR or LF.
#[inline]
pub(super) fn cr_or_lf(octets: &[u8]) -> Option<usize> {
    let bulk = |octets: &[u8]| memchr2(b'\r', b'\n', octets);
    #[cfg(target_arch = "x86_64")]
    if let Some(two) = memchr::arch::x86_64::sse2::memchr::Two::new(b'\r', b'\n') {
        return search(octets, |block| two.find(block), bulk);
    }
    bulk(octets)
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn search(
    octets: &[u8],
    in_block: impl Fn(&[u8]) -> Option<usize>,
    in_bulk: impl Fn(&[u8]) -> Option<usize>,
) -> Option<usize> {
    let (near, far) = octets.split_at_checked(NEAR).unwrap_or((octets, &[]));
    let (blocks, rest) = near.as_chunks::<BLOCK>();
    for (nth, block) in blocks.iter().enumerate() {
        if let Some(at) = in_block(block) {
            return Some(nth * BLOCK + at);
        }
    }
    let found = if far.is_empty() { in_block(rest) } else { in_bulk(far) };
    found.map(|at| blocks.len() * BLOCK + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_found_wherever_it_is_and_whatever_is_before_and_behind_it() {
        // What differs from a line end in one bit, or by one, could be taken for it.
        let fillers = [b'.', 0, 0x0b, 0x09, 0x0c, 0x0e, 0x8a, 0x8d, 0xff];
        for len in (0..50).chain(NEAR - 2..NEAR + 34) {
            for filler in fillers {
                let mut octets = vec![filler; len];
                assert_eq!((lf(&octets), cr_or_lf(&octets)), (None, None));
                for at in (0..len).rev() {
                    octets[at] = b'\n';
                    assert_eq!((lf(&octets), cr_or_lf(&octets)), (Some(at), Some(at)), "{len} {filler}");
                    octets[at] = b'\r';
                    let behind = (at + 1 < len).then_some(at + 1);
                    assert_eq!((lf(&octets), cr_or_lf(&octets)), (behind, Some(at)), "{len} {filler}");
                    octets[at] = b'\n';
                }
            }
        }
    }
}
