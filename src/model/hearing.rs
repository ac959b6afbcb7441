//! What somebody hears of a notice who hears only of some nodes.

use std::collections::HashSet;

use super::grouping;
use super::map::Map;
use super::notice::Kind;
use super::notice::Notice;
use super::status::Status;
use super::transition::NodeKey;

impl Notice {
    /// What somebody hears of it who hears only of those nodes, as if no others were on the page; none when that is
    /// nothing. `map` is the page at the moment of the notice.
    #[must_use]
    pub fn heard_by(&self, map: &Map, hears: &dyn Fn(&NodeKey) -> bool) -> Option<Self> {
        let changes: Vec<_> = self.changes.iter().filter(|change| hears(&change.key)).cloned().collect();
        let (dead, more_dead) = grouping::dead(map, hears);
        let is_news = match self.kind {
            Kind::Startup | Kind::Test => true,
            // What is dead and not among them is still to be told.
            Kind::Change | Kind::Reminder { .. } => !changes.is_empty(),
        };
        if !is_news {
            return None;
        }
        let changed: HashSet<&NodeKey> = changes.iter().map(|change| &change.key).collect();
        let mut status = None;
        // What a node was is what was told of it; of a node that did not change that is what it is.
        let mut before = changes.iter().filter_map(|change| change.was).map(|(status, _)| status).max();
        for (service, in_service) in &map.services {
            for (node, in_node) in &in_service.nodes {
                let key = NodeKey { service: service.clone(), node: node.clone() };
                if hears(&key) {
                    let now = in_node.standing.map(|standing| standing.status);
                    status = status.max(now);
                    before = if changed.contains(&key) { before } else { before.max(now) };
                }
            }
        }
        let before = before.unwrap_or(Status::Healthy);
        let status = status.unwrap_or(Status::Healthy);
        let turned = if self.kind == Kind::Change { status != before } else { self.changed };
        Some(Self { at: self.at, status, changed: turned, dead, more_dead, changes, kind: self.kind })
    }
}
