//! What must not leave the house: the values of fields and of parameters that carry credentials, the userinfo of URLs, and the
//! same values wherever they are said again.

mod found;
mod hidden;
mod names;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::Range;

use crate::transcript::Transcript;
use crate::verdict::connections;

use hidden::hide;
use names::is_of_framing;
pub use names::{SECRET_FIELDS, SECRET_PARAMETERS, is_secret};

/// A value of fewer octets is not looked for elsewhere: it would be found by chance.
const SHORTEST: usize = 8;
/// So many values are looked for elsewhere: a peer may set any number of cookies.
const MOST: usize = 64;

/// The credentials of a transcript.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// What carries them, in lower case: a field by its name, a parameter by its name behind `?`, and `userinfo@` of URLs.
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
        hide(&mut octets, self.again(text.as_bytes()));
        String::from_utf8_lossy(&octets).into_owned()
    }

    /// A URL, or what has URLs in it, with the values of secret parameters, userinfo, and what else is secret replaced by as
    /// many `x`.
    #[must_use]
    pub fn hidden_in_url(&mut self, url: &str) -> String {
        let mut octets = url.as_bytes().to_vec();
        let found = self.in_urls(url.as_bytes(), 0..url.len());
        hide(&mut octets, found.into_iter().chain(self.again(url.as_bytes())));
        String::from_utf8_lossy(&octets).into_owned()
    }

    /// Finds those in the value of a field of this name.
    pub fn learn_from(&mut self, name: &str, value: &[u8]) {
        drop(self.in_field(&name.to_ascii_lowercase(), value, 0..value.len()));
    }

    /// The value of a field of this name with what is secret in it replaced by as many `x`; all of it, if the field is.
    pub fn hide_in_field(&mut self, name: &str, value: &mut [u8]) {
        let mut found = self.in_field(&name.to_ascii_lowercase(), value, 0..value.len());
        if !is_of_framing(name) {
            found.extend(self.again(value));
        }
        hide(value, found);
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
