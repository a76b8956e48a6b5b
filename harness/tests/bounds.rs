//! A peer that never ends: memory is bounded, the bound is said, and reaching it fails the case in words.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;

use harness::origin::{Connection, Program, scripted};
use harness::stage::Stage;
use harness::until::octets;
use tokio::io::AsyncWriteExt as _;

const REQUEST: &str = "GET /events HTTP/1.1\r\nHost: mve.test\r\n\r\n";
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
const ROOM: usize = 256 * 1024;

/// An origin that never ends an event.
struct Endless;

impl Program for Endless {
    fn about(&self) -> String {
        "endless".into()
    }

    fn serve(self: Arc<Self>, mut connection: Connection) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let mut octets = HEAD.as_bytes().to_vec();
            // Until the reader leaves.
            while connection.tap.write_all(&octets).await.is_ok() {
                octets = b"data: and on and on and on\n".repeat(100);
            }
        })
    }
}

fn run<T>(case: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts").block_on(case)
}

fn failure(case: impl Future<Output = ()>) -> String {
    let failed = catch_unwind(AssertUnwindSafe(|| run(case))).expect_err("it never ends");
    failed.downcast_ref::<String>().expect("a message").clone()
}

fn assert_says_so(text: &str) {
    let said = "c saw more than 262144 octets, which is as many as are recorded: the rest is lost (at harness/tests/";
    assert!(text.starts_with(said), "{}", &text[..text.len().min(400)]);
    assert!(text.contains(r"o>c  Content-Type: text/event-stream\r\n"), "the beginning is shown");
    assert!(text.contains("\n(of each lane the first 65536 octets; the verdict is of these)\n"));
    assert!(text.len() < 1024 * 1024, "{} octets of message", text.len());
}

#[test]
fn a_raw_reader_that_waits_for_the_end_of_an_endless_response_fails_in_words() {
    assert_says_so(&failure(async {
        let mut s = Stage::direct().room(ROOM).start_raw(Endless).await;
        s.step("the reader waits for what never comes");
        s.reader.send(REQUEST).await;
        s.reader.until(octets("data: the end\n")).await;
    }));
}

#[test]
fn a_library_that_reads_an_endless_response_fails_in_words() {
    assert_says_so(&failure(async {
        let mut s = Stage::direct().room(ROOM).start(Endless).await;
        s.step("the reader waits for what never comes");
        s.reader.get("/events");
        s.reader.until(octets("data: the end\n")).await;
    }));
}

#[test]
fn a_case_that_got_all_it_waited_for_is_not_judged_by_half_a_record() {
    let text = failure(async {
        let content = b"data: and on\n".repeat(2 * ROOM / 13);
        let script = scripted().request().send(HEAD).send(&content).fin();
        let mut s = Stage::direct().room(ROOM).start(script).await;
        s.step("the reader waits for the beginning");
        s.reader.get("/events");
        s.reader.until(octets("data: and on\n")).await;
        s.finish().await;
    });
    assert!(text.contains("saw more than 262144 octets"), "{}", &text[..text.len().min(400)]);
}
