//! Planned maintenance: work that is announced. While it lasts, what happens to its nodes is judged, recorded and shown,
//! but not told, and its time is neither up nor down.
//!
//! Maintenance goes by the wall clock, as people agree on it.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use indexmap::IndexSet;
use jiff::Timestamp;
use serde_derive::Deserialize;
use serde_derive::Serialize;

use super::id::Id;
use super::id::IdError;
use super::map::Map;
use super::transition::NodeKey;
use super::uuid::Uuid;
use super::wording;

/// One planned maintenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maintenance {
    /// What it is found by.
    pub id: Uuid,
    /// What is done, in a line.
    pub title: String,
    /// More about it, in lines, which end in `\n`.
    pub text: Option<String>,
    /// What it is of; the whole page if there is nothing in here.
    pub targets: Vec<Target>,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it was planned to end; this moment is no longer part of it.
    pub ends_at: Timestamp,
    /// When somebody ended it before that, or called it off before it began.
    pub ended_at: Option<Timestamp>,
}

/// What a maintenance is of: all of a service, `web`, or one node of it, `web:api`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Target {
    /// Every node of that service, whichever there are at the time.
    Service(Id),
    /// That node.
    Node(NodeKey),
}

/// A maintenance that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What is done, in a line.
    pub title: String,
    /// More about it.
    pub text: Option<String>,
    /// What it is of; the whole page if there is nothing in here.
    pub targets: Vec<Target>,
    /// When it begins; without it, or when that has passed, it begins at once.
    pub starts_at: Option<Timestamp>,
    /// When it ends.
    pub ends_at: Timestamp,
}

/// Why a maintenance cannot be planned like that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Its title or its text cannot be shown.
    #[error(transparent)]
    Wording(#[from] wording::Unfit),
    /// There are more than the limit.
    #[error("`targets` has more than {TARGETS_MAX} entries; the whole page is `[]`")]
    ManyTargets,
    /// There is no such service or node.
    #[error("`targets`: there is no `{0}` on this page; a service is named by its id, a node as `service:node`")]
    NoTarget(Target),
    /// It ends before it begins, or when it does.
    #[error("`ends_at` is not after `starts_at`")]
    Backwards,
    /// All of it has passed.
    #[error("`ends_at` has passed")]
    Over,
    /// It lasts for longer than the limit.
    #[error("it would last for longer than {} days", LENGTH_MAX.as_secs() / DAY_S)]
    Long,
    /// It begins later than the limit.
    #[error("`starts_at` is more than {} days ahead", AHEAD_MAX.as_secs() / DAY_S)]
    Far,
    /// There are too many already.
    #[error("{WAITING_MAX} maintenances are planned already; end one first")]
    Many,
}

const DAY_S: u64 = 24 * 60 * 60;

/// The most targets: more than that is the whole page, or another maintenance.
pub const TARGETS_MAX: usize = 200;

/// The longest maintenance. Nobody hears of an outage in it: one that lasts for longer is a change of the configuration.
pub const LENGTH_MAX: Duration = Duration::from_secs(31 * DAY_S);

/// How far ahead it may be planned: a leap year, beyond which a date is a mistake of typing.
pub const AHEAD_MAX: Duration = Duration::from_secs(366 * DAY_S);

/// The most that are planned or under way at a time: visitors read them all.
pub const WAITING_MAX: usize = 100;

/// The most that are at hand after their end; the others are in the database alone.
pub const PAST_MAX: usize = 500;

/// For how long before it begins the page tells of it.
pub const ANNOUNCED: Duration = Duration::from_secs(7 * DAY_S);

/// Where a maintenance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It has not begun.
    Upcoming,
    /// It has begun and is not over.
    Active,
    /// It is over.
    Past,
    /// It was called off before it began.
    Cancelled,
}

/// All that is planned, and what is over of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agenda {
    all: IndexMap<Uuid, Arc<Maintenance>>,
}

