//! The pace: does something hold the stream back?
//!
//! Nobody outside can see a buffer. What can be seen is content that comes in lumps with pauses between them; and when
//! a lump ends where no handler would end a write, inside a line, or again and again after the same number of octets,
//! then it was a buffer that ended it.

use std::time::Duration;

use super::super::content::Coding;
use super::super::observation::Observation;
use super::super::times::shortly;
use super::lumps::{Lump, lumps};
use super::{Finding, Severity, count, grouped};

/// A wait of this length before the first octet is worth asking why.
const LONG: Duration = Duration::from_secs(2);
/// So many events together are a lump, on average.
const SEVERAL: usize = 3;

/// Sizes of buffers that are known: of what.
const BUFFERS: [(usize, &str); 7] = [
    (1024, "a small buffer of a server's library"),
    (2048, "net/http's content buffer"),
    (4096, "nginx's proxy_buffer_size and proxy_buffers (4k pages), Go's and Python's buffered writers"),
    (8192, "nginx's proxy_buffer_size and proxy_buffers (8k pages), Java's and Apache's output buffers"),
    (16384, "Envoy's and HAProxy's buffers, a TLS record, a frame of HTTP/2"),
    (32768, "Go's copy buffer, a compressor's window"),
    (65536, "a compressor's block, the initial window of HTTP/2"),
];

pub(super) fn findings(seen: &Observation) -> Vec<Finding> {
    let lumps = lumps(seen);
    let mut findings = Vec::new();
    let at_buffers = at_buffers(seen, &lumps);
    let is_held = at_buffers.is_some();
    findings.extend(at_buffers);
    if let Some(finding) = all_at_once(seen, &lumps) {
        findings.push(finding);
    } else if !is_held {
        findings.extend(bursts(seen, &lumps));
    }
    if findings.iter().all(|finding| finding.severity != Severity::Harm) {
        findings.extend(late_head(seen));
    }
    findings
}

/// What to do against holding, by what is known of the response.
fn cure(seen: &Observation) -> String {
    let compressed = seen.content.coding != Coding::Identity;
    let mut cure = String::new();
    if compressed {
        cure.push_str("first without compression: -H 'Accept-Encoding: identity'; ");
    }
    cure.push_str(
        "probe the origin itself: if it does not hold, what stands between does (nginx: proxy_buffering off or \
         X-Accel-Buffering: no from the origin, and proxy_http_version 1.1); if it does, flush after every event",
    );
    cure
}

/// The buffer of a size, if that is known.
fn buffer(octets: usize) -> Option<&'static str> {
    BUFFERS.iter().find(|(size, _)| *size == octets).map(|(_, what)| *what)
}

