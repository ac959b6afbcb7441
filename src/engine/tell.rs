//! Makes notices when they are due and hands them to the channels.

use std::sync::Arc;
use std::time::Instant;

use super::channels::Channels;
use super::guard;
use super::shared::Shared;

/// The loop that makes notices.
pub(super) struct Teller {
    shared: Shared,
    channels: Channels,
}

impl Teller {
    pub(super) fn new(shared: Shared, channels: Channels) -> Self {
        Self { shared, channels }
    }

    /// Hands out the notice that is due; tells when the next one will be.
    pub(super) fn step(&self) -> Option<Instant> {
        self.tell(false);
        self.shared.with(|state| state.next_notice())
    }

    /// Hands out what would have waited for its group: the program ends.
    pub(super) fn flush(&self) {
        self.tell(true);
    }

    fn tell(&self, last: bool) {
        let now = self.shared.now();
        let Some(notice) = self.shared.with(|state| state.notice(now, last)) else { return };
        let notice = Arc::new(notice);
        for deliverer in self.channels.all() {
            deliverer.push(notice.clone());
        }
    }

    pub(super) fn run(&self) {
        guard::repeat(&self.shared, self.shared.tell_pulse(), || self.step());
    }
}
