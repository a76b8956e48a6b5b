//! What was recorded, as a transcript whose steps begin where the peer was silent: so a report shows what came together,
//! and whoever plays it again can wait in the same places. How long a silence was stands in the step's sentence and nowhere
//! else.

use std::time::Duration;

use harness::capture::Secrets;
use harness::transcript::{Event, Lane, Step, StepId, Transcript, What};
use harness::wire::h1::{End, Labeller};

use super::ending::How;
use super::recording::{Read, Recorded};
use super::times::shortly;

/// What is shorter is no silence: a scheduler's mood, or a packet's way.
const SILENCE: Duration = Duration::from_millis(100);
/// So many silences begin a step, the longest of them.
const MOST: usize = 40;

const IN: Lane = Lane::response(0);

/// A silence: after which octet, how long, and when it was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Silence {
    after: usize,
    took: Duration,
    over: Duration,
}

/// The longest silences, in order.
fn silences(reads: &[Read], ended: Duration) -> Vec<Silence> {
    let begins = std::iter::once((0, Duration::ZERO)).chain(reads.iter().map(|read| (read.upto, read.at)));
    let ends = reads.iter().map(|read| read.at).chain(std::iter::once(ended));
    let all = begins.zip(ends).map(|((after, from), over)| Silence { after, took: over.saturating_sub(from), over });
    let mut longest: Vec<Silence> = all.filter(|silence| silence.took >= SILENCE).collect();
    longest.sort_by_key(|silence| std::cmp::Reverse(silence.took));
    longest.truncate(MOST);
    longest.sort_by_key(|silence| silence.over);
    longest
}

impl Recorded {
    /// The transcript, a step for what came together.
    #[must_use]
    pub fn in_steps(&self) -> Transcript {
        let Self { transcript, octets, reads, ending, .. } = self;
        let mut parted = Transcript { chain: transcript.chain.clone(), ..Transcript::default() };
        parted.steps.push(Step { text: "the probe asks".to_owned() });
        // That it connected is no news: it asked.
        let outgoing = |event: &&Event| event.lane != IN && event.what != What::Connect;
        parted.events.extend(transcript.events.iter().filter(outgoing).cloned());
        let silences = silences(reads, ending.at);
        let borders = silences.iter().map(|silence| silence.after).chain(std::iter::once(octets.len()));
        let mut sent = 0;
        for (step, border) in borders.enumerate() {
            if let Some(Silence { took, over, .. }) = step.checked_sub(1).map(|before| silences[before]) {
                let text = format!("after {} of silence, {} from the request", shortly(took), shortly(over));
                parted.steps.push(Step { text });
            }
            if border > sent {
                let what = What::Octets(octets[sent..border].to_vec());
                parted.events.push(Event { step: StepId(step), lane: IN, what });
                sent = border;
            }
        }
        let last = StepId(parted.steps.len() - 1);
        let ends = transcript.lane(IN).filter(|what| matches!(what, What::Fin | What::Rst)).cloned();
        parted.events.extend(ends.map(|what| Event { step: last, lane: IN, what }));
        // What no lane shows.
        if !matches!(ending.how, How::Message | How::Fin | How::Rst) {
            let what = What::Note(ending.how.to_string().into());
            parted.events.push(Event { step: last, lane: Lane::notes(0), what });
        }
        parted
    }

    /// The same without what is secret: as many octets, in the same places.
    #[must_use]
    pub fn without(&self, secrets: &mut Secrets, method: &str) -> Self {
        let transcript = secrets.hidden(self.transcript.clone());
        let octets = transcript.octets(IN);
        let mut labeller = Labeller::responses([method.to_owned()]);
        labeller.push(&octets);
        let end = match self.ending.how {
            How::Fin | How::NoCloseNotify => End::Fin,
            How::Rst => End::Rst,
            _ => End::Open,
        };
        let stream = labeller.finish(end);
        Self { transcript, octets, stream, reads: self.reads.clone(), ending: self.ending.clone() }
    }
}

#[cfg(test)]
mod tests {
    use harness::render::{Redactions, render};

    use super::super::ending::{Ending, Left};
    use super::*;

    fn recorded(reads: &[(&str, u64)], how: How, at: u64) -> Recorded {
        let request = What::Octets(b"GET / HTTP/1.1\r\n\r\n".to_vec());
        let octets: Vec<u8> = reads.iter().flat_map(|(octets, _)| octets.bytes()).collect();
        let mut upto = 0;
        let reads = reads.iter().map(|(octets, at)| {
            upto += octets.len();
            Read { upto, at: Duration::from_millis(*at) }
        });
        let reads = reads.collect();
        let mut events = vec![Event { step: StepId(0), lane: Lane::request(0), what: request }];
        events.push(Event { step: StepId(0), lane: IN, what: What::Octets(octets.clone()) });
        events.extend((how == How::Fin).then_some(Event { step: StepId(0), lane: IN, what: What::Fin }));
        let chain = harness::transcript::chain("probe", &[], "peer");
        let transcript = Transcript { chain, events, ..Transcript::default() };
        let mut labeller = Labeller::responses(["GET".to_owned()]);
        labeller.push(&octets);
        let stream = labeller.finish(if how == How::Fin { End::Fin } else { End::Open });
        let ending = Ending { how, at: Duration::from_millis(at) };
        Recorded { transcript, octets, reads, stream, ending }
    }

    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

    #[test]
    fn a_step_begins_where_the_peer_was_silent() {
        let reads = [(HEAD, 10), ("data: one\n\n", 12), ("data: two\n", 1_200), ("\n", 1_201)];
        let recorded = recorded(&reads, How::Fin, 61_201);
        insta::assert_snapshot!(render(&recorded.in_steps(), &Redactions::none()), @r#"
        chain: c probe, o peer

        1. the probe asks
        c>o  GET / HTTP/1.1\r\n
        c>o  \r\n
        o>c  HTTP/1.1 200 OK\r\n
        o>c  Content-Type: text/event-stream\r\n
        o>c  \r\n
        o>c  data: one\n
        o>c  \n

        2. after 1.1 s of silence, 1.2 s from the request
        o>c  data: two\n
        o>c  \n

        3. after 60.0 s of silence, 61.2 s from the request
        o>c  -- FIN

        verdict
        o>c  200, complete (close-delimited); 2 events
        outcome: intact
        "#);
    }

    #[test]
    fn why_the_probe_left_is_its_note() {
        let recorded = recorded(&[(HEAD, 10)], How::Left(Left::Bound(Duration::from_secs(3))), 3_000);
        let steps = recorded.in_steps();
        assert_eq!(
            steps.steps.last().map(|step| step.text.as_str()),
            Some("after 2.9 s of silence, 3.0 s from the request")
        );
        assert_eq!(steps.lane(Lane::notes(0)).collect::<Vec<_>>(), [&What::Note("--for 3s is over".into())]);
    }

    #[test]
    fn of_many_silences_the_longest_begin_steps() {
        let reads: Vec<(&str, u64)> = (1..=100).map(|number| ("x", number * 1000 + number * number)).collect();
        let recorded = recorded(&reads, How::Fin, 111_000);
        assert_eq!(recorded.in_steps().steps.len(), MOST + 1);
        assert_eq!(recorded.in_steps().octets(IN), b"x".repeat(100));
    }
}
