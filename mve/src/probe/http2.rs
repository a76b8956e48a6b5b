//! Reads one response in HTTP/2: its frames, as they come.

use std::io;
use std::time::Duration;

use harness::reader::http2::{self, Http2, Seen};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::clock::Clock;
use super::content::Intake;
use super::ending::{By, Ending, Framing, How, Left};
use super::http1::failure;
use super::observation::{Asked, Delimited, Head, Observation, content_coding};
use super::recording::Limits;
use super::request::{HOP_BY_HOP, Request};
use super::target::Target;

/// How many octets a read takes at most.
const READ: usize = 64 * 1024;
/// So many octets of answers to a peer's own questions may wait to be taken by it.
const ANSWERS: usize = 1 << 20;

/// What is kept of an exchange in HTTP/2 while it goes on.
#[derive(Debug)]
pub struct Frames {
    clock: Clock,
    limits: Limits,
    mark: Option<String>,
    http2: Http2,
    received: usize,
    reads: usize,
    first: Option<Duration>,
    interim: Vec<u16>,
    head: Option<Head>,
    intake: Option<Intake>,
    pieces: Vec<usize>,
    length: usize,
    broken: Option<String>,
    go_away: Option<String>,
    is_complete: bool,
    ending: Option<Ending>,
}

impl Frames {
    /// Of a request that begins now.
    #[must_use]
    pub fn new(mark: Option<&str>, limits: Limits) -> Self {
        Self {
            clock: Clock::start(),
            limits,
            mark: mark.map(str::to_owned),
            http2: Http2::default(),
            received: 0,
            reads: 0,
            first: None,
            interim: Vec::new(),
            head: None,
            intake: None,
            pieces: Vec::new(),
            length: 0,
            broken: None,
            go_away: None,
            is_complete: false,
            ending: None,
        }
    }

    /// Its clock, which began with the request.
    #[must_use]
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    /// How many octets have arrived.
    #[must_use]
    pub const fn octets(&self) -> usize {
        self.received
    }

    /// It ended like this, unless it has ended already.
    pub fn ended(&mut self, how: How) {
        // What a connection that was given up ends with is the consequence.
        let how = match (how, self.go_away.take()) {
            (How::Fin | How::NoCloseNotify | How::Rst, Some(code)) => How::GoAway(code),
            (how, _) => how,
        };
        self.ending.get_or_insert(Ending { how, at: self.clock.now() });
    }

    /// This has arrived; what has to be answered.
    fn received(&mut self, octets: &[u8]) -> Vec<u8> {
        let at = self.clock.now();
        self.received += octets.len();
        self.reads += 1;
        let answers = self.http2.push(octets);
        for seen in self.http2.take_seen() {
            if self.ending.is_none() {
                self.take(at, seen);
            }
        }
        let Limits { octets, head, parts } = self.limits;
        if self.received > octets {
            self.ended(How::Left(Left::Full(octets)));
        } else if self.head.is_none() && self.received > head {
            let no_end = match self.interim.len() {
                0 | 1 => Left::EndlessHead(head),
                count => Left::EndlessInterims(count),
            };
            self.ended(How::Left(no_end));
        } else if self.reads.max(self.pieces.len()).max(self.interim.len()) >= parts {
            self.ended(How::Left(Left::TooManyParts(parts)));
        }
        answers
    }

    fn take(&mut self, at: Duration, seen: Seen) {
        match seen {
            Seen::Headers { fields, end_stream } => {
                self.first.get_or_insert(at);
                self.headers(at, fields);
                self.ends(end_stream);
            }
            Seen::Data { octets, end_stream } => {
                let Some(intake) = &mut self.intake else { return self.breaks("DATA before the header section") };
                intake.push(at, &octets);
                self.length += octets.len();
                self.pieces.push(octets.len());
                self.ends(end_stream);
            }
            Seen::Reset(code) => self.ended(How::ResetStream(http2::error_name(code))),
            // Our stream is 1: with any other number the peer still answers it.
            Seen::GoAway { code, last: 0 } => self.ended(How::GoAway(http2::error_name(code))),
            Seen::GoAway { code, .. } => self.go_away = Some(http2::error_name(code)),
            Seen::Broken(why) => self.breaks(&why),
        }
    }

    fn headers(&mut self, at: Duration, fields: Vec<(Vec<u8>, Vec<u8>)>) {
        if self.head.is_some() {
            // Trailers.
            return;
        }
        let status = fields.iter().find(|(name, _)| name == b":status");
        let status = status.and_then(|(_, value)| std::str::from_utf8(value).ok()?.parse::<u16>().ok());
        let Some(status) = status else { return self.breaks("a header section without :status") };
        if (100..200).contains(&status) {
            return self.interim.push(status);
        }
        let fields = fields.into_iter().filter(|(name, _)| !name.starts_with(b":")).collect();
        let head = Head { at, version: "HTTP/2".to_owned(), status, fields };
        let coding = content_coding(Some(&head));
        self.intake = Some(Intake::new(head.field("content-type"), coding.as_deref(), self.mark.as_deref()));
        self.head = Some(head);
    }

