//! Reads of a request's content that are larger than what hyper gives at once.

use super::program::account;
use super::recording::RecordingSocket;
use crate::origin::writer::{Error, Request, ResponseWriter, Server, serve};

/// A request with so much content announced, and so much of it sent.
fn request(length: usize, sent: usize) -> Vec<u8> {
    let mut octets = format!("POST / HTTP/1.1\r\nHost: mve.test\r\nContent-Length: {length}\r\n\r\n").into_bytes();
    octets.extend((0..sent).map(octet));
    octets
}

/// The octet that stands at this place of the content.
fn octet(at: usize) -> u8 {
    (at % 251) as u8
}

/// As Go reads it: what the connection's buffer holds first, and then what bypasses it, as much as is there.
#[tokio::test(flavor = "current_thread")]
async fn a_large_read_takes_all_that_is_there_and_leaves_nothing_between() {
    let (socket, _) = RecordingSocket::new(request(100_000, 40_000));
    let (notes, all) = account();
    let handler = |_: ResponseWriter, mut r: Request| async move {
        let mut into = vec![0; 65_536];
        let first = r.read(&mut into).await?;
        let second = r.read(&mut into[first..]).await?;
        assert_eq!(first + second, 40_000);
        assert!(into[..40_000].iter().enumerate().all(|(at, &its)| its == octet(at)));
        assert_eq!(r.read(&mut [0; 10]).await, Err(Error::UnexpectedEof));
        Ok::<_, Error>(())
    };
    serve(socket, handler, &Server::new(), notes).await.unwrap();
    assert_eq!(all.lock().unwrap().last().map(String::as_str), Some("returned"));
}

#[tokio::test(flavor = "current_thread")]
async fn a_content_is_read_whole_however_large_the_read() {
    for length in [8_192, 8_193, 20_000, 100_000] {
        let (socket, _) = RecordingSocket::new(request(length, length));
        let (notes, all) = account();
        let handler = |_: ResponseWriter, mut r: Request| async move {
            let mut into = vec![0; length];
            assert_eq!(r.read_full(&mut into).await, Ok(length));
            assert!(into.iter().enumerate().all(|(at, &its)| its == octet(at)));
            assert_eq!(r.read(&mut [0; 10]).await, Ok(0));
            Ok::<_, Error>(())
        };
        serve(socket, handler, &Server::new(), notes).await.unwrap();
        assert_eq!(all.lock().unwrap()[0], format!("read 1: {length} octets"));
        assert_eq!(all.lock().unwrap().last().map(String::as_str), Some("returned"));
    }
}
