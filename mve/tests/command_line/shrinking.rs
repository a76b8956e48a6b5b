//! A bundle is made as small as it can be, and still shows the same.

use std::cell::Cell;
use std::fs;
use std::future::{pending, ready};
use std::path::{Path, PathBuf};

use harness::render::{Redactions, parse, render};
use harness::transcript::{Meant, Transcript};
use mve::bundle::shrink::Halt;
use mve::bundle::{Bundle, Sign, difference, look_through, play};
use mve::catalogue::cases;
use mve::machine::Machine;
use mve::player::{keep_panics_of_this_thread, play_alone, show_unless};
use rstest::rstest;

use super::say;

const CUT_SILENTLY: &str = "header_after_write/error_by_abort@as-shipped";

/// nginx as it ships, with much beside that does not matter here.
const CONF: &str = "\
events { worker_connections 64; }
http {
    access_log off;
    server_tokens on;
    tcp_nodelay on;
    types { text/plain txt; }
    default_type text/html;
    gzip off;
    map $uri $kind { default page; ~^/events stream; }
    server {
        listen 8080;
        location / {
            proxy_pass http://origin:8000;
            proxy_buffer_size 8k;
            add_header X-Kind $kind;
        }
        location /health { return 200; }
    }
}
";

/// Eight events, a step each, before the origin is cut off.
fn large() -> Transcript {
    let mut text = String::from(
        "chain: c a, p b, o c\n\n1. the reader asks\n\
         c>p  GET /events?since=1 HTTP/1.1\\r\\n\nc>p  Host: mve.test\\r\\n\nc>p  Accept: text/event-stream\\r\\n\n\
         c>p  User-Agent: somebody\\r\\n\nc>p  \\r\\n\n\
         p>o  GET /events?since=1 HTTP/1.0\\r\\n\np>o  \\r\\n\n\
         o>p  HTTP/1.1 200 OK\\r\\n\no>p  Content-Type: text/event-stream\\r\\n\no>p  Cache-Control: no-store\\r\\n\n\
         o>p  X-Request-Id: 8f14e45f\\r\\n\no>p  \\r\\n\n",
    );
    for event in 1..=8 {
        let step = event + 1;
        text += &format!(
            "\n{step}. the origin sends event {event}\no>p  id: {event}\\n\no>p  data: {event}\\n\no>p  \\n\n"
        );
    }
    text += "\n10. the origin is cut off\no>p  -- FIN\n";
    let content = (1..=9).map(|event| format!("id: {event}\ndata: {event}\n\n")).collect::<String>();
    let fields = vec![("Content-Type".to_owned(), "text/event-stream".to_owned())];
    let meant = Meant { status: Some(200), fields, content: Some(content.into_bytes()), ..Meant::default() };
    Transcript { meant, ..parse(&text).expect("a transcript") }
}

