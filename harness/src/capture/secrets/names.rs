//! What carries credentials, by name.

/// The fields whose values are credentials, or may be (RFC 9110 11.6, 11.7; RFC 6265), in lower case.
pub const SECRET_FIELDS: &[&str] = &[
    "api-key",
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-amz-security-token",
    "x-api-key",
    "x-auth-token",
    "x-csrf-token",
    "x-goog-api-key",
];

/// The parameters of a query whose values are credentials, or may be (RFC 6750 2.3, and what is signed in advance), in lower
/// case.
pub const SECRET_PARAMETERS: &[&str] = &[
    "access_token",
    "api-key",
    "api_key",
    "apikey",
    "auth",
    "authorization",
    "client_secret",
    "code",
    "id_token",
    "jwt",
    "key",
    "password",
    "refresh_token",
    "secret",
    "session",
    "sessionid",
    "sid",
    "sig",
    "signature",
    "subscription-key",
    "token",
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
    "x-goog-credential",
    "x-goog-signature",
];

/// The fields whose values have URLs in them, or parameters of their own (RFC 9110 11.2).
const FIELDS_WITH_PARAMETERS: &[&str] = &[
    "authentication-info",
    "content-location",
    "link",
    "location",
    "proxy-authenticate",
    "proxy-authentication-info",
    "referer",
    "refresh",
    "www-authenticate",
];

/// The fields that messages hang together by: nothing in them is hidden for being said elsewhere.
const FIELDS_OF_FRAMING: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether a field of this name carries credentials.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    SECRET_FIELDS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

/// Whether the value of a field of this name has URLs or parameters in it.
pub(super) fn has_parameters(name: &[u8]) -> bool {
    FIELDS_WITH_PARAMETERS.iter().any(|with| name.eq_ignore_ascii_case(with.as_bytes()))
}

/// Whether messages hang together by a field of this name.
pub(super) fn is_of_framing(name: &str) -> bool {
    FIELDS_OF_FRAMING.iter().any(|framing| name.eq_ignore_ascii_case(framing))
}
