//! Status or fields are changed after the first octets are committed.
//!
//! `net/http` decides three things at three moments, and the cases of this folder take them apart: *status and fields* at
//! the first `WriteHeader` or `Write`; *framing* when 2048 octets of content are exceeded, at a flush, or at the handler's
//! return, whichever comes first; and *when octets leave*, at a flush or when 4096 octets are exceeded.

mod framing;
mod late;
mod length;
mod midstream;

use crate::catalogue::Failure;

/// What a handler says after the header section is decided reaches nobody.
pub const FAILURE: Failure = Failure {
    name: "header_after_write",
    about: "status or fields are changed after the first octets are committed",
    families: &[late::VARIANTS, framing::VARIANTS, length::VARIANTS, midstream::VARIANTS],
};
