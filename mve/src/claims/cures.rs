//! Section 4: what is said to help.

use super::Claim;
use super::Evidence::{Case, Test};
use super::Verdict::{Confirmed, NotTestable, Partly, Refuted};

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "C45",
        claim: "A deadline of its own for each sub-step (`WithDeadline`) decouples time-outs: one step's expiry does not end the others, and the parent's deadline still bounds all",
        verdict: Confirmed,
        why: "A context ends with its parent and never the other way round, so one step can end and the stream go on.",
        evidence: &[Case("deadline_mid_flush/context_of_one_step_ends")],
    },
    Claim {
        id: "C46",
        claim: "A middleware that reads `Last-Event-ID` and replays from an event store resumes a cut stream without loss",
        verdict: Partly,
        why: "It does, cut where you like, if every event has an ID and the store still has what the reader lacks; what the store has forgotten is lost without a sign.",
        evidence: &[
            Test("event_stream::a_cut_at_any_octet_is_resumed_from_the_last_id"),
            Test("browser::chromium_reads_an_event_stream_as_specified"),
        ],
    },
    Claim {
        id: "C47",
        claim: "Without `Last-Event-ID` the stream starts at the latest event",
        verdict: NotTestable,
        why: "This is a choice of a middleware that is not here: the specification leaves what a stream begins with to the server.",
        evidence: &[],
    },
    Claim {
        id: "C48",
        claim: "The middleware must keep, per client, the last id, its time and whether it is alive",
        verdict: Refuted,
        why: "The reader keeps its last ID and sends it when it returns, so a server that keeps events and nothing about readers resumes every one of them.",
        evidence: &[
            Test("event_stream::a_cut_at_any_octet_is_resumed_from_the_last_id"),
            Test("browser::chromium_reads_an_event_stream_as_specified"),
        ],
    },
    Claim {
        id: "C49",
        claim: "`X-Content-Type-Options: nosniff` and `Cache-Control: no-cache, no-store, must-revalidate` are needed; the latter keeps proxies from caching the event stream",
        verdict: Partly,
        why: "Neither is needed: a browser and Go's client read a stream that has only a Content-Type. Whether a cache on the way would store one is not tested here.",
        evidence: &[
            Test("go::a_context_ends_nothing_by_itself"),
            Test("browser::chromium_reads_an_event_stream_as_specified"),
        ],
    },
    Claim {
        id: "C50",
        claim: "`http.MaxHeaderBytes` bounds the request's header section",
        verdict: Partly,
        why: "There is such a bound, but it is the field `MaxHeaderBytes` of a `Server`, and about 4 kB more than it says are let through before the answer is 431.",
        evidence: &[
            Test("go::the_api_files_date_the_api"),
            Test("go::what_shows_a_truncated_response_and_what_does_not"),
        ],
    },
    Claim {
        id: "C51",
        claim: "In Gin `c.Stream` with `return true` goes on; Gin needs a manual heartbeat, Echo has `SetStreamTimeout`, Fiber relies on `Context().Done()`",
        verdict: Partly,
        why: "`c.Stream` goes on while its step returns true, and writes nothing by itself; Echo has no `SetStreamTimeout`. Fiber is not packaged where this was tested.",
        evidence: &[
            Test("packages::gin_streams_while_the_step_says_true"),
            Test("packages::echo_has_no_stream_time_out"),
        ],
    },
    Claim {
        id: "C52",
        claim: "An unauthorised origin or token gets 403 before the stream starts",
        verdict: Partly,
        why: "A status can be told only before the first flush, so the check has to come first; 403 is the server's choice, and for missing credentials RFC 9110 has 401.",
        evidence: &[Test("go::what_shows_a_truncated_response_and_what_does_not")],
    },
    Claim {
        id: "C53",
        claim: "nginx and Envoy cut an idle SSE connection by default",
        verdict: Partly,
        why: "nginx does, when the origin is silent for `proxy_read_timeout`, for which it documents 60 s; the test of Envoy has not been run yet.",
        evidence: &[
            Case("proxy_buffering/silence_between_two_events@read-timeout"),
            Case("proxy_buffering/silence_outlasted@read-timeout-raised"),
        ],
    },
    Claim {
        id: "C54",
        claim: "nginx needs `proxy_http_version 1.1`",
        verdict: Partly,
        why: "Not for streaming; but in HTTP/1.0, which nginx spoke to origins by default before 1.29.7, a cut cannot be told from an end, and nginx makes a clean end of it.",
        evidence: &[
            Case("proxy_buffering/handler_aborts@as-shipped"),
            Case("proxy_buffering/handler_aborts@http11"),
            Case("proxy_buffering/chunked_events@as-shipped"),
            Case("proxy_buffering/small_events@http11"),
        ],
    },
    Claim {
        id: "C55",
        claim: "nginx needs `proxy_set_header Connection ''`",
        verdict: Refuted,
        why: "Events pass at once although nginx sends `Connection: close` to the origin; the line only lets nginx use a connection again.",
        evidence: &[
            Case("proxy_buffering/small_events@unbuffered-http11"),
            Case("proxy_buffering/small_events@unbuffered"),
        ],
    },
    Claim {
        id: "C56",
        claim: "nginx needs `proxy_buffering off` and `proxy_cache off`",
        verdict: Partly,
        why: "`proxy_buffering off` is needed, unless every event is one whole chunk; `proxy_cache` is off as nginx ships.",
        evidence: &[
            Case("proxy_buffering/small_events@as-shipped"),
            Case("proxy_buffering/small_events@unbuffered"),
            Case("proxy_buffering/chunked_events@as-shipped"),
            Case("proxy_buffering/one_octet_lets_go@as-shipped"),
            Case("proxy_buffering/compressed_events@gzip-buffered"),
        ],
    },
    Claim {
        id: "C57",
        claim: "`proxy_read_timeout` must exceed the EventSource reconnection interval, 5 s by default, or the connection is killed between heartbeats",
        verdict: Refuted,
        why: "What must be shorter than `proxy_read_timeout` is the silence; the reconnection time begins when the stream is over, and the specification names no 5 s.",
        evidence: &[
            Case("proxy_buffering/silence_longer_than_the_reconnection_time@read-timeout"),
            Case("proxy_buffering/silence_between_two_events@read-timeout"),
            Case("proxy_buffering/silence_outlasted@read-timeout-raised"),
        ],
    },
    Claim {
        id: "C58",
        claim: "`proxy_send_timeout 300` belongs to the cure",
        verdict: Refuted,
        why: "It bounds how long an origin may refuse the request's octets; a silent stream is cut all the same.",
        evidence: &[
            Case("proxy_buffering/silence_between_two_events@read-timeout-send"),
            Case("proxy_buffering/silence_between_two_events@read-timeout"),
        ],
    },
    Claim {
        id: "C59",
        claim: "`add_header X-Accel-Buffering no` in nginx's own configuration switches off its buffering",
        verdict: Refuted,
        why: "`add_header` tells the reader, whom it does not concern; nginx obeys the field when it comes from the origin.",
        evidence: &[
            Case("proxy_buffering/small_events@add-header"),
            Case("proxy_buffering/small_events_with_x_accel_buffering@as-shipped"),
            Case("proxy_buffering/compressed_events_with_x_accel_buffering@gzip-buffered"),
        ],
    },
    Claim {
        id: "C60",
        claim: "nginx must pass `Connection: keep-alive` through",
        verdict: Refuted,
        why: "The field is about one connection only, nginx never passes it on, and events pass without it.",
        evidence: &[
            Case("proxy_buffering/small_events@unbuffered-http11"),
            Case("proxy_buffering/small_events@unbuffered"),
        ],
    },
    Claim {
        id: "C61",
        claim: "Envoy's `idle_timeout` is the equivalent of `proxy_read_timeout`",
        verdict: NotTestable,
        why: "Not yet: a test against Envoy is written and has never been run, and a verdict that rests on nothing that ran is none.",
        evidence: &[],
    },
    Claim {
        id: "C62",
        claim: "Envoy's `stream_idle_timeout: 0` disables it, and keeps HTTP/2 stream time-outs away from SSE",
        verdict: NotTestable,
        why: "Not yet: a test against Envoy is written and has never been run, and a verdict that rests on nothing that ran is none.",
        evidence: &[],
    },
    Claim {
        id: "C63",
        claim: "With these settings an Envoy in front of SSE keeps the stream alive",
        verdict: NotTestable,
        why: "Not yet: a test against Envoy is written and has never been run, and a verdict that rests on nothing that ran is none.",
        evidence: &[],
    },
    Claim {
        id: "C64",
        claim: "Envoy's HPACK dynamic table should be off, against head-of-line blocking",
        verdict: NotTestable,
        why: "It is given as a reason, and no effect is named that could be seen; a table of field lines has no part in the order of a stream's octets, and an HTTP/1.1 reader has none.",
        evidence: &[],
    },
    Claim {
        id: "C65",
        claim: "Clients should back off exponentially on `error` events",
        verdict: NotTestable,
        why: "This is advice, and sensible; no behaviour is claimed that could be tested.",
        evidence: &[],
    },
];