/// Lumps, or chunks, that end where a buffer was full.
fn at_buffers(seen: &Observation, lumps: &[Lump]) -> Option<Finding> {
    // The last one ends with the stream.
    let (_, before) = lumps.split_last()?;
    let cut = before.iter().filter(|lump| lump.inside_line).count();
    let offsets = before.iter().scan(0, |sum, lump| {
        *sum += lump.octets;
        Some(*sum)
    });
    let at_offset = |size: usize| offsets.clone().filter(|offset| offset.is_multiple_of(size)).count();
    let of_size = |size: usize| before.iter().filter(|lump| lump.octets == size).count();
    let chunks = |size: usize| seen.pieces.iter().filter(|piece| **piece == size).count();
    // The largest that explains it: what is a multiple of 8,192 is one of 4,096 too.
    let explains = |size: usize| {
        let at = at_offset(size).max(of_size(size));
        let most = at * 3 >= before.len() * 2;
        most && (at >= 2 || cut >= 1) || cut >= 1 && chunks(size) >= 2
    };
    let known = BUFFERS.iter().rev().map(|(size, _)| *size).find(|size| explains(*size));
    let repeated = || before.iter().map(|lump| lump.octets).find(|size| *size >= 512 && of_size(*size) >= 2);
    let size = known.or_else(|| repeated().filter(|_| cut >= 2));
    let pauses = before.len();
    let longest = lumps.windows(2).map(|pair| pair[1].at - pair[0].until).max().unwrap_or_default();
    let cut_of =
        format!("{cut} of {} fell inside a line; the longest took {}", count(pauses, "pause"), shortly(longest));
    if let Some(size) = size {
        let whose = buffer(size).map_or_else(String::new, |whose| format!(" ({whose})"));
        let evidence =
            format!("pauses after {} octets of content; {cut_of}", some(offsets.clone().map(grouped).collect()));
        return Some(
            Finding::harm(
                "held-by-buffer",
                format!("a buffer of {} octets holds the stream until it is full{whose}", grouped(size)),
            )
            .seen(evidence)
            .by("as in nginx/nginx#1505, traefik/traefik#2576, golang/go#74021")
            .cured_by(cure(seen)),
        );
    }
    (cut >= 2 || cut >= 1 && pauses <= 2).then(|| {
        Finding::risk(
            "cut-lines",
            "the stream paused inside a line: a handler writes whole events, so something else cut it",
        )
        .seen(format!("pauses after {} octets of content; {cut_of}", some(offsets.map(grouped).collect())))
        .by("as in nginx/nginx#1505, traefik/traefik#2576")
        .cured_by(cure(seen))
    })
}

/// The first few of some things.
fn some(things: Vec<String>) -> String {
    const FEW: usize = 6;
    let more = if things.len() > FEW { ", ..." } else { "" };
    format!("{}{more}", things[..things.len().min(FEW)].join("; "))
}

/// Nothing for long, then everything.
fn all_at_once(seen: &Observation, lumps: &[Lump]) -> Option<Finding> {
    let [only] = lumps else { return None };
    let is_all = seen.framing.is_complete() && only.events >= SEVERAL && only.at >= LONG;
    is_all.then(|| {
        Finding::harm(
            "held-to-the-end",
            "nothing came for long, and then the whole stream at once: it was held to its end",
        )
        .seen(format!(
            "{} after {}, all within {}",
            count(only.events, "event"),
            shortly(only.at),
            shortly(only.until - only.at)
        ))
        .by("as in nginx/nginx#1505, golang/go#74021")
        .cured_by(cure(seen))
    })
}

/// Events that come several at a time.
fn bursts(seen: &Observation, lumps: &[Lump]) -> Option<Finding> {
    let events: usize = lumps.iter().map(|lump| lump.events).sum();
    let with_events = lumps.iter().filter(|lump| lump.events > 0).count();
    (with_events >= 3 && events >= SEVERAL * with_events).then(|| {
        let longest = lumps.windows(2).map(|pair| pair[1].at - pair[0].until).max().unwrap_or_default();
        Finding::risk("bursts", "events come in bursts: either they are made so, or something collects them")
            .seen(format!(
                "{} in {}, up to {} apart",
                count(events, "event"),
                count(with_events, "burst"),
                shortly(longest)
            ))
            .by("as in traefik/traefik#2576, vercel/next.js#9965")
            .cured_by(cure(seen))
    })
}

