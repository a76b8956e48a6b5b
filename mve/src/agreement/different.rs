//! Cases in which Go shows something else than the origin that it stands in for, each with the reason.

use super::minor;
use crate::catalogue::Case;

/// A case in which some release lines show something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Different {
    /// The case: `failure/variant` or `failure/variant@conf`.
    pub case: &'static str,
    /// Which release lines.
    pub versions: Versions,
    /// Why.
    pub why: &'static str,
}

/// Release lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    /// Every one.
    All,
    /// Those before `1.N`.
    Before(u32),
}

impl Different {
    /// Whether it speaks of this case and this release line.
    #[must_use]
    pub fn concerns(&self, case: &Case, line: &str) -> bool {
        let version = match self.versions {
            Versions::All => true,
            Versions::Before(first) => minor(line).is_some_and(|minor| minor < first),
        };
        version && self.case == case.place()
    }
}

const UNTOLD: &str =
    "Flush tells nothing before Go 1.20 (`FlushError`), so the handler goes on after a flush that has failed";
const READ_ON: &str = "the gateway's FIN at the origin, before the last step: the harness reads a program's connection to its end, though the program \
     has closed it or does not read, and its own origins read no more";
const AS_ASKED: &str = "a script frames as it was written; `net/http` frames by the version that it is asked in: chunks in HTTP/1.1, the end of \
                        the connection in HTTP/1.0, which nginx speaks as shipped";

/// All of them.
pub const DIFFERENT: &[Different] = &[
    untold("deadline_mid_flush/server_deadline_passes_between_events"),
    untold("deadline_mid_flush/server_deadline_passes_between_events@as-shipped"),
    untold("deadline_mid_flush/server_deadline_passes_between_events@http11"),
    untold("deadline_mid_flush/deadline_is_moved_to_the_past"),
    untold("deadline_mid_flush/deadline_is_taken_back_too_late"),
    untold("hijacked_connection/server_deadline_untaken"),
    untold("hijacked_connection/server_closes_untaken"),
    read_on("hijacked_connection/before_anything_is_written@as-shipped"),
    read_on("hijacked_connection/deadline_past_when_taken@unbuffered-http11"),
    read_on("hijacked_connection/reader_leaves_unwatched@unbuffered-http11"),
    as_asked("proxy_buffering/small_events@http11"),
    as_asked("proxy_buffering/small_events@unbuffered-http11"),
    as_asked("proxy_buffering/chunked_events@as-shipped"),
    as_asked("proxy_buffering/header_section_before_the_first_event@as-shipped"),
    as_asked("proxy_buffering/header_section_before_the_first_event@unbuffered"),
];

const fn untold(case: &'static str) -> Different {
    Different { case, versions: Versions::Before(20), why: UNTOLD }
}

const fn as_asked(case: &'static str) -> Different {
    Different { case, versions: Versions::All, why: AS_ASKED }
}

const fn read_on(case: &'static str) -> Different {
    Different { case, versions: Versions::All, why: READ_ON }
}
