//! The origin behind `compose.yaml`, for a person with `curl`: events that keep coming, and a response that is cut.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt as _};

/// What it answers to any path that it does not know.
const PATHS: &str = "GET /events sends one event a second for ever; GET /cut sends two, and is cut inside the third.\n";

/// Answers one request: `GET /events`, one event a second for ever, and `GET /cut`, two events at once and a third that ends
/// inside its data, without the last-chunk. Whoever calls closes the connection.
///
/// HEAD is answered with the header section of GET (RFC 9110 9.3.2). A query changes nothing.
///
/// A request in HTTP/1.0 is answered close-delimited, because chunks must not be sent to it (RFC 9112 6.1); then the cut
/// looks like an end. Prints nothing.
///
/// # Errors
/// When the reader leaves.
pub async fn answer(
    method: &str,
    target: &str,
    is_http10: bool,
    socket: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    let chunked = !is_http10;
    let path = target.split('?').next().unwrap_or_default();
    let is_head = method == "HEAD";
    match path {
        "/events" | "/cut" if is_head => begin(socket, chunked).await?,
        "/events" => {
            begin(socket, chunked).await?;
            let mut n = 1;
            loop {
                send(socket, chunked, &event(n)).await?;
                a_second().await;
                n += 1;
            }
        }
        "/cut" => {
            begin(socket, chunked).await?;
            send(socket, chunked, &event(1)).await?;
            send(socket, chunked, &event(2)).await?;
            let third = piece(chunked, &event(3));
            socket.write_all(&third.as_bytes()[..third.len() / 2]).await?;
        }
        _ => {
            let length = PATHS.len();
            let head = format!("HTTP/1.1 404 Not Found\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            let content = if is_head { "" } else { PATHS };
            socket.write_all((head + content).as_bytes()).await?;
        }
    }
    socket.shutdown().await
}

/// The one clock that anything on the wire depends on: this origin is for eyes, and no case uses it.
#[allow(clippy::disallowed_methods, reason = "a person watches: one event a second is the point, and no case waits")]
async fn a_second() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

async fn begin(socket: &mut (impl AsyncWrite + Unpin), chunked: bool) -> io::Result<()> {
    let framing = if chunked { "Transfer-Encoding: chunked\r\n" } else { "" };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{framing}Connection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).await
}

async fn send(socket: &mut (impl AsyncWrite + Unpin), chunked: bool, content: &str) -> io::Result<()> {
    socket.write_all(piece(chunked, content).as_bytes()).await?;
    socket.flush().await
}

/// As a chunk, or as it is.
fn piece(chunked: bool, content: &str) -> String {
    if chunked { format!("{:x}\r\n{content}\r\n", content.len()) } else { content.to_owned() }
}

/// An event of the size that a language model's token comes in.
fn event(n: u64) -> String {
    format!(
        "data: {{\"object\":\"chat.completion.chunk\",\"choices\":[{{\"delta\":{{\"content\":\"word {n} \"}}}}]}}\n\n"
    )
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    async fn answered(path: &str, is_http10: bool) -> String {
        asked("GET", path, is_http10).await
    }

    async fn asked(method: &str, path: &str, is_http10: bool) -> String {
        let (mut reader, mut origin) = tokio::io::duplex(4096);
        let mut octets = Vec::new();
        let (answered, read) =
            tokio::join!(answer(method, path, is_http10, &mut origin), reader.read_to_end(&mut octets));
        answered.unwrap();
        read.unwrap();
        String::from_utf8(octets).unwrap()
    }

    #[tokio::test]
    async fn the_cut_is_inside_the_data_of_the_third_chunk() {
        let response = answered("/cut", false).await;
        let chunk = |n| piece(true, &event(n));
        let rest = response.split_once("\r\n\r\n").unwrap().1.strip_prefix(&(chunk(1) + &chunk(2))).unwrap();
        assert!(chunk(3).starts_with(rest) && rest.contains("\r\ndata: ") && !rest.contains("\n\n"), "{rest:?}");
    }

    #[tokio::test]
    async fn a_request_in_http_1_0_gets_no_chunks() {
        let response = answered("/cut", true).await;
        assert!(!response.contains("Transfer-Encoding"), "{response}");
        assert!(response.contains(&("\r\n\r\n".to_owned() + &event(1) + &event(2) + "data: ")), "{response}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_events_go_on_until_the_reader_leaves() {
        let (mut reader, mut origin) = tokio::io::duplex(4096);
        let watching = async {
            let mut octets = Vec::new();
            while !octets.ends_with(piece(true, &event(3)).as_bytes()) {
                assert!(reader.read_buf(&mut octets).await.unwrap() > 0);
            }
            drop(reader);
        };
        let (answered, ()) = tokio::join!(answer("GET", "/events", false, &mut origin), watching);
        assert_eq!(answered.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[tokio::test]
    async fn another_path_is_answered_with_those_that_there_are() {
        assert!(answered("/", false).await.ends_with(PATHS));
    }

    #[tokio::test]
    async fn head_is_answered_without_content() {
        for path in ["/events", "/cut?x=1", "/"] {
            let response = asked("HEAD", path, false).await;
            assert!(response.ends_with("\r\n\r\n") && response.matches("\r\n\r\n").count() == 1, "{response:?}");
        }
        assert!(asked("HEAD", "/cut", false).await.contains("Transfer-Encoding: chunked\r\n"));
    }
}
