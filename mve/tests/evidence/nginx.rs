//! What nginx does as it is shipped, in every version that is here: the confs are those of the matrix.

use std::thread;
use std::time::Duration;

use fixtures::gateways::{Binary, Description, found};
use harness::gateway::{Described, Program};

use super::Evidence;
use super::stream::{Speaks, Stream};

pub fn evidence() -> Vec<Evidence> {
    vec![
        Evidence::new("nginx::asks_in_http_1_0_up_to_1_28_and_in_http_1_1_in_1_30", None, || on_each(asks)),
        Evidence::new(
            "nginx::ends_a_stream_after_a_minute_of_silence",
            Some("a minute of silence (run by `just evidence`)".to_owned()),
            || on_each(a_minute),
        ),
    ]
}

/// All versions at once: most of the time goes by in waiting.
fn on_each(test: fn(&Description, &Binary)) {
    let nginx = Description::read(&fixtures::gateways::folder("nginx")).expect("the folder is sound");
    let (binaries, _) = found(&nginx);
    assert!(!binaries.is_empty(), "no nginx");
    thread::scope(|scope| {
        for binary in &binaries {
            scope.spawn(|| test(&nginx, binary));
        }
    });
}

fn with(nginx: &Description, binary: &Binary, conf: &str) -> Stream {
    let described =
        Described { description: nginx.clone(), program: Program::Binary(binary.clone()), conf: conf.to_owned() };
    Stream::through(&described, Speaks::Http1)
}

fn asks(nginx: &Description, binary: &Binary) {
    let numbers: Vec<u32> = binary.version.split('.').filter_map(|part| part.parse().ok()).collect();
    let version = if numbers < vec![1, 29] { "http/1.0" } else { "http/1.1" };
    let request = with(nginx, binary, "default").request;
    assert!(request.starts_with(&format!("get /events {version}\r\n")), "nginx {}: {request}", binary.version);
    let request = with(nginx, binary, "streaming").request;
    assert!(request.starts_with("get /events http/1.1\r\n"), "nginx {}: {request}", binary.version);
}

fn a_minute(nginx: &Description, binary: &Binary) {
    // With an hour in place of the minute, and begun earlier.
    let mut outlasts = with(nginx, binary, "streaming");
    let mut cut = with(nginx, binary, "default");
    assert!(!cut.gets_an_event(), "nginx {}: it ends", binary.version);
    let silence = cut.silence();
    assert!(silence >= Duration::from_secs(59), "nginx {}: {silence:?}", binary.version);
    assert!(!cut.is_complete(), "nginx {}: a cut that shows: {}", binary.version, cut.seen());
    assert!(outlasts.sends_an_event() && outlasts.gets_an_event(), "nginx {}: an hour is longer", binary.version);
}
