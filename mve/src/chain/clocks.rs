//! What cuts a stream that is idle, or old: the one thing of a chain that only time can show.

use std::time::Duration;

use harness::transcript::Meant;

use super::fingerprint::Clock;
use super::probe::{Failed, Probe};
use super::reader::Reader;
use super::script::{Act, Framing};
use crate::probe::clock;

const EVENT: usize = 16;
/// How many signs of life there are in the time after which a silent stream was cut.
const SIGNS: u32 = 4;
/// How often the time between a silence that is borne and one that is not is halved.
const HALVINGS: usize = 4;

/// A stream that was tried.
struct Tried {
    /// After how long it was over; none if it was not before its last event had come.
    over: Option<Duration>,
    reader: Reader,
}

/// A silence first; and if that is cut, signs of life in its place.
///
/// nginx moves a timer only if it moves by 300 ms or more: under a time-out that is shorter nothing keeps a stream alive, and
/// it is told as absolute, which it is.
pub(super) async fn clock(probe: &mut Probe, budget: Duration) -> Result<Clock, Failed> {
    let mut told =
        Clock { kind: "none", budget_ms: ms(budget), more_than_ms: Some(ms(budget)), ..Clock::not_measured() };
    let silent = tried(probe, &[Act::Pause(budget)]).await?;
    let Some(over) = silent.over else { return Ok(told) };
    let verdict = silent.reader.verdict();
    let response = verdict.hops.last().and_then(|hop| hop.responses.last());
    told.at_the_reader = response.map(|response| response.framing.to_string());
    told.outcome = Some(verdict.outcome.name());

    // Twice as long as the silence was borne, with a sign of life every quarter of it.
    let signs = |sign: Act| [Act::Pause(over / SIGNS), sign].repeat(2 * SIGNS as usize);
    let comments = tried(probe, &signs(Act::Comment)).await?;
    let events = tried(probe, &signs(Act::Event(EVENT))).await?;
    told.comments_reset_it = Some(comments.over.is_none());
    told.events_reset_it = Some(events.over.is_none());
    let absolute = [&comments, &events].into_iter().all(|tried| tried.over.is_some());
    told.kind = if absolute { "absolute" } else { "idle" };

    // By halving: a silence that is borne, and one that is not.
    let (mut borne, mut cut) = (Duration::ZERO, over);
    for _ in 0..HALVINGS {
        let middle = (borne + cut) / 2;
        match tried(probe, &[Act::Pause(middle)]).await?.over {
            None => borne = middle,
            // As it was measured: a machine that is late makes a silence longer than it was meant.
            Some(over) => cut = cut.min(over),
        }
    }
    (told.more_than_ms, told.at_most_ms) = (Some(ms(borne)), Some(ms(cut)));
    Ok(told)
}

/// Plays an event, what is tried, and another event, and waits for the end of it all.
async fn tried(probe: &mut Probe, acts: &[Act]) -> Result<Tried, Failed> {
    let mut all = vec![Act::Head(Framing::Chunked), Act::Event(EVENT)];
    all.extend_from_slice(acts);
    all.extend([Act::Event(EVENT), Act::End]);
    let content = [super::script::event(EVENT, 1), super::script::event(EVENT, 2)].concat().into_bytes();
    let meant = Meant { content: Some(content), ..Meant::default() };
    // The chain's clock begins later, so what is measured is never less than what it says.
    let began = clock::Clock::start();
    let (_, mut reader) = probe.play(&all, false, meant).await?;
    // The origin ends the response by itself; whatever cuts it ends it before.
    while !reader.is_over() {
        reader.read().await;
    }
    let time = began.now();
    reader.step("the response is over");
    let events = all.iter().filter(|act| matches!(act, Act::Event(_))).count();
    let is_whole = reader.usable_events() == events;
    Ok(Tried { over: (!is_whole).then_some(time), reader })
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Clock {
    /// Where no budget was given.
    pub(super) fn not_measured() -> Self {
        Self {
            kind: "not measured",
            budget_ms: 0,
            more_than_ms: None,
            at_most_ms: None,
            comments_reset_it: None,
            events_reset_it: None,
            at_the_reader: None,
            outcome: None,
        }
    }
}
