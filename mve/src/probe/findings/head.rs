//! The header section: what the response says it is.

use harness::wire::notation::escape;

use super::super::content::is_event_stream;
use super::super::observation::{Head, Observation};
use super::super::request::HOP_BY_HOP;
use super::{Finding, Severity, count, transfer};

/// Media types of streams that are no event streams.
const STREAMS: [&str; 7] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/json-seq",
    "application/stream+json",
    "application/grpc-web+proto",
    "multipart/x-mixed-replace",
];

pub(super) fn findings(seen: &Observation) -> Vec<Finding> {
    let Some(head) = &seen.head else { return Vec::new() };
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(status(seen, head));
    findings.extend(grammar(seen));
    findings.extend(hop_by_hop(seen, head));
    if !matches!(head.status, 200..300) {
        return findings;
    }
    let is_stream = is_stream(seen, head);
    findings.extend(media_type(seen, head));
    findings.extend(transfer::findings(seen, head, is_stream));
    findings.extend(between(head));
    findings
}

/// Whether it is to be judged as a stream: it says so, or looks so.
fn is_stream(seen: &Observation, head: &Head) -> bool {
    let media_type = head.field("content-type").unwrap_or_default();
    let essence = String::from_utf8_lossy(media_type.split(|octet| *octet == b';').next().unwrap_or_default());
    is_event_stream(media_type) || STREAMS.contains(&essence.trim().to_ascii_lowercase().as_str()) || looks_so(seen)
}

/// Whether the content begins as an event stream does.
fn looks_so(seen: &Observation) -> bool {
    ["data:", "event:", "id:", "retry:", ":"].iter().any(|field| seen.content.start.starts_with(field.as_bytes()))
}

/// The field lines of this name, escaped.
pub(super) fn line(head: &Head, name: &str) -> String {
    let lines = head.fields.iter().filter(|(its, _)| its.eq_ignore_ascii_case(name.as_bytes()));
    lines.map(|(name, value)| format!("{}: {}", escape(name), escape(value))).collect::<Vec<_>>().join("; ")
}

/// That there is none of this name.
pub(super) fn absent(head: &Head, name: &str) -> String {
    format!("no {name} among {}", count(head.fields.len(), "field line"))
}

fn status(seen: &Observation, head: &Head) -> Option<Finding> {
    let is_html = head.field("content-type").is_some_and(|value| value.starts_with(b"text/html"));
    let evidence = format!("status {}{}", head.status, if is_html { ", with a page of HTML" } else { "" });
    match head.status {
        200 => None,
        204 => Some(
            Finding::harm("status", "204 tells a reader of events to stop for good: it does not connect again")
                .seen(evidence)
                .by("WHATWG HTML 9.2")
                .cured_by("answer 200 and keep the response open, unless there is nothing to come ever"),
        ),
        301..=303 | 307 | 308 => {
            let Some(to) = head.field("location") else {
                return Some(
                    Finding::harm("redirect", "this is a redirect that leads nowhere")
                        .seen(format!("{evidence}, {}", absent(head, "Location")))
                        .by("RFC 9110 15.4, 10.2.2")
                        .cured_by("send Location, or a status that is no redirect"),
                );
            };
            Some(
                Finding::note("redirect", "this is a redirect, and it was not followed")
                    .seen(format!("{evidence}, Location: {}", escape(to)))
                    .by("RFC 9110 15.4")
                    .cured_by("follow it with --location"),
            )
        }
        408 | 502 | 503 | 504 | 520..=530 => Some(
            Finding::harm("status", "something between answered in the origin's place")
                .seen(evidence)
                .by("RFC 9110 15.6")
                .cured_by("look into the log of what says so, at this moment, for what it says of the origin"),
        ),
        status => {
            let what = if status < 400 { "this is no stream" } else { "the request failed" };
            let reader = "a reader of events gives up on any status but 200";
            let severity = if status < 300 { Severity::Risk } else { Severity::Harm };
            let is_asked = seen.method != "GET" || status >= 400;
            let cure = if is_asked { "see that the request is the one that the server wants: -X, -H, -d" } else { "" };
            Some(
                Finding::new(severity, "status", format!("{what}: {reader}"))
                    .seen(evidence)
                    .by("WHATWG HTML 9.2.2")
                    .cured_by(cure),
            )
        }
    }
}

