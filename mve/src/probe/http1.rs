//! Reads one response in HTTP/1.x.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::ending::How;
use super::recording::Recording;

/// How many octets a read takes at most.
const READ: usize = 64 * 1024;

/// Sends a request and reads until its response, or the connection, has ended. What was read is in the recording, also
/// when this is dropped before its end. `each` is called after every read.
pub async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send,
    request: &[u8],
    recording: &mut Recording,
    mut each: impl FnMut(&Recording),
) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    recording.sent(request);
    // An answer may come before the content is sent, and be the reason why it cannot be.
    let writing = async {
        writer.write_all(request).await?;
        writer.flush().await
    };
    let mut writing = std::pin::pin!(writing);
    let mut is_sent = false;
    let mut octets = vec![0; READ];
    while !recording.is_over() {
        let read = tokio::select! {
            _told_by_what_is_read = &mut writing, if !is_sent => {
                is_sent = true;
                continue;
            }
            read = reader.read(&mut octets) => read,
        };
        match read {
            Ok(0) => recording.ended(How::Fin),
            Ok(count) => recording.received(&octets[..count]),
            Err(error) => recording.ended(failure(&error)),
        }
        each(recording);
    }
}

/// What an error of a read says.
pub(super) fn failure(error: &io::Error) -> How {
    match error.kind() {
        io::ErrorKind::ConnectionReset => How::Rst,
        // Which rustls says of a FIN that no close_notify announced.
        io::ErrorKind::UnexpectedEof => How::NoCloseNotify,
        _ => How::Failed(harness::wire::notation::printable(&error.to_string())),
    }
}
