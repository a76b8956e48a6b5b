//! A transcript without its credentials.

use std::ops::Range;

use super::Secrets;
use super::carrier::Side;
use super::found::{found, loose};
use super::names::is_of_framing;
use super::passage::Passage;
use crate::transcript::{Lane, Transcript, What};
use crate::verdict::{Direction, connections};
use crate::wire::h1::Label;

impl Secrets {
    /// The transcript with each octet of what is secret replaced by `x`, so that every length stays.
    #[must_use]
    pub fn hidden(&mut self, mut transcript: Transcript) -> Transcript {
        for hop in 0..transcript.hops() {
            let mut masks: [Vec<bool>; 2] = Default::default();
            for connection in connections(&transcript, hop) {
                self.mask(&connection.requests, Side::Request, &mut masks[0]);
                self.mask(&connection.responses, Side::Response, &mut masks[1]);
            }
            for (lane, mask) in [Lane::request(hop), Lane::response(hop)].into_iter().zip(masks) {
                let mut mask = mask.into_iter();
                let events = transcript.events.iter_mut().filter(|event| event.lane == lane);
                for event in events {
                    let What::Octets(run) = &mut event.what else { continue };
                    run.iter_mut().zip(&mut mask).filter(|(_, hidden)| *hidden).for_each(|(octet, _)| *octet = b'x');
                }
            }
        }
        for event in &mut transcript.events {
            if let What::Note(note) = &mut event.what {
                let again = self.again(note);
                hide(note, again);
            }
        }
        transcript.steps.iter_mut().for_each(|step| step.text = self.hidden_in(&step.text));
        // What was meant is compared with what came: it loses the same.
        let meant = &mut transcript.meant;
        for (name, value) in meant.fields.iter_mut().chain(&mut meant.trailers) {
            let mut octets = std::mem::take(value).into_bytes();
            self.hide_in_field(Side::Response, name, &mut octets);
            *value = String::from_utf8_lossy(&octets).into_owned();
        }
        if let Some(content) = &mut meant.content {
            let again = self.again(content);
            hide(content, again);
        }
        meant.terminal = meant.terminal.take().map(|terminal| self.hidden_in(&terminal));
        transcript
    }

    /// Which octets of a direction are to be hidden.
    fn mask(&self, direction: &Direction<'_>, side: Side, mask: &mut Vec<bool>) {
        let (start, octets) = (mask.len(), &direction.octets);
        mask.resize(start + octets.len(), false);
        let mut hide = |ranges: Vec<Range<usize>>| {
            ranges.into_iter().flatten().for_each(|at| mask[start + at] |= !is_space(octets[at]));
        };
        for (passage, credentials) in found(direction, side) {
            hide(passage.places(credentials.into_iter().map(|credential| credential.range)));
        }
        for pieces in said(direction) {
            let passage = Passage::of(octets, pieces);
            hide(passage.places(self.again(&passage.octets)));
        }
    }
}

/// Where a value may be said again: everywhere but in what messages hang together by, which is method, version and status,
/// the names of fields, the fields of framing, and the sizes of chunks. Pieces that are read as one stand together.
fn said(direction: &Direction<'_>) -> Vec<Vec<Range<usize>>> {
    let octets = &direction.octets;
    let alone = |range: Range<usize>| vec![range];
    let mut all: Vec<Vec<Range<usize>>> = loose(direction).into_iter().map(alone).collect();
    for message in &direction.stream.messages {
        all.extend([&message.target, &message.reason].into_iter().flatten().cloned().map(alone));
        let fields = message.fields.iter().chain(&message.trailers);
        let fields = fields.filter(|field| !is_of_framing(&String::from_utf8_lossy(&octets[field.name.clone()])));
        all.extend(fields.map(|field| alone(field.value.clone())));
        all.push(message.content.clone());
    }
    let mut raw = Vec::new();
    for span in &direction.stream.spans {
        let range = span.range.clone();
        match span.label {
            Label::Raw => raw.push(range),
            Label::ChunkSize { .. } | Label::LastChunk => {
                let extension = octets[range.clone()].iter().position(|octet| *octet == b';');
                all.extend(extension.map(|at| alone(range.start + at..range.end)));
            }
            _ => {}
        }
    }
    all.push(raw);
    all
}

/// Replaces what is there by `x`.
pub(super) fn hide(octets: &mut [u8], ranges: impl IntoIterator<Item = Range<usize>>) {
    for at in ranges.into_iter().flatten() {
        if !is_space(octets[at]) {
            octets[at] = b'x';
        }
    }
}

/// The line ends of a folded value stay: without them the field would be another one. So does other white space.
fn is_space(octet: u8) -> bool {
    matches!(octet, b'\r' | b'\n' | b' ' | b'\t')
}
