//! `lastchunk probe`.

mod issue;
mod summary;

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use mve::probe::dial::{Versions, Way};
use mve::probe::findings::resume::{self, Resumed};
use mve::probe::findings::{Finding, Severity, findings};
use mve::probe::json::Object;
use mve::probe::report::report;
use mve::probe::request::Request;
use mve::probe::target::Target;
use mve::probe::{Bounds, Probed, redirect};

use super::complaint::{self, Complaint};
use super::stop::Stop;
use super::{Exit, output, paint, selection::quoted};
use issue::Issue;
use summary::Summary;

/// How much longer than the first response the resumed one is read.
const AFTER: Duration = Duration::from_secs(5);

const HELP: &str = include_str!("probe/help.txt");

/// What to ask for, and how to read it.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, after_help = "See --help for an example, the keys of --json and the exit status.")]
pub struct Probe {
    /// What to read: http or https
    url: String,
    /// The method [default: GET, or POST with -d]
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    method: Option<String>,
    /// A field line; `Name:` takes one of ours away, `Name;` has no value
    #[arg(short = 'H', long = "header", value_name = "LINE")]
    headers: Vec<String>,
    /// Content to send; @FILE or @- reads it; several are joined by &
    #[arg(short = 'd', long, value_name = "DATA")]
    data: Vec<String>,
    /// Follow redirects, ten at most
    #[arg(short = 'L', long)]
    location: bool,
    /// Take any certificate
    #[arg(short = 'k', long)]
    insecure: bool,
    /// The certificates to trust, in place of this machine's (PEM)
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,
    /// Speak HTTP/1.1
    #[arg(long = "http1.1", group = "version")]
    http1: bool,
    /// Speak HTTP/2 where TLS agrees on it: the default
    #[arg(long = "http2", group = "version")]
    http2: bool,
    /// Speak HTTP/2 whatever the server says
    #[arg(long = "http2-prior-knowledge", group = "version")]
    http2_prior: bool,
    /// Ask for compressed content, and decode it
    #[arg(long)]
    compressed: bool,
    /// How long name, connection and TLS may take: 10s, or seconds
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    connect_timeout: Duration,
    /// Read no longer than this, counted from the request: 30s, 5min, or seconds
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    bound: Option<Duration>,
    /// Ask so often, one after the other
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    times: u32,
    /// The application's own end mark: the data or the type of an event, as `[DONE]` or `message_stop`
    #[arg(long, value_name = "MARK", value_parser = mark)]
    expect_end: Option<String>,
    /// Ask again with Last-Event-ID, and tell gaps and duplicates; read 5s longer than the first time
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    issue: Issue,
    #[command(flatten)]
    chain: super::chain::Chain,
    /// One object a line
    #[arg(long)]
    json: bool,
}

/// A response and what was asked for, what is to be said of it, and what came of resuming it.
struct Seen {
    request: Request,
    probed: Probed,
    findings: Vec<Finding>,
    resumed: Option<Resumed>,
}