fn grammar(seen: &Observation) -> Option<Finding> {
    let mut broken = seen.deviations.clone();
    broken.dedup();
    (!broken.is_empty()).then(|| {
        let smuggled = broken.iter().any(|broken| broken.contains("together"));
        let severity = if smuggled { Severity::Harm } else { Severity::Risk };
        Finding::new(
            severity,
            "grammar",
            "the framing is against the grammar: one reader repairs it, the next refuses it",
        )
        .seen(broken.join("; "))
        .by("RFC 9112 2.2, 5, 6")
        .cured_by("leave the framing to the server's library: set neither Transfer-Encoding nor line ends by hand")
    })
}

fn hop_by_hop(seen: &Observation, head: &Head) -> Option<Finding> {
    if !seen.dialled.is_http2 {
        return None;
    }
    let found: Vec<&str> = HOP_BY_HOP.into_iter().filter(|name| head.field(name).is_some()).collect();
    (!found.is_empty()).then(|| {
        Finding::harm("hop-by-hop", "HTTP/2 has no fields of one connection: a reader must drop the whole response")
            .seen(found.iter().map(|name| line(head, name)).collect::<Vec<_>>().join("; "))
            .by("RFC 9113 8.2.2")
            .cured_by(
                "do not set them in the handler: a server of HTTP/1.1 sends its own, and a gateway takes them off",
            )
    })
}

fn media_type(seen: &Observation, head: &Head) -> Option<Finding> {
    let cure = "send Content-Type: text/event-stream";
    match head.field("content-type") {
        None if seen.content.octets() == 0 => None,
        None => Some(
            Finding::harm("media-type", "without a media type a reader of events gives up, and others guess")
                .seen(absent(head, "Content-Type"))
                .by("RFC 9110 8.3; WHATWG HTML 9.2.2")
                .cured_by(cure),
        ),
        Some(media_type) if is_event_stream(media_type) => {
            let text = String::from_utf8_lossy(media_type).to_ascii_lowercase();
            let charset = text.split_once("charset=")?.1.trim_matches(['"', ' ']).to_owned();
            let finding = if charset.starts_with("utf-8") {
                Finding::note(
                    "charset",
                    "an event stream is always UTF-8: charset says nothing, and some tunnels know the bare type only",
                )
            } else {
                Finding::harm("charset", "an event stream is always UTF-8, whatever charset says")
            };
            Some(
                finding
                    .seen(line(head, "content-type"))
                    .by("WHATWG HTML 9.2.5; cloudflare/cloudflared#262")
                    .cured_by(cure),
            )
        }
        Some(_) if looks_so(seen) => Some(
            Finding::harm(
                "media-type",
                "the content is an event stream, and the media type says otherwise: readers give up",
            )
            .seen(format!("{}; the content begins \"{}\"", line(head, "content-type"), escape(&seen.content.start)))
            .by("WHATWG HTML 9.2.2")
            .cured_by(cure),
        ),
        Some(_) => Some(
            Finding::note("media-type", "this is no event stream: its content is not looked into")
                .seen(line(head, "content-type"))
                .by("WHATWG HTML 9.2.2"),
        ),
    }
}

