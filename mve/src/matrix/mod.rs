//! The tables: which gateway turns a cut stream into a complete one, what each holds back, and who learns that the
//! reader left.
//!
//! A cell is played on a chain that many cells share ([`run`]): the origin answers with a script, the reader records what
//! comes, and fences say when nothing more will. The rules of the outcome are those of [`harness::verdict`].

pub mod axes;
pub mod baseline;
pub mod chain;
pub mod chains;
mod client;
pub mod departure;
pub mod held;
mod host;
mod judge;
pub mod page;
mod play;
pub mod row;
pub mod run;
mod script;
pub mod table;
pub mod text;
