//! Programs that ask Go's standard library what it does, on every toolchain of this machine. A fact that differs between
//! versions would fail, and be news.

use fixtures::go::Toolchain;
use mve::catalogue::toolchains;

use super::Evidence;
use super::program::said;

/// What is said where there is no toolchain.
pub const NO_GO: &str = "no Go toolchain (put `go` on the path, or name one in LASTCHUNK_GO)";

pub fn evidence() -> Vec<Evidence> {
    let facts = |name, file, since: [u32; 3], expected| {
        let go = toolchains().iter().filter(|go| go.number >= since).collect();
        Evidence::of_go(name, go, || NO_GO.to_owned(), move |go| each_says(go, file, expected))
    };
    vec![
        facts("go::octets_leave_at_flush_at_return_or_when_the_buffers_are_full", "write", [1, 0, 0], WRITE),
        facts("go::a_context_ends_nothing_by_itself", "context", [1, 0, 0], CONTEXT),
        facts("go::flush_ends_in_the_kernel", "kernel", [1, 0, 0], KERNEL),
        facts("go::a_wrapper_hides_flush", "wrapper", [1, 0, 0], WRAPPER),
        facts("go::a_controller_flushes_through_unwrap", "controller", [1, 21, 0], CONTROLLER),
        facts("go::what_shows_a_truncated_response_and_what_does_not", "observer", [1, 0, 0], OBSERVER),
        Evidence {
            why_not: Some("8,100 connections at once (run by `just evidence`)".to_owned()),
            ..Evidence::of_go(
                "go::many_streams_cost_two_goroutines_each_and_leave_none",
                those(&["1.22", "1.27"]),
                || NO_GO.to_owned(),
                many_streams,
            )
        },
    ]
}

/// The toolchains here of these release lines.
pub fn those(lines: &[&str]) -> Vec<&'static Toolchain> {
    toolchains().iter().filter(|go| lines.contains(&go.line().as_str())).collect()
}

fn each_says(toolchains: &[&Toolchain], file: &str, expected: &str) {
    for go in toolchains {
        let said = said(go, file, None, &[]);
        assert_eq!(said, expected, "go {}", go.version);
    }
}

const WRITE: &str = "\
after Write of 11 octets: nothing has left
after Flush: octets have left
after WriteHeader: nothing has left
after Write of 11 octets behind it: nothing has left
after Write of 10000 octets: octets have left
octets left with Write number, of one octet each: 4097
Write and return, no Flush: 11 octets, error <nil>
Write behind WriteHeader, the reader gone: <nil>
";

const CONTEXT: &str = r#"the context ends, the handler returns: the reader gets "data: one\n\n", error <nil>
the context ends, the handler aborts: the reader gets "data: one\n\n", error unexpected EOF
the context ends, the handler goes on: the reader gets "data: one\n\ndata: two\n\n", error <nil>
a stream with these fields, and Flush after each event: map[Content-Type:[text/event-stream]]
the reader gets the first event while the handler waits: "data: one\n\n", then "data: two\n\n", error <nil>
the reader leaves: CloseNotify tells, the context says context canceled
the reader leaves a ticker that does not look: 20 events more, and on it goes
the reader leaves a ticker that looks at its context: it returns
a goroutine that does not look at its ended context: answers 3, deferred calls run false
a step's deadline has passed: the step says context deadline exceeded, the stream <nil>
a step that asks for more time than the stream has gets the stream's deadline: true
the stream's context ends: the step says context canceled
"#;

const KERNEL: &str = "Flush has returned, and the whole event is in the kernel, in no segment yet\n";

const WRAPPER: &str = "\
the server's own writer is an http.Flusher: true
a wrapped one is an http.Flusher: false
";

const CONTROLLER: &str = "\
methods: EnableFullDuplex Flush Hijack SetReadDeadline SetWriteDeadline
Flush through a wrapper: feature not supported
Flush through a wrapper with Unwrap: <nil>
";

const OBSERVER: &str = r#"a ResponseRecorder tells: 200, "12345", error <nil>
a reader on a connection tells: 200, "12345", error unexpected EOF
the handler runs on the goroutine that serves the connection: true
a writeLoop is on that stack: false
the handler closes the request's content early: 200, "data: one\n\ndata: two\n\n", error <nil>
copying from content that was closed: http: read on closed response body
a relay closes the content that it relays: 200, "data: one\n\n", error <nil>
403, behind a Flush: false: 403, "no\n", error <nil>
403, behind a Flush: true: 200, "no\n", error <nil>
a field set behind the first Write, in the map: "late", at the reader: ""
Server.MaxHeaderBytes 1000, a field of 4000 octets: 200
Server.MaxHeaderBytes 1000, a field of 6000 octets: 431
"#;

/// More than the 8,000 of C69. 21 to 25 kB for each stream is what was measured, and at 32 kB 120,000 of them would reach the
/// 3.8 GB of C66.
fn many_streams(toolchains: &[&Toolchain]) {
    for go in toolchains {
        let (connections, events) = (8100, 100);
        let said = said(go, "many", None, &[&connections.to_string(), &events.to_string()]);
        eprint!("go {}\n{said}", go.version);
        let fact = |name: &str| -> i64 {
            let line = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {said}"))
        };
        assert_eq!(fact("connections"), connections, "go {}", go.version);
        assert_eq!(fact("goroutines"), 2 * connections, "go {}", go.version);
        assert_eq!(fact("goroutines_left"), 0, "go {}", go.version);
        let each = fact("octets_each");
        assert!((8_000..32_000).contains(&each), "go {}: {each} octets for each stream", go.version);
        let after = fact("octets_each_after_events");
        assert!(after < each + 1_000, "go {}: {each} octets before the events, {after} after", go.version);
        let left = fact("octets_each_left");
        assert!(left < 3_000, "go {}: {left} octets left of each stream", go.version);
    }
}
