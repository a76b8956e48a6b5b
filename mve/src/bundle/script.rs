//! What an origin has to do to play its part in a transcript again: acts, one script a connection.

use harness::origin::{Connection, Program, Scripted, scripted};
use harness::transcript::{Event, Lane, Pause, StepId, Transcript, What};
use harness::wire::h1::{self, End};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One act of an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Reads a whole header section.
    Request,
    /// Reads so many octets more.
    Read(usize),
    /// Waits to be told that this step has come.
    Cue(String),
    /// Sends these octets.
    Send(Vec<u8>),
    /// Reads until the peer has ended its direction.
    Departure,
    /// Ends its own direction with FIN, and reads until the peer has ended too.
    Fin,
    /// Resets the connection.
    Rst,
    /// Keeps the connection open.
    Hold,
}

/// The acts of an origin, connection by connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// Of each connection, in the order in which they are accepted.
    pub connections: Vec<Vec<Act>>,
}

/// The name of the cue that begins a step.
#[must_use]
pub fn cue(step: usize) -> String {
    format!("step {}", step + 1)
}

/// The name of the cue behind a pause, counted from 0.
#[must_use]
pub fn pause(number: usize) -> String {
    format!("pause {}", number + 1)
}

impl Script {
    /// What the origin of a transcript did. Where a step begins with something that the origin sees by itself (a request,
    /// the peer's end), it waits for that; else for a cue.
    #[must_use]
    pub fn of(transcript: &Transcript) -> Self {
        let Some(hop) = transcript.hops().checked_sub(1) else { return Self::default() };
        let [asked, answered] = [Lane::request(hop), Lane::response(hop)].map(|lane| parted(transcript, lane));
        let mut pauses = Pauses { all: &transcript.pauses, begun: 0, sent: 0 };
        let connections = (0..asked.len().max(answered.len())).map(|at| {
            let of = |halves: &[Vec<Fact>]| halves.get(at).cloned().unwrap_or_default();
            let mut answered = of(&answered);
            if hop == 0 && at == 0 {
                answered.extend(for_nobody(transcript));
            }
            connection(transcript.steps.len(), &of(&asked), &answered, &mut pauses)
        });
        Self { connections: connections.collect() }
    }

    /// Whether a step begins with a cue.
    #[must_use]
    pub fn has_cue(&self, step: usize) -> bool {
        self.connections.iter().flatten().any(|act| *act == Act::Cue(cue(step)))
    }
}

type Fact = (StepId, What);

/// The facts of a lane, one connection at a time; those of the two lanes are paired by their number.
fn parted(transcript: &Transcript, lane: Lane) -> Vec<Vec<Fact>> {
    let mut halves: Vec<Vec<Fact>> = Vec::new();
    let mut is_over = true;
    for event in transcript.events.iter().filter(|event| event.lane == lane) {
        let begins = match event.what {
            What::Connect => true,
            What::Octets(_) | What::Fin => is_over,
            What::Rst | What::Silence | What::Note(_) => halves.is_empty(),
        };
        if begins {
            halves.push(Vec::new());
        }
        is_over = matches!(event.what, What::Fin | What::Rst);
        if let Some(half) = halves.last_mut() {
            half.push((event.step, event.what.clone()));
        }
    }
    halves
}

/// What an origin with no gateway before it wrote after the reader had left: it crossed no hop that anybody saw, so no lane has
/// it, but its application was told how many octets went. Which they were does not matter to anybody.
fn for_nobody(transcript: &Transcript) -> Vec<Fact> {
    let is_end = |event: &&Event| event.lane == Lane::request(0) && matches!(event.what, What::Fin | What::Rst);
    let Some(left) = transcript.events.iter().find(is_end).map(|event| event.step) else { return Vec::new() };
    let later = |event: &&Event| event.step > left;
    if transcript.events.iter().filter(later).any(|event| event.lane == Lane::response(0)) {
        return Vec::new();
    }
    let notes = transcript.events.iter().filter(later).filter(|event| event.lane == Lane::notes(1));
    let written = |what: &What| {
        let What::Note(note) = what else { return None };
        let (call, told) = str::from_utf8(note).ok()?.split_once(": ")?;
        let (kind, _) = call.rsplit_once(' ')?;
        let octets = told.strip_suffix(" octets").or(told.strip_suffix(" octet"))?.parse().ok()?;
        let is_write = kind.rsplit(' ').next() == Some("write");
        (is_write && (1..=MOST_FOR_NOBODY).contains(&octets)).then(|| What::Octets(vec![b'x'; octets]))
    };
    notes.filter_map(|event| Some((event.step, written(&event.what)?))).collect()
}

/// So many octets a write for nobody has at most.
const MOST_FOR_NOBODY: usize = 64 * 1024;

/// How many of the pauses are behind what has been sent.
struct Pauses<'a> {
    all: &'a [Pause],
    begun: usize,
    sent: usize,
}

impl Pauses<'_> {
    /// What sends these octets, with the pauses that lie in them or behind them.
    fn send(&mut self, mut octets: &[u8]) -> Vec<Act> {
        let mut acts = Vec::new();
        while let Some(pause) = self.all.get(self.begun).filter(|pause| pause.sent <= self.sent + octets.len()) {
            let (before, behind) = octets.split_at(pause.sent.saturating_sub(self.sent));
            if !before.is_empty() {
                acts.push(Act::Send(before.to_vec()));
            }
            acts.push(Act::Cue(self::pause(self.begun)));
            self.begun += 1;
            self.sent += before.len();
            octets = behind;
        }
        self.sent += octets.len();
        if !octets.is_empty() {
            acts.push(Act::Send(octets.to_vec()));
        }
        acts
    }
}

