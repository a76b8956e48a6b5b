//! Servers of the user's: started by her command, or running already.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;

use rstest::rstest;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::{Said, say};

/// Our own origin as somebody's server: what it sends stands in the path.
const COMMAND: &str = concat!("cmd:exec '", env!("CARGO_BIN_EXE_lastchunk"), "' origin --listen 127.0.0.1:{port}");
/// Three events, and a pause in which a reader can act.
const SCRIPT: &str = "/lastchunk/run/1/play?chunked.event-16.pause-200.event-16.pause-200.event-16.end";

/// For each case: outcome, whether it was noticed, whether it went on.
fn told(said: &Said) -> Vec<(String, String, Option<bool>, Option<bool>)> {
    let row = |object: &serde_json::Value| {
        let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
        (text("case"), text("outcome"), object["noticed"].as_bool(), object["went_on"].as_bool())
    };
    said.objects().iter().map(row).collect()
}

#[test]
fn a_command_is_started_asked_by_five_readers_and_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let pids = folder.path().join("pids");
    // A child beside the server, which nobody waits for.
    let command = COMMAND
        .replace("cmd:", &format!("cmd:echo $$ > '{0}'; tail -f /dev/null & echo $! >> '{0}'; ", pids.display()));
    let said = say(&["run", "--origin", &command, "--path", SCRIPT, "--json"]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{said:?}");
    let row = |case: &str, outcome: &str, noticed, went_on| (case.to_owned(), outcome.to_owned(), noticed, went_on);
    assert_eq!(
        told(&said),
        [
            row("reader_reads_to_the_end", "intact", None, None),
            row("reader_closes", "intact", Some(true), None),
            row("reader_resets", "intact", Some(true), None),
            row("reader_half_closes", "intact", None, Some(true)),
            row("reader_is_slow", "intact", None, Some(true)),
        ]
    );
    assert_eq!(said.objects()[0]["events"], 3);
    for pid in fs::read_to_string(pids).expect("it was started").split_whitespace() {
        let state = fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z "), "{pid} is left: {state}");
    }
}

/// Nothing of a server is left behind by a run that has no time to end it.
#[test]
fn a_run_that_is_killed_takes_the_server_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let fifo = folder.path().join("pids");
    assert!(Command::new("mkfifo").arg(&fifo).status().expect("it starts").success());
    // A child beside the server, and a server that does not end for the asking.
    let begun = format!("cmd:trap '' TERM; tail -f /dev/null & echo $$ $! > '{}'; ", fifo.display());
    let command = COMMAND.replace("cmd:", &begun);
    let path = "/lastchunk/run/1/play?chunked.event-16.pause-600000.end";
    let mut run = super::lastchunk(&["run", "reader_reads_to_the_end", "--origin", &command, "--path", path]);
    run.args(["--within", "10min"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = run.spawn().expect("the program starts");
    let pids = fs::read_to_string(&fifo).expect("it was started");
    let left: Vec<_> = pids
        .split_whitespace()
        .filter_map(|pid| Pid::from_raw(pid.parse().expect("a number")))
        .map(|pid| pidfd_open(pid, PidfdFlags::empty()).expect("it runs"))
        .collect();
    assert_eq!(left.len(), 2, "{pids}");
    run.kill().expect("it runs");
    run.wait().expect("it is ours");
    let bound = Timespec { tv_sec: 10, tv_nsec: 0 };
    for process in left {
        let ended = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&bound));
        assert_eq!(ended.expect("it is watched"), 1, "of {pids} one is left");
    }
}

/// A server that answers one connection after the other with a beginning, and the same again for as long as it is read.
fn floods(beginning: &'static [u8], again: &'static [u8], connections: usize) -> (String, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("it listens");
    let url = format!("http://{}/", listener.local_addr().expect("it listens"));
    let serving = std::thread::spawn(move || {
        let again = again.repeat(64 * 1024 / again.len());
        for _ in 0..connections {
            let (mut socket, _) = listener.accept().expect("it is asked");
            let mut octets = [0; 4096];
            if socket.read(&mut octets).is_ok_and(|count| count > 0) && socket.write_all(beginning).is_ok() {
                while socket.write_all(&again).is_ok() {}
            }
        }
    });
    (url, serving)
}

#[rstest]
#[case::a_header_section(b"HTTP/1.1 200 OK\r\n", b"X: \x1b[2J\r\n")]
#[case::a_line(b"HTTP/1.1 200 OK\r\nX: ", b"x")]
fn a_server_whose_head_has_no_end_is_told(#[case] beginning: &'static [u8], #[case] again: &'static [u8]) {
    // The look whether anybody listens, and one reader.
    let (url, serving) = floods(beginning, again, 2);
    let said = say(&["run", "reader_closes", "--origin", &url, "--within", "10min"]);
    serving.join().expect("no panic");
    assert_eq!((said.status, said.err.as_str()), (Some(2), ""), "{said:?}");
    assert!(said.out.contains("a header section without end came"), "{said:?}");
    assert!(!said.out.contains('\x1b'), "{said:?}");
}

