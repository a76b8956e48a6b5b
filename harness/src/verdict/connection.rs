//! The connections of a hop: a lane may hold several, when a gateway or a reader asks again.

use std::borrow::Cow;

use crate::transcript::{Lane, StepId, Transcript, What};
use crate::wire::h1::{self, By, End, Labeller, State, Stream};

/// A fact of one direction of a connection, and how many of its octets came before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) step: StepId,
    pub(crate) at: usize,
    pub(crate) what: &'a What,
}

/// One direction of one connection, labelled.
#[derive(Debug)]
pub(crate) struct Direction<'a> {
    /// Borrowed where one run is all there is.
    pub(crate) octets: Cow<'a, [u8]>,
    pub(crate) places: Vec<Place<'a>>,
    pub(crate) stream: Stream,
}

/// Both directions of one connection.
#[derive(Debug)]
pub(crate) struct Connection<'a> {
    pub(crate) requests: Direction<'a>,
    pub(crate) responses: Direction<'a>,
}

impl Direction<'_> {
    /// How many octets there were at the end of a step.
    pub(crate) fn octets_by(&self, step: StepId) -> usize {
        let places = &self.places[..self.places.partition_point(|place| place.step <= step)];
        places.last().map_or(0, |place| place.at + place.octets())
    }

    /// The step in which this side ended it, in order or not.
    pub(crate) fn ended_in(&self) -> Option<StepId> {
        self.places.iter().find(|place| matches!(place.what, What::Fin | What::Rst)).map(|place| place.step)
    }
}

impl Place<'_> {
    /// How many octets the fact is.
    pub(crate) fn octets(&self) -> usize {
        match self.what {
            What::Octets(run) => run.len(),
            _ => 0,
        }
    }
}

/// What a lane holds of one connection, before anything is known about the other direction.
#[derive(Debug)]
struct Half<'a> {
    octets: Cow<'a, [u8]>,
    places: Vec<Place<'a>>,
    end: End,
}

impl Half<'_> {
    const fn empty() -> Self {
        Self { octets: Cow::Borrowed(&[]), places: Vec::new(), end: End::Open }
    }

    /// Whether there is a reset in it, perhaps after an orderly end.
    fn is_reset(&self) -> bool {
        self.places.iter().any(|place| *place.what == What::Rst)
    }
}

/// The connections of each hop, from the reader to the origin.
pub(crate) fn hops(transcript: &Transcript) -> Vec<Vec<Connection<'_>>> {
    (0..transcript.hops()).map(|hop| connections(transcript, hop)).collect()
}

/// The connections of a hop, at least one, in order. Those of the two lanes are paired by their number: a connection
/// of which one lane shows nothing at all can only be the last one.
pub(crate) fn connections(transcript: &Transcript, hop: usize) -> Vec<Connection<'_>> {
    let mut requests = halves(transcript, Lane::request(hop)).into_iter();
    let mut responses = halves(transcript, Lane::response(hop)).into_iter();
    let mut connections = Vec::new();
    loop {
        let (request, response) = match (requests.next(), responses.next()) {
            (None, None) if !connections.is_empty() => return connections,
            (request, response) => (request.unwrap_or(Half::empty()), response.unwrap_or(Half::empty())),
        };
        // A reset ends both directions, whoever began it; an orderly end only its own.
        let reset = request.is_reset() || response.is_reset();
        let end = |own: End| if own == End::Open && reset { End::Rst } else { own };
        let mut stream = h1::label_requests(&request.octets, end(request.end));
        let answers = h1::label_responses(&response.octets, &methods(&stream), end(response.end));
        let finals = answers.messages.iter().filter(|message| !message.interim);
        if let Some(n) = finals.map(|message| message.state).position(|state| state == State::Complete(By::Upgrade)) {
            let mut until = Labeller::requests_until(n);
            until.push(&request.octets);
            stream = until.finish(end(request.end));
        }
        connections.push(Connection {
            requests: Direction { octets: request.octets, places: request.places, stream },
            responses: Direction { octets: response.octets, places: response.places, stream: answers },
        });
    }
}

/// The methods that the responses answer. A request that cannot be read is answered too, with 400 or 408, and so may be
/// one that the transcript leaves out; neither answer depends on the method, so GET does for both.
fn methods(requests: &Stream) -> Vec<&str> {
    if requests.messages.is_empty() {
        return vec!["GET"];
    }
    requests.messages.iter().map(|request| request.method.as_deref().unwrap_or("GET")).collect()
}

fn halves(transcript: &Transcript, lane: Lane) -> Vec<Half<'_>> {
    let mut halves: Vec<Half<'_>> = Vec::new();
    for event in transcript.events.iter().filter(|event| event.lane == lane) {
        let fresh = match (halves.last(), &event.what) {
            (None, _) | (Some(_), What::Connect) => true,
            // A reset may follow an orderly end; anything else after an end belongs to another connection.
            (Some(half), What::Octets(_) | What::Fin) => half.end != End::Open,
            (Some(half), What::Rst) => half.end == End::Rst,
            (Some(_), What::Silence | What::Note(_)) => false,
        };
        if fresh {
            halves.push(Half::empty());
        }
        let Some(half) = halves.last_mut() else { continue };
        half.places.push(Place { step: event.step, at: half.octets.len(), what: &event.what });
        match &event.what {
            What::Octets(run) if half.octets.is_empty() => half.octets = Cow::Borrowed(run),
            What::Octets(run) => half.octets.to_mut().extend_from_slice(run),
            What::Fin => half.end = End::Fin,
            What::Rst if half.end == End::Open => half.end = End::Rst,
            What::Rst | What::Connect | What::Silence | What::Note(_) => {}
        }
    }
    halves
}
