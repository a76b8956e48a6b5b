//! An observation for people: plain words, with the evidence beside them.

use std::fmt::Write as _;

use harness::verdict::Outcome;
use harness::wire::notation::{escape, printable};

use super::ending::How;
use super::findings::{Finding, Histogram, count, grouped};
use super::observation::{Delimited, Observation};
use super::times::shortly;

/// The widest bar of the histogram.
const BAR: usize = 40;
/// So many octets of a field value are shown at most.
const VALUE: usize = 300;

/// What a probe has come to, in lines.
#[must_use]
pub fn report(seen: &Observation, findings: &[Finding]) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    (|| {
        writeln!(text, "{} {}", printable(&seen.method), seen.url)?;
        writeln!(text, "  {}", connection(seen))?;
        head(&mut text, seen)?;
        content(&mut text, seen)?;
        end(&mut text, seen)?;
        list(&mut text, findings)
    })()
    .expect("a String takes any text");
    text
}

fn connection(seen: &Observation) -> String {
    let facts = &seen.dialled;
    let mut parts = vec![facts.address.to_string()];
    parts.extend(facts.tls.map(|(_, version)| version.to_owned()));
    if facts.is_http2 {
        parts.push("HTTP/2".to_owned());
    }
    let mut times = Vec::new();
    times.extend(facts.name.map(|name| format!("name {}", shortly(name))));
    times.push(format!("connection {}", shortly(facts.connect)));
    times.extend(facts.tls.map(|(tls, _)| format!("TLS {}", shortly(tls))));
    format!("{}: {}", parts.join(", "), times.join(", "))
}

fn head(text: &mut String, seen: &Observation) -> std::fmt::Result {
    writeln!(text)?;
    for status in &seen.interim {
        writeln!(text, "{status} (interim)")?;
    }
    let Some(head) = &seen.head else { return writeln!(text, "no header section") };
    writeln!(text, "{} {}", head.version, head.status)?;
    for (name, value) in &head.fields {
        let is_secret = name.eq_ignore_ascii_case(b"set-cookie");
        let value = match value.len() {
            length if is_secret => format!("(redacted: {})", count(length, "octet")),
            length if length > VALUE => format!("{} ... ({})", escape(&value[..VALUE]), count(length, "octet")),
            _ => escape(value),
        };
        writeln!(text, "  {}: {value}", escape(name))?;
    }
    Ok(())
}

fn content(text: &mut String, seen: &Observation) -> std::fmt::Result {
    writeln!(text, "\ncontent")?;
    let content = &seen.content;
    let mut parts = Vec::new();
    if let Some(events) = &content.events {
        parts.push(count(events.dispatched, "event"));
        if events.comments > 0 {
            parts.push(count(events.comments, "comment"));
        }
    }
    parts.push(count(content.octets(), "octet"));
    let pieces = match seen.delimited {
        Delimited::Chunks => format!("{}, ", count(seen.pieces.len(), "chunk")),
        Delimited::Frames => format!("{}, ", count(seen.pieces.len(), "DATA frame")),
        _ => String::new(),
    };
    writeln!(text, "  {} ({pieces}{})", parts.join(", "), count(content.arrivals.len(), "read"))?;
    let mut times = Vec::new();
    times.extend(seen.first_octet.map(|at| format!("first octet {}", shortly(at))));
    times.extend(seen.head.as_ref().map(|head| format!("header section {}", shortly(head.at))));
    times.extend(content.arrivals.first().map(|first| format!("content {}", shortly(first.at))));
    let first = content.events.as_ref().and_then(|events| events.timed.first());
    times.extend(first.map(|first| format!("first event {}", shortly(first.at))));
    if !times.is_empty() {
        writeln!(text, "  {} after the request", times.join(", "))?;
    }
    histogram(text, &Histogram::of(seen))
}

