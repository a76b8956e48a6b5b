//! What a probe saw, as a bundle.

use std::collections::BTreeSet;

use harness::capture::{Secrets, Side};
use harness::wire::notation::printable;

use super::about::kernel;
use super::{About, Bundle, FORM, Measure};
use crate::probe::Probed;
use crate::probe::findings::{Finding, Severity, findings};
use crate::probe::observation::{Asked, Observation};
use crate::probe::recording::Recorded;
use crate::probe::report::report;
use crate::probe::request::Request;

/// What a probe did, and what came of it.
#[derive(Debug, Clone, Copy)]
pub struct Probe<'a> {
    /// What it asked for last, redirects followed.
    pub request: &'a Request,
    /// The application's own end mark.
    pub expect_end: Option<&'a str>,
    /// What came.
    pub probed: &'a Probed,
    /// What was found by asking again: those of the response itself are found anew.
    pub resumed: &'a [Finding],
    /// Whether credentials stay.
    pub keep_secrets: bool,
}

impl Probe<'_> {
    /// The bundle; over HTTP/2 there is none, as no frame is kept.
    #[must_use]
    pub fn bundle(&self) -> Option<Bundle> {
        let recorded = self.probed.recorded.as_ref()?;
        let mut secrets = if self.keep_secrets { Secrets::default() } else { Secrets::of(&recorded.transcript) };
        let recorded = match self.keep_secrets {
            true => recorded.clone(),
            false => recorded.without(&mut secrets, &self.request.method),
        };
        let seen = self.seen(&recorded, &mut secrets);
        let told = self.told(&seen, &secrets);
        let outcome = seen.outcome().map_or("open", harness::verdict::Outcome::name);
        let about = About {
            form: FORM,
            subject: seen.url.clone(),
            says: secrets.hidden_in(&title(&seen, &told.1)),
            claims: Vec::new(),
            outcome: outcome.to_owned(),
            via: "direct".to_owned(),
            origin: format!("the server at {}", seen.dialled.address),
            versions: versions(&seen),
            meant: Measure::default(),
            redacted: secrets.names,
            has_more_secrets: secrets.has_more,
            told: Some(told.0),
            pauses: Vec::new(),
            shrunk: None,
        };
        Some(Bundle { about, transcript: recorded.in_steps(), conf: None })
    }

    /// The page of a response over HTTP/2, which has no transcript; and what was taken out of it.
    #[must_use]
    pub fn page(&self) -> (String, BTreeSet<String>) {
        let mut seen = self.probed.observation.clone();
        let mut secrets = Secrets::default();
        if !self.keep_secrets {
            // All are known before the first is hidden: what is asked with may be said again, and the other way round.
            for (name, value) in &self.request.fields {
                secrets.learn_from(Side::Request, name, value.as_bytes());
            }
            if let Some(content) = &self.request.content {
                secrets.learn_from_content(content);
            }
            let mut fields: Vec<_> = seen.head.iter_mut().flat_map(|head| &mut head.fields).collect();
            for (name, value) in &fields {
                secrets.learn_from(Side::Response, &String::from_utf8_lossy(name), value);
            }
            seen.url = secrets.hidden_in_url(&seen.url);
            for (name, value) in &mut fields {
                secrets.hide_in_field(Side::Response, &String::from_utf8_lossy(name), value);
            }
        }
        let (told, found) = self.told(&seen, &secrets);
        let title = secrets.hidden_in(&title(&seen, &found));
        let page = super::page::of_frames(&title, &told, &versions(&seen), &secrets);
        (page, secrets.names)
    }

    /// What is observed where everything secret is hidden.
    fn seen(&self, recorded: &Recorded, secrets: &mut Secrets) -> Observation {
        let Observation { url, method, dialled, .. } = self.probed.observation.clone();
        let url = if self.keep_secrets { url } else { secrets.hidden_in_url(&url) };
        let expect_end = self.expect_end.map(str::to_owned);
        Observation::of_http1(Asked { url, method, dialled, expect_end }, recorded)
    }

    fn told(&self, seen: &Observation, secrets: &Secrets) -> (String, Vec<Finding>) {
        let mut found = findings(seen);
        found.extend(self.resumed.iter().cloned());
        found.sort_by_key(|finding| finding.severity);
        (secrets.hidden_in(&report(seen, &found)), found)
    }
}

/// What is wrong, in a sentence: the worst first.
fn title(seen: &Observation, found: &[Finding]) -> String {
    let worst = found.iter().find(|finding| finding.severity == Severity::Harm);
    worst.map_or_else(
        || format!("{} from {}", seen.framing, printable(&seen.dialled.address.to_string())),
        |worst| format!("{}: {}", worst.rule, worst.what),
    )
}

fn versions(seen: &Observation) -> Vec<(String, String)> {
    let version = |what: &str, version: String| (what.to_owned(), version);
    let mut versions = vec![version("lastchunk", env!("CARGO_PKG_VERSION").to_owned()), version("Linux", kernel())];
    if let Some(head) = &seen.head {
        versions.push(version("HTTP", head.version.clone()));
        for name in ["server", "via", "x-powered-by"] {
            let values = head.values(name).map(|value| String::from_utf8_lossy(value).into_owned());
            versions.extend(values.map(|value| version(name, value)));
        }
    }
    versions.extend(seen.dialled.tls.map(|(_, tls)| version("TLS", tls.to_owned())));
    versions
}
