//! What the reader has the origin do: acts, in a form that passes in a query unchanged.
//!
//! `chunked.event-11.wait.event-11.end`: letters, digits, hyphens and dots only, so that no gateway has reason to rewrite it.

use std::fmt;
use std::time::Duration;

/// How many acts a script may have, and how long its text may be.
const MOST: usize = 256;
/// How many octets one act may write.
const LARGEST: usize = 1 << 20;
/// How long one act may wait.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What delimits the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Chunks, whatever version was asked in: as the truth table has it.
    Chunked,
    /// So many octets of content.
    Length(usize),
    /// The end of the connection.
    Close,
}

/// What the origin does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Sends the header section.
    Head(Framing),
    /// The same with `X-Accel-Buffering: no`.
    HeadUnbuffered(Framing),
    /// Sends an event of so many octets, at least 8; one chunk, if there are chunks.
    Event(usize),
    /// Sends a chunk of so many octets up to its middle.
    HalfAChunk(usize),
    /// Sends a comment: no event, and a sign of life.
    Comment,
    /// Waits until the reader lets it go on, or is gone.
    Wait,
    /// Waits so long, or until the reader is gone.
    Pause(Duration),
    /// Ends the response as its framing says; with chunks, a trailer section.
    End,
    /// Ends the connection with FIN, wherever the response is.
    Fin,
    /// Resets the connection.
    Rst,
}

/// Acts, one after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script(pub Vec<Act>);

/// A text that is no script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no script: {0}")]
pub struct Unreadable(String);

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(Framing::Chunked) => f.write_str("chunked"),
            Self::Head(Framing::Length(octets)) => write!(f, "length-{octets}"),
            Self::Head(Framing::Close) => f.write_str("close"),
            Self::HeadUnbuffered(Framing::Chunked) => f.write_str("xchunked"),
            Self::HeadUnbuffered(Framing::Length(octets)) => write!(f, "xlength-{octets}"),
            Self::HeadUnbuffered(Framing::Close) => f.write_str("xclose"),
            Self::Event(octets) => write!(f, "event-{octets}"),
            Self::HalfAChunk(octets) => write!(f, "half-{octets}"),
            Self::Comment => f.write_str("comment"),
            Self::Wait => f.write_str("wait"),
            Self::Pause(time) => write!(f, "pause-{}", time.as_millis()),
            Self::End => f.write_str("end"),
            Self::Fin => f.write_str("fin"),
            Self::Rst => f.write_str("rst"),
        }
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, act) in self.0.iter().enumerate() {
            write!(f, "{}{act}", if at == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// When it is none, or too large.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let acts: Vec<&str> = text.split('.').take(MOST + 1).collect();
        if acts.len() > MOST {
            return Err(Unreadable(format!("more than {MOST} acts")));
        }
        acts.into_iter().map(act).collect::<Result<_, _>>().map(Self)
    }
}

fn act(text: &str) -> Result<Act, Unreadable> {
    let unreadable = || Unreadable(format!("{:?} is no act", text.chars().take(40).collect::<String>()));
    let (name, number) = match text.split_once('-') {
        None => (text, None),
        Some((name, number)) => (name, Some(number.parse::<usize>().map_err(|_| unreadable())?)),
    };
    let octets = |least: usize| number.filter(|octets| (least..=LARGEST).contains(octets)).ok_or_else(unreadable);
    if number.is_some() && !["length", "xlength", "event", "half", "pause"].contains(&name) {
        return Err(unreadable());
    }
    Ok(match name {
        "chunked" => Act::Head(Framing::Chunked),
        "length" => Act::Head(Framing::Length(number.ok_or_else(unreadable)?)),
        "close" => Act::Head(Framing::Close),
        "xchunked" => Act::HeadUnbuffered(Framing::Chunked),
        "xlength" => Act::HeadUnbuffered(Framing::Length(number.ok_or_else(unreadable)?)),
        "xclose" => Act::HeadUnbuffered(Framing::Close),
        "event" => Act::Event(octets(8)?),
        "half" => Act::HalfAChunk(octets(2)?),
        "comment" => Act::Comment,
        "wait" => Act::Wait,
        "pause" => {
            let time = Duration::from_millis(number.ok_or_else(unreadable)? as u64);
            if time > LONGEST {
                return Err(unreadable());
            }
            Act::Pause(time)
        }
        "end" => Act::End,
        "fin" => Act::Fin,
        "rst" => Act::Rst,
        _ => return Err(unreadable()),
    })
}

/// An event of so many octets, its number inside where there is room.
#[must_use]
pub(super) fn event(octets: usize, number: usize) -> String {
    let room = octets.saturating_sub("data: \n\n".len());
    let text: String = format!("{number} ").chars().chain(std::iter::repeat('x')).take(room).collect();
    format!("data: {text}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_read_as_it_is_written() {
        for text in [
            "chunked.event-11.wait.event-11.end",
            "xclose.half-16.comment.pause-200.rst",
            "length-22.fin",
            "xlength-0.xchunked.close",
        ] {
            assert_eq!(Script::read(text).map(|script| script.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_is_no_script_is_refused() {
        for (text, why) in [
            ("", "no script: \"\" is no act"),
            ("event", "no script: \"event\" is no act"),
            ("event-7", "no script: \"event-7\" is no act"),
            ("event-99999999", "no script: \"event-99999999\" is no act"),
            ("event--8", "no script: \"event--8\" is no act"),
            ("end-1", "no script: \"end-1\" is no act"),
            ("pause-999999999999", "no script: \"pause-999999999999\" is no act"),
            ("\x1b]0;x", "no script: \"\\u{1b}]0;x\" is no act"),
        ] {
            assert_eq!(Script::read(text).map_err(|error| error.to_string()), Err(why.to_owned()));
        }
        assert!(Script::read(&"wait.".repeat(1000)).is_err());
    }

    #[test]
    fn an_event_has_the_octets_it_is_asked_for() {
        for octets in [8, 9, 11, 16, 512] {
            assert_eq!(event(octets, 1).len(), octets);
        }
    }
}
