//! What `explain` makes of packet captures.

use std::process::{Command, Stdio};

use harness::packets::synthesised;
use harness::render::parse;
use serde_json::json;

use super::{lastchunk, say, say_to};

const TWO_HOPS: &str = r"chain: c hyper's client, p nginx as-shipped, o scripted

1. the reader asks, and the origin's response is cut
c>p  GET /events HTTP/1.1\r\n\r\n
     p>o  -- connect
     p>o  GET /events HTTP/1.0\r\n\r\n
     o>p  HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\ndata: t
     o>p  -- FIN
     p>o  -- FIN
p>c  HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n12\r\ndata: one\n\ndata: t\r\n0\r\n\r\n
";

fn capture(text: &str) -> Vec<u8> {
    synthesised(&parse(text).expect("a transcript"))
}

#[test]
fn each_response_of_a_capture_is_one_object() {
    let said = say_to(&["explain", "--json"], &capture(TWO_HOPS));
    let common = json!({"why": null, "events": 1, "pending": true, "index": 1, "request": "GET /events"});
    let merged = |with: serde_json::Value| {
        let mut object = common.clone();
        object.as_object_mut().expect("an object").extend(with.as_object().expect("an object").clone());
        object
    };
    let near = json!({
        "framing": "complete", "by": "last-chunk", "connection": 1, "end": "open",
        "reader": "192.0.2.1:49152", "origin": "192.0.2.2:80"
    });
    let far = json!({
        "framing": "complete", "by": "close", "connection": 2, "end": "fin",
        "reader": "192.0.2.2:49152", "origin": "192.0.2.3:80"
    });
    assert_eq!((said.objects(), said.err.as_str()), (vec![merged(near), merged(far)], ""));
    let keys =
        "\"framing\":\"complete\",\"by\":\"last-chunk\",\"why\":null,\"events\":1,\"pending\":true,\"connection\":1,";
    assert!(said.out.starts_with(&format!("{{{keys}")), "the keys of octets come first: {}", said.out);
}

#[test]
fn a_capture_is_annotated_response_by_response() {
    let said = say_to(&["explain", "-"], &capture(TWO_HOPS));
    insta::assert_snapshot!(said.out);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    let second = said.out.split("connection 2").nth(1).expect("there are two");
    let transcript = second.split_once("\n\n").expect("a head and a transcript").1;
    assert_eq!(say_to(&["explain"], transcript.as_bytes()).out, transcript.trim_end().to_owned() + "\n");
}

#[test]
fn what_octets_need_told_a_capture_does_not() {
    let said = say_to(&["explain", "--json", "--end", "rst"], &capture(TWO_HOPS));
    assert_eq!(
        said.err,
        "lastchunk: --end and --method are for octets: a packet capture has the requests and ends that it has\n"
    );
    assert_eq!(said.objects().len(), 2);
}

#[test]
fn a_capture_without_a_response_says_so() {
    let tls = r"chain: c a, o b
1. x
c>o  \x16\x03\x01\x02
";
    let said = say_to(&["explain", "--json"], &capture(tls));
    assert_eq!((said.status, said.out.as_str()), (Some(0), ""));
    assert_eq!(
        said.err,
        "lastchunk: connection 1, 192.0.2.1:49152 to 192.0.2.2:80: TLS is inside: capture behind what ends it, or let \
         `lastchunk probe` be the reader\n\
         lastchunk: no HTTP/1.x response is in this capture of 1 TCP connections\n"
    );
}

#[test]
fn a_capture_whose_head_is_cut_is_refused_in_a_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cut.pcap");
    std::fs::write(&file, b"\xd4\xc3\xb2\xa1\x02\x00").expect("a file of our own");
    let file = file.to_str().expect("UTF-8");
    let said = say(&["explain", file]);
    let why = "it begins like a packet capture, but its head is cut: capture again, or convert it with editcap";
    assert_eq!((said.status, said.err), (Some(2), format!("lastchunk: \"{file}\": {why}\n")));
}

/// A command on the PATH, or one that a variable names.
fn command(name: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

#[test]
#[ignore = "needs tcpdump (Debian: tcpdump) and the right to capture on the loopback interface"]
fn what_tcpdump_captures_is_explained() {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    let tcpdump = command("tcpdump").expect("tcpdump is on the PATH");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("real.pcap");
    let mut capturing = Command::new(tcpdump);
    capturing.args(["-Z", "root", "-i", "lo", "-s", "0", "-U", "--immediate-mode", "-w"]).arg(&file);
    capturing.arg(format!("tcp port {}", address.port())).stderr(Stdio::piped()).stdout(Stdio::null());
    let mut capturing = capturing.spawn().expect("tcpdump starts");
    let mut told = BufReader::new(capturing.stderr.take().expect("it is piped"));
    let mut line = String::new();
    while !line.contains("listening on") {
        line.clear();
        assert!(told.read_line(&mut line).expect("it tells") > 0, "tcpdump ended before it listened");
    }

    let mut reader = TcpStream::connect(address).expect("a connection");
    let (mut origin, _) = listener.accept().expect("a connection");
    let request = b"GET /events HTTP/1.1\r\nHost: mve.test\r\n\r\n";
    reader.write_all(request).expect("sent");
    let mut got = vec![0; request.len()];
    origin.read_exact(&mut got).expect("read");
    origin.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nda").expect("sent");
    drop(origin);
    reader.read_to_end(&mut got).expect("read");
    drop(reader);
    // tcpdump writes packet by packet; the origin's FIN is the effect to wait for.
    let explained = loop {
        let said = super::Said::by(lastchunk(&["explain", "--json"]).arg(&file));
        let objects = if said.status == Some(0) { said.objects() } else { Vec::new() };
        match objects.first() {
            Some(object) if object["end"] == "fin" => break object.clone(),
            _ => assert!(capturing.try_wait().expect("a child").is_none(), "tcpdump ended: {said:?}"),
        }
    };
    capturing.kill().expect("it is ours");
    capturing.wait().expect("it is ours");
    assert_eq!(
        (&explained["framing"], &explained["why"], &explained["request"]),
        (&json!("incomplete"), &json!("cut inside chunk-data"), &json!("GET /events"))
    );
}
