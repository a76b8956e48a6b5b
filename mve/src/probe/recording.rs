//! What is kept of an exchange in HTTP/1.x while it goes on: the octets as the harness's recorder has them, and beside
//! them, where no transcript can see them, when they arrived.

use std::time::Duration;

use harness::transcript::{Lane, Meant, Recorder, Transcript, What, chain};
use harness::wire::h1::{self, Labeller};

use super::clock::Clock;
use super::ending::{Ending, How, Left};

/// How much of a response is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a response.
    pub octets: usize,
    /// Octets of a header section.
    pub head: usize,
    /// Reads, and pieces that the framing makes.
    pub parts: usize,
}

impl Default for Limits {
    /// 16 MiB, as much as `lastchunk explain` reads.
    fn default() -> Self {
        Self { octets: harness::capture::MOST, head: 256 * 1024, parts: 1 << 20 }
    }
}

/// A read: up to which octet of the response, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// Octets so far.
    pub upto: usize,
    /// When, counted from the request.
    pub at: Duration,
}

const IN: Lane = Lane::response(0);
const OUT: Lane = Lane::request(0);

/// What is kept of an exchange.
#[derive(Debug)]
pub struct Recording {
    clock: Clock,
    limits: Limits,
    recorder: Recorder,
    labeller: Labeller,
    received: usize,
    reads: Vec<Read>,
    ending: Option<Ending>,
}

impl Recording {
    /// Of a request with this method, which begins now.
    #[must_use]
    pub fn new(method: &str, peer: &str, limits: Limits) -> Self {
        let mut recorder = Recorder::new(chain("probe", &[], peer), Meant::default()).with_room(limits.octets);
        recorder.step("the probe asks, and reads to the end");
        recorder.stimulus(0, OUT, What::Connect);
        let labeller = Labeller::responses([method.to_owned()]);
        let clock = Clock::start();
        Self { clock, limits, recorder, labeller, received: 0, reads: Vec::new(), ending: None }
    }

    /// Its clock, which began with the request.
    #[must_use]
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    /// So much was sent.
    pub fn sent(&mut self, octets: &[u8]) {
        self.recorder.stimulus(0, OUT, What::Octets(octets.to_vec()));
    }

    /// This has arrived. After the end nothing is taken any more.
    pub fn received(&mut self, octets: &[u8]) {
        if self.ending.is_some() {
            return;
        }
        let room = self.limits.octets - self.received;
        let kept = &octets[..octets.len().min(room)];
        let at = self.clock.now();
        self.recorder.record(0, IN, What::Octets(kept.to_vec()));
        self.labeller.push(kept);
        self.received += kept.len();
        self.reads.push(Read { upto: self.received, at });
        if let Some(how) = self.over(kept.len() < octets.len()) {
            self.ending = Some(Ending { how, at });
        }
    }

    /// Why there is nothing more to read, if so.
    fn over(&self, is_full: bool) -> Option<How> {
        let Limits { octets, head, parts } = self.limits;
        let message = self.labeller.messages().last();
        let is_lost = message.is_some_and(|message| match message.state {
            h1::State::Malformed(how) => how != h1::Malformed::FieldLine,
            _ => false,
        });
        // Interim responses are as endless as one header section.
        let is_head = message.is_none_or(|message| message.interim || message.framing == h1::Framing::Unknown);
        if self.labeller.completed() > 0 {
            Some(How::Message)
        } else if is_lost {
            Some(How::Left(Left::Malformed))
        } else if is_full {
            Some(How::Left(Left::Full(octets)))
        } else if is_head && self.received > head {
            // What is most of it has no end: one header section, or those before it.
            let last = message.map_or(0, |message| message.range.start);
            let interims = self.labeller.messages().iter().filter(|message| message.interim).count();
            let no_end =
                if last > self.received / 2 { Left::EndlessInterims(interims) } else { Left::EndlessHead(head) };
            Some(How::Left(no_end))
        } else if self.reads.len() >= parts || self.labeller.spans().len() >= parts {
            Some(How::Left(Left::TooManyParts(parts)))
        } else {
            None
        }
    }

    /// It ended like this, unless it has ended already.
    pub fn ended(&mut self, how: How) {
        if self.ending.is_some() {
            return;
        }
        let what = match how {
            How::Fin | How::NoCloseNotify => Some(What::Fin),
            How::Rst => Some(What::Rst),
            _ => None,
        };
        if let Some(what) = what {
            self.recorder.record(0, IN, what);
        }
        self.ending = Some(Ending { how, at: self.clock.now() });
    }

    /// Whether there is nothing more to read.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.ending.is_some()
    }

    /// How many octets have arrived.
    #[must_use]
    pub const fn octets(&self) -> usize {
        self.received
    }

    /// What was kept, to its end.
    #[must_use]
    pub fn finish(mut self) -> Recorded {
        self.recorder.seal();
        let ending = self.ending.unwrap_or(Ending { how: How::Left(Left::Asked), at: self.clock.now() });
        let end = match ending.how {
            How::Fin | How::NoCloseNotify => h1::End::Fin,
            How::Rst => h1::End::Rst,
            _ => h1::End::Open,
        };
        let transcript = self.recorder.transcript();
        let octets = transcript.octets(IN);
        Recorded { transcript, octets, reads: self.reads, stream: self.labeller.finish(end), ending }
    }
}

/// An exchange in HTTP/1.x, to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The octets of both directions.
    pub transcript: Transcript,
    /// Those of the response.
    pub octets: Vec<u8>,
    /// When they arrived.
    pub reads: Vec<Read>,
    /// What they are.
    pub stream: h1::Stream,
    /// How it ended.
    pub ending: Ending,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(limits: Limits, reads: &[&[u8]]) -> How {
        let mut recording = Recording::new("GET", "a test", limits);
        for octets in reads {
            recording.received(octets);
        }
        recording.finish().ending.how
    }

    const SMALL: Limits = Limits { octets: 100, head: 50, parts: 10 };

    #[test]
    fn whatever_a_peer_sends_there_is_an_end() {
        let left = |left| How::Left(left);
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(ending(SMALL, &[&b"HTTP/1.1 200 OK\r\nA: "[..], &[b'a'; 60]]), left(Left::EndlessHead(50)));
        assert_eq!(ending(SMALL, &[&b"HTTP/1.1 103 A\r\n\r\n".repeat(4)]), left(Left::EndlessInterims(4)));
        assert_eq!(ending(SMALL, &[b"HTTP/1.0 200 OK\r\n\r\n", &[b'a'; 99]]), left(Left::Full(100)));
        assert_eq!(ending(SMALL, &[b"HTTP/1.0 200 OK\r\n\r\n", &[b'a'; 81]]), left(Left::Asked));
        assert_eq!(ending(SMALL, &[chunked, b"1\r\na\r\n1\r\na\r\n1\r\na\r\n"]), left(Left::TooManyParts(10)));
        assert_eq!(ending(SMALL, &[b"SSH-2.0-OpenSSH\r\n"]), left(Left::Malformed));
        assert_eq!(ending(SMALL, &[chunked, b"what"]), left(Left::Malformed));
        assert_eq!(ending(SMALL, &[chunked, b"1"]), left(Left::Asked));
        assert_eq!(ending(SMALL, &[chunked, b"0\r\n\r\n"]), How::Message);
    }
}
