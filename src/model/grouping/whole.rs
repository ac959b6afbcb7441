//! Notices that tell more than what changed: what is still unwell, and how everything is.

use crate::clock::Now;

use super::Change;
use super::Course;
use super::Grouping;
use super::Kind;
use super::Map;
use super::Node;
use super::NodeKey;
use super::Notice;
use super::Rules;
use super::Status;
use super::affected;
use super::dead;

impl Grouping {
    /// Whether something is unwell of which people were told, be it unknown or under planned maintenance by now.
    #[must_use]
    pub fn is_unwell(&self) -> bool {
        self.courses.values().any(|course| course.is_unwell(self.rules))
    }

    /// Whether something of that is neither: of that people are reminded.
    #[must_use]
    pub fn is_pressing(&self) -> bool {
        self.courses.iter().any(|(key, course)| !self.is_hushed(key) && course.is_pressing(self.rules))
    }

    /// Whether there is something to tell that has not been told yet.
    #[must_use]
    pub fn has_news(&self) -> bool {
        !self.changed.is_empty()
    }

    /// A notice of what is unwell and was told to be, in the page's order; since when, and why. What is to be told
    /// remains to be told.
    pub fn still(&mut self, map: &Map, kind: Kind, now: Now) -> Notice {
        let changes = nodes(map).filter_map(|(key, service, node)| {
            let course = self.courses.get(&key).filter(|course| course.is_pressing(self.rules))?;
            if self.is_hushed(&key) {
                return None;
            }
            Some(Change { to: course.to, since: course.at.wall, ..present(key, service, node, now) })
        });
        let changes = changes.collect();
        let told = self.last.map_or(Status::Healthy, |(_, status)| status);
        self.last = Some((now.instant, told));
        let (dead, more_dead) = dead(map, &|_| true);
        let sick = self.rules.sick;
        Notice { at: now.wall, status: map.status(), changed: false, sick, dead, more_dead, changes, kind }
    }

    /// A notice of every node, whether it changed or not: the worst first, and of those alike in the page's order. What
    /// was to be told is told by it. What is under planned maintenance is told when that is over.
    pub fn all(&mut self, map: &Map, kind: Kind, now: Now) -> Notice {
        let mut changes = Vec::new();
        for (key, service, node) in nodes(map) {
            let told = if self.changed.shift_remove(&key) { self.change(map, key.clone()) } else { None };
            if told.is_none() && self.is_hushed(&key) {
                continue;
            }
            changes.push(told.unwrap_or_else(|| present(key, service, node, now)));
        }
        // Those that are not on the page any more.
        let gone: Vec<_> = self.changed.drain(..).collect();
        changes.extend(gone.into_iter().filter_map(|key| self.change(map, key)));
        changes.sort_by_key(|change| match change.to {
            Some(Status::Dead) => 0,
            Some(Status::Sick) => 1,
            None => 2,
            Some(Status::Healthy) => 3,
        });
        self.departed.clear();
        self.first = None;
        let status = map.status();
        self.last = Some((now.instant, status));
        self.pass(|_| true);
        let (dead, more_dead) = dead(map, &|_| true);
        let sick = self.rules.sick;
        Notice { at: now.wall, status, changed: true, sick, dead, more_dead, changes, kind }
    }
}

impl Course {
    /// Whether people were told that it is unwell, and it still is, for all they know.
    fn is_unwell(&self, rules: Rules) -> bool {
        self.told.is_some() && self.level(rules).is_some()
    }

    /// The same, and that is certain.
    fn is_pressing(&self, rules: Rules) -> bool {
        self.is_unwell(rules) && !self.unknown
    }
}

/// Every node, in the page's order, with the label of its service.
fn nodes(map: &Map) -> impl Iterator<Item = (NodeKey, &str, &Node)> {
    map.services.iter().flat_map(|(service_id, service)| {
        service.nodes.iter().map(move |(node_id, node)| {
            (NodeKey { service: service_id.clone(), node: node_id.clone() }, &*service.label, node)
        })
    })
}

/// A node as it is, with nothing of what it was.
fn present(key: NodeKey, service: &str, node: &Node, now: Now) -> Change {
    let (affected, more_affected) = affected(&key, node);
    let (to, since) = (node.standing.map(|one| one.status), node.standing.map_or(now, |one| one.since).wall);
    Change { key, service: service.into(), label: node.label.clone(), to, since, was: None, affected, more_affected }
}
