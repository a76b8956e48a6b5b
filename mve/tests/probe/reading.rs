//! One response in HTTP/1.1: what is observed of it, whatever it is.

use std::time::Duration;

use harness::verdict::Outcome;
use mve::probe::dial::{NoConnection, Way};
use mve::probe::ending::{Framing, How, Left};
use mve::probe::findings::findings;
use mve::probe::observation::Observation;
use mve::probe::report::report;
use mve::probe::request::Request;
use mve::probe::target::Target;
use mve::probe::{Bounds, probe};
use rstest::rstest;
use tokio::net::TcpSocket;
use tokio::sync::Notify;

use super::server::Server;

async fn asked(url: &str, expect_end: Option<&str>) -> Result<Observation, NoConnection> {
    let target = Target::read(url).expect("a URL");
    let request = Request::new(None, &[], None).expect("a request");
    let never = std::future::pending();
    let seen = probe(&target, &request, &Way::default(), &Bounds::default(), expect_end, never, |_| {}).await;
    seen.map(|seen| seen.expect("nobody stops it").observation)
}

async fn observed(server: &Server) -> Observation {
    asked(&server.url("/events"), None).await.expect("it listens")
}

const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
const CHUNKED: &str = "Transfer-Encoding: chunked\r\n\r\n";

#[rstest]
#[case::complete(format!("{STREAM}{CHUNKED}b\r\ndata: one\n\n\r\n0\r\n\r\n"), "complete (last-chunk)", "message", 1, Some(Outcome::Intact))]
#[case::without_the_last_chunk(format!("{STREAM}{CHUNKED}b\r\ndata: one\n\n\r\n"), "incomplete: 1 chunk, no last-chunk", "fin", 1, Some(Outcome::CutVisible))]
#[case::cut_inside_an_event(format!("{STREAM}{CHUNKED}b\r\ndata: "), "incomplete: cut inside chunk-data", "fin", 0, Some(Outcome::CutVisible))]
#[case::close_delimited(format!("{STREAM}\r\ndata: one\n\n"), "complete (close-delimited)", "fin", 1, Some(Outcome::Intact))]
#[case::with_an_event_pending(format!("{STREAM}\r\ndata: one\n\ndata: two\n"), "complete (close-delimited)", "fin", 1, Some(Outcome::CutSilent))]
#[case::after_an_interim_response(format!("HTTP/1.1 103 Early Hints\r\n\r\n{STREAM}\r\ndata: one\n\n"), "complete (close-delimited)", "fin", 1, Some(Outcome::Intact))]
#[case::too_short(format!("{STREAM}Content-Length: 20\r\n\r\ndata: one\n\n"), "incomplete: 11 of 20 octets", "fin", 1, Some(Outcome::CutVisible))]
#[case::broken(format!("{STREAM}{CHUNKED}b\r\ndata: one\n\n\r\nInternal Server Error"), "malformed: chunk-size is not hexadecimal", "malformed", 1, Some(Outcome::CutVisible))]
#[tokio::test]
async fn a_response_is_read_to_its_end(
    #[case] octets: String,
    #[case] framing: &str,
    #[case] ending: &str,
    #[case] events: usize,
    #[case] outcome: Option<Outcome>,
) {
    let seen = observed(&Server::sends(octets)).await;
    assert_eq!((seen.framing.to_string().as_str(), seen.ending.how.word()), (framing, ending));
    assert_eq!(seen.content.events.as_ref().expect("an event stream").dispatched, events);
    assert_eq!(seen.outcome(), outcome);
    assert_eq!(seen.head.as_ref().expect("a header section").status, 200);
    assert!(seen.first_octet.expect("it came") <= seen.ending.at, "{seen:?}");
}

#[tokio::test]
async fn an_empty_reply_is_no_response() {
    let seen = observed(&Server::sends("")).await;
    assert_eq!((seen.framing.to_string().as_str(), seen.ending.how.word()), ("no response", "fin"));
    assert_eq!((seen.head, seen.first_octet), (None, None));
}

#[tokio::test]
async fn an_interim_response_alone_is_not_told_as_nothing() {
    let early = "HTTP/1.1 103 Early Hints\r\n\r\n";
    for (octets, evidence) in [
        (early.to_owned(), "behind an interim response: 103"),
        (format!("HTTP/1.1 100 Continue\r\n\r\n{early}"), "behind 2 interim responses, the last 103"),
    ] {
        let seen = observed(&Server::sends(octets)).await;
        let found = findings(&seen);
        let told: Vec<_> = found.iter().map(|found| (found.rule, found.what.as_str())).collect();
        assert_eq!(told, [("no-response", "the connection ended before a final response")]);
        assert!(found[0].evidence.ends_with(evidence), "{found:?}");
        let page = report(&seen, &found);
        assert!(page.contains("\n103 (interim)\nno header section\n"), "{page}");
    }
}

/// Whether or not the header section was whole: what is wrong is in it, and not in a chunk.
#[rstest]
#[case::a_line_that_is_no_field(format!("{STREAM}oops\r\nContent-Length: 0\r\n\r\n"), "look for who writes this one")]
#[case::one_that_is_the_last_to_come(format!("{STREAM}oops\r\n"), "look for who writes this one")]
#[case::in_the_trailer_section(format!("{STREAM}{CHUNKED}0\r\noops\r\n\r\n"), "look for who writes this one")]
#[case::no_number(format!("{STREAM}Content-Length: abc\r\n\r\n"), "send one Content-Length")]
#[case::two_numbers(format!("{STREAM}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "send one Content-Length")]
#[case::a_chunk(format!("{STREAM}{CHUNKED}oops\r\n"), "octets in place of a chunk")]
#[tokio::test]
async fn a_fault_of_the_header_section_has_a_cure_of_its_own(#[case] octets: String, #[case] cure: &str) {
    let found = findings(&observed(&Server::sends(octets)).await);
    let found = found.iter().find(|found| found.rule == "malformed").expect("it is");
    assert!(found.cure.contains(cure), "{found:?}");
}

