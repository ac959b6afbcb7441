//! How many checks told nothing the last time, known without looking at each replica.

use super::map::Map;
use super::observation::Finding;
use super::observation::Observation;

/// Counts of replicas by why the last check of them told nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsure {
    /// Vigil itself was unable to ask.
    pub blind: usize,
    /// The server of a queue did not tell how long it is.
    pub unread: usize,
}

impl Unsure {
    /// The counts of a map.
    #[must_use]
    pub fn of(map: &Map) -> Self {
        let nodes = map.services.values().flat_map(|service| service.nodes.values());
        let mut counts = Self::default();
        for replica in nodes.flat_map(|node| node.replicas.values()) {
            counts.enter(replica.seen.as_ref());
        }
        counts
    }

    /// That is known of a replica.
    pub(super) fn enter(&mut self, seen: Option<&Observation>) {
        if let Some(count) = self.count_of(seen) {
            *count = count.saturating_add(1);
        }
    }

    /// That is not what is known of a replica any more.
    pub(super) fn leave(&mut self, seen: Option<&Observation>) {
        if let Some(count) = self.count_of(seen) {
            *count = count.saturating_sub(1);
        }
    }

    fn count_of(&mut self, seen: Option<&Observation>) -> Option<&mut usize> {
        let Observation::Checked(outcome) = seen? else { return None };
        match outcome.finding {
            Finding::Blind(_) => Some(&mut self.blind),
            Finding::Unread(_) => Some(&mut self.unread),
            Finding::Up(_) | Finding::Certified { .. } | Finding::Ailing(..) | Finding::Down(_) | Finding::Queue(_) => {
                None
            }
        }
    }
}
