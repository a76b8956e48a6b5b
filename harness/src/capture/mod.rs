//! Octets that were captured elsewhere, as a transcript: what `lastchunk explain` explains.

mod secrets;
mod written;

use crate::transcript::{Event, Lane, Step, StepId, Transcript, What, chain};
use crate::wire::h1::End;

pub use secrets::{SECRET_FIELDS, SECRET_PARAMETERS, Secrets, Side, is_secret, without_secrets};
pub use written::{Written, content_of_snapshot};

/// So many octets are explained at most: 16 MiB. Nothing is kept of the text that explains them, so what is held is the octets,
/// their spans and their fields: 7 octets for each octet of a stream of tokens, 45 where a chunk or a field is three to five
/// octets, 70 for the worst that is known (a header section of folded empty lines), and so about 1.2 GiB at most.
pub const MOST: usize = 16 * 1024 * 1024;

/// What has to be known of captured octets to judge them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture<'a> {
    /// The methods of the requests that were answered, in order, as far as they are known.
    pub methods: &'a [String],
    /// How the connection ended.
    pub end: End,
}

/// A transcript of captured octets, and what has to be said of how they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// What they come to.
    pub transcript: Transcript,
    /// In a line, if anything.
    pub remark: Option<String>,
}

impl Capture<'_> {
    /// Reads the octets of one connection's responses, or a text that stands for them; what such a text says of the
    /// requests and of the end goes first.
    #[must_use]
    pub fn read(&self, octets: Vec<u8>) -> Captured {
        let without_remark = |transcript| Captured { transcript, remark: None };
        match Written::read(&octets) {
            None => without_remark(self.transcript(octets, self.end)),
            Some(Ok(Written::Transcript(transcript))) => {
                let remark = "--method is for octets: this transcript has the requests that it has";
                let remark = (!self.methods.is_empty()).then(|| remark.to_owned());
                Captured { transcript, remark }
            }
            Some(Ok(Written::Octets(octets, What::Fin))) => without_remark(self.transcript(octets, End::Fin)),
            Some(Ok(Written::Octets(octets, What::Rst))) => without_remark(self.transcript(octets, End::Rst)),
            Some(Ok(Written::Octets(octets, _))) => without_remark(self.transcript(octets, self.end)),
            Some(Err(why)) => {
                let remark = format!("taken for octets as they are: they begin like a transcript, but {why}");
                Captured { transcript: self.transcript(octets, self.end), remark: Some(remark) }
            }
        }
    }

    /// The octets of a connection's responses as a transcript. Of the requests only the methods are known, if that: the
    /// transcript says so.
    fn transcript(&self, octets: Vec<u8>, end: End) -> Transcript {
        let mut transcript =
            Transcript { chain: chain("reader", &[], "sender of these octets"), ..Transcript::default() };
        if !self.methods.is_empty() {
            let requests: String = self.methods.iter().map(|method| format!("{method} / HTTP/1.1\r\n\r\n")).collect();
            let what = What::Octets(requests.into_bytes());
            transcript.steps.push(Step { text: "assumed: requests with the methods of --method".to_owned() });
            transcript.events.push(Event { step: StepId(0), lane: Lane::request(0), what });
        }
        let step = StepId(transcript.steps.len());
        transcript.steps.push(Step { text: "captured".to_owned() });
        let octets = (!octets.is_empty()).then_some(What::Octets(octets));
        let end = match end {
            End::Fin => Some(What::Fin),
            End::Rst => Some(What::Rst),
            End::Open => None,
        };
        let lane = Lane::response(0);
        transcript.events.extend(octets.into_iter().chain(end).map(|what| Event { step, lane, what }));
        transcript
    }
}
