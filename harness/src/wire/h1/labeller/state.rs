//! How the message under way goes on: complete, cut here, or lost.

use super::{Direction, Labeller, Phase};
use crate::wire::h1::{By, End, Expected, Label, Malformed, Position, State, Why};

impl Labeller {
    pub(super) fn complete(&mut self, by: By) {
        let at = self.at;
        let message = self.message();
        message.range.end = at;
        if !matches!(message.state, State::Malformed(_)) {
            message.state = State::Complete(by);
        }
        let interim = message.interim;
        self.close_span();
        if !interim {
            self.ends.push(at);
        }
        let completed = self.completed();
        let switched = match &mut self.direction {
            Direction::Requests { last } => last.is_some_and(|n| n + 1 == completed),
            Direction::Responses { current, later } => {
                if !interim {
                    *current = later.pop_front();
                }
                by == By::Upgrade
            }
        };
        self.phase = if switched { Phase::Raw } else { Phase::Idle { cr: false } };
    }

    /// Framing is lost from the span that is open.
    pub(super) fn lose(&mut self, malformed: Malformed) {
        self.break_message(malformed);
        let expected = malformed.expected();
        self.relabel(Label::Unexpected(expected));
        self.phase = Phase::Lost(expected);
    }

    pub(super) fn break_message(&mut self, malformed: Malformed) {
        let state = &mut self.message().state;
        // The first fault is the one that a reader meets.
        if !matches!(state, State::Malformed(_)) {
            *state = State::Malformed(malformed);
        }
    }

    /// Brings the message under way up to date.
    pub(super) fn describe(&mut self, end: End) {
        let at = match self.phase {
            Phase::Idle { .. } | Phase::Raw | Phase::Surplus => return,
            Phase::StartLine => match self.direction {
                Direction::Responses { .. } => Position::InsideStatusLine,
                Direction::Requests { .. } => Position::InsideRequestLine,
            },
            Phase::Fields => Position::InHeaderSection,
            Phase::ChunkSize(line) if line.has_begun() => Position::InsideChunkSize,
            Phase::ChunkSize(_) => Position::BetweenChunks { chunks: self.message().chunks },
            Phase::ChunkData { left, of } => Position::InsideChunkData { seen: of - left, of },
            Phase::ChunkDataEnd { .. } => Position::AfterChunkData,
            Phase::Trailers => Position::InTrailerSection,
            Phase::Length { left, of } => Position::InContent { seen: of - left, of },
            // The message is malformed already, and stays so.
            Phase::UntilClose | Phase::Lost(_) => Position::UntilClose,
        };
        let whole = matches!(self.phase, Phase::UntilClose) && end == End::Fin;
        let here = self.at;
        let message = self.message();
        message.range.end = here;
        if !matches!(message.state, State::Malformed(_)) {
            message.state = if whole { State::Complete(By::Close) } else { State::Incomplete(Why { at, end }) };
        }
    }
}

impl Malformed {
    /// What was due where the message broke.
    pub(super) fn expected(self) -> Expected {
        match self {
            Malformed::StatusLine => Expected::StatusLine,
            Malformed::RequestLine => Expected::RequestLine,
            Malformed::FieldLine => Expected::FieldLine,
            Malformed::ChunkSize | Malformed::ChunkSizeOverflow => Expected::ChunkSize,
            Malformed::ChunkDataEnd => Expected::ChunkDataEnd,
            Malformed::ContentLength => Expected::ContentLength,
            Malformed::TransferEncoding => Expected::Chunked,
        }
    }
}
