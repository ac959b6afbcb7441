//! Makes notices when they are due and hands to each channel what it hears of them.

use std::sync::Arc;
use std::time::Instant;

use crate::model::notice::Notice;

use super::channels::Channel;
use super::channels::Channels;
use super::deliver::Deliverer;
use super::guard;
use super::outbox::Outbox;
use super::shared::Shared;
use super::state::Told;

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
        let channels = self.channels.all();
        let made = self.shared.with(|state| {
            let notice = Arc::new(state.notice(now, last)?);
            let told = state.told(&notice);
            let hears = |channel: &Channel| {
                if channel.carries(&notice) { state.heard(&notice, &channel.name) } else { None }
            };
            let heard: Vec<_> = channels.iter().map(hears).collect();
            if !notice.is_reminder() {
                // What became of nodes that are gone is told now.
                state.routes.forget_former();
            }
            Some((heard, told))
        });
        if let Some((heard, told)) = made {
            self.hand_out(&channels, heard, told);
        }
    }

    /// Has each channel deliver what it hears. What several hear alike is stored once.
    fn hand_out(&self, channels: &[Channel], heard: Vec<Option<Arc<Notice>>>, told: Told) {
        let mut notices: Vec<(Arc<Notice>, Vec<Arc<Deliverer>>)> = Vec::new();
        for (channel, notice) in channels.iter().zip(heard) {
            let Some(notice) = notice else { continue };
            let known = notices.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &notice) || *known == notice);
            match known {
                Some((_, targets)) => targets.extend(channel.targets.iter().cloned()),
                None => notices.push((notice, channel.targets.clone())),
            }
        }
        let keys = |targets: &[Arc<Deliverer>]| targets.iter().map(|one| one.key().as_str().to_owned()).collect();
        let owed = notices.iter().map(|(notice, targets)| (notice.clone(), keys(targets))).collect();
        for (number, (notice, targets)) in self.outbox.owe(owed, told).into_iter().zip(notices) {
            for deliverer in targets {
                deliverer.push(number, notice.clone());
            }
        }
    }

    pub(super) fn run(&self) {
        guard::repeat(&self.shared, self.shared.tell_pulse(), || self.step());
    }
}

#[cfg(test)]
mod tests;
