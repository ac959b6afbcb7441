//! The ledger: what is to be kept of all that happens, gathered until somebody writes it down.
//!
//! Time is counted by the monotonic clock and entered by the wall clock, minute by minute; a minute holds what each
//! replica and node was and how it answered. What is not watched is not entered. A replica counts as dead from its first
//! failed attempt, which is known only when the last one has failed: minutes that were entered before are shifted.

mod maintained;
mod track;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use jiff::Timestamp;

use crate::clock::Now;

use super::cause::Cause;
use super::incident::Change;
use super::incident::End;
use super::incident::Ended;
use super::incident::Incident;
use super::incident::Incidents;
use super::maintenance::Maintenance;
use super::map::Map;
use super::map::Standing;
use super::observation::Content;
use super::observation::Finding;
use super::observation::Load;
use super::past::Past;
use super::reminder::Silence;
use super::span::Span;
use super::status::Status;
use super::tier::Tier;
use super::transition::NodeKey;
use super::transition::ReplicaKey;
use super::transition::Subject;
use super::transition::Transition;
use super::uuid::Uuid;

use self::maintained::track;
use self::track::Track;

/// What is to be kept.
#[derive(Debug)]
pub struct Ledger {
    replicas: HashMap<ReplicaKey, Track>,
    nodes: HashMap<NodeKey, Track>,
    pasts: HashMap<NodeKey, Arc<Past>>,
    incidents: Incidents,
    /// The nodes that are under planned maintenance, and since when.
    maintained: HashMap<NodeKey, Now>,
    /// The numbers of open incidents that changed since they were written.
    changed: HashSet<u64>,
    /// Incidents that ended lately, by number.
    ended: BTreeMap<u64, Arc<Incident>>,
    next_incident: u64,
    /// Whether there may be a past that could not be read yet.
    unread: bool,
    entries: Entries,
}

/// What came together, to be written at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entries {
    /// Every change of a status, in order.
    pub transitions: Vec<Transition>,
    /// How the subjects are that changed; the last word on each.
    pub standings: IndexMap<Subject, Remembered>,
    /// Time that was watched, to be added to what is stored of its minute.
    pub minutes: Vec<Minute>,
    /// Corrections of minutes that were entered before.
    pub shifts: Vec<Shift>,
    /// Incidents that began, changed or ended, by number; the last word on each.
    pub incidents: IndexMap<u64, Incident>,
    /// Until when nobody wants to be reminded, if that is another way now.
    pub silence: Option<Silence>,
    /// Planned maintenance that was added or ended; the last word on each.
    pub maintenance: IndexMap<Uuid, Arc<Maintenance>>,
    /// How many minutes and transitions could not be kept, because nobody wrote them down in time.
    pub lost: u64,
}

/// How a subject is, for the time when the program starts again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remembered {
    /// Its status and since when; none when nothing is known of it.
    pub standing: Option<Standing>,
    /// Why, when a replica is not healthy.
    pub cause: Option<Cause>,
    /// How often a replica reports; none when it does not.
    pub interval: Option<Duration>,
}

/// Time within one minute.
#[derive(Clone, Debug, PartialEq)]
pub struct Minute {
    /// The replica or node.
    pub what: Subject,
    /// When the minute began.
    pub at: Timestamp,
    /// What there was.
    pub span: Span,
}

/// Time within one minute that turned out to be of another status.
#[derive(Clone, Debug, PartialEq)]
pub struct Shift {
    /// The replica or node.
    pub what: Subject,
    /// When the minute began.
    pub at: Timestamp,
    /// What it was taken for.
    pub from: Option<Status>,
    /// What it was.
    pub to: Option<Status>,
    /// How much of it.
    pub time: Duration,
}

/// What an observation tells besides a status.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sample {
    /// It answered after this time.
    Answered(Duration),
    /// It reported this load, and does so once in that time.
    Loaded(Load, Duration),
    /// It did not answer, or it reported how it is; the latter once in that time.
    Bare(Option<Duration>),
    /// Vigil itself was unable to look.
    Blind,
}

/// How many entries of a kind wait for being written; some hours of a thousand replicas while the disk fails.
const WAITING_MAX: usize = 200_000;

/// How many incidents are kept at hand, and for how long after their end.
const RECENT_MAX: usize = 1_000;
const RECENT: Duration = Duration::from_hours(24 * 15);

