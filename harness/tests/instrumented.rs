//! The instrumented origin on a stage: what the handler was told stands beside what the wire did.

use harness::origin::writer;
use harness::render::{Redactions, render};
use harness::stage::Stage;
use harness::transcript::Meant;
use harness::until::end_of_response;

#[test]
fn a_status_after_a_write_is_refused_and_the_reader_gets_200() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let transcript = runtime.block_on(async {
        let handler = writer(|w, _request, _cue| async move {
            w.write("partial").await?;
            w.write_header(500).await;
            Ok(())
        });
        let mut s = Stage::direct().meant(Meant { status: Some(500), ..Meant::default() }).start(handler).await;
        s.step("the handler writes, then fails");
        s.reader.get("/events");
        s.reader.until(end_of_response()).await;
        s.finish().await
    });
    insta::assert_snapshot!(render(&transcript, &Redactions::all()), @r"
    chain: c hyper's client, o writer

    1. the handler writes, then fails
    c>o  GET /events HTTP/1.1\r\n
    c>o  host: mve.test\r\n
    c>o  accept: text/event-stream\r\n
    c>o  \r\n
    o>c  HTTP/1.1 200 OK\r\n
    o>c  Content-Length: 7\r\n
    o>c  Content-Type: text/plain; charset=utf-8\r\n
    o>c  Date: <date>\r\n
    o>c  \r\n
    o>c  partial
    o:   write 1: 7 octets
    o:   log: http: superfluous response.WriteHeader call
    o:   returned
    c:   200, 7 octets, ended without error

    verdict
    o>c  200, complete (content-length)
    lost: status 500 (the reader got 200)
    outcome: cut-silent
    ");
}

#[test]
fn what_an_application_says_of_itself_is_escaped_once() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let transcript = runtime.block_on(async {
        let handler = writer(|_w, _request, cue| async move {
            cue.note("C:\\logs\tcaf\u{e9} \u{1b}[2J");
            Ok(())
        });
        let mut s = Stage::direct().start(handler).await;
        s.step("the handler notes something");
        s.reader.get("/events");
        s.reader.until(end_of_response()).await;
        s.finish().await
    });
    let text = render(&transcript, &Redactions::all());
    assert!(text.contains("\no:   C:\\\\logs\\tcaf\\xc3\\xa9 \\x1b[2J\n"), "{text}");
}