#[test]
fn a_server_that_sends_ten_gigabytes_is_not_read_to_the_end() {
    let (url, serving) = floods(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n", b"x", 4);
    let patterns = ["run", "to_the_end", "closes", "--origin", &url, "--within", "10min", "--json"];
    let said = say(&patterns);
    // The half-closing reader is `closes` too.
    serving.join().expect("no panic");
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{said:?}");
    let object = &said.objects()[0];
    assert_eq!((&object["outcome"], &object["over"]), (&"open".into(), &false.into()), "{said:?}");
    assert_eq!(object["why"], "has sent more than 16777216 octets, and was not read on");
}

/// It writes an event and never looks at its socket again.
#[test]
fn a_server_that_does_not_look_is_told_to_leak() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("it listens");
    let url = format!("http://{}/events", listener.local_addr().expect("it listens"));
    let (over, wait) = mpsc::channel::<()>();
    let serving = std::thread::spawn(move || {
        let mut held = Vec::new();
        // The look whether anybody listens, and three readers.
        for _ in 0..4 {
            let (mut socket, _) = listener.accept().expect("it is asked");
            let mut octets = [0; 4096];
            if socket.read(&mut octets).is_ok_and(|count| count > 0) {
                let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n";
                socket.write_all(answer.as_bytes()).expect("it is read");
            }
            held.push(socket);
        }
        let _over = wait.recv();
        drop(held);
    });
    let said = say(&["run", "closes", "resets", "--origin", &url, "--within", "300ms", "--json"]);
    drop(over);
    serving.join().expect("no panic");
    assert_eq!(said.status, Some(0), "{said:?}");
    let leaked: Vec<(String, Option<bool>)> =
        told(&said).into_iter().map(|(case, outcome, noticed, _)| (format!("{case} {outcome}"), noticed)).collect();
    let half = leaked.iter().find(|(case, _)| case.starts_with("reader_half_closes"));
    assert!(half.is_some_and(|(case, _)| case.ends_with(" open")), "{said:?}");
    for case in ["reader_closes leaked", "reader_resets leaked"] {
        assert!(leaked.contains(&(case.to_owned(), Some(false))), "{said:?}");
    }
}

/// Who leaves the process group is ended too, and nobody waits for what he holds open.
#[test]
fn a_child_in_a_session_of_its_own_is_ended_and_not_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let [pid, outlived] = ["pid", "outlived"].map(|name| folder.path().join(name));
    let child = format!(
        "setsid sh -c 'echo $$ > {0}.part; mv {0}.part {0}; sleep 30; echo > {1}' & while [ ! -e {0} ]; do :; done",
        pid.display(),
        outlived.display()
    );
    let command = COMMAND.replace("cmd:", &format!("cmd:{child}; "));
    let said = say(&["run", "to_the_end", "--origin", &command, "--path", SCRIPT]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{said:?}");
    let pid = fs::read_to_string(pid).expect("it was started");
    assert!(!Path::new("/proc").join(pid.trim()).exists(), "it is left");
    assert!(!outlived.exists(), "it was waited for");
}

/// It is told what came, and not that nothing did.
#[test]
fn a_response_that_goes_on_is_told_with_what_came() {
    let path = "/lastchunk/run/2/play?chunked.event-16.pause-3600000.end";
    let said = say(&["run", "to_the_end", "--origin", COMMAND, "--path", path, "--within", "500ms"]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{said:?}");
    let told = said.out.lines().nth(1).unwrap_or_default();
    assert!(told.contains("has not ended the response within 500ms; ") && told.ends_with(" octets came"), "{told}");
}

#[test]
fn a_server_that_cannot_be_asked_is_told_in_one_line() {
    for (arguments, why) in [
        (
            vec!["--origin", "cmd:./server"],
            "the command does not say where {port} goes: --origin 'cmd:./server --port {port}'",
        ),
        (
            vec!["--origin", "cmd:echo {port} >/dev/null; printf 'no \\033[2J such conf\\n' >&2; exit 3"],
            "the server ended before it took a connection: exit status: 3; it said: no \\x1b[2J such conf",
        ),
        (
            vec!["--origin", "http://127.0.0.1:1/"],
            "nothing takes connections at http://127.0.0.1:1/: Connection refused (os error 111)",
        ),
        (vec!["--origin", "https://a/"], "--origin takes http: a reset and a half-close cannot be seen through TLS"),
        (vec!["--origin", "ftp://a/"], "--origin: \"ftp://a/\" cannot be probed: only http and https can"),
        (
            vec!["--origin", "http://a/", "--via", "nginx"],
            "a server of yours is read directly and once: leave --via and --times out",
        ),
        (
            vec!["--origin", "http://a/", "--path", "/x"],
            "the path belongs into the URL: --origin http://127.0.0.1:8080/events",
        ),
        (
            vec!["--origin", "http://a/", "nothing"],
            "no case for a server of yours is like \"nothing\" (there are: reader_reads_to_the_end, reader_closes, reader_resets, reader_half_closes, reader_is_slow)",
        ),
    ] {
        let said = say(&[&["run"], &arguments[..]].concat());
        assert_eq!((said.status, said.out.as_str()), (Some(2), ""), "{said:?}");
        assert_eq!(said.err, format!("lastchunk: {why}\n"));
    }
}

/// It is a mistyped path more often than a stream.
#[test]
fn a_status_that_is_not_200_is_told() {
    let said = say(&["run", "--origin", COMMAND, "--path", "/no-such-thing"]);
    assert_eq!(said.status, Some(2), "{said:?}");
    let told = |row: &str, what: &str| {
        let row = said.out.lines().find(|line| line.starts_with(&format!(" {row} "))).expect("a row");
        assert!(row.ends_with(what), "{row}");
    };
    told("reader_reads_to_the_end", "ends the response, of status 404");
    told("reader_closes", "the response, of status 404, was over before the reader could act (within 5s)");
}