impl Ledger {
    /// A ledger that goes on with incidents: those that are open, and those that ended lately, in order. The next one
    /// gets that number.
    #[must_use]
    pub fn new(recent: Vec<Incident>, next_incident: u64) -> Self {
        let (open, ended): (Vec<_>, Vec<_>) = recent.into_iter().partition(|incident| incident.closed.is_none());
        Self {
            replicas: HashMap::new(),
            nodes: HashMap::new(),
            pasts: HashMap::new(),
            maintained: HashMap::new(),
            incidents: Incidents::resume(open),
            changed: HashSet::new(),
            ended: ended.into_iter().map(|incident| (incident.id, Arc::new(incident))).collect(),
            next_incident,
            unread: false,
            entries: Entries::default(),
        }
    }

    /// Counts time from now on for all whose status is known from before a start. Until more is found out it is what it was:
    /// a dead replica that reports no more is dead, not unwatched.
    pub fn go_on(&mut self, map: &Map, before: &[(Subject, Remembered)], now: Now) {
        let maintained = &self.maintained;
        let begin = |node: &NodeKey, standing: Option<Standing>| {
            Some(track(maintained, node, Some(standing?.status), now.instant))
        };
        for (service, in_service) in &map.services {
            for (node, in_node) in &in_service.nodes {
                let key = NodeKey { service: service.clone(), node: node.clone() };
                for (replica, one) in &in_node.replicas {
                    let key = ReplicaKey { node: key.clone(), replica: replica.clone() };
                    self.replicas.extend(begin(&key.node, one.standing).map(|track| (key, track)));
                }
                self.nodes.extend(begin(&key, in_node.standing).map(|track| (key, track)));
            }
        }
        for (subject, remembered) in before {
            if let Subject::Replica(key) = subject
                && let Some(track) = self.replicas.get_mut(key)
            {
                track.interval = remembered.interval;
            }
        }
    }

    /// Counts the time of the nodes until now, for who wants to see it.
    pub fn count(&mut self, now: Now) {
        for (key, track) in &mut self.nodes {
            track.count(now, Some(Arc::make_mut(self.pasts.entry(key.clone()).or_default())));
        }
    }

    /// Nobody watched from then until now: the program did not run.
    pub fn skip(&mut self, from: Now, now: Now) {
        self.count(from);
        for track in self.replicas.values_mut() {
            track.count(from, None);
        }
        for track in self.replicas.values_mut().chain(self.nodes.values_mut()) {
            track.skip(now);
        }
    }

    /// Takes in what was found out about a replica, after the map has judged it, with what changed by that.
    pub fn observe(&mut self, map: &Map, key: &ReplicaKey, sample: Sample, transitions: &[Transition], now: Now) {
        self.change(transitions);
        if sample == Sample::Blind {
            return;
        }
        let Some(replica) = map.replica(key) else { return };
        let status = |standing: Option<Standing>| standing.map(|standing| standing.status);
        if !self.replicas.contains_key(key) {
            let track = track(&self.maintained, &key.node, status(replica.standing), now.instant);
            self.replicas.insert(key.clone(), track);
        }
        if !self.nodes.contains_key(&key.node) {
            let node = map.node(key.node.service.as_str(), key.node.node.as_str());
            let standing = node.and_then(|node| status(node.standing));
            self.nodes.insert(key.node.clone(), track(&self.maintained, &key.node, standing, now.instant));
        }
        let minute = Tier::Minute.start_of(now.wall);
        let tracks = [self.replicas.get_mut(key), self.nodes.get_mut(&key.node)];
        for track in tracks.into_iter().flatten() {
            match sample {
                Sample::Answered(latency) => track.minute(minute).latencies.add(latency),
                Sample::Loaded(load, _) => track.minute(minute).loads.add(load),
                Sample::Bare(_) | Sample::Blind => {}
            }
        }
        let interval = match sample {
            Sample::Loaded(_, interval) => Some(interval),
            Sample::Bare(interval) => interval,
            Sample::Answered(_) | Sample::Blind => None,
        };
        if let Some(track) = self.replicas.get_mut(key).filter(|track| track.interval != interval) {
            track.interval = interval;
            let remembered = Remembered { standing: replica.standing, cause: replica.cause.clone(), interval };
            self.entries.standings.insert(Subject::Replica(key.clone()), remembered);
        }
    }

    /// Takes in changes: every one that judging brings forth, in order.
    pub fn change(&mut self, transitions: &[Transition]) {
        for transition in transitions {
            self.enter(transition);
            if !self.is_expected(transition)
                && let Some(change) = self.incidents.apply(transition, self.next_incident)
            {
                self.note(change);
            }
        }
    }

