//! The server's deadline, its context, and its two ends.

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::sync::Notify;

use super::program::account;
use super::reader::{REQUEST, to_the_end, until};
use crate::origin::writer::{Context, Deadline, Error, Request, ResponseWriter, Server, WriteTimeout, serve};

/// Nothing happens when it passes. The write only fills a buffer, and the handler learns nothing.
#[tokio::test(flavor = "current_thread")]
async fn a_write_timeout_is_noticed_by_the_next_write_to_the_socket() {
    let (origin, mut reader) = duplex(4096);
    let (notes, all) = account();
    let timeout = WriteTimeout::new();
    let server = Server::new().write_timeout(&timeout);
    let handler = |w: ResponseWriter, r: Request| {
        let timeout = &timeout;
        async move {
            w.write("one").await?;
            w.flush().await?;
            timeout.pass_now();
            tokio::task::yield_now().await;
            assert!(!r.context().is_done());
            w.write("two").await?;
            Ok::<_, Error>(())
        }
    };
    let reading = async {
        reader.write_all(REQUEST).await.unwrap();
        to_the_end(&mut reader).await
    };
    let (ended, read) = tokio::join!(serve(origin, handler, &server, notes), reading);
    ended.unwrap();
    assert!(read.ends_with("\r\n\r\n3\r\none\r\n"), "{read}");
    assert_eq!(*all.lock().unwrap(), ["write 1: 3 octets", "flush 1: ok", "write 2: 3 octets", "returned"]);
}

/// The failed write ends the context, although the reader is still there.
#[tokio::test(flavor = "current_thread")]
async fn a_failed_flush_ends_the_context() {
    let (origin, mut reader) = duplex(4096);
    let (notes, _) = account();
    let timeout = WriteTimeout::new();
    let server = Server::new().write_timeout(&timeout);
    let handler = |w: ResponseWriter, r: Request| {
        let timeout = &timeout;
        async move {
            timeout.pass_now();
            assert!(!r.context().is_done());
            assert_eq!(w.flush().await, Err(Error::Timeout));
            assert!(r.context().is_done());
            Ok::<_, Error>(())
        }
    };
    let reading = async {
        reader.write_all(REQUEST).await.unwrap();
        to_the_end(&mut reader).await
    };
    let (ended, read) = tokio::join!(serve(origin, handler, &server, notes), reading);
    ended.unwrap();
    assert_eq!(read, "");
}

#[tokio::test(flavor = "current_thread")]
async fn a_write_timeout_that_has_passed_can_be_cleared_before_the_next_write() {
    let (origin, mut reader) = duplex(4096);
    let (notes, _) = account();
    let timeout = WriteTimeout::new();
    let server = Server::new().write_timeout(&timeout);
    let handler = |w: ResponseWriter, _: Request| {
        let timeout = &timeout;
        async move {
            timeout.pass_now();
            w.set_write_deadline(Deadline::none())?;
            w.write("two").await?;
            w.flush().await?;
            Ok::<_, Error>(())
        }
    };
    let reading = async {
        reader.write_all(REQUEST).await.unwrap();
        reader.shutdown().await.unwrap();
        to_the_end(&mut reader).await
    };
    let (ended, read) = tokio::join!(serve(origin, handler, &server, notes), reading);
    ended.unwrap();
    assert!(read.ends_with("\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"), "{read}");
}