fn histogram(text: &mut String, histogram: &Histogram) -> std::fmt::Result {
    let Some(most) = histogram.counts.iter().max().filter(|most| **most > 0) else { return Ok(()) };
    writeln!(text, "  gaps between events")?;
    let shown = Histogram::NAMES.iter().zip(histogram.counts);
    let first = histogram.counts.iter().position(|count| *count > 0).unwrap_or_default();
    let last = histogram.counts.iter().rposition(|count| *count > 0).unwrap_or_default();
    let width = grouped(*most).len();
    for (name, gaps) in shown.skip(first).take(last + 1 - first) {
        let bar = "#".repeat((gaps * BAR).div_ceil(*most));
        writeln!(text, "{}", format!("    {name:>8}  {:>width$}  {bar}", grouped(gaps)).trim_end())?;
    }
    Ok(())
}

fn end(text: &mut String, seen: &Observation) -> std::fmt::Result {
    writeln!(text, "\nend")?;
    let pending = seen.content.events.as_ref().is_some_and(|events| events.pending);
    let pending = match (pending, seen.ending.how.is_the_peers()) {
        (false, _) => "",
        (true, true) => "; pending event discarded",
        (true, false) => "; an event is pending",
    };
    writeln!(text, "  {}{pending}", seen.framing)?;
    match seen.ending.how {
        How::Left(left) => writeln!(
            text,
            "  its end was not seen: {left}; the probe left {} after the request",
            shortly(seen.ending.at)
        )?,
        ref how => writeln!(text, "  ended {how}, {} after the request", shortly(seen.ending.at))?,
    }
    writeln!(text, "  outcome: {}", seen.outcome().map_or("open", Outcome::name))
}

