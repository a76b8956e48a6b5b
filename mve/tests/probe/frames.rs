//! One response in HTTP/2: from a server of a well-kept library, and from peers that send whatever they like.

use bytes::Bytes;
use h2::{Reason, server};
use http::Response;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::command::{Said, lastchunk};
use super::secure::Identity;
use super::server::{Server, departure, send};

fn prior(server: &Server, arguments: &[&str]) -> Said {
    let url = server.url("/events?x");
    let arguments = [&["--http2-prior-knowledge", "--json"], arguments, &[&url]].concat();
    Said::of(lastchunk(&arguments).output().expect("the program starts"))
}

/// What a stream ends with.
#[derive(Debug, Clone, Copy)]
enum Ends {
    Stream,
    Reset(Reason),
    GoAway(Reason),
}

/// Answers one request with two events in two frames.
async fn events(stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin, ends: Ends) {
    let Ok(mut connection) = server::handshake(stream).await else { return };
    let Some(Ok((request, mut respond))) = connection.accept().await else { return };
    assert_eq!(request.uri().path_and_query().expect("a path").as_str(), "/events?x");
    assert_eq!(request.headers()["accept"], "text/event-stream");
    let response = Response::builder().header("content-type", "text/event-stream").header("cache-control", "no-store");
    let mut stream = respond.send_response(response.body(()).expect("a response"), false).expect("a stream");
    stream.send_data(Bytes::from_static(b"data: one\n\n"), false).expect("a window");
    let is_end = matches!(ends, Ends::Stream);
    stream.send_data(Bytes::from_static(b"data: two\n\n"), is_end).expect("a window");
    // What was sent goes out, with the first poll, before anything that ends it.
    tokio::select! {
        biased;
        _ = connection.accept() => {}
        () = std::future::ready(()) => {}
    }
    match ends {
        Ends::Stream => {}
        Ends::Reset(reason) => stream.send_reset(reason),
        Ends::GoAway(reason) => connection.abrupt_shutdown(reason),
    }
    while let Some(Ok(_)) = connection.accept().await {}
}

#[rstest]
#[case::complete(Ends::Stream, 0, json!(["complete", "end-stream", null, 2, "message", "intact"]))]
#[case::reset(
    Ends::Reset(Reason::INTERNAL_ERROR), 1,
    json!(["incomplete", null, "RST_STREAM(INTERNAL_ERROR)", 2, "rst-stream", "cut-visible"])
)]
#[case::cancelled(
    Ends::Reset(Reason::CANCEL), 1, json!(["incomplete", null, "RST_STREAM(CANCEL)", 2, "rst-stream", "cut-visible"])
)]
#[case::gone(
    Ends::GoAway(Reason::ENHANCE_YOUR_CALM), 1,
    json!(["incomplete", null, "no END_STREAM", 2, "goaway", "cut-visible"])
)]
fn how_a_stream_ended_is_told(#[case] ends: Ends, #[case] status: i32, #[case] expected: Value) {
    let server = Server::accepting(async move |_, socket| events(socket, ends).await);
    let said = prior(&server, &[]);
    let object = &said.objects()[0];
    let keys = ["framing", "by", "why", "events", "end", "outcome"];
    assert_eq!(json!(keys.map(|key| object[key].clone())), expected, "{said:?}");
    assert_eq!((said.status, &object["http"], &object["octets"]), (Some(status), &json!("HTTP/2"), &json!(22)));
}

