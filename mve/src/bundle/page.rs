//! The texts of a bundle that people read: the report, and the chain in containers.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use harness::capture::Secrets;
use harness::verdict::{Outcome, Verdict};
use harness::wire::notation::printable;

use super::Bundle;
use crate::claims::claim;

/// So many letters of what a probe told, and of a transcript, are in a report: an issue takes 65,536 in all.
const TOLD: usize = 16_000;
const TRANSCRIPT: usize = 40_000;
/// So many letters of a line.
const LONGEST: usize = 400;

/// What should have happened, with the clause that says so, by the outcome that did.
fn expected(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Intact) => {
            "What the application meant to send reaches the reader, whole and when it was sent. This is what happened: the \
             bundle is a healthy case."
        }
        Some(Outcome::Held) => {
            "Octets that the origin has sent reach the reader while the origin is silent. No clause of RFC 9112 obliges a \
             gateway to pass them on at once; an event stream (WHATWG HTML 9.2) is of no use without it."
        }
        Some(Outcome::CutVisible) => {
            "The message reaches its end. Where it cannot, the framing has to tell, and here it does: RFC 9112 8 calls a \
             message incomplete when the last-chunk, or an octet of Content-Length, is missing."
        }
        Some(Outcome::CutSilent) => {
            "The reader can tell that the message is incomplete: RFC 9112 8 makes the last-chunk, or the last octet of \
             Content-Length, the sign of completeness. Here the framing says complete, and something that was meant is lost."
        }
        Some(Outcome::Altered) => {
            "The reader gets the octets that the application wrote, and no others (RFC 9112 6.3: the framing alone says \
             where content ends)."
        }
        Some(Outcome::Hung) => {
            "The response ends, or the connection does (RFC 9112 8, 9.6). Here neither happens, and nothing arrives any more."
        }
        Some(Outcome::Leaked) => {
            "When the reader has gone, the origin learns of it. No clause says when; a handler that works on for nobody \
             costs its server."
        }
        None => "Unknown.",
    }
}

/// The text of the issue.
pub(super) fn report(bundle: &Bundle) -> String {
    let about = &bundle.about;
    let line = |text: &str| printable(text);
    let mut page = String::new();
    let mut put = |text: String| {
        page.push_str(&text);
        page.push('\n');
    };
    put(format!("# {}\n", plain(&about.says)));
    match &about.told {
        None => put(format!(
            "Case `{}`, via {}, outcome **{}**.\n",
            line(&about.subject),
            line(&about.via),
            line(&about.outcome)
        )),
        Some(_) => put(format!("A probe of {}, outcome **{}**.\n", code(&about.subject), line(&about.outcome))),
    }
    if let Some(shrunk) = &about.shrunk {
        let smallest = match shrunk.is_smallest {
            true => "nothing more can be left out",
            false => "there may be a smaller one",
        };
        put(format!(
            "`lastchunk shrink` made this bundle from a larger one of that: {}; {smallest}. Each smaller one was played and showed the same: \
             {}. What the application is to have meant was made smaller with it.\n",
            shrunk.change(),
            line(&shrunk.shows)
        ));
    }
    for id in &about.claims {
        if let Some(claim) = claim(id) {
            put(format!("Claim {id}: {} ({})\n", claim.claim, claim.verdict));
        }
    }
    put("## Expected\n".to_owned());
    put(match &about.told {
        None => format!("{}\n", expected(bundle.outcome())),
        Some(_) => format!("{}\n", expected_of_a_stream(bundle.outcome())),
    });
    put("## What happened\n".to_owned());
    if let Some(told) = &about.told {
        put(fenced(&excerpt(told, TOLD, "bundle.json")));
        put("The octets, each step after a silence:\n".to_owned());
    }
    put(fenced(&excerpt(&bundle.text(), TRANSCRIPT, "transcript.txt")));
    put("In each line stand the lane and then the octets, escaped: `o>p` is what went from the origin to the gateway, `p>c` from \
         the gateway to the reader, `c>o` and `o>c` where nothing stands between. What follows `#` is an annotation.\n"
        .to_owned());
    put(versions(&about.versions));
    put(redacted(&about.redacted, about.has_more_secrets));
    put("## To see it again\n".to_owned());
    let far = if bundle.conf.is_some() { 8080 } else { 8000 };
    put(fenced(&format!(
        "lastchunk replay .                        # plays it here: \"same\", or the difference\n\
         python3 origin.py 127.0.0.1:8000          # the origin alone; Enter begins the next step\n\
         go run origin.go 127.0.0.1:8000           # the same\n\
         rustc origin.rs && ./origin 127.0.0.1:8000\n\
         docker compose up                         # the chain in containers\n\
         curl -N --http1.1 http://127.0.0.1:{far}{}   # the reader",
        target(bundle)
    )));
    put("`capture.pcapng` is for Wireshark. It was synthesised from what was seen at the sockets, as its comments say. \
         Wireshark shows a response whose content was cut only with `http.desegment_body` off. `octets/` has the octets of each lane as they crossed.\n"
        .to_owned());
    put(format!("Verdict: `{}`", Verdict::of(&bundle.transcript).outcome));
    page
}

