//! How to observe an HTTP stream that ends wrong.

pub mod origin;
pub mod wire;
