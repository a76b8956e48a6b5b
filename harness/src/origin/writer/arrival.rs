//! A request arrives: it becomes an exchange, or is answered without a handler.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use hyper::http::request::Parts;
use hyper::{Method, Version, header};

use super::codec::Codec;
use super::content::{Chunk, Content, Framing};
use super::exchange::{Exchange, Expect, Fields};
use super::head::{Facts, has_token};
use super::input::NoRequest;
use super::latch::Latch;
use super::notes::Account;
use super::serve::{Connection, Next};

impl Connection {
    /// Makes an exchange of a header section, or answers it.
    pub(super) async fn exchange(&self, head: Result<Vec<u8>, NoRequest>) -> Result<(Arc<Exchange>, Parts), Next> {
        let head = match head {
            Ok(head) => head,
            Err(NoRequest::Gone) => return Err(Next::Close),
            Err(NoRequest::Malformed) => {
                return Err(self.refuse("400 Bad Request", "400 Bad Request").await);
            }
            Err(NoRequest::TooLarge) => {
                let status = "431 Request Header Fields Too Large";
                self.refuse(status, status).await;
                return Err(Next::CloseGently);
            }
        };
        let head = if is_old(&head) { without(&head, b"transfer-encoding:") } else { head };
        // hyper ends a connection whose response is complete, also when the content is not read yet: it reads on one codec and answers on
        // another, which does not learn what the reader wants of the connection and so leaves the handler's fields alone
        let answering = Codec::parse(&without(&head, b"connection:"));
        let Some(((reading, parts), (codec, _))) = Codec::parse(&head).zip(answering) else {
            return Err(match names_unknown_coding(&head) {
                true => self.refuse("501 Not Implemented", "Unsupported transfer encoding").await,
                false => self.refuse("400 Bad Request", "400 Bad Request").await,
            });
        };
        match parts.headers.get_all(header::HOST).iter().count() {
            0 if parts.version == Version::HTTP_11 && parts.method != Method::CONNECT => {
                let status = "400 Bad Request: missing required Host header";
                return Err(self.refuse(status, status).await);
            }
            0 | 1 => {}
            _ => return Err(self.refuse("400 Bad Request", "400 Bad Request").await),
        }
        let framing =
            match parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok()) {
                _ if parts.headers.contains_key(header::TRANSFER_ENCODING) => Framing::Chunked,
                None | Some(0) => Framing::None,
                Some(length) => Framing::Length(length),
            };
        let expected = expects_continue(&parts) && parts.version == Version::HTTP_11 && framing != Framing::None;
        let ended = Latch::default();
        if framing == Framing::None {
            ended.set();
        }
        let content = Content {
            input: self.input.clone(),
            codec: reading,
            cancel: self.cancel.clone(),
            framing,
            chunk: Chunk::default(),
            closing: wants_close(&parts),
            ended,
            closed: false,
            pending: None,
            closed_early: false,
        };
        let exchange = Exchange {
            conn: self.conn.clone(),
            server: self.server.clone(),
            account: Account::new(self.notes.clone()),
            codec: Mutex::new(codec),
            input: self.input.clone(),
            content: tokio::sync::Mutex::new(content),
            fields: Mutex::new(Fields::default()),
            expect: Expect::new(expected),
            full_duplex: AtomicBool::new(false),
            hijacked: self.hijacked.clone(),
            done: Latch::default(),
        };
        Ok((Arc::new(exchange), parts))
    }

    /// Answers a request that no handler sees, in Go's words.
    async fn refuse(&self, status: &str, content: &str) -> Next {
        let octets = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n{content}"
        );
        self.conn.write_all(octets.as_bytes()).await.ok();
        Next::Close
    }
}

pub(super) fn facts(parts: &Parts) -> Facts {
    let http11 = parts.version == Version::HTTP_11;
    Facts {
        http11,
        head: parts.method == Method::HEAD,
        wants_keep_alive: !http11 && connection_has(parts, "keep-alive"),
        wants_close: wants_close(parts),
        keep_alives: true,
        status: 200,
        content_length: None,
        handler_done: false,
        close_after: false,
    }
}

fn wants_close(parts: &Parts) -> bool {
    let keeps = parts.version == Version::HTTP_11 || connection_has(parts, "keep-alive");
    connection_has(parts, "close") || !keeps
}

fn connection_has(parts: &Parts, token: &str) -> bool {
    field_has(parts, &header::CONNECTION, token)
}

pub(super) fn expects_continue(parts: &Parts) -> bool {
    field_has(parts, &header::EXPECT, "100-continue")
}

fn field_has(parts: &Parts, name: &header::HeaderName, token: &str) -> bool {
    parts.headers.get_all(name).iter().any(|list| list.to_str().is_ok_and(|list| has_token(list, token)))
}

/// Whether this is the header section of an HTTP/1.0 request. That version does not know Transfer-Encoding, and Go ignores it.
fn is_old(head: &[u8]) -> bool {
    let line = head.split(|&octet| octet == b'\n').next().unwrap_or_default();
    line.trim_ascii_end().ends_with(b" HTTP/1.0")
}

/// The header section without the lines that begin so, in any case.
fn without(head: &[u8], name: &[u8]) -> Vec<u8> {
    let lines = head.split_inclusive(|&octet| octet == b'\n');
    let others = lines.filter(|line| !line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)));
    others.collect::<Vec<_>>().concat()
}

/// Whether the header section names a transfer coding other than chunked (RFC 9112, 6.1).
fn names_unknown_coding(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let mut codings = head.lines().filter_map(|line| line.strip_prefix("transfer-encoding:"));
    codings.any(|coding| coding.trim() != "chunked")
}
