//! All that the engine remembers, under the one lock.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use indexmap::IndexMap;

use crate::clock::Now;
use crate::config::Config;
use crate::config::Link;
use crate::config::Metrics;
use crate::config::Mode;
use crate::config::Node;
use crate::history::Memory;
use crate::model::announcement::Board;
use crate::model::grouping;
use crate::model::id::ReplicaId;
use crate::model::judge::Refusal;
use crate::model::judge::Reported;
use crate::model::ledger::Entries;
use crate::model::ledger::Ledger;
use crate::model::ledger::Sample;
use crate::model::map;
use crate::model::map::Map;
use crate::model::notice::Change;
use crate::model::notice::Notice;
use crate::model::observation::Load;
use crate::model::observation::Outcome;
use crate::model::observation::Report;
use crate::model::reminder::Reminded;
use crate::model::reminder::Silence;
use crate::model::round::Round;
use crate::model::status::Status;
use crate::model::tally::Tally;
use crate::model::telling::Before;
use crate::model::telling::Rules;
use crate::model::telling::Telling;
use crate::model::transition::NodeKey;
use crate::model::transition::ReplicaKey;
use crate::model::transition::Subject;
use crate::model::transition::Transition;
use crate::probe;

use super::routes::Routes;
use super::schedule::Schedule;
use super::upkeep::Turned;
use super::upkeep::Upkeep;

/// All that the engine remembers.
pub(super) struct State {
    /// What is watched and how it is.
    pub(super) map: Map,
    /// What of it is to be kept.
    pub(super) ledger: Ledger,
    pub(super) telling: Telling,
    /// Which channels hear of which nodes.
    pub(super) routes: Routes,
    /// What maintenance is planned, and which of it is under way.
    pub(super) upkeep: Upkeep,
    /// What the owner of the page has announced.
    pub(super) board: Board,
    expiries: Schedule<ReplicaKey>,
    /// How many entries there may be before those that nobody waits for are dropped.
    expiries_max: usize,
}

/// What people know once they have a notice.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Told {
    /// Of the nodes, and of the page.
    pub(super) statuses: Vec<(Subject, Option<Status>)>,
    /// How far they were reminded.
    pub(super) reminded: Reminded,
}

/// How many entries that nobody waits for are not worth the search for them.
const EXPIRIES_SPARE: usize = 64;

/// How much longer than it may take a check is waited for after a start: threads have to begin, and scripts to end.
const ROUND_SPARE: Duration = Duration::from_secs(3);

impl State {
    /// Goes on from what is known from before the program started; tells what changed meanwhile.
    pub(super) fn new(config: &Config, memory: &Memory, now: Now) -> (Self, Vec<Transition>) {
        let mut map = map(config);
        let upkeep = Upkeep::new(memory.maintenance.clone(), &mut map, now.wall);
        let Memory { told, subjects, reminded, silence, .. } = memory;
        let maintained = upkeep.covered();
        let before = Before { told, subjects, reminded: *reminded, silence: *silence, maintained };
        let mut state = Self {
            ledger: Ledger::new(memory.incidents.clone(), memory.next_incident),
            telling: Telling::resume(rules(config), before, first_round(config, now), &map, now),
            routes: Routes::default(),
            board: Board::new(memory.announcements.clone()),
            map,
            upkeep,
            expiries: Schedule::default(),
            expiries_max: EXPIRIES_SPARE,
        };
        state.routes.follow(config, &|_| false);
        let resumed = state.map.resume(&memory.subjects, now);
        state.take_in(&resumed.transitions);
        resumed.departed.into_iter().for_each(|departed| state.telling.depart(departed));
        for key in resumed.awaited {
            if let Some(due) = state.map.replica(&key).and_then(|replica| replica.expiry) {
                state.expire_at(due, key);
            }
        }
        state.resume_maintenance(now);
        state.ledger.go_on(&state.map, &memory.subjects, now);
        (state, resumed.transitions)
    }

    /// Takes in what a check found; tells what changed by that.
    pub(super) fn record_check(&mut self, key: &ReplicaKey, outcome: Outcome, now: Now) -> Vec<Transition> {
        let sample = Sample::of(&outcome.finding);
        let transitions = self.map.record_check(key, outcome, now);
        self.gather(&transitions);
        self.telling.asked(key, now);
        self.ledger.observe(&self.map, key, sample, &transitions, now);
        transitions
    }

