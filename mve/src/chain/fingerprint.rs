//! What a chain does to streams.

use serde::Serialize;

/// What a chain does to streams: the keys of `lastchunk probe --chain --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fingerprint {
    /// Where it begins.
    pub chain: String,
    /// The run, under which the origin has its notes.
    pub run: String,
    /// How "nothing has come" is known: so many exchanges through the same chain, each with a delay of so many ms.
    pub fences: usize,
    /// The delay of each fence at the origin, in milliseconds.
    pub settle_ms: u64,
    /// Whether each event passes before the next is sent.
    pub passing: Vec<Passing>,
    /// What becomes of a cut.
    pub cuts: Vec<Cut>,
    /// Whether the reader's departure reaches the origin.
    pub departures: Vec<Departure>,
    /// What cuts a stream that is idle, or old.
    pub clock: Clock,
    /// What is added, dropped and changed.
    pub changes: Changes,
    /// Whether the origin is asked again when it is gone before it answers.
    pub retried: Vec<Retried>,
    /// The same in one line, the gravest first.
    pub blame: String,
}

/// How content passes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passing {
    /// What delimits the content: `chunked`, `length`, `close`.
    pub framing: &'static str,
    /// Whether the reader accepts compression.
    pub accepts_gzip: bool,
    /// The coding that came.
    pub coding: Option<String>,
    /// Whether the header section passes before the first event.
    pub header_section: bool,
    /// How many of three small events pass before the next is sent.
    pub events: usize,
    /// If not all three do, and yet they come with nothing sent behind them: how much later, in milliseconds.
    pub late_ms: Option<u64>,
    /// The smallest event of which any octet passes at once, in octets, if small ones do not.
    pub from: Option<usize>,
    /// How many octets of it pass.
    pub of_it: Option<usize>,
    /// Behind that one, the smallest event of which any octet passes at once; none if small ones do, or none does.
    pub then_from: Option<usize>,
    /// Whether all that was held comes when the response ends; none if nothing was held.
    pub at_the_end: Option<bool>,
    /// Whether small events pass when the origin sends `X-Accel-Buffering: no`; none where they pass anyway.
    pub unbuffered_by_field: Option<bool>,
}

impl Passing {
    /// Whether small events wait for what the origin sends next.
    pub(super) fn is_held(&self) -> bool {
        self.events < 3 && self.late_ms.is_none()
    }
}

/// What becomes of a cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// What delimits the content.
    pub framing: &'static str,
    /// Where the cut is.
    pub cut: &'static str,
    /// How the origin's connection ends: `fin`, `rst`.
    pub end: &'static str,
    /// The framing's account at the reader.
    pub at_the_reader: String,
    /// The outcome: `intact`, `cut-visible`, `cut-silent`, `altered`, `hung`.
    pub outcome: &'static str,
}

/// Whether a departure reaches the origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Departure {
    /// How the reader leaves: `close`, `reset`, `half-close`.
    pub how: &'static str,
    /// After how many further writes of the origin its connection was ended; none if it was not.
    pub after_writes: Option<usize>,
    /// How many writes were tried.
    pub tried: usize,
    /// With a half-close: whether the reader, which goes on reading, still gets what the origin writes.
    pub still_served: Option<bool>,
}

/// What cuts a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clock {
    /// `none` within the budget, `idle`, `absolute`, `undecided` (nothing was seen to keep a stream alive, and not every one was
    /// cut), `hung` (the origin ended the response, and the reader waited in vain), `not measured`.
    pub kind: &'static str,
    /// How long a silence was tried, in milliseconds.
    pub budget_ms: u64,
    /// A time that a silent stream outlived, in milliseconds.
    pub more_than_ms: Option<u64>,
    /// A time after which it was cut, in milliseconds.
    pub at_most_ms: Option<u64>,
    /// Whether comments keep the stream alive.
    pub comments_reset_it: Option<bool>,
    /// Whether events do.
    pub events_reset_it: Option<bool>,
    /// What the reader of the stream that was cut saw.
    pub at_the_reader: Option<String>,
    /// The outcome for that reader.
    pub outcome: Option<&'static str>,
}

/// A field that is different at the other end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name, lower case.
    pub name: String,
    /// As it was sent; none if it was added.
    pub sent: Option<String>,
    /// As it came; none if it was dropped.
    pub came: Option<String>,
}

