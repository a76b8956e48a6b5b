//! An origin of ours and the probe of what lies between, as two processes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};

use super::{lastchunk, say};

/// `lastchunk origin` on an address of its own; gone with its handle.
struct Origin {
    child: Child,
    address: String,
}

impl Origin {
    fn start() -> Self {
        let mut command = lastchunk(&["origin", "--listen", "127.0.0.1:0"]);
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program starts");
        let mut line = String::new();
        let mut said = BufReader::new(child.stderr.take().expect("it is piped"));
        said.read_line(&mut line).expect("it says where it listens");
        let address = line.strip_prefix("lastchunk: listening on ").and_then(|rest| rest.split(';').next());
        let address = address.unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { child, address }
    }

    fn answers(&self, request: &[u8]) -> String {
        let mut socket = TcpStream::connect(&self.address).expect("it listens");
        socket.write_all(request).expect("it reads");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("it ends in order");
        answer
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        // Whether it has ended before by itself does not matter any more.
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

#[test]
fn two_processes_with_nothing_between_compare_notes() {
    let origin = Origin::start();
    let url = format!("http://{}/a/path/before/it/", origin.address);
    let said = say(&["probe", "--chain", &url, "--json"]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{said:?}");
    let object = &said.objects()[0];
    assert_eq!(object["blame"], "what lies between passes all that was tried on, at once and unbroken");
    assert_eq!(object["cuts"].as_array().map(Vec::len), Some(21));
    let said =
        say(&["probe", "--chain", &url, "-H", "X-Mine: 1", "--origin-url", &format!("http://{}", origin.address)]);
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(said.out.starts_with("what lies between passes all that was tried on"), "{said:?}");
    assert!(said.out.lines().count() < 60, "more than a page: {said:?}");
}

#[test]
fn what_leads_to_no_origin_of_ours_is_told_in_one_line() {
    let origin = Origin::start();
    for (arguments, why) in [
        (vec!["probe", "--chain", "http://127.0.0.1:1"], "cannot connect to 127.0.0.1:1: "),
        (
            vec!["probe", "http://127.0.0.1:1", "--budget", "1s"],
            "--origin-url and --budget are for chains: lastchunk probe --chain URL",
        ),
        (vec!["probe", "--chain", "ftp://a"], "\"ftp://a/\" cannot be probed: only http and https can"),
    ] {
        let said = say(&arguments);
        assert_eq!((said.status, said.out.as_str()), (Some(2), ""), "{said:?}");
        let last = said.err.lines().last().unwrap_or_default();
        assert!(last.starts_with(&format!("lastchunk: {why}")), "{said:?}");
    }
    // A server that answers anything with escape sequences.
    let listener = TcpListener::bind("127.0.0.1:0").expect("it listens");
    let url = format!("http://{}", listener.local_addr().expect("it listens"));
    let answering = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("it is asked");
        let mut octets = [0; 4096];
        let _request = socket.read(&mut octets).expect("it is asked");
        socket.write_all(b"HTTP/1.1 200 \x1b]0;owned\x07\r\nContent-Length: 5\r\n\r\n\x1b[2Jx").expect("it is read");
    });
    let said = say(&["probe", "--chain", &url]);
    answering.join().expect("no panic");
    assert_eq!(said.status, Some(2), "{said:?}");
    assert!(said.err.contains(" does not lead to `lastchunk origin`: ") && !said.err.contains('\x1b'), "{said:?}");
    drop(origin);
}

#[test]
fn the_origin_serves_a_person_with_curl_and_refuses_what_is_no_script() {
    let origin = Origin::start();
    let get = |target: &str| {
        origin.answers(format!("GET {target} HTTP/1.1\r\nHost: o\r\nConnection: close\r\n\r\n").as_bytes())
    };
    assert!(get("/").contains("GET /events sends one event a second"));
    assert!(get("/cut").contains("Transfer-Encoding: chunked\r\n"));
    assert!(origin.answers(b"GET /cut HTTP/1.0\r\n\r\n").contains("Connection: close\r\n\r\ndata: "));
    assert!(
        get("/x/lastchunk/run/1/play?chunked.event-11.end")
            .ends_with("b\r\ndata: 1 x\n\n\r\n0\r\nX-Lastchunk-Trailer: whole\r\n\r\n")
    );
    assert!(get("/lastchunk/run/1/play?chunked.\x1b").contains("400 Bad Request"));
    assert!(get("/lastchunk/run/1/notes").contains("\"octets\":11"));
    assert!(get("/lastchunk/run/2/fence?0").ends_with("\r\n\r\nfence"));
    assert!(get("/lastchunk/run/x/fence").contains("404 Not Found"));
    let head = |target: &str| {
        origin.answers(format!("HEAD {target} HTTP/1.1\r\nHost: o\r\nConnection: close\r\n\r\n").as_bytes())
    };
    for target in ["/events", "/cut", "/", "/lastchunk/run/3/play?chunked.event-11.end", "/lastchunk/run/4/fence"] {
        let answer = head(target);
        assert!(answer.ends_with("\r\n\r\n") && answer.matches("\r\n\r\n").count() == 1, "{target}: {answer:?}");
    }
    assert!(head("/lastchunk/run/5/play?wait.chunked.event-11.end").contains("Transfer-Encoding: chunked\r\n"));
    // A head without end is not read to its end, and nobody else is the worse for it.
    let mut endless = TcpStream::connect(&origin.address).expect("it listens");
    while endless.write_all(&[b'a'; 4096]).is_ok() {}
    assert!(get("/lastchunk/run/2/fence?0").ends_with("\r\n\r\nfence"));
}
