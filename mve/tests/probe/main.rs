//! What a probe observes of servers that are started here, octet by octet, and whatever they send.

mod command;
mod frames;
mod hostile;
mod issue;
mod nginx;
mod reading;
mod secure;
mod server;
