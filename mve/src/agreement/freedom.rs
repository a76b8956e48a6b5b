//! What a transcript of Go's may differ in from the reviewed one of the origin that it stands in for.

use super::minor;

/// One thing that may differ. Each takes it out of both texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freedom {
    /// The order of the origin's field lines. RFC 9110 5.3: it has no meaning between fields of different names.
    FieldOrder,
    /// The gateway's FIN at the origin, in the last step: the harness reads a program's connection to its end, and its own
    /// origins close before.
    EndOfRequests,
    /// What `Flush` has answered, before Go 1.20: nothing (`FlushError` is younger).
    AnswerOfFlush,
    /// Small and capital letters of field names and chunk-sizes, where the origin is hyper, which writes the former small and
    /// the latter in capitals.
    Letters,
    /// `Date` and `Connection: close`, which `net/http` adds and a script does without.
    AddedFields,
    /// The version of the status-line, where the origin is a script: it always says 1.1.
    Version,
    /// The notes, where the origin is a script or hyper: nobody calls a writer there.
    Notes,
}

impl Freedom {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::FieldOrder,
        Self::EndOfRequests,
        Self::AnswerOfFlush,
        Self::Letters,
        Self::AddedFields,
        Self::Version,
        Self::Notes,
    ];

    /// Whether it is granted to this release line where it stands in for this origin.
    #[must_use]
    pub fn is_granted(self, origin: &str, line: &str) -> bool {
        match self {
            Self::FieldOrder | Self::EndOfRequests => true,
            Self::AnswerOfFlush => minor(line).is_some_and(|minor| minor < 20),
            Self::Letters => origin == "hyper",
            Self::AddedFields | Self::Version => origin == "scripted",
            Self::Notes => origin != "writer",
        }
    }

    /// The lines of a transcript's text without what this leaves free.
    #[must_use]
    pub fn taken_out_of(self, lines: Vec<String>) -> Vec<String> {
        match self {
            Self::FieldOrder => with_header_sections(lines, |section| section.sort()),
            Self::EndOfRequests => {
                let last = lines.iter().rposition(|line| is_step(line)).unwrap_or(0);
                let is_free = |(at, line): &(usize, String)| *at > last && line.trim_start().starts_with("p>o  -- FIN");
                lines.into_iter().enumerate().filter(|line| !is_free(line)).map(|(_, line)| line).collect()
            }
            Self::AnswerOfFlush => {
                map(lines, |line| match line.strip_prefix("o:   flush ").and_then(|rest| rest.split_once(':')) {
                    Some((n, _)) => format!("o:   flush {n}"),
                    None => line,
                })
            }
            Self::Letters => {
                let lines = with_header_sections(lines, |section| {
                    for line in section {
                        if let Some((name, value)) = line.split_once(": ") {
                            *line = format!("{}: {value}", name.to_ascii_lowercase());
                        }
                    }
                });
                map(lines, |line| match line.split_once("  # chunk ") {
                    Some((size, rest)) if is_of_origin(&line) => {
                        format!("{}  # chunk {rest}", size.to_ascii_lowercase())
                    }
                    _ => line,
                })
            }
            Self::AddedFields => with_header_sections(lines, |section| {
                section.retain(|line| !line.contains(">p  Date: ") && !line.contains(">p  Connection: close"));
            }),
            Self::Version => {
                map(lines, |line| if is_of_origin(&line) { line.replace("  HTTP/1.0 ", "  HTTP/1.1 ") } else { line })
            }
            Self::Notes => lines.into_iter().filter(|line| !line.starts_with("o:   ")).collect(),
        }
    }

    /// What is left of a text when all that these leave free is taken out.
    #[must_use]
    pub fn without(freedoms: &[Self], text: &str) -> Vec<String> {
        let lines = text.lines().map(str::to_owned).collect();
        freedoms.iter().fold(lines, |lines, freedom| freedom.taken_out_of(lines))
    }
}

