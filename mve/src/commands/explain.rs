//! `lastchunk explain`.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use harness::capture::{Capture, Captured, MOST};
use harness::wire::h1;
use mve::explain::{Form, explain};

use super::complaint::{self, Complaint};
use super::selection::quoted;
use super::{Exit, output, packets};

const HELP: &str = "\
The octets are those of the responses of one HTTP/1.x connection, as they
came: from a file or standard input, at most 16 MiB. A transcript as
`lastchunk show` prints it, a snapshot of one, or octets in its notation
(HTTP/1.1 200 OK\\r\\n) are read as what they stand for; what they say of the
end (-- FIN, -- RST) goes before --end.

A packet capture (pcap, pcapng) is known by how it begins. Each HTTP/1.x
response in it is explained with its request, by itself: neither --end nor
--method is needed. What was not captured is said, and not judged. At most 256
MiB of it are held.

  tcpdump -i any -s 0 -w stream.pcap 'tcp port 8080'
      capture, while the stream breaks
  lastchunk explain stream.pcap
      each response, annotated and judged
  lastchunk explain --json stream.pcap | jq 'select(.framing != \"complete\")'
  printf 'HTTP/1.1 200 OK\\r\\n\\r\\n' | lastchunk explain --end rst

With --json, one object a line, one line a response that is no interim one
(1xx), with the keys
  framing  complete, incomplete, malformed, or none when there is not an octet
           of a response; octets that are no HTTP are malformed
  by       what completed it: last-chunk, content-length, close, no-content;
           or null
  why      why it is incomplete or malformed; or null
  events   how many events a reader would have dispatched; null when it is no
           event stream
  pending  whether an event waits for its empty line, and is discarded at the
           end
and for a response of a packet capture also
  connection  the number of its TCP connection in the capture, from 1
  index       its own number in that connection, from 1
  end         how what is known of it ended: fin, rst, open (the connection
              went on, or the capture ended), gap (octets were not captured),
              bound (more than is held); behind gap and bound, framing is
              unknown
  request     method and target of the request, or null when it was not
              captured
  reader      address and port of who asked
  origin      address and port of who answered

Exit status: 0 whatever the verdict, 2 when the octets cannot be read, or
there are none: no octet, unless --end says how a connection without one
ended, or a packet capture without a packet.";

/// How compressed files begin (RFC 1952 2.3.1, RFC 8878 3.1.1), and what takes it out.
const COMPRESSED: [(&[u8], &str); 2] = [(b"\x1f\x8b", "gunzip"), (b"\x28\xb5\x2f\xfd", "unzstd")];

/// Octets, and what has to be known to judge them.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, after_help = "See --help for the forms of the octets and the keys of --json.")]
pub struct Explain {
    /// The file that holds the octets; without one, or for -, standard input
    file: Option<PathBuf>,
    /// How the connection ended [default: fin]
    #[arg(long, value_enum)]
    end: Option<End>,
    /// The method of the request that was answered; once for each request, in order [default: GET]
    #[arg(long = "method", value_name = "M")]
    methods: Vec<String>,
    /// One object a line
    #[arg(long)]
    json: bool,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum End {
    /// In order
    Fin,
    /// By a reset
    Rst,
    /// Not yet
    Open,
}

impl From<End> for h1::End {
    fn from(end: End) -> Self {
        match end {
            End::Fin => Self::Fin,
            End::Rst => Self::Rst,
            End::Open => Self::Open,
        }
    }
}

impl Explain {
    pub fn answer(&self) -> Result<Exit, Complaint> {
        if let Some(method) = self.methods.iter().find(|method| !h1::is_token(method.as_bytes())) {
            return Err(Complaint::new(format!("--method {} is no method: write one as GET or HEAD", quoted(method))));
        }
        let (mut from, name) = self.open()?;
        let mut beginning = Vec::new();
        let begun = (&mut from).take(packets::BEGINNING).read_to_end(&mut beginning);
        begun.map_err(|error| Complaint::new(format!("cannot read {name}: {error}")))?;
        if beginning.is_empty() && self.end.is_none() {
            return Err(Complaint::new(format!(
                "{name} is empty (of a connection that ended without an octet, tell with --end how it ended)"
            )));
        }
        if let Some((_, how)) = COMPRESSED.iter().find(|(magic, _)| beginning.starts_with(magic)) {
            return Err(Complaint::new(format!("{name} is compressed: {how} it first")));
        }
        let from = io::Cursor::new(beginning).chain(from);
        if harness::packets::is_capture(from.get_ref().0.get_ref()) {
            if self.end.is_some() || !self.methods.is_empty() {
                complaint::say(
                    "--end and --method are for octets: a packet capture has the requests and ends that it has",
                );
            }
            return packets::explain(from, &name, self.json);
        }
        let captured = self.captured(from, &name)?;
        if let Some(remark) = &captured.remark {
            complaint::say(remark);
        }
        let mut out = output::text();
        let remark = if self.json {
            explain(&captured, Form::Objects, &mut out)?
        } else {
            explain(&captured, Form::Text, &mut out.transcript_lines())?
        };
        out.flush()?;
        if let Some(remark) = remark {
            complaint::say(&remark);
        }
        Ok(Exit::AsClaimed)
    }

    fn captured(&self, from: impl Read, name: &str) -> Result<Captured, Complaint> {
        let mut octets =
            up_to_the_most(from).map_err(|error| Complaint::new(format!("cannot read {name}: {error}")))?;
        let is_whole = octets.len() <= MOST;
        if !is_whole {
            octets.truncate(MOST);
            complaint::say(&format!(
                "{name} has more than {MOST} octets: the first {MOST} are explained, as still open"
            ));
        }
        // What was cut here was not cut there.
        let end = if is_whole { self.end.unwrap_or(End::Fin).into() } else { h1::End::Open };
        Ok(Capture { methods: &self.methods, end }.read(octets))
    }

    /// Where the octets come from, and its name.
    fn open(&self) -> Result<(Box<dyn Read + Send>, String), Complaint> {
        match self.file.as_deref().filter(|file| *file != Path::new("-")) {
            Some(file) => {
                let name = quoted(&file.to_string_lossy());
                let opened =
                    File::open(file).map_err(|error| Complaint::new(format!("cannot read {name}: {error}")))?;
                Ok((Box::new(opened), name))
            }
            None => {
                if io::stdin().is_terminal() {
                    complaint::say("reading octets from the terminal: end them with Ctrl-D, or name a file");
                }
                Ok((Box::new(io::stdin()), "standard input".to_owned()))
            }
        }
    }
}

/// One octet more than is explained, so that it shows that there are more.
fn up_to_the_most(from: impl Read) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    from.take(MOST as u64 + 1).read_to_end(&mut octets)?;
    Ok(octets)
}
