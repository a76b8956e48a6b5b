//! The folder for an issue: written, read, played again, and its programs at the origin.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::origin::Foreign;
use harness::packets::Captured;
use mve::bundle::{Bundle, difference, play};
use mve::catalogue::cases;
use mve::machine::Machine;
use mve::player::{play_alone, show_unless};
use rstest::rstest;

use super::{executable, say};

/// A case on the reader's doorstep, and one behind nginx that loses what was meant.
const DIRECT: &str = "header_after_write/error_by_abort";
const BEHIND_NGINX: &str = "header_after_write/error_by_abort@as-shipped";

/// One that writes twice in a step, apart.
const PAUSING: &str = "hijacked_connection/raw_octets_inside_chunks@http11";

fn reported(case: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let into = folder.path().join("issue");
    let said = say(&["report", case, "--into", into.to_str().expect("UTF-8")]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{said:?}");
    (folder, into)
}

fn read(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[rstest]
#[case::direct(DIRECT, "cut-visible", 9)]
#[case::behind_nginx(BEHIND_NGINX, "cut-silent", 10)]
fn a_case_is_reported_and_plays_again_the_same(#[case] case: &str, #[case] outcome: &str, #[case] files: usize) {
    let (_held, folder) = reported(case);
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), files);
    let page = read(&folder, "report.md");
    for part in [
        case,
        outcome,
        "## Expected",
        "RFC 9112 8",
        "o>",
        "outcome: ",
        "No field or parameter that carries credentials",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let said = say(&["replay", folder.to_str().expect("UTF-8")]);
    assert_eq!((said.out.as_str(), said.err.as_str(), said.status), (&*format!("same: {outcome}\n"), "", Some(0)));
}

#[test]
fn a_bundle_that_shows_something_else_here_says_in_what() {
    // One line of its conf makes the origin's HTTP/1.0 answer another one at the gateway.
    let (_held, folder) = reported(BEHIND_NGINX);
    let conf = read(&folder, "nginx.conf").replace("proxy_pass", "proxy_http_version 1.1; proxy_pass");
    fs::write(folder.join("nginx.conf"), conf).expect("a file of our own");
    let mut replay = super::lastchunk(&["replay", folder.to_str().expect("UTF-8")]);
    let said = super::Said::by(replay.env("LASTCHUNK_PATIENCE_MS", "1000"));
    assert_eq!(said.status, Some(1), "{said:?}");
    assert!(said.out.contains("not the same") || said.out.contains("is shown"), "{said:?}");
}

#[test]
fn what_was_recorded_and_what_is_shown_have_their_names_in_the_difference() {
    let (_held, folder) = reported(BEHIND_NGINX);
    let told = read(&folder, "transcript.txt").replace("\np>c  HTTP/1.1 200 OK", "\np>c  HTTP/1.1 201 OK");
    fs::write(folder.join("transcript.txt"), told).expect("a file of our own");
    let said = say(&["replay", folder.to_str().expect("UTF-8")]);
    assert!(said.out.starts_with("--- recorded\n+++ shown\n"), "{said:?}");
}

#[test]
fn credentials_do_not_leave_and_their_lengths_stay() {
    let machine = Machine::default();
    let case = cases().find(|case| case.name() == DIRECT).expect("it is in the catalogue");
    let mut transcript = play_alone(&machine, &case).expect("it runs").transcript;
    let secret = b"Cookie: id=1234\r\n";
    for event in &mut transcript.events {
        if let harness::transcript::What::Octets(run) = &mut event.what
            && run.starts_with(b"GET ")
        {
            let at = run.windows(2).position(|two| two == b"\r\n").expect("a line") + 2;
            run.splice(at..at, secret.iter().copied());
        }
    }
    let [hidden, kept] = [false, true].map(|keep| Bundle::of(&machine, &case, transcript.clone(), keep));
    let holds = |bundle: &Bundle| bundle.files().iter().any(|(_, octets)| octets.windows(4).any(|run| run == b"1234"));
    assert!(holds(&kept) && !holds(&hidden));
    assert!(hidden.text().contains("Cookie: xxxxxxx\\r\\n"), "{}", hidden.text());
    let page = hidden.files().into_iter().find(|(name, _)| name == "report.md").expect("a report").1;
    assert!(String::from_utf8_lossy(&page).contains("The values of `cookie` are redacted"));
}

#[test]
fn the_capture_of_a_bundle_holds_its_lanes() {
    let (_held, folder) = reported(BEHIND_NGINX);
    let file = fs::File::open(folder.join("capture.pcapng")).expect("a file");
    let captured = Captured::read(file).expect("a capture");
    assert_eq!(captured.responses(), 2);
    let said = say(&["explain", "--json", folder.join("capture.pcapng").to_str().expect("UTF-8")]);
    let by: Vec<String> = said.objects().iter().map(|object| object["by"].to_string()).collect();
    assert_eq!(by, ["\"last-chunk\"", "\"close\""]);
}

/// Plays a bundle with one of its own programs at the origin.
fn reproduces(folder: &Path, program: PathBuf) {
    let bundle = Bundle::read(folder).expect("a bundle");
    let machine = Machine::default();
    let about = "a program of the bundle".to_owned();
    let witness = Foreign { path: program, variant: String::new(), about };
    let stage = bundle.stage(&machine).expect("a stage").witness(witness);
    let played = show_unless(stage, |stage| Box::pin(play(stage, &bundle.transcript)), std::future::pending());
    let played = played.unwrap_or_else(|fault| panic!("{fault}")).transcript;
    if let Some(difference) = difference(&bundle.transcript, &played) {
        panic!("recorded:\n{}\nshown:\n{}\n", difference.before, difference.after);
    }
}

/// The file of a command on the PATH.
fn command(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

#[rstest]
#[case::direct(DIRECT)]
#[case::behind_nginx(BEHIND_NGINX)]
#[case::by_a_reset("proxy_buffering/cut_between_chunks_by_rst@http11")]
#[case::with_a_pause(PAUSING)]
fn the_python_program_reproduces(#[case] case: &str) {
    let Some(python) = command("python3") else { return eprintln!("skipped: there is no python3 on the PATH") };
    let (held, folder) = reported(case);
    let script = format!("exec {} {} \"$@\"", python.display(), folder.join("origin.py").display());
    reproduces(&folder, executable(held.path(), "program", &script));
}

#[rstest]
#[case::direct(DIRECT)]
#[case::behind_nginx(BEHIND_NGINX)]
#[case::by_a_reset("proxy_buffering/cut_between_chunks_by_rst@http11")]
#[case::with_a_pause(PAUSING)]
fn the_rust_program_compiles_without_dependencies_and_reproduces(#[case] case: &str) {
    let (held, folder) = reported(case);
    let program = held.path().join("origin");
    let compiled = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .arg(folder.join("origin.rs"))
        .arg("-o")
        .arg(&program)
        .output()
        .expect("rustc starts");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    assert_eq!(String::from_utf8_lossy(&compiled.stderr), "");
    reproduces(&folder, program);
}

#[rstest]
#[case::direct(DIRECT)]
#[case::behind_nginx(BEHIND_NGINX)]
#[case::by_a_reset("proxy_buffering/cut_between_chunks_by_rst@http11")]
#[case::with_a_pause(PAUSING)]
#[ignore = "needs Go (`just toolchains`)"]
fn the_go_program_reproduces_in_the_oldest_and_the_newest_version(#[case] case: &str) {
    let toolchains = mve::catalogue::toolchains();
    assert!(!toolchains.is_empty(), "there is no Go");
    for go in [toolchains.first(), toolchains.last()].into_iter().flatten() {
        let (held, folder) = reported(case);
        let program = held.path().join("origin");
        let built = Command::new(&go.go)
            .args(["build", "-o"])
            .arg(&program)
            .arg(folder.join("origin.go"))
            .env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-cache"))
            .envs([("GO111MODULE", "on"), ("GOFLAGS", "-mod=mod"), ("GOPROXY", "off"), ("GOTOOLCHAIN", "local")])
            .output()
            .expect("go starts");
        assert!(built.status.success(), "{}: {}", go.version, String::from_utf8_lossy(&built.stderr));
        reproduces(&folder, program);
    }
}

/// What tshark says of a bundle's capture with these arguments.
fn tshark(folder: &Path, arguments: &[&str]) -> String {
    let program = command("tshark").expect("tshark is on the PATH");
    let output = Command::new(program).arg("-r").arg(folder.join("capture.pcapng")).args(arguments).output();
    let output = output.expect("tshark starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[rstest]
#[case::direct(DIRECT, "200\n")]
#[case::behind_nginx(BEHIND_NGINX, "200\n200\n")]
#[case::by_a_reset("proxy_buffering/cut_between_chunks_by_rst@http11", "200\n200\n")]
#[case::of_another_protocol("hijacked_connection/upgrade", "101\n")]
#[ignore = "needs tshark (Debian: tshark)"]
fn tshark_sees_the_same_responses_and_complains_of_nothing(#[case] case: &str, #[case] codes: &str) {
    let (_held, folder) = reported(case);
    // Without this it waits for the rest of content that was cut, and shows no response at all: report.md says so.
    let not_whole = ["-o", "http.desegment_body:FALSE"];
    let statuses = ["-Y", "http.response", "-T", "fields", "-e", "http.response.code"];
    assert_eq!(tshark(&folder, &[&not_whole[..], &statuses].concat()), codes);
    let bad = "_ws.malformed or tcp.analysis.flags or tcp.checksum.status == 0 or ip.checksum.status == 0";
    let checked = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y"];
    assert_eq!(tshark(&folder, &[&checked[..], &[bad]].concat()), "");
}

#[rstest]
#[case::not_there(None, "bundle.json cannot be read: No such file or directory (os error 2)")]
#[case::no_json(Some(("bundle.json", "{")), "bundle.json is not what `lastchunk report` writes: EOF while parsing")]
#[case::another_key(Some(("bundle.json", "{\"form\": 1, \"run\": \"rm\"}")), "bundle.json is not what `lastchunk report` writes: unknown field `run`")]
#[case::no_transcript(Some(("transcript.txt", "\x1b]0;owned\x07")), "transcript.txt is not what `lastchunk report` writes: line 1: no chain")]
#[case::a_bomb(Some(("transcript.txt", "chain: c, o\n\n1. x\no>c  # ... 99,999,999,999 octets, all \"x\"\n")), "transcript.txt is not what `lastchunk report` writes: line 4: more than 67,108,864 octets")]
#[case::nothing(Some(("transcript.txt", "chain: c, o\n")), "transcript.txt is not what `lastchunk report` writes: nothing happens in it")]
#[case::another_chain(Some(("transcript.txt", "chain: c, p, o\n\n1. x\nc>p  a\n")), "transcript.txt is not what `lastchunk report` writes: its chain is not that of direct")]
fn a_folder_that_is_no_bundle_is_refused_in_a_line(#[case] changed: Option<(&str, &str)>, #[case] why: &str) {
    let (_held, folder) = reported(DIRECT);
    match changed {
        None => fs::remove_file(folder.join("bundle.json")).expect("a file of our own"),
        Some((file, text)) => fs::write(folder.join(file), text).expect("a file of our own"),
    }
    let folder = folder.to_str().expect("UTF-8");
    let said = say(&["replay", folder]);
    assert!(said.err.starts_with(&format!("lastchunk: \"{folder}\" is no bundle: {why}")), "{said:?}");
    assert_eq!((said.status, said.out.as_str(), said.err.lines().count()), (Some(2), "", 1));
}

/// What is unpacked may hold links to devices, some of which have no end.
#[test]
fn a_device_is_no_file_of_a_bundle() {
    let (_held, folder) = reported(BEHIND_NGINX);
    for file in ["nginx.conf", "transcript.txt", "bundle.json"] {
        fs::remove_file(folder.join(file)).expect("a file of our own");
        std::os::unix::fs::symlink("/dev/null", folder.join(file)).expect("a link of our own");
        let said = say(&["replay", folder.to_str().expect("UTF-8")]);
        assert_eq!((said.status, said.err.lines().count()), (Some(2), 1), "{said:?}");
        assert!(said.err.ends_with(&format!(" is no bundle: {file} cannot be read: it is no file\n")), "{said:?}");
    }
}

#[test]
fn a_conf_that_nginx_refuses_is_told_in_a_line() {
    let (_held, folder) = reported(BEHIND_NGINX);
    let conf = read(&folder, "nginx.conf").replace("access_log off;", "no_such_directive on;");
    fs::write(folder.join("nginx.conf"), conf).expect("a file of our own");
    let said = say(&["replay", folder.to_str().expect("UTF-8")]);
    assert_eq!((said.status, said.err.lines().count()), (Some(2), 1), "{said:?}");
    assert!(said.err.contains("no_such_directive"), "{said:?}");
}

/// A bundle is a stranger's: its conf writes no file of whoever plays it.
#[test]
fn a_conf_that_names_a_file_is_not_played() {
    let (held, folder) = reported(BEHIND_NGINX);
    let log = held.path().join("authorized_keys");
    let conf = read(&folder, "nginx.conf");
    let keys = format!("log_format k 'ssh-ed25519 AAAA evil'; access_log {} k;", log.display());
    fs::write(folder.join("nginx.conf"), conf.replace("access_log off;", &keys)).expect("a file of our own");
    let folder = folder.to_str().expect("UTF-8");
    for (call, why) in [("replay", "cannot replay it: "), ("shrink", &*format!("cannot shrink \"{folder}\": "))] {
        let said = say(&[call, folder]);
        let line = format!("lastchunk: {why}`log_format k 'ssh-ed25519 AAAA evil';` in nginx.conf:6 is not played: ");
        assert!(said.err.starts_with(&line), "{said:?}");
        assert_eq!((said.status, said.out.as_str(), said.err.lines().count()), (Some(2), "", 1));
    }
    assert!(!log.exists());
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("mine"), "").expect("a file of our own");
    let into = folder.path().to_str().expect("UTF-8");
    let said = say(&["report", DIRECT, "--into", into]);
    let why = "the folder is not empty; name another folder with --into";
    assert_eq!(
        (said.status, said.err),
        (Some(2), format!("lastchunk: cannot write the bundle to \"{into}\": {why}\n"))
    );
}
