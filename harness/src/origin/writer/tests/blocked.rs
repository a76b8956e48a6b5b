//! A flush that the reader holds up, and the deadline that frees it.

use std::sync::Mutex;

use rstest::rstest;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::program::account;
use super::reader::REQUEST;
use crate::origin::writer::{Deadline, Error, Notes, Request, ResponseWriter, Server, WriteTimeout, serve};

/// More than any clamped socket takes.
const CONTENT: usize = 1 << 20;

#[derive(Clone, Copy)]
enum Passes {
    /// The handler's own deadline passes.
    Deadline,
    /// Another task sets a deadline in the past.
    Moved,
    /// The server's deadline passes.
    WriteTimeout,
}

/// Serves one handler that flushes more than the connection takes; returns what the reader got when it read at last.
async fn cut<S, C>(origin: S, mut reader: C, passes: Passes, notes: Notes) -> Vec<u8>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    C: AsyncRead + AsyncWrite + Unpin,
{
    let deadline = Deadline::to_come();
    let timeout = WriteTimeout::new();
    let (blocked, writer) = tokio::sync::oneshot::channel();
    let blocked = Mutex::new(Some(blocked));
    let server = Server::new().write_timeout(&timeout);
    let handler = {
        let deadline = deadline.clone();
        move |w: ResponseWriter, _: Request| {
            let deadline = deadline.clone();
            let tell = blocked.lock().unwrap().take().unwrap();
            async move {
                w.header().set("Content-Type", "text/event-stream");
                if let Passes::Deadline = passes {
                    w.set_write_deadline(deadline)?;
                }
                w.write(vec![b'x'; 10]).await?;
                w.flush().await?;
                tell.send(w.clone()).ok().unwrap();
                w.write(vec![b'x'; CONTENT]).await?;
                w.flush().await
            }
        }
    };
    // a task of its own, so that nothing but the deadline wakes it
    let mut origins = JoinSet::new();
    let origin_notes = notes.clone();
    origins.spawn(async move { serve(origin, handler, &server, origin_notes).await.map(drop) });

    reader.write_all(REQUEST).await.unwrap();
    // sent before the write that blocks, received after it: there is one thread
    let writer = writer.await.unwrap();
    notes("the deadline passes".to_owned());
    match passes {
        Passes::Deadline => deadline.pass_now(),
        Passes::Moved => writer.set_write_deadline(Deadline::past()).unwrap(),
        Passes::WriteTimeout => timeout.pass_now(),
    }
    drop(writer);
    // joined before anything is read, which would free the write too
    origins.join_next().await.unwrap().unwrap().unwrap();
    let mut read = Vec::new();
    // a clean end: FIN, no RST
    reader.read_to_end(&mut read).await.unwrap();
    read
}

fn check(read: &[u8], notes: &[String]) {
    let end = read.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let content = &read[end..];
    let (chunk, cut) = content.split_at(b"a\r\nxxxxxxxxxx\r\n".len());
    assert_eq!(chunk, b"a\r\nxxxxxxxxxx\r\n");
    let cut = cut.strip_prefix(b"100000\r\n").expect("the second chunk has begun");
    assert!(!cut.is_empty() && cut.len() < CONTENT, "{} octets of the second chunk", cut.len());
    assert!(cut.iter().all(|&octet| octet == b'x'), "cut inside chunk-data, without last-chunk");

    let at = notes.iter().position(|note| note == "the deadline passes").unwrap();
    let before: Vec<_> = notes[..at].iter().filter(|note| !note.starts_with("set")).collect();
    assert_eq!(before, ["write 1: 10 octets", "flush 1: ok"]);
    let after: Vec<_> = notes[at + 1..].iter().filter(|note| !note.starts_with("set")).collect();
    assert_eq!(after, ["write 2: i/o timeout", "returned: i/o timeout"]);
}

#[rstest]
#[case(Passes::Deadline)]
#[case(Passes::Moved)]
#[case(Passes::WriteTimeout)]
#[tokio::test(flavor = "current_thread")]
async fn a_passing_deadline_frees_a_blocked_write_in_memory(#[case] passes: Passes) {
    let (origin, reader): (DuplexStream, DuplexStream) = duplex(1024);
    let (notes, all) = account();
    let read = cut(origin, reader, passes, notes).await;
    check(&read, &all.lock().unwrap());
}

#[rstest]
#[case(Passes::Deadline)]
#[case(Passes::Moved)]
#[case(Passes::WriteTimeout)]
#[tokio::test(flavor = "current_thread")]
async fn a_passing_deadline_frees_a_blocked_write_on_a_socket(#[case] passes: Passes) {
    let (origin, reader) = clamped().await;
    let (notes, all) = account();
    let read = cut(origin, reader, passes, notes).await;
    check(&read, &all.lock().unwrap());
}

/// A pair of sockets whose kernel buffers are as small as the kernel allows.
async fn clamped() -> (TcpStream, TcpStream) {
    let listening = TcpSocket::new_v4().unwrap();
    listening.set_send_buffer_size(4096).unwrap();
    listening.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener: TcpListener = listening.listen(1).unwrap();
    let reader = TcpSocket::new_v4().unwrap();
    reader.set_recv_buffer_size(4096).unwrap();
    let (accepted, connected) = tokio::join!(listener.accept(), reader.connect(listener.local_addr().unwrap()));
    (accepted.unwrap().0, connected.unwrap())
}

/// A flush that fits, in the same clamped sockets, meets no deadline: the twin.
#[tokio::test(flavor = "current_thread")]
async fn a_reader_that_reads_on_meets_no_deadline() {
    let (origin, mut reader) = clamped().await;
    let (notes, all) = account();
    let server = Server::new();
    let handler = |w: ResponseWriter, _: Request| async move {
        w.set_write_deadline(Deadline::to_come())?;
        w.write(vec![b'x'; CONTENT]).await?;
        w.flush().await?;
        Ok::<_, Error>(())
    };
    let reading = async {
        reader.write_all(REQUEST).await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"0\r\n\r\n") {
            assert_ne!(reader.read_buf(&mut read).await.unwrap(), 0);
        }
        drop(reader);
        read
    };
    let (ended, read) = tokio::join!(serve(origin, handler, &server, notes), reading);
    ended.unwrap();
    assert!(read.len() > CONTENT);
    let notes = all.lock().unwrap();
    assert_eq!(*notes, ["set write deadline: to come", "write 1: 1048576 octets", "flush 1: ok", "returned"]);
}
