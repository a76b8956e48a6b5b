//! A response's verdict in words for programs.

use harness::verdict::{Framing, HopVerdict, ResponseVerdict, Verdict};
use harness::wire::h1::By;
use serde::Serialize;

/// What `explain --json` tells of a response; the order of the fields is that of the keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// `complete`, `incomplete`, `malformed`, or `none` when there is not an octet of it.
    pub framing: &'static str,
    /// What completed it.
    pub by: Option<&'static str>,
    /// Why it is not complete.
    pub why: Option<String>,
    /// How many events were dispatched; none when it is no event stream.
    pub events: Option<usize>,
    /// Whether an event waits for its empty line.
    pub pending: bool,
}

impl Facts {
    /// Those of a response.
    pub fn of(response: &ResponseVerdict) -> Self {
        let (framing, by, why) = match response.framing {
            Framing::Complete(by) => ("complete", Some(word(by)), None),
            Framing::Incomplete(why) => ("incomplete", None, Some(why.to_string())),
            Framing::Malformed(how) => ("malformed", None, Some(how.to_string())),
            Framing::NoResponse => ("none", None, None),
        };
        let events = response.events.map(|events| events.dispatched);
        Self { framing, by, why, events, pending: response.events.is_some_and(|events| events.pending) }
    }
}

/// A switch of protocols completes a response as the absence of content does: with its header section.
fn word(by: By) -> &'static str {
    match by {
        By::LastChunk => "last-chunk",
        By::ContentLength => "content-length",
        By::Close => "close",
        By::NoContent | By::Upgrade => "no-content",
    }
}

/// The responses at the reader that are not interim ones (RFC 9110 15.2): one a request. 101 is no interim one, as
/// nothing of HTTP follows it; nor is one that was cut, as nothing else answers the request.
pub fn final_responses(verdict: &Verdict) -> impl Iterator<Item = &ResponseVerdict> {
    let responses = verdict.hops.last().into_iter().flat_map(|hop: &HopVerdict| &hop.responses);
    responses.filter(|response| !response.interim)
}

/// How the framing of the response that the case is about stands, as people read it.
pub fn framing_at_the_reader(verdict: &Verdict) -> String {
    let response = final_responses(verdict).next();
    response.map_or_else(|| Framing::NoResponse.to_string(), |response| response.framing.to_string())
}
