//! Whether each event passes before the next is sent, and from which octet on.

use std::time::Duration;

use harness::transcript::Meant;

use super::fingerprint::Passing;
use super::probe::{Failed, Probe};
use super::reader::Reader;
use super::script::{Act, Framing};
use crate::probe::clock::Clock;

/// The largest event that is tried, in octets.
pub(super) const LARGEST: usize = 64 << 10;
/// So long what has not passed is waited for, to tell what is late from what is held. A gateway that tells its kernel that more
/// is coming (MSG_MORE, TCP_CORK) has it wait 200 ms (tcp(7)).
const LATE: Duration = Duration::from_millis(400);
/// The small events.
const SMALL: [usize; 3] = [11, 12, 13];

/// What a framing is called; a length is more than is ever sent, so that the response does not end by itself.
const FRAMINGS: [(&str, Framing); 3] =
    [("chunked", Framing::Chunked), ("length", Framing::Length(4 * LARGEST)), ("close", Framing::Close)];

/// Each framing, without and with compression asked for.
pub(super) async fn all(probe: &mut Probe) -> Result<Vec<Passing>, Failed> {
    let mut all = Vec::new();
    for accepts_gzip in [false, true] {
        for (name, framing) in FRAMINGS {
            all.push(one(probe, name, framing, accepts_gzip).await?);
        }
    }
    Ok(all)
}

async fn one(probe: &mut Probe, name: &'static str, framing: Framing, gzip: bool) -> Result<Passing, Failed> {
    let mut acts = vec![Act::Head(framing)];
    for octets in SMALL {
        acts.extend([Act::Wait, Act::Event(octets)]);
    }
    acts.extend([Act::Wait, Act::Fin]);
    let (number, mut reader) = probe.play(&acts, gzip, Meant::default()).await?;
    probe.until(number, "the origin to be asked", |_| true).await?;
    probe.settle(&mut reader).await?;
    let header_section = reader.has_head();
    let (mut events, mut written) = (0, 0);
    for (at, octets) in SMALL.into_iter().enumerate() {
        written += octets;
        probe.cue(number, at + 1).await?;
        probe.until(number, "the origin to write", |asked| asked.octets >= written).await?;
        probe.settle(&mut reader).await?;
        events += usize::from(reader.usable() >= written);
    }
    let late = if reader.usable() < written { late(&mut reader, written).await } else { None };
    let held = reader.usable() < written;
    probe.cue(number, SMALL.len() + 1).await?;
    probe.rest(&mut reader).await?;
    let at_the_end = held.then(|| reader.usable() == written);
    let mut passing = Passing {
        framing: name,
        accepts_gzip: gzip,
        coding: reader.field("content-encoding").map(|coding| harness::wire::notation::printable(&coding)),
        header_section,
        events,
        late_ms: late.map(|late| u64::try_from(late.as_millis()).unwrap_or(u64::MAX)),
        from: None,
        of_it: None,
        then_from: None,
        at_the_end,
        unbuffered_by_field: None,
    };
    if passing.is_held() {
        if let Some((from, of_it)) = threshold(probe, framing, gzip, None).await? {
            (passing.from, passing.of_it) = (Some(from), Some(of_it));
            let then = threshold(probe, framing, gzip, Some(from)).await?;
            passing.then_from = then.map(|(from, _)| from);
        }
        let octets = at_once(probe, Act::HeadUnbuffered(framing), gzip, None, SMALL[0]).await?;
        passing.unbuffered_by_field = Some(octets == SMALL[0]);
    }
    Ok(passing)
}

/// How much later all that was written has come, though nothing is written behind it; none if it has not.
async fn late(reader: &mut Reader, written: usize) -> Option<Duration> {
    let clock = Clock::start();
    while reader.usable() < written && !reader.is_over() {
        tokio::select! {
            () = reader.read() => {}
            () = clock.reaches(Some(LATE)) => return None,
        }
    }
    (reader.usable() >= written).then(|| clock.now())
}

/// How many octets pass of an event of this size before anything else is sent; it is the first, or comes behind one of
/// `behind` octets that has passed as far as it will.
async fn at_once(
    probe: &mut Probe,
    head: Act,
    gzip: bool,
    behind: Option<usize>,
    octets: usize,
) -> Result<usize, Failed> {
    let mut acts = vec![head];
    acts.extend(behind.into_iter().flat_map(|behind| [Act::Event(behind), Act::Wait]));
    acts.extend([Act::Event(octets), Act::Wait]);
    let (number, mut reader) = probe.play(&acts, gzip, Meant::default()).await?;
    let mut before = 0;
    if let Some(behind) = behind {
        probe.until(number, "the origin to write", |asked| asked.octets >= behind).await?;
        probe.settle(&mut reader).await?;
        before = reader.usable();
        probe.cue(number, 1).await?;
    }
    let written = behind.unwrap_or(0) + octets;
    probe.until(number, "the origin to write", |asked| asked.octets >= written).await?;
    probe.settle(&mut reader).await?;
    Ok(reader.usable() - before)
}

/// The smallest event of which any octet passes, and how many of it do: by halving, exact to one octet. It is the first
/// event, or comes behind another one.
async fn threshold(
    probe: &mut Probe,
    framing: Framing,
    gzip: bool,
    behind: Option<usize>,
) -> Result<Option<(usize, usize)>, Failed> {
    let mut held = SMALL[0];
    let mut passes = None;
    let mut octets = 512;
    if behind.is_some() && at_once(probe, Act::Head(framing), gzip, behind, held).await? > 0 {
        return Ok(None);
    }
    while passes.is_none() && octets <= LARGEST {
        match at_once(probe, Act::Head(framing), gzip, behind, octets).await? {
            0 => held = octets,
            came => passes = Some((octets, came)),
        }
        octets *= 2;
    }
    let Some(mut known) = passes else { return Ok(None) };
    while known.0 - held > 1 {
        let middle = held.midpoint(known.0);
        match at_once(probe, Act::Head(framing), gzip, behind, middle).await? {
            0 => held = middle,
            came => known = (middle, came),
        }
    }
    Ok(Some(known))
}