/// The page of a response in frames: without octets, and so without a script.
pub(super) fn of_frames(title: &str, told: &str, its_versions: &[(String, String)], secrets: &Secrets) -> String {
    let parts = [
        format!("# {}\n", plain(title)),
        "## What happened\n".to_owned(),
        fenced(&excerpt(told, TOLD, "what the probe printed")),
        "Frames of HTTP/2 are not kept: there is no transcript and nothing to play again. With `--http1.1` there is, if it \
         happens there too.\n"
            .to_owned(),
        versions(its_versions),
        redacted(&secrets.names, secrets.has_more),
    ];
    parts.join("\n")
}

/// What should have happened to a stream of which nobody knows what was meant.
fn expected_of_a_stream(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        None => {
            "The response was not read to its end; what stands against it, and which clause says so, is among the findings."
        }
        Some(Outcome::Intact) => {
            "A stream that is whole, and comes when it is sent. It is whole; what stands against the rest, and which clause \
             says so, is among the findings."
        }
        Some(outcome) => expected(Some(outcome)),
    }
}

fn versions(versions: &[(String, String)]) -> String {
    let lines = versions.iter().map(|(what, version)| format!("- {}: {}\n", printable(what), code(version)));
    format!("## Versions\n\n{}", lines.collect::<String>())
}

/// What is not shown, and what is left to the reader to look for.
fn redacted(names: &BTreeSet<String>, has_more: bool) -> String {
    if names.is_empty() {
        return "No field or parameter that carries credentials was found. URLs and content are as they were: read them before you post.\n"
            .to_owned();
    }
    let names: Vec<String> = names.iter().map(|name| code(name)).collect();
    let more = match has_more {
        true => "They were too many to look for each of them again: some are redacted only where they stand. ",
        false => "",
    };
    format!(
        "The values of {} are redacted, and where they are said again: each octet is an `x`, so lengths are as they were. {more}The \
         rest of URLs and content is as it was: read them before you post.\n",
        names.join(", ")
    )
}

/// A text that no sign of Markdown or HTML leaves.
fn plain(text: &str) -> String {
    let mut safe = String::new();
    for letter in printable(text).chars() {
        if "\\`*_[]<>&#|".contains(letter) {
            safe.push('\\');
        }
        safe.push(letter);
    }
    safe
}

/// A code span that its text cannot leave.
fn code(text: &str) -> String {
    let text = printable(text);
    let text: String = text.chars().take(LONGEST).collect();
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let gap = if longest > 0 { " " } else { "" };
    format!("{fence}{gap}{text}{gap}{fence}")
}

