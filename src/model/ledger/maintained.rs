//! Planned maintenance in the ledger: whose time is entered as such, and what is no incident.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use crate::clock::Now;
use crate::model::maintenance::Maintenance;
use crate::model::map::Map;
use crate::model::map::Replica;
use crate::model::status::Status;
use crate::model::transition::NodeKey;
use crate::model::transition::Subject;
use crate::model::transition::Transition;

use super::Ledger;
use super::track::Track;

impl Ledger {
    /// Whether it is the death of a node under planned maintenance, which is no incident.
    pub(super) fn is_expected(&self, transition: &Transition) -> bool {
        match (&transition.what, transition.to) {
            (Subject::Node(key), Some(Status::Dead)) => self.maintained.contains_key(key),
            _ => false,
        }
    }

    /// From a moment on these nodes are under planned maintenance, and those are no longer: who is dead then has an
    /// incident, which begins then.
    pub fn maintain(&mut self, map: &Map, begun: &HashSet<NodeKey>, over: &HashSet<NodeKey>, at: Now) {
        for key in begun {
            self.maintained.insert(key.clone(), at);
        }
        for key in over {
            self.maintained.remove(key);
        }
        let is_on = |key: &NodeKey| {
            let (begins, ends) = (begun.contains(key), over.contains(key));
            (begins || ends).then_some(begins)
        };
        for (key, track) in &mut self.replicas {
            if let Some(on) = is_on(&key.node) {
                track.count(at, None);
                track.maintain(on, at.instant);
            }
        }
        for (key, track) in &mut self.nodes {
            if let Some(on) = is_on(key) {
                track.count(at, Some(Arc::make_mut(self.pasts.entry(key.clone()).or_default())));
                track.maintain(on, at.instant);
            }
        }
        for key in over {
            self.begin_incident(map, key, at);
        }
    }

    /// A node that was dead before has an incident from then on, if it has none.
    pub fn begin_incident(&mut self, map: &Map, key: &NodeKey, at: Now) {
        let Some(node) = map.node(key.service.as_str(), key.node.as_str()) else { return };
        if node.standing.is_none_or(|standing| standing.status < Status::Dead) {
            return;
        }
        let is_dead = |replica: &&Replica| replica.standing.is_some_and(|one| one.status == Status::Dead);
        let cause = node.replicas.values().find(is_dead).and_then(|replica| replica.cause.clone());
        if let Some(change) = self.incidents.die(key, at, cause.as_ref(), self.next_incident) {
            self.note(change);
        }
    }

    /// Whether something waits for being written of which somebody was told that it is: maintenance that is planned or
    /// ended, and for how long nobody is to be reminded.
    #[must_use]
    pub fn has_promised(&self) -> bool {
        !self.entries.maintenance.is_empty() || self.entries.silence.is_some()
    }

    /// A maintenance was planned, or ended.
    pub fn enter_maintenance(&mut self, maintenance: Arc<Maintenance>) {
        self.entries.maintenance.insert(maintenance.id, maintenance);
    }
}

/// What watches a replica of a node, or the node, from then on.
pub(super) fn track(
    maintained: &HashMap<NodeKey, Now>,
    node: &NodeKey,
    status: Option<Status>,
    since: Instant,
) -> Track {
    let mut track = Track::new(status, since);
    if let Some(begun) = maintained.get(node) {
        track.maintain(true, begun.instant);
    }
    track
}
