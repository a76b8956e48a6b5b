//! What must not leave the house: the values of fields and of parameters in URLs that carry credentials, and the same values
//! where the other side says them again.

mod found;
mod names;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::Range;

use crate::transcript::{Lane, Transcript, What};
use crate::verdict::{Direction, connections};

use found::loose;
use names::FIELDS_OF_FRAMING;
pub use names::{SECRET_FIELDS, SECRET_PARAMETERS, is_secret};

/// A value of fewer octets is not looked for elsewhere: it would be found by chance.
const SHORTEST: usize = 8;
/// So many values are looked for elsewhere: a peer may set any number of cookies.
const MOST: usize = 64;

/// The credentials of a transcript.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// What carries them, in lower case: a field by its name, a parameter by its name behind `?`.
    pub names: BTreeSet<String>,
    /// The values that are long enough to be known again.
    values: BTreeSet<Vec<u8>>,
}

impl Secrets {
    /// Finds them.
    #[must_use]
    pub fn of(transcript: &Transcript) -> Self {
        let mut secrets = Self::default();
        for hop in 0..transcript.hops() {
            for connection in connections(transcript, hop) {
                for direction in [&connection.requests, &connection.responses] {
                    drop(secrets.found(direction));
                }
            }
        }
        secrets
    }

    fn learn(&mut self, value: &[u8]) {
        let words = value.split(|octet| b" \t\r\n;,=\"".contains(octet));
        let room = MOST - self.values.len();
        self.values.extend(words.filter(|word| word.len() >= SHORTEST).take(room).map(<[u8]>::to_vec));
    }

    /// Where octets say again what is secret.
    fn again(&self, octets: &[u8]) -> Vec<Range<usize>> {
        let found = |value: &Vec<u8>| {
            memchr::memmem::find_iter(octets, value).map(|at| at..at + value.len()).collect::<Vec<_>>()
        };
        self.values.iter().flat_map(found).collect()
    }

    /// A text with each octet of what is secret replaced by `x`.
    #[must_use]
    pub fn hidden_in(&self, text: &str) -> String {
        let mut octets = text.as_bytes().to_vec();
        for range in self.again(text.as_bytes()) {
            octets[range].fill(b'x');
        }
        String::from_utf8_lossy(&octets).into_owned()
    }

    /// A URL, or what has URLs in it, with the values of secret parameters replaced by as many `x`.
    #[must_use]
    pub fn hidden_in_url(&mut self, url: &str) -> String {
        let mut octets = url.as_bytes().to_vec();
        for range in self.parameters(url.as_bytes(), 0..url.len()) {
            octets[range].fill(b'x');
        }
        String::from_utf8_lossy(&octets).into_owned()
    }

    /// The transcript with each octet of what is secret replaced by `x`, so that every length stays.
    #[must_use]
    pub fn hidden(&mut self, mut transcript: Transcript) -> Transcript {
        for hop in 0..transcript.hops() {
            let mut masks: [Vec<bool>; 2] = Default::default();
            for connection in connections(&transcript, hop) {
                self.mask(&connection.requests, &mut masks[0]);
                self.mask(&connection.responses, &mut masks[1]);
            }
            for (lane, mask) in [Lane::request(hop), Lane::response(hop)].into_iter().zip(masks) {
                let mut mask = mask.into_iter();
                let events = transcript.events.iter_mut().filter(|event| event.lane == lane);
                for event in events {
                    let What::Octets(run) = &mut event.what else { continue };
                    run.iter_mut().zip(&mut mask).filter(|(_, hidden)| *hidden).for_each(|(octet, _)| *octet = b'x');
                }
            }
        }
        let meant = &mut transcript.meant;
        for (name, value) in meant.fields.iter_mut().chain(&mut meant.trailers) {
            if is_secret(name) {
                *value = "x".repeat(value.len());
            }
        }
        transcript
    }

    /// Which octets of a direction are to be hidden.
    fn mask(&mut self, direction: &Direction<'_>, mask: &mut Vec<bool>) {
        let (start, octets) = (mask.len(), &direction.octets);
        mask.resize(start + octets.len(), false);
        let mut ranges = self.found(direction);
        let mut said = loose(direction);
        for message in &direction.stream.messages {
            let fields = message.fields.iter().chain(&message.trailers).filter(|field| {
                let name = String::from_utf8_lossy(&octets[field.name.clone()]).to_ascii_lowercase();
                !FIELDS_OF_FRAMING.contains(&name.as_str())
            });
            said.extend(message.content.iter().cloned().chain(fields.map(|field| field.value.clone())));
        }
        for within in said {
            let again = self.again(&octets[within.clone()]).into_iter();
            ranges.extend(again.map(|range| within.start + range.start..within.start + range.end));
        }
        for at in ranges.into_iter().flatten() {
            // The line ends of a folded value stay: without them the field would be another one.
            mask[start + at] |= !matches!(octets[at], b'\r' | b'\n' | b' ' | b'\t');
        }
    }
}

/// The same with each octet of such values replaced by `x`, so that every length stays; and what carried them, as
/// [`Secrets::names`] has it.
#[must_use]
pub fn without_secrets(transcript: Transcript) -> (Transcript, BTreeSet<String>) {
    let mut secrets = Secrets::of(&transcript);
    let hidden = secrets.hidden(transcript);
    (hidden, secrets.names)
}
