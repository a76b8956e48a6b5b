//! What was observed of one response, in HTTP/1.x or HTTP/2. The rules judge this, and nothing else.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use harness::verdict::Outcome;
use harness::wire::h1::{self, Label};

use super::content::{Content, Intake};
use super::dial;
use super::ending::{By, Ending, Framing, How};
use super::recording::{Read, Recorded};

/// So many octets that are out of place are kept.
const STRAY: usize = 48;
/// So many deviations are kept: an endless response may have one in each line.
const MOST_DEVIATIONS: usize = 1000;

/// What was observed of one response. All instants count from the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// What was asked for.
    pub url: String,
    /// How.
    pub method: String,
    /// How the connection was made.
    pub dialled: dial::Facts,
    /// The statuses of the interim responses.
    pub interim: Vec<u16>,
    /// The header section of the final response, if it came.
    pub head: Option<Head>,
    /// When the first octet of anything came.
    pub first_octet: Option<Duration>,
    /// What delimits the content.
    pub delimited: Delimited,
    /// The sizes of the chunks, or DATA frames, in octets.
    pub pieces: Vec<usize>,
    /// The content.
    pub content: Content,
    /// What the framing came to.
    pub framing: Framing,
    /// How it ended.
    pub ending: Ending,
    /// Octets after the response.
    pub surplus: usize,
    /// The first octets after the response, or in place of what had to come.
    pub stray: Vec<u8>,
    /// What was against the grammar, yet has a meaning.
    pub deviations: Vec<String>,
}

/// What delimits content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delimited {
    /// The chunked coding.
    Chunks,
    /// Content-Length.
    Length(u64),
    /// The end of the connection.
    Close,
    /// The frames of HTTP/2.
    Frames,
    /// There is none, or nobody knows.
    None,
}

/// A header section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// When it was whole.
    pub at: Duration,
    /// The version, as people write it.
    pub version: String,
    /// The status.
    pub status: u16,
    /// The field lines, in order.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Head {
    /// The value of the first field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.values(name).next()
    }

    /// The values of all fields of this name.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let is_it = move |field: &&(Vec<u8>, Vec<u8>)| field.0.eq_ignore_ascii_case(name.as_bytes());
        self.fields.iter().filter(is_it).map(|(_, value)| value.as_slice())
    }

    /// The elements of a list (RFC 9110 5.6.1), in lower case and without their arguments in quotes.
    pub fn list(&self, name: &str) -> Vec<String> {
        let elements = self.values(name).flat_map(|value| value.split(|octet| *octet == b','));
        let text = elements.map(|element| String::from_utf8_lossy(element).trim().to_ascii_lowercase());
        text.filter(|element| !element.is_empty()).collect()
    }
}

/// What a probe knows beforehand.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The URL.
    pub url: String,
    /// The method.
    pub method: String,
    /// How the connection was made.
    pub dialled: dial::Facts,
    /// The application's own end mark.
    pub expect_end: Option<String>,
}

impl Observation {
    /// Of a response in HTTP/1.x.
    #[must_use]
    pub fn of_http1(asked: Asked, recorded: &Recorded) -> Self {
        let Recorded { octets, reads, stream, ending, .. } = recorded;
        let messages = &stream.messages;
        let found = messages.iter().position(|message| !message.interim && message.status.is_some());
        // Without one, whatever came is judged.
        let message = found.or(messages.len().checked_sub(1)).map(|at| &messages[at]);
        let interim = messages[..found.unwrap_or(messages.len())].iter().filter(|message| message.interim);
        let head = found.and_then(|at| head(recorded, at));
        let field = |name: &str| head.as_ref().and_then(|head| head.field(name));
        let coding = content_coding(head.as_ref());
        let mut intake = Intake::new(field("content-type"), coding.as_deref(), asked.expect_end.as_deref());
        let ranges = message.map_or(&[][..], |message| &message.content);
        for (at, octets) in arrived(octets, reads, ranges) {
            intake.push(at, &octets);
        }
        let framing = match message.map_or(Framing::Nothing, |message| Framing::of(message.state)) {
            Framing::Complete(By::Http1(h1::By::Close)) if ending.how == How::NoCloseNotify => {
                Framing::Incomplete("close-delimited, ended without TLS's close_notify".to_owned())
            }
            framing => framing,
        };
        let delimited = match message.map(|message| message.framing) {
            Some(h1::Framing::Chunked) => Delimited::Chunks,
            Some(h1::Framing::Length(octets)) => Delimited::Length(octets),
            Some(h1::Framing::Close) => Delimited::Close,
            _ => Delimited::None,
        };
        let pieces = if delimited == Delimited::Chunks {
            ranges.iter().map(ExactSizeIterator::len).collect()
        } else {
            Vec::new()
        };
        let surplus = stream.spans.iter().filter(|span| span.label == Label::Surplus);
        let mut stray = stream.spans.iter().filter(|span| matches!(span.label, Label::Surplus | Label::Unexpected(_)));
        let stray = stray.next().map_or(&[][..], |span| &octets[span.range.clone()]);
        let deviations = message.map_or(&[][..], |message| &message.deviations);
        Self {
            url: asked.url,
            method: asked.method,
            dialled: asked.dialled,
            first_octet: reads.first().map(|read| read.at),
            interim: interim.filter_map(|message| message.status).collect(),
            head,
            delimited,
            pieces,
            content: intake.finish(),
            framing,
            ending: ending.clone(),
            surplus: surplus.map(|span| span.range.len()).sum(),
            stray: stray[..stray.len().min(STRAY)].to_vec(),
            deviations: deviations.iter().take(MOST_DEVIATIONS).map(|(_, deviation)| deviation.to_string()).collect(),
        }
    }

