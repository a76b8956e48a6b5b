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
    let has_come = |(name, value): &(String, String)| {
        let is_it =
            |(its, got): &(Vec<u8>, Vec<u8>)| its.eq_ignore_ascii_case(name.as_bytes()) && got == value.as_bytes();
        http2.trailers().iter().any(is_it)
    };
    let trailers_lost = !meant.trailers.iter().all(has_come);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of stream 1, or of the connection (RFC 9113 4.1).
    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).expect("a short one");
        [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
    }

    fn outcome(trailers: &[u8]) -> Outcome {
        const END_STREAM: u8 = 1;
        const END_HEADERS: u8 = 4;
        // :status 200 is entry 8 of the static table (RFC 7541 A).
        let mut octets = [frame(4, 0, 0, b""), frame(1, END_HEADERS, 1, b"\x88"), frame(0, 0, 1, b"ok")].concat();
        octets.extend(match trailers {
            b"" => frame(0, END_STREAM, 1, b""),
            fields => frame(1, END_HEADERS | END_STREAM, 1, fields),
        });
        let mut http2 = Http2::default();
        http2.push(&octets);
        let trailers = vec![("Sum".to_owned(), "1".to_owned())];
        let meant = Meant { status: Some(200), content: Some(b"ok".to_vec()), trailers, ..Meant::default() };
        of_http2(&http2, h1::End::Open, &meant).outcome
    }

    #[test]
    fn a_trailer_is_lost_when_it_has_not_arrived() {
        // Literal fields without indexing (RFC 7541 6.2.2).
        assert_eq!(outcome(b"\x00\x03sum\x011"), Outcome::Intact);
        assert_eq!(outcome(b"\x00\x03sum\x012"), Outcome::CutSilent);
        assert_eq!(outcome(b""), Outcome::CutSilent);
    }
}
