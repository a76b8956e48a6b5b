//! The end: was it one?

use std::time::Duration;

use harness::wire::h1::Malformed;
use harness::wire::notation::escape;

use super::super::ending::{Framing, How, Left};
use super::super::observation::{Delimited, Observation};
use super::super::times::shortly;
use super::{Finding, count, grouped};

pub(super) fn findings(seen: &Observation) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(framing(seen));
    findings.extend(silent(seen));
    findings.extend(left(seen));
    findings.extend(unframed(seen));
    findings
}

/// The last octets, as evidence of where it stopped.
fn last_octets(seen: &Observation) -> String {
    let tail = &seen.content.tail;
    if tail.is_empty() {
        return "no content".to_owned();
    }
    let tail = &tail[tail.len().saturating_sub(40)..];
    format!("{} of content, which end \"{}\"", count(seen.content.octets(), "octet"), escape(tail))
}

fn framing(seen: &Observation) -> Option<Finding> {
    let at = shortly(seen.ending.at);
    let is_over = seen.ending.how.is_the_peers();
    match &seen.framing {
        Framing::Nothing if is_over => Some(
            Finding::harm("no-response", before_a_response(seen))
                .seen(format!("{}, after {at}{}", seen.ending.how, after_interims(seen)))
                .by("RFC 9112 9.5, 8")
                .cured_by("look whether the server, or a gateway before it, crashed or refused the request: its log at this moment"),
        ),
        Framing::Incomplete(why) if is_over => {
            let who = match seen.ending.how {
                How::Rst => "a reset; what had been sent and not read is lost with it",
                How::ResetStream(_) | How::GoAway(_) => "a code of HTTP/2",
                How::NoCloseNotify => "an end that TLS does not vouch for",
                _ => "an orderly close in the wrong place",
            };
            Some(
                Finding::harm("cut", "the stream was cut: every reader can tell")
                    .seen(format!("{why}; {}, {who}; {}, after {at}", seen.ending.how, last_octets(seen)))
                    .by("RFC 9112 8; RFC 9113 8.1; RFC 9112 9.8")
                    .cured_by(
                        "compare the moment with the logs from the origin outwards: the first party that says it ended in \
                         order did not, or was told to (deadline, reload, watchdog)",
                    ),
            )
        }
        Framing::Malformed(why) => {
            let stray = if seen.stray.is_empty() { String::new() } else { format!(": \"{}\"", escape(&seen.stray)) };
            Some(
                Finding::harm("malformed", "the framing breaks: what follows cannot be read")
                    .seen(format!("{why}{stray}; after {at}"))
                    .by("RFC 9112 5, 6.3, 7.1; RFC 9113 8.1.1")
                    .cured_by(unframed_cure(seen, why)),
            )
        }
        _ => None,
    }
}

fn before_a_response(seen: &Observation) -> &'static str {
    if seen.interim.is_empty() {
        "the connection ended before an octet of a response"
    } else {
        "the connection ended before a final response"
    }
}

/// What came before no final response did.
fn after_interims(seen: &Observation) -> String {
    match &seen.interim[..] {
        [] => String::new(),
        [status] => format!(", behind an interim response: {status}"),
        [.., status] => format!(", behind {} interim responses, the last {status}", grouped(seen.interim.len())),
    }
}

/// What to do about octets that nobody can read as what is due.
fn unframed_cure(seen: &Observation, why: &str) -> &'static str {
    const TLS: [&[u8]; 2] = [b"\x15\x03", b"\x16\x03"];
    let is = |fault: Malformed| why == fault.to_string();
    match &seen.head {
        None if why.starts_with("HTTP/1 in place") => "it speaks HTTP/1.1: leave --http2-prior-knowledge out",
        _ if seen.dialled.is_http2 => {
            "ask with --http1.1 whether the stream itself is sound; then look for whose frames these are"
        }
        _ if is(Malformed::FieldLine) => {
            "each line of the header section, and of the trailer section, is a name, a colon and a value: look for who writes \
             this one, a script, a line end inside a value, a field that is added past the server"
        }
        _ if is(Malformed::ContentLength) => {
            "send one Content-Length, in digits, or none: look for who adds another one, the application, a middleware or a \
             gateway"
        }
        None if TLS.iter().any(|record| seen.stray.starts_with(record)) => "it speaks TLS: ask for https",
        None => {
            "what answers does not begin as HTTP/1 does: look for what listens there, and who writes before the server does"
        }
        Some(_) => {
            "octets in place of a chunk are what somebody wrote past the framing: an error page, a panic's text, a hijacked \
             connection"
        }
    }
}