impl Probe {
    pub fn answer(&self) -> Result<Exit, Complaint> {
        let target = Target::read(&self.url).map_err(Complaint::new)?;
        let request = self.request()?;
        if self.chain.is_asked_for() {
            if self.issue.is_asked_for() {
                return Err(Complaint::new("--report is for one response: leave --chain out, its page is the report"));
            }
            self.is_all_for_a_chain()?;
            return self.chain.answer(target, &self.headers, self.way(), self.json);
        }
        self.chain.is_for_nothing()?;
        let _room = self.issue.has_room()?;
        let stop = Stop::on_signals()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Complaint::new)?;
        let exit = self.runs(&target, &request, &stop, &runtime);
        // A name may still be on its way to be resolved: nobody waits for it.
        runtime.shutdown_background();
        exit
    }

    /// Complains of what a chain is not asked with: its scripts have requests of their own, in HTTP/1.1.
    fn is_all_for_a_chain(&self) -> Result<(), Complaint> {
        let unheeded = [
            ("-X", self.method.is_some()),
            ("-d", !self.data.is_empty()),
            ("-L", self.location),
            ("--http2", self.http2),
            ("--http2-prior-knowledge", self.http2_prior),
            ("--compressed", self.compressed),
            ("--for", self.bound.is_some()),
            ("--times", self.times > 1),
            ("--expect-end", self.expect_end.is_some()),
            ("--resume", self.resume),
        ];
        match unheeded.into_iter().find(|(_, is_given)| *is_given) {
            None => Ok(()),
            Some((name, _)) => Err(Complaint::new(format!(
                "{name} is for one response: with --chain the scripts say what is asked, in HTTP/1.1; leave one of them out"
            ))),
        }
    }

    fn request(&self) -> Result<Request, Complaint> {
        let mut headers = self.headers.clone();
        let asks = |line: &String| line.to_ascii_lowercase().starts_with("accept-encoding:");
        if self.compressed && !headers.iter().any(asks) {
            headers.push("Accept-Encoding: gzip, deflate".to_owned());
        }
        Request::new(self.method.as_deref(), &headers, self.content()?).map_err(Complaint::new)
    }

    /// What `-d` says, as curl has it: files without their line ends, and all joined by `&`.
    fn content(&self) -> Result<Option<Vec<u8>>, Complaint> {
        if self.data.is_empty() {
            return Ok(None);
        }
        let mut content = Vec::new();
        for (at, data) in self.data.iter().enumerate() {
            if at > 0 {
                content.push(b'&');
            }
            let Some(name) = data.strip_prefix('@') else {
                content.extend_from_slice(data.as_bytes());
                continue;
            };
            let octets = if name == "-" {
                let mut octets = Vec::new();
                io::stdin().lock().read_to_end(&mut octets).map(|_| octets)
            } else {
                fs::read(name)
            };
            let octets =
                octets.map_err(|error| Complaint::new(format!("-d: cannot read {}: {error}", quoted(name))))?;
            content.extend(octets.into_iter().filter(|octet| !matches!(octet, b'\r' | b'\n' | 0)));
        }
        Ok(Some(content))
    }

    fn way(&self) -> Way {
        let versions = match (self.http1, self.http2, self.http2_prior) {
            (true, ..) => Versions::Http1,
            (_, true, _) => Versions::Http2,
            (.., true) => Versions::Http2Prior,
            _ => Versions::Either,
        };
        Way { versions, insecure: self.insecure, cacert: self.cacert.clone(), bound: self.connect_timeout }
    }

    fn runs(
        &self,
        target: &Target,
        request: &Request,
        stop: &Stop,
        runtime: &tokio::runtime::Runtime,
    ) -> Result<Exit, Complaint> {
        let mut summary = Summary::default();
        let mut harms = false;
        let mut reported = None;
        for run in 1..=self.times {
            let Some(seen) = runtime.block_on(self.run(target, request, stop))? else { break };
            let does_harm = seen.findings.iter().any(|finding| finding.severity == Severity::Harm);
            self.tell(&seen, run)?;
            summary.add(&seen.probed.observation);
            // At most one response is kept.
            if self.issue.is_asked_for() && (reported.is_none() || (does_harm && !harms)) {
                reported = Some(seen);
            }
            harms |= does_harm;
            if stop.reason().is_some() {
                break;
            }
        }
        if !self.json && self.times > 1 {
            let mut out = output::text();
            write!(out, "\n{summary}")?;
            out.flush()?;
        }
        for line in self.issue.write(reported.as_ref(), self.expect_end.as_deref())? {
            if self.json {
                complaint::say(&line);
            } else {
                writeln!(output::text(), "{line}")?;
            }
        }
        let exit = if harms { Exit::NotAsClaimed } else { Exit::AsClaimed };
        Ok(stop.reason().map_or(exit, Exit::Stopped))
    }

    /// One response, after the redirects that lead to it; none if it was stopped before there was a connection.
    async fn run(&self, target: &Target, request: &Request, stop: &Stop) -> Result<Option<Seen>, Complaint> {
        let (mut target, mut request) = (target.clone(), request.clone());
        let mut redirects = redirect::Way::default();
        let bounds = Bounds { time: self.bound, ..Bounds::default() };
        let probed = loop {
            let Some(probed) = self.ask(&target, &request, &bounds, stop).await? else { return Ok(None) };
            let next = redirects.next(&probed.observation, &target, &request);
            match if self.location { next.map_err(Complaint::new)? } else { None } {
                Some(next) => (target, request) = next,
                None => break probed,
            }
        };
        let mut findings = findings(&probed.observation);
        let resumed = if self.resume && stop.reason().is_none() {
            self.resumed(&probed.observation, &target, &request, stop).await?
        } else {
            None
        };
        findings.extend(resumed.iter().flat_map(|resumed| resumed.findings.clone()));
        findings.sort_by_key(|finding| finding.severity);
        Ok(Some(Seen { request, probed, findings, resumed }))
    }

    async fn resumed(
        &self,
        first: &mve::probe::observation::Observation,
        target: &Target,
        request: &Request,
        stop: &Stop,
    ) -> Result<Option<Resumed>, Complaint> {
        let asked = match resume::ask(first) {
            Ok(asked) => asked,
            Err(finding) => return Ok(Some(Resumed { findings: vec![finding], ..Resumed::default() })),
        };
        let request = request.clone().with("Last-Event-ID", &asked.id);
        let bounds = Bounds { time: Some(first.ending.at + AFTER), ..Bounds::default() };
        let second = self.ask(target, &request, &bounds, stop).await?;
        Ok(second.filter(|_| stop.reason().is_none()).map(|second| resume::judge(&asked, &second.observation)))
    }

    async fn ask(
        &self,
        target: &Target,
        request: &Request,
        bounds: &Bounds,
        stop: &Stop,
    ) -> Result<Option<Probed>, Complaint> {
        let progress = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {elapsed_precise} {wide_msg}").expect("a sound template");
        progress.set_style(style);
        progress.set_message("waiting for the first octet (Ctrl-C: the report of what was seen so far)");
        progress.enable_steady_tick(Duration::from_millis(100));
        let each =
            |octets| progress.set_message(format!("{octets} octets (Ctrl-C: the report of what was seen so far)"));
        let mark = self.expect_end.as_deref();
        let seen = mve::probe::probe(target, request, &self.way(), bounds, mark, stop.wait(), each).await;
        progress.finish_and_clear();
        seen.map_err(Complaint::new)
    }

    fn tell(&self, seen: &Seen, run: u32) -> Result<(), Complaint> {
        let Seen { probed: Probed { observation, .. }, findings, resumed, .. } = seen;
        if self.json {
            return Ok(output::object(&Object::of(observation, run, findings, resumed.as_ref()))?);
        }
        let mut out = output::text();
        if self.times > 1 {
            writeln!(out, "{}run {run} of {}", if run > 1 { "\n" } else { "" }, self.times)?;
        }
        for line in report(observation, findings).lines() {
            writeln!(out, "{}", paint::probe_line(line))?;
        }
        Ok(out.flush()?)
    }
}

/// A duration as people write it; a bare number is of seconds, as curl has it.
pub fn duration(text: &str) -> Result<Duration, &'static str> {
    const NONE: &str = "that is no time: write one as 500ms, 30s, 5min or 1h";
    match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).map_err(|_| NONE),
        Err(_) => humantime::parse_duration(text).map_err(|_| NONE),
    }
}

/// An end mark; of an empty one nobody can tell whether it came.
fn mark(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("an empty mark ends nothing") } else { Ok(text.to_owned()) }
}
