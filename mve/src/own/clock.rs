//! Whether a clock of a conf is the one that holds: turned down, it ends a silent stream, or another one stands in its way.

use harness::origin::scripted;
use harness::stage::Stage;
use harness::transcript::Transcript;
use harness::until::closed;

/// What a clock is turned down to: long enough for an origin that answers at once, on a loaded machine too.
pub const TURNED_DOWN: &str = "1s";
/// What all others are set to meanwhile: longer than anybody waits.
pub(super) const OUT_OF_THE_WAY: &str = "1d";
/// What is tried with it.
pub const TRIED: &str = "a stream that is silent after one event";
/// The clocks that end such a stream.
const ENDS_IT: [&str; 1] = ["proxy_read_timeout"];

/// Whether a silent stream shows what a directive of this name does.
#[must_use]
pub fn is_tried(name: &str) -> bool {
    ENDS_IT.contains(&name)
}

/// The origin sends one event and nothing more, until the gateway ends it.
///
/// # Panics
/// When nothing has ended it within the bound of patience.
pub async fn silent(stage: Stage) -> Transcript {
    let event = "data: one\n\n";
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    let script = scripted().request().send(format!("{head}{:x}\r\n{event}\r\n", event.len())).departure().fin();
    let mut s = stage.start_raw(script).await;
    s.step("the reader asks, the origin sends one event, and is silent until the clock has run down");
    s.reader.send("GET /events HTTP/1.1\r\nHost: mve.test\r\nConnection: close\r\n\r\n").await;
    s.reader.until(closed()).await;
    s.finish().await
}
