//! The responses: every framing with every ending, every kind of event stream.

/// A response, or what stands in the place of one, and the method that it answers.
#[derive(Debug)]
pub struct Sample {
    pub name: String,
    pub method: &'static str,
    pub octets: Vec<u8>,
}

const STREAM: &str = "Content-Type: text/event-stream\r\n";

/// Event streams, each short enough to be cut everywhere, together every edge of WHATWG HTML 9.2.
pub fn streams_of_every_kind() -> Vec<(&'static str, Vec<u8>)> {
    let text = |name, text: &str| (name, text.as_bytes().to_vec());
    vec![
        text("LF", "data: one\ndata: two\n\nevent: add\ndata: three\n\ndata: cut\n"),
        text("CRLF", "data: one\r\ndata: two\r\n\r\nevent: add\r\ndata: three\r\n\r\ndata: cut\r\n"),
        text("CR", "data: one\rdata: two\r\revent: add\rdata: three\r\rdata: cut\r"),
        text("line ends mixed", "data: 1\r\n\ndata: 2\n\rdata: 3\r\r\ndata: 4\n\n\r\n\rdata: 5\r\n\r"),
        text("one byte order mark", "\u{feff}data: marked\n\n\u{feff}data: unknown\n\n"),
        text("two byte order marks", "\u{feff}\u{feff}data: unknown\n\ndata: known\n\n"),
        text("a byte order mark and nothing", "\u{feff}\r\n\r\n\u{feff}"),
        text("comments", ": one\ndata: a\n:\n: two\r\ndata: b\n\n:only\n\n: open"),
        text("UTF-8 of each length", "data: a\u{e9}\u{20ac}\u{1f600}\nid: \u{20ac}\nevent: \u{1f600}\n\n"),
        (
            "UTF-8 that breaks off",
            b"data: \xc3\n\ndata: \xe2\x82\n\ndata: \xf0\x9f\x98\n\ndata: \xe2\x82\xe2\x82\xac\n\n".to_vec(),
        ),
        ("no UTF-8", b"data: \xff\xfe\n\ndata: \xed\xa0\x80\n\ndata: \xc0\xaf\xf5\n\n\xffdata: x\n\n".to_vec()),
        ("a byte order mark that breaks off", b"\xef\xbbdata: a\n\ndata: b\n\n".to_vec()),
        text("id", "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\nid: 2\n\ndata: d\n\nid: 3"),
        text("id with NUL", "id: 1\0\ndata: a\n\nid: 2\nid: \0\ndata: b\n\nid: 3\ndata: c\0d\n\n"),
        text("retry", "retry: 1500\nretry: 1x\nretry:7\nretry: +1\nretry: -1\nretry:  1\nretry: 1 \nretry\nretry:\n\n"),
        text(
            "retry at its limits",
            "retry: 18446744073709551615\nretry: 0\nretry: 99999999999999999999\nretry: \u{661}\nretry: 007\nret",
        ),
        text("spaces", "data:a\n\ndata: a\n\ndata:  a\n\ndata:\ta\n\n data: a\n\ndata : a\n\ndata: a \n\n"),
        text("no colon, no value", "data\n\ndata\ndata\n\ndata:\n\ndata: \n\nevent\ndata\n\n"),
        text("colons", "data: a: b\ndata::\n::\n:data: c\n\n"),
        text("names", "Data: a\nDATA: b\ndat: c\ndataa: d\nid2: e\nevents: f\nevent: g\n\ndata: h\n\n"),
        text("types", "event: one\nevent: two\ndata: a\n\nevent: three\n\ndata: b\n\nevent: x\nevent:\ndata: c\n\n"),
        text("empty lines", "\n\r\n\r\r\n\ndata: a\n\n\n\n\r\rdata: b\n\n\n"),
        text("nothing dispatched", "event: a\nid: 1\n\nretry: 1\n\n: c\n\n"),
    ]
}

/// Every way to frame a content, whole; each ending is one of its cuts.
fn framed(name: &str, content: &[u8]) -> Vec<Sample> {
    let sample = |how: &str, head: &str, after: Vec<u8>| Sample {
        name: format!("{name}, {how}"),
        method: "GET",
        octets: [head.as_bytes(), &after].concat(),
    };
    let chunk = |octets: &[u8]| [format!("{:x}\r\n", octets.len()).as_bytes(), octets, b"\r\n"].concat();
    let coded = format!("HTTP/1.1 200 OK\r\n{STREAM}Transfer-Encoding: chunked\r\n\r\n");
    let length = format!("HTTP/1.1 200 OK\r\n{STREAM}Content-Length: {}\r\n\r\n", content.len());
    let close = format!("HTTP/1.1 200 OK\r\n{STREAM}\r\n");
    let lines: Vec<u8> = content.split_inclusive(|octet| *octet == b'\n').flat_map(chunk).collect();
    vec![
        sample("length-delimited", &length, content.to_vec()),
        sample("close-delimited", &close, content.to_vec()),
        sample("one chunk", &coded, [&chunk(content)[..], b"0\r\n\r\n"].concat()),
        sample("one chunk a line", &coded, [&lines[..], b"0\r\nServer-Timing: x\r\n\r\n"].concat()),
    ]
}

