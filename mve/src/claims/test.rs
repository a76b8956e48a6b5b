//! The tests that bear on claims and are no cases: they look into a toolchain, or ask another program.

/// A trial of the test binary `claims`.
#[derive(Debug, Clone, Copy)]
pub struct Test {
    /// Its name, without the binary's.
    pub name: &'static str,
    /// What it has shown.
    pub shows: &'static str,
    /// What it was run against: release lines of Go.
    pub go: &'static [&'static str],
    /// What else it was run against: a program or specification, and the version.
    pub with: &'static [(&'static str, &'static str)],
}

const EVERY_GO: &[&str] = &["1.15", "1.19", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"];
const NO_GO: &[&str] = &[];
const ENVOYS: &[(&str, &str)] = &[("Envoy", "1.36.4"), ("Envoy", "1.40.0")];
const NGINXES: &[(&str, &str)] =
    &[("nginx", "1.18.0"), ("nginx", "1.22.1"), ("nginx", "1.26.3"), ("nginx", "1.28.3"), ("nginx", "1.30.6")];
const THE_SPECIFICATION: &[(&str, &str)] = &[("WHATWG HTML", "9.2.6")];

/// Every such test. One that this machine lacks something for is ignored, and says what for.
pub const TESTS: &[Test] = &[
    Test {
        name: "go::the_api_files_date_the_api",
        shows: "Flusher stands in go1.txt, ResponseController in go1.20.txt, MaxHeaderBytes in go1.txt as a field of Server",
        go: NO_GO,
        with: &[("the API files of Go", "1.24")],
    },
    Test {
        name: "go::response_controller_is_absent_before_1_20",
        shows: "the sources of net/http name ResponseController from 1.20 on, and no method of it closes",
        go: EVERY_GO,
        with: &[],
    },
    Test {
        name: "go::the_runtime_names_nothing_of_a_sweep",
        shows: "no source of runtime, time or context names sweepTimer, timerCanceled, injectCancelIntoG or cancelTimerGoroutine",
        go: EVERY_GO,
        with: &[],
    },
    Test {
        name: "go::a_goroutine_keeps_its_timer_for_sleep",
        shows: "the runtime's g has the field timer, commented as the cached timer of time.Sleep, and time.Sleep uses it",
        go: EVERY_GO,
        with: &[],
    },
    Test {
        name: "go::cancelling_closes_a_channel",
        shows: "the sources of context cancel by closing the channel that Done gives, and name no goroutine of the runtime",
        go: EVERY_GO,
        with: &[],
    },
    Test {
        name: "go::writing_is_the_same_before_and_from_1_19",
        shows: "the sources of Write, Flush and CloseNotify in net/http, and of the read behind it, are the same in 1.15 and 1.19",
        go: &["1.15", "1.19"],
        with: &[],
    },
    Test {
        name: "go::timers_are_the_same_in_1_21_and_1_22",
        shows: "the sources of a timer's Stop and Reset are the same in 1.21 and 1.22, and others in 1.23",
        go: &["1.21", "1.22", "1.23"],
        with: &[],
    },
    Test {
        name: "go::close_notifier_is_deprecated",
        shows: "CloseNotifier is commented as deprecated, in favour of the request's context",
        go: EVERY_GO,
        with: &[],
    },
    Test {
        name: "go::the_server_has_no_write_loop",
        shows: "writeLoop is a method of the client's connection in transport.go; server.go does not name it",
        go: EVERY_GO,
        with: &[],
    },
    Test {
        name: "go::octets_leave_at_flush_at_return_or_when_the_buffers_are_full",
        shows: "small writes stay in the buffers until Flush or the return; of writes of one octet number 4097 lets go; a large one leaves at once",
        go: EVERY_GO,
        with: &[],
    },
    Test {
        name: "go::a_context_ends_nothing_by_itself",
        shows: "a handler that returns has a complete response, one that aborts a cut one, one that does not look an intact one; a reader that leaves ends the context; a step's context ends with the stream's and not the other way round",
        go: EVERY_GO,
        with: &[],
    },
    Test {
        name: "go::flush_ends_in_the_kernel",
        shows: "Flush returns while a whole event is in the kernel's buffer and in no segment",
        go: EVERY_GO,
        with: &[("Linux", "")],
    },
    Test {
        name: "go::a_wrapper_hides_flush",
        shows: "a wrapper that embeds a ResponseWriter is no Flusher",
        go: EVERY_GO,
        with: &[],
    },
    Test {
        name: "go::a_controller_flushes_through_unwrap",
        shows: "ResponseController flushes through a wrapper with Unwrap, refuses one without, and has no method that closes",
        go: &["1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"],
        with: &[],
    },
    Test {
        name: "go::what_shows_a_truncated_response_and_what_does_not",
        shows: "a ResponseRecorder shows no cut, a reader on a connection does; closing the request's content cuts nothing, closing relayed content does; neither status nor field can be told behind the first octets",
        go: EVERY_GO,
        with: &[],
    },
    Test {
        name: "go::many_streams_cost_two_goroutines_each_and_leave_none",
        shows: "8,100 open streams are 16,200 goroutines and 21 to 25 kB each; a hundred events each make that no more; nothing is left when the readers leave",
        go: &["1.22", "1.27"],
        with: &[],
    },
    Test {
        name: "packages::a_deadline_bounds_a_whole_grpc_stream",
        shows: "a deadline of 5 s ends a stream in which no Send waits, and a Send that waits; no context ends before the deadline",
        go: &["1.19", "1.22", "1.27"],
        with: &[("grpc-go", "1.33.3")],
    },
    Test {
        name: "packages::gin_streams_while_the_step_says_true",
        shows: "c.Stream goes on while its step returns true, writes nothing by itself, and has no clock",
        go: &["1.19", "1.22", "1.27"],
        with: &[("Gin", "1.8.1")],
    },
    Test {
        name: "packages::echo_has_no_stream_time_out",
        shows: "no method and no source of Echo's names a time-out for streams",
        go: &["1.19", "1.22", "1.27"],
        with: &[("Echo", "4.2.1")],
    },
    Test {
        name: "event_stream::data_lines_are_joined_with_a_newline",
        shows: "the specification's algorithm joins the values of several data lines with LF",
        go: NO_GO,
        with: THE_SPECIFICATION,
    },
    Test {
        name: "event_stream::one_space_after_the_colon_is_dropped_and_none_is_needed",
        shows: "a value begins behind the colon, less one space if there is one",
        go: NO_GO,
        with: THE_SPECIFICATION,
    },
    Test {
        name: "event_stream::retry_takes_ascii_digits_alone",
        shows: "a retry line with anything but ASCII digits is ignored",
        go: NO_GO,
        with: THE_SPECIFICATION,
    },
    Test {
        name: "event_stream::a_cut_at_any_octet_is_resumed_from_the_last_id",
        shows: "wherever a stream is cut, what follows the reader's last event ID makes it whole, from a store that keeps nothing about readers; from a store that has forgotten, it does not",
        go: NO_GO,
        with: THE_SPECIFICATION,
    },
    Test {
        name: "browser::chromium_reads_an_event_stream_as_specified",
        shows: "Chromium joins data lines, drops one space, takes retry for milliseconds and ignores one of other than digits, resumes with Last-Event-ID after a cut and discards the pending event",
        go: NO_GO,
        with: &[("Chromium", "150")],
    },
    Test {
        name: "nginx::asks_in_http_1_0_up_to_1_28_and_in_http_1_1_in_1_30",
        shows: "what stands in the request-line to the origin, as nginx ships and with proxy_http_version 1.1",
        go: NO_GO,
        with: NGINXES,
    },
    Test {
        name: "nginx::ends_a_stream_after_a_minute_of_silence",
        shows: "nginx as it ships cuts a stream that is silent for a minute, and not before; with proxy_read_timeout 1h it does not",
        go: NO_GO,
        with: NGINXES,
    },
    Test {
        name: "envoy::there_is_no_filter_named_sse",
        shows: "Envoy refuses a configuration with envoy.filters.http.sse: there is no such filter",
        go: NO_GO,
        with: ENVOYS,
    },
    Test {
        name: "envoy::a_route_bounds_the_whole_response",
        shows: "the default route tells the origin a limit of 15,000 ms whatever idle_timeout and stream_idle_timeout say, and such a limit cuts a stream that is never silent, in HTTP/1.1 and HTTP/2",
        go: NO_GO,
        with: ENVOYS,
    },
    Test {
        name: "envoy::idle_timeout_does_not_count_the_silence_of_a_stream",
        shows: "a stream outlasts idle_timeout in silence, and stream_idle_timeout cuts one, in HTTP/1.1 and HTTP/2; idle_timeout closes a connection on which nothing is under way",
        go: NO_GO,
        with: ENVOYS,
    },
    Test {
        name: "envoy::a_route_ends_a_stream_after_15_s_and_silence_after_5_min",
        shows: "a stream ends after 15 s as Envoy ships and with the article's settings, after 5 min of silence with the route's timeout 0, and not at all with stream_idle_timeout 0 too",
        go: NO_GO,
        with: ENVOYS,
    },
];