#[tokio::test(flavor = "current_thread")]
async fn every_request_has_a_write_timeout_of_its_own() {
    let (origin, mut reader) = duplex(4096);
    let (notes, _) = account();
    let timeout = WriteTimeout::new();
    let server = Server::new().write_timeout(&timeout);
    let handler = |w: ResponseWriter, _: Request| async move {
        w.write("one").await?;
        Ok::<_, Error>(())
    };
    let reading = async {
        reader.write_all(REQUEST).await.unwrap();
        until(&mut reader, "one").await;
        timeout.pass_now();
        reader.write_all(REQUEST).await.unwrap();
        until(&mut reader, "one").await;
        reader.shutdown().await.unwrap();
    };
    let (ended, ()) = tokio::join!(serve(origin, handler, &server, notes), reading);
    ended.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn shutting_down_lets_a_response_finish_and_says_close() {
    let (origin, mut reader) = duplex(4096);
    let (notes, _) = account();
    let server = Server::new();
    let handler = |w: ResponseWriter, r: Request| {
        let server = &server;
        async move {
            server.shut_down();
            assert!(!r.context().is_done());
            w.write("one").await?;
            Ok::<_, Error>(())
        }
    };
    let reading = async {
        reader.write_all(REQUEST).await.unwrap();
        to_the_end(&mut reader).await
    };
    let (ended, read) = tokio::join!(serve(origin, handler, &server, notes), reading);
    ended.unwrap();
    assert!(read.contains("Connection: close\r\n") && read.ends_with("\r\n\r\none"), "{read}");
}

#[tokio::test(flavor = "current_thread")]
async fn shutting_down_closes_an_idle_connection() {
    let (origin, mut reader) = duplex(4096);
    let (notes, all) = account();
    let server = Server::new();
    let handler = |_: ResponseWriter, _: Request| async { Ok::<_, Error>(()) };
    let reading = async {
        reader.write_all(REQUEST).await.unwrap();
        let mut read = until(&mut reader, "\r\n\r\n").await;
        server.shut_down();
        read += &to_the_end(&mut reader).await;
        read
    };
    let (ended, read) = tokio::join!(serve(origin, handler, &server, notes), reading);
    ended.unwrap();
    assert!(!read.contains("Connection"), "{read}");
    assert_eq!(*all.lock().unwrap(), ["returned"]);
}

#[tokio::test(flavor = "current_thread")]
async fn closing_the_server_ends_the_context_and_fails_the_next_flush() {
    let (origin, mut reader) = duplex(4096);
    let (notes, all) = account();
    let server = Server::new();
    let handler = |w: ResponseWriter, r: Request| {
        let server = &server;
        async move {
            w.write("one").await?;
            w.flush().await?;
            server.close();
            r.context().done().await;
            w.write("two").await?;
            assert_eq!(w.flush().await, Err(Error::Closed));
            assert_eq!(w.set_write_deadline(Deadline::none()), Err(Error::Closed));
            w.write("two").await?;
            w.hijack().await?;
            Ok::<_, Error>(())
        }
    };
    let reading = async {
        reader.write_all(REQUEST).await.unwrap();
        to_the_end(&mut reader).await
    };
    let (ended, read) = tokio::join!(serve(origin, handler, &server, notes), reading);
    ended.unwrap();
    assert!(read.ends_with("\r\n\r\n3\r\none\r\n"), "{read}");
    let expected = [
        "write 1: 3 octets",
        "flush 1: ok",
        "write 2: 3 octets",
        "flush 2: use of closed network connection",
        "set write deadline: use of closed network connection",
        "write 3: 3 octets",
        "hijack: ok",
        "returned",
    ];
    assert_eq!(*all.lock().unwrap(), expected);
}

/// The socket lives as long as somebody holds it.
#[tokio::test(flavor = "current_thread")]
async fn closing_the_server_leaves_a_hijacked_connection_alone() {
    let (origin, mut reader) = duplex(4096);
    let (notes, _) = account();
    let server = Server::new();
    let handler = |w: ResponseWriter, _: Request| {
        let server = &server;
        async move {
            let mut taken = w.hijack().await?;
            server.close();
            tokio::task::yield_now().await;
            taken.bufrw.write("raw").await?;
            taken.bufrw.flush().await?;
            Ok::<_, Error>(())
        }
    };
    let reading = async {
        reader.write_all(REQUEST).await.unwrap();
        until(&mut reader, "raw").await
    };
    let (ended, _) = tokio::join!(serve(origin, handler, &server, notes), reading);
    let mut octet = [0];
    let open = tokio::select! {
        biased;
        _ = reader.read(&mut octet) => false,
        () = tokio::task::yield_now() => true,
    };
    assert!(open);
    drop(ended);
    assert_eq!(reader.read(&mut octet).await.unwrap(), 0);
}

#[tokio::test(flavor = "current_thread")]
async fn the_base_context_ends_the_context_of_a_request() {
    let (origin, mut reader) = duplex(4096);
    let (notes, _) = account();
    let (base, cancel) = Context::background().with_cancel();
    let server = Server::new().base_context(base);
    let asked = Notify::new();
    let handler = |w: ResponseWriter, r: Request| {
        let asked = &asked;
        async move {
            asked.notify_one();
            r.context().done().await;
            w.write("done").await?;
            Ok::<_, Error>(())
        }
    };
    let reading = async {
        reader.write_all(REQUEST).await.unwrap();
        asked.notified().await;
        cancel.cancel();
        let read = until(&mut reader, "done").await;
        drop(reader);
        read
    };
    let (ended, read) = tokio::join!(serve(origin, handler, &server, notes), reading);
    ended.unwrap();
    assert!(read.contains("Content-Length: 4\r\n"), "complete, as ever: {read}");
}
