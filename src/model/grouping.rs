//! Which changes become one notice, and when it is due.

use std::collections::HashMap;
use std::time::Duration;
use std::time::Instant;

use indexmap::IndexMap;

use crate::clock::Now;

use super::map::Map;
use super::map::Node;
use super::notice::Affected;
use super::notice::Change;
use super::notice::Notice;
use super::status::Status;
use super::transition::NodeKey;
use super::transition::ReplicaKey;
use super::transition::Subject;
use super::transition::Transition;

/// Gathers the changes of nodes until their notice is due.
#[derive(Debug)]
pub struct Grouping {
    rules: Rules,
    /// What was last told of each node that was not healthy then.
    told: HashMap<NodeKey, (Status, Now)>,
    /// What changed since, by node, with the moment of its latest change.
    changed: IndexMap<NodeKey, (Option<Status>, Now)>,
    /// When the first of them changed.
    first: Option<Instant>,
    /// When the last notice was made, and the page's status in it.
    last: Option<(Instant, Status)>,
}

/// The rules of telling.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Whether sick is told as well as dead.
    pub sick: bool,
    /// Changes within this time become one notice.
    pub wait: Duration,
    /// Two notices are at least this far apart.
    pub interval: Duration,
}

impl Grouping {
    /// Nothing was told yet.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self { rules, told: HashMap::new(), changed: IndexMap::new(), first: None, last: None }
    }

    /// Takes in a transition; only those of nodes matter.
    pub fn add(&mut self, transition: &Transition) {
        let Subject::Node(key) = &transition.what else { return };
        let (from, to) = (self.level(transition.from), self.level(transition.to));
        if from == to {
            return;
        }
        if to == self.told.get(key).map(|(status, _)| *status) {
            // It is again what people were told last: it came and went unseen.
            self.changed.shift_remove(key);
        } else {
            self.changed.insert(key.clone(), (transition.to, transition.at));
        }
        if self.changed.is_empty() {
            self.first = None;
        } else {
            self.first.get_or_insert(transition.at.instant);
        }
    }

    /// When the next notice is due; none while there is nothing to tell.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        let grouped = self.first?.checked_add(self.rules.wait)?;
        let spaced = self.last.and_then(|(last, _)| last.checked_add(self.rules.interval));
        Some(spaced.map_or(grouped, |spaced| spaced.max(grouped)))
    }

    /// The notice, if there is anything to tell; whether it is due is the caller's concern.
    pub fn take(&mut self, map: &Map, now: Now) -> Option<Notice> {
        if self.changed.is_empty() {
            return None;
        }
        self.first = None;
        let changed: Vec<_> = self.changed.drain(..).collect();
        let changes = changed.into_iter().filter_map(|(key, (to, since))| self.change(map, key, to, since)).collect();
        let status = map.status();
        let before = self.last.map_or(Status::Healthy, |(_, status)| status);
        self.last = Some((now.instant, status));
        let (dead, more_dead) = dead(map);
        Some(Notice { at: now.wall, status, changed: status != before, dead, more_dead, changes, test: false })
    }

    /// What people hear of a status: below what is told, a node is as good as healthy.
    fn level(&self, status: Option<Status>) -> Option<Status> {
        let least = if self.rules.sick { Status::Sick } else { Status::Dead };
        status.filter(|status| *status >= least)
    }

    fn change(&mut self, map: &Map, key: NodeKey, to: Option<Status>, since: Now) -> Option<Change> {
        let service = map.services.get(&key.service)?;
        let node = service.nodes.get(&key.node)?;
        let was = self
            .told
            .remove(&key)
            .map(|(status, told)| (status, since.instant.saturating_duration_since(told.instant)));
        if let Some(status) = self.level(to) {
            self.told.insert(key.clone(), (status, since));
        }
        let (affected, more_affected) = affected(&key, node);
        let (service, label) = (service.label.clone(), node.label.clone());
        Some(Change { key, service, label, to, since: since.wall, was, affected, more_affected })
    }
}

/// Every dead replica of the page, and how many more there are than a notice names.
fn dead(map: &Map) -> (Vec<ReplicaKey>, usize) {
    let mut named = Vec::new();
    let mut all = 0;
    for (service, in_service) in &map.services {
        for (node, in_node) in &in_service.nodes {
            all += in_node.tally.count(Status::Dead);
            if in_node.tally.count(Status::Dead) == 0 || named.len() >= Notice::MOST_NAMED {
                continue;
            }
            let key = NodeKey { service: service.clone(), node: node.clone() };
            let (affected, _) = affected(&key, in_node);
            named.extend(affected.into_iter().filter(|one| one.status == Status::Dead).map(|one| one.key));
        }
    }
    named.truncate(Notice::MOST_NAMED);
    let more = all - named.len();
    (named, more)
}

/// The replicas of a node that are not healthy, the dead ones first, and how many more there are than a notice names.
fn affected(key: &NodeKey, node: &Node) -> (Vec<Affected>, usize) {
    let all = node.tally.count(Status::Sick) + node.tally.count(Status::Dead);
    let of = |wanted: Status| {
        node.replicas.iter().filter_map(move |(id, replica)| {
            let status = replica.standing?.status;
            let key = ReplicaKey { node: key.clone(), replica: id.clone() };
            (status == wanted).then(|| Affected { key, status, cause: replica.cause.clone() })
        })
    };
    let named: Vec<_> = of(Status::Dead).chain(of(Status::Sick)).take(Notice::MOST_NAMED).collect();
    let more = all - named.len();
    (named, more)
}
