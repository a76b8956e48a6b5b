//! What a cell comes to. HTTP/1 is judged by the harness; HTTP/2 by the same rules, on frames.

use harness::reader::http2::{Http2, StreamEnd};
use harness::transcript::{Meant, Transcript};
use harness::verdict::{Addition, Loss, Outcome, Verdict};
use harness::wire::h1;

/// What a cell comes to at the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judgement {
    /// The framing's account: `complete (last-chunk)`, `incomplete: RST_STREAM(INTERNAL_ERROR)`, `no response`.
    pub(super) framing: String,
    /// The status that the reader got.
    pub(super) status: Option<u16>,
    /// Octets of content that were meant and did not arrive.
    pub(super) lost: usize,
    /// Octets that no origin wrote: content, or outside the framing. Those of an error response are the gateway's own
    /// answer and not counted.
    pub(super) added: usize,
    /// What it comes to.
    pub(super) outcome: Outcome,
}

/// By the harness's rules.
pub(super) fn of_http1(transcript: &Transcript) -> Judgement {
    let verdict = Verdict::of(transcript);
    let response = verdict.hops.last().and_then(|hop| hop.responses.last());
    let lost = verdict.lost.iter().map(|loss| match loss {
        Loss::Content { lost, .. } => *lost,
        Loss::Response => transcript.meant.content.as_ref().map_or(0, Vec::len),
        _ => 0,
    });
    let added = verdict.added.iter().map(|addition| match addition {
        Addition::Content { octets, .. } | Addition::Unframed { octets, .. } => *octets,
    });
    Judgement {
        framing: response.map_or_else(|| "no response".to_owned(), |response| response.framing.to_string()),
        status: response.and_then(|response| response.status),
        lost: lost.sum(),
        added: added.sum(),
        outcome: verdict.outcome,
    }
}

/// By the same rules on frames: END_STREAM is what says complete (RFC 9113 8.1), unless Content-Length contradicts it
/// (8.1.1: malformed).
pub(super) fn of_http2(http2: &Http2, end: h1::End, meant: &Meant) -> Judgement {
    let got = http2.content();
    let status = http2.status();
    let wanted = meant.content.clone().unwrap_or_default();
    let announced: Option<usize> =
        http2.field(b"content-length").and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
    let framing = match (http2.end(), announced) {
        _ if http2.is_broken() => "malformed: no HTTP/2".to_owned(),
        (StreamEnd::EndStream, Some(of)) if of != got.len() => {
            format!("malformed: {} of {of} octets at END_STREAM", got.len())
        }
        (StreamEnd::EndStream, _) => "complete (END_STREAM)".to_owned(),
        (end @ StreamEnd::Reset(_), _) if status.is_none() => format!("no response: {end}"),
        (end @ StreamEnd::Reset(_), _) => format!("incomplete: {end}"),
        (StreamEnd::Open, _) if status.is_none() => "no response".to_owned(),
        (StreamEnd::Open, _) if end == h1::End::Open => "incomplete: stream still open".to_owned(),
        (StreamEnd::Open, _) => "incomplete: no END_STREAM".to_owned(),
    };
    let complete = framing.starts_with("complete");
    let another = status.is_some_and(|status| status >= 400) && status != meant.status;
    let common = if another { 0 } else { wanted.iter().zip(&got).take_while(|(a, b)| a == b).count() };
    let added = if another { 0 } else { got.len() - common };
    let lost = wanted.len() - common;
    // A trailer that was meant: any field of the trailer section will do, the cells have one.
    let trailers_lost = !meant.trailers.is_empty();
    let outcome = if added > 0 {
        Outcome::Altered
    } else if http2.end() == StreamEnd::Open && end == h1::End::Open && !http2.is_broken() {
        Outcome::Hung
    } else if !complete || status != meant.status {
        Outcome::CutVisible
    } else if lost > 0 || trailers_lost {
        Outcome::CutSilent
    } else {
        Outcome::Intact
    };
    Judgement { framing, status, lost, added, outcome }
}