/// What is different at the other end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// The version that the origin is asked in.
    pub asked_in: String,
    /// The fields of the request.
    pub request: Vec<Field>,
    /// The fields of the response.
    pub response: Vec<Field>,
    /// The framing that the reader gets for `chunked`: `chunked`, `length`, `close`, `coded`.
    pub reframed_to: String,
    /// Whether the chunks are the origin's.
    pub same_chunks: bool,
    /// Whether the trailer section passes.
    pub trailers: bool,
}

/// Whether the origin is asked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retried {
    /// The method.
    pub method: &'static str,
    /// How often the origin was asked in all.
    pub asked: usize,
    /// What the reader got.
    pub status: Option<u16>,
}

impl Fingerprint {
    /// The blame, the gravest first, in one line.
    pub(super) fn blamed(&self) -> String {
        let mut said: Vec<String> = Vec::new();
        let silent = |framings: &[&str]| {
            self.cuts.iter().any(|cut| framings.contains(&cut.framing) && cut.end != "-" && cut.outcome == "cut-silent")
        };
        if silent(&["chunked", "length"]) {
            said.push("turns a cut into a complete end".to_owned());
        } else if self.changes.asked_in == "1.0" {
            said.push("asks the origin in HTTP/1.0, where a cut looks like an end".to_owned());
        }
        if self.cuts.iter().any(|cut| cut.end == "-" && cut.outcome != "intact") {
            said.push("does not pass a whole response unchanged".to_owned());
        }
        // What is held without compression is told so; what only with it, likewise.
        let held = |gzip: bool| self.passing.iter().filter(move |row| row.is_held() && row.accepts_gzip == gzip);
        let most = |gzip: bool| held(gzip).max_by_key(|row| row.from.unwrap_or(usize::MAX));
        if let Some(Passing { from, accepts_gzip, .. }) = most(false).or_else(|| most(true)) {
            let framings: Vec<&str> = held(*accepts_gzip).map(|row| row.framing).collect();
            let coded = if *accepts_gzip { ", where gzip is accepted" } else { "" };
            let what = match from {
                Some(from) => {
                    let then = most(*accepts_gzip).and_then(|row| row.then_from);
                    let then = then.map_or_else(String::new, |then| format!(", and then up to {} more,", then - 1));
                    format!("holds octets 1 to {} of content{then}", from - 1)
                }
                None => format!("holds the first {} octets of content and more", super::passing::LARGEST),
            };
            said.push(format!("{what} (framing {}{coded}) until the origin writes again or ends", framings.join(", ")));
        } else if self.passing.iter().any(|passing| !passing.header_section && passing.late_ms.is_none()) {
            said.push("holds the header section until the first event".to_owned());
        }
        if let Some(most) = self.passing.iter().filter_map(|row| row.late_ms).max() {
            let late = self.passing.iter().filter(|row| row.late_ms.is_some());
            let mut framings: Vec<&str> = late.map(|row| row.framing).collect();
            framings.sort_unstable();
            framings.dedup();
            said.push(format!("passes small events up to {most} ms late (framing {})", framings.join(", ")));
        }
        for departure in &self.departures {
            match (departure.how, departure.after_writes, departure.still_served) {
                ("close" | "reset", None, _) => {
                    said.push(format!("does not tell the origin when the reader is gone ({})", departure.how));
                }
                ("half-close", _, Some(false)) => said.push("takes a half-close for a departure".to_owned()),
                _ => {}
            }
        }
        if let (kind @ ("idle" | "absolute" | "undecided"), Some(at_most)) = (self.clock.kind, self.clock.at_most_ms) {
            let why = match kind {
                "absolute" => "from its beginning, whatever comes",
                "idle" => "of silence",
                _ => "of silence, and nothing was seen to keep it alive",
            };
            said.push(format!("cuts a stream after {at_most} ms {why}"));
        }
        if self.clock.kind == "hung" {
            said.push(format!("never ends a response that was silent for {} ms", self.clock.budget_ms));
        }
        if let Some(retried) = self.retried.iter().find(|retried| retried.asked > 1) {
            said.push(format!("sends a {} that was not answered {} times", retried.method, retried.asked));
        }
        match said.is_empty() {
            true => "what lies between passes all that was tried on, at once and unbroken".to_owned(),
            false => format!("what lies between {}", said.join("; ")),
        }
    }
}
