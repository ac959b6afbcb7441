//! How long threads wait for the addresses of names, for whoever wants to know what keeps its threads.
//!
//! An attempt runs on one thread from its start to its end. Names are resolved deep inside it, by the HTTP client among others,
//! to which nothing of ours can be handed; so the thread knows where its waits are counted.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use crate::clock::Clock;

thread_local! {
    static COUNTED: RefCell<Option<Waits>> = const { RefCell::new(None) };
}

/// The waits of some threads. Clones share them.
#[derive(Clone)]
pub struct Waits(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    sums: Mutex<Sums>,
}

struct Sums {
    /// How many threads wait.
    threads: u32,
    /// For how long threads had waited at that moment, added up.
    total: Duration,
    at: Instant,
}

/// A wait that is under way, until it is dropped.
pub(super) struct Wait(Option<Waits>);

/// Puts back where this thread's waits were counted, also after a panic.
struct PutBack(Option<Waits>);

impl Waits {
    /// Nobody has waited yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let sums = Mutex::new(Sums { threads: 0, total: Duration::ZERO, at: clock.now().instant });
        Self(Arc::new(Inner { clock, sums }))
    }

    /// Does something on this thread, and counts here how long it waits for names in it.
    pub fn count<T>(&self, then: impl FnOnce() -> T) -> T {
        let _put_back = PutBack(COUNTED.replace(Some(self.clone())));
        then()
    }

    /// How many threads wait at this moment.
    #[must_use]
    pub fn threads(&self) -> usize {
        usize::try_from(self.lock().threads).unwrap_or(usize::MAX)
    }

    /// For how long threads have waited so far, added up: in a second in which three of them wait it grows by three seconds.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.sums().total
    }

    /// The sums of this moment.
    fn sums(&self) -> MutexGuard<'_, Sums> {
        let mut sums = self.lock();
        let now = self.0.clock.now().instant;
        sums.total = sums.total.saturating_add(now.saturating_duration_since(sums.at).saturating_mul(sums.threads));
        sums.at = now;
        sums
    }

    fn lock(&self) -> MutexGuard<'_, Sums> {
        self.0.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wait {
    /// This thread waits for a name from now on.
    pub(super) fn begin() -> Self {
        let counted = COUNTED.with_borrow(Clone::clone);
        if let Some(waits) = &counted {
            waits.sums().threads += 1;
        }
        Self(counted)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(waits) = &self.0 {
            waits.sums().threads -= 1;
        }
    }
}

impl Drop for PutBack {
    fn drop(&mut self) {
        COUNTED.set(self.0.take());
    }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;
    use std::panic::catch_unwind;

    use jiff::Timestamp;

    use crate::clock::ManualClock;

    use super::*;

    fn waits() -> (Waits, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
        (Waits::new(clock.clone()), clock)
    }

    #[test]
    fn what_several_threads_wait_is_added_up() {
        let (waits, clock) = waits();
        let mut seen = Vec::new();
        let mut pass = |seconds| {
            clock.advance(Duration::from_secs(seconds));
            seen.push((waits.threads(), waits.total().as_secs()));
        };
        pass(10);
        let one = waits.count(Wait::begin);
        pass(3);
        let two = waits.count(Wait::begin);
        pass(5);
        drop(one);
        pass(7);
        drop(two);
        pass(100);
        assert_eq!(seen, [(0, 0), (1, 3), (2, 13), (1, 20), (0, 20)]);
    }

    #[test]
    fn only_what_is_asked_for_is_counted_also_after_a_panic() {
        let (waits, clock) = waits();
        let wait = || {
            let _wait = Wait::begin();
            clock.advance(Duration::from_secs(1));
        };
        wait();
        waits.count(wait);
        let (other, _) = self::waits();
        waits.count(|| {
            other.count(wait);
            wait();
        });
        let _ = catch_unwind(AssertUnwindSafe(|| {
            waits.count(|| {
                let _wait = Wait::begin();
                clock.advance(Duration::from_secs(1));
                std::panic::resume_unwind(Box::new(()));
            });
        }));
        wait();
        assert_eq!((waits.threads(), waits.total()), (0, Duration::from_secs(3)));
    }
}
