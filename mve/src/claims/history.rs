//! Sections 1 and 2.1 to 2.2, and the title: what came with which version of Go, and what its runtime does.

use super::Claim;
use super::Evidence::{Case, Test};
use super::Verdict::{Confirmed, NotTestable, Partly, Refuted};

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "C01",
        claim: "`http.Flusher` has been in the standard library since Go 1.0",
        verdict: Confirmed,
        why: "The file that records what Go 1.0 promised already lists `http.Flusher`.",
        evidence: &[Test("go::the_api_files_date_the_api")],
    },
    Claim {
        id: "C02",
        claim: "Go 1.12 introduced `http.ResponseController`, as an experiment",
        verdict: Refuted,
        why: "`ResponseController` came with Go 1.20, not as an experiment, and the sources of 1.15 and 1.19 do not know the name.",
        evidence: &[Test("go::the_api_files_date_the_api"), Test("go::response_controller_is_absent_before_1_20")],
    },
    Claim {
        id: "C03",
        claim: "Go 1.21 made `NewResponseController` stable API, and it can actively close a stream",
        verdict: Refuted,
        why: "It has been ordinary API since Go 1.20, and its methods flush, set deadlines, take the connection over or switch to full duplex: none of them closes a stream.",
        evidence: &[
            Test("go::the_api_files_date_the_api"),
            Test("go::response_controller_is_absent_before_1_20"),
            Test("go::a_controller_flushes_through_unwrap"),
        ],
    },
    Claim {
        id: "C04",
        claim: "Content-Type, `Cache-Control: no-cache`, `Connection: keep-alive` and a flush per event are all that SSE needs on the standard library",
        verdict: Partly,
        why: "A Content-Type and a flush after each event make a stream on a bare server, without the two other fields; but where the server has a write deadline, or a gateway buffers, a flush after each event is not enough.",
        evidence: &[
            Test("go::a_context_ends_nothing_by_itself"),
            Test("browser::chromium_reads_an_event_stream_as_specified"),
            Case("deadline_mid_flush/server_deadline_passes_between_events"),
            Case("proxy_buffering/small_events@as-shipped"),
        ],
    },
    Claim {
        id: "C05",
        claim: "The minimal ticker handler (loop, print, flush, no check of context or errors) has no goroutine leak, given cancellation logic",
        verdict: Partly,
        why: "With a look at the context it has none; as it is printed, looking at nothing, it goes on writing after the reader has left and the server has said so.",
        evidence: &[Test("go::a_context_ends_nothing_by_itself")],
    },
    Claim {
        id: "C06",
        claim: "From Go 1.22 on, `context.WithTimeout` silently truncates SSE response bodies; before, it did not",
        verdict: Refuted,
        why: "A context touches no connection: the handler that returns ends its response, complete and short, on every version alike, and one that does not look at its context loses nothing.",
        evidence: &[
            Case("deadline_mid_flush/context_ends_between_events"),
            Case("deadline_mid_flush/context_ends_inside_an_event"),
            Case("deadline_mid_flush/context_ends_unnoticed"),
            Case("deadline_mid_flush/context_ends_while_a_write_is_blocked"),
            Case("deadline_mid_flush/context_ends_and_the_handler_aborts"),
            Test("go::a_context_ends_nothing_by_itself"),
        ],
    },
    Claim {
        id: "C07",
        claim: "92 % of production projects are affected",
        verdict: NotTestable,
        why: "No sample, no method and no source stands behind the number, so there is nothing to run.",
        evidence: &[],
    },
    Claim {
        id: "C08",
        claim: "From Go 1.22 on, `Timer.Stop` and `Reset` go through a `sweepTimer` phase instead of touching the timer heap",
        verdict: Refuted,
        why: "No version names a `sweepTimer`, and nothing changed with Go 1.22: the code of `Stop` and `Reset` is that of 1.21. Timers were rewritten one version later.",
        evidence: &[Test("go::the_runtime_names_nothing_of_a_sweep"), Test("go::timers_are_the_same_in_1_21_and_1_22")],
    },
    Claim {
        id: "C09",
        claim: "Cancellation is injected through `g.canceled`, `injectCancelIntoG`, `cancelTimerGoroutine` and the defer chain",
        verdict: Refuted,
        why: "None of these names is in any version: cancelling closes a channel, and a goroutine learns of it if it waits on that channel.",
        evidence: &[
            Test("go::the_runtime_names_nothing_of_a_sweep"),
            Test("go::cancelling_closes_a_channel"),
            Test("go::a_context_ends_nothing_by_itself"),
        ],
    },
    Claim {
        id: "C10",
        claim: "`g.timer` is deprecated and kept for compatibility",
        verdict: Refuted,
        why: "The field is in use in every version: it keeps the timer of `time.Sleep` for the next sleep, and nothing calls it deprecated.",
        evidence: &[Test("go::a_goroutine_keeps_its_timer_for_sleep")],
    },
    Claim {
        id: "C11",
        claim: "There is a timer state `timerCanceled`, set only by the sweep",
        verdict: Refuted,
        why: "No version names such a state, nor a sweep that could set it.",
        evidence: &[Test("go::the_runtime_names_nothing_of_a_sweep")],
    },
    Claim {
        id: "C12",
        claim: "Cancelling runs a callback on the goroutine before it parks: a goroutine sees its cancellation by itself",
        verdict: Refuted,
        why: "A goroutine learns of the end of its context only by looking: one that does not look goes on, and its deferred calls do not run.",
        evidence: &[Test("go::cancelling_closes_a_channel"), Test("go::a_context_ends_nothing_by_itself")],
    },
    Claim {
        id: "C13",
        claim: "Up to Go 1.18 `Write` flushed implicitly; from 1.19 on it does not",
        verdict: Refuted,
        why: "In Go 1.15 as in every later version a small write stays in a buffer until a flush or the return; the code is the same in 1.15 and 1.19.",
        evidence: &[
            Test("go::octets_leave_at_flush_at_return_or_when_the_buffers_are_full"),
            Test("go::writing_is_the_same_before_and_from_1_19"),
        ],
    },
    Claim {
        id: "C14",
        claim: "From Go 1.19 on, writes after `WriteHeader` are decoupled from the connection's state",
        verdict: Partly,
        why: "They are, but they always were: in 1.15 as in every later version a small write behind `WriteHeader` goes to a buffer and succeeds, even when the reader has left.",
        evidence: &[
            Test("go::octets_leave_at_flush_at_return_or_when_the_buffers_are_full"),
            Test("go::writing_is_the_same_before_and_from_1_19"),
        ],
    },
    Claim {
        id: "C15",
        claim: "`Write` only appends to a `bufio.Writer`; `Flush` is what sends",
        verdict: Partly,
        why: "A small write only fills a buffer, but a write that the buffers cannot hold leaves at once, and the return of the handler sends what is left.",
        evidence: &[
            Test("go::octets_leave_at_flush_at_return_or_when_the_buffers_are_full"),
            Case("hijacked_connection/content_unflushed"),
            Case("hijacked_connection/content_flushed_first"),
        ],
    },
    Claim {
        id: "C16",
        claim: "`CloseNotify` was unreliable up to 1.18 and is reliable from 1.19 on",
        verdict: Refuted,
        why: "It tells of a reader that leaves in Go 1.15 as in every later version, and all the code behind it is the same in 1.15 and 1.19; every version calls it deprecated, and the request's context tells the same.",
        evidence: &[
            Test("go::a_context_ends_nothing_by_itself"),
            Test("go::writing_is_the_same_before_and_from_1_19"),
            Test("go::close_notifier_is_deprecated"),
        ],
    },
    Claim {
        id: "C17",
        claim: "After `Flush` a TCP packet has been sent",
        verdict: Partly,
        why: "`Flush` hands the octets to the kernel; whether a packet leaves is the kernel's decision, and while the reader's window is closed none does.",
        evidence: &[Test("go::flush_ends_in_the_kernel")],
    },
];