    /// An open incident is copied when it is written or read, not at every change: an outage may have thousands of nodes.
    fn note(&mut self, change: Change) {
        match change {
            Change::Opened(id) => {
                self.next_incident = self.next_incident.saturating_add(1);
                self.changed.insert(id);
            }
            Change::Changed(id) => {
                self.changed.insert(id);
            }
            Change::Closed(incident) => {
                self.changed.remove(&incident.id);
                self.ended.insert(incident.id, Arc::new(incident.clone()));
                self.entries.incidents.insert(incident.id, incident);
            }
        }
        // A thousand services that are all dead is still a thousand.
        if self.ended.len().saturating_add(self.incidents.open().len()) > RECENT_MAX {
            self.ended.pop_first();
        }
    }

    fn enter(&mut self, transition: &Transition) {
        let Transition { at, since, what, to, cause, .. } = transition;
        let standing = to.map(|status| Standing { status, since: *since });
        let mut remembered = Remembered { standing, cause: cause.clone(), interval: None };
        let entries = &mut self.entries;
        match what {
            Subject::Replica(key) => {
                let new = || track(&self.maintained, &key.node, None, since.instant);
                let track = self.replicas.entry(key.clone()).or_insert_with(new);
                track.turn(what, *to, *since, *at, None, entries);
                track.hand_over(what, entries);
                remembered.interval = track.interval;
                if to.is_none() {
                    self.replicas.remove(key);
                }
            }
            Subject::Node(key) => {
                let new = || track(&self.maintained, key, None, since.instant);
                let track = self.nodes.entry(key.clone()).or_insert_with(new);
                let past = Arc::make_mut(self.pasts.entry(key.clone()).or_default());
                track.turn(what, *to, *since, *at, Some(past), entries);
                track.hand_over(what, entries);
            }
            Subject::Service(_) | Subject::Page => {}
        }
        self.entries.standings.insert(what.clone(), remembered);
        self.entries.transitions.push(transition.clone());
        if self.entries.transitions.len() > WAITING_MAX {
            let excess = self.entries.transitions.len() / 2;
            self.entries.transitions.drain(..excess);
            self.entries.lost = self.entries.lost.saturating_add(excess as u64);
        }
    }

    /// Nobody wants to be reminded until then, or everybody does.
    pub fn silence(&mut self, silence: Silence) {
        self.entries.silence = Some(silence);
    }

    /// Counts all time until now and closes the minutes that are over; with `last` the present one, too.
    pub fn close(&mut self, now: Now, last: bool) {
        let before = if last { Timestamp::MAX } else { Tier::Minute.start_of(now.wall) };
        let minutes = &mut self.entries.minutes;
        for (key, track) in &mut self.replicas {
            track.count(now, None);
            track.close(before, &mut self.entries.lost, |at, span| {
                minutes.push(Minute { what: Subject::Replica(key.clone()), at, span });
            });
        }
        for (key, track) in &mut self.nodes {
            let past = Arc::make_mut(self.pasts.entry(key.clone()).or_default());
            track.count(now, Some(past));
            track.close(before, &mut self.entries.lost, |at, span| {
                minutes.push(Minute { what: Subject::Node(key.clone()), at, span });
            });
        }
        self.nodes.retain(|_, track| track.status.is_some() || !track.open.is_empty());
        let ended_lately = |incident: &Incident| {
            let ended = incident.closed.map(|ended| now.wall.duration_since(ended.at.wall));
            ended.is_none_or(|ago| ago.unsigned_abs() <= RECENT)
        };
        self.ended.retain(|_, incident| ended_lately(incident));
    }

    /// Hands out what is to be written; what is not closed stays.
    pub fn take(&mut self) -> Entries {
        let changed = std::mem::take(&mut self.changed);
        if !changed.is_empty() {
            let open = self.incidents.open().filter(|incident| changed.contains(&incident.id));
            self.entries.incidents.extend(open.map(|incident| (incident.id, incident.clone())));
        }
        std::mem::take(&mut self.entries)
    }

