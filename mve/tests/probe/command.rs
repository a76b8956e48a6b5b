//! `lastchunk probe` as a person or a program meets it.

use std::process::{Child, Command, Output, Stdio};

use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::server::{Server, departure, send};

/// The program, with nothing of the caller's surroundings that would change what it says.
pub fn lastchunk(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lastchunk"));
    command.arg("probe").args(arguments).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "LASTCHUNK_LOG", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
        command.env_remove(name);
    }
    command
}

/// What it said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn of(output: Output) -> Self {
        let text = |octets| String::from_utf8(octets).expect("the program writes UTF-8");
        Self { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The objects of `--json`.
    pub fn objects(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
    }

    /// The rules of the findings of the first object that do harm.
    pub fn harms(&self) -> Vec<String> {
        let objects = self.objects();
        let findings = objects[0]["findings"].as_array().expect("a list").iter();
        let harms = findings.filter(|finding| finding["severity"] == "harm");
        harms.map(|finding| finding["rule"].as_str().expect("a word").to_owned()).collect()
    }
}

fn say(arguments: &[&str]) -> Said {
    Said::of(lastchunk(arguments).output().expect("the program starts"))
}

const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store, no-transform\r\n";

fn chunked(content: &str) -> String {
    format!("{STREAM}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{content}\r\n0\r\n\r\n", content.len())
}

#[test]
fn a_sound_stream_is_told_and_the_status_is_0() {
    let server = Server::sends(chunked("data: one\n\ndata: two\n\n"));
    let said = say(&[&server.url("/events")]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{said:?}");
    for line in ["HTTP/1.1 200\n", "  complete (last-chunk)\n", "  outcome: intact\n", "2 events, 22 octets (1 chunk, "]
    {
        assert!(said.out.contains(line), "{line:?} is not in {}", said.out);
    }
}

#[test]
fn the_object_has_the_keys_of_explain_and_more() {
    let server = Server::sends(chunked("id: 7\nretry: 100\ndata: one\n\n: beat\n\n"));
    let said = say(&["--json", &server.url("/events")]);
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(
        said.out.starts_with(
            "{\"framing\":\"complete\",\"by\":\"last-chunk\",\"why\":null,\"events\":1,\"pending\":false,"
        )
    );
    let object = &said.objects()[0];
    let expected = json!({
        "outcome": "intact", "url": server.url("/events"), "method": "GET", "run": 1, "http": "HTTP/1.1", "tls": null,
        "status": 200, "end": "message", "end_text": "with the message", "end_mark": null, "octets": 36, "comments": 1,
        "last_event_id": "7", "retry_ms": 100.0, "gaps": [], "resume": null, "name_ms": null, "tls_ms": null,
    });
    for (key, value) in expected.as_object().expect("an object") {
        assert_eq!(&object[key], value, "{key}");
    }
    let help = say(&["--help"]).out;
    for key in object.as_object().expect("an object").keys() {
        assert!(help.contains(key.as_str()), "--help does not tell of {key}");
    }
}

#[rstest]
#[case::cut(format!("{STREAM}Transfer-Encoding: chunked\r\n\r\nb\r\ndata: one\n\n"), &[], "cut-visible", &["cut"])]
#[case::no_mark(chunked("data: one\n\n"), &["--expect-end", "[DONE]"], "cut-silent", &["no-end-mark"])]
#[case::pending(chunked("data: one\n\ndata: two\n"), &[], "cut-silent", &["pending-event"])]
#[case::html(
    "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>".to_owned(), &[], "intact",
    &["status"]
)]
#[case::html_in_events(
    format!("{STREAM}Transfer-Encoding: chunked\r\n\r\nb\r\ndata: one\n\n\r\n<html>\x1b[2J Bad Gateway"), &[],
    "cut-visible", &["malformed"]
)]
#[case::empty(String::new(), &[], "cut-visible", &["no-response"])]
#[case::surplus(chunked("data: one\n\n") + "Internal Server Error", &[], "intact", &["surplus"])]
fn what_does_harm_is_told_and_the_status_is_1(
    #[case] octets: String,
    #[case] arguments: &[&str],
    #[case] outcome: &str,
    #[case] harms: &[&str],
) {
    let server = Server::sends(octets);
    let url = server.url("/");
    let said = say(&[&["--json"], arguments, &[&url]].concat());
    assert_eq!((said.status, said.err.as_str()), (Some(1), ""), "{said:?}");
    assert_eq!(said.objects()[0]["outcome"], outcome);
    assert_eq!(said.harms(), harms);
    let text = say(&[arguments, &[&url]].concat()).out;
    assert!(
        text.bytes().all(|octet| octet == b'\n' || (b' '..=b'~').contains(&octet)),
        "it drives a terminal: {text:?}"
    );
}

