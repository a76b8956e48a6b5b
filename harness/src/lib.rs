//! How to observe an HTTP stream that ends wrong: taps, transcripts, verdicts. No failure is known here.

pub mod address;
pub mod capture;
pub mod gateway;
mod kernel;
pub mod observer;
pub mod origin;
pub mod packets;
pub mod patience;
pub mod processor;
pub mod reader;
pub mod relay;
pub mod render;
#[cfg(test)]
mod seeded;
pub mod stage;
pub mod tap;
pub mod tasks;
pub mod transcript;
pub mod until;
pub mod verdict;
pub mod wire;
