//! Makes notices when they are due and hands them to the channels.

use std::sync::Arc;
use std::time::Instant;

use super::channels::Channels;
use super::guard;
use super::outbox::Outbox;
use super::shared::Shared;

/// The loop that makes notices.
pub(super) struct Teller {
    shared: Shared,
    channels: Channels,
    outbox: Outbox,
}

impl Teller {
    pub(super) fn new(shared: Shared, channels: Channels, outbox: Outbox) -> Self {
        Self { shared, channels, outbox }
    }

    /// Lets maintenance begin and end, and hands out the notice that is due; tells when the next one will be.
    pub(super) fn step(&self) -> Option<Instant> {
        self.shared.keep_up();
        self.tell(false);
        let now = self.shared.now();
        self.shared.with(|state| state.next_notice(now))
    }

    /// Hands out what would have waited for its group: the program ends.
    pub(super) fn flush(&self) {
        self.tell(true);
    }

    fn tell(&self, last: bool) {
        let now = self.shared.now();
        let made = self.shared.with(|state| {
            let notice = state.notice(now, last)?;
            let told = state.told(&notice);
            Some((notice, told))
        });
        let Some((notice, told)) = made else { return };
        let (notice, deliverers) = (Arc::new(notice), self.channels.all());
        let channels = deliverers.iter().map(|deliverer| deliverer.channel().to_owned()).collect();
        let id = self.outbox.owe(&notice, channels, told);
        for deliverer in deliverers {
            deliverer.push(id, notice.clone());
        }
    }

    pub(super) fn run(&self) {
        guard::repeat(&self.shared, self.shared.tell_pulse(), || self.step());
    }
}
