//! The variants that no Go program plays, with the reasons.

/// Variants of a failure that Go does not play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotPlayed {
    /// The failure.
    pub failure: &'static str,
    /// The variants.
    pub variants: &'static [&'static str],
    /// Why.
    pub why: &'static str,
}

/// All of them, of the failures that Go plays any variant of.
pub const NOT_PLAYED: &[NotPlayed] = &[
    NotPlayed {
        failure: "deadline_mid_flush",
        variants: &[
            "producer_is_timed_out",
            "producer_is_timed_out_inside_an_event",
            "producer_is_aborted",
            "producer_is_timed_out_before_done",
            "producer_passes_the_error_on",
            "producer_is_in_time",
            "producer_is_timed_out_while_it_waits_for_room",
            "error_before_the_first_event",
            "error_behind_an_event",
        ],
        why: "Rust's own: content that a server polls, and a channel whose sender is dropped; in Go the handler itself writes, and \
              what ends it early are the variants whose names begin with `context`",
    },
    NotPlayed {
        failure: "deadline_mid_flush",
        variants: &[
            "time_out_around_the_handler",
            "time_out_around_a_handler_that_waits",
            "time_out_around_the_content",
        ],
        why: "Rust's own: a layer around a handler that returns its content; Go's `TimeoutHandler` keeps the whole response to \
              itself until the handler returns, and has no Flush: nothing streams behind it",
    },
    NotPlayed {
        failure: "proxy_buffering",
        variants: &[
            "one_octet_lets_go",
            "chunk_size_then_chunk_data",
            "half_a_chunk_then_the_rest",
            "header_section_with_a_chunk_size",
        ],
        why: "which octets come in one write is the script's; `net/http` writes a small chunk, chunk-size and all, in one",
    },
    NotPlayed {
        failure: "proxy_buffering",
        variants: &[
            "cut_between_chunks_by_fin",
            "cut_between_chunks_by_rst",
            "cut_inside_chunk_size_by_fin",
            "cut_inside_chunk_size_by_rst",
            "cut_inside_chunk_data_by_fin",
            "cut_inside_chunk_data_by_rst",
            "cut_inside_content_by_fin",
            "cut_inside_content_by_rst",
            "cut_between_events_by_fin",
            "cut_between_events_by_rst",
            "cut_close_delimited_inside_an_event_by_fin",
            "cut_close_delimited_inside_an_event_by_rst",
            "cut_close_delimited_between_events_by_fin",
            "cut_close_delimited_between_events_by_rst",
            "reset_after_close_delimited",
            "not_cut_chunked",
            "not_cut_length_delimited",
            "not_cut_close_delimited",
        ],
        why: "each octet and the end are the script's, whatever version it is asked in; the cuts that `net/http` makes by itself are \
              `handler_aborts` here, `length_too_large` in header_after_write, and those of deadline_mid_flush",
    },
    NotPlayed {
        failure: "proxy_buffering",
        variants: &["compressed_events", "compressed_events_with_x_accel_buffering", "events_that_need_no_compression"],
        why: "behind gzip-buffered nginx asks in HTTP/1.0, where `net/http` sends no chunks: its buffer would hold what the \
              compressor is to show",
    },
    NotPlayed {
        failure: "proxy_buffering",
        variants: &[
            "silence_between_two_events",
            "silence_longer_than_the_reconnection_time",
            "silence_outlasted",
            "silence_outlasted_and_longer_than_the_reconnection_time",
        ],
        why: "the clock is nginx's, and a silent origin is like any other",
    },
    NotPlayed {
        failure: "proxy_buffering",
        variants: &[
            "reader_closes",
            "reader_closes_unnoticed",
            "reader_resets",
            "reader_resets_unnoticed",
            "reader_half_closes",
            "reader_half_closes_unnoticed",
        ],
        why: "what is seen is whether nginx closes the origin's connection; how `net/http` hears of that is `reader_leaves_untaken` \
              in hijacked_connection",
    },
];