#[tokio::test]
async fn a_reset_is_told_from_an_end() {
    let seen = observed(&Server::sends_and_resets(format!("{STREAM}\r\ndata: one\n\n"))).await;
    assert_eq!(seen.framing.to_string(), "incomplete: close-delimited, ended by RST");
    assert_eq!((seen.ending.how.word(), seen.outcome()), ("rst", Some(Outcome::CutVisible)));
}

#[tokio::test]
async fn a_stream_that_is_complete_and_lacks_its_end_mark_is_cut_silently() {
    let octets = format!("{STREAM}Content-Length: 11\r\n\r\ndata: one\n\n");
    let server = Server::sends(octets);
    let seen = asked(&server.url("/"), Some("[DONE]")).await.expect("it listens");
    assert_eq!(seen.outcome(), Some(Outcome::CutSilent));
    let seen = asked(&server.url("/"), Some("one")).await.expect("it listens");
    assert_eq!(seen.outcome(), Some(Outcome::Intact));
}

#[rstest]
#[case::a_header_section("HTTP/1.1 200 OK\r\n", b"A: b\r\n", Left::EndlessHead(256 * 1024))]
#[case::a_field_line("HTTP/1.1 200 OK\r\nA: ", b"b", Left::EndlessHead(256 * 1024))]
#[case::a_line("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: ", b"x", Left::Full(16 << 20))]
#[case::ten_gigabytes("HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n", b"x", Left::Full(16 << 20))]
#[case::chunks("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", Left::TooManyParts(1 << 20))]
#[tokio::test]
async fn what_has_no_end_is_left_at_a_bound(
    #[case] begin: &'static str,
    #[case] then: &'static [u8],
    #[case] left: Left,
) {
    let seen = observed(&Server::sends_and_repeats(begin, then)).await;
    assert_eq!(seen.ending.how, How::Left(left));
    assert_eq!(seen.outcome(), None);
}

/// They are no header section that has grown, and have a cure of their own.
#[tokio::test]
async fn interim_responses_without_a_final_one_are_told_as_that() {
    let interim = b"HTTP/1.1 103 Early Hints\r\n\r\n";
    let seen = observed(&Server::sends_and_repeats("", interim)).await;
    let How::Left(Left::EndlessInterims(count)) = seen.ending.how else { panic!("{:?}", seen.ending.how) };
    assert!(count >= 256 * 1024 / interim.len(), "{count}");
    let findings = findings(&seen);
    let rules: Vec<&str> = findings.iter().map(|finding| finding.rule).collect();
    assert!(rules.contains(&"endless-interims") && !rules.contains(&"endless-head"), "{rules:?}");
}

#[tokio::test]
async fn nobody_who_listens_and_no_name_are_one_line_each() {
    // Bound, so that nobody else gets the port, and not listening.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("loopback");
    let address = socket.local_addr().expect("it is bound");
    let refused = asked(&format!("http://{address}/"), None).await.map_err(|error| error.to_string());
    let line = format!("cannot connect to {address}: Connection refused (os error 111) (nothing listens there)");
    assert_eq!(refused, Err(line));
    let unknown = asked("http://nowhere.invalid/", None).await.expect_err("RFC 6761 6.4: it never resolves");
    assert!(unknown.to_string().starts_with("the name nowhere.invalid is not resolved: "), "{unknown}");
}

#[tokio::test]
async fn a_probe_that_is_stopped_has_what_it_saw() {
    let octets = format!("{STREAM}\r\ndata: one\n\n");
    let (all, arrived) = (octets.len(), Notify::new());
    let server = Server::sends_and_holds(octets);
    let target = Target::read(&server.url("/")).expect("a URL");
    let request = Request::new(None, &[], None).expect("a request");
    let each = |octets| {
        if octets == all {
            arrived.notify_one()
        }
    };
    let stop = arrived.notified();
    let seen = probe(&target, &request, &Way::default(), &Bounds::default(), None, stop, each).await;
    let seen = seen.expect("it listens").expect("it was connected").observation;
    assert_eq!((seen.ending.how, seen.content.octets()), (How::Left(Left::Asked), 11));
    assert_eq!(seen.framing.to_string(), "incomplete: close-delimited, still open");
}

#[tokio::test]
async fn a_probe_ends_with_its_time() {
    let server = Server::sends_and_holds("");
    let target = Target::read(&server.url("/")).expect("a URL");
    let request = Request::new(None, &[], None).expect("a request");
    let bounds = Bounds { time: Some(Duration::from_millis(1)), ..Bounds::default() };
    let never = std::future::pending();
    let seen = probe(&target, &request, &Way::default(), &bounds, None, never, |_| {}).await;
    let seen = seen.expect("it listens").expect("nobody stops it").observation;
    assert_eq!((seen.ending.how, seen.framing), (How::Left(Left::Bound(Duration::from_millis(1))), Framing::Nothing));
}
