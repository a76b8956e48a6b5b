//! The observer is tested before anything is observed with it: what a peer does to a connection is what the transcript says.

use std::pin::Pin;
use std::sync::Arc;

use fixtures::nginx::conf;
use harness::gateway::{Gateway, Nginx};
use harness::origin::{Connection, Program, scripted};
use harness::reader::Reader;
use harness::stage::{Scene, Stage};
use harness::transcript::{Lane, Transcript, What};
use harness::until::{closed, ended, noted, octets, sent};
use rstest::rstest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const REQUEST: &str = "GET /events HTTP/1.1\r\nHost: mve.test\r\n\r\n";
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

fn run<T>(case: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts").block_on(case)
}

fn nginx(name: &str) -> Gateway {
    let program = fixtures::nginx::binary().unwrap_or_else(|error| panic!("{error}"));
    Gateway::Nginx(Nginx { program, name: name.into(), conf: conf::text(name).expect("a known conf").into() })
}

fn facts(transcript: &Transcript, lane: Lane) -> Vec<What> {
    transcript.lane(lane).cloned().collect()
}

#[rstest]
#[case::fin(What::Fin)]
#[case::rst(What::Rst)]
fn the_end_of_a_connection_arrives_as_it_was_sent(#[case] end: What) {
    let transcript = run(async {
        let script = scripted().request().send(HEAD).send("data: one\n\n");
        let script = if end == What::Fin { script.fin() } else { script.rst() };
        let mut s = Stage::direct().start_raw(script).await;
        s.step("the origin ends");
        s.reader.send(REQUEST).await;
        s.reader.until(closed()).await;
        s.finish().await
    });
    let expected = What::Octets(format!("{HEAD}data: one\n\n").into_bytes());
    assert_eq!(facts(&transcript, Lane::response(0)), [expected, end]);
}

#[rstest]
#[case::fin(What::Fin)]
#[case::rst(What::Rst)]
fn a_look_takes_the_end_of_a_connection_as_it_was_sent(#[case] end: What) {
    let script = scripted().request().send(HEAD).send("data: one\n\n");
    let script = if end == What::Fin { script.fin() } else { script.rst() };
    let raw = run(async {
        let mut s = Stage::direct().start_raw(script.clone()).await;
        s.step("the origin ends");
        s.reader.send(REQUEST).await;
        s.reader.until(octets("data: one\n\n")).await;
        look_until_it_ends(&mut s).await;
        s.finish().await
    });
    let library = run(async {
        let mut s = Stage::direct().start(script).await;
        s.step("the origin ends");
        s.reader.get("/events");
        s.reader.until(octets("data: one\n\n")).await;
        look_until_it_ends(&mut s).await;
        s.finish().await
    });
    for transcript in [raw, library] {
        let seen = facts(&transcript, Lane::response(0)).into_iter().filter(|what| *what != What::Silence);
        let expected = What::Octets(format!("{HEAD}data: one\n\n").into_bytes());
        assert_eq!(seen.collect::<Vec<_>>(), [expected, end.clone()]);
    }
}

