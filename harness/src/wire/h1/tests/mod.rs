mod cuts;
mod framing;
mod labels;
mod properties;

use super::*;

/// Streams that reach every state: the octets, and the methods they answer.
const RESPONSES: [(&str, &[&str]); 22] = [
    ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour", &["GET"]),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\none\r\n0b\r\ndata: two\n\n\r\n0\r\nA: b\r\n\r\n",
        &["GET"],
    ),
    (
        "HTTP/1.1 200 OK\r\nServer: x\r\n\r\nuntil the close",
        &["GET"],
    ),
    (
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nokHTTP/1.0 404\r\n\r\n",
        &["GET", "GET"],
    ),
    (
        "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        &["GET", "GET"],
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        &["HEAD", "GET"],
    ),
    (
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n.",
        &["POST"],
    ),
    (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\u{1}\r\nraw",
        &["GET"],
    ),
    ("HTTP/1.1 200 OK\r\n\r\ntunnel\r\n\r\n", &["CONNECT"]),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n.\r\nHTTP/1.1 200 OK\r\n",
        &["GET"],
    ),
    (
        "\r\n\nHTTP/1.1 200 OK\r\n X: y\r\nContent-Length: 1\r\n\r\n.",
        &["GET"],
    ),
    ("\rHTTP/1.1 200 OK\r\n\r\n", &["GET"]),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloevent: x\r\n\r\n0\r\n\r\n",
        &["GET"],
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\rx\r\n0\r\n\r\n",
        &["GET"],
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nevent: x\r\n\r\n",
        &["GET", "GET"],
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n11112222333344445\r\n",
        &["GET"],
    ),
    (
        "HTTP/1.1 200 OK\nA: b\n c\n\t\nno field\n d\nTransfer-Encoding:\n chunked\nContent-Length : 3\n\n2 \r\nab\r\n0\r\n\n",
        &["GET"],
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        &["GET"],
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nabcd",
        &["GET"],
    ),
    ("data: no status-line at all\n\n", &["GET"]),
    ("HTTP/1.1 2000 OK\r\n\r\n", &["GET"]),
    ("unasked", &[]),
];

const REQUESTS: [&str; 8] = [
    "GET /events HTTP/1.1\r\nHost: mve.test\r\n\r\nHEAD / HTTP/1.1\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello\r\nGET / HTTP/1.1\r\n\r\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nabc",
    "\r\n\r\nGET /a b HTTP/1.1\r\n\r\n",
    "\u{16}\u{3}\u{1} not HTTP",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\r\r\nGET / HTTP/1.1\r\n\r\n",
];

const ENDS: [End; 3] = [End::Open, End::Fin, End::Rst];

/// Every sample, as a fresh labeller and its octets.
fn samples() -> impl Iterator<Item = (Labeller, &'static [u8])> {
    let responses = RESPONSES.iter().map(|(octets, methods)| {
        (
            Labeller::responses(methods.iter().map(|m| m.to_string())),
            octets.as_bytes(),
        )
    });
    let requests = REQUESTS.iter().flat_map(|octets| {
        [
            (Labeller::requests(), octets.as_bytes()),
            (Labeller::requests_until(0), octets.as_bytes()),
        ]
    });
    responses.chain(requests)
}

/// The stream after all octets in one push.
fn whole(mut labeller: Labeller, octets: &[u8], end: End) -> Stream {
    labeller.push(octets);
    labeller.finish(end)
}

fn assert_covers(stream: &Stream, octets: usize) {
    let mut at = 0;
    for span in &stream.spans {
        assert_eq!(span.range.start, at, "{stream:?}");
        assert!(!span.range.is_empty(), "{stream:?}");
        at = span.range.end;
        let in_a_message = !matches!(span.label, Label::Surplus | Label::EmptyLine);
        assert!(
            !in_a_message || span.message < stream.messages.len(),
            "{stream:?}"
        );
    }
    assert_eq!(at, octets, "{stream:?}");
}
