//! The chunked transfer coding, but for chunk-data.

use super::{Labeller, Phase, Span};
use crate::wire::h1::chunk_size::{ChunkSizeLine, Step};
use crate::wire::h1::{Deviation, Label, Malformed};

/// Hexadecimal digits of a chunk-size that are read at once; longer ones, octet by octet.
const DIGITS: usize = 8;

impl Labeller {
    /// Labels whole chunks at the front of `octets`, without chunk-ext and with nothing to complain of; how many octets
    /// they are. Nothing of a chunk has come yet.
    ///
    /// This is what a stream is made of, and the other way there costs a round for each of its spans.
    pub(super) fn whole_chunks(&mut self, octets: &[u8]) -> usize {
        let Some(last) = self.messages.len().checked_sub(1) else { return 0 };
        let number = self.forgotten + last;
        let message = &mut self.messages[last];
        let mut taken = 0;
        while let Some((size, line)) = size_line(&octets[taken..])
            && let Some(rest) = octets[taken + line..].get(size..)
            && rest.starts_with(b"\r\n")
        {
            message.chunks += 1;
            let index = message.chunks;
            let start = self.at + taken;
            let (data, end) = (start + line, start + line + size);
            let label = Label::ChunkSize { index, size: Some(size as u64) };
            self.spans.extend([
                Span { range: start..data, label, message: number },
                Span { range: data..end, label: Label::ChunkData { index }, message: number },
                Span { range: end..end + 2, label: Label::ChunkDataEnd, message: number },
            ]);
            message.content.push(data..end);
            taken += line + size + 2;
        }
        if taken > 0 {
            self.pass(taken);
        }
        taken
    }

    /// Goes on behind so many octets, which are whole chunks.
    pub(super) fn pass(&mut self, octets: usize) {
        self.at += octets;
        self.open = false;
        self.line_at = self.at;
        self.held_at = self.at;
    }

    pub(super) fn chunk_size(&mut self, octets: &[u8], mut line: ChunkSizeLine) -> usize {
        let index = self.message().chunks + 1;
        if !line.has_begun() {
            self.line_at = self.at;
        }
        for (before, octet) in octets.iter().enumerate() {
            match line.step(*octet) {
                Step::More => {}
                Step::Ended { size, bare_lf, padded } => {
                    let label = if size == 0 { Label::LastChunk } else { Label::ChunkSize { index, size: Some(size) } };
                    let taken = self.extend(label, before + 1);
                    self.close_span();
                    let at = self.line_at;
                    let deviations = &mut self.message().deviations;
                    deviations.extend(bare_lf.then_some((at, Deviation::ChunkSizeBareLf)));
                    deviations.extend(padded.then_some((at, Deviation::ChunkSizePadded)));
                    self.held.clear();
                    self.held_at = self.at;
                    self.line_at = self.at;
                    self.phase = if size == 0 { Phase::Trailers } else { Phase::ChunkData { left: size, of: size } };
                    return taken;
                }
                step => {
                    let overflow = step == Step::Overflow;
                    let taken = self.extend(Label::ChunkSize { index, size: None }, before + 1);
                    self.lose(if overflow { Malformed::ChunkSizeOverflow } else { Malformed::ChunkSize });
                    return taken;
                }
            }
        }
        self.phase = Phase::ChunkSize(line);
        self.extend(Label::ChunkSize { index, size: None }, octets.len())
    }

    pub(super) fn chunk_data_end(&mut self, octet: u8, cr: bool) -> usize {
        self.extend(Label::ChunkDataEnd, 1);
        match (octet, cr) {
            (b'\r', false) => self.phase = Phase::ChunkDataEnd { cr: true },
            (b'\n', true) => {
                self.close_span();
                self.message().chunks += 1;
                self.phase = Phase::ChunkSize(ChunkSizeLine::new());
            }
            _ => self.lose(Malformed::ChunkDataEnd),
        }
        1
    }
}

/// What each octet is worth as a hexadecimal digit.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut octet = 0;
    while octet < 256 {
        if let Some(value) = (octet as u8 as char).to_digit(16) {
            values[octet] = value as u8;
        }
        octet += 1;
    }
    values
};

const NO_DIGIT: u8 = u8::MAX;

/// The chunk-size, not zero, and the length of its line, if that is whole and has nothing but a few digits.
pub(super) fn size_line(octets: &[u8]) -> Option<(usize, usize)> {
    let mut size = 0;
    for (digits, octet) in octets.iter().enumerate().take(DIGITS + 1) {
        match VALUES[usize::from(*octet)] {
            NO_DIGIT => return (size > 0 && octets[digits..].starts_with(b"\r\n")).then_some((size, digits + 2)),
            value => size = size << 4 | usize::from(value),
        }
    }
    None
}
