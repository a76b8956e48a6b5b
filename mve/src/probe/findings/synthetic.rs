//! Observations made up: instants without a clock.

use std::time::Duration;

use harness::wire::h1;

use super::super::content::Intake;
use super::super::dial::Facts;
use super::super::ending::{By, Ending, Framing, How};
use super::super::observation::{Delimited, Head, Observation};
use super::Finding;

/// How a response comes; all instants in milliseconds from the request.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    status: u16,
    version: &'static str,
    fields: Vec<(String, String)>,
    head_at: Option<u64>,
    content: Vec<(u64, Vec<u8>)>,
    delimited: Delimited,
    framing: Framing,
    ending: (u64, How),
    mark: Option<&'static str>,
    is_http2: bool,
    stray: Vec<u8>,
}

impl Default for Script {
    /// An event stream with all the fields that it should have, that has not ended.
    fn default() -> Self {
        Self {
            status: 200,
            version: "HTTP/1.1",
            fields: Vec::new(),
            head_at: Some(0),
            content: Vec::new(),
            delimited: Delimited::Chunks,
            framing: Framing::Incomplete("still open".to_owned()),
            ending: (0, How::Left(super::super::ending::Left::Asked)),
            mark: None,
            is_http2: false,
            stray: Vec::new(),
        }
        .field("Content-Type", "text/event-stream")
        .field("Cache-Control", "no-store, no-transform")
        .field("X-Accel-Buffering", "no")
    }
}

impl Script {
    /// One more field; an empty value takes it away.
    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(its, _)| !its.eq_ignore_ascii_case(name));
        if !value.is_empty() {
            self.fields.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn version(self, version: &'static str) -> Self {
        Self { version, ..self }
    }

    pub(crate) fn http2(self) -> Self {
        Self { is_http2: true, version: "HTTP/2", delimited: Delimited::Frames, ..self }
    }

    pub(crate) fn head_at(self, ms: u64) -> Self {
        Self { head_at: Some(ms), ..self }
    }

    pub(crate) fn no_head(self) -> Self {
        Self { head_at: None, framing: Framing::Nothing, ..self }
    }

    pub(crate) fn delimited(self, delimited: Delimited) -> Self {
        Self { delimited, ..self }
    }

    pub(crate) fn content(mut self, ms: u64, octets: &[u8]) -> Self {
        self.ending.0 = ms;
        self.content.push((ms, octets.to_vec()));
        self
    }

    /// With this as all of its content.
    pub(crate) fn replaced(self, octets: &[u8]) -> Self {
        Self { content: vec![(1, octets.to_vec())], ..self }
    }

    pub(crate) fn expect_end(self, mark: &'static str) -> Self {
        Self { mark: Some(mark), ..self }
    }

    pub(crate) fn stray(self, octets: &[u8]) -> Self {
        Self { stray: octets.to_vec(), ..self }
    }

    /// It ends with its last octet, as its framing says.
    pub(crate) fn complete(self) -> Self {
        let by = match self.delimited {
            Delimited::Close => h1::By::Close,
            Delimited::Length(_) => h1::By::ContentLength,
            _ => h1::By::LastChunk,
        };
        let how = if by == h1::By::Close { How::Fin } else { How::Message };
        let at = self.ending.0;
        Self { framing: Framing::Complete(By::Http1(by)), ..self }.ended(at, how)
    }

    pub(crate) fn cut(self, ms: u64, how: How, why: &str) -> Self {
        Self { framing: Framing::Incomplete(why.to_owned()), ..self }.ended(ms, how)
    }

    pub(crate) fn ended(self, ms: u64, how: How) -> Self {
        Self { ending: (ms, how), ..self }
    }

    pub(crate) fn seen(self) -> Observation {
        let ms = Duration::from_millis;
        let octets = |text: &str| text.as_bytes().to_vec();
        let head = self.head_at.map(|at| Head {
            at: ms(at),
            version: self.version.to_owned(),
            status: self.status,
            fields: self.fields.iter().map(|(name, value)| (octets(name), octets(value))).collect(),
        });
        let field = |name: &str| head.as_ref().and_then(|head| head.field(name));
        let mut intake = Intake::new(field("content-type"), field("content-encoding"), self.mark);
        for (at, octets) in &self.content {
            intake.push(ms(*at), octets);
        }
        Observation {
            url: "https://stream.test/events".to_owned(),
            method: "GET".to_owned(),
            dialled: Facts {
                address: "192.0.2.1:443".parse().expect("an address"),
                name: Some(ms(2)),
                connect: ms(11),
                tls: Some((ms(23), "TLS 1.3")),
                is_http2: self.is_http2,
            },
            interim: Vec::new(),
            first_octet: self.head_at.or(self.content.first().map(|(at, _)| *at)).map(ms),
            delimited: self.delimited,
            pieces: self.content.iter().map(|(_, octets)| octets.len()).collect(),
            content: intake.finish(),
            framing: self.framing,
            ending: Ending { how: self.ending.1, at: ms(self.ending.0) },
            surplus: 0,
            stray: self.stray,
            deviations: Vec::new(),
            head,
        }
    }
}

/// The rules of some findings, in order.
pub(crate) fn rules(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.rule).collect()
}
