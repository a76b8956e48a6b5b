//! What a call can answer, in the words that a Go developer sees.

/// Why a call failed.
///
/// The text is the one of `net/http`, without the addresses that the `net` package puts before it. What the kernel decides is not told: a
/// reset and a broken pipe are both `connection lost`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The deadline has passed (`os.ErrDeadlineExceeded`).
    #[error("i/o timeout")]
    Timeout,
    /// The reader is gone, or reset the connection.
    #[error("connection lost")]
    Lost,
    /// This side has closed the connection (`net.ErrClosed`).
    #[error("use of closed network connection")]
    Closed,
    /// More content than the declared Content-Length (`http.ErrContentLength`).
    #[error("http: wrote more than the declared Content-Length")]
    ContentLength,
    /// The status allows no content (`http.ErrBodyNotAllowed`; RFC 9110, 6.4.1).
    #[error("http: request method or response status code does not allow body")]
    BodyNotAllowed,
    /// The connection belongs to the handler (`http.ErrHijacked`).
    #[error("http: connection has been hijacked")]
    Hijacked,
    /// The server has closed the request's content, as it does before it answers (`http.ErrBodyReadAfterClose`).
    #[error("http: invalid Read on closed Body")]
    ContentClosed,
    /// The input ended before the first octet that was asked for (`io.EOF`).
    #[error("EOF")]
    Eof,
    /// The request's content ended before its framing said so, or before all that was asked for was there (`io.ErrUnexpectedEOF`).
    #[error("unexpected EOF")]
    UnexpectedEof,
    /// The trailer section of the request's content did not begin in time.
    #[error("http: unexpected EOF reading trailer")]
    TrailerEof,
    /// The trailer section of the request's content did not end in time: Go takes it for too long.
    #[error("http: suspiciously long trailer after chunked body")]
    TrailerLong,
    /// The framing of the request's content is malformed (RFC 9112, 7.1). Go has several texts for it, this is the most frequent.
    #[error("malformed chunked encoding")]
    Malformed,
    /// The call came after the handler had returned; in Go its effect is undefined.
    #[error("the handler has returned")]
    HandlerDone,
    /// The future of an earlier call was dropped before it ended, which no Go program can do; what it had written is unknown.
    #[error("an earlier call was dropped before it ended")]
    Dropped,
}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        use std::io::ErrorKind;
        let kind = match error {
            Error::Timeout => ErrorKind::TimedOut,
            Error::Lost => ErrorKind::ConnectionReset,
            Error::Closed => ErrorKind::NotConnected,
            Error::Eof | Error::UnexpectedEof => ErrorKind::UnexpectedEof,
            _ => ErrorKind::Other,
        };
        std::io::Error::new(kind, error)
    }
}
