//! `lastchunk probe --report`: the folder for an issue, played again, and without what is secret.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rstest::rstest;
use serde_json::json;

use super::command::{Said, lastchunk};
use super::server::{Server, departure, send};

const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store, no-transform\r\n";
const CUT: &str = "Transfer-Encoding: chunked\r\n\r\nb\r\ndata: one\n\n\r\nb\r\ndata: tw";

/// A folder that is not there yet, in one that is gone with its handle.
fn room() -> (tempfile::TempDir, PathBuf) {
    let held = tempfile::tempdir().expect("a folder");
    let folder = held.path().join("issue");
    (held, folder)
}

fn reports(url: &str, folder: &Path, arguments: &[&str]) -> Said {
    let arguments = [arguments, &["--report", folder.to_str().expect("UTF-8"), url]].concat();
    Said::of(lastchunk(&arguments).output().expect("the program starts"))
}

fn read(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// What `lastchunk replay` says of it.
fn replayed(folder: &Path) -> Said {
    let mut replay = Command::new(env!("CARGO_BIN_EXE_lastchunk"));
    Said::of(replay.arg("replay").arg(folder).stdin(Stdio::null()).output().expect("the program starts"))
}

#[rstest]
#[case::by_fin(Server::sends(format!("{STREAM}{CUT}")), "cut-visible", "  ended by FIN, ")]
#[case::by_rst(Server::sends_and_resets(format!("{STREAM}{CUT}")), "cut-visible", "  ended by RST, ")]
#[case::whole(Server::sends(format!("{STREAM}Content-Length: 11\r\n\r\ndata: one\n\n")), "intact", "  complete (content-length)")]
#[case::without_an_empty_line(Server::sends(format!("{STREAM}Content-Length: 10\r\n\r\ndata: one\n")), "cut-silent", "pending-event: ")]
#[case::no_response(Server::sends(""), "cut-visible", "no-response: ")]
fn a_response_is_reported_and_plays_again_the_same(#[case] server: Server, #[case] outcome: &str, #[case] told: &str) {
    let (_held, folder) = room();
    let said = reports(&server.url("/events"), &folder, &[]);
    assert!(said.out.ends_with(&format!("report: {}\n", folder.join("report.md").display())), "{said:?}");
    assert_eq!((said.status, said.err.as_str()), (Some(i32::from(outcome != "intact")), ""));
    let page = read(&folder, "report.md");
    for part in
        [told, &server.url("/events"), &format!("outcome **{outcome}**"), "## Expected", "No field or parameter"]
    {
        assert!(page.contains(part), "{part} in {page}");
    }
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("a folder")
        .map(|file| file.expect("a file").file_name().into_string().expect("UTF-8"))
        .collect();
    files.sort();
    let all = "bundle.json capture.pcapng compose.yaml octets origin.go origin.py origin.rs report.md transcript.txt";
    assert_eq!(files.join(" "), all);
    let again = replayed(&folder);
    assert_eq!((again.out, again.status), (format!("same: {outcome}\n"), Some(0)));
}

/// Where the peer was silent, a step begins; and the probe says why it left.
#[test]
fn a_silence_is_a_step_and_plays_again_without_it() {
    let server = Server::start(async |_, _, mut socket| {
        send(&mut socket, format!("{STREAM}\r\ndata: one\n\n").as_bytes()).await;
        // Until the probe's own clock has run down.
        departure(&mut socket).await;
    });
    let (_held, folder) = room();
    let said = reports(&server.url("/"), &folder, &["--for", "300ms"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    let transcript = read(&folder, "transcript.txt");
    let steps: Vec<&str> = transcript.lines().filter(|line| line.starts_with("2. after ")).collect();
    assert_eq!(steps.len(), 1, "{transcript}");
    assert!(transcript.contains("c:   --for 300ms is over\n"), "{transcript}");
    assert_eq!(replayed(&folder).out, "same: open\n");
}

/// Keys in fields and in URLs, and what a server says again of them, leave in no file; without being asked.
#[test]
fn what_is_secret_does_not_leave() {
    let body = "your key sk-0123456789 is no good\n";
    let content = format!(
        "HTTP/1.1 401 Unauthorized\r\nSet-Cookie: id=abcdefgh12; Path=/\r\nX-Echo: sk-0123456789\r\nLocation: \
         /login?token=tok-1\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let server = Server::sends(content);
    let arguments = ["-H", "Authorization: Bearer sk-0123456789", "-H", "Cookie: session=abcdefgh12", "--json"];
    let url = server.url("/sk-0123456789?api_key=key-1&stream=true");
    let (_held, folder) = room();
    let said = reports(&url, &folder, &arguments);
    assert!(
        said.err.ends_with(
            "lastchunk: redacted: ?api_key, ?token, authorization, cookie, set-cookie (--keep-secrets leaves them)\n"
        ),
        "{said:?}"
    );
    assert_eq!(said.objects().len(), 1);
    let holds = |folder: &Path, secret: &str| {
        let files =
            fs::read_dir(folder).expect("a folder").chain(fs::read_dir(folder.join("octets")).expect("a folder"));
        let files = files.map(|file| file.expect("a file").path()).filter(|file| file.is_file());
        let held =
            files.filter(|file| memchr::memmem::find(&fs::read(file).expect("a file"), secret.as_bytes()).is_some());
        held.map(|file| file.file_name().expect("a name").to_string_lossy().into_owned()).collect::<Vec<_>>()
    };
    for secret in ["sk-0123456789", "abcdefgh12", "key-1", "tok-1"] {
        assert_eq!(holds(&folder, secret), Vec::<String>::new(), "{secret}");
    }
    let page = read(&folder, "report.md");
    assert!(page.contains("The values of `?api_key`, `?token`, `authorization`, `cookie`, `set-cookie` are redacted"));
    assert!(page.contains("/xxxxxxxxxxxxx?api_key=xxxxx&stream=true"), "{page}");
    assert_eq!(replayed(&folder).out, "same: intact\n");
    let (_held, kept) = room();
    reports(&url, &kept, &[&arguments[..], &["--keep-secrets"]].concat());
    assert!(holds(&kept, "sk-0123456789").contains(&"report.md".to_owned()));
}

/// A key in what is asked with leaves in no file, wherever the answer says it again; how many cookies stand before it is told.
#[test]
fn a_key_in_content_does_not_leave_and_too_many_cookies_are_told() {
    let server = Server::sends(format!("{STREAM}Content-Length: 21\r\n\r\ndata: sk-0123456789\n\n"));
    let cookies: Vec<String> = (0..65).map(|number| format!("c{number}=value-{number:03}")).collect();
    let cookies = format!("Cookie: {}", cookies.join("; "));
    let content = r#"{"api_key":"sk-0123456789","stream":true}"#;
    let (_held, folder) = room();
    let said = reports(&server.url("/"), &folder, &["-H", &cookies, "-d", content]);
    assert!(said.out.ends_with("redacted: cookie, {api_key} (--keep-secrets leaves them)\n"), "{said:?}");
    let page = read(&folder, "report.md");
    for text in [&page, &read(&folder, "transcript.txt"), &read(&folder, "bundle.json")] {
        assert!(!text.contains("sk-0123456789"), "{text}");
    }
    assert!(page.contains(r#"{"api_key":"xxxxxxxxxxxxx","stream":true}"#), "{page}");
    assert!(page.contains("They were too many to look for each of them again"), "{page}");
    assert_eq!(replayed(&folder).out, "same: intact\n");
}

/// What a peer sends drives no terminal, and leaves no block of the page.
#[test]
fn a_hostile_response_stays_inside_its_block() {
    let content = "data: <script>alert(1)</script>\x1b]0;owned\x07\n```\n\n# not a heading\n\n";
    let head = "HTTP/1.1 200 \x1b[2J`</code><b>\r\nContent-Type: text/event-stream\r\nServer: ``` <img src=x>\r\n\r\n";
    let server = Server::sends(format!("{head}{content}"));
    let (_held, folder) = room();
    let said = reports(&server.url("/<b>`x`?a=<i>"), &folder, &[]);
    let page = read(&folder, "report.md");
    for text in [&said.out, &page] {
        assert!(text.bytes().all(|octet| octet == b'\n' || (b' '..=b'~').contains(&octet)), "{text:?}");
    }
    let mut fence = None;
    for line in page.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            None if ticks >= 3 => fence = Some(ticks),
            Some(open) if line.trim_end().len() == ticks && ticks >= open => fence = None,
            None => {
                // Outside of blocks nothing of HTML is left but inside of code spans.
                let spans: Vec<&str> = line.split('`').collect();
                let prose: String = if ticks == 0 { spans.iter().step_by(2).copied().collect() } else { String::new() };
                assert!(!prose.contains("<b>") && !prose.contains("<script>") && !prose.contains("<i>"), "{line}");
            }
            Some(_) => {}
        }
    }
    assert_eq!(fence, None, "{page}");
    assert!(!page.lines().any(|line| line == "# not a heading"), "{page}");
}

#[test]
fn a_response_without_end_gives_a_report_of_what_was_read() {
    let server = Server::sends_and_repeats("HTTP/1.1 200 OK\r\nX: ", b"abc\r\nX: ");
    let (_held, folder) = room();
    let said = reports(&server.url("/"), &folder, &[]);
    assert_eq!(said.status, Some(1), "{said:?}");
    let page = read(&folder, "report.md");
    assert!(page.contains("endless-head") && page.contains(" lines are in transcript.txt\n"), "{page}");
    assert!(page.len() < 65_536, "an issue takes no more: {}", page.len());
}

/// Frames are not kept, and the folder says so.
#[test]
fn over_http_2_there_is_a_page_and_no_transcript() {
    let server = Server::accepting(async |_, socket| {
        let Ok(mut connection) = h2::server::handshake(socket).await else { return };
        let Some(Ok((_, mut respond))) = connection.accept().await else { return };
        let response =
            http::Response::builder().header("set-cookie", "secret-of-2").header("content-type", "text/event-stream");
        let mut stream = respond.send_response(response.body(()).expect("a response"), false).expect("a stream");
        stream.send_data(bytes::Bytes::from_static(b"data: one\n\n"), true).expect("a window");
        while let Some(Ok(_)) = connection.accept().await {}
    });
    let (_held, folder) = room();
    let said = reports(&server.url("/?sig=secret-of-1"), &folder, &["--http2-prior-knowledge"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(said.out.contains("no transcript is in it: frames of HTTP/2 are not kept"), "{said:?}");
    let page = read(&folder, "report.md");
    assert!(page.contains("Frames of HTTP/2 are not kept") && !page.contains("secret-of-"), "{page}");
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1);
}

/// What was asked with, and what the response carries, is not told by another field, the content or a finding.
#[test]
fn over_http_2_what_is_secret_does_not_leave() {
    let server = Server::accepting(async |_, socket| {
        let Ok(mut connection) = h2::server::handshake(socket).await else { return };
        let Some(Ok((request, mut respond))) = connection.accept().await else { return };
        let mut response = http::Response::builder().header("x-echo", &request.headers()["authorization"]);
        for (name, value) in [
            ("set-cookie", "id=secret-of-3"),
            ("x-cookie", "secret-of-3"),
            ("location", "https://me:secret-of-4@h/?token=secret-of-5"),
            ("server", "secret-of-2"),
            ("content-type", "text/plain; a=secret-of-1"),
        ] {
            response = response.header(name, value);
        }
        let mut stream = respond.send_response(response.body(()).expect("a response"), false).expect("a stream");
        stream.send_data(bytes::Bytes::from_static(b"data: secret-of-2 secret-of-6\n\n"), true).expect("a window");
        while let Some(Ok(_)) = connection.accept().await {}
    });
    let (_held, folder) = room();
    let content = r#"{"api_key":"secret-of-6"}"#;
    let arguments = ["--http2-prior-knowledge", "-H", "Authorization: Bearer secret-of-2", "-d", content];
    let said = reports(&server.url("/secret-of-2?sig=secret-of-1"), &folder, &arguments);
    assert!(said.out.contains("redacted: ?sig, ?token, authorization, set-cookie, userinfo@, {api_key}"), "{said:?}");
    let page = read(&folder, "report.md");
    let left: Vec<&str> = page.lines().filter(|line| line.contains("secret-of-")).collect();
    assert_eq!(left, Vec::<&str>::new());
}

/// Of several responses the first that does harm is the one for the issue.
#[test]
fn the_first_response_that_does_harm_is_reported() {
    let server = Server::start(async |number, _, mut socket| {
        let rest = if number == 0 { "Content-Length: 11\r\n\r\ndata: one\n\n" } else { CUT };
        send(&mut socket, format!("{STREAM}X-Number: {number}\r\n{rest}").as_bytes()).await;
    });
    let (_held, folder) = room();
    reports(&server.url("/"), &folder, &["--times", "3"]);
    assert!(read(&folder, "transcript.txt").contains("X-Number: 1"));
}

#[test]
fn a_folder_that_is_not_empty_is_refused_before_anything_is_asked() {
    let held = tempfile::tempdir().expect("a folder");
    fs::write(held.path().join("mine"), "").expect("a file of our own");
    let said = reports("http://127.0.0.1:1/", held.path(), &[]);
    let line = format!(
        "lastchunk: cannot write the report to \"{}\": the folder is not empty; name another folder with --report\n",
        held.path().display()
    );
    assert_eq!((said.status, said.out.as_str(), said.err), (Some(2), "", line));
    // Nothing is left of one that could not be written.
    assert_eq!(reports("http://127.0.0.1:1/", &held.path().join("x"), &[]).status, Some(2));
    assert!(!held.path().join("x").exists());
    let said = reports("http://127.0.0.1:1/", &held.path().join("x"), &["--chain"]);
    let line = "lastchunk: --report is for one response: leave --chain out, its page is the report\n";
    assert_eq!((said.status, said.err.as_str()), (Some(2), line));
}

/// The origin of a report as a program of its own: probed again, it shows what was reported.
#[test]
fn the_python_program_of_a_report_shows_the_same() {
    if Command::new("python3").arg("--version").output().is_err() {
        return eprintln!("skipped: there is no python3 on the PATH");
    }
    let server = Server::sends_and_resets(format!("{STREAM}{CUT}"));
    let (_held, folder) = room();
    reports(&server.url("/events"), &folder, &[]);
    let mut origin = Command::new("python3");
    let origin = origin.arg(folder.join("origin.py")).arg("127.0.0.1:0").stdin(Stdio::null()).stdout(Stdio::piped());
    let mut origin = origin.spawn().expect("it starts");
    let mut line = String::new();
    let mut words = BufReader::new(origin.stdout.take().expect("it is piped"));
    words.read_line(&mut line).expect("it says where it listens");
    let address = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}"));
    let again = Said::of(lastchunk(&["--json", &format!("http://{address}/events")]).output().expect("it starts"));
    origin.kill().expect("it runs");
    origin.wait().expect("it is ours");
    let object = &again.objects()[0];
    let shown = json!([object["framing"], object["outcome"], object["end"], object["events"]]);
    assert_eq!(shown, json!(["incomplete", "cut-visible", "rst", 1]), "{again:?}");
}
