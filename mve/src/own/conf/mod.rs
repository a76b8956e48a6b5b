//! A user's conf of nginx: read with all that it includes, and taken as it is but for its addresses.
//!
//! The grammar is read by a lexer of our own: what there is of crates either knows each directive by name and refuses the
//! rest, or is a part of a linter; here every directive has to pass, known or not, and nginx is the judge.

mod addresses;
mod choice;
mod lexer;
mod ranges;
mod streaming;
mod tree;

#[cfg(test)]
mod tests;

pub use addresses::{Addressed, Replaced, addressed};
pub use choice::Choice;
pub use lexer::Word;
pub use ranges::{ranges, without};
pub use streaming::{Named, streaming};
pub use tree::{Body, Conf, Directive, Place, Refused};
