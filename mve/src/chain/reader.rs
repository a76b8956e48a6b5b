//! The reader's end: a connection of its own for each script, and exchanges beside it.

use std::io::Write as _;
use std::panic::Location;

use flate2::write::GzDecoder;
use harness::observer::Observer;
use harness::patience;
use harness::transcript::{Meant, Recorder, What, chain};
use harness::verdict::Verdict;
use harness::wire::h1;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::probe::{Failed, Wish};
use crate::probe::dial::{Duplex, dial};
use crate::probe::target::Target;

/// So many octets of a response are read: far more than any script has the origin send.
const MOST: usize = 4 << 20;

/// A reader that has asked.
pub(super) struct Reader {
    socket: Option<Box<dyn Duplex>>,
    observer: Observer,
    octets: Vec<u8>,
    labeller: h1::Labeller,
    end: h1::End,
}

impl Reader {
    /// Connects and asks; `fields` are whole lines.
    pub(super) async fn ask(
        wish: &Wish,
        target: &Target,
        method: &str,
        path: &str,
        fields: &str,
        meant: Meant,
    ) -> Result<Self, Failed> {
        let mut observers = Observer::all(Recorder::new(chain("lastchunk", &[], "lastchunk origin"), meant));
        let observer = observers.swap_remove(0);
        observer.recorder().step("the reader asks");
        let mut socket = dial(target, &wish.way).await.map_err(|error| Failed(error.to_string()))?.stream;
        let (host, base) = (target.authority(), target.path());
        let base = base.split('?').next().unwrap_or_default().trim_end_matches('/');
        let request = format!("{method} {base}{path} HTTP/1.1\r\nHost: {host}\r\n{}{fields}\r\n", wish.fields);
        observer.outgoing(What::Octets(request.clone().into_bytes()));
        let sent = socket.write_all(request.as_bytes()).await;
        sent.map_err(|error| Failed(format!("cannot send a request to {target}: {error}")))?;
        let labeller = h1::Labeller::responses([method.to_owned()]);
        Ok(Self { socket: Some(socket), observer, octets: Vec::new(), labeller, end: h1::End::Open })
    }

    /// Reads once. Never returns once the connection is over, or there is too much of it.
    pub(super) async fn read(&mut self) {
        let is_full = self.is_full();
        let Some(socket) = self.socket.as_mut().filter(|_| self.end == h1::End::Open && !is_full) else {
            return std::future::pending().await;
        };
        let mut octets = vec![0; 64 * 1024];
        match socket.read(&mut octets).await {
            Ok(0) => self.ended(h1::End::Fin, What::Fin),
            Ok(count) => {
                octets.truncate(count);
                self.octets.extend_from_slice(&octets);
                self.labeller.push(&octets);
                self.observer.incoming(What::Octets(octets));
            }
            // TLS that is cut without a close alert reads as an error; octets that were in it came before.
            Err(_) => self.ended(h1::End::Rst, What::Rst),
        }
    }

    fn ended(&mut self, end: h1::End, what: What) {
        self.end = end;
        self.observer.incoming(what);
    }

    /// Reads what has arrived.
    pub(super) async fn read_now(&mut self) {
        loop {
            tokio::select! {
                biased;
                () = self.read() => {}
                () = std::future::ready(()) => return,
            }
        }
    }

    /// Begins a step: what has come belongs to the one before.
    pub(super) fn step(&self, text: &str) {
        self.observer.claim_all();
        self.observer.recorder().step(text);
    }

    /// Whether nothing more can come of the response, or is read of it.
    pub(super) fn is_over(&self) -> bool {
        self.labeller.completed() > 0 || self.end != h1::End::Open || self.is_full()
    }

    fn is_full(&self) -> bool {
        self.octets.len() > MOST
    }

    /// Complains of a response that is more than any script.
    pub(super) fn is_bounded(&self) -> Result<(), Failed> {
        match self.is_full() {
            false => Ok(()),
            true => Err(Failed(format!(
                "what came through the chain is no scripted response: it has more than {MOST} octets"
            ))),
        }
    }

    fn message(&self) -> Option<&h1::Message> {
        self.labeller.messages().iter().find(|message| !message.interim)
    }

    /// Whether the header section of the response has come.
    pub(super) fn has_head(&self) -> bool {
        self.message().is_some_and(|message| message.framing != h1::Framing::Unknown)
    }

    /// The status, if it has come.
    pub(super) fn status(&self) -> Option<u16> {
        self.message().and_then(|message| message.status)
    }

    /// A field of the response.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        let value = self.message()?.field(&self.octets, name)?;
        Some(String::from_utf8_lossy(value).into_owned())
    }

    /// All octets that have come.
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The content as it came.
    pub(super) fn raw_content(&self) -> Vec<u8> {
        self.message().map_or_else(Vec::new, |message| message.content_in(&self.octets))
    }

    /// How many octets of content a reader could use by now: of compressed ones, what comes out of them.
    pub(super) fn usable(&self) -> usize {
        let content = self.raw_content();
        if self.field("content-encoding").is_none() {
            return content.len();
        }
        let mut plain = GzDecoder::new(Vec::new());
        // A stream that is not over lacks its end; what came out until then is what counts.
        let _unfinished = plain.write_all(&content).and_then(|()| plain.flush());
        plain.get_ref().len()
    }

    /// How many events have come whole.
    pub(super) fn usable_events(&self) -> usize {
        let content = self.raw_content();
        let text = String::from_utf8_lossy(&content);
        text.split_inclusive("\n\n").filter(|block| block.starts_with("data: ") && block.ends_with("\n\n")).count()
    }

    /// Closes the connection.
    pub(super) fn leave(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket.close();
        }
    }

    /// Resets the connection.
    pub(super) fn reset(&mut self) {
        if let Some(socket) = self.socket.take() {
            // A chain that is gone by now has nobody left to tell.
            let _gone = socket.reset();
        }
    }

    /// Ends its own direction.
    pub(super) async fn half_close(&mut self) {
        if let Some(socket) = &mut self.socket {
            // A chain that is gone by now shows in what comes.
            let _gone = socket.shutdown().await;
        }
    }

    /// What it comes to, by the rules of the harness; `hung` if nothing more comes and it is not over.
    pub(super) fn verdict(&self) -> Verdict {
        self.observer.claim_all();
        if !self.is_over() {
            self.observer.silence();
        }
        self.observer.recorder().seal();
        Verdict::of(&self.observer.recorder().transcript())
    }
}

/// One whole exchange on a connection of its own: status and content.
pub(super) async fn exchange(wish: &Wish, target: &Target, path: &str) -> Result<(Option<u16>, Vec<u8>), Failed> {
    let fields = "Accept: */*\r\nConnection: close\r\n";
    let mut reader = Reader::ask(wish, target, "GET", path, fields, Meant::default()).await?;
    let whole = async {
        while !reader.is_over() {
            reader.read().await;
        }
    };
    patience::wait("an exchange through the chain to end", Location::caller(), String::new, whole).await;
    reader.is_bounded()?;
    Ok((reader.status(), reader.raw_content()))
}