impl Maintenance {
    /// What somebody wants, if it fits the page as it is now.
    ///
    /// # Errors
    /// [`Unfit`], when it does not.
    pub fn plan(draft: Draft, id: Uuid, map: &Map, now: Timestamp) -> Result<Self, Unfit> {
        let Draft { title, text, targets, starts_at, ends_at } = draft;
        let title = wording::title(&title)?;
        // It may be left out, and one that is blank is.
        let text = text.filter(|text| !text.trim().is_empty()).map(|text| wording::text(&text)).transpose()?;
        let starts_at = to_the_milli(starts_at.map_or(now, |at| at.max(now)));
        let ends_at = to_the_milli(ends_at);
        let are_many = targets.len() > TARGETS_MAX;
        let targets: IndexSet<Target> = targets.into_iter().map(|target| target.resolved(map)).collect();
        let targets: Vec<Target> = targets.into_iter().collect();
        let lasts = Duration::try_from(ends_at.duration_since(starts_at)).unwrap_or_default();
        let ahead = Duration::try_from(starts_at.duration_since(now)).unwrap_or_default();
        let unfit = match () {
            () if are_many => Unfit::ManyTargets,
            () if ends_at <= now => Unfit::Over,
            () if ends_at <= starts_at => Unfit::Backwards,
            () if lasts > LENGTH_MAX => Unfit::Long,
            () if ahead > AHEAD_MAX => Unfit::Far,
            () => match targets.iter().find(|target| !target.is_on(map)) {
                Some(missing) => Unfit::NoTarget(missing.clone()),
                None => return Ok(Self { id, title, text, targets, starts_at, ends_at, ended_at: None }),
            },
        };
        Err(unfit)
    }

    /// When it is over, or was; of one that was called off, when that was.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.ended_at.map_or(self.ends_at, |ended| ended.min(self.ends_at))
    }

    /// Where it stands at that moment.
    #[must_use]
    pub fn phase(&self, at: Timestamp) -> Phase {
        match () {
            () if self.is_cancelled() => Phase::Cancelled,
            () if at < self.starts_at => Phase::Upcoming,
            () if at < self.end() => Phase::Active,
            () => Phase::Past,
        }
    }

    /// What the log says of it, whose title may be anything.
    #[must_use]
    pub fn words(&self) -> String {
        let Self { id, title, targets, starts_at, ends_at, .. } = self;
        let of = match targets.as_slice() {
            [] => "the whole page".to_owned(),
            targets => targets.iter().map(Target::to_string).collect::<Vec<_>>().join(", "),
        };
        // What was called off never was: it is known by its plan.
        let until = if self.is_cancelled() { *ends_at } else { self.end() };
        format!("{title:?} of {of}, from {starts_at} until {until} ({id})")
    }

    /// Whether it is of that node.
    #[must_use]
    pub fn covers(&self, node: &NodeKey) -> bool {
        self.targets.is_empty() || self.targets.iter().any(|target| target.covers(node))
    }

    /// Whether it was called off before it began.
    fn is_cancelled(&self) -> bool {
        self.ended_at.is_some_and(|ended| ended <= self.starts_at)
    }

    /// Whether it is still to come, or under way.
    fn is_waiting(&self, at: Timestamp) -> bool {
        matches!(self.phase(at), Phase::Upcoming | Phase::Active)
    }
}

/// As it is stored.
fn to_the_milli(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

impl Target {
    fn covers(&self, node: &NodeKey) -> bool {
        match self {
            Self::Service(service) => *service == node.service,
            Self::Node(key) => key == node,
        }
    }

    fn is_on(&self, map: &Map) -> bool {
        match self {
            Self::Service(service) => map.services.contains_key(service),
            Self::Node(key) => map.node(key.service.as_str(), key.node.as_str()).is_some(),
        }
    }

    /// What a text may mean on this page: ids may have colons, so a service of that name comes first.
    fn resolved(self, map: &Map) -> Self {
        let text = self.to_string();
        let mut ways = text.match_indices(':').filter_map(|(at, _)| node_at(&text, at).ok());
        match Id::new(&text).map(Self::Service) {
            Ok(service) if service.is_on(map) => service,
            _ => ways.find(|node| node.is_on(map)).unwrap_or(self),
        }
    }
}

/// The node that a text names whose colon is at that place.
fn node_at(text: &str, colon: usize) -> Result<Target, IdError> {
    let (service, node) = text.split_at(colon);
    let node = node.strip_prefix(':').unwrap_or(node);
    Ok(Target::Node(NodeKey { service: Id::new(service)?, node: Id::new(node)? }))
}

impl FromStr for Target {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.find(':') {
            Some(colon) => node_at(text, colon),
            None => Id::new(text).map(Self::Service),
        }
    }
}

