//! Why a command could not do its work: one line that says what to do.

use std::fmt;
use std::io::{self, Write as _};

use clap::CommandFactory as _;
use clap::error::ErrorKind;
use harness::wire::notation::printable;

use super::Exit;
use super::stop::Reason;

/// How many characters of a foreign line are told.
const SHORT: usize = 400;

/// Why a command could not do its work.
#[derive(Debug)]
pub enum Complaint {
    /// A line for a person.
    Line(String),
    /// Nobody reads the output any more: nobody to tell it to.
    Unread,
}

impl Complaint {
    /// A complaint in one line, whatever the text.
    pub fn new(text: impl fmt::Display) -> Self {
        Self::Line(one_line(&text.to_string()))
    }

    /// Tells it on standard error; the status to exit with.
    pub fn tell(&self) -> u8 {
        match self {
            Self::Line(line) => {
                say(line);
                Exit::CouldNotRun.status()
            }
            Self::Unread => Reason::Unread.status(),
        }
    }
}

impl From<io::Error> for Complaint {
    /// An error of the output: every other one is told with what it was about.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Unread,
            _ => Self::new(format!("cannot write the output: {error}")),
        }
    }
}

/// Writes a line to standard error; if nobody reads that, there is nobody to tell.
pub fn say(line: &str) {
    let _unread = writeln!(io::stderr(), "lastchunk: {}", one_line(line));
}

/// A text as one line that cannot drive a terminal. What is printable already stays as it is, so that what was escaped
/// before is not escaped again.
pub fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(safe).collect::<Vec<_>>().join(" | ")
}

/// A line that cannot drive a terminal: as it is, or, if it could, escaped.
pub fn safe(line: &str) -> String {
    if line.bytes().all(|octet| matches!(octet, b' '..=b'~')) { line.to_owned() } else { printable(line) }
}

/// A foreign line for people: safe, and of a long one its beginning. Whoever wants all of it asks for `--json`.
pub fn short(line: &str) -> String {
    let start: String = line.chars().take(SHORT).collect();
    let more = if start.len() < line.len() { "..." } else { "" };
    safe(&start) + more
}

/// What clap has to say: help and version as they are, everything else in one line.
pub fn of_clap(error: &clap::Error) -> Result<Exit, Complaint> {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        error.print()?;
        return Ok(Exit::AsClaimed);
    }
    let text = error.to_string();
    let usage = text.lines().find_map(|line| line.strip_prefix("Usage: ")).map_or_else(asked, str::to_owned);
    let said: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage: ") && !line.starts_with("For more information"))
        .filter(|line| !line.is_empty())
        .collect();
    let said = said.join(" ").replace("  ", " ");
    let said = said.strip_prefix("error: ").unwrap_or(&said);
    let command: Vec<&str> = usage.split(' ').take_while(|word| !word.starts_with(['[', '<', '-'])).collect();
    Err(Complaint::new(format!("{said} (see `{} --help`)", command.join(" "))))
}

/// The command that was asked for, where clap does not say whose argument is wrong.
fn asked() -> String {
    let all = super::Cli::command();
    let word = std::env::args().nth(1).filter(|word| all.find_subcommand(word).is_some());
    word.map_or("lastchunk".to_owned(), |word| format!("lastchunk {word}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_already_is_not_escaped_again() {
        assert_eq!(one_line("o>c  0\\r\\n\n\n  -- FIN\n"), "o>c  0\\r\\n | -- FIN");
    }

    #[test]
    fn a_terminal_is_not_driven() {
        assert_eq!(one_line("\x1b]0;owned\x07"), "\\x1b]0;owned\\x07");
        assert_eq!(one_line("a\u{202e}b"), "a\\xe2\\x80\\xaeb");
    }
}
