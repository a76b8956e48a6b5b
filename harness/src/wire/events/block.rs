//! The fields since the last empty line.

use std::ops::Range;

/// What an empty line would dispatch. Its texts are kept for their room.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    /// The lines so far; none if no line has ended.
    pub(super) range: Option<Range<usize>>,
    pub(super) sets_id: bool,
    has_event: bool,
    has_data: bool,
    event: String,
    data: String,
}

impl Block {
    pub(super) fn event(&self) -> Option<&str> {
        self.has_event.then_some(&self.event)
    }

    pub(super) fn data(&self) -> Option<&str> {
        self.has_data.then_some(&self.data)
    }

    pub(super) fn set_event(&mut self, value: &str) {
        self.has_event = true;
        self.event.clear();
        self.event.push_str(value);
    }

    pub(super) fn add_data(&mut self, value: &str) {
        if self.has_data {
            self.data.push('\n');
        }
        self.has_data = true;
        self.data.push_str(value);
    }

    pub(super) fn clear(&mut self) {
        self.range = None;
        self.sets_id = false;
        self.has_event = false;
        self.has_data = false;
        self.event.clear();
        self.data.clear();
    }
}
