//! The origin is silent between two events, and nginx's read time-out passes.
//!
//! No heartbeat saves the stream here, although one would: a heartbeat has to arrive before the time-out passes, which is
//! a race with a clock, however it is staged. Shown instead is the same silence under a longer time-out. That it was the
//! same silence is nginx's own word: in the twin a request beside the stream, begun later, lacks its content until nginx
//! gives it up, after as many milliseconds as the short time-out has.
//!
//! nginx waits for the status-line under the same time-out, from when the whole request is sent. A machine that keeps the
//! origin from answering for that long would get 504, so the request stays without its last octet: then no clock runs until
//! nginx has read the response's head, and the event, which came in one write, with it. Nor is it moved afterwards.

use harness::origin::scripted;
use harness::reader::Library;
use harness::stage::{Scene, Stage};
use harness::transcript::{Meant, Transcript};
use harness::until::{end_of_response, octets, sent};
use harness::verdict::Outcome::{CutVisible, Intact};

use crate::catalogue::{Shows, Variant, Via};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "silence_between_two_events",
        claims: &["C53", "C57", "C58"],
        origin: "scripted",
        shows: &[
            Shows {
                via: Via::Nginx("read-timeout"),
                outcome: CutVisible,
                twin: Some("silence_outlasted@read-timeout-raised"),
                says: "nginx ends the stream, without last-chunk, when the origin is silent for longer than proxy_read_timeout",
            },
            Shows {
                via: Via::Nginx("read-timeout-send"),
                outcome: CutVisible,
                twin: Some("silence_outlasted@read-timeout-send-raised"),
                says: "nginx ends a silent stream all the same with proxy_send_timeout at 300 s",
            },
        ],
        run: |stage| Box::pin(silence_between_two_events(stage)),
    },
    Variant {
        name: "silence_longer_than_the_reconnection_time",
        claims: &["C57"],
        origin: "scripted",
        shows: &[Shows {
            via: Via::Nginx("read-timeout"),
            outcome: CutVisible,
            twin: Some("silence_outlasted_and_longer_than_the_reconnection_time@read-timeout-raised"),
            says: "nginx ends a silent stream although proxy_read_timeout exceeds the stream's reconnection time",
        }],
        run: |stage| Box::pin(silence_longer_than_the_reconnection_time(stage)),
    },
    Variant {
        name: "silence_outlasted",
        claims: &["C53", "C58"],
        origin: "scripted",
        shows: &[
            Shows {
                via: Via::Nginx("read-timeout-raised"),
                outcome: Intact,
                twin: None,
                says: "nginx keeps a silent stream for as long as proxy_read_timeout says, and the next event passes",
            },
            Shows {
                via: Via::Nginx("read-timeout-send-raised"),
                outcome: Intact,
                twin: None,
                says: "nginx keeps a silent stream for as long as proxy_read_timeout says with proxy_send_timeout at 300 s",
            },
        ],
        run: |stage| Box::pin(silence_outlasted(stage)),
    },
    Variant {
        name: "silence_outlasted_and_longer_than_the_reconnection_time",
        claims: &["C57"],
        origin: "scripted",
        shows: &[Shows {
            via: Via::Nginx("read-timeout-raised"),
            outcome: Intact,
            twin: None,
            says: "nginx keeps a stream that is silent for longer than its reconnection time, and the next event passes",
        }],
        run: |stage| Box::pin(silence_outlasted_and_longer_than_the_reconnection_time(stage)),
    },
];

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const ONE: &str = "data: one\n\n";
const RETRY_AND_ONE: &str = "retry: 100\ndata: one\n\n";
const TWO: &str = "b\r\ndata: two\n\n\r\n";