/// As much of a text as people read, in about so many letters: its first lines, and in a quarter of the room its last ones,
/// none of them too long. `whole` is where the rest is.
fn excerpt(text: &str, room: usize, whole: &str) -> String {
    let shown = |line: &str| match line.char_indices().nth(LONGEST) {
        None => line.to_owned(),
        Some((at, _)) => format!("{}  # ... {whole} has the whole line", &line[..at]),
    };
    let lines: Vec<String> = text.lines().map(shown).collect();
    let fit = |room: usize, lines: &mut dyn Iterator<Item = &String>| {
        let sizes = lines.scan(0, |sum, line| {
            *sum += line.len() + 1;
            Some(*sum)
        });
        sizes.take_while(|sum| *sum <= room).count()
    };
    if fit(room, &mut lines.iter()) == lines.len() {
        return lines.join("\n");
    }
    let (first, last) = (fit(room - room / 4, &mut lines.iter()), fit(room / 4, &mut lines.iter().rev()));
    let between = format!("\n# ... {} lines are in {whole}\n", lines.len() - first - last);
    let (first, last) = (&lines[..first], &lines[lines.len() - last..]);
    [first, &[between], last].concat().join("\n")
}

/// A code block that its text cannot leave.
fn fenced(text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}text\n{}\n{fence}\n", text.trim_end())
}

/// The target of the reader's first request, if a shell can take it as it is.
fn target(bundle: &Bundle) -> String {
    let asked = bundle.transcript.octets(harness::transcript::Lane::request(0));
    let target = asked.split(|octet| *octet == b' ').nth(1).unwrap_or(b"/");
    let is_plain = |octet: &u8| octet.is_ascii_alphanumeric() || b"/._-".contains(octet);
    let is_plain = target.first() == Some(&b'/') && target.len() < 200 && target.iter().all(is_plain);
    if is_plain { String::from_utf8_lossy(target).into_owned() } else { "/".to_owned() }
}

/// The chain in containers, from images that are to be had everywhere.
pub(super) fn compose(bundle: &Bundle) -> String {
    let mut text = String::from(
        "# The chain of this bundle. The origin waits for a step: `docker attach` it and press Enter, or say PAUSE=1 for a\n\
         # second each. Ask with: curl -N --http1.1 http://127.0.0.1:8080/\n\
         # PORT, ORIGIN_IMAGE and GATEWAY_IMAGE stand for another port, and for images of yours.\n\
         services:\n\
         \x20 origin:\n\
         \x20   image: ${ORIGIN_IMAGE:-python:3-slim}\n\
         \x20   command: python3 /origin.py 0.0.0.0:8000 ${PAUSE:-}\n\
         \x20   stdin_open: true\n\
         \x20   volumes: [\"./origin.py:/origin.py:ro\"]\n",
    );
    match &bundle.conf {
        Some(_) => {
            let version = bundle.about.versions.iter().find(|(what, _)| what == "nginx");
            let is_version = |version: &str| version.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.');
            let version = version.map(|(_, version)| version.as_str()).filter(|version| is_version(version));
            let version = version.unwrap_or("stable");
            // Writing to a String cannot fail.
            write!(
                text,
                "  gateway:\n    image: ${{GATEWAY_IMAGE:-nginx:{version}}}\n    depends_on: [origin]\n    \
                 ports: [\"127.0.0.1:${{PORT:-8080}}:8080\"]\n    \
                 volumes: [\"./nginx.conf:/etc/nginx/nginx.conf:ro\"]\n"
            )
            .expect("a String takes any text");
        }
        None => text.push_str("    ports: [\"127.0.0.1:${PORT:-8080}:8000\"]\n"),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_has_both_ends_of_a_text_and_says_what_is_missing() {
        let text: String = (0..1000).map(|number| format!("line {number}\n")).collect();
        let short = excerpt(&text, 400, "the file");
        assert!(short.len() < 500 && short.starts_with("line 0\nline 1\n") && short.ends_with("\nline 999"), "{short}");
        assert!(short.contains("\n\n# ... 951 lines are in the file\n\n"), "{short}");
        assert_eq!(excerpt("a\nb\n", 400, "the file"), "a\nb");
        let long = excerpt(&"x".repeat(1000), 4000, "the file");
        assert_eq!(long, "x".repeat(LONGEST) + "  # ... the file has the whole line");
    }

    #[test]
    fn a_text_leaves_neither_its_span_nor_its_line() {
        assert_eq!(code("``a`\n"), "``` ``a`\\n ```");
        assert_eq!(plain("<b> *a* [x](y) #1 `c`"), "\\<b\\> \\*a\\* \\[x\\](y) \\#1 \\`c\\`");
        assert!(fenced("````\nx").starts_with("`````text\n"));
    }
}
