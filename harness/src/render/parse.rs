//! The text of a transcript, read back.

use crate::transcript::{Event, Lane, Node, Role, Step, StepId, Transcript, What};
use crate::wire::notation::{NotNotation, printable, unescape};

use super::columns::{CHAIN, Columns};
use super::lane::{ELIDED_FROM, FACTS, SOME, Thousands};

/// How many octets a transcript may hold once its elisions are written out: 64 MiB.
pub const MAX_OCTETS: usize = 64 * 1024 * 1024;

/// How many nodes a chain may have.
const MAX_NODES: usize = 16;

/// What the line is that begins the derived part, which is not read.
const VERDICT: &str = "verdict";

/// How much of a foreign text an error repeats.
const QUOTED: usize = 40;

/// Why a text is no transcript, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct BadTranscript {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: BadLine,
}

/// What is wrong with a line. Displayed: one line that says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    /// The first line is not that of the chain.
    #[error("no chain: begin with a line like \"chain: c raw, p nginx, o scripted\"")]
    NoChain,
    /// A node of the chain has no usable name, or that of another one.
    #[error(
        "{0} names no node of its own: give every node a name of letters and digits, from the reader to the origin, \
         separated by a comma and a space"
    )]
    Node(String),
    /// More nodes than are read.
    #[error("more than {MAX_NODES} nodes: shorten the chain")]
    TooManyNodes,
    /// A step out of turn.
    #[error("step {found} stands where step {due} is due: number the steps from 1")]
    StepNumber {
        /// The number of the line.
        found: String,
        /// The number that is due.
        due: usize,
    },
    /// A line that begins with none of the lanes of the chain.
    #[error("{found} is no lane of this chain: begin with one of {known}, or with the number of a step")]
    NoLane {
        /// The first word.
        found: String,
        /// The names of the lanes.
        known: String,
    },
    /// A lane and nothing behind it.
    #[error("nothing stands behind the lane: add octets or a fact, or remove the line")]
    Nothing,
    /// A transport fact of an unknown name.
    #[error("{0} is no fact: write {known}, or \\x2d for the first - of octets", known = known_facts())]
    NoFact(String),
    /// A connection made towards the reader.
    #[error("a connection is made towards the origin: write -- connect in the lane of the requests")]
    ConnectTowardsReader,
    /// An elision that cannot be read.
    #[error("{0} is no elision: write # ... 16,320 octets, all \"x\" (one octet, in notation)")]
    Elision(String),
    /// Octets or other text that cannot be read.
    #[error(transparent)]
    NotNotation(#[from] NotNotation),
    /// A sentence or a description that is not UTF-8.
    #[error("this text is not UTF-8 once its escapes are read: correct the \\xNN")]
    NotUtf8,
    /// More octets than are read.
    #[error("more than {bound} octets in all: shorten the elision", bound = Thousands(MAX_OCTETS))]
    TooLong,
}

fn known_facts() -> String {
    FACTS.map(|(fact, _)| fact).join(" or ")
}

/// Reads what [`render`](super::render()) wrote. Annotations and the verdict are not read, elisions are written out, and
/// [`Transcript::meant`] is empty. A margin may be of any width; blank lines mean nothing; lines may end with CRLF.
///
/// # Errors
/// When a line is not in this format, or when there are more than [`MAX_OCTETS`].
pub fn parse(text: &str) -> Result<Transcript, BadTranscript> {
    let mut lines = text.lines().map(|line| line.trim_matches(' ')).enumerate().filter(|(_, line)| !line.is_empty());
    let at = |at: usize| move |why| BadTranscript { line: at + 1, why };
    let Some((first, chain_line)) = lines.next() else { return Err(at(0)(BadLine::NoChain)) };
    let mut reading = Reading::of(chain(chain_line).map_err(at(first))?);
    for (number, line) in lines.take_while(|(_, line)| *line != VERDICT) {
        reading.line(line).map_err(at(number))?;
    }
    Ok(reading.finish())
}

fn chain(line: &str) -> Result<Vec<Node>, BadLine> {
    let list = line.strip_prefix(CHAIN).ok_or(BadLine::NoChain)?.trim_start_matches(' ');
    let mut chain: Vec<Node> = Vec::new();
    let mut rest = list.split(',').filter(|_| !list.is_empty()).peekable();
    while let Some(node) = rest.next() {
        let role = match (chain.is_empty(), rest.peek()) {
            (true, _) => Role::Reader,
            (false, Some(_)) => Role::Gateway,
            (false, None) => Role::Origin,
        };
        let node = node.trim_matches(' ');
        let (name, about) = node.split_once(' ').unwrap_or((node, ""));
        let is_name = !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_alphanumeric());
        if !is_name || chain.iter().any(|before| before.name == name) {
            return Err(BadLine::Node(quoted(name)));
        }
        if chain.len() == MAX_NODES {
            return Err(BadLine::TooManyNodes);
        }
        chain.push(Node { role, name: name.to_owned(), about: utf8(about)? });
    }
    Ok(chain)
}

