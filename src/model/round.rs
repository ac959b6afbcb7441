//! The first round of checks after a start.

use std::collections::HashSet;
use std::time::Duration;
use std::time::Instant;

use crate::clock;
use crate::clock::Now;

use super::map::Map;
use super::transition::ReplicaKey;

/// The first round: over once each of those that are asked has a first result, or none can come any more.
#[derive(Debug)]
pub struct Round {
    waiting: HashSet<ReplicaKey>,
    end: Instant,
}

impl Round {
    /// A round that begins, in which these are asked, each for no longer than `longest`.
    #[must_use]
    pub fn new(asked: impl IntoIterator<Item = ReplicaKey>, longest: Duration, now: Now) -> Self {
        let waiting: HashSet<_> = asked.into_iter().collect();
        let end = if waiting.is_empty() { now } else { clock::after(now, longest) };
        Self { waiting, end: end.instant }
    }

    /// One of them has a result.
    pub fn seen(&mut self, key: &ReplicaKey, now: Now) {
        if self.waiting.remove(key) {
            self.mind_end(now);
        }
    }

    /// Nobody waits for those that are not on the page any more.
    pub fn follow(&mut self, map: &Map, now: Now) {
        self.waiting.retain(|key| map.replica(key).is_some());
        self.mind_end(now);
    }

    fn mind_end(&mut self, now: Now) {
        if self.waiting.is_empty() {
            self.end = self.end.min(now.instant);
        }
    }

    /// When it is over, as far as is known.
    #[must_use]
    pub fn end(&self) -> Instant {
        self.end
    }
}
