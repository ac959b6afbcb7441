//! Steps of the loops by hand, without their threads: what benchmarks measure.

use jiff::Timestamp;

use crate::model::ledger::Entries;
use crate::model::notice::Notice;
use crate::model::observation::Outcome;
use crate::model::span::Span;
use crate::model::tier::Tier;
use crate::model::transition::NodeKey;
use crate::model::transition::ReplicaKey;

use super::Engine;

impl Engine {
    /// Puts what was stored of the nodes' pasts in its place: what each was in the day or hour that began then.
    pub fn restore(&self, pasts: Vec<(NodeKey, Tier, Timestamp, Span)>) {
        self.shared.restore(pasts);
    }

    /// Takes in what a check found, as the threads do that check.
    pub fn record_check(&self, key: &ReplicaKey, outcome: Outcome) {
        self.shared.record_check(key, outcome);
    }

    /// Makes the notice that is due, as `vigil-tell` does, and tells nobody of it.
    #[must_use]
    pub fn notice(&self) -> Option<Notice> {
        let now = self.shared.now();
        self.shared.with(|state| state.notice(now, false))
    }

    /// Closes the minutes that are over, as `vigil-keep` does once a minute.
    pub fn close_minutes(&self) {
        let now = self.shared.now();
        self.shared.with(|state| state.ledger.close(now, false));
    }

    /// Hands out what is to be written, as `vigil-keep` has it once a second.
    #[must_use]
    pub fn entries(&self) -> Entries {
        self.shared.with(|state| state.ledger.take())
    }
}
