//! Reads somebody else's stream and says what is wrong with it: `lastchunk probe`.
//!
//! [`target`] and [`request`] say what is asked for, [`dial`] makes the connection, [`http1`] reads the response into a
//! [`recording`], [`http2`] its frames; of either an [`observation`] is made: what came, and when. Everything that is
//! judged is judged from that, by rules that know no socket and no clock.

pub mod clock;
pub mod content;
pub mod dial;
pub mod ending;
pub mod findings;
pub mod http1;
pub mod http2;
pub mod json;
pub mod observation;
pub mod recording;
pub mod redirect;
pub mod report;
pub mod request;
mod steps;
pub mod target;
pub mod times;
mod tls;
pub mod utf8;

use std::time::Duration;

use dial::{NoConnection, Way};
use ending::{How, Left};
use http2::Frames;
use observation::{Asked, Observation};
use recording::{Limits, Recorded, Recording};
use request::Request;
use target::Target;

/// How far a response is read.
#[derive(Debug, Clone, Default)]
pub struct Bounds {
    /// How long, counted from the request.
    pub time: Option<Duration>,
    /// How much.
    pub limits: Limits,
}

/// What came of asking once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// What is judged.
    pub observation: Observation,
    /// The octets and their instants; none over HTTP/2.
    pub recorded: Option<Recorded>,
}

/// Asks once, and reads the response to its end, to a bound, or until `stop` returns. `each` is told how far it has come,
/// in octets.
///
/// # Errors
/// When there is no connection.
pub async fn probe(
    target: &Target,
    request: &Request,
    way: &Way,
    bounds: &Bounds,
    expect_end: Option<&str>,
    stop: impl Future<Output = ()>,
    mut each: impl FnMut(usize),
) -> Result<Option<Probed>, NoConnection> {
    let mut stop = std::pin::pin!(stop);
    let way = &way.for_content(request.content.as_ref().map_or(0, Vec::len))?;
    let dialled = tokio::select! {
        dialled = dial::dial(target, way) => dialled?,
        () = &mut stop => return Ok(None),
    };
    let asked = Asked {
        url: target.to_string(),
        method: request.method.clone(),
        dialled: dialled.facts,
        expect_end: expect_end.map(str::to_owned),
    };
    if asked.dialled.is_http2 {
        let mut frames = Frames::new(expect_end, bounds.limits);
        let clock = frames.clock();
        let octets = http2::octets(request, target);
        let left = tokio::select! {
            () = http2::exchange(dialled.stream, &octets, &mut frames, |so_far| each(so_far.octets())) => None,
            () = &mut stop => Some(Left::Asked),
            () = clock.reaches(bounds.time) => bounds.time.map(Left::Bound),
        };
        if let Some(left) = left {
            frames.ended(How::Left(left));
        }
        return Ok(Some(Probed { observation: frames.finish(asked), recorded: None }));
    }
    let mut recording = Recording::new(&request.method, "peer", bounds.limits);
    let clock = recording.clock();
    let octets = request.octets(target);
    let left = tokio::select! {
        () = http1::exchange(dialled.stream, &octets, &mut recording, |so_far| each(so_far.octets())) => None,
        () = &mut stop => Some(Left::Asked),
        () = clock.reaches(bounds.time) => bounds.time.map(Left::Bound),
    };
    if let Some(left) = left {
        recording.ended(How::Left(left));
    }
    let recorded = recording.finish();
    Ok(Some(Probed { observation: Observation::of_http1(asked, &recorded), recorded: Some(recorded) }))
}
