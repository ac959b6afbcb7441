//! The loop that all loops are: wait until due or woken, step, again. A panic in one step does not end it.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::time::Duration;
use std::time::Instant;

use crate::clock::Wake;

use super::pulse::Pulse;
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

/// Steps, waits until the step says that the next is due or the loop's bell rings, and steps again, until the bell is
/// stopped.
pub(super) fn repeat(shared: &Shared, pulse: &Pulse, step: impl Fn() -> Option<Instant>) {
    loop {
        let time = match caught(shared, pulse.name, &step) {
            Some(next) => next.map(|next| next.saturating_duration_since(shared.now().instant)),
            None => Some(REST),
        };
        pulse.beat();
        if pulse.bell.wait(time) == Wake::Stopped {
            return;
        }
    }
}
