//! Planned maintenance as it happens: at the moment at which one begins or ends, what it is of is judged, told and
//! entered otherwise.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;

use crate::clock;
use crate::clock::Now;
use crate::model::maintenance::Agenda;
use crate::model::maintenance::Draft;
use crate::model::maintenance::Maintenance;
use crate::model::maintenance::Phase;
use crate::model::maintenance::Unfit;
use crate::model::map::Map;
use crate::model::transition::NodeKey;
use crate::model::transition::Transition;
use crate::model::uuid::Uuid;

use super::shared::Shared;
use super::state::State;

/// What maintenance is planned, and which of it is under way.
#[derive(Debug)]
pub(super) struct Upkeep {
    agenda: Agenda,
    /// The nodes that are under maintenance, as of `looked`.
    covered: HashSet<NodeKey>,
    /// Until when all that begins or ends has done so.
    looked: Timestamp,
    /// When the next does.
    next: Option<Timestamp>,
}

/// What came of a moment at which maintenance begins or ends.
#[derive(Debug, Default)]
pub(super) struct Turned {
    /// What changed by that.
    pub(super) transitions: Vec<Transition>,
    /// The nodes that are under maintenance from then on.
    begun: Vec<NodeKey>,
    /// Those of the page that are no longer.
    over: Vec<NodeKey>,
}

/// How many nodes a log line names.
const NAMED_MAX: usize = 10;

/// The longest wait for the wall clock, which may be set meanwhile.
const WAIT_MAX: Duration = Duration::from_mins(1);

impl Upkeep {
    /// What is known from before a start: `map` is told what of it is under maintenance now.
    pub(super) fn new(known: Vec<Maintenance>, map: &mut Map, now: Timestamp) -> Self {
        let agenda = Agenda::new(known);
        let covered = agenda.covered(map, now);
        for key in &covered {
            let service = map.services.get_mut(&key.service);
            if let Some(node) = service.and_then(|service| service.nodes.get_mut(&key.node)) {
                node.maintained = true;
            }
        }
        let next = agenda.next_boundary(now);
        Self { agenda, covered, looked: now, next }
    }

    pub(super) fn agenda(&self) -> &Agenda {
        &self.agenda
    }

    /// The nodes that are under maintenance.
    pub(super) fn covered(&self) -> &HashSet<NodeKey> {
        &self.covered
    }

    /// When to look again.
    pub(super) fn due(&self, now: Now) -> Option<Instant> {
        let wait = Duration::try_from(self.next?.duration_since(now.wall)).unwrap_or_default();
        now.instant.checked_add(wait.min(WAIT_MAX))
    }

    /// Whether something was to begin or end by then, or did not although the clock says so: it was set back.
    fn is_due(&self, now: Timestamp) -> bool {
        self.next.is_some_and(|next| next <= now) || now < self.looked
    }
}

impl Turned {
    fn append(&mut self, later: Self) {
        self.transitions.extend(later.transitions);
        self.begun.extend(later.begun);
        self.over.extend(later.over);
    }
}

/// `web:api, web:site and 3 more`
fn named(nodes: &[NodeKey]) -> String {
    let mut names: Vec<String> = nodes.iter().map(NodeKey::to_string).collect();
    names.sort_unstable();
    let more = names.len().saturating_sub(NAMED_MAX);
    names.truncate(NAMED_MAX);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", names.join(", "))
}

impl Shared {
    /// Lets maintenance begin and end that was to do so by now.
    pub(super) fn keep_up(&self) {
        if self.has_ended() {
            return;
        }
        let now = self.now();
        if let Some(turned) = self.with(|state| state.keep_up(now)) {
            self.turned(&turned);
        }
    }

    /// Plans a maintenance.
    ///
    /// # Errors
    /// [`Unfit`], when it cannot be planned like that.
    pub fn plan_maintenance(&self, draft: Draft, id: Uuid) -> Result<Arc<Maintenance>, Unfit> {
        self.keep_up();
        let now = self.now();
        let planned = self.with(|state| state.plan_maintenance(draft, id, now))?;
        log::info!("maintenance is planned: {}", planned.words());
        self.settle_maintenance();
        Ok(planned)
    }

    /// Ends a maintenance, or calls it off if it has not begun; gives it as it is then. None if there is none, or it is
    /// over.
    #[must_use]
    pub fn end_maintenance(&self, id: Uuid) -> Option<Arc<Maintenance>> {
        self.keep_up();
        let now = self.now();
        let ended = self.with(|state| state.end_maintenance(id, now))?;
        let what = if ended.phase(now.wall) == Phase::Cancelled { "called off" } else { "ended" };
        log::info!("maintenance is {what}: {}", ended.words());
        self.settle_maintenance();
        Some(ended)
    }

    /// All maintenance that is planned, or known from before, in the order in which it begins.
    #[must_use]
    pub fn maintenance(&self) -> Vec<Arc<Maintenance>> {
        self.with(|state| state.upkeep.agenda().all())
    }

