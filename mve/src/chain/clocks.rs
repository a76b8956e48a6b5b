//! What cuts a stream that is idle, or old: the one thing of a chain that only time can show.

use std::time::Duration;

use harness::transcript::Meant;

use super::fingerprint::Clock;
use super::notes::Asked;
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
    came: Came,
    reader: Reader,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    /// Its last event came.
    Whole,
    /// It was over before, after so long.
    Cut(Duration),
    /// The origin had ended it, and at the reader neither the last event nor an end had come.
    Hung,
}

impl Came {
    /// Whether it was kept alive; none where nobody can tell.
    fn lived(self) -> Option<bool> {
        match self {
            Self::Whole => Some(true),
            Self::Cut(_) => Some(false),
            Self::Hung => None,
        }
    }
}

/// A silence first; and if that is cut, signs of life in its place.
///
/// nginx moves a timer only if it moves by 300 ms or more: under a time-out that is shorter nothing keeps a stream alive, and
/// it is told as absolute, which it is.
pub(super) async fn clock(probe: &mut Probe, budget: Duration) -> Result<Clock, Failed> {
    let mut told =
        Clock { kind: "none", budget_ms: ms(budget), more_than_ms: Some(ms(budget)), ..Clock::not_measured() };
    let silent = tried(probe, &[Act::Pause(budget)]).await?;
    let over = match silent.came {
        Came::Whole => return Ok(told),
        Came::Cut(over) => over,
        Came::Hung => {
            let outcome = Some(silent.reader.verdict().outcome.name());
            return Ok(Clock { kind: "hung", more_than_ms: None, outcome, ..told });
        }
    };
    let verdict = silent.reader.verdict();
    let response = verdict.hops.last().and_then(|hop| hop.responses.last());
    told.at_the_reader = response.map(|response| response.framing.to_string());
    told.outcome = Some(verdict.outcome.name());

    // Twice as long as the silence was borne, with a sign of life every quarter of it.
    let signs = |sign: Act| [Act::Pause(over / SIGNS), sign].repeat(2 * SIGNS as usize);
    let comments = tried(probe, &signs(Act::Comment)).await?;
    let events = tried(probe, &signs(Act::Event(EVENT))).await?;
    told.comments_reset_it = comments.came.lived();
    told.events_reset_it = events.came.lived();
    told.kind = kind([comments.came.lived(), events.came.lived()]);

    // By halving: a silence that is borne, and one that is not.
    let (mut borne, mut cut) = (Duration::ZERO, over);
    for _ in 0..HALVINGS {
        let middle = (borne + cut) / 2;
        match tried(probe, &[Act::Pause(middle)]).await?.came {
            Came::Whole => borne = middle,
            // As it was measured: a machine that is late makes a silence longer than it was meant.
            Came::Cut(over) => cut = cut.min(over),
            // Then no shorter one tells either.
            Came::Hung => break,
        }
    }
    (told.more_than_ms, told.at_most_ms) = (Some(ms(borne)), Some(ms(cut)));
    Ok(told)
}

/// What a clock is that cuts a silent stream, by whether each sign of life kept one alive.
fn kind(lived: [Option<bool>; 2]) -> &'static str {
    match lived {
        lived if lived.contains(&Some(true)) => "idle",
        [Some(false), Some(false)] => "absolute",
        // A stream that was left without an end says nothing of what would have cut it.
        _ => "undecided",
    }
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
    let (number, mut reader) = probe.play(&all, false, meant).await?;
    // The origin ends the response by itself, and whatever cuts it ends it before. A chain that does neither is not waited
    // for: once the script is over, some exchanges beside it are all the time that it gets.
    let length: Duration = acts.iter().map(|act| if let Act::Pause(time) = act { *time } else { Duration::ZERO }).sum();
    while !reader.is_over() {
        tokio::select! {
            () = reader.read() => {}
            () = began.reaches(Some(length)) => break,
        }
    }
    if !reader.is_over() {
        let is_done = |asked: &Asked| asked.over || asked.departed.is_some();
        probe.until(number, "the origin to come to the end of its script", is_done).await?;
    }
    probe.rest(&mut reader).await?;
    let time = began.now();
    reader.step("the response is over");
    let events = all.iter().filter(|act| matches!(act, Act::Event(_))).count();
    let came = match reader.is_over() {
        _ if reader.usable_events() == events => Came::Whole,
        true => Came::Cut(time),
        false => Came::Hung,
    };
    Ok(Tried { came, reader })
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

#[cfg(test)]
mod tests {
    use super::kind;

    #[test]
    fn a_clock_is_idle_only_if_a_sign_of_life_kept_a_stream_alive() {
        for (comments, events, is) in [
            (Some(true), Some(true), "idle"),
            (Some(false), Some(true), "idle"),
            (None, Some(true), "idle"),
            (Some(false), Some(false), "absolute"),
            (None, Some(false), "undecided"),
            (Some(false), None, "undecided"),
            (None, None, "undecided"),
        ] {
            assert_eq!(kind([comments, events]), is, "{comments:?} {events:?}");
        }
    }
}
