//! Where a line ends. A token's line is so short that choosing and calling a search costs more than the search: its
//! first octets are searched with SSE2, which every x86-64 has and which needs no call, and only a long line as the
//! processor can do it best.

use memchr::{memchr, memchr2};

#[cfg(target_arch = "x86_64")]
use memchr::arch::x86_64::sse2::memchr::{One, Two};

/// How many octets are searched without a call.
const NEAR: usize = 63;

/// The offset of the first LF.
#[inline]
pub(super) fn lf(octets: &[u8]) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if let (near, Some(one)) = (&octets[..octets.len().min(NEAR)], One::new(b'\n')) {
        return one.find(near).or_else(|| Some(near.len() + memchr(b'\n', octets.get(NEAR..)?)?));
    }
    memchr(b'\n', octets)
}

/// The offset of the first CR or LF.
#[inline]
pub(super) fn cr_or_lf(octets: &[u8]) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if let (near, Some(two)) = (&octets[..octets.len().min(NEAR)], Two::new(b'\r', b'\n')) {
        return two.find(near).or_else(|| Some(near.len() + memchr2(b'\r', b'\n', octets.get(NEAR..)?)?));
    }
    memchr2(b'\r', b'\n', octets)
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
