//! An observation for programs.

use std::time::Duration;

use harness::verdict::Outcome;
use harness::wire::notation::escape;
use serde::Serialize;

use super::ending::Framing;
use super::findings::resume::Resumed;
use super::findings::{Finding, Histogram};
use super::observation::Observation;

/// What `probe --json` tells of a response; the order of the fields is that of the keys.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Object {
    framing: &'static str,
    by: Option<&'static str>,
    why: Option<String>,
    events: Option<usize>,
    pending: bool,
    outcome: &'static str,
    url: String,
    method: String,
    run: u32,
    address: String,
    http: Option<String>,
    tls: Option<&'static str>,
    status: Option<u16>,
    fields: Vec<(String, String)>,
    end: &'static str,
    end_text: String,
    end_mark: Option<bool>,
    octets: usize,
    reads: usize,
    comments: Option<usize>,
    last_event_id: Option<String>,
    retry_ms: Option<f64>,
    gaps: Vec<(&'static str, usize)>,
    findings: Vec<Said>,
    resume: Option<Resume>,
    name_ms: Option<f64>,
    connect_ms: f64,
    tls_ms: Option<f64>,
    first_octet_ms: Option<f64>,
    head_ms: Option<f64>,
    first_event_ms: Option<f64>,
    end_ms: f64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Said {
    severity: &'static str,
    rule: &'static str,
    what: String,
    seen: String,
    by: &'static str,
    cure: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Resume {
    asked: Option<String>,
    status: Option<u16>,
    first: Option<String>,
    missing: usize,
    duplicates: usize,
    ignored: bool,
}

/// Milliseconds, to the microsecond.
fn ms(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

impl Object {
    /// Of a response, which is number `run`, from 1.
    #[must_use]
    pub fn of(seen: &Observation, run: u32, findings: &[Finding], resumed: Option<&Resumed>) -> Self {
        let (framing, by, why) = match &seen.framing {
            Framing::Complete(by) => ("complete", Some(by.word()), None),
            Framing::Incomplete(why) => ("incomplete", None, Some(why.clone())),
            Framing::Malformed(how) => ("malformed", None, Some(how.clone())),
            Framing::Nothing => ("none", None, None),
        };
        let events = seen.content.events.as_ref();
        let histogram = Histogram::of(seen);
        let field = |(name, value): &(Vec<u8>, Vec<u8>)| {
            let is_secret = name.eq_ignore_ascii_case(b"set-cookie");
            (escape(name), if is_secret { "(redacted)".to_owned() } else { escape(value) })
        };
        Self {
            framing,
            by,
            why,
            events: events.map(|events| events.dispatched),
            pending: events.is_some_and(|events| events.pending),
            outcome: seen.outcome().map_or("open", Outcome::name),
            url: seen.url.clone(),
            method: seen.method.clone(),
            run,
            address: seen.dialled.address.to_string(),
            http: seen.head.as_ref().map(|head| head.version.clone()),
            tls: seen.dialled.tls.map(|(_, version)| version),
            status: seen.head.as_ref().map(|head| head.status),
            fields: seen.head.iter().flat_map(|head| &head.fields).map(field).collect(),
            end: seen.ending.how.word(),
            end_text: seen.ending.how.to_string(),
            end_mark: seen.content.has_mark,
            octets: seen.content.octets(),
            reads: seen.content.arrivals.len(),
            comments: events.map(|events| events.comments),
            last_event_id: events.map(|events| events.last_id.clone()).filter(|id| !id.is_empty()),
            retry_ms: events.and_then(|events| events.retry).map(ms),
            gaps: Histogram::NAMES.into_iter().zip(histogram.counts).filter(|(_, gaps)| *gaps > 0).collect(),
            findings: findings.iter().map(Said::of).collect(),
            resume: resumed.map(Resume::of),
            name_ms: seen.dialled.name.map(ms),
            connect_ms: ms(seen.dialled.connect),
            tls_ms: seen.dialled.tls.map(|(took, _)| ms(took)),
            first_octet_ms: seen.first_octet.map(ms),
            head_ms: seen.head.as_ref().map(|head| ms(head.at)),
            first_event_ms: events.and_then(|events| events.timed.first()).map(|first| ms(first.at)),
            end_ms: ms(seen.ending.at),
        }
    }
}

impl Said {
    fn of(finding: &Finding) -> Self {
        Self {
            severity: finding.severity.word(),
            rule: finding.rule,
            what: finding.what.clone(),
            seen: finding.evidence.clone(),
            by: finding.clause,
            cure: finding.cure.clone(),
        }
    }
}

impl Resume {
    fn of(resumed: &Resumed) -> Self {
        let Resumed { asked, status, first, missing, duplicates, ignored, .. } = resumed.clone();
        Self { asked, status, first, missing, duplicates, ignored }
    }
}
