//! The header section: what coding, framing and caching do to a stream.

use harness::wire::notation::escape;

use super::super::content::Coding;
use super::super::observation::{Delimited, Head, Observation};
use super::head::{absent, line};
use super::{Finding, grouped};

pub(super) fn findings(seen: &Observation, head: &Head, is_stream: bool) -> Vec<Finding> {
    let mut findings = coding(seen, head, is_stream);
    if is_stream {
        findings.extend(length(seen));
        findings.extend(close_delimited(seen, head));
        findings.extend(caching(seen, head));
        findings.extend(collected(head));
        findings.extend(accel(head));
    }
    findings
}

fn coding(seen: &Observation, head: &Head, is_stream: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let said = line(head, "content-encoding");
    match &seen.content.coding {
        Coding::Identity => {}
        Coding::Broken(name, why) => findings.push(
            Finding::harm("content-coding", format!("the content is not the {name} that it is said to be"))
                .seen(format!("{said}; {why}"))
                .by("RFC 9110 8.4")
                .cured_by("see that nothing writes past the compressor, and that nothing compresses twice"),
        ),
        Coding::Bomb(name, most) => findings.push(
            Finding::harm("content-coding", format!("the {name} swells without an end: it was not decoded further"))
                .seen(format!("{said}; more than {} octets out of {}", grouped(*most), grouped(seen.content.octets())))
                .by("RFC 9110 8.4")
                .cured_by(""),
        ),
        Coding::Unknown(name) => findings.push(
            Finding::risk(
                "content-coding",
                format!("the stream is compressed ({name}), which is not taken off here: events are not counted"),
            )
            .seen(said)
            .by("RFC 9110 8.4, 12.5.3")
            .cured_by(
                "probe again with -H 'Accept-Encoding: gzip', or without compression: -H 'Accept-Encoding: identity'",
            ),
        ),
        Coding::Decoded(name) if is_stream => findings.push(
            Finding::risk(
                "content-coding",
                format!(
                    "the stream is compressed ({name}): a compressor that is not flushed after each event holds it"
                ),
            )
            .seen(said)
            .by("RFC 9110 8.4; traefik/traefik#2576, vercel/next.js#9965")
            .cured_by(
                "leave text/event-stream out of what is compressed, or send Cache-Control: no-transform; see the pace",
            ),
        ),
        Coding::Decoded(_) => {}
    }
    if seen.content.coding != Coding::Identity
        && !head.list("vary").iter().any(|name| matches!(name.as_str(), "*" | "accept-encoding"))
    {
        findings.push(
            Finding::risk("vary", "a cache would give the compressed content to readers that cannot read it")
                .seen(format!("{} and no Vary: Accept-Encoding", line(head, "content-encoding")))
                .by("RFC 9110 12.5.5; RFC 9111 4.1")
                .cured_by("send Vary: Accept-Encoding wherever the coding depends on the request"),
        );
    }
    findings
}

fn length(seen: &Observation) -> Option<Finding> {
    let head = seen.head.as_ref()?;
    head.field("content-length")?;
    Some(
        Finding::risk(
            "length",
            "the length was known before the first octet was sent: something had it all, or made it up",
        )
        .seen(line(head, "content-length"))
        .by("RFC 9112 6.2; RFC 9110 8.6")
        .cured_by("do not set Content-Length on a stream; if the handler does not, look for what collects the content"),
    )
}

fn close_delimited(seen: &Observation, head: &Head) -> Option<Finding> {
    (seen.delimited == Delimited::Close).then(|| {
        let old = head.version == "HTTP/1.0";
        Finding::risk("close-delimited", "only the close ends this stream: a cut looks like an end")
            .seen(format!("{}, neither Transfer-Encoding nor Content-Length", head.version))
            .by("RFC 9112 6.3 rule 8, 8")
            .cured_by(if old {
                "answer in HTTP/1.1 with chunks; behind nginx: proxy_http_version 1.1"
            } else {
                "let the server frame in chunks: no Connection: close set by hand, no content written past the library"
            })
    })
}