/// Losses that the framing does not tell.
fn silent(seen: &Observation) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !seen.framing.is_complete() {
        return findings;
    }
    if seen.content.has_mark == Some(false) {
        findings.push(
            Finding::harm("no-end-mark", "the framing says complete, and the end mark is missing: this is a cut that no library tells")
                .seen(format!("{}; {}, after {}", seen.framing, last_octets(seen), shortly(seen.ending.at)))
                .by("as in BerriAI/litellm#42085; RFC 9112 8 knows no end marks of applications")
                .cured_by("let the reader treat the missing mark as an error; then look for who ended it in order: `lastchunk matrix` tells which gateways do"),
        );
    }
    if seen.content.events.as_ref().is_some_and(|events| events.pending) {
        findings.push(
            Finding::harm("pending-event", "the last event lacks its empty line, and every reader discards it")
                .seen(format!("{}; {}", seen.framing, last_octets(seen)))
                .by("WHATWG HTML 9.2.6")
                .cured_by("if the origin wrote the empty line, it was cut off on the way; if it did not, end every event with one"),
        );
    }
    if seen.delimited == Delimited::Close && seen.content.has_mark != Some(true) {
        findings.push(
            Finding::risk("end-not-proven", "it ended with the connection: whether this was all, nobody can tell")
                .seen(format!("{} after {}", seen.ending.how, shortly(seen.ending.at)))
                .by("RFC 9112 8")
                .cured_by("tell what the last event is: --expect-end '[DONE]', --expect-end message_stop"),
        );
    }
    findings
}

/// Why we did not wait for the end.
fn left(seen: &Observation) -> Option<Finding> {
    let How::Left(left) = seen.ending.how else { return None };
    match left {
        Left::Full(most) => Some(
            Finding::note("too-much", "the response is longer than is recorded: of its end nothing is known")
                .seen(format!("more than {} octets", grouped(most)))
                .cured_by("bound it: --for 10s"),
        ),
        Left::EndlessHead(most) => Some(
            Finding::harm("endless-head", "the header section does not end")
                .seen(format!("more than {} octets", grouped(most)))
                .by("RFC 9110 5.4")
                .cured_by("look for a field that grows with every request or hop: Set-Cookie, Via, Link"),
        ),
        Left::EndlessInterims(count) => Some(
            Finding::harm("endless-interims", "interim responses come, and no final one")
                .seen(format!("{} interim responses and no final one", grouped(count)))
                .by("RFC 9110 15.2")
                .cured_by("see who sends them, the server or what stands before it: a loop of 100, 102 or 103"),
        ),
        Left::TooManyParts(most) => Some(
            Finding::note(
                "too-much",
                "the response comes in more pieces than are counted: of its end nothing is known",
            )
            .seen(format!("more than {} reads, chunks or frames", grouped(most)))
            .cured_by("bound it: --for 10s"),
        ),
        Left::Unread(octets) => Some(
            Finding::harm("endless-pings", "the peer asks for acknowledgements without end, and reads none")
                .seen(format!("{} octets of them wait", grouped(octets)))
                .by("RFC 9113 10.5")
                .cured_by("see who sends PING or SETTINGS in a loop, the server or what stands before it"),
        ),
        Left::Asked | Left::Bound(_) => quiet(seen),
        Left::Malformed => None,
    }
}

/// So long a silence at the end is worth telling.
const QUIET: Duration = Duration::from_secs(10);
/// And so many times the longest gap before it.
const UNUSUAL: u32 = 5;

/// What was missing when we left before the end.
fn quiet(seen: &Observation) -> Option<Finding> {
    let at = seen.ending.at;
    let Some(first) = seen.first_octet else {
        return Some(
            Finding::risk("silence", "nothing came at all until the probe left")
                .seen(format!("{} without an octet", shortly(at)))
                .by("RFC 9110 15; as in r3labs/sse#57")
                .cured_by(
                    "wait longer, or ask the origin itself: either it does not answer before its first event, or something \
                     holds the answer",
                ),
        );
    };
    if seen.head.is_none() {
        return Some(
            Finding::risk("silence", "octets came, and no final header section was whole until the probe left")
                .seen(format!("{}, {}; the first octet after {}", seen.framing, shortly(at), shortly(first)))
                .by("RFC 9110 15; RFC 9112 2.1")
                .cured_by("ask the origin itself: either it is slow to answer, or something takes its answer in drops"),
        );
    }
    let instants: Vec<Duration> = std::iter::once(first).chain(seen.content.arrivals.iter().map(|it| it.at)).collect();
    let longest = instants.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max().unwrap_or_default();
    let silence = at.saturating_sub(*instants.last()?);
    (silence >= QUIET && silence >= longest * UNUSUAL).then(|| {
        Finding::risk("silence", "it has gone silent, and nothing ended it: a reader waits on, and cannot know better")
            .seen(format!("nothing for {}; before that for {} at most", shortly(silence), shortly(longest)))
            .by("as in encode/httpx#2975; WHATWG HTML 9.2.7")
            .cured_by("send a comment line (\": beat\") every 15 s or so, and let readers give up after several of them are missing")
    })
}

