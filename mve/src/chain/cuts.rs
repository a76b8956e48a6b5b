//! Which cuts arrive as cuts, and which as complete ends: the rows of the truth table that tell gateways apart.

use harness::transcript::Meant;

use super::fingerprint::Cut;
use super::probe::{Failed, Probe};
use super::script::{Act, Framing, event};

/// The size of an event here.
const EVENT: usize = 16;
const CHUNKED: Act = Act::Head(Framing::Chunked);
const LENGTH: Act = Act::Head(Framing::Length(3 * EVENT));
const CLOSE: Act = Act::Head(Framing::Close);

/// Framing, place, what is sent before the cut, and how many octets of content that is.
const PLACES: [(&str, &str, &[Act], usize); 9] = [
    ("chunked", "before-status-line", &[], 0),
    ("chunked", "after-header-section", &[CHUNKED], 0),
    ("chunked", "between-chunks", &[CHUNKED, Act::Event(EVENT)], EVENT),
    ("chunked", "in-chunk-data", &[CHUNKED, Act::Event(EVENT), Act::HalfAChunk(EVENT)], EVENT + EVENT / 2),
    ("length", "after-header-section", &[LENGTH], 0),
    ("length", "between-events", &[LENGTH, Act::Event(EVENT)], EVENT),
    ("length", "in-content", &[LENGTH, Act::Event(EVENT), Act::HalfAChunk(EVENT)], EVENT + EVENT / 2),
    ("close", "between-events", &[CLOSE, Act::Event(EVENT)], EVENT),
    ("close", "in-content", &[CLOSE, Act::Event(EVENT), Act::HalfAChunk(EVENT)], EVENT + EVENT / 2),
];

/// The whole responses, for which nothing may be wrong.
const WHOLE: [(&str, Act, Act); 3] =
    [("chunked", CHUNKED, Act::End), ("length", LENGTH, Act::End), ("close", CLOSE, Act::Fin)];

/// Every cut, each with FIN and with RST, and the whole responses first.
pub(super) async fn all(probe: &mut Probe) -> Result<Vec<Cut>, Failed> {
    let mut all = Vec::new();
    for (framing, head, end) in WHOLE {
        let events = Act::Event(EVENT);
        let acts = [head, events, events, Act::Wait, events, end];
        all.push(one(probe, (framing, "none", "-"), &acts, 2 * EVENT).await?);
    }
    for (framing, cut, before, octets) in PLACES {
        for (end, act) in [("fin", Act::Fin), ("rst", Act::Rst)] {
            let acts = [before, &[Act::Wait, act]].concat();
            all.push(one(probe, (framing, cut, end), &acts, octets).await?);
        }
    }
    Ok(all)
}

async fn one(
    probe: &mut Probe,
    (framing, cut, end): (&'static str, &'static str, &'static str),
    acts: &[Act],
    octets: usize,
) -> Result<Cut, Failed> {
    let content: String = (1..=3).map(|number| event(EVENT, number)).collect();
    let meant = Meant { status: Some(200), content: Some(content.into_bytes()), ..Meant::default() };
    let (number, mut reader) = probe.play(acts, false, meant).await?;
    probe.until(number, "the origin to write", |asked| asked.octets >= octets).await?;
    // The cut comes when all that was sent has been dealt with: what a gateway does with octets and a reset at the same
    // time is decided by the kernel.
    probe.settle(&mut reader).await?;
    reader.step("the origin goes on");
    probe.cue(number, 1).await?;
    probe.rest(&mut reader).await?;
    let verdict = reader.verdict();
    let response =
        verdict.hops.last().and_then(|hop| hop.responses.iter().rfind(|response| response.status != Some(100)));
    let at_the_reader = response.map_or_else(
        || "no response".to_owned(),
        |response| match response.status {
            Some(200) | None => response.framing.to_string(),
            Some(status) => format!("{status}, {}", response.framing),
        },
    );
    Ok(Cut { framing, cut, end, at_the_reader, outcome: verdict.outcome.name() })
}
