//! The interpreter of event streams against a browser's: the same streams are served to Chromium's `EventSource`, and what
//! it dispatches is compared event by event.
//!
//! Nothing waits on a clock. A page opens an `EventSource` a stream. The response ends, and the `EventSource` reports it;
//! it comes back with its last event ID, and is told by 204 to come no more (WHATWG HTML 9.2.3), which it reports too:
//! then the page has seen all there is to see, and posts it.

#[path = "browser/page.rs"]
mod page;
#[path = "browser/streams.rs"]
mod streams;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use harness::patience;
use harness::wire::events::{Decoder, Event};

use page::{Site, Visit};
use streams::{STREAMS, types};

/// Debian's name for it, and others'.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// `LASTCHUNK_CHROMIUM`, or the first on `PATH`.
fn chromium() -> PathBuf {
    let named = std::env::var_os("LASTCHUNK_CHROMIUM").filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).flat_map(|folder| NAMES.map(|name| folder.join(name)));
    let found = named.or_else(|| on_path.into_iter().find(|file| file.is_file()));
    found.expect("no Chromium: apt-get install chromium, or set LASTCHUNK_CHROMIUM=PATH")
}

/// What the decoder makes of a stream, in the browser's terms.
fn decoded(octets: &[u8]) -> Visit {
    let mut decoder = Decoder::new();
    let events = decoder.push(octets);
    let plain = |event: &Event| {
        [event.event.to_string(), event.data.clone(), event.id.as_deref().unwrap_or_default().to_owned()]
    };
    // White space around a field value is no part of it (RFC 9110 5.5): a browser cannot send it back.
    let last_event_id = decoder.last_event_id().trim_matches([' ', '\t']).to_owned();
    Visit { events: events.iter().map(plain).collect(), last_event_id }
}

/// The failure bound of the whole visit.
#[allow(clippy::disallowed_methods, reason = "a failure bound: a browser takes longer to start than a case may last")]
async fn bounded<T>(report: impl Future<Output = T>, so_far: impl FnOnce() -> String) -> T {
    let bound = 18 * patience::bound();
    match tokio::time::timeout(bound, report).await {
        Ok(report) => report,
        Err(_) => panic!("waited {} s for the browser's report, in vain: {}", bound.as_secs(), so_far()),
    }
}

#[test]
#[ignore = "needs Chromium: apt-get install chromium; .ci/run does"]
fn chromium_dispatches_the_same_events_octet_by_octet_and_at_once() {
    const { assert!(STREAMS.len() >= 60) };
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let seen = runtime.block_on(async {
        let site = Site::open(&types()).await;
        let mut browser = Command::new(chromium());
        browser
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-extensions"])
            .arg(format!("--user-data-dir={}", folder.path().display()))
            .arg(format!("http://{}/", site.address()))
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let browser = tokio::process::Command::from(browser).kill_on_drop(true).process_group(0).spawn();
        let mut browser = browser.expect("Chromium starts");
        let group = browser.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
        let seen = bounded(site.report(), || site.so_far()).await;
        if let Some(group) = group {
            let _gone_already = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        browser.wait().await.expect("it was started here");
        seen
    });

    assert_eq!(seen.len(), 2 * STREAMS.len(), "every stream was visited twice");
    let mut differ = Vec::new();
    for (path, visit) in &seen {
        let (at, how) = path.split_once('/').expect("a number and a way");
        let (name, octets) = STREAMS[at.parse::<usize>().expect("a number")];
        let expected = decoded(octets);
        if *visit != expected {
            differ.push(format!("{name} ({how}):\n  browser {visit:?}\n  decoder {expected:?}"));
        }
    }
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), seen.len(), differ.join("\n"));
    println!(
        "{} streams, each in two ways: {} events, all the same",
        STREAMS.len(),
        seen.values().map(|v| v.events.len()).sum::<usize>()
    );
}
