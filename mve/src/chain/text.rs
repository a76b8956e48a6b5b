//! A fingerprint on one page.

use std::fmt;

use super::fingerprint::{Clock, Cut, Departure, Field, Fingerprint, Passing};

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.blame)?;
        writeln!(f, "does each event pass before the next is sent?")?;
        self.passing.iter().try_for_each(|passing| writeln!(f, "  {passing}"))?;
        writeln!(f, "\nwhat becomes of a cut at the origin?")?;
        self.cuts.iter().try_for_each(|cut| writeln!(f, "  {cut}"))?;
        writeln!(f, "\ndoes the origin learn that the reader is gone?")?;
        self.departures.iter().try_for_each(|departure| writeln!(f, "  {departure}"))?;
        writeln!(f, "\nis a silent stream cut?\n  {}", self.clock)?;
        writeln!(f, "\nwhat is different at the other end?")?;
        self.tell_changes(f)?;
        for retried in &self.retried {
            let status = retried.status.map_or("no answer".to_owned(), |status| status.to_string());
            let s = if retried.asked == 1 { "" } else { "s" };
            let (method, asked) = (retried.method, retried.asked);
            writeln!(
                f,
                "  a {method} that the origin does not answer: it is asked {asked} time{s}, the reader gets {status}"
            )?;
        }
        let settle = if self.settle_ms > 0 { format!(", each {} ms long", self.settle_ms) } else { String::new() };
        writeln!(
            f,
            "\n\"held\" means: not at the reader after {} exchanges through the same chain{settle}, begun when it had been written",
            self.fences
        )
    }
}

impl Fingerprint {
    fn tell_changes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changes = &self.changes;
        writeln!(f, "  the origin is asked in HTTP/{}", changes.asked_in)?;
        let chunks = if changes.same_chunks { "the origin's chunks" } else { "other boundaries" };
        let trailers = if changes.trailers { "passes" } else { "is dropped" };
        let reframed = &changes.reframed_to;
        writeln!(f, "  chunked content comes as {reframed}, {chunks}; the trailer section {trailers}")?;
        for (direction, fields) in [("request", &changes.request), ("response", &changes.response)] {
            fields.iter().try_for_each(|field| writeln!(f, "  {direction}: {field}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Passing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = match (&self.coding, self.accepts_gzip) {
            (Some(coding), _) => format!(", comes as {coding}"),
            (None, true) => ", gzip accepted".to_owned(),
            (None, false) => String::new(),
        };
        write!(f, "{:<24} ", format!("{}{asked}", self.framing))?;
        if let Some(late) = self.late_ms {
            return write!(
                f,
                "small events pass {late} ms late, with nothing sent behind them: something waits for more, as a kernel does \
                 that is told so (HAProxy: option http-no-delay)"
            );
        }
        match self.events {
            3 => write!(f, "each event passes")?,
            0 => write!(f, "small events are held")?,
            some => write!(f, "{some} of 3 small events pass")?,
        }
        match (self.events, self.from, self.of_it) {
            (3, ..) => {}
            (_, Some(from), Some(of_it)) => {
                write!(f, "; of an event of {from} octets {of_it} pass at once, of a smaller one none")?;
                if let Some(then) = self.then_from {
                    write!(f, "; behind it, of one of {then}")?;
                }
            }
            _ => write!(f, "; so is one of {} octets", super::passing::LARGEST)?,
        }
        if !self.header_section {
            f.write_str("; the header section is held until then")?;
        }
        match self.at_the_end {
            Some(true) => f.write_str("; all comes at the end")?,
            Some(false) => f.write_str("; at the end not all has come")?,
            None => {}
        }
        match self.unbuffered_by_field {
            Some(true) => f.write_str("; with X-Accel-Buffering: no they pass"),
            Some(false) => f.write_str("; X-Accel-Buffering: no changes nothing"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { framing, cut, end, at_the_reader, outcome } = self;
        write!(f, "{framing:<8} {cut:<21} {end:<4} {outcome:<12} {at_the_reader}")
    }
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<10} ", self.how)?;
        match self.after_writes {
            Some(0) => f.write_str("at once, before another write")?,
            Some(1) => f.write_str("after 1 write")?,
            Some(writes) => write!(f, "after {writes} writes")?,
            None => write!(f, "not after {} writes", self.tried)?,
        }
        match self.still_served {
            Some(true) => f.write_str("; the reader, which reads on, is served"),
            Some(false) => f.write_str("; the reader, which reads on, gets nothing more"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(more), Some(most)) = (self.more_than_ms, self.at_most_ms) else {
            return match self.kind {
                "none" => {
                    write!(f, "a silence of {} ms is borne; longer ones were not tried (--budget)", self.budget_ms)
                }
                "hung" => write!(
                    f,
                    "after a silence of {} ms the origin ended the response, and neither that nor what came before it reached \
                     the reader: it was given up",
                    self.budget_ms
                ),
                _ => f.write_str("not measured (--budget 90s would tell)"),
            };
        };
        write!(f, "{}: a silence of {more} ms is borne, one of {most} ms is not; ", self.kind)?;
        let by = |resets: Option<bool>| match resets {
            Some(true) => "keep it alive",
            Some(false) => "do not",
            None => "leave it without an end",
        };
        write!(f, "comments {}, events {}; ", by(self.comments_reset_it), by(self.events_reset_it))?;
        write!(
            f,
            "the reader sees {} ({})",
            self.at_the_reader.as_deref().unwrap_or("nothing"),
            self.outcome.unwrap_or("-")
        )
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.sent, &self.came) {
            (Some(sent), Some(came)) => write!(f, "{}: {sent} is {came}", self.name),
            (Some(sent), None) => write!(f, "{}: {sent} is dropped", self.name),
            (None, came) => write!(f, "{}: {} is added", self.name, came.as_deref().unwrap_or_default()),
        }
    }
}
