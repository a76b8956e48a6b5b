//! Sections 2.3 to 2.5: what a deadline leaves behind, and how to see a truncation.

use super::Claim;
use super::Evidence::{Case, Test};
use super::Verdict::{Confirmed, NotTestable, Partly, Refuted};

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "C18",
        claim: "When the deadline passes, frames already sent still reach the client: the response is incomplete",
        verdict: Partly,
        why: "What was flushed does reach the reader, but whether the response is incomplete depends on the end: a handler that returns completes it, one that aborts or a write deadline of the server leaves it incomplete.",
        evidence: &[
            Case("deadline_mid_flush/context_ends_between_events"),
            Case("deadline_mid_flush/context_ends_and_the_handler_aborts"),
            Case("deadline_mid_flush/server_deadline_passes_between_events"),
            Case("deadline_mid_flush/deadline_is_moved_to_the_past"),
            Case("deadline_mid_flush/error_behind_an_event"),
        ],
    },
    Claim {
        id: "C19",
        claim: "`ctx.Done` does not interrupt a `Send` or write that has already begun",
        verdict: Partly,
        why: "In `net/http` it is so, and the write goes on when the reader reads again; gRPC's `Send` that waits for the reader is ended by the deadline.",
        evidence: &[
            Case("deadline_mid_flush/context_ends_while_a_write_is_blocked"),
            Case("deadline_mid_flush/context_ends_unnoticed"),
            Test("packages::a_deadline_bounds_a_whole_grpc_stream"),
        ],
    },
    Claim {
        id: "C20",
        claim: "With a 5 s deadline and one message a second, the context fires at 4.2 s, the fourth message is the last, the fifth `Send` fails",
        verdict: Refuted,
        why: "A context ends at its deadline and not before, so that nothing fires at 4.2 s of 5; which message is the last follows from when each one was sent.",
        evidence: &[Test("packages::a_deadline_bounds_a_whole_grpc_stream")],
    },
    Claim {
        id: "C21",
        claim: "The 5 s bound only the wait of the last `Send` call, not the whole response",
        verdict: Refuted,
        why: "The deadline is a moment, and it ends the whole call: a stream in which no `Send` was waiting ended at it too.",
        evidence: &[Test("packages::a_deadline_bounds_a_whole_grpc_stream")],
    },
    Claim {
        id: "C22",
        claim: "`Send` is asynchronous: data not yet flushed may remain in a buffer at the time-out",
        verdict: Confirmed,
        why: "`Send` succeeds as soon as the message is handed on, though the reader receives nothing; in `net/http` what is not flushed is lost with an aborting handler, and sent by one that returns.",
        evidence: &[
            Test("packages::a_deadline_bounds_a_whole_grpc_stream"),
            Case("deadline_mid_flush/context_ends_before_a_flush"),
            Case("deadline_mid_flush/context_ends_before_a_flush_and_the_handler_aborts"),
        ],
    },
    Claim {
        id: "C23",
        claim: "The error of `Send` is not `ctx.Err()` but `io.EOF` or `Canceled`",
        verdict: Partly,
        why: "The server's `Send` fails with a status, Canceled or DeadlineExceeded, and never with the context's own error; `io.EOF` is what the other side's `Send` returns, that of the reader.",
        evidence: &[Test("packages::a_deadline_bounds_a_whole_grpc_stream")],
    },
    Claim {
        id: "C24",
        claim: "A reader cut after k messages cannot resume, for want of a checkpoint: the time-out is not idempotent",
        verdict: Partly,
        why: "By itself a cut stream says nothing about where to go on, but an event stream has a checkpoint made for it, the event ID, and an agreed last event tells that something is missing.",
        evidence: &[
            Test("event_stream::a_cut_at_any_octet_is_resumed_from_the_last_id"),
            Case("deadline_mid_flush/context_ends_before_done"),
            Case("deadline_mid_flush/producer_is_timed_out_before_done"),
        ],
    },
    Claim {
        id: "C25",
        claim: "A minimal verifiable case has one trigger, no outside dependency, deterministic output with an assertion, and runs from a compose file",
        verdict: NotTestable,
        why: "This is a definition, and a good one; there is no fact in it to test.",
        evidence: &[],
    },
    Claim {
        id: "C26",
        claim: "Closing an `io.ReadCloser` early in a handler is a common cause of truncated responses",
        verdict: Partly,
        why: "Closing the request's content early cuts nothing; closing content that the handler relays does, and the response still looks complete. How common that is nobody has counted.",
        evidence: &[Test("go::what_shows_a_truncated_response_and_what_does_not")],
    },
    Claim {
        id: "C27",
        claim: "`Content-Length: 100`, five octets written, then `Flush`: the underlying connection is terminated early",
        verdict: Partly,
        why: "Nothing happens at the flush, and what is written after it still arrives; the connection is closed when the handler returns and owes octets, and the reader can tell.",
        evidence: &[
            Case("header_after_write/length_too_large"),
            Case("header_after_write/length_right"),
            Test("go::what_shows_a_truncated_response_and_what_does_not"),
        ],
    },
    Claim {
        id: "C28",
        claim: "In that experiment a CPU profile catches the server's `writeLoop` goroutine, blocked",
        verdict: Refuted,
        why: "The server writes on the goroutine of the handler and has no `writeLoop`: that is the name of a method of the client.",
        evidence: &[
            Test("go::the_server_has_no_write_loop"),
            Test("go::what_shows_a_truncated_response_and_what_does_not"),
        ],
    },
    Claim {
        id: "C29",
        claim: "`httptest.ResponseRecorder` shows whether the body was closed early",
        verdict: Refuted,
        why: "A recorder has no connection: of the same handler it shows 200 and five octets without an error, where a reader on a connection gets `unexpected EOF`.",
        evidence: &[Test("go::what_shows_a_truncated_response_and_what_does_not")],
    },
    Claim {
        id: "C30",
        claim: "The printed test detects the truncation",
        verdict: NotTestable,
        why: "The test is printed in the article and not known here; one that uses a recorder cannot detect it (C29).",
        evidence: &[],
    },
];
