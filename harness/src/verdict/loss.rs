//! What was lost or added on the way, measured against what the application meant.

use std::fmt;

use crate::transcript::Meant;
use crate::wire::h1::{Field, State};
use crate::wire::notation::{escape, printable};

use super::answer::Answer;

/// How many octets of what was lost or added are shown.
const EXCERPT: usize = 48;
/// How many octets before it are shown, of the same line.
const BEFORE: usize = 24;

/// Something that the application meant and the reader did not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// Not an octet of a final response arrived.
    Response,
    /// The reader got another status.
    Status {
        /// The one meant.
        meant: u16,
        /// The one that arrived; none when the status-line did not.
        got: Option<u16>,
    },
    /// A field line of the header section is missing, or has another value.
    Field {
        /// Its name, as meant.
        name: String,
        /// The value that arrived instead.
        got: Option<Vec<u8>>,
    },
    /// A field line of the trailer section is missing, or has another value.
    Trailer {
        /// Its name, as meant.
        name: String,
        /// The value that arrived instead.
        got: Option<Vec<u8>>,
    },
    /// The end of the content.
    Content {
        /// Octets lost.
        lost: usize,
        /// Octets meant.
        of: usize,
        /// The first octets of what was lost.
        from: Vec<u8>,
        /// The octets before it in its line, or the last of them: none when whole lines are lost.
        after: Vec<u8>,
    },
    /// The event at the end of the stream lacks its empty line, and is discarded (WHATWG HTML 9.2.6).
    PendingEvent,
    /// The event that ends the stream, by agreement, was not dispatched.
    Terminal {
        /// Its type.
        event: String,
    },
    /// The end of the message: the framing is not complete, although the connection is over, or it is malformed.
    End(State),
}

/// Something that the reader got and the application did not mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addition {
    /// Octets of content, in place of those meant or after them.
    Content {
        /// How many.
        octets: usize,
        /// The offset in the content.
        at: usize,
        /// The first of them.
        from: Vec<u8>,
        /// The octets before them in their line, or the last of those: none when they begin it.
        after: Vec<u8>,
    },
    /// Octets that no framing accounts for.
    Unframed {
        /// How many.
        octets: usize,
        /// The first of them.
        from: Vec<u8>,
    },
}

/// What is lost and what is added, in the order in which a message is written.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub(super) lost: Vec<Loss>,
    pub(super) added: Vec<Addition>,
}

impl Difference {
    /// Measures what the reader got.
    pub(super) fn between(meant: &Meant, answer: Option<Answer<'_>>) -> Self {
        let Some(answer) = answer else { return Self { lost: vec![Loss::Response], added: Vec::new() } };
        let mut difference = Self::default();
        difference.header_section(meant, &answer);
        difference.content(meant, &answer);
        difference.trailer_section(meant, &answer);
        let is_cut = answer.is_over() && !answer.is_complete() && !answer.is_given_up();
        if matches!(answer.message.state, State::Malformed(_)) || is_cut {
            difference.lost.push(Loss::End(answer.message.state));
        }
        difference
    }

    fn header_section(&mut self, meant: &Meant, answer: &Answer<'_>) {
        if let Some(status) = meant.status
            && answer.message.status != Some(status)
        {
            self.lost.push(Loss::Status { meant: status, got: answer.message.status });
        }
        for (name, value) in &meant.fields {
            if let Some(got) = missing(answer.octets(), &answer.message.fields, name, value) {
                self.lost.push(Loss::Field { name: name.clone(), got });
            }
        }
    }

    fn trailer_section(&mut self, meant: &Meant, answer: &Answer<'_>) {
        for (name, value) in &meant.trailers {
            if let Some(got) = missing(answer.octets(), &answer.message.trailers, name, value) {
                self.lost.push(Loss::Trailer { name: name.clone(), got });
            }
        }
    }

    fn content(&mut self, meant: &Meant, answer: &Answer<'_>) {
        let judged = answer.message.method.as_deref() != Some("HEAD") && !answer.is_coded();
        let mut rest: Option<&[u8]> = None;
        let mut content_is_lost = meant.content.is_none();
        if let Some(content) = meant.content.as_deref().filter(|_| judged) {
            let got = answer.content();
            let common = content.iter().zip(&got).take_while(|(a, b)| a == b).count();
            // The content of somebody else's error is no part of this one: its status says so.
            let shared = if is_another_error(meant, answer) { 0 } else { common };
            rest = Some(&content[shared..]);
            if shared < content.len() {
                content_is_lost = true;
                let (from, after) = (excerpt(&content[shared..]), after(&content[..shared]));
                self.lost.push(Loss::Content { lost: content.len() - shared, of: content.len(), from, after });
            }
            if got.len() > common && !is_another_error(meant, answer) {
                let (from, after) = (excerpt(&got[common..]), after(&got[..common]));
                self.added.push(Addition::Content { octets: got.len() - common, at: common, from, after });
            }
        }
        let unframed = answer.unframed();
        // Without a measure only what comes after a whole message is surely nobody's.
        let nobodys = match rest {
            Some(rest) => !rest.starts_with(&unframed),
            None => answer.has_surplus(),
        };
        if nobodys && !unframed.is_empty() {
            self.added.push(Addition::Unframed { octets: unframed.len(), from: excerpt(&unframed) });
        }
        self.events(meant, answer, content_is_lost);
    }

