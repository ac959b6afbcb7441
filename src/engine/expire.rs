//! Judges silence: sleeps until the next deadline of a replica that reports, to the second.

use std::time::Instant;

use crate::clock::Wake;

use super::guard;
use super::shared::Shared;

/// The loop that judges silence.
pub(super) struct Expirer {
    shared: Shared,
}

impl Expirer {
    pub(super) fn new(shared: Shared) -> Self {
        Self { shared }
    }

    /// Judges whoever is due; tells when to come again.
    pub(super) fn step(&self) -> Option<Instant> {
        self.shared.expire()
    }

    pub(super) fn run(&self) {
        let bell = self.shared.expire_bell();
        loop {
            let Some(next) = guard::caught(&self.shared, "the expiry loop", || self.step()) else {
                guard::rest(bell);
                continue;
            };
            let time = next.map(|next| next.saturating_duration_since(self.shared.now().instant));
            if bell.wait(time) == Wake::Stopped {
                return;
            }
        }
    }
}
