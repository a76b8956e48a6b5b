//! What of a value is the credential, by the grammar of what carries it: names, attributes and schemes are not.

use super::carrier::Carrier;
use crate::wire::h1::is_token;

/// The parameters of Digest that tell who asks, or prove it (RFC 7616 3.4); its `uri` is the request-target.
const OF_DIGEST: &[&str] = &["cnonce", "nonce", "response", "username"];
/// Parameters of other schemes that anybody may know: RFC 9110 11.5, and the names of the fields that are signed.
const OPEN: &[&str] = &["realm", "signedheaders"];

/// What is to be known again elsewhere.
pub(super) fn credentials(carrier: Carrier, value: &[u8]) -> Vec<&[u8]> {
    let parts = match carrier {
        // A cookie-pair, then attributes (RFC 6265 4.1.1).
        Carrier::Field("set-cookie") => value.split(|octet| *octet == b';').take(1).map(of_cookie).collect(),
        Carrier::Field("cookie") => value.split(|octet| *octet == b';').map(of_cookie).collect(),
        Carrier::Field("authorization" | "proxy-authorization") => of_scheme(value),
        // What stands in a string may be prose: its words are nobody's credentials.
        Carrier::Member(name) if !name.ends_with("authorization") => return vec![value],
        Carrier::Member(_) => of_scheme(value),
        // A user may be anybody; one without a password is a token.
        Carrier::Userinfo => value.splitn(2, |octet| *octet == b':').last().into_iter().collect(),
        Carrier::Field(_) | Carrier::Parameter(_) => vec![value],
    };
    parts.into_iter().flat_map(|part| part.split(|octet| b" \t\r\n;,=\"".contains(octet))).collect()
}

/// The value of a cookie-pair; one without a name is all value, as browsers have it.
fn of_cookie(pair: &[u8]) -> &[u8] {
    pair.iter().position(|octet| *octet == b'=').map_or(pair, |equals| &pair[equals + 1..])
}

/// What stands behind the scheme (RFC 9110 11.4); where there is none, all of it.
fn of_scheme(value: &[u8]) -> Vec<&[u8]> {
    let value = value.trim_ascii();
    let Some(end) = value.iter().position(u8::is_ascii_whitespace) else { return vec![value] };
    let (scheme, rest) = value.split_at(end);
    let is_digest = scheme.eq_ignore_ascii_case(b"digest");
    let is_one_of = |names: &[&str], name: &[u8]| names.iter().any(|one| name.eq_ignore_ascii_case(one.as_bytes()));
    match auth_params(rest) {
        Some(all) if is_digest => {
            all.into_iter().filter(|(name, _)| is_one_of(OF_DIGEST, name)).map(|(_, value)| value).collect()
        }
        // One alone may be a token with a `=` in it.
        Some(all) if all.len() > 1 || all.iter().any(|(_, value)| value.starts_with(b"\"")) => {
            all.into_iter().filter(|(name, _)| !is_one_of(OPEN, name)).map(|(_, value)| value).collect()
        }
        _ => vec![rest],
    }
}

/// The auth-params (RFC 9110 11.2), quotes and all; none if they are anything else, as a token68 is.
fn auth_params(list: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    let params = list.split(|octet| {
        let (was_quoted, was_escaped) = (is_quoted, is_escaped);
        is_escaped = was_quoted && !was_escaped && *octet == b'\\';
        is_quoted = was_quoted != (*octet == b'"' && !was_escaped);
        *octet == b',' && !was_quoted
    });
    let params = params.map(<[u8]>::trim_ascii).filter(|param| !param.is_empty());
    let parted = params.map(|param| {
        let equals = param.iter().position(|octet| *octet == b'=')?;
        let (name, value) = (param[..equals].trim_ascii(), param[equals + 1..].trim_ascii());
        (is_token(name) && value.iter().any(|octet| *octet != b'=')).then_some((name, value))
    });
    parted.collect()
}
