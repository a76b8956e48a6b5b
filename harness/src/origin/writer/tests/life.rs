//! What outlives a handler, and what ends it early.

use std::sync::Mutex;

use tokio::io::{AsyncWriteExt, duplex};

use super::program::account;
use super::reader::{REQUEST, to_the_end, until};
use crate::origin::writer::{Error, Request, ResponseWriter, Server, serve};

#[tokio::test(flavor = "current_thread")]
async fn a_writer_that_outlives_its_handler_is_told_so() {
    let (origin, mut reader) = duplex(4096);
    let (notes, _) = account();
    let kept = Mutex::new(None);
    let handler = |w: ResponseWriter, r: Request| {
        *kept.lock().unwrap() = Some((w, r.context()));
        async { Ok::<_, Error>(()) }
    };
    let server = Server::new();
    let serving = serve(origin, handler, &server, notes);
    let reading = async {
        reader.write_all(REQUEST).await.unwrap();
        until(&mut reader, "\r\n\r\n").await;
        let (w, context) = kept.lock().unwrap().take().unwrap();
        assert_eq!(w.write("late").await, Err(Error::HandlerDone));
        assert_eq!(w.flush().await, Err(Error::HandlerDone));
        assert_eq!(w.hijack().await.err(), Some(Error::HandlerDone));
        assert!(context.is_done());
        reader.shutdown().await.unwrap();
        assert_eq!(to_the_end(&mut reader).await, "");
    };
    let (ended, ()) = tokio::join!(serving, reading);
    ended.unwrap();
}

/// No Go program can drop a call; a Rust handler that does so is told at the next one.
#[tokio::test(flavor = "current_thread")]
async fn a_dropped_call_spoils_the_writer() {
    let (origin, mut reader) = duplex(16);
    let (notes, _) = account();
    let server = Server::new();
    let handler = |w: ResponseWriter, _: Request| async move {
        tokio::select! {
            biased;
            _ = w.flush() => panic!("nobody reads"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(w.flush().await, Err(Error::Dropped));
        Ok::<_, Error>(())
    };
    let reading = async {
        reader.write_all(REQUEST).await.unwrap();
        to_the_end(&mut reader).await
    };
    let (ended, read) = tokio::join!(serve(origin, handler, &server, notes), reading);
    ended.unwrap();
    assert!(!read.ends_with("0\r\n\r\n"), "{read}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_panic_is_handed_to_the_caller() {
    let (origin, mut reader) = duplex(4096);
    let (notes, _) = account();
    let server = Server::new();
    async fn handler(w: ResponseWriter, _: Request) -> std::io::Result<()> {
        w.write("one").await?;
        w.flush().await?;
        std::panic::resume_unwind(Box::new("quietly"))
    }
    let reading = async {
        reader.write_all(REQUEST).await.unwrap();
        to_the_end(&mut reader).await
    };
    let (ended, read) = tokio::join!(serve(origin, handler, &server, notes), reading);
    let panic = ended.err().expect("not swallowed");
    assert_eq!(panic.message, "quietly");
    assert!(panic.hijacked.is_none());
    assert!(read.ends_with("\r\n\r\n3\r\none\r\n"), "{read}");
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| panic.resume())).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"quietly"));
}

/// More than 256 KiB of unread content costs the connection, and the response says so.
#[tokio::test(flavor = "current_thread")]
async fn unread_content_that_is_too_large_is_not_drained() {
    let (origin, mut reader) = duplex(4096);
    let (notes, _) = account();
    let server = Server::new();
    let handler = |w: ResponseWriter, _: Request| async move {
        w.write("one").await?;
        Ok::<_, Error>(())
    };
    let reading = async {
        reader.write_all(b"POST / HTTP/1.1\r\nHost: mve.test\r\nContent-Length: 262145\r\n\r\nq").await.unwrap();
        let read = to_the_end(&mut reader).await;
        drop(reader);
        read
    };
    let (ended, read) = tokio::join!(serve(origin, handler, &server, notes), reading);
    ended.unwrap();
    assert!(read.contains("Connection: close\r\n") && read.ends_with("one"), "{read}");
}

/// It is neither drained nor waited for: the connection closes anyway.
#[tokio::test(flavor = "current_thread")]
async fn unread_content_of_a_closing_request_is_not_awaited() {
    let (origin, mut reader) = duplex(4096);
    let (notes, _) = account();
    let server = Server::new();
    let handler = |w: ResponseWriter, _: Request| async move {
        w.write("one").await?;
        Ok::<_, Error>(())
    };
    let request = "POST / HTTP/1.1\r\nHost: mve.test\r\nConnection: close\r\nContent-Length: 5\r\n\r\n";
    let reading = async {
        reader.write_all(request.as_bytes()).await.unwrap();
        to_the_end(&mut reader).await
    };
    let (ended, read) = tokio::join!(serve(origin, handler, &server, notes), reading);
    ended.unwrap();
    assert!(read.ends_with("\r\n\r\none"), "{read}");
}

#[test]
fn serving_can_be_spawned() {
    fn is_send<T: Send>(future: T) -> T {
        future
    }
    async fn handler(w: ResponseWriter, mut r: Request) -> std::io::Result<()> {
        r.read_all().await?;
        w.write("one").await?;
        w.flush().await?;
        w.hijack().await?.bufrw.flush().await?;
        Ok(())
    }
    let (origin, _reader) = duplex(16);
    let server = Server::new();
    drop(is_send(serve(origin, handler, &server, account().0)));
}
