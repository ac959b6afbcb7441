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

/// The moment `by` before `now`; saturates at the beginning of what the clocks can hold.
#[must_use]
pub fn before(now: Now, by: Duration) -> Now {
    Now {
        instant: now.instant.checked_sub(by).unwrap_or(now.instant),
        wall: now.wall.checked_sub(by).unwrap_or(Timestamp::MIN),
    }
}

/// The moment at which the wall clock stood at `wall`, as far as one can tell `now`: a moment to come is now.
#[must_use]
pub fn back_at(now: Now, wall: Timestamp) -> Now {
    let ago = Duration::try_from(now.wall.duration_since(wall)).unwrap_or_default();
    Now { wall, ..before(now, ago) }
}

/// A wait that new work or the program's end cuts short. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<(Mutex<Rung>, Condvar)>);

#[derive(Debug, Default)]
struct Rung {
    rung: bool,
    stopped: bool,
}

/// Why a wait is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// Its time is up.
    Due,
    /// Somebody rang.
    Rung,
    /// The program ends.
    Stopped,
}

impl Bell {
    /// Ends the present wait, or the next one.
    pub fn ring(&self) {
        lock(&self.0.0).rung = true;
        self.0.1.notify_all();
    }

    /// Ends every wait, now and from now on.
    pub fn stop(&self) {
        lock(&self.0.0).stopped = true;
        self.0.1.notify_all();
    }

    /// Whether every wait ends at once.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        lock(&self.0.0).stopped
    }

    /// Waits for `time`, or for ever without one.
    #[must_use]
    pub fn wait(&self, time: Option<Duration>) -> Wake {
        let guard = lock(&self.0.0);
        let silent = |rung: &mut Rung| !rung.rung && !rung.stopped;
        let mut guard = match time {
            Some(time) => self.0.1.wait_timeout_while(guard, time, silent).unwrap_or_else(PoisonError::into_inner).0,
            None => self.0.1.wait_while(guard, silent).unwrap_or_else(PoisonError::into_inner),
        };
        if guard.stopped {
            Wake::Stopped
        } else if std::mem::take(&mut guard.rung) {
            Wake::Rung
        } else {
            Wake::Due
        }
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
    fn a_ring_ends_one_wait_and_a_stop_ends_all() {
        let bell = Bell::default();
        bell.ring();
        assert_eq!(bell.wait(None), Wake::Rung);
        assert_eq!(bell.wait(Some(Duration::ZERO)), Wake::Due);
        let waiting = bell.clone();
        let waiter = std::thread::spawn(move || waiting.wait(None));
        bell.stop();
        assert_eq!(waiter.join().unwrap(), Wake::Stopped);
        assert_eq!(bell.wait(None), Wake::Stopped);
    }
}