/// The transcript as far as it is read.
struct Reading {
    transcript: Transcript,
    columns: Columns,
    octets: usize,
}

impl Reading {
    fn of(chain: Vec<Node>) -> Self {
        let columns = Columns::of(&chain);
        Self { transcript: Transcript { chain, ..Transcript::default() }, columns, octets: 0 }
    }

    fn line(&mut self, line: &str) -> Result<(), BadLine> {
        let (word, text) = line.split_once(' ').unwrap_or((line, ""));
        let text = text.trim_start_matches(' ');
        if let Some(number) = word.strip_suffix('.').filter(|number| number.bytes().all(|o| o.is_ascii_digit())) {
            return self.step(number, text);
        }
        let Some(lane) = self.columns.lane(word) else {
            return Err(BadLine::NoLane { found: quoted(word), known: self.columns.names() });
        };
        let what = match lane {
            Lane::Notes(_) => What::Note(unescape(text)?),
            Lane::Request(_) | Lane::Response(_) => self.fact(lane, text)?,
        };
        let step = StepId(self.transcript.steps.len().saturating_sub(1));
        self.transcript.events.push(Event { step, lane, what });
        Ok(())
    }

    /// The facts in the transcript's own order, the pieces of a run joined.
    fn finish(mut self) -> Transcript {
        let mut read = std::mem::take(&mut self.transcript.events);
        read.sort_by_key(|event| (event.step, event.lane));
        let events = &mut self.transcript.events;
        for Event { step, lane, what } in read {
            match (events.last_mut(), what) {
                (Some(Event { step: its, lane: same, what: What::Octets(run) }), What::Octets(piece))
                    if *its == step && *same == lane =>
                {
                    run.extend_from_slice(&piece);
                }
                (_, what) => events.push(Event { step, lane, what }),
            }
        }
        self.transcript
    }

    fn step(&mut self, number: &str, text: &str) -> Result<(), BadLine> {
        let due = self.transcript.steps.len() + 1;
        if number != due.to_string() {
            return Err(BadLine::StepNumber { found: quoted(number), due });
        }
        self.transcript.steps.push(Step { text: utf8(text)? });
        Ok(())
    }

    fn fact(&mut self, lane: Lane, text: &str) -> Result<What, BadLine> {
        let (text, elided) = match text.strip_prefix("# ...") {
            Some(rest) => (without_annotation(rest), true),
            None => (without_annotation(text), false),
        };
        if elided {
            let (count, octet) = elision(text).ok_or_else(|| BadLine::Elision(quoted(text.trim_start_matches(' '))))?;
            self.count(count)?;
            return Ok(What::Octets(vec![octet; count]));
        }
        if text.starts_with("-- ") {
            let known = FACTS.into_iter().find(|(fact, _)| *fact == text);
            return match known.ok_or_else(|| BadLine::NoFact(quoted(text)))? {
                (_, What::Connect) if matches!(lane, Lane::Response(_)) => Err(BadLine::ConnectTowardsReader),
                (_, what) => Ok(what),
            };
        }
        let octets = unescape(text)?;
        if octets.is_empty() {
            return Err(BadLine::Nothing);
        }
        self.count(octets.len())?;
        Ok(What::Octets(octets))
    }

    fn count(&mut self, octets: usize) -> Result<(), BadLine> {
        self.octets = self.octets.saturating_add(octets);
        if self.octets > MAX_OCTETS { Err(BadLine::TooLong) } else { Ok(()) }
    }
}

/// The text before two spaces and `#`, or before a `#` at its beginning.
fn without_annotation(text: &str) -> &str {
    if text.starts_with('#') {
        return "";
    }
    text.find("  #").map_or(text, |at| &text[..at]).trim_end_matches(' ')
}

/// The count and the octet of what stands behind `# ...`.
fn elision(text: &str) -> Option<(usize, u8)> {
    let (count, octet) = text.strip_prefix(' ')?.split_once(" octets, all \"")?;
    let count: usize = if count == SOME { ELIDED_FROM } else { count.replace(',', "").parse().ok()? };
    match unescape(octet.strip_suffix('"')?).ok()?[..] {
        [octet] if count > 0 => Some((count, octet)),
        _ => None,
    }
}

fn utf8(text: &str) -> Result<String, BadLine> {
    String::from_utf8(unescape(text)?).map_err(|_| BadLine::NotUtf8)
}

/// A foreign text in an error: in quotes, short, and safe for a terminal.
fn quoted(text: &str) -> String {
    let mut start: String = text.chars().take(QUOTED).collect();
    if start.len() < text.len() {
        start.push_str("...");
    }
    format!("\"{}\"", printable(&start))
}
