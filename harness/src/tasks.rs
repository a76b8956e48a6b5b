//! What tasks raise: nothing of it is lost, and the first of it is told.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::Poll;

use tokio::task::JoinError;

use crate::gateway::CannotStart;
use crate::patience::InVain;

/// What a panic carries.
pub(crate) type Payload = Box<dyn Any + Send>;

/// What a panic says; none when it says nothing.
#[must_use]
pub fn words(payload: &(dyn Any + Send)) -> Option<String> {
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned()))
        .or_else(|| payload.downcast_ref::<InVain>().map(ToString::to_string))
        .or_else(|| payload.downcast_ref::<CannotStart>().map(ToString::to_string))
}

/// Runs a future to its end; if it panics, tells what it raised while everything that it holds is still there.
pub(crate) async fn watched(future: impl Future<Output = ()>, raised: impl FnOnce(Payload)) {
    let mut future = pin!(future);
    let mut raised = Some(raised);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll,
        Err(payload) => {
            if let Some(raised) = raised.take() {
                raised(payload);
            }
            Poll::Ready(())
        }
    })
    .await;
}

/// Raises again what a task raised.
pub(crate) fn reraise(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        resume_unwind(error.into_panic());
    }
}
