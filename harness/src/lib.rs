//! How to observe an HTTP stream that ends wrong.

pub mod transcript;
pub mod verdict;
pub mod wire;