fn unframed(seen: &Observation) -> Option<Finding> {
    (seen.surplus > 0).then(|| {
        Finding::harm(
            "surplus",
            "octets follow the response: the next request on this connection would get them as its answer",
        )
        .seen(format!("{}: \"{}\"", count(seen.surplus, "octet"), escape(&seen.stray)))
        .by("RFC 9112 6.3, 9.2")
        .cured_by(
            "look for who writes after the end: a middleware that appends an error, a Content-Length that is too small",
        )
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::synthetic::{Script, rules};
    use super::*;

    fn two_events() -> Script {
        Script::default().content(1, b"data: one\n\n").content(1000, b"data: two\n\n")
    }

    #[test]
    fn a_whole_stream_has_no_finding() {
        assert_eq!(findings(&two_events().complete().seen()), []);
    }

    #[test]
    fn a_cut_shows_where_it_stopped() {
        let found = findings(&two_events().cut(1500, How::Fin, "2 chunks, no last-chunk").seen());
        assert_eq!(rules(&found), ["cut"]);
        assert_eq!(
            found[0].evidence,
            "2 chunks, no last-chunk; by FIN, an orderly close in the wrong place; 22 octets of content, which end \
             \"data: one\\n\\ndata: two\\n\\n\", after 1.5 s"
        );
    }

    #[test]
    fn what_is_open_when_the_probe_leaves_is_no_cut() {
        let seen = two_events().ended(5000, How::Left(Left::Asked)).seen();
        assert_eq!((findings(&seen), seen.outcome()), (vec![], None));
    }

    #[test]
    fn a_silence_that_is_longer_than_any_before_is_told() {
        let found = |ms| findings(&two_events().ended(ms, How::Left(Left::Asked)).seen());
        assert_eq!(rules(&found(10_900)), [""; 0]);
        let found = found(13_000);
        assert_eq!(rules(&found), ["silence"]);
        assert_eq!(found[0].evidence, "nothing for 12.0 s; before that for 999 ms at most");
        let nothing = findings(&Script::default().no_head().ended(5_000, How::Left(Left::Asked)).seen());
        assert_eq!(nothing[0].evidence, "5.0 s without an octet");
    }

    #[test]
    fn a_header_section_that_is_not_whole_when_the_probe_leaves_is_told() {
        let begun =
            Script::default().no_head().content(2, b"").cut(3_000, How::Left(Left::Asked), "in the header section");
        let found = findings(&begun.seen());
        assert_eq!(rules(&found), ["silence"]);
        assert_eq!(found[0].evidence, "incomplete: in the header section, 3.0 s; the first octet after 2 ms");
    }

    #[test]
    fn the_missing_end_mark_of_a_complete_stream_is_told() {
        let found = findings(&two_events().expect_end("[DONE]").complete().seen());
        assert_eq!(rules(&found), ["no-end-mark"]);
        let found = findings(&two_events().content(1001, b"data: [DONE]\n\n").expect_end("[DONE]").complete().seen());
        assert_eq!(found, []);
    }

    #[test]
    fn an_event_without_its_empty_line_is_told() {
        let found = findings(&two_events().content(1001, b"data: three\n").complete().seen());
        assert_eq!(rules(&found), ["pending-event"]);
    }

    #[test]
    fn an_end_with_the_connection_proves_nothing_unless_the_mark_came() {
        let close = || two_events().delimited(Delimited::Close);
        assert_eq!(rules(&findings(&close().complete().seen())), ["end-not-proven"]);
        assert_eq!(findings(&close().content(2, b"data: [DONE]\n\n").expect_end("[DONE]").complete().seen()), []);
    }

    #[test]
    fn octets_in_place_of_a_chunk_are_shown_escaped() {
        let seen = two_events().ended(7, How::Left(Left::Malformed)).stray(b"\x1b[2J<h1>").seen();
        let seen = Observation { framing: Framing::Malformed("chunk-size is not hexadecimal".to_owned()), ..seen };
        let found = findings(&seen);
        assert_eq!(rules(&found), ["malformed"]);
        assert_eq!(found[0].evidence, "chunk-size is not hexadecimal: \"\\x1b[2J<h1>\"; after 7 ms");
        assert!(found[0].cure.starts_with("octets in place of a chunk"), "{found:?}");
    }

    #[rstest]
    #[case::http1(Script::default().http2(), "HTTP/1 in place of a frame: HTTP/1.1 404", b"", "leave --http2-prior-knowledge out")]
    #[case::frames(Script::default().http2(), "a frame of 16777215 octets", b"", "--http1.1")]
    #[case::tls(Script::default(), "no status-line where one is due", b"\x15\x03\x03\0\x02\x02\x46", "ask for https")]
    #[case::something_else(Script::default(), "no status-line where one is due", b"SSH-2.0", "what listens there")]
    fn the_cure_is_that_of_what_answers(
        #[case] script: Script,
        #[case] why: &str,
        #[case] stray: &[u8],
        #[case] cure: &str,
    ) {
        let seen = script.no_head().ended(7, How::Left(Left::Malformed)).stray(stray).seen();
        let found = findings(&Observation { framing: Framing::Malformed(why.to_owned()), ..seen });
        assert_eq!(rules(&found), ["malformed"]);
        assert!(found[0].cure.contains(cure), "{found:?}");
    }
}
