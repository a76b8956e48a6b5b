//! The application's account: what each call told the handler, numbered per kind.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::Error;

/// Where notes go, in the order in which they are made.
pub type Notes = Arc<dyn Fn(String) + Send + Sync>;

/// The account of one handler.
pub(super) struct Account {
    notes: Notes,
    counts: Mutex<BTreeMap<&'static str, usize>>,
}

impl Account {
    pub(super) fn new(notes: Notes) -> Self {
        Self { notes, counts: Mutex::default() }
    }

    pub(super) fn note(&self, text: impl Display) {
        (self.notes)(text.to_string());
    }

    /// What Go writes to the server's error log.
    pub(super) fn log(&self, text: impl Display) {
        self.note(format_args!("log: {text}"));
    }

    /// Notes the result of a call that a handler makes once.
    pub(super) fn once<T>(&self, kind: &'static str, ok: impl Display, result: &Result<T, Error>) {
        match result {
            Ok(_) => self.note(format_args!("{kind}: {ok}")),
            Err(error) => self.note(format_args!("{kind}: {error}")),
        }
    }

    /// Notes the result of a call that a handler makes often.
    pub(super) fn numbered<T>(&self, kind: &'static str, ok: impl Display, result: &Result<T, Error>) {
        let number = {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(kind).or_default();
            *count += 1;
            *count
        };
        match result {
            Ok(_) => self.note(format_args!("{kind} {number}: {ok}")),
            Err(error) => self.note(format_args!("{kind} {number}: {error}")),
        }
    }

    /// Notes the result of a call that moves octets.
    pub(super) fn octets(&self, kind: &'static str, result: &Result<usize, Error>) {
        let n = *result.as_ref().unwrap_or(&0);
        let unit = if n == 1 { "octet" } else { "octets" };
        self.numbered(kind, format_args!("{n} {unit}"), result);
    }
}
