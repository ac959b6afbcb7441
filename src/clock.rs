//! What time it is, and a wait that shutdown cuts short. Nothing else in the program asks the system for the time.

use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;

/// One moment on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The monotonic clock: deadlines, latencies and durations.
    pub instant: Instant,
    /// The wall clock, in UTC: only for people and history.
    pub wall: Timestamp,
}

/// A source of time.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Now;
}

/// The clocks of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    fn now(&self) -> Now {
        Now { instant: Instant::now(), wall: Timestamp::now() }
    }
}

/// A clock that is set by hand, for tests and benchmarks.
#[derive(Debug)]
pub struct ManualClock {
    now: Mutex<Now>,
}

impl ManualClock {
    /// A clock that stands at `wall`.
    #[must_use]
    pub fn at(wall: Timestamp) -> Self {
        Self { now: Mutex::new(Now { instant: SystemClock.now().instant, wall }) }
    }

    /// Moves both clocks forward.
    pub fn advance(&self, by: Duration) {
        let mut now = lock(&self.now);
        *now = after(*now, by);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        *lock(&self.now)
    }
}

/// The moment `by` after `now`; saturates at the end of what the clocks can hold.
#[must_use]
pub fn after(now: Now, by: Duration) -> Now {
    Now {
        instant: now.instant.checked_add(by).unwrap_or(now.instant),
        wall: now.wall.checked_add(by).unwrap_or(Timestamp::MAX),
    }
}

/// The signal that the program ends. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// Ends every wait, now and from now on.
    pub fn stop(&self) {
        *lock(&self.0.0) = true;
        self.0.1.notify_all();
    }

    /// Whether [`Stop::stop`] was called.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        *lock(&self.0.0)
    }

    /// Waits for `time`, or until [`Stop::stop`]; tells whether the program ends.
    #[must_use]
    pub fn wait(&self, time: Duration) -> bool {
        let guard = lock(&self.0.0);
        let (stopped, _) =
            self.0.1.wait_timeout_while(guard, time, |stopped| !*stopped).unwrap_or_else(PoisonError::into_inner);
        *stopped
    }
}

/// Locks, whatever a panic elsewhere left: every holder computes first and assigns last, so the data is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_both_hands() {
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        let before = clock.now();
        clock.advance(Duration::from_secs(90));
        let now = clock.now();
        assert_eq!(now.instant - before.instant, Duration::from_secs(90));
        assert_eq!(now.wall.as_second(), 90);
    }

    #[test]
    fn a_stop_ends_a_wait_of_another_thread() {
        let stop = Stop::default();
        let waiting = stop.clone();
        let waiter = std::thread::spawn(move || waiting.wait(Duration::from_secs(3600)));
        stop.stop();
        assert!(waiter.join().unwrap());
        assert!(stop.is_stopped());
    }
}
