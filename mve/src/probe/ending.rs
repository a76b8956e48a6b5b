//! How a response ended, and how the reading of it did.

use std::fmt;
use std::time::Duration;

use harness::wire::h1;

/// What the framing of a response came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Framing {
    /// It ended as its framing says.
    Complete(By),
    /// Its framing has not come to an end: why.
    Incomplete(String),
    /// It broke the grammar: how.
    Malformed(String),
    /// Not an octet of it came.
    Nothing,
}

/// What made a response complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// In HTTP/1.1.
    Http1(h1::By),
    /// END_STREAM (RFC 9113 8.1).
    EndStream,
}

impl By {
    /// The word for programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Http1(h1::By::LastChunk) => "last-chunk",
            Self::Http1(h1::By::ContentLength) => "content-length",
            Self::Http1(h1::By::Close) => "close",
            Self::Http1(h1::By::NoContent | h1::By::Upgrade) => "no-content",
            Self::EndStream => "end-stream",
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http1(by) => by.fmt(f),
            Self::EndStream => f.write_str("END_STREAM"),
        }
    }
}

impl Framing {
    /// That of a message of HTTP/1.x.
    #[must_use]
    pub fn of(state: h1::State) -> Self {
        match state {
            h1::State::Complete(by) => Self::Complete(By::Http1(by)),
            h1::State::Incomplete(h1::Why { at: h1::Position::BeforeStatusLine, .. }) => Self::Nothing,
            h1::State::Incomplete(why) => Self::Incomplete(why.to_string()),
            h1::State::Malformed(how) => Self::Malformed(how.to_string()),
        }
    }

    /// Whether the response says that it is whole.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        matches!(self, Self::Complete(_))
    }
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete(by) => write!(f, "complete ({by})"),
            Self::Incomplete(why) => write!(f, "incomplete: {why}"),
            Self::Malformed(how) => write!(f, "malformed: {how}"),
            Self::Nothing => f.write_str("no response"),
        }
    }
}

/// How the reading ended, and when, counted from the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// How.
    pub how: How,
    /// When.
    pub at: Duration,
}

/// How the reading of a response ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// With the end of the message, as its framing has it; the connection may go on.
    Message,
    /// The peer ended its direction in order.
    Fin,
    /// The same under TLS, without the alert that has to come first (RFC 9112 9.8): anybody on the way can do that.
    NoCloseNotify,
    /// The peer, or something on the way, reset the connection.
    Rst,
    /// HTTP/2: RST_STREAM, with the name of its error code.
    ResetStream(String),
    /// HTTP/2: the peer gave the connection up, with the name of its error code.
    GoAway(String),
    /// The connection failed otherwise: how.
    Failed(String),
    /// We left.
    Left(Left),
}

/// Why we left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// We were told to, by a signal.
    Asked,
    /// `--for` is over.
    Bound(Duration),
    /// More octets came than are recorded: so many.
    Full(usize),
    /// The header section goes on after so many octets.
    EndlessHead(usize),
    /// So many interim responses came, and no final one.
    EndlessInterims(usize),
    /// More reads, chunks or frames came than are counted: so many.
    TooManyParts(usize),
    /// HTTP/2: what the peer asks to be acknowledged, it does not read: so many octets wait for it.
    Unread(usize),
    /// After what came, nobody can tell where anything begins.
    Malformed,
}

impl How {
    /// Whether the peer, or something on the way, ended it.
    #[must_use]
    pub const fn is_the_peers(&self) -> bool {
        !matches!(self, Self::Left(_))
    }

    /// The word for programs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Fin => "fin",
            Self::NoCloseNotify => "fin-without-close-notify",
            Self::Rst => "rst",
            Self::ResetStream(_) => "rst-stream",
            Self::GoAway(_) => "goaway",
            Self::Failed(_) => "failed",
            Self::Left(Left::Asked) => "stopped",
            Self::Left(Left::Bound(_)) => "for",
            Self::Left(
                Left::Full(_)
                | Left::EndlessHead(_)
                | Left::EndlessInterims(_)
                | Left::TooManyParts(_)
                | Left::Unread(_),
            ) => "too-much",
            Self::Left(Left::Malformed) => "malformed",
        }
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message => f.write_str("with the message"),
            Self::Fin => f.write_str("by FIN"),
            Self::NoCloseNotify => f.write_str("by FIN, without TLS's close_notify"),
            Self::Rst => f.write_str("by RST"),
            Self::ResetStream(code) => write!(f, "by RST_STREAM({code})"),
            Self::GoAway(code) => write!(f, "by GOAWAY({code})"),
            Self::Failed(how) => write!(f, "by an error of the connection: {how}"),
            Self::Left(left) => left.fmt(f),
        }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => f.write_str("the probe was stopped"),
            Self::Bound(bound) => write!(f, "--for {} is over", humantime::format_duration(*bound)),
            Self::Full(most) => write!(f, "more than {most} octets came, which is as many as are recorded"),
            Self::EndlessHead(most) => {
                write!(f, "the header section has more than {most} octets, and the probe left")
            }
            Self::EndlessInterims(count) => {
                write!(f, "{count} interim responses came and no final one, and the probe left")
            }
            Self::TooManyParts(most) => {
                write!(f, "more than {most} reads, chunks or frames came, which is as many as are counted")
            }
            Self::Unread(octets) => {
                write!(f, "{octets} octets of acknowledgements wait for the peer to read them, and the probe left")
            }
            Self::Malformed => f.write_str("the framing is lost"),
        }
    }
}
