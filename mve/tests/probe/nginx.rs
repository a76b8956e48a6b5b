//! Through a real nginx: what it makes of a cut, and of a field that is meant for it.

use fixtures::nginx::conf;
use harness::address;
use harness::gateway::{Nginx, Process};
use rstest::rstest;
use serde_json::{Value, json};

use super::command::{Said, lastchunk};
use super::server::{Server, send};

/// Sends two events, and leaves inside the third; close-delimited to whoever asks in HTTP/1.0.
fn cut() -> Server {
    Server::start(async |_, asked, mut socket| {
        let is_old = String::from_utf8_lossy(&asked).contains(" HTTP/1.0\r\n");
        let framing = if is_old { "" } else { "Transfer-Encoding: chunked\r\n" };
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Accel-Buffering: no\r\n{framing}\r\n");
        let content = "data: one\n\ndata: two\n\n";
        let content = if is_old { content.to_owned() } else { format!("{:x}\r\n{content}\r\n", content.len()) };
        send(&mut socket, (head + &content).as_bytes()).await;
    })
}

#[rstest]
#[case::as_shipped("as-shipped", json!(["complete", "last-chunk", "cut-silent", ["no-end-mark"]]))]
#[case::cured("http11", json!(["incomplete", null, "cut-visible", ["cut"]]))]
#[tokio::test]
async fn a_cut_is_told_from_an_end_whatever_nginx_makes_of_it(#[case] name: &str, #[case] expected: Value) {
    let program = match fixtures::nginx::binary() {
        Ok(program) => program,
        Err(why) => return eprintln!("skipped: {why}"),
    };
    let conf = conf::text(name).expect("a conf of ours");
    let origin = cut();
    let nginx = Nginx { program, name: name.to_owned(), conf: conf.into() };
    let running = Process::start(&nginx, origin.address(), address::next()).await.expect("nginx starts");
    let url = format!("http://{}/events", running.address());
    let said = Said::of(lastchunk(&["--json", "--expect-end", "[DONE]", &url]).output().expect("the program starts"));
    let object = &said.objects()[0];
    assert_eq!(json!([object["framing"], object["by"], object["outcome"], said.harms()]), expected, "{said:?}");
    assert_eq!((said.status, &object["events"]), (Some(1), &json!(2)));
    let fields = object["fields"].to_string().to_ascii_lowercase();
    assert!(fields.contains("\"nginx/") && !fields.contains("x-accel-buffering"), "{fields}");
}
