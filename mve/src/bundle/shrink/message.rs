//! What an origin sends, as messages: where each octet of content is, and what has to change in the framing when one goes.

use std::ops::Range;

use harness::transcript::{Lane, Transcript};
use harness::wire::h1::{self, Framing, Label, Message, Span};

use super::super::script::halves;
use super::edit::Edit;

/// One connection's responses; ranges count over all connections of the lane.
#[derive(Debug)]
pub(super) struct Responses {
    octets: Vec<u8>,
    spans: Vec<Span>,
    messages: Vec<Message>,
    begin: usize,
}

/// What the origin of a transcript sends, connection by connection.
pub(super) fn responses(transcript: &Transcript) -> Vec<Responses> {
    let Some(hop) = transcript.hops().checked_sub(1) else { return Vec::new() };
    let asked = halves(transcript, Lane::request(hop));
    let mut begin = 0;
    let parts = halves(transcript, Lane::response(hop)).into_iter().enumerate().map(|(at, (octets, end))| {
        let requests = asked.get(at).map(|(octets, _)| h1::label_requests(octets, h1::End::Open));
        let methods: Vec<&str> = requests
            .iter()
            .flat_map(|requests| &requests.messages)
            .map(|m| m.method.as_deref().unwrap_or("GET"))
            .collect();
        let methods = if methods.is_empty() { vec!["GET"] } else { methods };
        let h1::Stream { spans, messages, .. } = h1::label_responses(&octets, &methods, end);
        let part = Responses { octets, spans, messages, begin };
        begin += part.octets.len();
        part
    });
    parts.collect()
}

impl Responses {
    fn placed(&self, range: &Range<usize>) -> Range<usize> {
        range.start + self.begin..range.end + self.begin
    }

    /// The lines that may go: those of fields.
    pub(super) fn field_lines(&self) -> impl Iterator<Item = (Range<usize>, String)> {
        let is_line = |span: &&Span| {
            use h1::Expected;
            matches!(span.label, Label::FieldLine | Label::TrailerField | Label::Unexpected(Expected::FieldLine))
        };
        self.spans.iter().filter(is_line).map(|span| {
            let line = &self.octets[span.range.clone()];
            let name = line.split(|octet| *octet == b':').next().unwrap_or_default();
            (self.placed(&span.range), String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase())
        })
    }

    /// The octets that no framing accounts for, one by one.
    pub(super) fn loose(&self) -> impl Iterator<Item = usize> {
        let is_loose = |span: &&Span| match span.label {
            Label::Raw | Label::Surplus => true,
            Label::Unexpected(expected) => expected != h1::Expected::FieldLine,
            _ => false,
        };
        self.spans.iter().filter(is_loose).flat_map(|span| self.placed(&span.range))
    }

    /// The octets of content, one by one.
    pub(super) fn content(&self) -> impl Iterator<Item = usize> {
        self.messages.iter().flat_map(|message| &message.content).flat_map(|range| self.placed(range))
    }

    /// The content that a verdict judges: that of the first final message.
    pub(super) fn judged(&self) -> Option<Vec<usize>> {
        let answer = self.messages.iter().find(|message| !message.interim && !message.range.is_empty())?;
        Some(answer.content.iter().flat_map(|range| self.placed(range)).collect())
    }

    /// The edits that take these octets of content out, and tell the framing; `gone` ascends and has nothing but content.
    pub(super) fn without(&self, gone: &[usize]) -> Vec<Edit> {
        let is_gone = |range: &Range<usize>| -> Vec<usize> {
            let from = gone.partition_point(|at| *at < range.start + self.begin);
            let upto = gone.partition_point(|at| *at < range.end + self.begin);
            gone[from..upto].iter().map(|at| at - self.begin).collect()
        };
        let mut edits = Vec::new();
        let mut put = |range: Range<usize>, by: Vec<u8>| edits.push(Edit { range: self.placed(&range), by });
        for (number, message) in self.messages.iter().enumerate() {
            let mut in_all = 0;
            for content in &message.content {
                let gone = is_gone(content);
                in_all += gone.len();
                let chunk = self.chunk(content).filter(|_| message.framing == Framing::Chunked && !gone.is_empty());
                match chunk {
                    Some(Chunk { whole: Some(whole), .. }) if gone.len() == content.len() => put(whole, Vec::new()),
                    chunk => {
                        if let Some(Chunk { line, size, .. }) = chunk {
                            let digits = self.octets[line.clone()].iter().take_while(|o| o.is_ascii_hexdigit()).count();
                            let left = size.saturating_sub(gone.len() as u64);
                            put(line.start..line.start + digits, format!("{left:x}").into_bytes());
                        }
                        gone.into_iter().for_each(|at| put(at..at + 1, Vec::new()));
                    }
                }
            }
            if let (Framing::Length(length), 1..) = (message.framing, in_all) {
                let left = length.saturating_sub(in_all as u64).to_string();
                self.lengths(number).for_each(|value| put(value, left.clone().into_bytes()));
            }
        }
        edits
    }

    /// The edits that make announced lengths, of which not everything was sent, as small as they can be.
    pub(super) fn without_the_unsent(&self) -> Vec<Vec<Edit>> {
        let mut all = Vec::new();
        for (number, message) in self.messages.iter().enumerate() {
            let seen: usize = message.content.iter().map(Range::len).sum();
            if let Framing::Length(length) = message.framing
                && length > seen as u64 + 1
            {
                let by = (seen + 1).to_string().into_bytes();
                all.push(self.lengths(number).map(|at| Edit { range: self.placed(&at), by: by.clone() }).collect());
            }
        }
        for span in &self.spans {
            let Label::ChunkSize { index, size: Some(size) } = span.label else { continue };
            let is_its_data = |its: &&Span| its.message == span.message && its.label == Label::ChunkData { index };
            let seen = self.spans.iter().find(is_its_data).map_or(0, |data| data.range.len() as u64);
            if size > seen + 1 {
                let digits = self.octets[span.range.clone()].iter().take_while(|o| o.is_ascii_hexdigit()).count();
                let range = self.placed(&(span.range.start..span.range.start + digits));
                all.push(vec![Edit { range, by: format!("{:x}", seen + 1).into_bytes() }]);
            }
        }
        all
    }

    /// Where a message's Content-Length values are.
    fn lengths(&self, message: usize) -> impl Iterator<Item = Range<usize>> {
        let is_length = |field: &&h1::Field| self.octets[field.name.clone()].eq_ignore_ascii_case(b"content-length");
        self.messages[message].fields.iter().filter(is_length).map(|field| field.value.clone())
    }

    /// The chunk whose data this is.
    fn chunk(&self, data: &Range<usize>) -> Option<Chunk> {
        let at = self.spans.iter().position(|span| span.range == *data)?;
        let before = self.spans[..at].iter().rfind(|span| matches!(span.label, Label::ChunkSize { .. }))?;
        let Label::ChunkSize { size: Some(size), .. } = before.label else { return None };
        let end = self.spans.get(at + 1).filter(|span| span.label == Label::ChunkDataEnd);
        let whole = end.filter(|_| size == data.len() as u64).map(|end| before.range.start..end.range.end);
        Some(Chunk { line: before.range.clone(), size, whole })
    }
}

struct Chunk {
    /// The line with its size.
    line: Range<usize>,
    size: u64,
    /// From its size to the CRLF behind its data, if all of it was sent.
    whole: Option<Range<usize>>,
}
