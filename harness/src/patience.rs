//! The one failure bound. Nothing here makes a case pass: a wait ends by its effect, and only a wait whose effect never
//! comes meets this bound.

use std::panic::{Location, catch_unwind, resume_unwind};
use std::sync::LazyLock;
use std::time::Duration;

/// How long a wait may last before the case fails: 10 s, or `LASTCHUNK_PATIENCE_MS` milliseconds.
#[must_use]
pub fn bound() -> Duration {
    static BOUND: LazyLock<Duration> = LazyLock::new(|| {
        let told = std::env::var("LASTCHUNK_PATIENCE_MS").ok().and_then(|text| text.parse().ok());
        Duration::from_millis(told.unwrap_or(10_000))
    });
    *BOUND
}

/// A wait whose effect did not come within the bound: what the panic of [`wait`] carries. As text, what was awaited, where,
/// and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct InVain {
    text: String,
}

impl InVain {
    fn raise(self) -> ! {
        // The hook of panics prints a text and nothing else: so it is told the text, and who catches the panic learns what
        // it is.
        let _told = catch_unwind(|| panic!("{self}"));
        resume_unwind(Box::new(self))
    }
}

/// Waits for `effect`; when the bound is exceeded, panics with [`InVain`]: what was awaited, where, and what `seen` tells.
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
        Err(_) => {
            let (bound_ms, file, line) = (bound().as_millis(), caller.file(), caller.line());
            let text = format!("waited {bound_ms} ms for {awaited}, in vain (at {file}:{line})\n{}", seen());
            InVain { text }.raise()
        }
    }
}

/// Waits for `effect` where a wait in vain is no fault of a case's: none when the bound is exceeded.
#[allow(clippy::disallowed_methods, reason = "this is the failure bound that the ban names")]
pub(crate) async fn within<T>(effect: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(bound(), effect).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_wait_in_vain_says_what_was_awaited_where_and_what_was_seen() {
        let here = Location::caller();
        let waiting = wait("the last-chunk", here, || "the transcript so far".into(), std::future::pending::<()>());
        let failed = tokio::task::JoinSet::from_iter([waiting]).join_next().await.expect("one task");
        let payload = failed.expect_err("the wait is in vain").into_panic();
        let in_vain = payload.downcast_ref::<InVain>().expect("what it is");
        let place = format!("{}:{}", here.file(), here.line());
        assert_eq!(
            in_vain.to_string(),
            format!(
                "waited {} ms for the last-chunk, in vain (at {place})\nthe transcript so far",
                bound().as_millis()
            )
        );
    }
}
