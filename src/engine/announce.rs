//! What the owner of the page announces: shown from the next request on, and stored when the keeper comes to it.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;

use crate::clock;
use crate::clock::Now;
use crate::model::announcement::Announcement;
use crate::model::announcement::Full;
use crate::model::uuid::Uuid;

use super::shared::Shared;

impl Shared {
    /// Those that are to be seen, the oldest first.
    #[must_use]
    pub fn announcements(&self) -> Vec<Arc<Announcement>> {
        let now = self.now();
        self.with(|state| state.board.at(now.wall).cloned().collect())
    }

    /// Puts one up.
    ///
    /// # Errors
    /// [`Full`], when there are too many.
    pub fn announce(&self, announcement: Announcement) -> Result<(), Full> {
        let (now, id) = (self.now(), announcement.id);
        self.with(|state| {
            state.board.expire(now.wall);
            state.board.post(announcement)
        })?;
        log::info!("announcement {id} was published");
        self.announced();
        Ok(())
    }

    /// Takes one down; tells whether it was there.
    #[must_use]
    pub fn withdraw(&self, id: Uuid) -> bool {
        let now = self.now();
        let was_there = self.with(|state| {
            state.board.expire(now.wall);
            state.board.take_down(id)
        });
        if was_there {
            log::info!("announcement {id} was taken down");
            self.announced();
        }
        was_there
    }

    /// Takes down those whose time is over by now; tells when that of the next one is.
    pub(super) fn expire_announcements(&self, now: Now) -> Option<Instant> {
        let (is_less, next) = self.with(|state| (state.board.expire(now.wall), state.board.next_expiry()));
        if is_less {
            self.changed(&[], true);
            self.keep_pulse().bell.ring();
        }
        let left = |at: Timestamp| Duration::try_from(at.duration_since(now.wall)).unwrap_or_default();
        // The wall clock may be set back meanwhile: then there is another look.
        next.map(|at| clock::after(now, left(at)).instant)
    }

    /// Has others see that the announcements are not those of before.
    pub(super) fn announced(&self) {
        self.changed(&[], true);
        self.keep_pulse().bell.ring();
        self.expire_pulse().bell.ring();
    }
}
