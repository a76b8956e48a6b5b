//! A packet capture, handed in by somebody.

use std::io::{self, Read};

use harness::packets::Captured;

use super::notation::is_safe;
use super::transcript::{octets as octets_of, survives};

/// So many octets of an exchange are looked into.
const MOST: usize = 64 * 1024;

/// It is refused in a line, or read to its end, in pieces of any length the same; what is said of it is safe, and each
/// exchange's text reads as what it was.
pub fn check(octets: &[u8]) {
    match Captured::read(octets) {
        Err(error) => assert!(is_safe(&error.to_string()), "{error}"),
        Ok(captured) => {
            assert_eq!(Captured::read(Piecemeal(octets)).as_ref(), Ok(&captured));
            let remarks = captured.connections.iter().flat_map(|connection| &connection.remarks);
            assert!(remarks.chain(&captured.remarks).all(|remark| is_safe(remark)), "{captured:?}");
            let exchanges = captured.connections.iter().flat_map(|connection| &connection.exchanges);
            for exchange in exchanges.filter(|exchange| octets_of(exchange.transcript()) <= MOST) {
                survives(exchange.transcript());
            }
        }
    }
}

/// A pipe that brings an octet, then a few, then more.
struct Piecemeal<'a>(&'a [u8]);

impl Read for Piecemeal<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = 1 + self.0.len() % 7;
        let (piece, rest) = self.0.split_at(most.min(into.len()).min(self.0.len()));
        into[..piece.len()].copy_from_slice(piece);
        self.0 = rest;
        Ok(piece.len())
    }
}