fn caching(seen: &Observation, head: &Head) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(age) = head.field("age").filter(|age| age.iter().any(|digit| matches!(digit, b'1'..=b'9'))) {
        findings.push(
            Finding::harm("cached", "this stream came out of a cache: it is an old one, replayed")
                .seen(format!("Age: {}", escape(age)))
                .by("RFC 9111 5.1")
                .cured_by("send Cache-Control: no-store, and take it out of the cache"),
        );
    }
    let cache = head.list("cache-control");
    let has = |name: &str| cache.iter().any(|directive| directive.split('=').next() == Some(name));
    if !(has("no-store") || has("no-cache") || has("private") && has("max-age=0")) {
        let lives = cache.iter().any(|directive| {
            directive.split_once('=').is_some_and(|(name, seconds)| {
                matches!(name, "max-age" | "s-maxage") && seconds.trim_matches('"').parse().is_ok_and(|s: u64| s > 0)
            })
        });
        let seen_of_it = if cache.is_empty() { absent(head, "Cache-Control") } else { line(head, "cache-control") };
        if lives {
            findings.push(
                Finding::harm("cache-control", "a cache may keep this stream and replay it to the next reader")
                    .seen(seen_of_it)
                    .by("RFC 9111 3, 4.2")
                    .cured_by("send Cache-Control: no-store"),
            );
        } else if seen.method == "GET" || seen.method == "HEAD" {
            findings.push(
                Finding::risk("cache-control", "nothing forbids a cache to keep this stream")
                    .seen(seen_of_it)
                    .by("RFC 9111 3, 4.2.2; WHATWG HTML 9.2.2")
                    .cured_by("send Cache-Control: no-store (no-cache still allows storing)"),
            );
        }
    }
    if !has("no-transform") && seen.content.coding == Coding::Identity {
        findings.push(
            Finding::note("no-transform", "nothing forbids a gateway to compress this stream, which may hold it")
                .seen(if cache.is_empty() { absent(head, "Cache-Control") } else { line(head, "cache-control") })
                .by("RFC 9111 5.2.2.6; RFC 9110 7.7")
                .cured_by("add no-transform to Cache-Control"),
        );
    }
    findings
}

fn collected(head: &Head) -> Option<Finding> {
    let name =
        ["etag", "content-md5", "digest", "content-digest"].into_iter().find(|name| head.field(name).is_some())?;
    Some(
        Finding::risk(
            "digest",
            "a value over the whole content stands before it: a middleware read the stream to its end",
        )
        .seen(line(head, name))
        .by("RFC 9110 8.8.3; rails/rails#38842")
        .cured_by("take the middleware that makes it off this path"),
    )
}

fn accel(head: &Head) -> Option<Finding> {
    let Some(value) = head.field("x-accel-buffering") else {
        return Some(
            Finding::note(
                "x-accel-buffering",
                "the origin does not tell nginx to pass this on at once (or an nginx was told, and took the field off)",
            )
            .seen(absent(head, "X-Accel-Buffering"))
            .by("nginx: proxy_buffering")
            .cured_by("send X-Accel-Buffering: no from the origin; it does no harm elsewhere"),
        );
    };
    let seen = line(head, "x-accel-buffering");
    let finding = if value.eq_ignore_ascii_case(b"no") {
        Finding::note(
            "x-accel-buffering",
            "the field has come through: no nginx that heeds it stands behind what sent it (nginx takes it off)",
        )
    } else if value.eq_ignore_ascii_case(b"yes") {
        Finding::harm("x-accel-buffering", "the origin asks nginx to hold the stream")
            .cured_by("send X-Accel-Buffering: no")
    } else {
        Finding::risk("x-accel-buffering", "nginx knows yes and no, and takes no notice of this")
            .cured_by("send X-Accel-Buffering: no")
    };
    Some(finding.seen(seen).by("nginx: proxy_buffering, proxy_pass_header; claim C59"))
}
