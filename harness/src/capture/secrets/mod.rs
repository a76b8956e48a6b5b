//! What must not leave the house: the values of fields, of parameters and of members of JSON that carry credentials, the userinfo
//! of URLs, and the same values wherever they are said again.

mod carrier;
mod found;
mod grammar;
mod hidden;
mod names;
mod passage;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::transcript::Transcript;
use crate::verdict::connections;

use carrier::Kind;
pub use carrier::Side;
use found::{Credential, found, in_content, in_field, in_urls};
use hidden::hide;
use names::is_of_framing;
pub use names::{SECRET_FIELDS, SECRET_PARAMETERS, is_secret};

/// A value of fewer octets is not looked for elsewhere: it would be found by chance.
const SHORTEST: usize = 8;
/// So many values of a side and kind are looked for elsewhere: a peer may set any number of cookies.
const MOST: usize = 64;

/// The credentials of a transcript.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// What carries them, in lower case: a field by its name, a parameter by its name behind `?`, a member of JSON by its name
    /// in braces, and `userinfo@` of URLs.
    pub names: BTreeSet<String>,
    /// Whether there are more values than are looked for elsewhere: the others are hidden only where they stand.
    pub has_more: bool,
    /// The values that are long enough to be known again.
    values: BTreeMap<(Side, Kind), BTreeSet<Vec<u8>>>,
}

impl Secrets {
    /// Finds them.
    #[must_use]
    pub fn of(transcript: &Transcript) -> Self {
        let mut secrets = Self::default();
        for hop in 0..transcript.hops() {
            for connection in connections(transcript, hop) {
                for (side, direction) in
                    [(Side::Request, &connection.requests), (Side::Response, &connection.responses)]
                {
                    for (passage, credentials) in found(direction, side) {
                        secrets.learn(side, &passage.octets, &credentials);
                    }
                }
            }
        }
        secrets
    }

    fn learn(&mut self, side: Side, octets: &[u8], credentials: &[Credential]) {
        for Credential { carrier, range } in credentials {
            self.names.insert(carrier.to_string());
            let values = self.values.entry((side, carrier.kind())).or_default();
            for value in grammar::credentials(*carrier, &octets[range.clone()]) {
                if value.len() < SHORTEST || values.contains(value) {
                    continue;
                }
                if values.len() < MOST {
                    values.insert(value.to_vec());
                } else {
                    self.has_more = true;
                }
            }
        }
    }

    /// Where octets say again what is secret.
    fn again(&self, octets: &[u8]) -> Vec<Range<usize>> {
        let found = |value: &Vec<u8>| {
            memchr::memmem::find_iter(octets, value).map(|at| at..at + value.len()).collect::<Vec<_>>()
        };
        self.values.values().flatten().flat_map(found).collect()
    }

    /// A text with each octet of what is secret replaced by `x`.
    #[must_use]
    pub fn hidden_in(&self, text: &str) -> String {
        let mut octets = text.as_bytes().to_vec();
        hide(&mut octets, self.again(text.as_bytes()));
        String::from_utf8_lossy(&octets).into_owned()
    }

    /// A URL that was asked for, with the values of secret parameters, userinfo, and what else is secret replaced by as many
    /// `x`.
    #[must_use]
    pub fn hidden_in_url(&mut self, url: &str) -> String {
        let mut octets = url.as_bytes().to_vec();
        let found = in_urls(&octets);
        self.learn(Side::Request, &octets, &found);
        let ranges = found.into_iter().map(|credential| credential.range).chain(self.again(&octets));
        hide(&mut octets, ranges.collect::<Vec<_>>());
        String::from_utf8_lossy(&octets).into_owned()
    }

    /// Finds those in the value of a field of this name.
    pub fn learn_from(&mut self, side: Side, name: &str, value: &[u8]) {
        self.learn(side, value, &in_field(name.as_bytes(), value));
    }

    /// Finds those in what was asked with.
    pub fn learn_from_content(&mut self, content: &[u8]) {
        self.learn(Side::Request, content, &in_content(content));
    }

    /// The value of a field of this name with what is secret in it replaced by as many `x`; all of it, if the field is.
    pub fn hide_in_field(&mut self, side: Side, name: &str, value: &mut [u8]) {
        let found = in_field(name.as_bytes(), value);
        self.learn(side, value, &found);
        let mut ranges: Vec<_> = found.into_iter().map(|credential| credential.range).collect();
        if !is_of_framing(name) {
            ranges.extend(self.again(value));
        }
        hide(value, ranges);
    }
}

/// The same with each octet of such values replaced by `x`, so that every length stays; and what they were.
#[must_use]
pub fn without_secrets(transcript: Transcript) -> (Transcript, Secrets) {
    let mut secrets = Secrets::of(&transcript);
    let hidden = secrets.hidden(transcript);
    (hidden, secrets)
}