impl TryFrom<String> for Target {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(id) => f.write_str(id.as_str()),
            Self::Node(key) => write!(f, "{key}"),
        }
    }
}

impl Agenda {
    /// Those that are known from before.
    #[must_use]
    pub fn new(known: impl IntoIterator<Item = Maintenance>) -> Self {
        Self { all: known.into_iter().map(|one| (one.id, Arc::new(one))).collect() }
    }

    /// Adds one.
    ///
    /// # Errors
    /// [`Unfit::Many`], when so many wait already.
    pub fn add(&mut self, maintenance: Maintenance, now: Timestamp) -> Result<(), Unfit> {
        if self.all.values().filter(|one| one.is_waiting(now)).count() >= WAITING_MAX {
            return Err(Unfit::Many);
        }
        self.all.insert(maintenance.id, Arc::new(maintenance));
        while self.all.values().filter(|one| !one.is_waiting(now)).count() > PAST_MAX {
            let oldest = self.all.values().filter(|one| !one.is_waiting(now)).min_by_key(|one| one.end());
            let Some(oldest) = oldest.map(|one| one.id) else { break };
            self.all.shift_remove(&oldest);
        }
        Ok(())
    }

    /// Takes in those that were known before, where nobody knows better.
    pub fn take_over(&mut self, before: impl IntoIterator<Item = Maintenance>) {
        for one in before {
            self.all.entry(one.id).or_insert_with(|| Arc::new(one));
        }
    }

    /// Ends one that is under way, or calls it off if it has not begun; gives it as it is then. None if there is none, or
    /// it is over.
    pub fn end(&mut self, id: Uuid, now: Timestamp) -> Option<Arc<Maintenance>> {
        let known = self.all.get_mut(&id).filter(|known| known.is_waiting(now))?;
        Arc::make_mut(known).ended_at = Some(to_the_milli(now));
        Some(known.clone())
    }

    /// All of them, in the order in which they begin.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Maintenance>> {
        let mut all: Vec<_> = self.all.values().cloned().collect();
        all.sort_by_key(|one| (one.starts_at, one.id));
        all
    }

    /// Those that are under way, and those that begin within that time, in the order in which they begin.
    #[must_use]
    pub fn ahead(&self, now: Timestamp, within: Duration) -> Vec<Arc<Maintenance>> {
        let until = now.checked_add(within).unwrap_or(Timestamp::MAX);
        let mut all = self.all();
        all.retain(|one| one.is_waiting(now) && one.starts_at <= until);
        all
    }

    /// The nodes of the page that are under maintenance at that moment.
    #[must_use]
    pub fn covered(&self, map: &Map, at: Timestamp) -> HashSet<NodeKey> {
        let active: Vec<_> = self.all.values().filter(|one| one.phase(at) == Phase::Active).collect();
        let mut covered = HashSet::new();
        if active.is_empty() {
            return covered;
        }
        for (service, in_service) in &map.services {
            for node in in_service.nodes.keys() {
                let key = NodeKey { service: service.clone(), node: node.clone() };
                if active.iter().any(|one| one.covers(&key)) {
                    covered.insert(key);
                }
            }
        }
        covered
    }

    /// The next moment after that one at which something begins or ends.
    #[must_use]
    pub fn next_boundary(&self, after: Timestamp) -> Option<Timestamp> {
        let boundaries = self.all.values().filter(|one| one.phase(after) != Phase::Cancelled);
        boundaries.flat_map(|one| [one.starts_at, one.end()]).filter(|at| *at > after).min()
    }

    /// When the last maintenance of that node ended, after `since` and by `now`; none while it is under one.
    #[must_use]
    pub fn last_end(&self, node: &NodeKey, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let of_node = || self.all.values().filter(|one| one.covers(node));
        if of_node().any(|one| one.phase(now) == Phase::Active) {
            return None;
        }
        let over = of_node().filter(|one| one.phase(now) == Phase::Past).map(|one| one.end());
        over.filter(|end| *end > since).max()
    }
}

#[cfg(test)]
mod tests;