/// A bundle of it, in a folder.
fn large_bundle(folder: &Path) -> PathBuf {
    let machine = Machine::default();
    let case = cases().find(|case| case.name() == CUT_SILENTLY).expect("it is in the catalogue");
    let mut bundle = Bundle::of(&machine, &case, large(), false);
    bundle.conf = Some(CONF.to_owned());
    let stage = bundle.stage(&machine).expect("a stage");
    let played = show_unless(stage, |stage| Box::pin(look_through(stage, &large(), false)), pending());
    let transcript = played.unwrap_or_else(|fault| panic!("{fault}")).transcript;
    let mut whole = Bundle::of(&machine, &case, transcript, false);
    whole.conf = Some(CONF.to_owned());
    let into = folder.join("large");
    whole.write(&into).expect("an empty folder");
    into
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn small(folder: &Path) -> PathBuf {
    PathBuf::from(format!("{}.small", folder.display()))
}

/// What happens in a bundle, redacted.
fn text(folder: &Path) -> String {
    render(&Bundle::read(folder).expect("a bundle").transcript, &Redactions::all())
}

#[test]
fn a_large_case_behind_nginx_comes_down_to_what_makes_it_so() {
    let held = tempfile::tempdir().expect("a folder");
    let large = large_bundle(held.path());
    let said = say(&["shrink", utf8(&large)]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{said:?}");
    let small = small(&large);
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[0], utf8(&small.join("report.md")));
    assert_eq!(
        lines[1],
        "shows: cut-silent; o>p 200, complete (close-delimited), FIN; p>c 200, complete (last-chunk), open; lost: content"
    );
    assert!(lines[2].starts_with("octets 318 -> 53, steps 10 -> 1, directives 21 -> 7, "), "{}", lines[2]);
    assert!(lines[2].ends_with(" replays"), "{}", lines[2]);
    assert_eq!(lines[3..], ["nothing more can be left out"]);

    // nginx asks as it ships: in HTTP/1.0. Whatever ends then is whole, and nothing else is needed.
    let expected = "\
c>p  GET / HTTP/1.1\\r\\n
c>p  Host: mve.test\\r\\n
c>p  \\r\\n
     p>o  -- connect
     p>o  GET / HTTP/1.0\\r\\n
     p>o  Host: <origin>\\r\\n
     p>o  Connection: close\\r\\n
     p>o  \\r\\n
     p>o  -- FIN
     o>p  HTTP/1.1 200 OK\\r\\n
     o>p  \\r\\n
     o>p  -- FIN
p>c  HTTP/1.1 200 OK\\r\\n
p>c  Server: nginx/<version>\\r\\n
p>c  Date: <date>\\r\\n
p>c  Transfer-Encoding: chunked\\r\\n
p>c  Connection: keep-alive\\r\\n
p>c  \\r\\n
p>c  0\\r\\n  # last-chunk
p>c  \\r\\n
";
    assert!(text(&small).contains(expected), "{}", text(&small));
    let conf = fs::read_to_string(small.join("nginx.conf")).expect("a conf");
    let expected = "\
events {  }
http {
    access_log off;
    server {
        listen 8080;
        location / {
            proxy_pass http://origin:8000;
        }
    }
}
";
    assert_eq!(conf, expected);
    let page = fs::read_to_string(small.join("report.md")).expect("a report");
    assert!(
        page.contains("octets 318 -> 53, steps 10 -> 1, directives 21 -> 7; nothing more can be left out"),
        "{page}"
    );
    let said = say(&["replay", utf8(&small)]);
    assert_eq!((said.out.as_str(), said.status), ("same: cut-silent\n", Some(0)), "{said:?}");
}

#[test]
fn the_readme_tells_what_shrinking_a_case_gives() {
    let held = tempfile::tempdir().expect("a folder");
    let folder = held.path().join("it");
    assert_eq!(say(&["report", CUT_SILENTLY, "--into", utf8(&folder)]).status, Some(0));
    let said = say(&["shrink", utf8(&folder)]);
    let change = said.out.lines().nth(2).and_then(|line| line.rsplit_once(", ")).expect("what was left out").0;
    let told = format!("of `error_by_abort@as-shipped` it makes `{change}`");
    assert!(include_str!("../../../README.md").contains(&told), "{told}");
}

#[rstest]
#[case::direct("header_after_write/error_by_abort")]
#[case::behind_nginx(CUT_SILENTLY)]
#[case::with_a_pause("hijacked_connection/raw_octets_inside_chunks@http11")]
#[case::held("proxy_buffering/small_events@as-shipped")]
#[case::altered("hijacked_connection/always_in_chunks@as-shipped")]
#[case::leaked("proxy_buffering/reader_resets_unnoticed@ignore-client-abort")]
#[case::healthy("hijacked_connection/framed_as_asked@unbuffered-http11")]
fn shrinking_again_changes_nothing(#[case] case: &str) {
    let held = tempfile::tempdir().expect("a folder");
    let first = held.path().join("it");
    assert_eq!(say(&["report", case, "--into", utf8(&first)]).status, Some(0));
    let [second, third] = [small(&first), small(&small(&first))];
    for (given, smaller) in [(&first, &second), (&second, &third)] {
        let said = say(&["shrink", utf8(given)]);
        assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{said:?}");
        let said = say(&["replay", utf8(smaller)]);
        assert!(said.out.starts_with("same: "), "{said:?}");
    }
    let [before, after] = [&second, &third].map(|folder| Bundle::read(folder).expect("a bundle"));
    assert_eq!(text(&second), text(&third));
    assert_eq!((before.about, before.conf), (after.about, after.conf));
    let [given, smaller] = [&first, &second].map(|folder| Bundle::read(folder).expect("a bundle").transcript);
    assert_eq!(Sign::of(&given).to_string(), Sign::of(&smaller).to_string());
}

#[test]
fn few_tries_and_a_stop_give_the_smallest_so_far() {
    let held = tempfile::tempdir().expect("a folder");
    let bundle = Bundle::read(&large_bundle(held.path())).expect("a bundle");
    let machine = Machine::default();
    keep_panics_of_this_thread();
    let few = bundle.shrunk(&machine, 5, pending, |_| {}).expect("it shows it");
    assert_eq!((few.halt, few.shrunk.is_smallest), (Some(Halt::Tries), false));
    assert!(few.shrunk.to.is_below(&few.shrunk.from), "{}", few.shrunk.change());

    let played = Cell::new(0);
    let stopped = || {
        played.set(played.get() + 1);
        let stops = played.get() > 20;
        async move { if stops { ready(()).await } else { pending().await } }
    };
    let so_far = bundle.shrunk(&machine, 1000, stopped, |_| {}).expect("it was played before the stop");
    assert_eq!(so_far.halt, Some(Halt::Stopped));
    for small in [few.bundle, so_far.bundle] {
        let stage = small.stage(&machine).expect("a stage");
        let again = show_unless(stage, |stage| Box::pin(play(stage, &small.transcript)), pending()).expect("it ends");
        assert_eq!(difference(&small.transcript, &again.transcript), None);
    }
}

#[test]
fn what_cannot_be_shrunk_is_told_in_a_line() {
    let held = tempfile::tempdir().expect("a folder");
    let folder = held.path().join("it");
    let refusal = |arguments: &[&str], why: &str| {
        let said = say(&[&["shrink"], arguments].concat());
        assert_eq!((said.status, said.out.as_str(), said.err.lines().count()), (Some(2), "", 1), "{said:?}");
        assert!(said.err.contains(why), "{why} in {said:?}");
    };
    refusal(&[utf8(&folder)], "is no bundle: bundle.json cannot be read");
    assert_eq!(say(&["report", CUT_SILENTLY, "--into", utf8(&folder)]).status, Some(0));

    let transcript = fs::read_to_string(folder.join("transcript.txt")).expect("a file");
    fs::write(folder.join("transcript.txt"), "chain: c a, p b, o c\n\n7. x\n").expect("a file of our own");
    refusal(&[utf8(&folder)], "transcript.txt is not what `lastchunk report` writes: line 3");
    fs::write(folder.join("transcript.txt"), transcript).expect("a file of our own");
    let about = fs::read_to_string(folder.join("bundle.json")).expect("a file");
    fs::write(folder.join("bundle.json"), about.replace("\"cut-silent\"", "\"held\"")).expect("a file of our own");
    refusal(&[utf8(&folder)], "bundle.json says held, and transcript.txt shows cut-silent");
    fs::write(folder.join("bundle.json"), about).expect("a file of our own");

    let conf = fs::read_to_string(folder.join("nginx.conf")).expect("a file");
    let other = conf.replace("proxy_pass", "proxy_http_version 1.1; proxy_buffering off; proxy_pass");
    fs::write(folder.join("nginx.conf"), other).expect("a file of our own");
    let mut shrink = super::lastchunk(&["shrink", utf8(&folder)]);
    let said = super::Said::by(shrink.env("LASTCHUNK_PATIENCE_MS", "1000"));
    assert_eq!((said.status, said.err.lines().count()), (Some(2), 1), "{said:?}");
    assert!(said.err.contains("it does not show cut-silent here any more"), "{said:?}");
    fs::write(folder.join("nginx.conf"), conf.replace("access_log off;", "no_such_directive on;"))
        .expect("a file of our own");
    refusal(&[utf8(&folder)], "no_such_directive");
    fs::write(folder.join("nginx.conf"), conf).expect("a file of our own");

    let into = held.path().join("mine");
    fs::create_dir(&into).expect("a folder of our own");
    fs::write(into.join("mine"), "").expect("a file of our own");
    refusal(
        &[utf8(&folder), "--into", utf8(&into)],
        "the folder is not empty; name another folder with --into, or say --overwrite",
    );
    refusal(&[utf8(&folder), "--into", utf8(&into), "--overwrite"], "no bundle, and is not overwritten");
    assert_eq!(say(&["shrink", utf8(&folder)]).status, Some(0));
    refusal(&[utf8(&folder)], "the folder is not empty");
    assert_eq!(say(&["shrink", utf8(&folder), "--overwrite"]).status, Some(0));
}

/// The names of what is in a folder and in its folders, in order.
fn names(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("a file").path();
        let name = entry.file_name().expect("a name").to_string_lossy().into_owned();
        if entry.is_dir() {
            names.extend(self::names(&entry).into_iter().map(|inside| format!("{name}/{inside}")));
        } else {
            names.push(name);
        }
    }
    names.sort();
    names
}

