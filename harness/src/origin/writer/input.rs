//! The octets that the reader sends: buffered, and cut into header sections.

use std::collections::VecDeque;

use hyper::Method;

use super::conn::Conn;
use super::error::Error;

/// Go's `http.DefaultMaxHeaderBytes` and the slop it adds.
const MAX_HEAD: usize = (1 << 20) + 4096;

/// Go's `bufio.Reader` before the connection: at most this much is read at once, unless more is asked for.
const READ: usize = 4096;

/// The input of a connection.
pub(super) struct Input {
    pub(super) conn: Conn,
    kept: VecDeque<u8>,
}

/// Why there is no request.
pub(super) enum NoRequest {
    /// The reader is gone, or the connection is closed: nobody to answer.
    Gone,
    /// The input ended inside a header section, or the section does not begin with a request-line. Go reads nothing behind such a line.
    Malformed,
    TooLarge,
}

impl Input {
    pub(super) fn new(conn: Conn) -> Self {
        Self { conn, kept: VecDeque::new() }
    }

    pub(super) fn buffered(&self) -> usize {
        self.kept.len()
    }

    /// The line that begins `skip` octets behind, if all of it was read.
    pub(super) fn line(&self, skip: usize) -> Option<Vec<u8>> {
        let end = self.kept.iter().skip(skip).position(|&octet| octet == b'\n')?;
        Some(self.kept.iter().skip(skip).take(end).copied().collect())
    }

    /// Takes octets that were read elsewhere, to be read after what is here.
    pub(super) fn append(&mut self, octets: &[u8]) {
        self.kept.extend(octets);
    }

    /// Takes at most `max` octets, waiting for the first; none at the end of the input. As many as the buffer holds bypass it, so
    /// that no more is read than is asked for.
    pub(super) async fn take(&mut self, max: usize) -> Result<Vec<u8>, Error> {
        if self.kept.is_empty() {
            if max >= READ {
                let mut octets = vec![0; max];
                let n = self.conn.read(&mut octets).await?;
                octets.truncate(n);
                return Ok(octets);
            }
            self.fill().await?;
        }
        let n = max.min(self.kept.len());
        Ok(self.kept.drain(..n).collect())
    }

    /// Waits until `n` octets are there; `false` if the input ends before.
    pub(super) async fn wait_for(&mut self, n: usize) -> bool {
        while self.kept.len() < n {
            if !matches!(self.fill().await, Ok(1..)) {
                return false;
            }
        }
        true
    }

    /// Takes one header section, its empty line included.
    ///
    /// An empty line before the request is passed over only after a POST request, whose content some old clients follow with one.
    pub(super) async fn head(&mut self, after_post: bool) -> Result<Vec<u8>, NoRequest> {
        if after_post && self.wait_for(4).await {
            let breaks = self.kept.iter().take(4).take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
            self.kept.drain(..breaks);
        }
        let mut head = Vec::new();
        let mut line = 0;
        loop {
            while let Some(octet) = self.kept.pop_front() {
                head.push(octet);
                if octet == b'\n' {
                    if matches!(head[line..], [b'\n'] | [b'\r', b'\n']) {
                        return if line > 0 { Ok(head) } else { Err(NoRequest::Malformed) };
                    }
                    if line == 0 && !is_request_line(&head) {
                        return Err(NoRequest::Malformed);
                    }
                    line = head.len();
                }
            }
            if head.len() >= MAX_HEAD {
                return Err(NoRequest::TooLarge);
            }
            match self.fill().await {
                Ok(0) if head.is_empty() => return Err(NoRequest::Gone),
                Ok(0) => return Err(NoRequest::Malformed),
                Ok(_) => {}
                Err(_) => return Err(NoRequest::Gone),
            }
        }
    }

    async fn fill(&mut self) -> Result<usize, Error> {
        let mut octets = [0; READ];
        let n = self.conn.read(&mut octets).await?;
        self.append(&octets[..n]);
        Ok(n)
    }
}

/// Whether a line has the form of a request-line (RFC 9112, 3): what Go looks at before it reads the fields.
fn is_request_line(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let mut words = line.splitn(3, |&octet| octet == b' ');
    let (Some(method), Some(_target), Some(version)) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    let version = version.strip_prefix(b"HTTP/");
    Method::from_bytes(method).is_ok()
        && matches!(version, Some([major, b'.', minor]) if major.is_ascii_digit() && minor.is_ascii_digit())
}