/// A header section that comes late, and only with the content.
fn late_head(seen: &Observation) -> Option<Finding> {
    let head = seen.head.as_ref()?;
    let first = seen.content.arrivals.first()?;
    let together = first.at.saturating_sub(head.at) < Duration::from_millis(5);
    (head.at >= LONG && together && head.status == 200).then(|| {
        Finding::risk("late-head", "the header section came only with the first octets of content: until then a reader does not know that it is connected")
            .seen(format!("header section after {}, content {} later", shortly(head.at), shortly(first.at - head.at)))
            .by("as in r3labs/sse#57")
            .cured_by("flush once before the first event, or begin with a comment line: \": ok\"")
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::ending::{How, Left};
    use super::super::synthetic::{Script, rules};
    use super::*;

    /// Events of 100 octets, `apart_ms` apart, that pass a buffer of `buffer` octets.
    fn buffered(events: usize, apart_ms: u64, buffer: usize) -> Script {
        let mut script = Script::default();
        let all: Vec<u8> = (0..events).flat_map(|n| format!("data: {n:0>92}\n\n").into_bytes()).collect();
        let mut sent = 0;
        for n in 0..events {
            let written = (n + 1) * 100;
            while written - sent >= buffer {
                script = script.content(1 + apart_ms * n as u64, &all[sent..sent + buffer]);
                sent += buffer;
            }
        }
        script.content(1 + apart_ms * events as u64, &all[sent..]).complete()
    }

    #[test]
    fn events_that_come_one_by_one_are_not_held() {
        let mut script = Script::default();
        for n in 0..20 {
            script = script.content(100 + n * 500, b"data: x\n\n");
        }
        assert_eq!(rules(&findings(&script.complete().seen())), [""; 0]);
    }

    #[test]
    fn a_burst_of_tokens_without_pauses_is_not_held() {
        let mut script = Script::default();
        for n in 0..500 {
            script = script.content(100 + n * 20, b"data: x\n\n");
        }
        assert_eq!(rules(&findings(&script.complete().seen())), [""; 0]);
    }

    #[test]
    fn pauses_at_a_known_size_name_the_buffer() {
        for size in [4096, 8192, 16384] {
            let found = findings(&buffered(500, 10, size).seen());
            assert_eq!(rules(&found), ["held-by-buffer"], "{size}");
            assert!(
                found[0].what.starts_with(&format!("a buffer of {} octets holds", grouped(size))),
                "{}",
                found[0].what
            );
        }
    }

    #[test]
    fn pauses_at_another_size_name_it_too() {
        let found = findings(&buffered(500, 10, 5000 - 7).seen());
        assert_eq!(found[0].what, "a buffer of 4,993 octets holds the stream until it is full");
    }

    /// As nginx 1.28.3 was seen to pass on an event of 86 octets a second: the first lump is a buffer without the header
    /// section that it had room for.
    #[test]
    fn nginx_as_it_ships_is_known_by_its_buffer() {
        let all = format!("data: {}\n\n", "x".repeat(78)).repeat(150).into_bytes();
        let script = Script::default()
            .content(46_000, &all[..4025])
            .content(93_100, &all[4025..8121])
            .content(140_200, &all[8121..12_217]);
        let found = findings(&script.ended(150_000, How::Left(Left::Asked)).seen());
        assert_eq!(rules(&found), ["held-by-buffer"]);
        assert!(found[0].what.starts_with("a buffer of 4,096 octets holds"), "{}", found[0].what);
    }

    #[test]
    fn one_pause_at_a_full_buffer_is_enough_if_it_cuts_a_line() {
        let found = findings(&buffered(50, 20, 4096).seen());
        assert_eq!(rules(&found), ["held-by-buffer"]);
        assert_eq!(
            found[0].evidence,
            "pauses after 4,096 octets of content; 1 of 1 pause fell inside a line; the longest took 200 ms"
        );
    }

    #[test]
    fn nothing_and_then_all_is_held_to_the_end() {
        let mut script = Script::default();
        for n in 0..40 {
            script = script.content(12_000 + n / 10, b"data: x\n\n");
        }
        let found = findings(&script.head_at(12_000).complete().seen());
        assert_eq!(rules(&found), ["held-to-the-end"]);
        assert_eq!(found[0].evidence, "40 events after 12.0 s, all within 3 ms");
    }

    #[test]
    fn bursts_are_a_risk_as_they_may_be_meant() {
        let mut script = Script::default();
        for burst in 0..5 {
            script = script.content(100 + burst * 1000, &b"data: x\n\n".repeat(6));
        }
        let found = findings(&script.complete().seen());
        assert_eq!(rules(&found), ["bursts"]);
        assert_eq!(found[0].evidence, "30 events in 5 bursts, up to 1.0 s apart");
    }
}