#[test]
fn what_is_overwritten_is_a_bundle_and_nothing_else() {
    let held = tempfile::tempdir().expect("a folder");
    let [behind, direct] = ["behind", "direct"].map(|name| held.path().join(name));
    for (case, into) in [(CUT_SILENTLY, &behind), ("header_after_write/error_by_abort", &direct)] {
        assert_eq!(say(&["report", case, "--into", utf8(into)]).status, Some(0));
    }
    // A note beside the files, a note beside the octets, and a link in the place of a file.
    let target = held.path().join("target");
    fs::write(&target, "mine").expect("a file of our own");
    for name in ["thesis.tex", "octets/notes.txt", "origin.py"] {
        let stranger = behind.join(name);
        let own = fs::read(&stranger).ok();
        if own.is_some() {
            fs::remove_file(&stranger).expect("a file of our own");
            std::os::unix::fs::symlink(&target, &stranger).expect("a link of our own");
        } else {
            fs::write(&stranger, "mine").expect("a file of our own");
        }
        for given in [&behind, &direct] {
            let said = say(&["shrink", utf8(given), "--into", utf8(&behind), "--overwrite"]);
            let line = format!(
                "lastchunk: cannot write the bundle to \"{}\": \"{name}\" is there, which is no file of the bundle: nothing is \
                 overwritten; name another folder with --into\n",
                behind.display()
            );
            assert_eq!((said.status, said.out.as_str(), said.err), (Some(2), "", line));
        }
        assert_eq!(fs::read(&stranger).expect("it is there"), b"mine");
        fs::remove_file(&stranger).expect("a file of our own");
        if let Some(own) = own {
            fs::write(&stranger, own).expect("a file of our own");
        }
    }
    // Of the old one nothing stays: one without a gateway has no conf, and fewer lanes.
    let said = say(&["shrink", utf8(&direct), "--into", utf8(&behind), "--overwrite"]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{said:?}");
    assert_eq!(names(&behind), names(&direct));
    assert!(say(&["replay", utf8(&behind)]).out.starts_with("same: "));
    // It may take its own place.
    assert_eq!(say(&["shrink", utf8(&direct), "--into", utf8(&direct), "--overwrite"]).status, Some(0));
    assert_eq!(names(&behind), names(&direct));
}

#[rstest]
#[case::deadline_mid_flush("deadline_mid_flush")]
#[case::header_after_write("header_after_write")]
#[case::hijacked_connection("hijacked_connection")]
#[case::proxy_buffering("proxy_buffering")]
fn every_case_shows_the_same_when_it_is_played_step_by_step(#[case] failure: &str) {
    let machine = Machine::default();
    keep_panics_of_this_thread();
    let mut refused = Vec::new();
    for case in cases().filter(|case| case.failure.name == failure) {
        let played = play_alone(&machine, &case).unwrap_or_else(|fault| panic!("{}: {fault}", case.name()));
        let bundle = Bundle::of(&machine, &case, played.transcript, false);
        // No candidate, but what a first one has to pass.
        if let Err(why) = bundle.shrunk(&machine, 0, pending, |_| {}) {
            refused.push(format!("{}: {why}", case.name()));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}
