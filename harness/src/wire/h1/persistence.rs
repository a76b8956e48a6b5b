//! Whether a connection goes on behind a message: RFC 9112 9.3.

/// By its version and its Connection field, if it has one.
pub(super) fn persists(version: (u8, u8), connection: Option<&[u8]>) -> bool {
    let options = connection.unwrap_or_default();
    let option = |wanted: &str| {
        options.split(|&octet| octet == b',').any(|option| option.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()))
    };
    !option("close") && (version >= (1, 1) || option("keep-alive"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use crate::wire::h1::{End, label_requests, label_responses};

    #[rstest]
    #[case::by_its_version("HTTP/1.1 204\r\n\r\n", true)]
    #[case::by_its_older_version("HTTP/1.0 204\r\n\r\n", false)]
    #[case::keep_alive("HTTP/1.0 204\r\nConnection: x, Keep-Alive\r\n\r\n", true)]
    #[case::close("HTTP/1.1 204\r\nconnection: x ,CLOSE\r\n\r\n", false)]
    #[case::close_in_a_fold("HTTP/1.1 204\r\nConnection: x,\r\n close\r\n\r\n", false)]
    #[case::both("HTTP/1.0 204\r\nConnection: keep-alive, close\r\n\r\n", false)]
    #[case::another_option("HTTP/1.1 204\r\nConnection: closed\r\n\r\n", true)]
    #[case::another_field("HTTP/1.1 204\r\nX-Connection: close\r\n\r\n", true)]
    #[case::close_delimited("HTTP/1.1 200\r\n\r\n", false)]
    #[case::another_protocol("HTTP/1.1 101\r\nConnection: upgrade\r\n\r\n", false)]
    #[case::header_section_not_ended("HTTP/1.1 204\r\nConnection: close\r\n", true)]
    #[case::nothing_yet("HTTP/1.1 204", false)]
    fn a_connection_goes_on_behind_a_response_as_it_says(#[case] octets: &str, #[case] expected: bool) {
        let stream = label_responses(octets.as_bytes(), &["GET"], End::Open);
        assert_eq!(stream.messages[0].persists, expected);
    }

    #[rstest]
    #[case::by_its_version("GET / HTTP/1.1\r\n\r\n", true)]
    #[case::close("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", false)]
    #[case::no_request("not HTTP", false)]
    fn a_connection_goes_on_behind_a_request_as_it_says(#[case] octets: &str, #[case] expected: bool) {
        assert_eq!(label_requests(octets.as_bytes(), End::Open).messages[0].persists, expected);
    }
}
