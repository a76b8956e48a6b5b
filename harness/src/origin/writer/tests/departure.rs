//! The reader departs, and the request's context tells.

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::program::account;
use super::reader::REQUEST;
use crate::origin::writer::{Error, Request, ResponseWriter, Server, serve};

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (accepted, connected) = tokio::join!(listener.accept(), TcpStream::connect(listener.local_addr().unwrap()));
    (accepted.unwrap().0, connected.unwrap())
}

async fn wait_then_write(w: ResponseWriter, r: Request) -> std::io::Result<()> {
    w.flush().await?;
    r.context().done().await;
    w.write("data: one\n\n").await?;
    w.flush().await?;
    Ok(())
}

/// A context touches no socket: the response is complete, although nobody may want it.
#[tokio::test(flavor = "current_thread")]
async fn a_half_close_ends_the_context_and_not_the_response() {
    let (origin, mut reader) = pair().await;
    let (notes, all) = account();
    let server = Server::new();
    let reading = async {
        reader.write_all(REQUEST).await.unwrap();
        reader.shutdown().await.unwrap();
        let mut read = String::new();
        reader.read_to_string(&mut read).await.unwrap();
        read
    };
    let (ended, read) = tokio::join!(serve(origin, wait_then_write, &server, notes), reading);
    ended.unwrap();
    assert!(read.ends_with("\r\n\r\nb\r\ndata: one\n\n\r\n0\r\n\r\n"), "{read}");
    assert_eq!(*all.lock().unwrap(), ["flush 1: ok", "write 1: 11 octets", "flush 2: ok", "returned"]);
}

#[tokio::test(flavor = "current_thread")]
async fn a_reset_ends_the_context_and_the_next_flush_fails() {
    let (origin, mut reader) = pair().await;
    let (notes, all) = account();
    let server = Server::new();
    let reading = async {
        reader.write_all(REQUEST).await.unwrap();
        let mut status = [0; 15];
        reader.read_exact(&mut status).await.unwrap();
        reader.set_zero_linger().unwrap();
        drop(reader);
    };
    let (ended, ()) = tokio::join!(serve(origin, wait_then_write, &server, notes), reading);
    ended.unwrap();
    let notes = all.lock().unwrap();
    assert_eq!(*notes, ["flush 1: ok", "write 1: 11 octets", "flush 2: connection lost", "returned: connection lost"]);
}

/// One octet of a pipelined request is as far as the watch goes, so that a later FIN is not noticed.
#[tokio::test(flavor = "current_thread")]
async fn a_pipelined_octet_hides_the_departure() {
    let (origin, mut reader) = duplex(4096);
    let (notes, all) = account();
    let server = Server::new();
    let (asked, departed) = (Notify::new(), Notify::new());
    let handler = |_: ResponseWriter, r: Request| {
        let (asked, departed, notes) = (&asked, &departed, &notes);
        async move {
            asked.notify_one();
            departed.notified().await;
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            notes(format!("context done: {}", r.context().is_done()));
            Ok::<_, Error>(())
        }
    };
    let reading = async {
        reader.write_all(REQUEST).await.unwrap();
        asked.notified().await;
        reader.write_all(b"G").await.unwrap();
        reader.shutdown().await.unwrap();
        departed.notify_one();
        let mut read = String::new();
        reader.read_to_string(&mut read).await.unwrap();
        read
    };
    let (ended, read) = tokio::join!(serve(origin, handler, &server, notes.clone()), reading);
    ended.unwrap();
    // Go waits for four octets of the next request, and answers nothing to fewer
    assert!(read.ends_with("Content-Length: 0\r\n\r\n") || read.ends_with("GMT\r\n\r\n"), "{read}");
    assert_eq!(read.matches("HTTP/1.1").count(), 1);
    assert_eq!(*all.lock().unwrap(), ["context done: false", "returned"]);
}

/// The octet that the watch has read belongs to whoever takes the connection.
#[tokio::test(flavor = "current_thread")]
async fn a_hijacker_gets_the_octet_that_the_watch_has_read() {
    let (origin, mut reader) = duplex(4096);
    let (notes, all) = account();
    let server = Server::new();
    let (asked, sent) = (Notify::new(), Notify::new());
    let handler = |w: ResponseWriter, _: Request| {
        let (asked, sent, notes) = (&asked, &sent, &notes);
        async move {
            asked.notify_one();
            sent.notified().await;
            tokio::task::yield_now().await;
            let mut taken = w.hijack().await?;
            notes(format!("buffered: {}", taken.bufrw.buffered().await));
            let mut octets = [0; 3];
            taken.bufrw.read_full(&mut octets).await?;
            assert_eq!(&octets, b"abc");
            taken.bufrw.write(b"raw").await?;
            taken.bufrw.flush().await?;
            taken.conn.close()?;
            Ok::<_, Error>(())
        }
    };
    let reading = async {
        reader.write_all(REQUEST).await.unwrap();
        asked.notified().await;
        reader.write_all(b"abc").await.unwrap();
        sent.notify_one();
        let mut read = String::new();
        reader.read_to_string(&mut read).await.unwrap();
        read
    };
    let (ended, read) = tokio::join!(serve(origin, handler, &server, notes.clone()), reading);
    ended.unwrap();
    assert_eq!(read, "raw");
    assert_eq!(all.lock().unwrap()[..3], ["hijack: ok", "buffered: 1", "bufrw read 1: 3 octets"]);
}