    fn events(&mut self, meant: &Meant, answer: &Answer<'_>, content_is_lost: bool) {
        if !answer.is_over() || answer.is_coded() {
            return;
        }
        let mut has_terminal = false;
        let events = answer.events(|event| has_terminal |= meant.terminal.as_deref() == Some(event.event));
        // A handler that wrote no empty line meant none.
        if content_is_lost && events.is_some_and(|(_, pending)| pending) {
            self.lost.push(Loss::PendingEvent);
        }
        if let Some(terminal) = meant.terminal.as_ref().filter(|_| !has_terminal) {
            self.lost.push(Loss::Terminal { event: terminal.clone() });
        }
    }
}

/// Whether the reader got an error status (RFC 9110 15.5, 15.6) that the application did not mean.
fn is_another_error(meant: &Meant, answer: &Answer<'_>) -> bool {
    meant.status.is_some() && answer.message.status != meant.status && answer.message.status.is_some_and(|s| s >= 400)
}

/// Whether a field line is missing, and what stands under its name instead: names in any case, values octet by octet.
fn missing(octets: &[u8], fields: &[Field], name: &str, value: &str) -> Option<Option<Vec<u8>>> {
    let mut got = None;
    for field in fields.iter().filter(|field| octets[field.name.clone()].eq_ignore_ascii_case(name.as_bytes())) {
        let its = &octets[field.value.clone()];
        if its == value.trim_matches([' ', '\t']).as_bytes() {
            return None;
        }
        got.get_or_insert(its.to_vec());
    }
    Some(got)
}

fn excerpt(octets: &[u8]) -> Vec<u8> {
    octets[..octets.len().min(EXCERPT)].to_vec()
}

/// The end of the line that ends with these octets: a word that is cut in two is read with it.
fn after(octets: &[u8]) -> Vec<u8> {
    let line = memchr::memrchr(b'\n', octets).map_or(0, |lf| lf + 1).max(octets.len().saturating_sub(BEFORE));
    octets[line..].to_vec()
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = |f: &mut fmt::Formatter<'_>, name: &str, got: &Option<Vec<u8>>| {
            f.write_str(&printable(name))?;
            got.as_ref().map_or(Ok(()), |got| write!(f, " (the reader got \"{}\")", escape(got)))
        };
        match self {
            Self::Response => f.write_str("the response"),
            Self::Status { meant, got: Some(got) } => write!(f, "status {meant} (the reader got {got})"),
            Self::Status { meant, got: None } => write!(f, "status {meant}"),
            Self::Field { name, got } => {
                f.write_str("field ")?;
                field(f, name, got)
            }
            Self::Trailer { name, got } => {
                f.write_str("trailer ")?;
                field(f, name, got)
            }
            Self::Content { lost, of, from, after } => {
                write!(f, "{lost} of {of} octets of content, from {}", Excerpt { of: *lost, from })?;
                After(after).fmt(f)
            }
            Self::PendingEvent => f.write_str("the pending event"),
            Self::Terminal { event } => write!(f, "the event \"{}\" that ends the stream", printable(event)),
            Self::End(State::Malformed(how)) => write!(f, "sound framing ({how})"),
            Self::End(state) => write!(f, "the end of the message ({state})"),
        }
    }
}

impl fmt::Display for Addition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = |octets: usize| if octets == 1 { "" } else { "s" };
        match self {
            Self::Content { octets, at, from, after } => {
                let excerpt = Excerpt { of: *octets, from };
                write!(f, "{octets} octet{} of content at offset {at}: {excerpt}", s(*octets))?;
                After(after).fmt(f)
            }
            Self::Unframed { octets, from } => {
                write!(f, "{octets} octet{} outside the framing: {}", s(*octets), Excerpt { of: *octets, from })
            }
        }
    }
}

/// Prints the first octets of something, and three dots if there are more.
struct Excerpt<'a> {
    of: usize,
    from: &'a [u8],
}

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dots = if self.of > self.from.len() { " ..." } else { "" };
        write!(f, "\"{}\"{dots}", escape(self.from))
    }
}

/// Prints what stands before a cut inside a line.
struct After<'a>(&'a [u8]);

impl fmt::Display for After<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ", after \"{}\"", escape(self.0)) }
    }
}
