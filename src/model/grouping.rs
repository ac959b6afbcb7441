//! Which changes become one notice, and when it is due.

mod hush;
mod unknown;
mod whole;

use std::collections::HashMap;
use std::collections::HashSet;
use std::time::Duration;
use std::time::Instant;

use indexmap::IndexSet;

use crate::clock;
use crate::clock::Now;

use super::ledger::Remembered;
use super::map::Map;
use super::map::Node;
use super::notice::Affected;
use super::notice::Change;
use super::notice::Kind;
use super::notice::Notice;
use super::reshape::Departed;
use super::status::Status;
use super::transition::NodeKey;
use super::transition::ReplicaKey;
use super::transition::Subject;
use super::transition::Transition;

use self::unknown::is_unknown;

/// Gathers the changes of nodes until their notice is due.
#[derive(Debug)]
pub struct Grouping {
    rules: Rules,
    /// The course of each node that is told to be unwell, or has something to tell.
    courses: HashMap<NodeKey, Course>,
    /// Those of them that have something to tell, in the order in which they changed.
    changed: IndexSet<NodeKey>,
    /// Those of them that are not on the page any more, which cannot tell their labels.
    departed: HashMap<NodeKey, Departed>,
    /// The nodes that are under planned maintenance.
    hushed: HashSet<NodeKey>,
    /// When the first of them changed.
    first: Option<Instant>,
    /// When the last notice was made, and the page's status in it.
    last: Option<(Instant, Status)>,
}

