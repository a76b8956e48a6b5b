//! The axes of the truncation table, and the rules by which combinations are left out.

use std::fmt;

use super::table::Keys;

/// Declares an axis: an enum whose values have names.
macro_rules! axis {
    ($(#[$doc:meta])* $axis:ident { $($(#[$value_doc:meta])* $value:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $axis { $($(#[$value_doc])* $value,)* }

        impl $axis {
            /// All values, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$value),*];

            /// Its name in tables and JSON.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$value => $name),* }
            }

            /// The value of this name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }
        }

        impl fmt::Display for $axis {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

axis! {
    /// What delimits the content that the origin sends (RFC 9112 6.3).
    Framing {
        /// The chunked transfer coding.
        Chunked = "chunked",
        /// Content-Length.
        Length = "length",
        /// The end of the connection.
        Close = "close",
    }
}

axis! {
    /// The version in the origin's status-line.
    Version {
        /// HTTP/1.1.
        V11 = "http/1.1",
        /// HTTP/1.0.
        V10 = "http/1.0",
    }
}

axis! {
    /// Behind which octet the origin's connection ends.
    Cut {
        /// The response is whole: the control.
        None = "none",
        /// Not an octet was sent.
        BeforeStatusLine = "before-status-line",
        /// After a whole field line, before the empty line.
        InHeaderSection = "in-header-section",
        /// The header section is whole, and there is no content.
        AfterHeaderSection = "after-header-section",
        /// After a whole event, which is a whole chunk.
        BetweenChunks = "between-chunks",
        /// In the size of the second chunk.
        InChunkSize = "in-chunk-size",
        /// In the data of the second chunk.
        InChunkData = "in-chunk-data",
        /// After the data of the second chunk, before its CRLF.
        AfterChunkData = "after-chunk-data",
        /// After the last-chunk, in a field line.
        InTrailerSection = "in-trailer-section",
        /// After a whole event.
        BetweenEvents = "between-events",
        /// In the second event.
        InContent = "in-content",
    }
}

axis! {
    /// How the origin's connection ends.
    End {
        /// In order, as when a process exits.
        Fin = "fin",
        /// By a reset, as when a process is killed with octets unread.
        Rst = "rst",
    }
}

axis! {
    /// What the reader speaks.
    Protocol {
        /// HTTP/1.1.
        Http11 = "http/1.1",
        /// HTTP/1.0.
        Http10 = "http/1.0",
        /// HTTP/2 with prior knowledge (RFC 9113 3.3).
        Http2 = "http/2",
    }
}

/// What an origin does, and who reads it: a cell of the table but for the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// What delimits the content.
    pub framing: Framing,
    /// The origin's version.
    pub version: Version,
    /// Where it is cut.
    pub cut: Cut,
    /// How.
    pub end: End,
    /// Who reads.
    pub reader: Protocol,
}

impl Cell {
    /// All cells for a reader, in the order of the table. Left out, by rule:
    ///
    /// - chunked in HTTP/1.0, which has no transfer codings (RFC 9112 6.1);
    /// - the places in chunks without chunks, and `between-events` and `in-content` with them, where `between-chunks`
    ///   and `in-chunk-data` are the same places;
    /// - a control that ends by RST: a whole response before a reset is the business of connections, not of framing.
    pub fn all(reader: Protocol) -> impl Iterator<Item = Self> {
        let framings =
            Framing::ALL.iter().flat_map(|&framing| Version::ALL.iter().map(move |&version| (framing, version)));
        let cuts = framings.flat_map(|(framing, version)| {
            Cut::ALL.iter().flat_map(move |&cut| End::ALL.iter().map(move |&end| (framing, version, cut, end)))
        });
        let cells = cuts.map(move |(framing, version, cut, end)| Self { framing, version, cut, end, reader });
        cells.filter(|cell| cell.makes_sense())
    }

    fn makes_sense(&self) -> bool {
        let chunked = self.framing == Framing::Chunked;
        match self.cut {
            _ if chunked && self.version == Version::V10 => false,
            Cut::None => self.end == End::Fin,
            Cut::BeforeStatusLine | Cut::InHeaderSection | Cut::AfterHeaderSection => true,
            Cut::BetweenChunks | Cut::InChunkSize | Cut::InChunkData | Cut::AfterChunkData | Cut::InTrailerSection => {
                chunked
            }
            Cut::BetweenEvents | Cut::InContent => !chunked,
        }
    }

    /// Its place on the axes, in words.
    #[must_use]
    pub fn keys(&self) -> Keys {
        Keys {
            origin_framing: self.framing.name(),
            origin_version: self.version.name(),
            cut: self.cut.name().to_owned(),
            end: self.end.name(),
            reader: self.reader.name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_has_61_cells_and_every_combination_of_framing_and_version_has_its_control() {
        for reader in Protocol::ALL {
            let cells: Vec<Cell> = Cell::all(*reader).collect();
            assert_eq!(cells.len(), 61);
            assert_eq!(cells.iter().filter(|cell| cell.cut == Cut::None).count(), 5);
            let mut names: Vec<String> = cells.iter().map(|cell| cell.keys().name()).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), 61);
        }
    }
}