fn map(lines: Vec<String>, change: impl Fn(String) -> String) -> Vec<String> {
    lines.into_iter().map(change).collect()
}

fn is_step(line: &str) -> bool {
    line.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok())
}

/// Whether the line shows octets that the origin has sent.
fn is_of_origin(line: &str) -> bool {
    line.trim_start().starts_with("o>")
}

/// Changes the field lines of each header section that the origin has sent.
fn with_header_sections(lines: Vec<String>, change: impl Fn(&mut Vec<String>)) -> Vec<String> {
    let mut changed = Vec::new();
    let mut section: Option<Vec<String>> = None;
    for line in lines {
        let octets = line.trim_start().split_once("  ").filter(|(lane, _)| lane.starts_with("o>"));
        let is_end = octets.is_none_or(|(_, octets)| octets == r"\r\n");
        match &mut section {
            Some(fields) if is_end => {
                change(fields);
                changed.append(fields);
                changed.push(line);
                section = None;
            }
            Some(fields) => fields.push(line),
            None => {
                if is_of_origin(&line) && line.contains("  HTTP/1.") {
                    section = Some(Vec::new());
                }
                changed.push(line);
            }
        }
    }
    changed.extend(section.into_iter().flatten());
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r"1. the reader asks
p>c  HTTP/1.1 200 OK\r\n
p>c  Date: <date>\r\n
p>c  \r\n
     p>o  -- FIN
     o>p  HTTP/1.0 200 OK\r\n
     o>p  Date: <date>\r\n
     o>p  Content-Type: text/plain\r\n
     o>p  \r\n
     o>p  B\r\n  # chunk 1: 11 octets
     o>p  Date: 1\n
o:   flush 1: ok

2. the handler returns
     p>o  -- FIN
     o>p  -- FIN
o:   returned";

    fn lost(freedom: Freedom) -> (Vec<&'static str>, Vec<String>) {
        let left = Freedom::without(&[freedom], TEXT);
        let gone = TEXT.lines().filter(|line| !left.iter().any(|its| its == line)).collect();
        let new = left.into_iter().filter(|line| !TEXT.lines().any(|its| its == line)).collect();
        (gone, new)
    }

    #[test]
    fn each_freedom_takes_out_what_it_names_and_no_more() {
        assert_eq!(lost(Freedom::Notes), (vec!["o:   flush 1: ok", "o:   returned"], vec![]));
        assert_eq!(lost(Freedom::AnswerOfFlush), (vec!["o:   flush 1: ok"], vec!["o:   flush 1".to_owned()]));
        assert_eq!(lost(Freedom::AddedFields), (vec![r"     o>p  Date: <date>\r\n"], vec![]));
        assert_eq!(
            lost(Freedom::Version),
            (vec![r"     o>p  HTTP/1.0 200 OK\r\n"], vec![r"     o>p  HTTP/1.1 200 OK\r\n".to_owned()])
        );
        let (gone, new) = lost(Freedom::Letters);
        assert_eq!(gone.len(), 3, "{gone:?}");
        assert!(new.contains(&r"     o>p  b\r\n  # chunk 1: 11 octets".to_owned()), "{new:?}");
    }

    #[test]
    fn only_the_last_steps_end_of_requests_is_free() {
        let left = Freedom::without(&[Freedom::EndOfRequests], TEXT);
        assert_eq!(left.iter().filter(|line| line.ends_with("p>o  -- FIN")).count(), 1);
        assert_eq!(left.len() + 1, TEXT.lines().count());
    }

    #[test]
    fn field_lines_are_sorted_inside_their_section() {
        let left = Freedom::without(&[Freedom::FieldOrder], TEXT);
        let at = |wanted: &str| left.iter().position(|line| line.ends_with(wanted)).unwrap();
        assert!(at(r"Content-Type: text/plain\r\n") < at(r"     o>p  Date: <date>\r\n"));
        assert_eq!(left.len(), TEXT.lines().count());
    }
}
