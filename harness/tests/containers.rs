//! The path through a container is tested before any case is believed on it: FIN, RST, half-close and back-pressure pass as
//! they do through a process, and nothing is left behind.

use std::io::{BufRead as _, BufReader};
use std::panic::AssertUnwindSafe;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use fixtures::nginx::conf;
use harness::gateway::{CannotStart, Gateway, Nginx};
use harness::origin::scripted;
use harness::reader::{Raw, Reader as _};
use harness::render::{Redactions, render};
use harness::stage::{Scene, Stage};
use harness::transcript::{Lane, Transcript, What};
use harness::until::{closed, ended, octets, sent};
use rstest::rstest;

const REQUEST: &str = "GET /events HTTP/1.1\r\nHost: mve.test\r\nConnection: close\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const LENGTH: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 22\r\n\r\n";
const CLOSE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

/// The name of the variable by which a test tells its own child to hold a container.
const HOLD: &str = "LASTCHUNK_TEST_HOLDS";

fn run<T>(case: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(case))).unwrap_or_else(|payload| {
        match payload.downcast::<CannotStart>() {
            Ok(error) => panic!("{error}"),
            Err(other) => std::panic::resume_unwind(other),
        }
    })
}

fn text(name: &str) -> String {
    conf::text(name).expect("a known conf").into()
}

fn process(name: &str, conf: String) -> Gateway {
    let program = fixtures::nginx::binary().unwrap_or_else(|error| panic!("{error}"));
    Gateway::Nginx(Nginx { program, name: name.into(), conf: conf.into() })
}

/// What there is only with the feature; without it the tests are still listed, with what it takes to run them.
#[cfg(feature = "containers")]
mod engine {
    use harness::gateway::container::{self, Container, Ours};
    use harness::gateway::{Gateway, engine};

    pub(crate) fn container(name: &str, conf: String) -> Gateway {
        Gateway::Container(Container::new(name, conf))
    }

    /// The containers that run with a conf of this name.
    pub(crate) fn named(name: &str) -> Vec<Ours> {
        let engine = engine::probe().unwrap_or_else(|error| panic!("{error}"));
        let all = container::ours(&engine).unwrap_or_else(|error| panic!("{error}"));
        all.into_iter().filter(|one| one.gateway == name).collect()
    }

