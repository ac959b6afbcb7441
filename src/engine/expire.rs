//! Judges silence: sleeps until the next deadline of a replica that reports, to the second.

use std::time::Instant;

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
        guard::repeat(&self.shared, self.shared.expire_pulse(), || self.step());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::clock::Clock;
    use crate::model::map::Map;
    use crate::model::status::Status;
    use crate::model::transition::ReplicaKey;

    use super::super::fixture;
    use super::*;

    #[test]
    fn replicas_that_come_and_go_leave_nothing_behind() {
        let (shared, _clock) = fixture::shared(&fixture::config("", &[]));
        let (node, replica) = (fixture::push_node(), fixture::report(30).replica);
        let key = ReplicaKey { node: node.clone(), replica };
        for interval in 0..10_000 {
            shared.record_report(&node, fixture::report(600_000 - interval)).unwrap();
            if interval.is_multiple_of(3) {
                shared.remove(&key).unwrap();
            }
        }
        let waiting = shared.with(|state| state.waiting());
        assert!(waiting < 200, "{waiting} entries");
    }

    #[test]
    fn silence_is_judged_at_its_deadline_and_looked_at_only_then() {
        let (shared, clock) = fixture::shared(&fixture::config("", &[]));
        let expirer = Expirer::new(shared.clone());
        assert_eq!(expirer.step(), None);
        shared.record_report(&fixture::push_node(), fixture::report(30)).unwrap();
        let due = expirer.step().unwrap();
        assert_eq!(due, clock.now().instant + Duration::from_secs(50));
        clock.advance(Duration::from_secs(40));
        shared.record_report(&fixture::push_node(), fixture::report(30)).unwrap();
        clock.advance(Duration::from_secs(10));
        let again = expirer.step().unwrap();
        assert_eq!(again, due + Duration::from_secs(40), "it reported meanwhile");
        assert_eq!(shared.read(Map::status), Status::Healthy);
        clock.advance(Duration::from_secs(40));
        assert_eq!(expirer.step(), None);
        assert_eq!(shared.read(Map::status), Status::Dead);
    }
}
