//! What is told next, and when: changes, reminders, and how everything is after a start.

use std::collections::HashSet;
use std::time::Duration;
use std::time::Instant;

use crate::clock::Now;

use super::grouping;
use super::grouping::Grouping;
use super::ledger::Remembered;
use super::map::Map;
use super::notice::Kind;
use super::notice::Notice;
use super::reminder;
use super::reminder::Reminded;
use super::reminder::Reminding;
use super::reminder::Silence;
use super::reminder::Situation;
use super::reshape::Departed;
use super::round::Round;
use super::status::Status;
use super::transition::NodeKey;
use super::transition::ReplicaKey;
use super::transition::Subject;
use super::transition::Transition;

/// Knows what is told next.
#[derive(Debug)]
pub struct Telling {
    grouping: Grouping,
    reminding: Reminding,
    /// The first round of checks, while the notice that tells how everything is waits for it, and all else for that.
    round: Option<Round>,
}

/// The rules of telling.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Of changes.
    pub changes: grouping::Rules,
    /// Of reminders, if there are any.
    pub reminders: Option<reminder::Rules>,
    /// Whether it is told how everything is after a start.
    pub startup: bool,
}

/// What is known from before the program started.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    /// What people were told last.
    pub told: &'a [(Subject, Status)],
    /// How everything was.
    pub subjects: &'a [(Subject, Remembered)],
    /// How far people were reminded.
    pub reminded: Reminded,
    /// Until when they do not want to be.
    pub silence: Silence,
    /// The nodes that are under planned maintenance.
    pub maintained: &'a HashSet<NodeKey>,
}

impl Telling {
    /// Goes on from what was known before the program started; changes since then are still to be added. `round` is the
    /// first round of checks, which the notice after a start waits for, if there is to be one; `map` has the nodes of now.
    #[must_use]
    pub fn resume(rules: Rules, before: Before<'_>, round: Round, map: &Map, now: Now) -> Self {
        let grouping = Grouping::resume(rules.changes, before.told, before.subjects, before.maintained, map, now);
        let unwell = grouping.is_unwell();
        let reminding = Reminding::resume(rules.reminders, before.reminded, before.silence, unwell, now);
        Self { grouping, reminding, round: rules.startup.then_some(round) }
    }

    /// Follows other rules, and another page, from now on. What is not on the page any more is not waited for.
    pub fn follow(&mut self, rules: Rules, map: &Map, now: Now) {
        self.grouping.follow(rules.changes, map, now);
        self.reminding.follow(rules.reminders);
        self.round = self.round.take().filter(|_| rules.startup);
        if let Some(round) = &mut self.round {
            round.follow(map, now);
        }
    }

    /// Takes in a transition, after which the page is like that.
    pub fn add(&mut self, transition: &Transition, map: &Map) {
        self.grouping.add(transition, map);
    }

    /// Remembers the labels of a node that is not on the page any more, for as long as there is something to tell of
    /// it.
    pub fn depart(&mut self, departed: Departed) {
        self.grouping.depart(departed);
    }

    /// These nodes are under planned maintenance from now on: nothing bad is told of them.
    pub fn hush(&mut self, begun: &HashSet<NodeKey>) {
        self.grouping.hush(begun);
    }

    /// Whether that node is under planned maintenance.
    #[must_use]
    pub fn is_hushed(&self, key: &NodeKey) -> bool {
        self.grouping.is_hushed(key)
    }

    /// These are no longer: how they are is told now.
    pub fn unhush(&mut self, over: &HashSet<NodeKey>, now: Now) {
        self.grouping.unhush(over, now);
    }

    /// A replica was asked, whatever came of it.
    pub fn asked(&mut self, key: &ReplicaKey, now: Now) {
        if let Some(round) = &mut self.round {
            round.seen(key, now);
        }
    }

    /// Whether people were told that a node is unwell.
    #[must_use]
    pub fn is_told(&self, key: &NodeKey) -> bool {
        self.grouping.is_told(key)
    }

    /// What people hear of a status, if it is one that they are told.
    #[must_use]
    pub fn level(&self, status: Option<Status>) -> Option<Status> {
        self.grouping.level(status)
    }

    /// When the next notice is due; none while there is nothing to tell.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        match &self.round {
            Some(round) => Some(round.end()),
            None => self.grouping.due().into_iter().chain(self.reminder_due()).min(),
        }
    }

    fn reminder_due(&self) -> Option<Instant> {
        // This is asked after every check: what is unwell is looked through only when people may be reminded of it.
        if !self.reminding.is_waiting() {
            return None;
        }
        let (unwell, news) = (self.grouping.is_pressing(), self.grouping.has_news());
        self.reminding.due(Situation { unwell, news, spaced: self.grouping.spaced() })
    }

    /// The notice that is due by `now`. With `last` it is that of what changed, due or not: the program ends.
    pub fn take(&mut self, map: &Map, now: Now, last: bool) -> Option<Notice> {
        let is_due = |due: Option<Instant>| due.is_some_and(|due| due <= now.instant);
        if last {
            self.round = None;
        } else if is_due(self.round.as_ref().map(Round::end)) {
            self.round = None;
            let notice = self.grouping.all(map, Kind::Startup, now);
            self.reminding.told(self.grouping.is_unwell(), now);
            return Some(notice);
        } else if self.round.is_some() {
            return None;
        } else if is_due(self.reminder_due()) {
            let (number, urgent) = self.reminding.remind(now);
            return Some(self.grouping.still(map, Kind::Reminder { number, urgent }, now));
        }
        if !last && !is_due(self.grouping.due()) {
            return None;
        }
        let notice = self.grouping.take(map, now)?;
        self.reminding.told(self.grouping.is_unwell(), now);
        Some(notice)
    }

    /// How far people were reminded.
    #[must_use]
    pub fn reminded(&self) -> Reminded {
        self.reminding.reminded()
    }

    /// Nobody is reminded for that time, or everybody is again. What becomes due meanwhile is due at its end.
    pub fn be_silent(&mut self, time: Option<Duration>, now: Now) {
        self.reminding.be_silent(time, now);
    }

    /// For how long nobody is reminded yet.
    #[must_use]
    pub fn silent_for(&self, now: Now) -> Option<Duration> {
        self.reminding.silent_for(now)
    }

    /// Until when that is, as it is stored.
    #[must_use]
    pub fn silence(&self) -> Silence {
        self.reminding.silence()
    }
}

#[cfg(test)]
mod tests;
