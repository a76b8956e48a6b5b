//! The chunked transfer coding, but for chunk-data.

use super::{Labeller, Phase};
use crate::wire::h1::chunk_size::{ChunkSizeLine, Step};
use crate::wire::h1::{Deviation, Label, Malformed};

impl Labeller {
    pub(super) fn chunk_size(&mut self, octets: &[u8], mut line: ChunkSizeLine) -> usize {
        let index = self.message().chunks + 1;
        if !line.has_begun() {
            self.line_at = self.at;
        }
        for (before, octet) in octets.iter().enumerate() {
            match line.step(*octet) {
                Step::More => {}
                Step::Ended {
                    size,
                    bare_lf,
                    padded,
                } => {
                    let label = if size == 0 {
                        Label::LastChunk
                    } else {
                        Label::ChunkSize {
                            index,
                            size: Some(size),
                        }
                    };
                    let taken = self.extend(label, before + 1);
                    self.close_span();
                    let at = self.line_at;
                    let deviations = &mut self.message().deviations;
                    deviations.extend(bare_lf.then_some((at, Deviation::ChunkSizeBareLf)));
                    deviations.extend(padded.then_some((at, Deviation::ChunkSizePadded)));
                    self.held.clear();
                    self.held_at = self.at;
                    self.line_at = self.at;
                    self.phase = if size == 0 {
                        Phase::Trailers
                    } else {
                        Phase::ChunkData {
                            left: size,
                            of: size,
                        }
                    };
                    return taken;
                }
                step => {
                    let overflow = step == Step::Overflow;
                    let taken = self.extend(Label::ChunkSize { index, size: None }, before + 1);
                    self.lose(if overflow {
                        Malformed::ChunkSizeOverflow
                    } else {
                        Malformed::ChunkSize
                    });
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
