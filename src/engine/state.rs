//! All that the engine remembers, under the one lock.

use std::time::Instant;

use crate::clock::Now;
use crate::config::Config;
use crate::config::Metrics;
use crate::config::Mode;
use crate::config::Node;
use crate::model::grouping::Grouping;
use crate::model::grouping::Rules;
use crate::model::map;
use crate::model::map::Map;
use crate::model::notice::Notice;
use crate::model::observation::Load;
use crate::model::tally::Tally;
use crate::model::transition::ReplicaKey;
use crate::model::transition::Transition;
use crate::probe;

use super::schedule::Schedule;

/// All that the engine remembers.
pub(super) struct State {
    /// What is watched and how it is.
    pub(super) map: Map,
    grouping: Grouping,
    expiries: Schedule<ReplicaKey>,
    /// How many entries there may be before those that nobody waits for are dropped.
    expiries_max: usize,
}

/// How many entries that nobody waits for are not worth the search for them.
const EXPIRIES_SPARE: usize = 64;

impl State {
    /// Nothing is known yet.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            map: map(config),
            grouping: Grouping::new(rules(config)),
            expiries: Schedule::default(),
            expiries_max: EXPIRIES_SPARE,
        }
    }

    /// Takes on another configuration; what is in both keeps its state. Tells what changed by that.
    pub(super) fn reconfigure(&mut self, config: &Config, now: Now) -> Vec<Transition> {
        let reshaped = self.map.reshape(map(config), now);
        self.gather(&reshaped.transitions);
        for departed in reshaped.departed {
            self.grouping.depart(departed);
        }
        self.grouping.follow(rules(config));
        reshaped.transitions
    }

    /// Notes changes for the next notice.
    pub(super) fn gather(&mut self, transitions: &[Transition]) {
        for transition in transitions {
            self.grouping.add(transition);
        }
    }

    /// The notice that is due by `now`, or any that is owed when `now` is the end.
    pub(super) fn notice(&mut self, now: Now, last: bool) -> Option<Notice> {
        let due = self.grouping.due().is_some_and(|due| last || due <= now.instant);
        if due { self.grouping.take(&self.map, now) } else { None }
    }

    /// When the next notice is due.
    pub(super) fn next_notice(&self) -> Option<Instant> {
        self.grouping.due()
    }

    /// Has a replica looked at for silence at `due`.
    pub(super) fn expire_at(&mut self, due: Instant, key: ReplicaKey) {
        self.expiries.push(due, key);
        if self.expiries.len() > self.expiries_max {
            // Replicas that were removed, and those that announced an earlier moment, leave entries behind.
            let map = &self.map;
            self.expiries.retain(|due, key| map.replica(key).is_some_and(|replica| replica.expiry == Some(due)));
            self.expiries_max = 2 * self.expiries.len() + EXPIRIES_SPARE;
        }
    }

    /// When a replica is to be looked at for silence next.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.expiries.next_due()
    }

    /// How many entries wait for their moment.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.expiries.len()
    }

    /// Looks at one replica for silence, if one is due by `now`.
    pub(super) fn expire(&mut self, now: Now) -> Option<Vec<Transition>> {
        let (due, key) = self.expiries.pop(now.instant)?;
        let expired = self.map.expire(&key, due, now);
        if let Some(again) = expired.expiry {
            self.expiries.push(again, key);
        }
        Some(expired.transitions)
    }
}

fn rules(config: &Config) -> Rules {
    let notify = &config.notify;
    Rules { sick: notify.sick, wait: notify.group_wait, interval: notify.group_interval }
}

/// The map that the configuration describes, with nothing known yet.
fn map(config: &Config) -> Map {
    let services = config.services.iter().map(|service| {
        let nodes = service.nodes.iter().map(|node| (node.id.clone(), of_node(node, &config.metrics)));
        let in_map = map::Service {
            label: service.label.as_str().into(),
            nodes: nodes.collect(),
            tally: Tally::default(),
            standing: None,
        };
        (service.id.clone(), in_map)
    });
    Map { services: services.collect(), ..Map::default() }
}

fn of_node(node: &Node, metrics: &Metrics) -> map::Node {
    let (mode, delay_dead, targets) = match &node.mode {
        Mode::Poll(targets) => (map::Mode::Poll, metrics.poll.delay_dead, targets.as_slice()),
        Mode::Push => (map::Mode::Push, metrics.push.delay_dead, [].as_slice()),
        Mode::Local => (map::Mode::Local, metrics.local_delay_dead, [].as_slice()),
        Mode::Script => (map::Mode::Unwatched, metrics.poll.delay_dead, [].as_slice()),
    };
    let replicas = targets
        .iter()
        .map(|target| (target.replica.clone(), map::Replica::new(probe::kind(&target.address))))
        .collect();
    let load = Load { cpu: metrics.push.cpu_sick_above, ram: metrics.push.ram_sick_above };
    map::Node {
        label: node.label.as_str().into(),
        mode,
        limits: map::Limits { delay_sick: metrics.poll.delay_sick, load, delay_dead },
        reveals_replicas: node.reveal_replica_name,
        replicas,
        tally: Tally::default(),
        standing: None,
    }
}
