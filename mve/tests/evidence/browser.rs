//! A browser's EventSource: the reader that the format was specified for.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use fixtures::nginx::Surroundings;
use serde_json::{Value, json};

use super::Evidence;
use super::program::BOUND;

pub fn evidence() -> Vec<Evidence> {
    let why_not = chromium().is_none().then(|| "no Chromium (`just evidence`)".to_owned());
    vec![Evidence::new("browser::chromium_reads_an_event_stream_as_specified", why_not, chromium_reads)]
}

/// As `just evidence` unpacks it, with the libraries beside it; or the one on the path.
fn chromium() -> Option<Command> {
    let at = Surroundings::of_this_process();
    let root = at.cache.join("evidence/chromium");
    let fetched = root.join("usr/lib/chromium/chromium-headless-shell");
    if fetched.is_file() {
        let libraries = ["usr/lib", "lib"].map(|folder| root.join(folder).join("x86_64-linux-gnu"));
        let mut command = Command::new(fetched);
        command.env("LD_LIBRARY_PATH", std::env::join_paths(libraries).ok()?);
        return Some(command);
    }
    let found = std::env::split_paths(&at.path).map(|folder| folder.join("chromium")).find(|file| file.is_file());
    found.map(Command::new)
}

const PAGE: &str = "<!doctype html><script>
const got = [], source = new EventSource('/events');
const take = e => {
  got.push([e.type, e.data, e.lastEventId]);
  if (e.data === 'end') { source.close(); fetch('/report', {method: 'POST', body: JSON.stringify(got)}); }
};
source.onmessage = take;
source.addEventListener('named', take);
</script>";

/// Ends inside an event. In seconds, the first `retry` would be past the bound of the test; and so would the second one, were
/// it not ignored because it is not of digits alone.
const FIRST: &str = "retry: 1000\nretry: 3600000ms\n: a comment\n\ndata:none\n\ndata: one\n\ndata:  two\n\nid: 1\nevent: named\ndata: first\ndata: second\n\nid: 2\ndata: pend";
const SECOND: &str = "data: end\n\n";

fn chromium_reads() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it is bound");
    let (sender, told) = channel();
    thread::spawn(move || {
        // As many at once as the browser wants: it opens connections that it may not use.
        for stream in listener.incoming().map_while(Result::ok) {
            let sender = sender.clone();
            thread::spawn(move || answer(stream, &sender));
        }
    });
    let profile = tempfile::tempdir().expect("a folder");
    let mut browser = chromium()
        .expect("looked for before")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg("--remote-debugging-port=0")
        .arg(format!("http://{address}/"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let asked: Result<Vec<Told>, _> = (0..3).map(|_| told.recv_timeout(BOUND)).collect();
    browser.kill().expect("it is ours");
    browser.wait().expect("it is ours");
    let event = |kind: &str, data: &str, id: &str| json!([kind, data, id]);
    let expected = json!([
        event("message", "none", ""),
        event("message", "one", ""),
        event("message", " two", ""),
        event("named", "first\nsecond", "1"),
        event("message", "end", "1"),
    ]);
    let asked = asked.expect("the browser answers");
    assert_eq!(asked, [Told::Asked(None), Told::Asked(Some("1".into())), Told::Report(expected)]);
}

#[derive(Debug, PartialEq)]
enum Told {
    /// The stream was asked for, with this Last-Event-ID.
    Asked(Option<String>),
    /// What the page has got.
    Report(Value),
}

fn answer(stream: TcpStream, told: &Sender<Told>) {
    let mut lines = BufReader::new(stream.try_clone().expect("a socket"));
    let mut head = Vec::new();
    let mut line = String::new();
    while lines.read_line(&mut line).is_ok_and(|octets| octets > 0) && line != "\r\n" {
        head.push(std::mem::take(&mut line));
    }
    let field = |name: &str| {
        head.iter().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let (kind, content) = match head.first().map(String::as_str).unwrap_or_default() {
        start if start.starts_with("GET / ") => ("text/html", PAGE),
        start if start.starts_with("GET /events ") => {
            let last = field("Last-Event-ID");
            let content = if last.is_none() { FIRST } else { SECOND };
            let _test_over = told.send(Told::Asked(last));
            ("text/event-stream", content)
        }
        start if start.starts_with("POST /report ") => {
            let length = field("Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0);
            let mut report = Vec::new();
            let _cut = lines.take(length).read_to_end(&mut report);
            let _test_over = told.send(Told::Report(serde_json::from_slice(&report).unwrap_or_default()));
            ("text/plain", "")
        }
        _ => return,
    };
    let mut stream = stream;
    let _gone = write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n{content}");
}