/// All of them.
pub fn samples() -> Vec<Sample> {
    let mut samples: Vec<Sample> =
        streams_of_every_kind().iter().flat_map(|(name, content)| framed(name, content)).collect();
    let mut put = |name: &str, method: &'static str, text: &str| {
        samples.push(Sample { name: name.to_owned(), method, octets: text.as_bytes().to_vec() });
    };
    let chunked = format!("HTTP/1.1 200 OK\r\n{STREAM}Transfer-Encoding: chunked\r\n\r\n");
    put(
        "chunk-ext",
        "GET",
        &format!("{chunked}9;a=\"\r;\" ; b\r\ndata: x\n\n\r\n09 \t;x\n123456789\r\n000;y\r\nA: b\r\nC:\r\n\r\n"),
    );
    put("chunk of one octet each", "GET", &format!("{chunked}1\r\nd\r\n1\r\n\n\r\n1\r\n\r\r\n0\r\n\r\n"));
    put("chunk-size padded, LF alone", "GET", &format!("{chunked}3 \r\nabc\r\n2\nde\r\n1\t\nf\r\n0\n\n"));
    put("chunk-size not hexadecimal", "GET", &format!("{chunked}3\r\nabc\r\nevent: x\n\n"));
    put("chunk-size empty", "GET", &format!("{chunked}3\r\nabc\r\n\r\n0\r\n\r\n"));
    put("chunk-size with CR inside", "GET", &format!("{chunked}3\rx\nabc\r\n"));
    put("chunk-size past 64 bits", "GET", &format!("{chunked}00000000000000001\r\na\r\nfffffffffffffffff\r\nabc"));
    put("chunk-data too long", "GET", &format!("{chunked}3\r\nabcd\r\n0\r\n\r\n"));
    put("chunk-data with CR alone", "GET", &format!("{chunked}3\r\nabc\rd\r\n0\r\n\r\n"));
    put("chunk-data with LF alone", "GET", &format!("{chunked}3\r\nabc\n0\r\n\r\n"));
    put("last-chunk with a bad trailer", "GET", &format!("{chunked}1\r\na\r\n0\r\nno field\r\nA: b\r\n\r\n"));
    put("no response to a HEAD has content", "HEAD", &format!("HTTP/1.1 200 OK\r\n{STREAM}Content-Length: 9\r\n\r\n"));
    put("no content", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n");
    put("not modified", "GET", &format!("HTTP/1.1 304 Not Modified\r\n{STREAM}Transfer-Encoding: chunked\r\n\r\n"));
    put(
        "interim ones first",
        "GET",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    );
    put("HTTP/1.0", "GET", &format!("HTTP/1.0 200 OK\r\n{STREAM}\r\ndata: x\n\n"));
    put("HTTP/1.0 without a reason", "GET", "HTTP/1.0 200\r\nContent-Length:3\r\n\r\nabc");
    put(
        "LF alone everywhere",
        "GET",
        "HTTP/1.1 200 OK\nContent-Type: text/event-stream\nContent-Length: 9\n\ndata: x\n\n",
    );
    put("empty lines first", "GET", "\r\n\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n.");
    put("CR first", "GET", "\rHTTP/1.1 200 OK\r\n\r\n");
    put("folded", "GET", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nTransfer-Encoding:\r\n\tchunked\r\n\r\n1\r\na\r\n0\r\n\r\n");
    put("space before the colon", "GET", "HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\nabc");
    put("a line that is no field line", "GET", "HTTP/1.1 200 OK\r\nno field\r\nContent-Length: 3\r\n\r\nabc");
    put("a name that is no token", "GET", "HTTP/1.1 200 OK\r\na b: c\r\n: d\r\n\r\nabc");
    put(
        "coding and length",
        "GET",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    );
    put(
        "codings",
        "GET",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: , Chunked ,\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    );
    put(
        "chunked is not the last",
        "GET",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\nContent-Length: 1\r\n\r\n2\r\nab\r\n",
    );
    put("the same length twice", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\nContent-Length: 3\r\n\r\nabc");
    put("two lengths", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd");
    put("a length that is none", "GET", "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc");
    put("a length of nothing", "GET", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nabc");
    put("a length past 64 bits", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\nabc");
    put("length zero", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    put("no status-line", "GET", "data: x\n\n");
    put("almost a status-line", "GET", "HTTP/1.1 20 OK\r\n\r\n");
    put("a name in lower case", "GET", "http/1.1 200 OK\r\n\r\n");
    put("four digits", "GET", "HTTP/1.1 2000 OK\r\n\r\n");
    samples
}
