//! The run: asks for one script after the other, and holds what came against what the origin wrote.

use std::panic::Location;
use std::time::Duration;

use harness::patience;
use harness::transcript::Meant;

use super::clocks;
use super::cuts;
use super::departures;
use super::fingerprint::{Changes, Clock, Field, Fingerprint, Retried};
use super::notes::{Asked, Notes};
use super::passing;
use super::reader::{Reader, exchange};
use super::script::{Act, Framing, Script};
use super::service::{SIGN, TRAILER};
use crate::probe::dial::Way;
use crate::probe::target::Target;

/// How many exchanges have to pass before "nothing has come" is said.
const FENCES: usize = 3;
/// How many of them, with nothing more at the reader, before a response that is not over is said to hang.
const FENCES_OF_A_HANG: usize = 20;

/// Why there is no fingerprint: in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failed(pub String);

/// What is wished.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Where the chain begins.
    pub chain: Target,
    /// Where the origin can be asked for its notes without the chain.
    pub origin: Option<Target>,
    /// How to connect; HTTP/1.1 is spoken.
    pub way: Way,
    /// Field lines that every request has, each with its CRLF.
    pub fields: String,
    /// How long a silence is tried; none for no clock at all.
    pub budget: Option<Duration>,
    /// How long each fence waits at the origin.
    pub settle: Duration,
    /// The name of the run: letters and digits.
    pub run: String,
}

/// A probe of a chain.
#[derive(Debug)]
pub struct Probe {
    pub(super) wish: Wish,
    number: u64,
}

impl Probe {
    /// A probe that has asked nothing yet.
    #[must_use]
    pub fn new(wish: Wish) -> Self {
        Self { wish, number: 0 }
    }

    /// Takes the fingerprint; `say` is told what is tried.
    ///
    /// # Errors
    /// When the chain does not lead to an origin of ours, or does not answer.
    pub async fn run(mut self, say: &dyn Fn(&str)) -> Result<Fingerprint, Failed> {
        say("is there an origin of ours behind it");
        self.is_ours().await?;
        say("what is added, dropped and changed");
        let changes = self.changes().await?;
        say("does each event pass");
        let passing = passing::all(&mut self).await?;
        say("which cuts arrive");
        let cuts = cuts::all(&mut self).await?;
        say("is the origin asked again");
        let retried = vec![self.retried("GET").await?, self.retried("POST").await?];
        say("does the origin learn that the reader is gone");
        let departures = departures::all(&mut self).await?;
        let clock = match self.wish.budget {
            Some(budget) => {
                say(&format!("what becomes of a silence of {} ms", budget.as_millis()));
                clocks::clock(&mut self, budget).await?
            }
            None => Clock::not_measured(),
        };
        let mut fingerprint = Fingerprint {
            chain: self.wish.chain.to_string(),
            run: self.wish.run.clone(),
            fences: FENCES,
            settle_ms: u64::try_from(self.wish.settle.as_millis()).unwrap_or(u64::MAX),
            passing,
            cuts,
            departures,
            clock,
            changes,
            retried,
            blame: String::new(),
        };
        fingerprint.blame = fingerprint.blamed();
        Ok(fingerprint)
    }

