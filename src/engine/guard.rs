//! A panic in one step must not end a loop.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::time::Duration;

use crate::clock::Bell;

use super::shared::Shared;

/// How long a loop rests after a step that panicked, so that a fault that lasts does not fill the log.
const REST: Duration = Duration::from_secs(1);

/// Runs `step`; a panic is caught, counted and told in the log, and gives nothing. What the step shares is whole: it
/// computes first and assigns last.
pub(super) fn caught<T>(shared: &Shared, what: &str, step: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(step))
        .inspect_err(|_| {
            shared.count_panic();
            log::error!("{what} panicked, and goes on; please report the panic that is logged above");
        })
        .ok()
}

/// What a loop waits for when a step panicked: a short rest.
pub(super) fn rest(bell: &Bell) {
    let _ = bell.wait(Some(REST));
}
