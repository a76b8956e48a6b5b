//! Section 5: what is said of running it.

use harness::verdict::Outcome;

use super::Claim;
use super::Evidence::{Case, Cell, Test};
use super::Verdict::{NotTestable, Partly, Refuted};

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "C66",
        claim: "120,000 SSE connections on one Go node: goroutines went from 1,200 to 27,000, the heap to 3.8 GB: a leak",
        verdict: Refuted,
        why: "A server of `net/http` has two goroutines for each open stream, so 27,000 of them cannot serve 120,000; and at the 21 to 25 kB of heap and stacks that were measured for each stream so many need up to 3 GB, so that 3.8 GB is no sign of a leak. A profile in which goroutines stay when readers have left would change our mind.",
        evidence: &[Test("go::many_streams_cost_two_goroutines_each_and_leave_none")],
    },
    Claim {
        id: "C67",
        claim: "A reconnecting client lands on another pod while its old connection is not closed",
        verdict: Partly,
        why: "A reader that closes is noticed at once, and its old stream ends if the handler looks; a stream stays behind only where nobody closes or nobody looks. Pods and their balancer are not tested here.",
        evidence: &[Test("go::a_context_ends_nothing_by_itself")],
    },
    Claim {
        id: "C68",
        claim: "ingress-nginx buffers by default, and that buffering makes the backend's memory grow",
        verdict: Partly,
        why: "nginx as it ships does hold events that are no whole chunks, but it has taken them from the origin: they wait in nginx. ingress-nginx itself, and the memory of the application behind it, are not tested here.",
        evidence: &[
            Case("proxy_buffering/small_events@as-shipped"),
            Case("proxy_buffering/chunk_size_then_chunk_data@as-shipped"),
            Case("proxy_buffering/chunked_events@as-shipped"),
            Cell("held/nginx-1.30.6/default/length/small-events/open/http-1.1", Outcome::Held),
        ],
    },
    Claim {
        id: "C69",
        claim: "Above 8,000 SSE connections a pod's heap grows by 1.2 GB an hour",
        verdict: Refuted,
        why: "At 8,100 open streams memory does not grow with the events sent, so the number of streams is not the cause; 1.2 GB an hour would be 40 octets a second for each, which a queue of the application can keep. A heap profile that shows the growth inside `net/http` would change our mind.",
        evidence: &[Test("go::many_streams_cost_two_goroutines_each_and_leave_none")],
    },
    Claim {
        id: "C70",
        claim: "`net/http` tells a handler nothing about the connection's state; an unchecked `Flush` blocks for ever when the network breaks",
        verdict: Partly,
        why: "The context tells when the reader leaves, and a controller's flush returns its error; but without a write deadline a write that the reader does not take waits until it does. A network that breaks is not tested here.",
        evidence: &[
            Test("go::a_context_ends_nothing_by_itself"),
            Case("deadline_mid_flush/nothing_passes_while_a_write_is_blocked"),
            Case("deadline_mid_flush/server_deadline_passes_while_a_write_is_blocked"),
            Case("deadline_mid_flush/server_deadline_passes_and_errors_are_ignored"),
            Case("hijacked_connection/reader_leaves_unwatched"),
        ],
    },
    Claim {
        id: "C71",
        claim: "A 15-minute maximum life per stream, by `context.WithTimeout`, is a cure",
        verdict: Partly,
        why: "It ends a handler that looks; but a handler that then returns has made a cut that nobody can see, unless it aborts or both sides have agreed on a last event.",
        evidence: &[
            Case("deadline_mid_flush/context_ends_between_events"),
            Case("deadline_mid_flush/context_ends_and_the_handler_aborts"),
            Case("deadline_mid_flush/context_ends_before_done"),
            Case("deadline_mid_flush/time_out_around_the_handler"),
        ],
    },
    Claim {
        id: "C72",
        claim: "Envoy has a filter `envoy.filters.http.sse` that can send `retry: 3000`",
        verdict: Refuted,
        why: "Envoy refuses a configuration that names it: there is no such filter.",
        evidence: &[Test("envoy::there_is_no_filter_named_sse")],
    },
    Claim {
        id: "C73",
        claim: "gRPC-Web through Envoy and WebSocket with NATS JetStream are sturdier than SSE behind nginx",
        verdict: NotTestable,
        why: "Sturdier in what respect is not said, and neither gRPC-Web nor WebSocket nor NATS is run here. Of an event stream the tables of gateways say: Envoy shows its reader every cut of chunked content, and so does nginx if it asks in HTTP/1.1.",
        evidence: &[],
    },
    Claim {
        id: "C74",
        claim: "Moving one platform from SSE to gRPC-Web took six person-days and brought P99 latency from 420 ms to 87 ms",
        verdict: NotTestable,
        why: "One team's effort and latency, without the system they were measured on.",
        evidence: &[],
    },
    Claim {
        id: "C75",
        claim: "Per-step deadlines cut false rejections of payments by 22 % and raised success under fault to 99.3 %",
        verdict: NotTestable,
        why: "One company's statistics, without the system they were measured on.",
        evidence: &[],
    },
    Claim {
        id: "C76",
        claim: "`gofr.dev/pkg/gofr/http/sse` offers `WithKeepAlive` and `OnError` hooks",
        verdict: NotTestable,
        why: "Debian, where the other packages were found, has none of this module; no other source of Go modules is used here.",
        evidence: &[],
    },
];