/// The octets of a lane, one connection at a time, and how each ended.
pub(super) fn halves(transcript: &Transcript, lane: Lane) -> Vec<(Vec<u8>, End)> {
    let half = |facts: Vec<Fact>| {
        let mut octets = Vec::new();
        let mut end = End::Open;
        for (_, what) in facts {
            match what {
                What::Octets(run) => octets.extend(run),
                What::Fin => end = End::Fin,
                What::Rst => end = End::Rst,
                _ => {}
            }
        }
        (octets, end)
    };
    parted(transcript, lane).into_iter().map(half).collect()
}

fn connection(steps: usize, asked: &[Fact], answered: &[Fact], pauses: &mut Pauses<'_>) -> Vec<Act> {
    let mut acts = Vec::new();
    let mut requests = requests(asked).into_iter().peekable();
    let mut has_ended = false;
    for step in (0..steps.max(1)).map(StepId) {
        let begun = acts.len();
        while let Some((_, awaited)) = requests.next_if(|(its, _)| *its <= step) {
            acts.extend(awaited);
        }
        let of_step = |facts: &[Fact]| -> Vec<What> {
            facts.iter().filter(|(its, _)| *its == step).map(|(_, what)| what.clone()).collect()
        };
        let [theirs, ours] = [of_step(asked), of_step(answered)];
        let is_end = |what: &What| matches!(what, What::Fin | What::Rst);
        let [they_end, we_end] = [theirs.iter().any(is_end), ours.iter().any(is_end)];
        if they_end && !we_end && !has_ended {
            acts.push(Act::Departure);
        }
        let nothing_awaited = acts.len() == begun;
        if nothing_awaited
            && step > StepId(0)
            && ours.iter().any(|what| matches!(what, What::Octets(_)) || is_end(what))
        {
            acts.push(Act::Cue(cue(step.0)));
        }
        for what in ours {
            match what {
                What::Octets(octets) => acts.extend(pauses.send(&octets)),
                What::Fin if !has_ended => acts.push(Act::Fin),
                What::Rst if !has_ended => acts.push(Act::Rst),
                _ => continue,
            }
            has_ended = has_ended || matches!(acts.last(), Some(Act::Fin | Act::Rst));
        }
    }
    if !has_ended {
        acts.push(Act::Hold);
    }
    acts
}

/// What has to be read of each request, and the step in which it has come.
fn requests(asked: &[Fact]) -> Vec<(StepId, Vec<Act>)> {
    let mut octets = Vec::new();
    let mut borders = Vec::new();
    for (step, what) in asked {
        if let What::Octets(run) = what {
            octets.extend_from_slice(run);
            borders.push((octets.len(), *step));
        }
    }
    let step_of = |end: usize| borders.iter().find(|(border, _)| *border >= end).map(|(_, step)| *step);
    let stream = h1::label_requests(&octets, End::Open);
    let mut all = Vec::new();
    let mut at = 0;
    for message in &stream.messages {
        let head = stream
            .spans
            .iter()
            .find(|span| span.range.start >= message.range.start && span.label == h1::Label::HeaderEnd);
        let Some(head) = head.map(|span| span.range.end) else { continue };
        all.extend(step_of(head).map(|step| (step, vec![Act::Request])));
        at = head;
        // The content comes in the steps in which it came.
        for (border, step) in borders.iter().filter(|(border, _)| *border > head) {
            let upto = (*border).min(message.range.end);
            if upto > at {
                all.push((*step, vec![Act::Read(upto - at)]));
                at = upto;
            }
        }
    }
    // What follows a switch of protocol, or is no request.
    for (border, step) in borders {
        if border > at {
            all.push((step, vec![Act::Read(border - at)]));
            at = border;
        }
    }
    all.sort_by_key(|(step, _)| *step);
    all
}

/// An origin that plays a script.
#[derive(Debug)]
pub struct Replayed {
    scripts: Vec<Arc<Scripted>>,
    accepted: AtomicUsize,
}

impl Replayed {
    /// It; each write is noted, so that a verdict knows what went through.
    #[must_use]
    pub fn new(script: &Script) -> Self {
        let scripts = script.connections.iter().map(|acts| Arc::new(program(acts)));
        Self { scripts: scripts.collect(), accepted: AtomicUsize::new(0) }
    }
}

fn program(acts: &[Act]) -> Scripted {
    acts.iter().fold(scripted(), |script, act| match act {
        Act::Request => script.request(),
        Act::Read(octets) => script.read(*octets),
        Act::Cue(name) => script.cue(name),
        Act::Send(octets) => script.write(octets),
        Act::Departure => script.departure(),
        Act::Fin => script.fin(),
        Act::Rst => script.rst(),
        Act::Hold => script.hold(),
    })
}

impl Program for Replayed {
    fn about(&self) -> String {
        "scripted".into()
    }

    fn serve(self: Arc<Self>, connection: Connection) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let number = self.accepted.fetch_add(1, Ordering::Relaxed);
        match self.scripts.get(number).or(self.scripts.last()) {
            Some(script) => Arc::clone(script).serve(connection),
            None => Box::pin(async {}),
        }
    }
}
