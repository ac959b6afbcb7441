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
    /// What changed since, by node.
    changed: IndexMap<NodeKey, Pending>,
    /// When the first of them changed.
    first: Option<Instant>,
    /// When the last notice was made, and the page's status in it.
    last: Option<(Instant, Status)>,
}

/// A change that is not told yet.
#[derive(Clone, Copy, Debug)]
struct Pending {
    to: Option<Status>,
    at: Now,
    /// What it was for a while, when it is again what people were told last: longer than the wait, so it is told.
    passed: Option<(Status, Duration)>,
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
            // Not worth a notice of its own; one that is on its way tells what is true when it leaves.
            if let Some(pending) = self.changed.get_mut(key) {
                pending.to = transition.to;
            }
            return;
        }
        let known = to == self.told.get(key).map(|(status, _)| *status);
        let lasted = self.changed.get(key).map(|pending| elapsed(pending.at, transition.at));
        if known && lasted.is_none_or(|lasted| lasted < self.rules.wait) {
            // It is again what people were told last: it came and went within the wait.
            self.changed.shift_remove(key);
        } else {
            let passed = if known { from.zip(lasted) } else { None };
            self.changed.insert(key.clone(), Pending { to: transition.to, at: transition.at, passed });
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
        let gathered: Vec<_> = self.changed.drain(..).collect();
        let changes = gathered.into_iter().filter_map(|(key, pending)| self.change(map, key, pending)).collect();
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

    fn change(&mut self, map: &Map, key: NodeKey, Pending { to, at, passed }: Pending) -> Option<Change> {
        let service = map.services.get(&key.service)?;
        let node = service.nodes.get(&key.node)?;
        let was = self.told.remove(&key).map(|(status, since)| (status, elapsed(since, at))).or(passed);
        if let Some(status) = self.level(to) {
            self.told.insert(key.clone(), (status, at));
        }
        let (affected, more_affected) = affected(&key, node);
        let (service, label) = (service.label.clone(), node.label.clone());
        Some(Change { key, service, label, to, since: at.wall, was, affected, more_affected })
    }
}