/// One event, then silence until nginx cuts, 200 ms later; the second event is never sent.
///
/// Claims C53: nginx cuts an idle stream by default: it does, after 60 s without an octet from the origin, and not because
///        the reader is silent. C58: `proxy_send_timeout` belongs to the cure: it bounds how long the origin may refuse
///        the request's octets, and changes nothing here.
/// Clause RFC 9112 8: a chunked message without last-chunk is incomplete; nginx documents `proxy_read_timeout` as the
///        time between two reads.
/// Twin   `silence_outlasted`: the time-out is raised, and the second event comes after the same silence.
/// Cure   `proxy_read_timeout` above the longest silence, or a comment from the origin within it.
pub async fn silence_between_two_events(stage: Stage) -> Transcript {
    until_nginx_ends(stage, ONE).await
}

/// The stream tells the reader to reconnect after 100 ms; nginx's time-out is twice that.
///
/// Claims C57: `proxy_read_timeout` must exceed the reconnection time: it has nothing to do with it; what must be shorter
///        than the time-out is the silence. The standard names no default of 5 s either.
/// Clause WHATWG HTML 9.2.2: the reconnection time, "probably in the region of a few seconds", begins with the cut.
/// Twin   `silence_outlasted_and_longer_than_the_reconnection_time`: the same reconnection time, and the time-out is raised.
/// Cure   `proxy_read_timeout` above the longest silence.
pub async fn silence_longer_than_the_reconnection_time(stage: Stage) -> Transcript {
    until_nginx_ends(stage, RETRY_AND_ONE).await
}

/// The same silence and longer, but the time-out is 60 s again.
///
/// Claims C53, C58: the time-out is what cuts, and nothing else does.
/// Clause nginx documents the default of `proxy_read_timeout`, 60 s.
/// Twin   it is the twin of `silence_between_two_events`; the confs differ in the value of `proxy_read_timeout`.
/// Cure   it is one.
pub async fn silence_outlasted(stage: Stage) -> Transcript {
    until_another_event(stage, ONE).await
}

/// The stream tells the reader to reconnect after 100 ms and is silent for twice that; the time-out is 60 s again.
///
/// Claims C57: the time-out is what cuts, whatever the reconnection time is.
/// Clause WHATWG HTML 9.2.2: the reconnection time begins with a cut, and here is none.
/// Twin   it is the twin of `silence_longer_than_the_reconnection_time`; the confs differ in the value of
///        `proxy_read_timeout`.
/// Cure   it is one.
pub async fn silence_outlasted_and_longer_than_the_reconnection_time(stage: Stage) -> Transcript {
    until_another_event(stage, RETRY_AND_ONE).await
}

async fn until_another_event(stage: Stage, one: &str) -> Transcript {
    let mut s = one_event(stage, one).await;

    s.step("the origin is silent, until nginx gives up another request, begun later, after 200 ms without its content");
    s.outlast("POST /clock HTTP/1.1\r\nHost: mve.test\r\nContent-Length: 1\r\n\r\n").await;
    s.look().await;

    s.cue("two", "the origin sends another event and ends").await;
    s.reader.until(end_of_response()).await;
    s.finish().await
}

async fn until_nginx_ends(stage: Stage, one: &str) -> Transcript {
    let mut s = one_event(stage, one).await;

    s.step("the origin is silent until nginx's read time-out has passed");
    s.reader.until(end_of_response()).await;
    s.finish().await
}

async fn one_event(stage: Stage, one: &str) -> Scene<Library> {
    let script = scripted()
        .request()
        .send(format!("{HEAD}{:x}\r\n{one}\r\n", one.len()))
        .cue_or_departure("two")
        .send(TWO)
        .send("0\r\n\r\n")
        .fin();
    let meant = Meant { content: Some(format!("{one}data: two\n\n").into_bytes()), ..Meant::default() };
    let mut s = stage.meant(meant).start(script).await;

    s.step(
        "the reader asks, and keeps its own content back, so that no clock runs before the response; \
         the origin sends one event",
    );
    s.reader.post_without_content("/events");
    s.origin.until(sent(format!("{one}\r\n"))).await;
    s.reader.until(octets(format!("{one}\r\n"))).await;
    s
}
