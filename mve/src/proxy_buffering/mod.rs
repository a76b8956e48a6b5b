//! nginx holds octets that the origin has already sent, and passes a cut on as it likes.

mod holding;

use crate::catalogue::Failure;

/// The octets have left the origin, and the reader has nothing.
pub const FAILURE: Failure = Failure {
    name: "proxy_buffering",
    about: "a gateway holds octets that the origin has already sent",
    families: &[holding::VARIANTS],
};
