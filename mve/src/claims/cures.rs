//! Section 4: what is said to help.

use harness::verdict::Outcome;

use super::Claim;
use super::Evidence::{Case, Cell, Test};
use super::Verdict::{Confirmed, DependsOnVersion, NotTestable, Partly, Refuted};

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "C45",
        claim: "A deadline of its own for each sub-step (`WithDeadline`) decouples time-outs: one step's expiry does not end the others, and the parent's deadline still bounds all",
        verdict: Confirmed,
        why: "A step's context ends with the stream's and never the other way round, and gets no later deadline; so one step can end and the stream go on.",
        evidence: &[Case("deadline_mid_flush/context_of_one_step_ends"), Test("go::a_context_ends_nothing_by_itself")],
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
        why: "`c.Stream` goes on while its step returns true, and has no heartbeat of its own; Echo has no `SetStreamTimeout`. Fiber is not packaged where this was tested.",
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
        verdict: Confirmed,
        why: "nginx does after a minute without an octet from the origin, which `proxy_read_timeout` moves; Envoy after 15 s, silent or not, which is its route's limit for a whole response, and without that limit after five minutes of silence.",
        evidence: &[
            Case("proxy_buffering/silence_between_two_events@read-timeout"),
            Case("proxy_buffering/silence_outlasted@read-timeout-raised"),
            Test("nginx::ends_a_stream_after_a_minute_of_silence"),
            Test("envoy::a_route_ends_a_stream_after_15_s_and_silence_after_5_min"),
        ],
    },
    Claim {
        id: "C54",
        claim: "nginx needs `proxy_http_version 1.1`",
        verdict: DependsOnVersion,
        why: "Up to 1.28 it does: it asks in HTTP/1.0 otherwise, where an origin sends no chunks, so that a buffering nginx holds the events, and any nginx makes a clean end of a cut. nginx 1.30 asks in HTTP/1.1 by itself.",
        evidence: &[
            Case("proxy_buffering/handler_finishes@as-shipped"),
            Case("proxy_buffering/handler_finishes@http11"),
            Case("proxy_buffering/handler_aborts@unbuffered"),
            Case("proxy_buffering/handler_aborts@unbuffered-http11"),
            Test("nginx::asks_in_http_1_0_up_to_1_28_and_in_http_1_1_in_1_30"),
            Cell("pairs/nginx+envoy-1.28.3+1.40.0/default/chunked/between-chunks/fin/http-1.1", Outcome::CutSilent),
        ],
    },
    Claim {
        id: "C55",
        claim: "nginx needs `proxy_set_header Connection ''`",
        verdict: Refuted,
        why: "Events pass at once although nginx says `Connection: close` to the origin.",
        evidence: &[
            Case("proxy_buffering/small_events@unbuffered-http11"),
            Case("proxy_buffering/small_events@unbuffered"),
        ],
    },
    Claim {
        id: "C56",
        claim: "nginx needs `proxy_buffering off` and `proxy_cache off`",
        verdict: Partly,
        why: "`proxy_buffering off` is needed, unless every event is a whole chunk that comes in one piece: only those pass at once through nginx as it ships. No line about `proxy_cache` is needed beside it.",
        evidence: &[
            Case("proxy_buffering/small_events@as-shipped"),
            Case("proxy_buffering/small_events@unbuffered"),
            Case("proxy_buffering/chunked_events@as-shipped"),
            Case("proxy_buffering/one_octet_lets_go@as-shipped"),
            Case("proxy_buffering/compressed_events@gzip-buffered"),
            Case("proxy_buffering/half_a_chunk_then_the_rest@as-shipped"),
            Cell("held/nginx-1.18.0/default/length/small-events/open/http-1.1", Outcome::Held),
            Cell("held/nginx-1.30.6/default/length/small-events/open/http-1.1", Outcome::Held),
            Cell("held/nginx-1.30.6/default/chunked/small-events/open/http-1.1", Outcome::Intact),
            Cell("held/nginx-1.30.6/streaming/length/small-events/open/http-1.1", Outcome::Intact),
        ],
    },
    Claim {
        id: "C57",
        claim: "`proxy_read_timeout` must exceed the EventSource reconnection interval, 5 s by default, or the connection is killed between heartbeats",
        verdict: Refuted,
        why: "What has to be shorter than `proxy_read_timeout` is the silence: a silent stream was cut although the time-out exceeded the stream's reconnection time, which begins only when the stream is over.",
        evidence: &[
            Case("proxy_buffering/silence_longer_than_the_reconnection_time@read-timeout"),
            Case("proxy_buffering/silence_outlasted_and_longer_than_the_reconnection_time@read-timeout-raised"),
            Case("proxy_buffering/silence_between_two_events@read-timeout"),
        ],
    },
    Claim {
        id: "C58",
        claim: "`proxy_send_timeout 300` belongs to the cure",
        verdict: Refuted,
        why: "A silent stream is cut all the same: this time-out is about octets on their way to the origin.",
        evidence: &[
            Case("proxy_buffering/silence_between_two_events@read-timeout-send"),
            Case("proxy_buffering/silence_outlasted@read-timeout-send-raised"),
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
        why: "Events pass although nginx says `Connection: close` to the origin, and to its reader it says `Connection: keep-alive` by itself: the field is about one connection.",
        evidence: &[
            Case("proxy_buffering/small_events@unbuffered-http11"),
            Case("proxy_buffering/small_events@unbuffered"),
        ],
    },
    Claim {
        id: "C61",
        claim: "Envoy's `idle_timeout` is the equivalent of `proxy_read_timeout`",
        verdict: Refuted,
        why: "`idle_timeout` counts the time in which a connection has no stream at all, and a silent stream outlasts it; what cuts a silent stream, as `proxy_read_timeout` does, is `stream_idle_timeout`.",
        evidence: &[Test("envoy::idle_timeout_does_not_count_the_silence_of_a_stream")],
    },
    Claim {
        id: "C62",
        claim: "Envoy's `stream_idle_timeout: 0` disables it, and keeps HTTP/2 stream time-outs away from SSE",
        verdict: Partly,
        why: "It does switch off the five minutes that Envoy gives a silent stream; but the 15 s that a route gives a whole response go on, in HTTP/2 as in HTTP/1.1.",
        evidence: &[
            Test("envoy::a_route_ends_a_stream_after_15_s_and_silence_after_5_min"),
            Test("envoy::a_route_bounds_the_whole_response"),
            Test("envoy::idle_timeout_does_not_count_the_silence_of_a_stream"),
        ],
    },
    Claim {
        id: "C63",
        claim: "With these settings an Envoy in front of SSE keeps the stream alive",
        verdict: Refuted,
        why: "With these two settings every stream is cut after 15 s, lively or not, visibly but cut: the route's own `timeout` bounds the whole response. What keeps a stream alive is `timeout: 0s` on the route, with `stream_idle_timeout: 0s`.",
        evidence: &[
            Test("envoy::a_route_ends_a_stream_after_15_s_and_silence_after_5_min"),
            Test("envoy::a_route_bounds_the_whole_response"),
        ],
    },
    Claim {
        id: "C64",
        claim: "Envoy's HPACK dynamic table should be off, against head-of-line blocking",
        verdict: NotTestable,
        why: "No effect is named that could be seen. With the table as Envoy has it, readers of HTTP/2 get each event at once, as the table `held` shows; what lost packets do to streams that share a connection is not tested here.",
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