/// What became of a node since it was last told. Its levels are what people hear of: none, sick, dead.
#[derive(Clone, Copy, Debug)]
struct Course {
    /// The level that was told.
    told: Option<Status>,
    /// The status it has now.
    to: Option<Status>,
    /// Whether it has none though it is still watched: what was told of it holds until something is known again.
    unknown: bool,
    /// Whether people were told meanwhile that the page is better, or that it is unknown: then they are told again how it
    /// is once that is known.
    passed: bool,
    /// Since when it has it.
    at: Now,
    /// When it last left the level that was told.
    left: Now,
    /// Whether it left that level for so long that this is told even if it is back.
    strayed: bool,
    /// Whether there was something to tell already when the maintenance began under which the node is.
    early: bool,
    /// How long it was sick or worse since it was told, before `at`.
    sick: Duration,
    /// How long it was dead since it was told, before `at`.
    dead: Duration,
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
        let (courses, changed, departed) = (HashMap::new(), IndexSet::new(), HashMap::new());
        Self { rules, courses, changed, departed, hushed: HashSet::new(), first: None, last: None }
    }

    /// Goes on from what people were told last, of nodes and of the page, and from how the nodes were when the program
    /// ended; `map` has the nodes of now. What is another way by now is to be told. Changes since then, those of nodes
    /// that are gone among them, are still to be added. Some nodes are under planned maintenance.
    #[must_use]
    pub fn resume(
        rules: Rules,
        told: &[(Subject, Status)],
        before: &[(Subject, Remembered)],
        maintained: &HashSet<NodeKey>,
        map: &Map,
        now: Now,
    ) -> Self {
        let mut grouping = Self { hushed: maintained.clone(), ..Self::new(rules) };
        let mut told_of = HashMap::new();
        for (subject, status) in told {
            match subject {
                Subject::Node(key) => {
                    told_of.insert(key.clone(), *status);
                }
                // Whenever that was, it was long enough ago.
                Subject::Page => grouping.last = Some((clock::before(now, rules.interval).instant, *status)),
                Subject::Service(_) | Subject::Replica(_) => {}
            }
        }
        for (subject, remembered) in before {
            let Subject::Node(key) = subject else { continue };
            let told = rules.level(told_of.remove(key));
            let to = remembered.standing.map(|standing| standing.status);
            if told.is_some() || rules.level(to).is_some() {
                let at = remembered.standing.map_or(now, |standing| standing.since);
                let course = Course { unknown: is_unknown(map, key, to), ..Course::new(told, to, at) };
                grouping.courses.insert(key.clone(), course);
                grouping.weigh(key, now);
            }
        }
        for (key, status) in told_of {
            grouping.resume_unknown(&key, rules.level(Some(status)), map, now);
        }
        grouping
    }

    /// Whether people were told that a node is unwell.
    #[must_use]
    pub fn is_told(&self, key: &NodeKey) -> bool {
        self.courses.get(key).is_some_and(|course| course.told.is_some())
    }

    /// What people hear of a status, if it is one that they are told.
    #[must_use]
    pub fn level(&self, status: Option<Status>) -> Option<Status> {
        self.rules.level(status)
    }

    /// Follows other rules, and another page, from now on; what is only news by the old ones is not told any more.
    pub fn follow(&mut self, rules: Rules, map: &Map, now: Now) {
        self.rules = rules;
        self.look_for_unknown(map, now);
        let changed = std::mem::take(&mut self.changed);
        let is_news = |key: &NodeKey| self.courses.get(key).is_some_and(|course| self.is_news(key, course));
        self.changed = changed.into_iter().filter(is_news).collect();
        if self.changed.is_empty() {
            self.first = None;
        }
    }

    /// Remembers the labels of a node that is not on the page any more, for as long as there is something to tell of it.
    pub fn depart(&mut self, departed: Departed) {
        if self.courses.contains_key(&departed.key) {
            self.departed.insert(departed.key.clone(), departed);
        }
    }

    /// Takes in a transition, after which the page is like that; only those of nodes matter.
    pub fn add(&mut self, transition: &Transition, map: &Map) {
        let Subject::Node(key) = &transition.what else { return };
        let (rules, at) = (self.rules, transition.since);
        let known = self.courses.contains_key(key);
        if !known && rules.level(transition.from) == rules.level(transition.to) {
            return;
        }
        let course = self.courses.entry(key.clone()).or_insert_with(|| Course::new(None, transition.from, at));
        course.enter(rules, transition.to, is_unknown(map, key, transition.to), at);
        self.weigh(key, transition.at);
    }

    /// Sees whether there is something to tell of a node since then, or no longer.
    fn weigh(&mut self, key: &NodeKey, at: Now) {
        let Some(course) = self.courses.get(key) else { return };
        if self.is_news(key, course) {
            self.changed.insert(key.clone());
        } else {
            // It came and went within the wait, or under maintenance.
            let is_over = course.told.is_none() && course.level(self.rules).is_none();
            self.changed.shift_remove(key);
            if is_over {
                self.courses.remove(key);
            }
        }
        if self.changed.is_empty() {
            self.first = None;
        } else {
            self.first.get_or_insert(at.instant);
        }
    }

    /// When the next notice is due; none while there is nothing to tell.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        let grouped = self.first?.checked_add(self.rules.wait)?;
        Some(self.spaced().map_or(grouped, |spaced| spaced.max(grouped)))
    }

    /// When the next notice may come, whatever it is; none when there was no other before it.
    #[must_use]
    pub fn spaced(&self) -> Option<Instant> {
        self.last.and_then(|(last, _)| last.checked_add(self.rules.interval))
    }

    /// The notice, if there is anything to tell; whether it is due is the caller's concern.
    pub fn take(&mut self, map: &Map, now: Now) -> Option<Notice> {
        if self.changed.is_empty() {
            return None;
        }
        self.first = None;
        let gathered: Vec<_> = self.changed.drain(..).collect();
        let changes = gathered.into_iter().filter_map(|key| self.change(map, key)).collect();
        self.departed.clear();
        let status = map.status();
        let before = self.last.map_or(Status::Healthy, |(_, status)| status);
        self.last = Some((now.instant, status));
        self.pass(|told| told > status);
        let (dead, more_dead) = dead(map, &|_| true);
        let (is_other, sick, kind) = (status != before, self.rules.sick, Kind::Change);
        Some(Notice { at: now.wall, status, changed: is_other, sick, dead, more_dead, changes, kind })
    }

    /// The change of a node that has something to tell; its course starts anew.
    fn change(&mut self, map: &Map, key: NodeKey) -> Option<Change> {
        let course = self.courses.remove(&key)?;
        let on_page = map.services.get(&key.service).and_then(|service| Some((service, service.nodes.get(&key.node)?)));
        let (service, label, (affected, more_affected)) = match on_page {
            Some((service, node)) => (service.label.clone(), node.label.clone(), affected(&key, node)),
            None => self.departed.remove(&key).map(|gone| (gone.service, gone.label, (Vec::new(), 0)))?,
        };
        let Course { to, at, .. } = course;
        if let Some(told) = self.rules.level(to) {
            self.courses.insert(key.clone(), Course::new(Some(told), to, at));
        }
        Some(Change { key, service, label, to, since: at.wall, was: course.was(self.rules), affected, more_affected })
    }
}

