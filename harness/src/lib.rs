//! How to observe an HTTP stream that ends wrong.

pub mod render;
pub mod transcript;
pub mod verdict;
pub mod wire;
