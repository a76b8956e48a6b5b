//! The start-line, the field lines, and what they decide.

use std::mem;
use std::ops::Range;

use memchr::memchr;

use super::{Direction, Labeller, Phase};
use crate::wire::h1::chunk_size::ChunkSizeLine;
use crate::wire::h1::framing::Facts;
use crate::wire::h1::persistence::persists;
use crate::wire::h1::{By, Deviation, Expected, Field, Framing, Label, Malformed, line};

impl Labeller {
    pub(super) fn start_line(&mut self, octets: &[u8]) -> usize {
        let (taken, ended) = self.hold_line(octets);
        let (label, lost, may_begin) = match self.direction {
            Direction::Responses { .. } => {
                (Label::StatusLine, Malformed::StatusLine, line::may_begin_status_line(&self.held))
            }
            Direction::Requests { .. } => {
                (Label::RequestLine, Malformed::RequestLine, line::may_begin_request_line(&self.held))
            }
        };
        self.extend(label, taken);
        if !may_begin {
            self.lose(lost);
        } else if ended {
            let held = mem::take(&mut self.held);
            let (text, bare_lf) = line::without_end(&held);
            if self.read_start_line(text) {
                self.deviate_in_line(text, bare_lf);
                self.close_span();
                self.phase = Phase::Fields;
            } else {
                self.lose(lost);
            }
            self.held = held;
            self.line_at = self.at;
        }
        taken
    }

    /// Whether it is a start-line; if so, its facts go to the message.
    fn read_start_line(&mut self, text: &[u8]) -> bool {
        let at = self.line_at;
        let responses = matches!(self.direction, Direction::Responses { .. });
        let message = self.message();
        let version = if responses {
            let Some(found) = line::status_line(text) else {
                return false;
            };
            message.status = Some(found.status);
            message.reason = Some(at + found.reason.start..at + found.reason.end);
            if !found.space_after_status {
                message.deviations.push((at + text.len(), Deviation::NoSpaceAfterStatus));
            }
            found.version
        } else {
            let Some(found) = line::request_line(text) else {
                return false;
            };
            message.method = Some(String::from_utf8_lossy(&text[found.method]).into_owned());
            message.target = Some(at + found.target.start..at + found.target.end);
            found.version
        };
        message.version = Some(version);
        message.persists = persists(version, None);
        if version.0 != 1 {
            message.deviations.push((at, Deviation::MajorVersion));
        }
        true
    }

    pub(super) fn field_line(&mut self, octets: &[u8]) -> usize {
        let in_header = matches!(self.phase, Phase::Fields);
        let (usual, last) =
            if in_header { (Label::FieldLine, Label::HeaderEnd) } else { (Label::TrailerField, Label::TrailerEnd) };
        let (taken, ended) = self.hold_line(octets);
        let held = mem::take(&mut self.held);
        let (text, bare_lf) = line::without_end(&held[self.line_at - self.held_at..]);
        let is_last = text.is_empty() || text == b"\r" && !ended;
        self.extend(if is_last { last } else { usual }, taken);
        if !ended {
            self.held = held;
            return taken;
        }
        self.deviate_in_line(text, bare_lf);
        if !is_last && !self.read_field_line(text, in_header) {
            self.relabel(Label::Unexpected(Expected::FieldLine));
            self.break_message(Malformed::FieldLine);
        }
        self.close_span();
        self.held = held;
        if is_last && in_header {
            self.header_end();
        } else if is_last {
            self.complete(By::LastChunk);
        }
        // The values of the header section are wanted at its end; those of the trailer section are not.
        if is_last || !in_header {
            self.held.clear();
            self.held_at = self.at;
        }
        self.line_at = self.at;
        taken
    }

    /// Whether it is a field line, or the continuation of one.
    fn read_field_line(&mut self, text: &[u8], in_header: bool) -> bool {
        let at = self.line_at;
        let before = self.spans.iter().rev().nth(1).map(|span| span.label);
        let message = self.message();
        let fields = if in_header { &mut message.fields } else { &mut message.trailers };
        if matches!(text[0], b' ' | b'\t') {
            if before == Some(Label::Unexpected(Expected::FieldLine)) {
                return false;
            }
            let Some(field) = fields.last_mut() else {
                message.deviations.push((at, Deviation::SpaceBeforeFields));
                return true;
            };
            let folded = line::trim(text, 0..text.len());
            if !folded.is_empty() {
                if field.value.is_empty() {
                    field.value.start = at + folded.start;
                }
                field.value.end = at + folded.end;
            }
            message.deviations.push((at, Deviation::ObsFold));
            return true;
        }
        let Some(found) = line::field_line(text) else {
            return false;
        };
        fields.push(Field {
            name: at + found.name.start..at + found.name.end,
            value: at + found.value.start..at + found.value.end,
        });
        if found.space_before_colon {
            message.deviations.push((at + found.name.end, Deviation::SpaceBeforeColon));
        }
        true
    }

    fn header_end(&mut self) {
        let held = mem::take(&mut self.held);
        let held_at = self.held_at;
        let responses = matches!(self.direction, Direction::Responses { .. });
        let message = self.message();
        let values = |name: &str| -> Vec<&[u8]> {
            let of = |range: &Range<usize>| &held[range.start - held_at..range.end - held_at];
            let fields = message.fields.iter().filter(|field| of(&field.name).eq_ignore_ascii_case(name.as_bytes()));
            fields.map(|field| of(&field.value)).collect()
        };
        let persists = persists(message.version.unwrap_or_default(), values("connection").first().copied());
        let facts = Facts {
            response: message.status.filter(|_| responses).map(|s| (s, message.method.as_deref().unwrap_or_default())),
            version: message.version.unwrap_or((1, 1)),
            transfer_encoding: values("transfer-encoding"),
            content_length: values("content-length"),
        };
        let mut deviations = Vec::new();
        let framing = facts.framing(&mut deviations);
        let at = message.range.start;
        message.deviations.extend(deviations.into_iter().map(|deviation| (at, deviation)));
        message.interim = responses && matches!(message.status, Some(100 | 102..=199));
        message.persists = persists && !matches!(framing, Ok(Framing::Close | Framing::Raw));
        match framing {
            Ok(framing) => {
                message.framing = framing;
                match framing {
                    Framing::Chunked => self.phase = Phase::ChunkSize(ChunkSizeLine::new()),
                    Framing::Length(0) => self.complete(By::ContentLength),
                    Framing::Length(of) => self.phase = Phase::Length { left: of, of },
                    Framing::Close | Framing::Unknown => self.phase = Phase::UntilClose,
                    Framing::NoContent => self.complete(By::NoContent),
                    Framing::Raw => self.complete(By::Upgrade),
                }
            }
            Err(malformed) => {
                self.break_message(malformed);
                self.phase = Phase::Lost(malformed.expected());
            }
        }
    }

    /// Keeps the octets of a line up to its LF; how many, and whether the LF is there.
    fn hold_line(&mut self, octets: &[u8]) -> (usize, bool) {
        let (taken, ended) = memchr(b'\n', octets).map_or((octets.len(), false), |lf| (lf + 1, true));
        self.held.extend_from_slice(&octets[..taken]);
        (taken, ended)
    }

    fn deviate_in_line(&mut self, text: &[u8], bare_lf: bool) {
        let at = self.line_at;
        let deviations = &mut self.message().deviations;
        deviations.extend(bare_lf.then_some((at + text.len(), Deviation::BareLf)));
        deviations.extend(memchr(b'\r', text).map(|cr| (at + cr, Deviation::BareCr)));
    }
}