#[test]
fn a_request_is_sent_as_curl_would_send_it() {
    let (asked, mut told) = mpsc::unbounded_channel();
    let server = Server::start(async move |_, head, mut socket| {
        let mut content = [0; 7];
        tokio::io::AsyncReadExt::read_exact(&mut socket, &mut content).await.expect("the content comes");
        asked.send([head.as_slice(), content.as_slice()].concat()).expect("the test waits");
        send(&mut socket, chunked("data: one\n\n").as_bytes()).await;
    });
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("data");
    std::fs::write(&file, "b=\r\n2\n").expect("a file of our own");
    let data = format!("@{}", file.display());
    let said =
        say(&["-d", "a=1", "-d", &data, "-H", "User-Agent:", "-H", "X-Key: k", "--compressed", &server.url("/x?y")]);
    assert_eq!(said.status, Some(0), "{said:?}");
    let host = server.url("").replace("http://", "");
    assert_eq!(
        String::from_utf8_lossy(&told.blocking_recv().expect("it was asked")),
        format!(
            "POST /x?y HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\nCache-Control: no-cache\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nX-Key: k\r\nAccept-Encoding: gzip, deflate\r\n\
             Content-Length: 7\r\n\r\na=1&b=2"
        )
    );
}

/// Redirects to what the path says, or answers.
fn redirecting(to: &'static str) -> Server {
    Server::start(async move |_, asked, mut socket| {
        let response = if asked.starts_with(b"GET /end ") {
            chunked("data: one\n\n")
        } else {
            format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
        };
        send(&mut socket, response.as_bytes()).await;
    })
}

#[test]
fn a_redirect_is_told_and_followed_if_asked() {
    let server = redirecting("/end");
    let said = say(&["--json", &server.url("/begin")]);
    assert_eq!((said.status, &said.objects()[0]["status"]), (Some(0), &json!(302)));
    assert!(said.out.contains("this is a redirect, and it was not followed"), "{}", said.out);
    let said = say(&["--json", "-L", &server.url("/begin")]);
    assert_eq!((said.status, &said.objects()[0]["url"]), (Some(0), &json!(server.url("/end"))));
}

#[rstest]
#[case::a_loop("/again", "a redirect loop: URL/again leads back to URL/again")]
#[case::nowhere(
    "ftp://a.test/",
    "URL/begin is a redirect that leads nowhere: \"ftp://a.test/\" cannot be probed: only http and https can"
)]
#[case::on_and_on(
    "x/y",
    "10 redirects, and URL/x/x/x/x/x/x/x/x/x/x/y is one more: give the last one itself, if it is the right one"
)]
fn a_redirect_that_leads_nowhere_is_one_line(#[case] to: &'static str, #[case] line: &str) {
    let server = redirecting(to);
    let said = say(&["-L", &server.url("/begin")]);
    assert_eq!((said.status, said.out.as_str()), (Some(2), ""));
    assert_eq!(said.err, format!("lastchunk: {}\n", line.replace("URL", &server.url(""))));
}

#[rstest]
#[case::no_url(&["ftp://a/"], "\"ftp://a/\" cannot be probed: only http and https can")]
#[case::a_host_that_drives_a_terminal(
    &["http://a\x1b[2J/"], "\"http://a\\x1b[2J/\" is no URL: invalid international domain name (write one as https://host/path)"
)]
#[case::no_field(&["-H", "nonsense", "http://a/"], "-H \"nonsense\" is no field line: write one as 'Name: value'")]
#[case::no_file(&["-d", "@/nowhere", "http://a/"], "-d: cannot read \"/nowhere\": No such file or directory (os error 2)")]
#[case::no_duration(
    &["--for", "soon", "http://a/"],
    "invalid value 'soon' for '--for <DURATION>': that is no time: write one as 500ms, 30s, 5min or 1h (see \
     `lastchunk probe --help`)"
)]
#[case::no_mark(
    &["--expect-end", " ", "http://a/"],
    "invalid value ' ' for '--expect-end <MARK>': an empty mark ends nothing (see `lastchunk probe --help`)"
)]
#[case::what_no_chain_heeds(
    &["--chain", "--expect-end", "[DONE]", "http://127.0.0.1:1/"],
    "--expect-end is for one response: with --chain the scripts say what is asked, in HTTP/1.1; leave one of them out"
)]
#[case::no_certificates(
    &["--cacert", "/nowhere", "https://127.0.0.1/"],
    "--cacert /nowhere: cannot read it: No such file or directory (os error 2)"
)]
fn bad_input_is_one_line(#[case] arguments: &[&str], #[case] line: &str) {
    let said = say(arguments);
    assert_eq!((said.status, said.out.as_str(), said.err), (Some(2), "", format!("lastchunk: {line}\n")));
}