    fn ends(&mut self, end_stream: bool) {
        if !end_stream || self.ending.is_some() || self.head.is_none() {
            return;
        }
        let length = self.head.as_ref().and_then(|head| head.field("content-length"));
        let length = length.and_then(|value| std::str::from_utf8(value).ok()?.parse::<usize>().ok());
        match length {
            Some(length) if length != self.length && self.length > 0 => {
                self.breaks(&format!("content-length is {length}, and the DATA frames have {} octets", self.length));
            }
            _ => {
                self.is_complete = true;
                self.ended(How::Message);
            }
        }
    }

    fn breaks(&mut self, why: &str) {
        self.broken.get_or_insert(why.to_owned());
        self.ended(How::Left(Left::Malformed));
    }

    /// What was observed, to its end.
    #[must_use]
    pub fn finish(self, asked: Asked) -> Observation {
        let ending = self.ending.unwrap_or(Ending { how: How::Left(Left::Asked), at: self.clock.now() });
        let framing = match (self.broken, self.is_complete, &ending.how) {
            (Some(why), ..) => Framing::Malformed(why),
            (_, true, _) => Framing::Complete(By::EndStream),
            (.., How::ResetStream(code)) => Framing::Incomplete(format!("RST_STREAM({code})")),
            (.., How::GoAway(code)) if self.head.is_none() => Framing::Incomplete(format!("GOAWAY({code})")),
            _ if self.first.is_none() => Framing::Nothing,
            (.., How::Left(_)) => Framing::Incomplete("no END_STREAM, still open".to_owned()),
            _ => Framing::Incomplete("no END_STREAM".to_owned()),
        };
        let upper = self.head.iter().flat_map(|head| &head.fields);
        let upper = upper.filter(|(name, _)| name.iter().any(u8::is_ascii_uppercase)).take(1);
        let intake = self.intake.unwrap_or_else(|| Intake::new(None, None, self.mark.as_deref()));
        Observation {
            url: asked.url,
            method: asked.method,
            dialled: asked.dialled,
            deviations: upper.map(|_| "field name in upper case".to_owned()).collect(),
            interim: self.interim,
            head: self.head,
            first_octet: self.first,
            delimited: Delimited::Frames,
            pieces: self.pieces,
            content: intake.finish(),
            framing,
            ending,
            surplus: 0,
            stray: Vec::new(),
        }
    }
}

/// The octets of a request in HTTP/2, with the preface of the connection before them.
#[must_use]
pub fn octets(request: &Request, target: &Target) -> Vec<u8> {
    let mut fields: Vec<(String, String)> =
        request.fields.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
    fields.retain(|(name, _)| !HOP_BY_HOP.contains(&name.as_str()));
    if let Some(content) = &request.content {
        fields.push(("content-length".to_owned(), content.len().to_string()));
    }
    let request = http2::Request {
        method: &request.method,
        scheme: if target.is_secure() { "https" } else { "http" },
        authority: &request.authority(target),
        path: &target.path(),
        fields: &fields,
        content: request.content.as_deref(),
    };
    request.octets()
}

/// Sends a request and reads until its response, or the connection, has ended. What was read is in the frames, also when
/// this is dropped before its end. `each` is called after every read.
pub async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send,
    request: &[u8],
    frames: &mut Frames,
    mut each: impl FnMut(&Frames),
) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut unsent = request.to_vec();
    let mut is_flushed = true;
    let mut can_send = true;
    let mut octets = vec![0; READ];
    while frames.ending.is_none() {
        let read = tokio::select! {
            sent = send(&mut writer, &unsent), if can_send && !(unsent.is_empty() && is_flushed) => {
                match sent {
                    Ok(0) => is_flushed = true,
                    Ok(count) => {
                        unsent.drain(..count);
                        is_flushed = false;
                    }
                    // Why, what is read will tell.
                    Err(_) => can_send = false,
                }
                continue;
            }
            read = reader.read(&mut octets) => read,
        };
        match read {
            Ok(0) => frames.ended(How::Fin),
            Ok(count) => unsent.extend(frames.received(&octets[..count])),
            Err(error) => frames.ended(failure(&error)),
        }
        if unsent.len() > ANSWERS {
            frames.ended(How::Left(Left::Unread(unsent.len())));
        }
        each(frames);
    }
}

/// Writes some of these octets, and says how many; flushes, if there are none. Nothing is lost when this is dropped.
async fn send(writer: &mut (impl AsyncWrite + Unpin), octets: &[u8]) -> io::Result<usize> {
    if octets.is_empty() {
        return writer.flush().await.map(|()| 0);
    }
    match writer.write(octets).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        count => Ok(count),
    }
}