    pub(crate) fn sweep() {
        let engine = engine::probe().unwrap_or_else(|error| panic!("{error}"));
        container::sweep(&engine).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[cfg(not(feature = "containers"))]
mod engine {
    use harness::gateway::Gateway;

    const WITHOUT: &str = "built without containers: run `just containers`";

    pub(crate) struct Ours {
        pub(crate) published: Vec<u64>,
    }

    pub(crate) fn container(_: &str, _: String) -> Gateway {
        panic!("{WITHOUT}")
    }

    pub(crate) fn named(_: &str) -> Vec<Ours> {
        panic!("{WITHOUT}")
    }

    pub(crate) fn sweep() {
        panic!("{WITHOUT}")
    }
}

use engine::{container, named, sweep};

fn facts(transcript: &Transcript, lane: Lane) -> Vec<What> {
    transcript.lane(lane).cloned().collect()
}

/// What nginx has logged in a case, which is told when the case ends.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Told {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn with_log<T>(case: impl FnOnce() -> T) -> (T, String) {
    let told = Told::default();
    let writer = told.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("lastchunk::nginx=debug")
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let done = tracing::subscriber::with_default(subscriber, case);
    let log = told.0.lock().unwrap_or_else(PoisonError::into_inner);
    (done, String::from_utf8_lossy(&log).into_owned())
}

/// The origin sends an event, then the rest, then ends; after each of the first two, the fence tells what has arrived.
async fn in_three_steps(gateway: Gateway, [head, event, rest]: [&str; 3], end: &What) -> Transcript {
    let script = scripted().request().send(head).send(event).cue("rest").send(rest).cue("end");
    let script = if *end == What::Fin { script.fin() } else { script.rst() };
    let mut s = Stage::direct().through(gateway).start_raw(script).await;
    s.step("the reader asks, the origin sends an event");
    s.reader.send(REQUEST).await;
    s.origin.until(sent(event)).await;
    s.look().await;
    s.cue("rest", "the origin sends the rest").await;
    s.origin.until(sent(rest)).await;
    s.look().await;
    s.cue("end", "the origin ends").await;
    s.origin.until(ended()).await;
    if !s.reader.observer().incoming_ended() {
        s.reader.until(closed()).await;
    }
    s.finish().await
}

#[rstest]
#[case::chunked([CHUNKED, "b\r\ndata: one\n\n\r\n", "0\r\n\r\n"])]
#[case::chunked_and_cut([CHUNKED, "b\r\ndata: one\n\n\r\n", "b\r\ndata"])]
#[case::length_delimited([LENGTH, "data: one\n\n", "data: two\n\n"])]
#[case::length_delimited_and_cut([LENGTH, "data: one\n\n", "data"])]
#[case::close_delimited([CLOSE, "data: one\n\n", "data: two\n\n"])]
#[ignore = "needs a container engine: run `just containers`"]
fn the_transcript_through_a_container_is_the_one_through_a_process(
    #[case] response: [&str; 3],
    #[values("as-shipped", "unbuffered-http11")] name: &str,
    #[values(What::Fin, What::Rst)] end: What,
) {
    let through = |gateway| render(&run(in_three_steps(gateway, response, &end)), &Redactions::all());
    let by_process = through(process(name, text(name)));
    let by_container = through(container(name, text(name)));
    assert!(by_process.contains("p>c  HTTP/1.1 200 OK"), "{by_process}");
    assert!(by_container == by_process, "a container:\n{by_container}\na process:\n{by_process}");
}

/// The reader leaves an open response; what nginx says of it, in the words of its log.
async fn leaving(gateway: Gateway, abort: bool) -> Transcript {
    let script = scripted().request().send(CHUNKED).send("b\r\ndata: one\n\n\r\n").cue("gone").departure();
    let mut s = Stage::direct().through(gateway).start_raw(script).await;
    s.step("the reader asks, the origin sends an event");
    s.reader.send(REQUEST).await;
    s.reader.until(octets("data: one\n\n\r\n")).await;
    s.step("the reader leaves");
    if abort {
        s.reader.abort().await
    } else {
        s.reader.leave()
    }
    s.release("gone").await;
    s.origin.until(closed()).await;
    s.finish().await
}

#[rstest]
#[case::fin(false)]
#[case::rst(true)]
#[ignore = "needs a container engine: run `just containers`"]
fn nginx_in_a_container_sees_the_reader_leave_as_it_left(
    #[case] abort: bool,
    #[values(process, container)] provider: fn(&str, String) -> Gateway,
) {
    let gateway = provider("unbuffered-http11", text("unbuffered-http11"));
    let (transcript, log) = with_log(|| run(leaving(gateway, abort)));
    assert!(log.contains("client prematurely closed connection"), "{log}");
    assert_eq!(log.contains("(104: Connection reset by peer)"), abort, "{log}");
    let end = if abort { What::Rst } else { What::Fin };
    assert_eq!(facts(&transcript, Lane::request(0)).last(), Some(&end));
    assert_eq!(facts(&transcript, Lane::request(1)).last(), Some(&What::Fin), "the departure is passed on");
}

#[rstest]
#[ignore = "needs a container engine: run `just containers`"]
fn a_half_close_passes_into_a_container_and_the_other_direction_stays_open(
    #[values(process, container)] provider: fn(&str, String) -> Gateway,
) {
    let transcript = run(async {
        let script = scripted().request().send(CLOSE).cue("rest").send("data: late\n\n").fin();
        let mut s = Stage::direct()
            .through(provider("ignore-client-abort", text("ignore-client-abort")))
            .start_raw(script)
            .await;
        s.step("the reader asks and half-closes");
        s.reader.send(REQUEST).await;
        s.reader.half_close().await;
        s.look().await;
        s.cue("rest", "the origin sends an event and ends").await;
        s.reader.until(closed()).await;
        s.finish().await
    });
    assert_eq!(facts(&transcript, Lane::request(0)), [What::Octets(REQUEST.into()), What::Fin]);
    let answer = String::from_utf8(transcript.octets(Lane::response(0))).expect("text");
    assert!(answer.contains("data: late\n\n"), "{answer}");
}

/// More than the kernel lets the buffers between origin and reader grow to, in octets: a receiving one and a sending one.
fn too_much() -> usize {
    let most = |name: &str| {
        let told = std::fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).expect("Linux tells");
        told.split_whitespace().nth(2).and_then(|most| most.parse::<usize>().ok()).expect("the third is the most")
    };
    most("tcp_rmem") + most("tcp_wmem") + (1 << 20)
}

