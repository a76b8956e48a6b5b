//! Responses that are broken at random, by seed: nothing of them drives a terminal, and nothing panics.

use std::time::Duration;

use fastrand::Rng;
use mve::probe::dial::Facts;
use mve::probe::ending::How;
use mve::probe::findings::{findings, resume};
use mve::probe::json::Object;
use mve::probe::observation::{Asked, Observation};
use mve::probe::recording::{Limits, Recording};
use mve::probe::report::report;

const WHOLE: [&[u8]; 4] = [
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nAge: 7\r\nVia: 1.1 x\r\n\r\n\
      f\r\nid: 1\ndata: a\n\n\r\n12\r\nid: 2\ndata: b\r\n\r\n: beat\n\r\n0\r\nX: y\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.0 200 OK\r\nContent-Type: text/event-stream; charset=latin1\r\n\
      Content-Encoding: gzip\r\nX-Accel-Buffering: yes\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\xff\x4a\x49\x2c\x49\xb4\x52",
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Type: text/plain\r\nETag: \"x\"\r\n\r\ndata: a\n\nInternal Server Error",
    b"HTTP/1.1 302 Found\r\nLocation: http://a/\r\nSet-Cookie: a=b\r\nRetry: 5\r\n\r\n<html>\x1b[2J</html>",
];

/// A response with a few octets changed, taken out, or said twice, and perhaps cut.
fn broken(random: &mut Rng) -> Vec<u8> {
    let mut octets = WHOLE[random.usize(..WHOLE.len())].to_vec();
    for _ in 0..random.usize(..6) {
        let at = random.usize(..octets.len());
        match random.u8(..4) {
            0 => octets[at] = random.u8(..),
            1 => drop(octets.drain(at..(at + random.usize(..9)).min(octets.len()))),
            2 => {
                let again = octets[at..(at + random.usize(..40)).min(octets.len())].to_vec();
                octets.splice(at..at, again);
            }
            _ => octets.insert(at, [b'\x1b', b'\r', b'\n', b'\0', 0xff, b':'][random.usize(..6)]),
        }
        if octets.is_empty() {
            return octets;
        }
    }
    let cut = if random.bool() { random.usize(..=octets.len()) } else { octets.len() };
    octets.truncate(cut);
    octets
}

#[test]
fn no_response_drives_a_terminal_or_ends_the_program() {
    for seed in 0..3000 {
        let mut random = Rng::with_seed(seed);
        let octets = broken(&mut random);
        let limits = Limits { octets: 400, head: 300, parts: 60 };
        let mut recording = Recording::new("GET", "a test", if seed % 3 == 0 { limits } else { Limits::default() });
        let mut rest = octets.as_slice();
        while !rest.is_empty() {
            let (read, later) = rest.split_at(random.usize(1..=rest.len()));
            recording.received(read);
            rest = later;
        }
        recording.ended(if random.bool() { How::Fin } else { How::Rst });
        let asked = Asked {
            url: "http://a/".to_owned(),
            method: "GET".to_owned(),
            dialled: Facts {
                address: "127.0.0.1:1".parse().expect("an address"),
                name: None,
                connect: Duration::ZERO,
                tls: None,
                is_http2: false,
            },
            expect_end: random.bool().then(|| "a".to_owned()),
        };
        let seen = Observation::of_http1(asked, &recording.finish());
        let mut found = findings(&seen);
        match resume::ask(&seen) {
            Ok(asked) => found.extend(resume::judge(&asked, &seen).findings),
            Err(finding) => found.push(finding),
        }
        let text = report(&seen, &found);
        let is_safe = text.bytes().all(|octet| octet == b'\n' || (b' '..=b'~').contains(&octet));
        assert!(is_safe, "seed {seed}: {text:?}");
        let json = serde_json::to_string(&Object::of(&seen, 1, &found, None)).expect("an object");
        assert!(json.bytes().all(|octet| octet >= b' '), "seed {seed}: {json}");
    }
}
