//! The model puts on the wire what `net/http` puts there.
//!
//! Each text in `golden/` holds a request, whose query is the handler's program, and what real Go answered: octets, end of the
//! connection, size of each write to the socket, notes. Fields are compared without their order, dates without their value.

use std::path::PathBuf;

use super::program;
use super::recording::RecordingSocket;
use crate::origin::writer::{Ended, Server, serve};

#[rstest::rstest]
#[tokio::test(flavor = "current_thread")]
async fn the_model_answers_as_net_http_does(#[files("src/origin/writer/golden/*.txt")] path: PathBuf) {
    let text = std::fs::read_to_string(&path).unwrap();
    let (request, answers) = text.split_once("\n== net/http of Go ").unwrap();
    // the newest version stands last
    let (version, expected) = answers.rsplit("\n== net/http of Go ").next().unwrap().split_once('\n').unwrap();
    let input = octets(request.lines().map(|line| line.strip_prefix("> ").unwrap()));

    let (socket, record) = RecordingSocket::new(input);
    let (notes, account) = program::account();
    let handler = |w, r| program::run(w, r, notes.clone());
    let ended = serve(socket, handler, &Server::new(), notes.clone()).await;
    let open = match &ended {
        Ok(Ended::Closed) => false,
        Ok(Ended::Hijacked(conn)) => !conn.is_closed(),
        Err(panic) => panic.hijacked.as_ref().is_some_and(|conn| !conn.is_closed()),
    };

    let record = record.lock().unwrap();
    assert_eq!(record.closed, !open);
    let mut actual: Vec<String> = lines(&record.octets).into_iter().map(|line| format!("< {line}")).collect();
    actual.push(format!("-- {}", if open { "open" } else { "FIN" }));
    let sizes: Vec<String> = record.writes.iter().map(usize::to_string).collect();
    actual.push(format!("socket writes: {}", sizes.join(" ")));
    actual.extend(account.lock().unwrap().iter().map(|note| format!("o: {note}")));

    let expected = in_order(expected.trim_end_matches('\n').lines().map(str::to_owned));
    let actual = in_order(actual.into_iter());
    assert_eq!(actual.join("\n"), expected.join("\n"), "{} against Go {version}", path.display());
}

/// The lines, with the field lines of each header section in alphabetical order.
fn in_order(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = lines.collect();
    let status_lines: Vec<usize> =
        (0..all.len()).filter(|&at| all[at].contains("HTTP/1.") && all[at].starts_with("< ")).collect();
    for at in status_lines {
        let end = all[at..].iter().position(|line| line == r"< \r\n").map_or(all.len(), |length| at + length);
        all[at + 1..end].sort_by_key(|line| line.to_ascii_lowercase());
    }
    all
}

/// Breaks octets after each LF; a run of more than 16 equal octets is written once, with its length.
fn lines(octets: &[u8]) -> Vec<String> {
    let broken = octets.split_inclusive(|&octet| octet == b'\n').map(|line| {
        let mut text = String::new();
        for run in line.chunk_by(|a, b| a == b) {
            if run.len() > 16 {
                text += &format!("<{}*{}>", run[0] as char, run.len());
                continue;
            }
            for &octet in run {
                match octet {
                    b'\r' => text += r"\r",
                    b'\n' => text += r"\n",
                    b'\\' => text += r"\\",
                    b' '..=b'~' => text.push(octet as char),
                    _ => text += &format!(r"\x{octet:02X}"),
                }
            }
        }
        text
    });
    broken.map(without_date).collect()
}

fn without_date(line: String) -> String {
    match line.strip_prefix("Date: ") {
        Some(date) if date.ends_with(r" GMT\r\n") => {
            assert_eq!(date.len(), r"Thu, 01 Jan 1970 00:00:00 GMT\r\n".len());
            r"Date: <date>\r\n".to_owned()
        }
        _ => line,
    }
}

/// The inverse of [`lines`].
fn octets<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut octets = Vec::new();
    for line in lines {
        let mut rest = line;
        while !rest.is_empty() {
            let run = rest.strip_prefix('<').and_then(|run| run.split_once('>')).and_then(|(run, after)| {
                let (octet, length) = run.split_once('*')?;
                Some((octet.as_bytes()[0], length.parse::<usize>().ok()?, after))
            });
            if let Some((octet, length, after)) = run {
                octets.extend(std::iter::repeat_n(octet, length));
                rest = after;
            } else if let Some(after) = rest.strip_prefix(r"\r") {
                octets.push(b'\r');
                rest = after;
            } else if let Some(after) = rest.strip_prefix(r"\n") {
                octets.push(b'\n');
                rest = after;
            } else {
                octets.push(rest.as_bytes()[0]);
                rest = &rest[1..];
            }
        }
    }
    octets
}