/// A reader that reads nothing but the first octets, until nginx gives it up; then it reads on. Sent in one write, which
/// ends only when the path has taken everything.
async fn stalling(gateway: Gateway) -> Transcript {
    let length = too_much();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    let script = scripted().request().send(head).send(vec![b'x'; length]).cue("taken").fin();
    let mut s = Stage::direct().clamped().through(gateway).start_raw(script).await;
    s.step("the reader asks and does not read on");
    s.reader.send(REQUEST).await;
    s.reader.until(octets("\r\n\r\n")).await;
    s.origin.until(closed()).await;
    s.step("the reader reads on");
    s.reader.until(closed()).await;
    s.finish().await
}

#[rstest]
#[case::and_leaves_with_fin("", What::Fin)]
#[case::and_leaves_with_rst("reset_timedout_connection on;", What::Rst)]
#[ignore = "needs a container engine: run `just containers`"]
fn a_reader_that_does_not_read_holds_nginx_in_a_container_up(
    #[case] more: &str,
    #[case] end: What,
    #[values(process, container)] provider: fn(&str, String) -> Gateway,
) {
    let conf = text("unbuffered-http11").replace("listen 8080;", &format!("listen 8080; send_timeout 200ms; {more}"));
    let (transcript, log) = with_log(|| run(stalling(provider("unbuffered-http11", conf))));
    assert!(log.contains("client timed out"), "{log}");
    let sent = transcript.octets(Lane::response(1)).len();
    assert!(sent < too_much(), "the path has taken everything");
    assert_eq!(facts(&transcript, Lane::response(0)).last(), Some(&end));
}

#[rstest]
#[case::held("as-shipped", true)]
#[case::passed("unbuffered-http11", false)]
#[ignore = "needs a container engine: run `just containers`"]
fn the_fence_through_a_container_tells_a_held_event_from_one_that_passes(#[case] name: &str, #[case] held: bool) {
    let response = [LENGTH, "data: one\n\n", "data: two\n\n"];
    let transcript = run(in_three_steps(container(name, text(name)), response, &What::Fin));
    let first = transcript
        .events
        .iter()
        .find(|event| matches!((&event.what, event.lane), (What::Octets(_), lane) if lane == Lane::response(0)));
    assert_eq!(first.map(|event| event.step.0), Some(if held { 1 } else { 0 }));
    assert_eq!(facts(&transcript, Lane::response(0)).contains(&What::Silence), held);
}

/// A response that stays open.
async fn open(gateway: Gateway) -> Scene<Raw> {
    let script = scripted().request().send(CHUNKED).send("b\r\ndata: one\n\n\r\n").hold();
    let mut s = Stage::direct().through(gateway).start_raw(script).await;
    s.step("the reader asks, the origin sends an event");
    s.reader.send(REQUEST).await;
    s.reader.until(octets("data: one\n\n\r\n")).await;
    s
}

