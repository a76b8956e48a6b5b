//! Status codes: their reason phrases, and what they allow.

use hyper::StatusCode;

/// The reason phrase that Go writes (`http.StatusText`), which differs from the one of the `http` crate in four places.
pub(super) fn reason(status: u16) -> String {
    match status {
        203 => "Non-Authoritative Information".to_owned(),
        413 => "Request Entity Too Large".to_owned(),
        414 => "Request URI Too Long".to_owned(),
        416 => "Requested Range Not Satisfiable".to_owned(),
        _ => match StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason()) {
            Some(reason) => reason.to_owned(),
            None => format!("status code {status}"),
        },
    }
}

/// Whether a response with this status may have content (RFC 9110, 6.4.1).
pub(super) fn allows_content(status: u16) -> bool {
    !matches!(status, 100..=199 | 204 | 304)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `http.StatusText` of Go 1.22.10 and 1.27.3, for every code that has one.
    const GO: &str = "\
100 Continue|101 Switching Protocols|102 Processing|103 Early Hints|200 OK|201 Created|202 Accepted|\
203 Non-Authoritative Information|204 No Content|205 Reset Content|206 Partial Content|207 Multi-Status|208 Already Reported|\
226 IM Used|300 Multiple Choices|301 Moved Permanently|302 Found|303 See Other|304 Not Modified|305 Use Proxy|\
307 Temporary Redirect|308 Permanent Redirect|400 Bad Request|401 Unauthorized|402 Payment Required|403 Forbidden|404 Not Found|\
405 Method Not Allowed|406 Not Acceptable|407 Proxy Authentication Required|408 Request Timeout|409 Conflict|410 Gone|\
411 Length Required|412 Precondition Failed|413 Request Entity Too Large|414 Request URI Too Long|415 Unsupported Media Type|\
416 Requested Range Not Satisfiable|417 Expectation Failed|418 I'm a teapot|421 Misdirected Request|422 Unprocessable Entity|\
423 Locked|424 Failed Dependency|425 Too Early|426 Upgrade Required|428 Precondition Required|429 Too Many Requests|\
431 Request Header Fields Too Large|451 Unavailable For Legal Reasons|500 Internal Server Error|501 Not Implemented|\
502 Bad Gateway|503 Service Unavailable|504 Gateway Timeout|505 HTTP Version Not Supported|506 Variant Also Negotiates|\
507 Insufficient Storage|508 Loop Detected|510 Not Extended|511 Network Authentication Required";

    #[test]
    fn reasons_are_those_of_go() {
        for line in GO.split('|') {
            let (code, text) = line.split_once(' ').unwrap();
            assert_eq!(reason(code.parse().unwrap()), text);
        }
        let known = (100..1000).filter(|&code| !reason(code).starts_with("status code")).count();
        assert_eq!(known, GO.split('|').count());
    }
}
