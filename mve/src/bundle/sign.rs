//! What a transcript shows, without its sizes: by this a smaller one is known to show the same.

use std::collections::BTreeSet;
use std::fmt;

use harness::transcript::{Lane, Transcript, What};
use harness::verdict::{Addition, Framing, Loss, Outcome, Verdict};
use harness::wire::h1::{Position, Why};

/// Outcome, what each hop carried towards the reader and how that ended, and the kinds of what was lost and added; no counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    outcome: Outcome,
    hops: Vec<Hop>,
    lost: BTreeSet<&'static str>,
    added: BTreeSet<&'static str>,
}

/// The first final response of a hop.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hop {
    name: String,
    status: Option<u16>,
    framing: String,
    end: Option<&'static str>,
}

impl Sign {
    /// What this one shows.
    #[must_use]
    pub fn of(transcript: &Transcript) -> Self {
        let verdict = Verdict::of(transcript);
        let last = verdict.hops.len().saturating_sub(1);
        // The verdict's hops begin at the origin.
        let hops = verdict.hops.iter().enumerate().map(|(at, hop)| {
            let answer = hop.responses.iter().find(|response| !response.interim);
            let end = transcript.lane(Lane::response(last - at)).find_map(|what| match what {
                What::Fin => Some("FIN"),
                What::Rst => Some("RST"),
                _ => None,
            });
            Hop {
                name: hop.name.clone(),
                status: answer.and_then(|answer| answer.status),
                framing: answer.map_or_else(String::new, |answer| framing(&answer.framing)),
                end,
            }
        });
        Self {
            outcome: verdict.outcome,
            hops: hops.collect(),
            lost: verdict.lost.iter().map(lost).collect(),
            added: verdict.added.iter().map(added).collect(),
        }
    }

    /// The outcome.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }
}

/// As it is printed, but for the counts.
fn framing(framing: &Framing) -> String {
    let Framing::Incomplete(Why { at, end }) = framing else { return framing.to_string() };
    let at = match at {
        Position::BetweenChunks { .. } => Position::BetweenChunks { chunks: 0 },
        Position::InsideChunkData { .. } => Position::InsideChunkData { seen: 0, of: 0 },
        Position::InContent { .. } => return "incomplete: in content".to_owned(),
        other => *other,
    };
    match at {
        Position::BetweenChunks { .. } => "incomplete: no last-chunk".to_owned(),
        at => Framing::Incomplete(Why { at, end: *end }).to_string(),
    }
}

fn lost(loss: &Loss) -> &'static str {
    match loss {
        Loss::Response => "the response",
        Loss::Status { .. } => "the status",
        Loss::Field { .. } => "a field",
        Loss::Trailer { .. } => "a trailer",
        Loss::Content { .. } => "content",
        Loss::PendingEvent => "a pending event",
        Loss::Terminal { .. } => "the event that ends the stream",
        Loss::End(_) => "the end of the message",
    }
}

fn added(addition: &Addition) -> &'static str {
    match addition {
        Addition::Content { .. } => "content",
        Addition::Unframed { .. } => "octets outside the framing",
    }
}

impl fmt::Display for Sign {
    /// In one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.outcome)?;
        for Hop { name, status, framing, end } in &self.hops {
            write!(f, "; {name} ")?;
            if let Some(status) = status {
                write!(f, "{status}, ")?;
            }
            write!(f, "{framing}, {}", end.unwrap_or("open"))?;
        }
        for (word, kinds) in [("lost", &self.lost), ("added", &self.added)] {
            if !kinds.is_empty() {
                write!(f, "; {word}: {}", kinds.iter().copied().collect::<Vec<_>>().join(", "))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use harness::render::parse;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::cut_itself(
        "HTTP/1.1 103 Early Hints\\r\\nLink: </a>",
        "o>c 103, incomplete: cut in the header section, FIN"
    )]
    #[case::before_a_final_one(
        "HTTP/1.1 103 Early Hints\\r\\n\\r\\nHTTP/1.1 204 No Content\\r\\n\\r\\n",
        "o>c 204, complete (no content), FIN"
    )]
    fn an_interim_response_is_shown_where_nothing_else_answers(#[case] octets: &str, #[case] shows: &str) {
        let text = format!("chain: c a, o d\n\n1. x\nc>o  GET / HTTP/1.1\\r\\n\\r\\n\no>c  {octets}\no>c  -- FIN\n");
        let sign = Sign::of(&parse(&text).expect("a transcript")).to_string();
        assert!(sign.contains(shows), "{sign}");
    }
}
