//! The spans: the last one is open while it may still grow or get another label.

use super::Labeller;
use crate::wire::h1::{Label, Span};

impl Labeller {
    /// Gives the label to the next octets, and to all of the last span if that is open.
    pub(super) fn extend(&mut self, label: Label, octets: usize) -> usize {
        let start = self.at;
        self.at += octets;
        match self.spans.last_mut().filter(|_| self.open) {
            Some(span) => {
                span.range.end = self.at;
                span.label = label;
            }
            None => {
                let begun = self.forgotten + self.messages.len();
                let message = match label {
                    Label::EmptyLine | Label::Surplus => begun,
                    _ => begun.saturating_sub(1),
                };
                self.spans.push(Span { range: start..self.at, label, message });
            }
        }
        self.open = true;
        octets
    }

    /// Makes the last octet of the open span a span of its own.
    pub(super) fn split_last_octet(&mut self) {
        if let Some(last) = self.spans.last_mut().filter(|last| last.range.len() > 1) {
            last.range.end -= 1;
            let octet = Span { range: last.range.end..self.at, ..*last };
            self.spans.push(octet);
        }
    }

    pub(super) fn relabel(&mut self, label: Label) {
        if let Some(span) = self.spans.last_mut() {
            span.label = label;
        }
    }

    pub(super) fn last_label(&self) -> Label {
        self.spans.last().map_or(Label::Surplus, |span| span.label)
    }

    pub(super) fn close_span(&mut self) {
        self.open = false;
    }
}
