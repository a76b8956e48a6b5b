//! What has to hold of whatever reads foreign octets, for any octets. Each module is a fuzz target, and a test over its
//! corpus.

pub mod bundle;
pub mod conf;
pub mod events;
pub mod explain;
pub mod gateway;
pub mod h1;
pub mod notation;
pub mod packets;
mod reference;
mod slices;
pub mod transcript;
mod work;