/// How long it is from one moment to a later one.
fn elapsed(from: Now, to: Now) -> Duration {
    to.instant.saturating_duration_since(from.instant)
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

#[cfg(test)]
mod tests {
    use crate::clock::Clock;
    use crate::clock::ManualClock;

    use super::super::fixture;
    use super::super::fixture::down;
    use super::super::fixture::key;
    use super::super::fixture::node_key;
    use super::super::fixture::secs;
    use super::super::fixture::up;
    use super::super::observation::Finding;
    use super::super::observation::Outcome;
    use super::*;

    /// A page, its clock, and what is told of it.
    struct Story {
        map: Map,
        clock: ManualClock,
        grouping: Grouping,
    }

    impl Story {
        fn new(sick: bool) -> Self {
            let rules = Rules { sick, wait: secs(2), interval: secs(10) };
            let mut story = Self { map: fixture::map(), clock: fixture::clock(), grouping: Grouping::new(rules) };
            for (node, replica) in [("api", "a"), ("api", "b"), ("site", "a")] {
                story.found(node, replica, up());
            }
            story
        }

        fn found(&mut self, node: &str, replica: &str, outcome: Outcome) {
            for transition in self.map.record_check(&key("web", node, replica), outcome, self.clock.now()) {
                self.grouping.add(&transition);
            }
        }

        /// Lets time pass; tells what was told then, as `api dead` and, for a recovery, `api healthy after 60 s`.
        fn pass(&mut self, seconds: u64) -> Vec<String> {
            let mut told = Vec::new();
            for _ in 0..seconds {
                self.clock.advance(secs(1));
                let now = self.clock.now();
                if self.grouping.due().is_none_or(|due| due > now.instant) {
                    continue;
                }
                let notice = self.grouping.take(&self.map, now).unwrap();
                told.extend(notice.changes.iter().map(|change| {
                    let to = change.to.map_or("?", Status::word);
                    let was = change.was.map(|(_, time)| format!(" after {} s", time.as_secs())).unwrap_or_default();
                    format!("{} {to}{was}", change.key.node)
                }));
                told.push(format!("page {}{}", notice.status, if notice.changed { "" } else { " still" }));
            }
            told
        }
    }

    #[test]
    fn healthy_at_the_start_is_not_told() {
        assert_eq!(Story::new(false).pass(60), [""; 0]);
    }

    #[test]
    fn a_death_is_told_after_the_wait_and_its_end_with_its_length() {
        let mut story = Story::new(false);
        story.found("api", "a", down());
        assert_eq!(story.pass(1), [""; 0]);
        assert_eq!(story.pass(1), ["api dead", "page dead"]);
        assert_eq!(story.pass(58), [""; 0]);
        story.found("api", "a", up());
        assert_eq!(story.pass(3), ["api healthy after 60 s", "page healthy"]);
    }

    #[test]
    fn deaths_within_the_wait_are_one_notice() {
        let mut story = Story::new(false);
        story.found("api", "a", down());
        story.pass(1);
        story.found("site", "a", down());
        assert_eq!(story.pass(9), ["api dead", "site dead", "page dead"]);
    }

    #[test]
    fn a_second_death_is_told_while_the_first_lasts() {
        let mut story = Story::new(false);
        story.found("api", "a", down());
        story.pass(3);
        story.found("site", "a", down());
        assert_eq!(story.pass(8), [""; 0], "notices are 10 s apart");
        assert_eq!(story.pass(1), ["site dead", "page dead still"]);
        story.found("api", "a", up());
        assert_eq!(story.pass(20), ["api healthy after 12 s", "page dead still"]);
    }

    #[test]
    fn what_came_and_went_is_not_told() {
        let mut story = Story::new(false);
        story.found("api", "a", down());
        story.pass(1);
        story.found("api", "a", up());
        assert_eq!(story.pass(60), [""; 0]);
        story.found("api", "a", down());
        story.pass(3);
        story.found("api", "a", up());
        story.pass(1);
        story.found("api", "a", down());
        assert_eq!(story.pass(60), [""; 0], "people know it as dead, and it is");
    }

    #[test]
    fn what_lasted_longer_than_the_wait_is_told_even_if_it_is_over() {
        let mut story = Story::new(false);
        story.found("site", "a", down());
        assert_eq!(story.pass(3), ["site dead", "page dead"]);
        story.found("api", "a", down());
        story.pass(4);
        story.found("api", "a", up());
        assert_eq!(story.pass(20), ["api healthy after 4 s", "page dead still"]);
        let mut story = Story::new(false);
        story.found("site", "a", down());
        story.pass(3);
        story.found("site", "a", up());
        story.pass(4);
        story.found("site", "a", down());
        assert_eq!(story.pass(20), ["site dead after 7 s", "page dead still"]);
        story.found("site", "a", up());
        assert_eq!(story.pass(20), ["site healthy after 20 s", "page healthy"]);
    }

    #[test]
    fn sick_is_told_when_that_is_asked_for() {
        let slow = || Outcome { finding: Finding::Up(secs(11)), ..up() };
        let mut quiet = Story::new(false);
        quiet.found("api", "a", slow());
        assert_eq!(quiet.pass(60), [""; 0]);
        quiet.found("api", "a", down());
        quiet.pass(30);
        quiet.found("api", "a", slow());
        assert_eq!(quiet.pass(30), ["api sick after 30 s", "page sick"]);
        let mut all = Story::new(true);
        all.found("api", "a", slow());
        assert_eq!(all.pass(30), ["api sick", "page sick"]);
        all.found("api", "a", down());
        assert_eq!(all.pass(30), ["api dead after 30 s", "page dead"]);
        all.found("api", "a", up());
        assert_eq!(all.pass(30), ["api healthy after 30 s", "page healthy"]);
    }

    #[test]
    fn a_notice_tells_what_is_true_when_it_leaves() {
        let slow = || Outcome { finding: Finding::Up(secs(11)), ..up() };
        let mut story = Story::new(false);
        story.found("site", "a", down());
        assert_eq!(story.pass(30), ["site dead", "page dead"]);
        story.found("site", "a", slow());
        story.pass(1);
        story.found("site", "a", up());
        assert_eq!(story.pass(30), ["site healthy after 30 s", "page healthy"]);
        story.found("site", "a", down());
        assert_eq!(story.pass(30), ["site dead", "page dead"]);
        story.found("site", "a", up());
        story.pass(1);
        story.found("site", "a", slow());
        assert_eq!(story.pass(30), ["site sick after 30 s", "page sick"]);
    }

    #[test]
    fn a_notice_names_the_dead_and_counts_the_rest() {
        let many: Vec<String> = (0..70).map(|number| format!("r{number}")).collect();
        let names: Vec<&str> = many.iter().map(String::as_str).collect();
        let mut story = Story::new(false);
        let node = fixture::node(super::super::map::Mode::Poll, &names);
        story.map.services.get_mut("web").unwrap().nodes.insert(fixture::id("many"), node);
        for name in &names {
            story.found("many", name, down());
        }
        let notice = story.grouping.take(&story.map, story.clock.now()).unwrap();
        assert_eq!((notice.dead.len(), notice.more_dead), (50, 20));
        assert_eq!((notice.changes[0].affected.len(), notice.changes[0].more_affected), (50, 20));
        assert_eq!(notice.changes[0].key, node_key("web", "many"));
    }
}