/// Who says that it stands between.
fn between(head: &Head) -> Option<Finding> {
    const NAMES: [&str; 9] = [
        "server",
        "via",
        "x-powered-by",
        "x-cache",
        "cf-ray",
        "x-amz-cf-id",
        "x-envoy-upstream-service-time",
        "x-varnish",
        "x-served-by",
    ];
    let lines: Vec<String> =
        NAMES.into_iter().filter(|name| head.field(name).is_some()).map(|name| line(head, name)).collect();
    (!lines.is_empty()).then(|| {
        Finding::note("between", "this is what names itself on the way")
            .seen(lines.join("; "))
            .by("RFC 9110 7.6.3, 10.2.4")
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::super::observation::Delimited;
    use super::super::synthetic::{Script, rules};
    use super::*;

    fn one_event() -> Script {
        Script::default().content(1, b"data: one\n\n").complete()
    }

    /// What is found beyond the note that every sound response gets: that X-Accel-Buffering has come through.
    fn found(script: Script) -> Vec<(&'static str, &'static str)> {
        let found = findings(&script.seen());
        let said = found.iter().map(|finding| (finding.severity.word(), finding.rule));
        said.filter(|said| *said != ("note", "x-accel-buffering")).collect()
    }

    #[test]
    fn a_response_with_all_that_a_stream_needs_has_no_finding() {
        assert_eq!(found(one_event()), []);
        assert_eq!(rules(&findings(&one_event().seen())), ["x-accel-buffering"]);
    }

    #[rstest]
    #[case::no_media_type("Content-Type", "", &[("harm", "media-type")])]
    #[case::another_media_type("Content-Type", "text/plain", &[("harm", "media-type")])]
    #[case::another_charset("Content-Type", "text/event-stream;charset=latin1", &[("harm", "charset")])]
    #[case::a_charset("Content-Type", "text/event-stream; charset=\"UTF-8\"", &[("note", "charset")])]
    #[case::no_caching_said("Cache-Control", "", &[("risk", "cache-control"), ("note", "no-transform")])]
    #[case::transformed("Cache-Control", "no-store", &[("note", "no-transform")])]
    #[case::kept("Cache-Control", "public, max-age=60, no-transform", &[("harm", "cache-control")])]
    #[case::kept_for_no_time("Cache-Control", "max-age=0, no-transform", &[("risk", "cache-control")])]
    #[case::out_of_a_cache("Age", "30", &[("harm", "cached")])]
    #[case::fresh_out_of_one("Age", "0", &[])]
    #[case::nginx_holds("X-Accel-Buffering", "yes", &[("harm", "x-accel-buffering")])]
    #[case::nginx_shrugs("X-Accel-Buffering", "off", &[("risk", "x-accel-buffering")])]
    #[case::a_tag_of_the_whole("ETag", "\"x\"", &[("risk", "digest")])]
    #[case::somebody_between("Via", "1.1 varnish", &[("note", "between")])]
    #[case::a_length("Content-Length", "11", &[("risk", "length")])]
    #[case::a_coding_not_known("Content-Encoding", "br", &[("risk", "content-coding"), ("risk", "vary")])]
    #[case::a_coding_that_is_none("Content-Encoding", "gzip", &[("harm", "content-coding"), ("risk", "vary")])]
    fn one_field_makes_the_difference(#[case] name: &str, #[case] value: &str, #[case] said: &[(&str, &str)]) {
        // More than the header of gzip takes.
        assert_eq!(found(one_event().field(name, value).content(2, b"data: two, and more\n\n")), said);
    }

    #[rstest]
    #[case::no_content(204, "harm")]
    #[case::a_gateway(502, "harm")]
    #[case::a_gateway_of_cloudflare(524, "harm")]
    #[case::a_refusal(401, "harm")]
    #[case::created(201, "risk")]
    #[case::a_redirect_without_location(302, "harm")]
    fn a_status_that_no_reader_of_events_takes(#[case] status: u16, #[case] severity: &str) {
        let found = findings(&one_event().status(status).seen());
        assert_eq!(found[0].severity.word(), severity, "{found:?}");
        assert!(matches!(found[0].rule, "status" | "redirect"));
    }

    #[test]
    fn a_redirect_that_was_not_followed_is_no_harm() {
        let found = findings(&one_event().status(302).field("Location", "/there\x1b").seen());
        assert_eq!((found[0].severity.word(), found[0].rule), ("note", "redirect"));
        assert_eq!(found[0].evidence, "status 302, Location: /there\\x1b");
    }

    #[test]
    fn fields_of_one_connection_are_against_http_2_alone() {
        let script = || one_event().field("Connection", "keep-alive").field("Transfer-Encoding", "chunked");
        assert_eq!(found(script()), []);
        let found = findings(&script().http2().seen());
        assert_eq!(found[0].rule, "hop-by-hop");
        assert_eq!(found[0].evidence, "Connection: keep-alive; Transfer-Encoding: chunked");
    }

    #[test]
    fn only_the_close_ends_a_response_without_framing() {
        let close = || one_event().delimited(Delimited::Close);
        assert_eq!(found(close()), [("risk", "close-delimited")]);
        let old = findings(&close().version("HTTP/1.0").seen());
        assert!(old[0].cure.contains("proxy_http_version 1.1"), "{old:?}");
    }

    #[test]
    fn a_page_is_not_judged_as_a_stream() {
        let page = one_event().field("Content-Type", "text/html").field("Cache-Control", "max-age=60");
        assert_eq!(found(page.replaced(b"<html>")), [("note", "media-type")]);
    }

    #[test]
    fn a_field_that_drives_a_terminal_is_escaped() {
        let found = findings(&one_event().field("Via", "\x1b[2J").seen());
        assert!(found.iter().any(|finding| finding.evidence.contains("Via: \\x1b[2J")), "{found:?}");
    }
}
