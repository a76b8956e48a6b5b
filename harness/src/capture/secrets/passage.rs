//! Octets that are read as one, though they may lie apart.

use std::borrow::Cow;
use std::ops::Range;

/// Pieces of a direction, joined.
#[derive(Debug)]
pub(super) struct Passage<'a> {
    pub(super) octets: Cow<'a, [u8]>,
    pieces: Vec<Range<usize>>,
}

impl<'a> Passage<'a> {
    pub(super) fn of(octets: &'a [u8], pieces: Vec<Range<usize>>) -> Self {
        let octets = match &*pieces {
            [piece] => Cow::Borrowed(&octets[piece.clone()]),
            pieces => Cow::Owned(pieces.iter().flat_map(|piece| &octets[piece.clone()]).copied().collect()),
        };
        Self { octets, pieces }
    }

    /// Where ranges of it lie in the direction.
    pub(super) fn places(&self, ranges: impl IntoIterator<Item = Range<usize>>) -> Vec<Range<usize>> {
        let mut ends = Vec::with_capacity(self.pieces.len());
        self.pieces.iter().fold(0, |before, piece| {
            ends.push(before + piece.len());
            before + piece.len()
        });
        let mut all = Vec::new();
        for range in ranges {
            let mut at = range.start;
            let mut number = ends.partition_point(|end| *end <= at);
            while at < range.end {
                let upto = range.end.min(ends[number]);
                let end_of_piece = self.pieces[number].end;
                all.push(end_of_piece - (ends[number] - at)..end_of_piece - (ends[number] - upto));
                at = upto;
                number += 1;
            }
        }
        all
    }
}