#[test]
#[ignore = "needs a container engine: run `just containers`"]
fn no_port_of_a_container_is_published_and_it_is_gone_with_its_case() {
    let name = "unbuffered-http11, inspected";
    run(async {
        let s = open(container(name, text("unbuffered-http11"))).await;
        let up = named(name);
        assert_eq!(up.len(), 1, "the container is listed");
        assert!(up[0].published.is_empty(), "{:?}", up[0].published);
        s.finish().await
    });
    assert!(named(name).is_empty(), "the case has ended, its container has not");
}

#[test]
#[ignore = "needs a container engine: run `just containers`"]
fn a_container_is_gone_when_its_case_panics() {
    let name = "unbuffered-http11, in a case that panics";
    let panicked = std::panic::catch_unwind(|| {
        run(async {
            let _scene = open(container(name, text("unbuffered-http11"))).await;
            assert_eq!(named(name).len(), 1, "the container is listed");
            panic!("as meant");
        })
    });
    let panicked = panicked.expect_err("it panicked");
    assert_eq!(panicked.downcast_ref::<&str>(), Some(&"as meant"), "{panicked:?}");
    assert!(named(name).is_empty(), "the case has panicked, its container runs on");
}

#[test]
#[ignore = "needs a container engine: run `just containers`"]
fn a_grave_line_in_the_log_of_a_container_fails_the_case() {
    let conf = text("unbuffered-http11").replace("proxy_pass", "error_log /nowhere/error.log; proxy_pass");
    let failed = std::panic::catch_unwind(|| run(open(container("broken", conf))));
    let failed = failed.expect_err("nginx does not start with that conf");
    let error = failed.downcast_ref::<String>().expect("why it cannot start");
    assert!(error.starts_with("failed to start nginx broken in a container: "), "{error}");
    assert!(error.contains("[emerg]") && error.contains("/nowhere/error.log"), "{error}");
    assert!(named("broken").is_empty(), "what did not start is left behind");
}

/// Starts this test binary again to hold a container, and waits until it does.
fn holding(name: &str) -> Child {
    let mut child = Command::new(std::env::current_exe().expect("a test binary"))
        .args(["--exact", "holds_a_container_for_another_test", "--ignored", "--nocapture"])
        .env(HOLD, name)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test binary starts");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let held = lines.map_while(Result::ok).any(|line| line.contains("holding"));
    assert!(held, "the child ended without a container");
    child
}

#[test]
#[ignore = "a part of other tests: run `just containers`"]
fn holds_a_container_for_another_test() {
    let Ok(name) = std::env::var(HOLD) else { return };
    run(async {
        let _scene = open(container(&name, text("unbuffered-http11"))).await;
        println!("holding");
        // Until somebody ends this process, or nobody is left who could.
        std::io::stdin().lines().for_each(drop);
    });
}

#[test]
#[ignore = "needs a container engine: run `just containers`"]
fn a_sweep_removes_what_a_killed_process_left_and_nothing_else() {
    let name = "unbuffered-http11, of a process that is killed";
    let mut child = holding(name);
    sweep();
    assert_eq!(named(name).len(), 1, "the owner lives");
    child.kill().expect("SIGKILL can be sent");
    child.wait().expect("it ends");
    sweep();
    assert!(named(name).is_empty(), "the owner is gone, its container runs on");
}

#[rstest]
#[case::sigint(rustix::process::Signal::INT)]
#[case::sigterm(rustix::process::Signal::TERM)]
#[ignore = "needs a container engine: run `just containers`"]
fn a_process_that_a_signal_ends_takes_its_containers_along(#[case] signal: rustix::process::Signal) {
    use std::os::unix::process::ExitStatusExt as _;
    let name = format!("unbuffered-http11, of a process that gets {signal:?}");
    let mut child = holding(&name);
    let pid = rustix::process::Pid::from_child(&child);
    // Waiting would close it, and so end the child in another way.
    let _stays_open = child.stdin.take();
    rustix::process::kill_process(pid, signal).expect("the signal can be sent");
    let status = child.wait().expect("it ends");
    assert_eq!(status.signal(), Some(signal.as_raw()), "it ends as if nobody had caught the signal: {status}");
    assert!(named(&name).is_empty(), "the process is gone, its container runs on");
}
