//! Section 3: the event stream's format, status and fields, and connections that were taken.

use super::Claim;
use super::Evidence::{Case, Test};
use super::Verdict::{Confirmed, DependsOnVersion, Partly, Refuted};

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "C31",
        claim: "Several `data:` lines of an event are joined with a newline",
        verdict: Confirmed,
        why: "It is what the specification says, and what a browser does.",
        evidence: &[
            Test("event_stream::data_lines_are_joined_with_a_newline"),
            Test("browser::chromium_reads_an_event_stream_as_specified"),
        ],
    },
    Claim {
        id: "C32",
        claim: "`data:` with no space after the colon means an empty value; with a space, the first one is skipped",
        verdict: Partly,
        why: "The value begins behind the colon, so `data:x` is `x` and not empty; that one space is skipped, and only one, is right.",
        evidence: &[
            Test("event_stream::one_space_after_the_colon_is_dropped_and_none_is_needed"),
            Test("browser::chromium_reads_an_event_stream_as_specified"),
        ],
    },
    Claim {
        id: "C33",
        claim: "`retry:` takes only an integer in milliseconds",
        verdict: Confirmed,
        why: "A value of anything but ASCII digits is ignored, and the digits are milliseconds, in the specification and in a browser.",
        evidence: &[
            Test("event_stream::retry_takes_ascii_digits_alone"),
            Test("browser::chromium_reads_an_event_stream_as_specified"),
        ],
    },
    Claim {
        id: "C34",
        claim: "Without `Flush` the reader gets nothing until the connection closes or about 4 KB have gathered",
        verdict: Partly,
        why: "Two buffers, of 2048 and 4096 octets, hold small writes until about 4 kB have gathered, but it is the return of the handler that empties them, not the close; and behind a gateway its own buffer counts.",
        evidence: &[
            Test("go::octets_leave_at_flush_at_return_or_when_the_buffers_are_full"),
            Case("proxy_buffering/one_octet_lets_go@as-shipped"),
            Case("proxy_buffering/one_octet_lets_go@unbuffered"),
        ],
    },
    Claim {
        id: "C35",
        claim: "`Flush` avoids accumulation in the kernel's buffer",
        verdict: Refuted,
        why: "`Flush` is what fills the kernel's buffer: with a reader that does not read, whole events wait there after it has returned.",
        evidence: &[Test("go::flush_ends_in_the_kernel")],
    },
    Claim {
        id: "C36",
        claim: "`http.Flusher` is optional; a wrapped writer may lack it, and then streaming is impossible",
        verdict: DependsOnVersion,
        why: "Up to Go 1.19 it is so; from 1.20 on `ResponseController` flushes through a wrapper that has an `Unwrap` method, and one without still hides it.",
        evidence: &[
            Test("go::a_wrapper_hides_flush"),
            Test("go::a_controller_flushes_through_unwrap"),
            Test("go::the_api_files_date_the_api"),
        ],
    },
    Claim {
        id: "C37",
        claim: "`WriteHeader` after the first `Write` is ignored, and the response silently becomes chunked, even with a preset `Content-Length`",
        verdict: Partly,
        why: "The late status is ignored, which the server logs; but the framing is not decided by it: small content still gets a Content-Length, and a preset one stays.",
        evidence: &[
            Case("header_after_write/status_after_write"),
            Case("header_after_write/status_after_write_with_length"),
            Case("header_after_write/small_write_then_status"),
            Case("header_after_write/flushed_write_then_status"),
        ],
    },
    Claim {
        id: "C38",
        claim: "Field lines set after the first `Write` are dropped, and the header map is no longer mutable",
        verdict: Partly,
        why: "They are dropped, unless they were declared as trailers; but the map still takes them, which is why nobody notices.",
        evidence: &[
            Case("header_after_write/field_after_write"),
            Case("header_after_write/field_before_write"),
            Case("header_after_write/error_by_undeclared_field"),
            Case("header_after_write/error_by_trailer"),
            Test("go::what_shows_a_truncated_response_and_what_does_not"),
        ],
    },
    Claim {
        id: "C39",
        claim: "`WriteHeader` then `Write` gives Content-Length framing; `Write` then `WriteHeader` gives chunked",
        verdict: Refuted,
        why: "The order changes no octet: a small response gets a Content-Length, a large or flushed one is chunked, whichever call came first.",
        evidence: &[
            Case("header_after_write/status_then_small_write"),
            Case("header_after_write/small_write_then_status"),
            Case("header_after_write/status_then_large_write"),
            Case("header_after_write/large_write_then_status"),
            Case("header_after_write/status_then_flushed_write"),
            Case("header_after_write/flushed_write_then_status"),
        ],
    },
    Claim {
        id: "C40",
        claim: "After `Hijack` the connection is no longer subject to `Server.WriteTimeout`",
        verdict: Confirmed,
        why: "Taking the connection clears the server's deadlines; only one that has passed before has done its harm.",
        evidence: &[
            Case("hijacked_connection/server_deadline_taken"),
            Case("hijacked_connection/server_deadline_untaken"),
            Case("hijacked_connection/deadline_past_when_taken"),
            Case("hijacked_connection/own_deadline_cleared_too_late"),
        ],
    },
    Claim {
        id: "C41",
        claim: "When the context ends, the server may forcibly close a hijacked connection",
        verdict: Refuted,
        why: "Nothing closes a taken connection when the context ends, and not even closing the server does.",
        evidence: &[
            Case("hijacked_connection/context_ends"),
            Case("hijacked_connection/task_keeps_the_requests_context"),
            Case("hijacked_connection/server_closes"),
        ],
    },
    Claim {
        id: "C42",
        claim: "Data in the hijacked `bufio.ReadWriter` that was not flushed is lost, and the reader gets no whole frame",
        verdict: Partly,
        why: "What is left in the buffer is lost, but only that: what was flushed before arrived whole.",
        evidence: &[
            Case("hijacked_connection/closed_with_octets_buffered"),
            Case("hijacked_connection/buffer_flushed_first"),
            Case("hijacked_connection/raw_write_overtakes_the_buffer"),
        ],
    },
    Claim {
        id: "C43",
        claim: "Flushing after the time-out gives \"write on closed connection\"",
        verdict: Partly,
        why: "A deadline gives `i/o timeout`, now and ever after; the closed connection is what answers when the server itself has closed it, as it does after a large write that failed.",
        evidence: &[
            Case("deadline_mid_flush/server_deadline_passes_between_events"),
            Case("deadline_mid_flush/deadline_is_taken_back_too_late"),
            Case("hijacked_connection/own_deadline_cleared_too_late"),
            Case("hijacked_connection/large_write_past_its_deadline"),
        ],
    },
    Claim {
        id: "C44",
        claim: "A write on the hijacked connection can succeed although the response can no longer arrive",
        verdict: Confirmed,
        why: "A write succeeds when the kernel takes the octets: also when the reader has left, and when they are no part of the response any more.",
        evidence: &[
            Case("hijacked_connection/reader_leaves_unwatched"),
            Case("hijacked_connection/raw_octets_inside_chunks"),
            Case("hijacked_connection/raw_octets_read_as_the_last_chunk"),
        ],
    },
];
