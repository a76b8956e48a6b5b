//! The exchanges of a hop, followed while they go on.

use std::collections::VecDeque;

use crate::transcript::{Cursor, Lane, Tape};
use crate::wire::h1::{Labeller, Message};

/// The exchanges of a connection, as far as its tape has been read. No octet is labelled twice.
pub(super) struct Exchanges {
    requests: Followed,
    responses: Followed,
    /// How many requests have ended.
    asked: usize,
    /// Whether the responses know the method of the request under way.
    is_expected: bool,
    /// Whether the connection persists behind each request that has ended, and whose response has not.
    unanswered: VecDeque<bool>,
    /// The same of responses, with the octet behind which each ended, whose request has not.
    answers: VecDeque<(usize, bool)>,
    /// How many octets of the responses are claimed.
    claimed: usize,
    ended: Ended,
}

/// A direction.
struct Followed {
    cursor: Cursor,
    labeller: Labeller,
}

/// The complete responses that left the connection usable.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    /// How many they are.
    pub(super) count: usize,
    /// Behind which octet the first of them ended that is not claimed.
    pub(super) unclaimed: Option<usize>,
    /// Whether no complete response has said that the connection ends with it.
    pub(super) persists: bool,
}

impl Exchanges {
    /// Those of a hop; nothing of the tape is read yet.
    pub(super) fn on(tape: &Tape, requests: Lane, responses: Lane) -> Self {
        let followed = |lane, labeller| Followed { cursor: Cursor::before(lane), labeller };
        Self {
            requests: followed(requests, Labeller::requests()),
            responses: followed(responses, Labeller::responses([])),
            asked: 0,
            is_expected: false,
            unanswered: VecDeque::new(),
            answers: VecDeque::new(),
            claimed: tape.claimed_octets(responses),
            ended: Ended { count: 0, unclaimed: None, persists: true },
        }
    }

    /// Reads what is new on the tape. Of responses `each` is handed octets, where they begin, and the labeller that has
    /// just labelled them.
    pub(super) fn follow(&mut self, tape: &Tape, mut each: impl FnMut(&[u8], usize, &Labeller)) {
        self.follow_requests(tape);
        loop {
            let Followed { cursor, labeller } = &mut self.responses;
            let octets = tape.unread(cursor);
            let taken = labeller.push_asked(octets);
            if taken == 0 {
                break;
            }
            each(&octets[..taken], cursor.octets(), labeller);
            cursor.pass(taken);
            let finals = labeller.take_ended().into_iter().filter(|response| !response.interim);
            self.answers.extend(finals.map(|response| (response.range.end, response.persists)));
        }
        while let (Some(request), Some((octet, response))) = (self.unanswered.front(), self.answers.front()) {
            self.ended = self.ended.and(*octet, *request && *response, self.claimed);
            self.unanswered.pop_front();
            self.answers.pop_front();
        }
    }

    fn follow_requests(&mut self, tape: &Tape) {
        let Followed { cursor, labeller } = &mut self.requests;
        loop {
            let octets = tape.unread(cursor);
            if octets.is_empty() {
                return;
            }
            labeller.push(octets);
            cursor.pass(octets.len());
            for request in labeller.take_ended() {
                expect(&mut self.responses.labeller, &request, self.is_expected);
                self.is_expected = false;
                self.asked += 1;
                self.unanswered.push_back(request.persists);
            }
            if let Some(request) = labeller.messages().first() {
                self.is_expected = expect(&mut self.responses.labeller, request, self.is_expected);
            }
        }
    }

    /// Reads what is new on the tape; the complete responses so far.
    pub(super) fn ended(&mut self, tape: &Tape) -> Ended {
        self.follow(tape, |_, _, _| ());
        // A response may be complete before its request is, of which there may be more to come.
        match (self.answers.front(), self.under_way()) {
            (Some((octet, response)), Some(request)) => {
                self.ended.and(*octet, request.persists && *response, self.claimed)
            }
            _ => self.ended,
        }
    }

    fn under_way(&self) -> Option<&Message> {
        self.requests.labeller.messages().first()
    }

    /// Likewise: whether every request is answered, and the connection may be used again.
    pub(super) fn are_done(&mut self, tape: &Tape) -> bool {
        let ended = self.ended(tape);
        let asked = self.asked + usize::from(self.under_way().is_some());
        ended.persists && asked > 0 && ended.count == asked
    }
}

impl Ended {
    /// With one more response, unless one before it has ended the connection.
    fn and(mut self, octet: usize, persists: bool, claimed: usize) -> Self {
        if self.persists && persists {
            self.count += 1;
            self.unclaimed = self.unclaimed.or_else(|| (octet > claimed).then_some(octet));
        }
        self.persists &= persists;
        self
    }
}

/// Tells the responses what they have to know of a request, unless they know; whether they do now.
fn expect(responses: &mut Labeller, request: &Message, is_expected: bool) -> bool {
    if let (false, Some(method)) = (is_expected, &request.method) {
        responses.expect(method);
    }
    request.method.is_some()
}
