//! What carries credentials.

use std::fmt;

use super::names::{SECRET_FIELDS, SECRET_PARAMETERS};

/// The direction of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// To the origin.
    Request,
    /// From it.
    Response,
}

/// What a credential is the value of, by its name in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    Field(&'static str),
    Parameter(&'static str),
    /// A member of a JSON object.
    Member(&'static str),
    /// The userinfo of a URL (RFC 3986 3.2.1).
    Userinfo,
}

/// The values of one kind have no room that another kind could take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Cookie,
    Field,
    Parameter,
    Member,
}

impl Carrier {
    pub(super) fn field(name: &[u8]) -> Option<Self> {
        of_name(SECRET_FIELDS, name).map(Self::Field)
    }

    pub(super) fn parameter(name: &[u8]) -> Option<Self> {
        of_name(SECRET_PARAMETERS, name).map(Self::Parameter)
    }

    /// One whose name is that of a field or a parameter; of the latter, however its words are joined: `accessToken` is
    /// `access_token`.
    pub(super) fn member(name: &[u8]) -> Option<Self> {
        let letters = |name: &[u8]| -> Vec<u8> {
            let letters = name.iter().filter(|octet| !b"-_".contains(octet));
            letters.map(u8::to_ascii_lowercase).collect()
        };
        let joined = letters(name);
        let alike = || SECRET_PARAMETERS.iter().find(|secret| letters(secret.as_bytes()) == joined).copied();
        let name = of_name(SECRET_PARAMETERS, name).or_else(|| of_name(SECRET_FIELDS, name)).or_else(alike);
        name.map(Self::Member)
    }

    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Field("cookie" | "set-cookie") => Kind::Cookie,
            Self::Field(_) => Kind::Field,
            Self::Parameter(_) | Self::Userinfo => Kind::Parameter,
            Self::Member(_) => Kind::Member,
        }
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => f.write_str(name),
            Self::Parameter(name) => write!(f, "?{name}"),
            Self::Member(name) => write!(f, "{{{name}}}"),
            Self::Userinfo => f.write_str("userinfo@"),
        }
    }
}

fn of_name(names: &[&'static str], name: &[u8]) -> Option<&'static str> {
    names.iter().find(|secret| name.eq_ignore_ascii_case(secret.as_bytes())).copied()
}
