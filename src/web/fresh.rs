//! Something made of the state of the engine, and made anew only when the state has changed.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::TryLockError;
use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;

use crate::engine::shared::Seen;
use crate::engine::shared::Shared;

/// How old details (latencies, loads, the last check) may be.
const DETAILS_AGE: Duration = Duration::from_secs(1);

/// How old it may be when nothing happens: time goes on all the same, and days begin.
const QUIET_AGE: Duration = Duration::from_mins(1);

/// Making it for the sake of details takes at most one part in so many of the time; for the sake of a status, half of
/// it: a status in it is no older than it takes to make.
const DETAILS_SHARE: u32 = 10;

/// It, and what it is made from.
pub(super) struct Fresh<T> {
    shared: Shared,
    latest: RwLock<Option<Latest<T>>>,
    making: Mutex<()>,
}

/// It as it was made last, and when.
struct Latest<T> {
    seen: Seen,
    at: Instant,
    took: Duration,
    product: Arc<T>,
}

impl<T> Fresh<T> {
    /// Nothing yet.
    pub(super) fn new(shared: Shared) -> Self {
        Self { shared, latest: RwLock::new(None), making: Mutex::new(()) }
    }

    /// It as it is now. Nobody waits while another makes it anew: there is one of a moment ago.
    ///
    /// # Errors
    /// What `make` says, when it cannot be made.
    pub(super) fn get<E>(&self, make: impl FnOnce(&Shared, Timestamp) -> Result<T, E>) -> Result<Arc<T>, E> {
        let before = self.latest.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(latest) = &before {
            let age = self.shared.now().instant.saturating_duration_since(latest.at);
            if latest.is_still_true(self.shared.seen(), age) {
                return Ok(latest.product.clone());
            }
        }
        let guard = match (self.making.try_lock(), before) {
            (Ok(guard), _) => guard,
            (Err(TryLockError::Poisoned(poisoned)), _) => poisoned.into_inner(),
            (Err(TryLockError::WouldBlock), Some(before)) => return Ok(before.product),
            (Err(TryLockError::WouldBlock), None) => self.making.lock().unwrap_or_else(PoisonError::into_inner),
        };
        let latest = self.make(make)?;
        let product = latest.product.clone();
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) = Some(latest);
        drop(guard);
        Ok(product)
    }

    fn make<E>(&self, make: impl FnOnce(&Shared, Timestamp) -> Result<T, E>) -> Result<Latest<T>, E> {
        let start = self.shared.now();
        // Read first: what happens meanwhile is then seen as new.
        let seen = self.shared.seen();
        let product = Arc::new(make(&self.shared, start.wall)?);
        let took = self.shared.now().instant.saturating_duration_since(start.instant);
        Ok(Latest { seen, at: start.instant, took, product })
    }
}

impl<T> Clone for Latest<T> {
    fn clone(&self) -> Self {
        Self { seen: self.seen, at: self.at, took: self.took, product: self.product.clone() }
    }
}

impl<T> Latest<T> {
    /// Whether it may be served at that age, when that has happened meanwhile.
    fn is_still_true(&self, seen: Seen, age: Duration) -> bool {
        let spacing = if seen == self.seen {
            QUIET_AGE
        } else if seen.flips == self.seen.flips {
            self.took.saturating_mul(DETAILS_SHARE).max(DETAILS_AGE)
        } else {
            self.took
        };
        age < spacing
    }
}