    /// Enters how everything is at present, as if nothing of it had been written down; maintenance is the caller's.
    pub fn repeat(&mut self, map: &Map) {
        let mut enter = |what, standing: Option<Standing>, cause, interval| {
            if standing.is_some() {
                self.entries.standings.insert(what, Remembered { standing, cause, interval });
            }
        };
        enter(Subject::Page, map.standing, None, None);
        for (service_id, service) in &map.services {
            enter(Subject::Service(service_id.clone()), service.standing, None, None);
            for (node_id, node) in &service.nodes {
                let node_key = NodeKey { service: service_id.clone(), node: node_id.clone() };
                enter(Subject::Node(node_key.clone()), node.standing, None, None);
                for (id, replica) in &node.replicas {
                    let key = ReplicaKey { node: node_key.clone(), replica: id.clone() };
                    let interval = self.replicas.get(&key).and_then(|track| track.interval);
                    enter(Subject::Replica(key), replica.standing, replica.cause.clone(), interval);
                }
            }
        }
        for incident in self.incidents.open() {
            self.entries.incidents.insert(incident.id, incident.clone());
        }
    }

    /// Takes in incidents of before, which nobody knew of at the start. Those that were open had nobody to see their end.
    pub fn take_over(&mut self, before: Vec<Incident>, now: Now) {
        let unwatched = Ended { at: now, how: End::Unwatched };
        for mut incident in before {
            if incident.closed.is_none() {
                incident.closed = Some(unwatched);
                for affected in &mut incident.affected {
                    affected.end(unwatched);
                }
                self.entries.incidents.insert(incident.id, incident.clone());
            }
            self.ended.insert(incident.id, Arc::new(incident));
        }
        self.unread = false;
    }

    /// Puts what was stored of a node's past in its place.
    pub fn restore(&mut self, node: &NodeKey, tier: Tier, at: Timestamp, span: &Span) {
        Arc::make_mut(self.pasts.entry(node.clone()).or_default()).restore(tier, at, span);
    }

    /// There may be a past, which could not be read.
    pub fn miss(&mut self) {
        self.unread = true;
    }

    /// Whether there may be a past that could not be read yet.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.unread
    }

    /// The pasts of the nodes.
    #[must_use]
    pub fn pasts(&self) -> &HashMap<NodeKey, Arc<Past>> {
        &self.pasts
    }

    /// The incidents that are open or ended lately, in the order in which they began.
    pub fn recent(&self) -> impl Iterator<Item = Arc<Incident>> {
        let open = self.incidents.open().map(|incident| Arc::new(incident.clone()));
        let mut recent: Vec<Arc<Incident>> = self.ended.values().cloned().chain(open).collect();
        recent.sort_by_key(|incident| incident.id);
        recent.into_iter()
    }
}

impl Sample {
    /// What a check tells.
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        match finding {
            Finding::Up(latency) | Finding::Certified { latency, .. } | Finding::Ailing(latency, _) => {
                Self::Answered(*latency)
            }
            // How long its server takes to tell says nothing of the node.
            Finding::Down(_) | Finding::Queue(_) => Self::Bare(None),
            Finding::Unread(_) | Finding::Blind(_) => Self::Blind,
        }
    }

    /// What a report tells, of a replica that reports once in `interval`.
    #[must_use]
    pub fn said(content: Content, interval: Duration) -> Self {
        match content {
            Content::Load(load) => Self::Loaded(load, interval),
            Content::Health(_) => Self::Bare(Some(interval)),
        }
    }
}

impl Entries {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.transitions.is_empty()
            && self.standings.is_empty()
            && self.minutes.is_empty()
            && self.shifts.is_empty()
            && self.incidents.is_empty()
            && self.silence.is_none()
            && self.maintenance.is_empty()
    }

    /// Takes in what came later. What waits for too long is lost, the oldest first, and counted.
    pub fn append(&mut self, later: Self) {
        self.transitions.extend(later.transitions);
        self.standings.extend(later.standings);
        self.minutes.extend(later.minutes);
        self.shifts.extend(later.shifts);
        self.incidents.extend(later.incidents);
        self.silence = later.silence.or(self.silence);
        self.maintenance.extend(later.maintenance);
        let lost = excess(&mut self.transitions) + excess(&mut self.minutes) + excess(&mut self.shifts);
        self.lost = self.lost.saturating_add(later.lost).saturating_add(lost);
    }
}

/// Drops the oldest of those that are too many; tells how many that were.
fn excess<T>(waiting: &mut Vec<T>) -> u64 {
    let excess = waiting.len().saturating_sub(WAITING_MAX);
    waiting.drain(..excess);
    excess as u64
}

#[cfg(test)]
mod tests;
