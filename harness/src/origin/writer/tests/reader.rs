//! The other end of a connection in memory.

use tokio::io::{AsyncReadExt, DuplexStream};

pub const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: mve.test\r\n\r\n";

/// Reads until what was read ends so.
pub async fn until(reader: &mut DuplexStream, end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        assert_ne!(reader.read_buf(&mut read).await.unwrap(), 0, "{}", String::from_utf8_lossy(&read));
    }
    String::from_utf8(read).unwrap()
}

/// Reads to the end.
pub async fn to_the_end(reader: &mut DuplexStream) -> String {
    let mut read = String::new();
    reader.read_to_string(&mut read).await.unwrap();
    read
}