/// Looks until the end has come: a FIN or RST of the origin's own is acknowledged by nobody, so the first look may be too early.
async fn look_until_it_ends<R: Reader>(s: &mut Scene<R>) {
    while !s.reader.observer().incoming_ended() {
        s.look().await;
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_half_close_arrives_and_the_other_direction_stays_open() {
    let transcript = run(async {
        let script = scripted().request().departure().send(HEAD).send("data: late\n\n").fin();
        let mut s = Stage::direct().start_raw(script).await;
        s.step("the reader half-closes");
        s.reader.send(REQUEST).await;
        s.reader.half_close().await;
        s.reader.until(closed()).await;
        s.finish().await
    });
    assert!(transcript.octets(Lane::response(0)).ends_with(b"data: late\n\n"));
    assert_eq!(facts(&transcript, Lane::request(0)), [What::Octets(REQUEST.into()), What::Fin]);
}

#[rstest]
#[case::fin(false, What::Fin)]
#[case::rst(true, What::Rst)]
fn the_origin_sees_its_peer_leave_as_the_gateway_left(#[case] abort: bool, #[case] end: What) {
    // Two scripted origins with nginx as the peer would tell of nginx; here the peer is ours: a reader that leaves.
    let transcript = run(async {
        let mut s = Stage::direct().start_raw(scripted().request().send(HEAD).cue("gone").departure()).await;
        s.step("the reader leaves");
        s.reader.send(REQUEST).await;
        s.reader.until(octets(HEAD)).await;
        if abort {
            s.reader.abort().await
        } else {
            s.reader.leave()
        }
        s.release("gone").await;
        s.finish().await
    });
    assert_eq!(facts(&transcript, Lane::request(0)), [What::Octets(REQUEST.into()), end]);
}

#[test]
fn a_reader_that_does_not_read_blocks_the_origin_and_loses_nothing() {
    let content = vec![b'x'; 1 << 20];
    let transcript = run(async {
        let script = scripted().request().send(HEAD).send(&content).cue("sent").fin();
        let mut s = Stage::direct().clamped().start_raw(script).await;
        s.step("the reader asks and does not read");
        s.reader.send(REQUEST).await;
        s.reader.until(octets(HEAD)).await;
        s.step("the reader reads on");
        s.reader.until(octets("x".repeat(1 << 20))).await;
        s.cue("sent", "the origin has written everything").await;
        s.reader.until(closed()).await;
        s.finish().await
    });
    assert_eq!(transcript.octets(Lane::response(0)).len(), HEAD.len() + content.len());
}

#[rstest]
#[case::held("as-shipped", true)]
#[case::passed("unbuffered-http11", false)]
fn the_fence_tells_a_held_event_from_one_that_passes(#[case] conf: &str, #[case] held: bool) {
    let transcript = run(async {
        let script = scripted()
            .request()
            .send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 22\r\n\r\n")
            .cue("one")
            .send("data: one\n\n")
            .cue("two")
            .send("data: two\n\n")
            .fin();
        let mut s = Stage::direct().through(nginx(conf)).start_raw(script).await;
        s.step("the reader asks");
        s.reader.send(REQUEST).await;
        s.cue("one", "the origin sends an event").await;
        s.origin.until(sent("data: one\n\n")).await;
        s.look().await;
        s.cue("two", "the origin sends the rest").await;
        s.origin.until(ended()).await;
        s.reader.until(octets("data: two\n\n")).await;
        s.finish().await
    });
    let first = transcript
        .events
        .iter()
        .find(|event| matches!((&event.what, event.lane), (What::Octets(_), lane) if lane == Lane::response(0)));
    assert_eq!(first.map(|event| event.step.0), Some(if held { 2 } else { 1 }));
    assert_eq!(facts(&transcript, Lane::response(0)).contains(&What::Silence), held);
}

/// An answer comes at once, and no time has passed: nobody listens where this one asks.
#[test]
#[should_panic(expected = "without an answer: Ok(\"HTTP/1.1 502 Bad Gateway")]
fn a_request_that_is_answered_has_outlasted_nothing() {
    run(async {
        let script = scripted().request().send(HEAD).fin();
        let mut s = Stage::direct().through(nginx("read-timeout-raised")).start_raw(script).await;
        s.step("the reader asks beside the stream");
        s.outlast("GET /clock HTTP/1.1\r\nHost: mve.test\r\nConnection: close\r\n\r\n").await;
    });
}

#[test]
fn a_wait_that_the_end_of_the_connection_makes_vain_fails_at_once_and_shows_what_came() {
    let failed = std::panic::catch_unwind(|| {
        run(async {
            let mut s = Stage::direct().start_raw(scripted().request().send(HEAD).fin()).await;
            s.step("the reader asks");
            s.reader.send(REQUEST).await;
            s.reader.until(octets("data: never\n")).await;
            s.finish().await
        })
    });
    let failed = failed.expect_err("the wait is in vain");
    let text = failed.downcast_ref::<String>().expect("a message");
    assert!(
        text.starts_with(
            r"waited for the octets data: never\n, but the connection has ended (at harness/tests/observer.rs:"
        ),
        "{text}"
    );
    assert!(text.contains(r"Content-Type: text/event-stream\r\n"), "{text}");
}

#[test]
fn a_look_at_what_the_reader_leaves_unread_fails_within_the_bound() {
    // Says that this is the process of its own.
    const ALONE: &str = "LASTCHUNK_TEST_ALONE";
    const NAME: &str = "a_look_at_what_the_reader_leaves_unread_fails_within_the_bound";
    if std::env::var_os(ALONE).is_none() {
        let mut itself = std::process::Command::new(std::env::current_exe().expect("it has a name"));
        let played =
            itself.args(["--exact", NAME, "--nocapture"]).env(ALONE, "1").env("LASTCHUNK_PATIENCE_MS", "500").output();
        let said = String::from_utf8(played.expect("it starts").stderr).expect("text");
        let line = "waited 500 ms for what the origin has sent to pass, in vain (at harness/tests/observer.rs:";
        assert!(said.contains(line), "{said}");
        return;
    }
    run(async {
        let script = scripted().request().send(HEAD).send(vec![b'x'; 4 << 20]).fin();
        let mut s = Stage::direct().clamped().start_raw(script).await;
        s.step("the reader asks and does not read");
        s.reader.send(REQUEST).await;
        s.reader.until(octets(HEAD)).await;
        s.look().await;
        s.finish().await
    });
}

/// A handler that sends the beginning of a response, waits for a cue, and panics.
struct Panics;

impl Program for Panics {
    fn about(&self) -> String {
        "a handler that panics".into()
    }

    fn serve(self: Arc<Self>, mut connection: Connection) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            connection.tap.read_exact(&mut [0; REQUEST.len()]).await.expect("a request");
            connection.tap.write_all(HEAD.as_bytes()).await.expect("a reader");
            connection.cue.wait("on").await;
            panic!("boom");
        })
    }
}

#[rstest]
#[case::the_reader_waits(false)]
#[case::the_case_waits_at_the_origin(true)]
fn what_a_handler_raises_is_what_fails_the_case(#[case] at_the_origin: bool) {
    let failed = std::panic::catch_unwind(|| {
        run(async {
            let mut s = Stage::direct().start_raw(Panics).await;
            s.step("the reader asks");
            s.reader.send(REQUEST).await;
            s.cue("on", "the handler goes on").await;
            if at_the_origin {
                s.origin.until(noted("never")).await;
            }
            s.reader.until(octets("data: never\n")).await;
            s.finish().await
        })
    });
    let failed = failed.expect_err("the handler has panicked");
    assert_eq!(failed.downcast_ref::<&str>(), Some(&"boom"));
}
