//! Go beside the origin that it stands in for: what its transcripts may differ in, where they differ in more, and what it does
//! not play. All three are held against the reviewed texts by laws, so that no entry outlives its reason.

mod different;
mod freedom;
mod not_played;

pub use different::{DIFFERENT, Different, Versions};
pub use freedom::Freedom;
pub use not_played::{NOT_PLAYED, NotPlayed};

use crate::catalogue::Case;

/// The minor number of a release line: 19 of `1.19`.
#[must_use]
pub fn minor(line: &str) -> Option<u32> {
    line.strip_prefix("1.")?.parse().ok()
}

/// Why this release line shows something else in this case, if that is known.
#[must_use]
pub fn known_to_differ(case: &Case, line: &str) -> Option<&'static Different> {
    DIFFERENT.iter().find(|different| different.concerns(case, line))
}
