//! The one failure bound. Nothing here makes a case pass: a wait ends by its effect, and only a wait whose effect never
//! comes meets this bound.

use std::panic::Location;
use std::time::Duration;

/// How long a wait may last before the case fails: 10 s, or `LASTCHUNK_PATIENCE_MS` milliseconds.
#[must_use]
pub fn bound() -> Duration {
    let told = std::env::var("LASTCHUNK_PATIENCE_MS").ok().and_then(|text| text.parse().ok());
    Duration::from_millis(told.unwrap_or(10_000))
}

/// Waits for `effect`; when the bound is exceeded, panics with what was awaited, where, and what `seen` tells.
///
/// # Panics
/// When the bound is exceeded.
#[allow(clippy::disallowed_methods, reason = "this is the failure bound that the ban names")]
pub async fn wait<T>(
    awaited: &str,
    caller: &'static Location<'static>,
    seen: impl FnOnce() -> String,
    effect: impl Future<Output = T>,
) -> T {
    match tokio::time::timeout(bound(), effect).await {
        Ok(value) => value,
        Err(_) => panic!(
            "waited {} ms for {awaited}, in vain (at {}:{})\n{}",
            bound().as_millis(),
            caller.file(),
            caller.line(),
            seen()
        ),
    }
}
