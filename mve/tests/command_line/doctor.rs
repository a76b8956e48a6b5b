//! What `doctor` says of a machine, whatever it has.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::thread;

use rstest::rstest;
use serde_json::Value;

use super::{Said, lastchunk};

fn engine(host: &str) -> Value {
    let said = Said::by(lastchunk(&["doctor", "--json"]).env("DOCKER_HOST", host).env("LASTCHUNK_NGINX", "/nowhere"));
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    said.objects().into_iter().find(|thing| thing["what"] == "engine").expect("it is told")
}

#[test]
fn an_engine_that_hangs_does_not_hang_the_doctor() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("engine.sock");
    let _never_accepts = UnixListener::bind(&path).expect("a socket of our own");
    let engine = engine(&format!("unix://{}", path.display()));
    assert_eq!(engine["there"], false);
    let how = engine["how"].as_str().expect("a way");
    assert!(how.starts_with(&format!("{}: no answer within 1000 ms; ", path.display())), "{how}");
}

#[rstest]
#[case::an_engine("HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n\r\nOK", true, "answers, API 1.41")]
#[case::one_that_keeps_its_version("HTTP/1.1 200 OK\r\n\r\nOK", true, "answers, API unknown")]
#[case::one_that_drives_a_terminal("HTTP/1.1 200 OK\r\nApi-Version: \x1b[31m\r\n\r\nOK", true, "API \\x1b[31m")]
#[case::something_else("220 mail.example ESMTP\r\n\r\n", false, "answers, but is no engine: correct DOCKER_HOST")]
fn an_engine_is_asked(#[case] answer: &'static str, #[case] there: bool, #[case] text: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("engine.sock");
    let listener = UnixListener::bind(&path).expect("a socket of our own");
    let answering = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the doctor asks");
        let mut request = [0; 512];
        let length = stream.read(&mut request).expect("a request");
        stream.write_all(answer.as_bytes()).expect("the doctor listens");
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let engine = engine(&format!("unix://{}", path.display()));
    assert!(answering.join().expect("no panic").starts_with("GET /_ping HTTP/1.1\r\n"));
    assert_eq!(engine["there"], there);
    let said = engine[if there { "found" } else { "how" }].as_str().expect("a text");
    assert!(said.contains(text), "{said}");
}

#[rstest]
#[case::nobody("unix:///nowhere/engine.sock", "/nowhere/engine.sock: No such file or directory (os error 2); ")]
#[case::elsewhere("tcp://192.0.2.1:2375", "DOCKER_HOST=tcp://192.0.2.1:2375 was not asked: ")]
fn an_engine_that_is_not_there_is_told_with_a_way(#[case] host: &str, #[case] text: &str) {
    let engine = engine(host);
    assert_eq!(engine["there"], false);
    assert!(engine["how"].as_str().is_some_and(|how| how.starts_with(text)), "{engine}");
}

#[test]
fn what_is_missing_comes_with_a_way_to_get_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = lastchunk(&["doctor", "--json"]);
    command.env("PATH", folder.path()).env("LASTCHUNK_NGINX", "system").env("DOCKER_HOST", "unix:///nowhere");
    for tool in ["CC", "AR", "MAKE", "CARGO"] {
        command.env(tool, format!("no-{tool}"));
    }
    let said = Said::by(command.env("LASTCHUNK_GO", "/nowhere/go"));
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    for thing in said.objects() {
        let keys: Vec<&str> = thing.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, ["found", "how", "there", "what"]);
        assert_eq!(thing["there"] == false, thing["how"].is_string(), "{thing}");
    }
    let missing: Vec<Value> = said.objects().into_iter().filter(|thing| thing["there"] == false).collect();
    let missing: Vec<&str> = missing.iter().filter_map(|thing| thing["what"].as_str()).collect();
    for what in ["sh", "no-CC", "no-AR", "no-MAKE", "no-CARGO", "engine", "go"] {
        assert!(missing.contains(&what), "{what} is not missing in {missing:?}");
    }
}