    /// Takes in maintenance of before, which nobody knew of at the start.
    pub(super) fn take_over_maintenance(&self, before: Vec<Maintenance>) {
        self.keep_up();
        let now = self.now();
        let turned = self.with(|state| state.take_over_maintenance(before, now));
        self.turned(&turned);
        self.tell_pulse().bell.ring();
    }

    /// Tells of what began and ended.
    pub(super) fn turned(&self, turned: &Turned) {
        for (what, nodes) in [("begins", &turned.begun), ("is over", &turned.over)] {
            if !nodes.is_empty() {
                log::info!("maintenance {what} of {}", named(nodes));
            }
        }
        self.changed(&turned.transitions, true);
    }

    /// What is planned has changed: what follows from that happens now, and is shown and written.
    fn settle_maintenance(&self) {
        self.keep_up();
        self.changed(&[], true);
        self.tell_pulse().bell.ring();
        self.keep_pulse().bell.ring();
    }
}

impl State {
    /// Lets maintenance begin and end that was to do so by now, each at its moment; tells what changed by that, if
    /// anything was due.
    pub(super) fn keep_up(&mut self, now: Now) -> Option<Turned> {
        if !self.upkeep.is_due(now.wall) {
            return None;
        }
        let mut turned = Turned::default();
        while let Some(next) = self.upkeep.next.filter(|next| *next <= now.wall) {
            turned.append(self.cover(clock::back_at(now, next)));
        }
        if now.wall < self.upkeep.looked {
            turned.append(self.cover(now));
        }
        self.upkeep.looked = now.wall;
        Some(turned)
    }

    /// Takes on what is under maintenance at a moment that is not before the last one; tells what changes by that.
    pub(super) fn cover(&mut self, at: Now) -> Turned {
        let upkeep = &mut self.upkeep;
        let covered = upkeep.agenda.covered(&self.map, at.wall);
        let begun: HashSet<NodeKey> = covered.difference(&upkeep.covered).cloned().collect();
        let over: HashSet<NodeKey> = upkeep.covered.difference(&covered).cloned().collect();
        (upkeep.looked, upkeep.next) = (at.wall, upkeep.agenda.next_boundary(at.wall));
        upkeep.covered = covered;
        self.ledger.maintain(&self.map, &begun, &over, at);
        self.telling.hush(&begun);
        let mut transitions = Vec::new();
        for key in &over {
            transitions.extend(self.map.maintain(key, false, at));
        }
        // One that took on another mode is new in the map.
        for key in &self.upkeep.covered {
            transitions.extend(self.map.maintain(key, true, at));
        }
        self.take_in(&transitions);
        self.telling.unhush(&over, at);
        // Of what left the page with another configuration, maintenance is not over: it goes on, without that.
        let is_here = |key: &NodeKey| self.map.node(key.service.as_str(), key.node.as_str()).is_some();
        let over = over.into_iter().filter(is_here).collect();
        Turned { transitions, begun: begun.into_iter().collect(), over }
    }

    /// Goes on with what is under maintenance at a start. What was dead throughout one that ended while the program was
    /// down has an incident from its end on.
    pub(super) fn resume_maintenance(&mut self, now: Now) {
        let covered = self.upkeep.covered.clone();
        self.ledger.maintain(&self.map, &covered, &HashSet::new(), now);
        let mut dead = Vec::new();
        for (service, in_service) in &self.map.services {
            for (node, in_node) in &in_service.nodes {
                let key = NodeKey { service: service.clone(), node: node.clone() };
                let since = in_node.standing.map(|standing| standing.since.wall);
                let end = since.and_then(|since| self.upkeep.agenda.last_end(&key, since, now.wall));
                dead.extend(end.map(|end| (key, end)));
            }
        }
        for (key, end) in dead {
            self.ledger.begin_incident(&self.map, &key, clock::back_at(now, end));
        }
    }

    /// Plans a maintenance; what follows from it is left to [`State::keep_up`].
    ///
    /// # Errors
    /// [`Unfit`], when it cannot be planned like that.
    pub(super) fn plan_maintenance(&mut self, draft: Draft, id: Uuid, now: Now) -> Result<Arc<Maintenance>, Unfit> {
        let planned = Maintenance::plan(draft, id, &self.map, now.wall)?;
        self.upkeep.agenda.add(planned.clone(), now.wall)?;
        self.upkeep.next = Some(now.wall);
        let planned = Arc::new(planned);
        self.ledger.enter_maintenance(planned.clone());
        Ok(planned)
    }

    /// Ends a maintenance, or calls it off; gives it as it is then. What follows is left to [`State::keep_up`].
    pub(super) fn end_maintenance(&mut self, id: Uuid, now: Now) -> Option<Arc<Maintenance>> {
        let ended = self.upkeep.agenda.end(id, now.wall)?;
        self.upkeep.next = Some(now.wall);
        self.ledger.enter_maintenance(ended.clone());
        Some(ended)
    }

    /// Takes in maintenance of before, which nobody knew of at the start.
    pub(super) fn take_over_maintenance(&mut self, before: Vec<Maintenance>, now: Now) -> Turned {
        self.upkeep.agenda.take_over(before);
        self.cover(now)
    }
}

#[cfg(test)]
mod tests;
