//! The texts of a bundle that people read: the report, and the chain in containers.

use std::fmt::Write as _;

use harness::verdict::{Outcome, Verdict};
use harness::wire::notation::printable;

use super::Bundle;
use crate::claims::claim;

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
    put(format!("# {}\n", line(&about.says)));
    put(format!("Case `{}`, via {}, outcome **{}**.\n", line(&about.subject), line(&about.via), line(&about.outcome)));
    for id in &about.claims {
        if let Some(claim) = claim(id) {
            put(format!("Claim {id}: {} ({})\n", claim.claim, claim.verdict));
        }
    }
    put(format!("## Expected\n\n{}\n", expected(bundle.outcome())));
    put("## What happened\n".to_owned());
    put(fenced(&bundle.text()));
    put("In each line stand the lane and then the octets, escaped: `o>p` is what went from the origin to the gateway, `p>c` from \
         the gateway to the reader, `c>o` and `o>c` where nothing stands between. What follows `#` is an annotation.\n"
        .to_owned());
    put("## Versions\n".to_owned());
    for (what, version) in &about.versions {
        put(format!("- {}: {}", line(what), line(version)));
    }
    put(String::new());
    if about.redacted.is_empty() {
        put("No field that carries credentials was found. URLs and content are as they were: read them before you post.\n".to_owned());
    } else {
        let names: Vec<String> = about.redacted.iter().map(|name| format!("`{}`", line(name))).collect();
        put(format!(
            "The values of {} are redacted: each octet is an `x`, so lengths are as they were. URLs and content are as they \
             were: read them before you post.\n",
            names.join(", ")
        ));
    }
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
        "# The chain of this bundle. The origin waits for a step: `docker attach` it and press Enter, or give it seconds to\n\
         # wait as a third word of its command. Ask with: curl -N --http1.1 http://127.0.0.1:8080/\n\
         services:\n\
         \x20 origin:\n\
         \x20   image: python:3-slim\n\
         \x20   command: python3 /origin.py 0.0.0.0:8000\n\
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
                "  gateway:\n    image: nginx:{version}\n    depends_on: [origin]\n    ports: [\"127.0.0.1:8080:8080\"]\n    \
                 volumes: [\"./nginx.conf:/etc/nginx/nginx.conf:ro\"]\n"
            )
            .expect("a String takes any text");
        }
        None => text.push_str("    ports: [\"127.0.0.1:8080:8000\"]\n"),
    }
    text
}