fn list(text: &mut String, findings: &[Finding]) -> std::fmt::Result {
    if findings.is_empty() {
        return writeln!(text, "\nnothing to find fault with");
    }
    writeln!(text, "\nfindings")?;
    for finding in findings {
        writeln!(text, "  {:<4}  {}: {}", finding.severity, finding.rule, finding.what)?;
        for (name, said) in [("seen", finding.evidence.as_str()), ("by", finding.clause), ("cure", &finding.cure)] {
            if !said.is_empty() {
                writeln!(text, "        {name:<4}  {said}")?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::findings::findings;
    use super::super::findings::synthetic::Script;
    use super::*;

    fn told(script: Script) -> String {
        let seen = script.seen();
        report(&seen, &findings(&seen))
    }

    #[test]
    fn a_sound_stream() {
        let script =
            (0..5).fold(Script::default(), |script, n| script.content(50 + n * 400, b"id: 1\ndata: x\n\n: beat\n\n"));
        insta::assert_snapshot!(told(script.complete()), @r#"
        GET https://stream.test/events
          192.0.2.1:443, TLS 1.3: name 2 ms, connection 11 ms, TLS 23 ms

        HTTP/1.1 200
          Content-Type: text/event-stream
          Cache-Control: no-store, no-transform
          X-Accel-Buffering: no

        content
          5 events, 5 comments, 115 octets (5 chunks, 5 reads)
          first octet 0 ms, header section 0 ms, content 50 ms, first event 50 ms after the request
          gaps between events
               < 1 s  4  ########################################

        end
          complete (last-chunk)
          ended with the message, 1.6 s after the request
          outcome: intact

        findings
          note  x-accel-buffering: the field has come through: no nginx that heeds it stands behind what sent it (nginx takes it off)
                seen  X-Accel-Buffering: no
                by    nginx: proxy_buffering, proxy_pass_header; claim C59
        "#);
    }

    #[test]
    fn a_stream_that_is_held_and_dies() {
        let half = b"data: 0123456789abcdef0123456789\n\n".repeat(121)[..4096].to_vec();
        let script = Script::default()
            .field("Cache-Control", "")
            .field("X-Accel-Buffering", "")
            .field("Set-Cookie", "secret")
            .field("Server", "nginx\x1b[2J")
            .content(4_000, &half)
            .content(9_000, &half)
            .head_at(4_000)
            .cut(69_020, How::Fin, "2 chunks, no last-chunk");
        insta::assert_snapshot!(told(script), @r#"
        GET https://stream.test/events
          192.0.2.1:443, TLS 1.3: name 2 ms, connection 11 ms, TLS 23 ms

        HTTP/1.1 200
          Content-Type: text/event-stream
          Set-Cookie: (redacted: 6 octets)
          Server: nginx\x1b[2J

        content
          240 events, 8,192 octets (2 chunks, 2 reads)
          first octet 4.0 s, header section 4.0 s, content 4.0 s, first event 4.0 s after the request
          gaps between events
              < 1 ms  238  ########################################
             < 10 ms    0
            < 100 ms    0
               < 1 s    0
              < 10 s    1  #

        end
          incomplete: 2 chunks, no last-chunk; pending event discarded
          ended by FIN, 69.0 s after the request
          outcome: cut-visible

        findings
          harm  held-by-buffer: a buffer of 4,096 octets holds the stream until it is full (nginx's proxy_buffer_size and proxy_buffers (4k pages), Go's and Python's buffered writers)
                seen  pauses after 4,096 octets of content; 1 of 1 pause fell inside a line; the longest took 5.0 s
                by    as in nginx/nginx#1505, traefik/traefik#2576, golang/go#74021
                cure  probe the origin itself: if it does not hold, what stands between does (nginx: proxy_buffering off or X-Accel-Buffering: no from the origin, and proxy_http_version 1.1); if it does, flush after every event
          harm  cut: the stream was cut: every reader can tell
                seen  2 chunks, no last-chunk; by FIN, an orderly close in the wrong place; 8,192 octets of content, which end "456789abcdef0123456789\n\ndata: 0123456789", after 69.0 s
                by    RFC 9112 8; RFC 9113 8.1; RFC 9112 9.8
                cure  compare the moment with the logs from the origin outwards: the first party that says it ended in order did not, or was told to (deadline, reload, watchdog)
          harm  round-number: it died 60.0 s of silence: this is a clock
                seen  60 s is the default of: nginx's proxy_read_timeout (https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout); AWS ALB's idle timeout (Wave-RF/WaveHouse#346); HAProxy's timeout client and timeout server in Red Hat's conf (https://docs.redhat.com/en/documentation/Red_Hat_Enterprise_Linux/7/html/Load_Balancer_Administration/s1-haproxy-setup-defaults)
                by    as in golang/go#16100, envoyproxy/envoy#8517, haproxy/haproxy#182
                cure  send a comment line (": beat") more often than that, or raise that clock
          risk  cache-control: nothing forbids a cache to keep this stream
                seen  no Cache-Control among 3 field lines
                by    RFC 9111 3, 4.2.2; WHATWG HTML 9.2.2
                cure  send Cache-Control: no-store (no-cache still allows storing)
          note  no-transform: nothing forbids a gateway to compress this stream, which may hold it
                seen  no Cache-Control among 3 field lines
                by    RFC 9111 5.2.2.6; RFC 9110 7.7
                cure  add no-transform to Cache-Control
          note  x-accel-buffering: the origin does not tell nginx to pass this on at once (or an nginx was told, and took the field off)
                seen  no X-Accel-Buffering among 3 field lines
                by    nginx: proxy_buffering
                cure  send X-Accel-Buffering: no from the origin; it does no harm elsewhere
          note  between: this is what names itself on the way
                seen  Server: nginx\x1b[2J
                by    RFC 9110 7.6.3, 10.2.4
        "#);
    }

    #[test]
    fn no_response() {
        insta::assert_snapshot!(told(Script::default().no_head().ended(12, How::Rst)), @r#"
        GET https://stream.test/events
          192.0.2.1:443, TLS 1.3: name 2 ms, connection 11 ms, TLS 23 ms

        no header section

        content
          0 octets (0 chunks, 0 reads)

        end
          no response
          ended by RST, 12 ms after the request
          outcome: cut-visible

        findings
          harm  no-response: the connection ended before an octet of a response
                seen  by RST, after 12 ms
                by    RFC 9112 9.5, 8
                cure  look whether the server, or a gateway before it, crashed or refused the request: its log at this moment
        "#);
    }
}