    /// Takes in a report, of a node that may have at most `most` replicas; tells what came of it.
    ///
    /// # Errors
    /// [`Refusal`], when there is no such node, it does not take such reports, or it is full.
    pub(super) fn record_report(
        &mut self,
        to: &NodeKey,
        report: Report,
        most: usize,
        now: Now,
    ) -> Result<Reported, Refusal> {
        let sample = Sample::said(report.content, report.interval);
        let key = ReplicaKey { node: to.clone(), replica: report.replica.clone() };
        let reported = self.map.record_report(to, report, most, now)?;
        self.gather(&reported.transitions);
        self.ledger.observe(&self.map, &key, sample, &reported.transitions, now);
        if let Some(due) = reported.expiry {
            self.expire_at(due, key);
        }
        Ok(reported)
    }

    /// Forgets a replica that reports; tells what changed by that.
    ///
    /// # Errors
    /// [`Refusal`], when there is no such replica, or its node does not take reports.
    pub(super) fn remove(&mut self, key: &ReplicaKey, now: Now) -> Result<Vec<Transition>, Refusal> {
        let transitions = self.map.remove(key, now)?;
        self.take_in(&transitions);
        Ok(transitions)
    }

    /// Takes on another configuration; what is in both keeps its state. Tells what changed by that.
    pub(super) fn reconfigure(&mut self, config: &Config, now: Now) -> Turned {
        let reshaped = self.map.reshape(map(config), now);
        self.take_in(&reshaped.transitions);
        for departed in reshaped.departed {
            self.telling.depart(departed);
        }
        self.telling.follow(rules(config), &self.map, now);
        let telling = &self.telling;
        self.routes.follow(config, &|key| telling.is_told(key));
        // What is new may be under maintenance, and what is gone is not any more.
        let mut turned = self.cover(now);
        turned.transitions.splice(0..0, reshaped.transitions);
        turned
    }

    /// Notes changes that no observation brought about.
    pub(super) fn take_in(&mut self, transitions: &[Transition]) {
        self.gather(transitions);
        self.ledger.change(transitions);
    }

    /// Notes changes for the next notice.
    fn gather(&mut self, transitions: &[Transition]) {
        for transition in transitions {
            self.telling.add(transition, &self.map);
        }
    }

    /// The notice that is due by `now`, or any that is owed when `now` is the end.
    pub(super) fn notice(&mut self, now: Now, last: bool) -> Option<Notice> {
        self.telling.take(&self.map, now, last)
    }

    /// Nobody is reminded for that time, or everybody is again.
    pub(super) fn ignore_reminders(&mut self, time: Option<Duration>, now: Now) {
        self.telling.be_silent(time, now);
        self.ledger.silence(self.telling.silence());
    }

    /// For how long nobody is reminded yet.
    pub(super) fn reminders_ignored(&self, now: Now) -> Option<Duration> {
        self.telling.silent_for(now)
    }

    /// Takes over until when nobody wanted to be reminded before the start, which nobody knew of then.
    pub(super) fn take_over(&mut self, silence: Silence, now: Now) {
        if self.telling.silence() == Silence::default() {
            let left =
                silence.until.map(|until| Duration::try_from(until.duration_since(now.wall)).unwrap_or_default());
            self.telling.be_silent(left, now);
        }
    }

    /// All that is to be kept, as if nothing of it had been written down.
    pub(super) fn repeat(&mut self) -> Entries {
        self.ledger.repeat(&self.map);
        self.ledger.silence(self.telling.silence());
        for maintenance in self.upkeep.agenda().all() {
            self.ledger.enter_maintenance(maintenance);
        }
        self.ledger.take()
    }

    /// What people know once they have this notice. A reminder tells them nothing new, nor does a notice after a start
    /// of a node of which nothing is known yet.
    pub(super) fn told(&self, notice: &Notice) -> Told {
        let of = |change: &Change| (Subject::Node(change.key.clone()), self.telling.level(change.to));
        let statuses = if notice.is_reminder() {
            Vec::new()
        } else {
            notice
                .changes
                .iter()
                .filter(|change| change.is_known())
                .map(of)
                .chain([(Subject::Page, Some(notice.status))])
                .collect()
        };
        Told { statuses, reminded: self.telling.reminded() }
    }

    /// What that channel hears of a notice of this moment; none where that is nothing. Who heard that a node is unwell
    /// hears that it is well, whatever the configuration says by now.
    pub(super) fn heard(&self, notice: &Arc<Notice>, channel: &str) -> Option<Arc<Notice>> {
        if self.routes.hears_all(channel) {
            return Some(notice.clone());
        }
        let hears = |node: &NodeKey| {
            self.routes.hears(channel, node)
                || self.routes.has_heard(channel, node) && self.well(notice).any(|well| well == node)
        };
        notice.heard_by(&self.map, &hears).map(Arc::new)
    }