impl Rules {
    /// What people hear of a status: below what is told, a node is as good as healthy.
    fn level(self, status: Option<Status>) -> Option<Status> {
        let least = if self.sick { Status::Sick } else { Status::Dead };
        status.filter(|status| *status >= least)
    }

    /// Whether what took this time is told even if it is over.
    fn lasts(self, time: Duration) -> bool {
        time >= self.wait && !time.is_zero()
    }
}

impl Course {
    /// A level was told, of a node that has a status since a moment.
    fn new(told: Option<Status>, to: Option<Status>, at: Now) -> Self {
        let (sick, dead) = (Duration::ZERO, Duration::ZERO);
        Self { told, to, unknown: false, passed: false, at, left: at, strayed: false, early: false, sick, dead }
    }

    /// What people would hear of it now: of what is unknown, what they heard.
    fn level(&self, rules: Rules) -> Option<Status> {
        if self.unknown { self.told } else { rules.level(self.to) }
    }

    /// The node has another status, or is unknown.
    fn enter(&mut self, rules: Rules, to: Option<Status>, unknown: bool, at: Now) {
        let (before, spent) = (self.level(rules), elapsed(self.at, at));
        let was = rules.level(self.to);
        if was >= Some(Status::Sick) {
            self.sick += spent;
        }
        if was == Some(Status::Dead) {
            self.dead += spent;
        }
        (self.to, self.unknown, self.at) = (to, unknown, at);
        if before == self.told {
            self.left = at;
        }
        if self.level(rules) == self.told {
            self.strayed |= rules.lasts(elapsed(self.left, at)) || self.passed && !unknown;
        }
    }

    /// Whether there is something to tell.
    fn is_news(&self, rules: Rules) -> bool {
        self.strayed || self.level(rules) != self.told
    }

    /// The worst it was since it was told, and for how long in all: what was told, or what lasted.
    fn was(&self, rules: Rules) -> Option<(Status, Duration)> {
        let spent = [(Status::Dead, self.dead), (Status::Sick, self.sick)];
        spent.into_iter().find(|(status, time)| self.told == Some(*status) || rules.lasts(*time))
    }
}

/// How long it is from one moment to a later one.
fn elapsed(from: Now, to: Now) -> Duration {
    to.instant.saturating_duration_since(from.instant)
}

/// Every dead replica of those nodes of the page that are not under planned maintenance, and how many more there are than a notice names.
pub(super) fn dead(map: &Map, of: &dyn Fn(&NodeKey) -> bool) -> (Vec<ReplicaKey>, usize) {
    let mut named = Vec::new();
    let mut all = 0;
    for (service, in_service) in &map.services {
        for (node, in_node) in in_service.nodes.iter().filter(|(_, node)| !node.maintained) {
            let count = in_node.tally.count(Status::Dead);
            if count == 0 {
                continue;
            }
            let key = NodeKey { service: service.clone(), node: node.clone() };
            if !of(&key) {
                continue;
            }
            all += count;
            if named.len() < Notice::MOST_NAMED {
                let (affected, _) = affected(&key, in_node);
                named.extend(affected.into_iter().filter(|one| one.status == Status::Dead).map(|one| one.key));
            }
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
mod tests;
