//! The channels that notices go to: one deliverer each. Another configuration replaces the whole list.

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

use crate::clock::Now;
use crate::history::Owed;
use crate::notify::text::title;

use super::deliver::Deliverer;
use super::deliver::GIVE_UP;
use super::outbox::Outbox;

/// The channels of the present configuration. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Channels(Arc<RwLock<Arc<[Arc<Deliverer>]>>>);

impl Channels {
    /// Every channel, in the order of the catalogue.
    pub(super) fn all(&self) -> Vec<Arc<Deliverer>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).to_vec()
    }

    /// The channel of that name.
    pub(super) fn named(&self, name: &str) -> Option<Arc<Deliverer>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).iter().find(|one| one.channel() == name).cloned()
    }

    /// Queues what is owed from before the program started.
    pub(super) fn resume(&self, owed: &Owed, outbox: &Outbox, now: Now) {
        let age = now.wall.duration_since(owed.notice.at).unsigned_abs();
        for channel in &owed.channels {
            if let Some(deliverer) = self.named(channel) {
                deliverer.push(owed.id, owed.notice.clone());
            } else if age < GIVE_UP {
                log::warn!("{channel}: owed, but not configured any more: {}", title(&owed.notice));
            } else {
                log::error!("{channel}: given up after a day, not configured any more: {}", title(&owed.notice));
                outbox.settle(owed.id, channel);
            }
        }
    }

    /// Puts others in their place; tells which are gone.
    pub(super) fn replace(&self, others: Vec<Arc<Deliverer>>) -> Vec<Arc<Deliverer>> {
        let mut gone = self.all();
        gone.retain(|one| !others.iter().any(|other| Arc::ptr_eq(one, other)));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = others.into();
        gone
    }
}