#[test]
fn tls_agrees_on_http_2_unless_it_is_not_wanted() {
    let identity = Identity::new("127.0.0.1", false, &["h2", "http/1.1"]);
    let acceptor = identity.acceptor.clone();
    let server = Server::accepting(async move |_, socket| {
        let mut stream = acceptor.accept(socket).await.expect("we are trusted");
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            return events(stream, Ends::Stream).await;
        }
        let mut octets = [0; 1024];
        let _asked = stream.read(&mut octets).await.expect("a request");
        let response = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(response.as_bytes()).await.expect("the reader is there");
        stream.shutdown().await.expect("the reader is there");
    });
    let url = server.url("/events?x").replace("http:", "https:");
    for (arguments, version) in
        [(&["-k"][..], "HTTP/2"), (&["-k", "--http2"], "HTTP/2"), (&["-k", "--http1.1"], "HTTP/1.1")]
    {
        let arguments = [arguments, &["--json", &url]].concat();
        let said = Said::of(lastchunk(&arguments).output().expect("the program starts"));
        assert_eq!(said.objects()[0]["http"], version, "{said:?}");
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a frame of a test").to_be_bytes();
    let mut octets = length[1..].to_vec();
    octets.extend([kind, flags]);
    octets.extend(stream.to_be_bytes());
    octets.extend(payload);
    octets
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A field as a literal without indexing.
fn literal(name: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| u8::try_from(text.len()).expect("a short text");
    [&[0, length(name)], name.as_bytes(), &[length(value)], value.as_bytes()].concat()
}

/// `:status: 200` and these fields.
fn head(fields: &[(&str, &str)]) -> Vec<u8> {
    let fields = fields.iter().flat_map(|(name, value)| literal(name, value));
    frame(HEADERS, END_HEADERS, 1, &[0x88].into_iter().chain(fields).collect::<Vec<_>>())
}

/// Sends these octets to whoever connects, and then these for ever.
fn peer(first: Vec<u8>, then: Vec<u8>) -> Server {
    Server::accepting(async move |_, mut socket: TcpStream| {
        send(&mut socket, &frame(SETTINGS, 0, 0, &[])).await;
        send(&mut socket, &first).await;
        if then.is_empty() {
            return departure(&mut socket).await;
        }
        let then = then.repeat(64 * 1024 / then.len() + 1);
        while socket.write_all(&then).await.is_ok() {}
    })
}

#[test]
fn pings_of_a_peer_that_reads_no_answer_are_told_as_that() {
    let said = prior(&peer(head(&[("content-type", "text/event-stream")]), frame(PING, 0, 0, b"12345678")), &[]);
    assert_eq!((said.status, said.harms()), (Some(1), vec!["endless-pings".to_owned()]), "{said:?}");
}

#[test]
fn fields_of_one_connection_do_harm_in_http_2() {
    let fields = [("content-type", "text/event-stream"), ("connection", "keep-alive"), ("keep-alive", "timeout=5")];
    let octets = [head(&fields), frame(DATA, END_STREAM, 1, b"data: one\n\n")].concat();
    let said = prior(&peer(octets, Vec::new()), &[]);
    assert_eq!((said.status, said.harms()), (Some(1), vec!["hop-by-hop".to_owned()]), "{said:?}");
}

#[rstest]
#[case::a_frame_that_is_too_long(vec![], vec![1, 0, 0, 0, 0, 0, 0, 0, 1], "malformed", "a frame of 65536 octets, of which 16384 are allowed")]
#[case::http_1(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), vec![], "malformed", "HTTP/1 in place of a frame: HTTP/1.1 400 Bad Request")]
#[case::data_first(frame(DATA, 0, 1, b"x"), vec![], "malformed", "DATA before the header section")]
#[case::no_status(frame(HEADERS, END_HEADERS, 1, &literal("a", "b")), vec![], "malformed", "a header section without :status")]
#[case::an_endless_field_block(
    frame(HEADERS, 0, 1, &[0x88]), frame(CONTINUATION, 0, 1, &literal("a", "b")), "none", ""
)]
#[case::a_field_block_that_swells(
    // A long value, indexed once, then asked for by one octet a time.
    frame(HEADERS, END_HEADERS, 1, &[&[0x88, 0x40, 1, b'a', 0x7f, 0xa1, 0x1e][..], &[b'v'; 4000], &[0xbe; 10_000]].concat()),
    vec![], "malformed", "a field block that unpacks to more than 1048576 octets"
)]
#[case::endless_interim_responses(vec![], frame(HEADERS, END_HEADERS, 1, b"\x08\x03103"), "incomplete", "no END_STREAM, still open")]
#[case::endless_pings(head(&[]), frame(PING, 0, 0, b"12345678"), "incomplete", "no END_STREAM, still open")]
#[case::endless_data(head(&[]), frame(DATA, 0, 1, &[b'x'; 1000]), "incomplete", "no END_STREAM, still open")]
#[case::a_length_that_is_not_true(
    [head(&[("content-length", "7")]), frame(DATA, END_STREAM, 1, b"x")].concat(), vec![], "malformed",
    "content-length is 7, and the DATA frames have 1 octets"
)]
fn whatever_a_peer_sends_there_is_an_end(
    #[case] first: Vec<u8>,
    #[case] then: Vec<u8>,
    #[case] framing: &str,
    #[case] why: &str,
) {
    let said = prior(&peer(first, then), &[]);
    let object = &said.objects()[0];
    assert_eq!((&object["framing"], object["why"].as_str().unwrap_or_default()), (&json!(framing), why), "{said:?}");
}