#[test]
fn several_runs_are_told_one_by_one_and_together() {
    let server = Server::sends(format!("{STREAM}Content-Length: 20\r\n\r\ndata: one\n\n"));
    let said = say(&["--times", "3", "--json", &server.url("/")]);
    assert_eq!(said.objects().iter().map(|object| object["run"].clone()).collect::<Vec<_>>(), [1, 2, 3]);
    let said = say(&["--times", "2", &server.url("/")]);
    assert!(said.out.starts_with("run 1 of 2\n") && said.out.contains("\nrun 2 of 2\n"), "{}", said.out);
    let line = "    2  cut-visible  200, 1 event, incomplete: 11 of 20 octets, after ";
    assert!(said.out.contains(line) && said.out.contains("\n  2 of 2 cut, after "), "{}", said.out);
}

/// Sends these events to whoever says nothing of an ID, and others to whoever says `id: 2`.
fn resuming(first: &'static str, then: &'static str) -> Server {
    Server::start(async move |_, asked, mut socket| {
        let asked = String::from_utf8_lossy(&asked).into_owned();
        let content = if asked.contains("\r\nLast-Event-ID: 2\r\n") { then } else { first };
        send(&mut socket, chunked(content).as_bytes()).await;
    })
}

const THREE: &str = "id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\n";

#[rstest]
#[case::in_order(THREE, "id: 3\ndata: c\n\n", 0, json!({"asked": "2", "status": 200, "first": "3", "missing": 0, "duplicates": 0, "ignored": false}))]
#[case::ignored(THREE, THREE, 1, json!({"asked": "2", "status": 200, "first": "1", "missing": 0, "duplicates": 2, "ignored": true}))]
#[case::a_gap(THREE, "id: 4\ndata: d\n\n", 1, json!({"asked": "2", "status": 200, "first": "4", "missing": 1, "duplicates": 0, "ignored": false}))]
#[case::no_ids("data: a\n\n", "", 0, json!({"asked": null, "status": null, "first": null, "missing": 0, "duplicates": 0, "ignored": false}))]
fn a_reader_that_connects_again_tells_what_it_missed(
    #[case] first: &'static str,
    #[case] then: &'static str,
    #[case] status: i32,
    #[case] resume: Value,
) {
    let server = resuming(first, then);
    let said = say(&["--resume", "--json", &server.url("/")]);
    assert_eq!((said.status, &said.objects()[0]["resume"]), (Some(status), &resume), "{said:?}");
}

#[rstest]
#[case::interrupted(Signal::INT, 130)]
#[case::terminated(Signal::TERM, 143)]
fn a_signal_gives_the_report_so_far(#[case] signal: Signal, #[case] status: i32) {
    let (sent, mut is_sent) = mpsc::unbounded_channel();
    let (asked, mut is_asked) = mpsc::unbounded_channel::<()>();
    // The second response comes when the first one was read; until then the signal would come too early.
    let server = Server::start(async move |number, _, mut socket| {
        if number == 0 {
            return send(&mut socket, chunked("data: one\n\n").as_bytes()).await;
        }
        send(&mut socket, format!("{STREAM}\r\ndata: one\n\n").as_bytes()).await;
        harness::tap::acknowledged(&socket).await.expect("the kernel tells");
        sent.send(()).expect("the test waits");
        departure(&mut socket).await;
        let _gone = asked.send(());
    });
    let mut command = lastchunk(&["--json", "--times", "2", &server.url("/")]);
    let child: Child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    is_sent.blocking_recv().expect("the second response is on its way");
    kill_process(Pid::from_raw(child.id().cast_signed()).expect("a process"), signal).expect("it runs");
    let said = Said::of(child.wait_with_output().expect("the program ends"));
    is_asked.blocking_recv().expect("the connection is closed");
    assert_eq!((said.status, said.err.as_str()), (Some(status), ""), "{said:?}");
    let objects = said.objects();
    assert_eq!(
        (&objects[0]["end"], &objects[1]["end"], &objects[1]["outcome"]),
        (&json!("message"), &json!("stopped"), &json!("open"))
    );
}

#[test]
fn a_time_that_is_over_is_told() {
    let server = Server::sends_and_holds(format!("{STREAM}\r\ndata: one\n\n"));
    let said = say(&["--for", "1ms", "--json", &server.url("/")]);
    assert_eq!((said.status, &said.objects()[0]["end"]), (Some(0), &json!("for")), "{said:?}");
    assert!(said.out.contains("--for 1ms is over"), "{}", said.out);
}