    /// With whom.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.dialled.address
    }

    /// What it comes to; none while it is not over. A stream whose framing is complete and that lacks its end mark, or the
    /// empty line of its last event, is cut silently.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        let pending = self.content.events.as_ref().is_some_and(|events| events.pending);
        match &self.framing {
            Framing::Complete(_) if pending || self.content.has_mark == Some(false) => Some(Outcome::CutSilent),
            Framing::Complete(_) => Some(Outcome::Intact),
            Framing::Malformed(_) => Some(Outcome::CutVisible),
            Framing::Incomplete(_) | Framing::Nothing => self.ending.how.is_the_peers().then_some(Outcome::CutVisible),
        }
    }
}

/// The content codings as one name.
pub(super) fn content_coding(head: Option<&Head>) -> Option<Vec<u8>> {
    let codings = head?.list("content-encoding");
    (!codings.is_empty()).then(|| codings.join(", ").into_bytes())
}

fn head(recorded: &Recorded, at: usize) -> Option<Head> {
    let Recorded { octets, reads, stream, .. } = recorded;
    let message = &stream.messages[at];
    let end = stream.spans.iter().find(|span| span.message == at && span.label == Label::HeaderEnd)?.range.end;
    let whole = reads.iter().find(|read| read.upto >= end)?.at;
    let (major, minor) = message.version?;
    let field = |field: &h1::Field| (octets[field.name.clone()].to_vec(), octets[field.value.clone()].to_vec());
    Some(Head {
        at: whole,
        version: format!("HTTP/{major}.{minor}"),
        status: message.status?,
        fields: message.fields.iter().map(field).collect(),
    })
}

/// The octets of these ranges, read by read; both ascend. What one read brought is one arrival, however many chunks it
/// was.
fn arrived(octets: &[u8], reads: &[Read], ranges: &[Range<usize>]) -> Vec<(Duration, Vec<u8>)> {
    let mut ranges = ranges.iter().cloned();
    let mut range = ranges.next();
    let mut arrived = Vec::new();
    for read in reads {
        let mut brought = Vec::new();
        while let Some(under_way) = range.as_mut().filter(|range| range.start < read.upto) {
            let end = under_way.end.min(read.upto);
            brought.extend_from_slice(&octets[under_way.start..end]);
            under_way.start = end;
            if under_way.start == under_way.end {
                range = ranges.next();
            }
        }
        arrived.push((read.at, brought));
    }
    arrived
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_read_brought_is_one_arrival() {
        let read = |upto, ms| Read { upto, at: Duration::from_millis(ms) };
        let octets = b"0123456789";
        let arrived = arrived(octets, &[read(2, 1), read(5, 2), read(9, 3), read(10, 4)], &[1..3, 4..6, 8..10]);
        let arrived: Vec<_> = arrived.iter().map(|(at, octets)| (at.as_millis(), octets.as_slice())).collect();
        assert_eq!(arrived, [(1, &b"1"[..]), (2, b"24"), (3, b"58"), (4, b"9")]);
    }
}