    /// A notice was handed out: what it tells need not be remembered for those who are to hear of it.
    pub(super) fn handed_out(&mut self, notice: &Notice) {
        if !notice.is_reminder() {
            let well: Vec<_> = self.well(notice).cloned().collect();
            self.routes.told(well.iter());
        }
    }

    /// The nodes that are well by a notice, as far as people hear of it.
    fn well<'a>(&self, notice: &'a Notice) -> impl Iterator<Item = &'a NodeKey> {
        let changes =
            notice.changes.iter().filter(|change| change.is_known() && self.telling.level(change.to).is_none());
        changes.map(|change| &change.key)
    }

    /// When the next notice is due, or the next maintenance begins or ends.
    pub(super) fn next_notice(&self, now: Now) -> Option<Instant> {
        self.telling.due().into_iter().chain(self.upkeep.due(now)).min()
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
        self.take_in(&expired.transitions);
        Some(expired.transitions)
    }
}

fn rules(config: &Config) -> Rules {
    let notify = &config.notify;
    let changes = grouping::Rules { sick: notify.sick, wait: notify.group_wait, interval: notify.group_interval };
    Rules { changes, reminders: notify.reminders, startup: notify.startup }
}

/// The first round of checks, which lasts as long as the longest check of all may.
fn first_round(config: &Config, now: Now) -> Round {
    let mut asked = Vec::new();
    let mut longest = Duration::ZERO;
    for service in &config.services {
        for node in &service.nodes {
            let replicas: Vec<&ReplicaId> = match &node.mode {
                Mode::Poll(targets) => targets.iter().map(|target| &target.replica).collect(),
                Mode::Script(scripts) => scripts.iter().map(|script| &script.replica).collect(),
                Mode::Push | Mode::Local => continue,
            };
            let key = NodeKey { service: service.id.clone(), node: node.id.clone() };
            if !replicas.is_empty() {
                longest = longest.max(longest_check(node));
            }
            asked.extend(replicas.into_iter().map(|id| ReplicaKey { node: key.clone(), replica: id.clone() }));
        }
    }
    Round::new(asked, longest.saturating_add(ROUND_SPARE), now)
}

/// How long a check of a replica of that node may take, with every try.
fn longest_check(node: &Node) -> Duration {
    if let Mode::Script(_) = node.mode {
        return node.script.timeout;
    }
    let retry = &node.poll.retry;
    let again = node.poll.delay_dead.saturating_add(retry.wait).saturating_mul(retry.tries);
    node.poll.delay_dead.saturating_add(again)
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

fn link(link: &Link) -> Arc<map::Link> {
    let url = link.url.to_string();
    Arc::new(map::Link { label: link.label.clone().unwrap_or_else(|| url.clone()), url })
}

fn of_node(node: &Node, metrics: &Metrics) -> map::Node {
    // Silence is of those that report only, and the time of an answer of those that are asked.
    let (mode, delay_sick, delay_dead) = match &node.mode {
        Mode::Poll(_) => (map::Mode::Poll, node.poll.delay_sick, Duration::MAX),
        Mode::Push => (map::Mode::Push, Duration::MAX, metrics.push.delay_dead),
        Mode::Local => (map::Mode::Local, Duration::MAX, metrics.local_delay_dead),
        Mode::Script(_) => (map::Mode::Script, Duration::MAX, Duration::MAX),
    };
    let replica = |name: &ReplicaId, kind| (name.clone(), map::Replica::new(kind));
    let mut replicas: IndexMap<_, _> = match &node.mode {
        Mode::Poll(targets) => {
            targets.iter().map(|target| replica(&target.replica, probe::kind(&target.address))).collect()
        }
        Mode::Script(scripts) => scripts.iter().map(|script| replica(&script.replica, map::Kind::Script)).collect(),
        Mode::Push | Mode::Local => IndexMap::new(),
    };
    replicas.extend(node.queue.as_ref().map(|queue| replica(&queue.replica, map::Kind::Queue)));
    let queue = node.queue.as_ref().map(|queue| queue.limits).unwrap_or_default();
    let load = Load { cpu: metrics.push.cpu_sick_above, ram: metrics.push.ram_sick_above };
    map::Node {
        label: node.label.as_str().into(),
        mode,
        limits: map::Limits { delay_sick, certificate_left: node.certificate_left, load, delay_dead, queue },
        reveals_replicas: node.reveal_replica_name,
        link: node.link.as_ref().map(link),
        maintained: false,
        replicas,
        observed: None,
        tally: Tally::default(),
        standing: None,
    }
}
