//! nginx holds octets that the origin has already sent, and passes a cut on as it likes.
//!
//! What decides is less the directive than the framing that the origin chose: see `holding`.

mod aborting;
mod border;
mod compression;
mod cut;
mod departure;
mod header_section;
mod holding;
mod pieces;
mod silence;

use crate::catalogue::Failure;

/// The octets have left the origin, and the reader has nothing.
pub const FAILURE: Failure = Failure {
    name: "proxy_buffering",
    about: "a gateway holds octets that the origin has already sent",
    families: &[
        holding::VARIANTS,
        border::VARIANTS,
        pieces::VARIANTS,
        header_section::VARIANTS,
        compression::VARIANTS,
        silence::VARIANTS,
        departure::VARIANTS,
        aborting::VARIANTS,
        cut::VARIANTS,
    ],
};
