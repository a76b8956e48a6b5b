//! Whether the origin learns that the reader is gone, and after how many writes.

use harness::transcript::Meant;

use super::fingerprint::Departure;
use super::probe::{Failed, Probe};
use super::script::{Act, Framing};

/// How many writes are tried.
const WRITES: usize = 8;
const EVENT: usize = 16;

/// The ways in which a reader leaves.
pub(super) async fn all(probe: &mut Probe) -> Result<Vec<Departure>, Failed> {
    let mut all = Vec::new();
    for how in ["close", "reset", "half-close"] {
        all.push(one(probe, how).await?);
    }
    Ok(all)
}

async fn one(probe: &mut Probe, how: &'static str) -> Result<Departure, Failed> {
    let mut acts = vec![Act::Head(Framing::Chunked), Act::Event(EVENT)];
    for _ in 0..=WRITES {
        acts.extend([Act::Wait, Act::Event(EVENT)]);
    }
    // At its end the script waits once more: only the chain may end the connection.
    acts.push(Act::Wait);
    let (number, mut reader) = probe.play(&acts, false, Meant::default()).await?;
    probe.until(number, "the origin to write", |asked| asked.octets >= EVENT).await?;
    probe.settle(&mut reader).await?;
    let before = reader.usable();
    match how {
        "close" => reader.leave(),
        "reset" => reader.reset(),
        _ => reader.half_close().await,
    }
    let mut after_writes = None;
    for writes in 0..=WRITES {
        if writes > 0 {
            probe.cue(number, writes).await?;
            // A write that fails is a departure too.
            let told = |asked: &super::notes::Asked| asked.writes > writes || asked.departed.is_some();
            probe.until(number, "the origin to write", told).await?;
        }
        probe.settle(&mut reader).await?;
        let notes = probe.notes(number).await?;
        if notes.asked.first().is_some_and(|asked| asked.departed.is_some()) {
            after_writes = Some(writes);
            break;
        }
    }
    // After a half-close one more write tells whether it is for somebody.
    let still_served = if how == "half-close" {
        let writes = after_writes.unwrap_or(WRITES) + 1;
        probe.cue(number, writes).await?;
        probe.rest_of(&mut reader, before + writes * EVENT).await?;
        Some(reader.usable() >= before + writes * EVENT)
    } else {
        None
    };
    // What waits at the origin is let go.
    probe.cue(number, WRITES + 2).await?;
    Ok(Departure { how, after_writes, tried: WRITES, still_served })
}