    /// The next number of the run, and its path.
    fn next(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    pub(super) fn path(&self, number: u64, what: &str) -> String {
        format!("/lastchunk/{}/{number}/{what}", self.wish.run)
    }

    /// Exchanges whose answer is not the chain's business go to the origin itself, if it can be asked.
    fn control(&self) -> &Target {
        self.wish.origin.as_ref().unwrap_or(&self.wish.chain)
    }

    async fn is_ours(&mut self) -> Result<(), Failed> {
        for target in [&self.wish.chain, self.control()] {
            let path = self.path(0, "fence");
            let (status, content) = exchange(&self.wish, target, &path).await?;
            if content != b"fence" {
                let status = status.map_or("nothing".to_owned(), |status| status.to_string());
                return Err(Failed(format!(
                    "{target} does not lead to `lastchunk origin`: {path} is answered with {status} (start one with `lastchunk origin --listen ADDRESS` and put it behind the chain; a path before it belongs into the URL)"
                )));
            }
        }
        Ok(())
    }

    /// Has the origin play a script.
    pub(super) async fn play(&mut self, acts: &[Act], gzip: bool, meant: Meant) -> Result<(u64, Reader), Failed> {
        let fields = if gzip { "Accept-Encoding: gzip\r\n" } else { "" };
        self.ask("GET", acts, &format!("Accept: text/event-stream\r\n{fields}"), meant).await
    }

    async fn ask(&mut self, method: &str, acts: &[Act], fields: &str, meant: Meant) -> Result<(u64, Reader), Failed> {
        let number = self.next();
        let path = self.path(number, &format!("play?{}", Script(acts.to_vec())));
        Ok((number, Reader::ask(&self.wish, &self.wish.chain, method, &path, fields, meant).await?))
    }

    /// What the origin tells of a number.
    pub(super) async fn notes(&self, number: u64) -> Result<Notes, Failed> {
        let (status, content) = exchange(&self.wish, self.control(), &self.path(number, "notes")).await?;
        serde_json::from_slice(&content).map_err(|_| {
            let status = status.map_or("nothing".to_owned(), |status| status.to_string());
            Failed(format!(
                "the origin's notes do not come through the chain: {status} (reach it directly with --origin-url)"
            ))
        })
    }

    /// Lets the script of a number go on past its waits up to this one.
    pub(super) async fn cue(&self, number: u64, wait: usize) -> Result<(), Failed> {
        exchange(&self.wish, self.control(), &self.path(number, &format!("cue?{wait}"))).await.map(|_| ())
    }

    /// Waits until the origin's notes say so.
    pub(super) async fn until(&self, number: u64, what: &str, told: impl Fn(&Asked) -> bool) -> Result<Asked, Failed> {
        let told = async {
            loop {
                let notes = self.notes(number).await?;
                if let Some(asked) = notes.asked.into_iter().next().filter(|asked| told(asked)) {
                    return Ok(asked);
                }
            }
        };
        patience::wait(what, Location::caller(), String::new, told).await
    }

    /// One exchange through the chain: what was written before it began has passed as far as it will.
    pub(super) async fn fence(&self) -> Result<(), Failed> {
        let path = self.path(0, &format!("fence?{}", self.wish.settle.as_millis()));
        let (_, content) = exchange(&self.wish, &self.wish.chain, &path).await?;
        match content == b"fence" {
            true => Ok(()),
            false => Err(Failed("an exchange beside the stream does not come through the chain".to_owned())),
        }
    }

    /// Sees to it that everything that was written has passed, and reads it.
    pub(super) async fn settle(&self, reader: &mut Reader) -> Result<(), Failed> {
        for _ in 0..FENCES {
            self.fence().await?;
            reader.read_now().await;
        }
        reader.is_bounded()
    }

    /// Reads until the response is over, or until nothing more comes.
    pub(super) async fn rest(&self, reader: &mut Reader) -> Result<(), Failed> {
        self.rest_of(reader, usize::MAX).await
    }

    /// Reads until so many octets of content have come, the response is over, or nothing more comes.
    pub(super) async fn rest_of(&self, reader: &mut Reader, octets: usize) -> Result<(), Failed> {
        let mut quiet = 0;
        while !reader.is_over() && reader.usable() < octets && quiet < FENCES_OF_A_HANG {
            tokio::select! {
                biased;
                () = reader.read() => quiet = 0,
                passed = self.fence() => {
                    passed?;
                    quiet += 1;
                }
            }
        }
        reader.is_bounded()
    }

    async fn changes(&mut self) -> Result<Changes, Failed> {
        const SENT: &str = "Accept: text/event-stream\r\nAccept-Encoding: gzip\r\nLast-Event-ID: 7\r\nTE: trailers\r\nConnection: TE\r\nX-Lastchunk-Reader: 1\r\n";
        let acts = [Act::Head(Framing::Chunked), Act::Event(16), Act::Wait, Act::Event(16), Act::End];
        let (number, mut reader) = self.ask("GET", &acts, SENT, Meant::default()).await?;
        let asked = self.until(number, "the origin to write", |asked| asked.octets >= 16).await?;
        self.settle(&mut reader).await?;
        self.cue(number, 1).await?;
        self.rest(&mut reader).await?;
        if reader.field(SIGN).is_none() {
            let status = reader.status().map_or("nothing".to_owned(), |status| status.to_string());
            return Err(Failed(format!(
                "the scripted response does not come through the chain: the reader got {status}"
            )));
        }
        let head = asked.head.replace("\\r\\n", "\n");
        let asked_in =
            head.lines().next().and_then(|line| line.rsplit_once("HTTP/")).map_or("?", |(_, version)| version);
        let sent = format!("Host: {}\r\n{}{SENT}", self.wish.chain.authority(), self.wish.fields);
        let sent = fields(&sent.replace("\r\n", "\n"));
        let came = fields(head.split_once('\n').map_or("", |(_, fields)| fields));
        let written = format!(
            "Content-Type: text/event-stream\nCache-Control: no-cache\n{SIGN}: 1\nTransfer-Encoding: chunked\nTrailer: {TRAILER}\n"
        );
        let octets = String::from_utf8_lossy(reader.octets()).into_owned();
        let (head, body) = octets.split_once("\r\n\r\n").unwrap_or((&octets, ""));
        let got = head.split_once("\r\n").map_or("", |(_, fields)| fields).replace("\r\n", "\n");
        let reframed_to = match (reader.field("content-encoding"), reader.field("transfer-encoding")) {
            (Some(coding), _) => format!("coded ({})", harness::wire::notation::printable(&coding)),
            (None, Some(_)) => "chunked".to_owned(),
            (None, None) if reader.field("content-length").is_some() => "length".to_owned(),
            (None, None) => "close".to_owned(),
        };
        Ok(Changes {
            asked_in: asked_in.trim().to_owned(),
            request: differences(&sent, &came),
            response: differences(&fields(&written), &fields(&got)),
            same_chunks: body.matches("10\r\ndata: ").count() == 2,
            trailers: body.to_ascii_lowercase().contains(&TRAILER.to_ascii_lowercase()),
            reframed_to,
        })
    }

    /// The origin closes the connection before it answers.
    async fn retried(&mut self, method: &'static str) -> Result<Retried, Failed> {
        let fields = if method == "POST" { "Content-Length: 0\r\n" } else { "" };
        let (number, mut reader) = self.ask(method, &[Act::Fin], fields, Meant::default()).await?;
        self.rest(&mut reader).await?;
        self.settle(&mut reader).await?;
        let asked = self.notes(number).await?.asked.len();
        Ok(Retried { method, asked, status: reader.status() })
    }
}

/// Names, lower case, and values; a name that comes again has its values joined.
fn fields(lines: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for (name, value) in lines.lines().filter_map(|line| line.split_once(':')) {
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known += &format!(", {value}"),
            None => fields.push((name, value.to_owned())),
        }
    }
    fields.sort();
    fields
}

fn differences(sent: &[(String, String)], came: &[(String, String)]) -> Vec<Field> {
    let value = |fields: &[(String, String)], name: &str| {
        fields.iter().find(|(its, _)| its == name).map(|(_, value)| harness::wire::notation::printable(value))
    };
    let mut names: Vec<&String> = sent.iter().chain(came).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    let fields = names.into_iter().map(|name| {
        let (sent, came) = (value(sent, name), value(came, name));
        Field { name: harness::wire::notation::printable(name), sent, came }
    });
    // Date is a clock's.
    fields.filter(|field| field.sent != field.came && field.name != "date").collect()
}
