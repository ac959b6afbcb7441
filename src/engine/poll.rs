//! Asks the targets, each on its own clock.
//!
//! One thread waits for the next due time and hands checks to a pool; a worker makes one attempt and returns. A failed
//! attempt is put back on the heap for its next try, so no worker ever waits for one.

mod late;

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::Weak;
use std::time::Duration;
use std::time::Instant;

use crate::clock::Bell;
use crate::config::Config;
use crate::model::observation::Finding;
use crate::model::observation::Observation;
use crate::model::observation::Outcome;
use crate::model::transition::ReplicaKey;
use crate::net::waits::Waits;
use crate::probe::Tools;

use super::guard;
use super::metrics::CheckFigures;
use super::metrics::Crowd;
use super::plan::Again;
use super::plan::Lane;
use super::plan::Lanes;
use super::plan::Plan;
use super::plan::Serial;
use super::pool::Pool;
use super::pool::Way;
use super::schedule::Schedule;
use super::shared::Shared;

use self::late::Late;
use self::late::Why;

/// How late a check may start before it is worth a warning.
pub(super) const LATE: Duration = Duration::from_secs(1);

/// The most checks at a time when `poll_parallelism` does not say: each costs a thread and a connection.
const PARALLELISM_MAX: usize = 1_024;

/// How far apart warnings of one kind are.
const AGAIN: Duration = Duration::from_mins(1);

/// How long scripts may take to end when they are killed.
const SCRIPTS_END: Duration = Duration::from_secs(1);

/// The loop that asks.
pub(super) struct Poller {
    shared: Shared,
    agenda: Mutex<Agenda>,
    at_a_time: usize,
    /// The threads that ask, of each lane its own.
    pools: OnceLock<Lanes<Arc<Pool<Errand>>>>,
    /// How long these wait for names to be resolved.
    waits: Lanes<Waits>,
    /// Stopped when the program ends: scripts end with it.
    end: Bell,
    late: Seldom<(Lane, Why)>,
    blind: Seldom<()>,
}

/// What is asked, and when.
struct Agenda {
    plan: Arc<Plan>,
    schedule: Schedule<Job>,
}

/// Lets each of some things be said once in a while.
struct Seldom<K>(Mutex<HashMap<K, Instant>>);

impl<K> Default for Seldom<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> Seldom<K> {
    /// Whether that was not said lately; it is then taken as said.
    fn is_due(&self, what: K, now: Instant) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = said.get(&what).is_none_or(|last| now.saturating_duration_since(*last) >= AGAIN);
        if due {
            said.insert(what, now);
        }
        due
    }
}

/// One attempt that waits for its moment.
#[derive(Clone, Copy, Debug)]
struct Job {
    target: Serial,
    /// Which attempt of the check, from 1.
    attempt: u32,
    /// When it is to begin.
    due: Instant,
    /// When the first attempt of the check began; none before it.
    began: Option<Instant>,
    /// Whether it looks once more at what was found already.
    is_second_look: bool,
}

/// One attempt on its way, with the plan that it began by.
struct Errand {
    plan: Arc<Plan>,
    job: Job,
    /// When it was handed to the threads of its lane.
    handed: Instant,
    /// For how long these had waited for names then, added up.
    waited: Duration,
}

impl Job {
    /// The first attempt of a check.
    fn first(target: Serial, due: Instant) -> Self {
        Self { target, attempt: 1, due, began: None, is_second_look: false }
    }
}

impl Poller {
    /// Every target is due at once; afterwards their clocks are spread over the interval.
    pub(super) fn new(config: &Config, tools: &Tools, shared: Shared) -> Self {
        let now = shared.now().instant;
        let end = Bell::default();
        let plan = Arc::new(Plan::first(config, tools, &end, now));
        let mut schedule = Schedule::default();
        for target in plan.in_order() {
            schedule.push(now, Job::first(target, now));
        }
        let waits = Lanes::each(|_| Waits::new(shared.clock()));
        Self {
            shared,
            agenda: Mutex::new(Agenda { plan, schedule }),
            at_a_time: tools.at_a_time.clamp(1, PARALLELISM_MAX),
            pools: OnceLock::new(),
            waits,
            end,
            late: Seldom::default(),
            blind: Seldom::default(),
        }
    }

    /// Follows another configuration: new targets are asked at once, those that stay when it is their turn, and those
    /// that are gone no more; what is found out about them meanwhile is dropped.
    pub(super) fn reconfigure(&self, config: &Config, tools: &Tools) {
        let now = self.shared.now().instant;
        // Made without the lock: checks that end meanwhile are put back by the old plan, and are found here.
        let before = self.agenda().plan.clone();
        let plan = Arc::new(before.next(config, tools, &self.end, now));
        let mut agenda = self.agenda();
        let waiting = mem::take(&mut agenda.schedule);
        for (due, job) in waiting.into_entries() {
            let Some(target) = plan.targets.get(&job.target) else { continue };
            // A shorter interval is not waited for until the old one is over.
            let due = if job.attempt == 1 { due.min(target.next_turn(now)) } else { due };
            agenda.schedule.push(due, Job { due, ..job });
        }
        for target in plan.in_order().filter(|target| !before.targets.contains_key(target)) {
            agenda.schedule.push(now, Job::first(target, now));
        }
        agenda.plan = plan.clone();
        drop(agenda);
        if let Some(pools) = self.pools.get() {
            for lane in Lane::ALL {
                pools.of(lane).set_most(self.most(lane, &plan));
            }
        }
        self.shared.poll_pulse().bell.ring();
    }

    /// The most checks of that lane at a time.
    fn most(&self, lane: Lane, plan: &Plan) -> usize {
        match lane {
            Lane::Poll => plan.parallelism.unwrap_or(self.at_a_time),
            Lane::Script => plan.script_parallelism,
            Lane::Queue => plan.queue_parallelism,
        }
    }

    /// Hands out what is due; tells when to come again.
    fn step(&self, pools: &Lanes<Arc<Pool<Errand>>>) -> Option<Instant> {
        let now = self.shared.now().instant;
        loop {
            let mut agenda = self.agenda();
            let Some((_, job)) = agenda.schedule.pop(now) else { return agenda.schedule.next_due() };
            let plan = agenda.plan.clone();
            drop(agenda);
            // One that is no longer asked was taken off the schedule.
            let Some(lane) = plan.targets.get(&job.target).map(|target| target.lane) else { continue };
            let waited = self.waits.of(lane).total();
            pools.of(lane).submit(Errand { plan, job, handed: now, waited });
        }
    }

    /// What was due before there were threads is due now: it is not late, the program was not ready.
    fn begin(&self) {
        let now = self.shared.now().instant;
        let mut agenda = self.agenda();
        for (due, job) in mem::take(&mut agenda.schedule).into_entries() {
            let due = due.max(now);
            agenda.schedule.push(due, Job { due, ..job });
        }
    }

    pub(super) fn run(self: &Arc<Self>) {
        let plan = self.agenda().plan.clone();
        let pool = |lane| {
            let name = match lane {
                Lane::Poll => "vigil-check",
                Lane::Script => "vigil-script",
                Lane::Queue => "vigil-queue",
            };
            let poller: Weak<Self> = Arc::downgrade(self);
            Pool::new(name, self.most(lane, &plan), move |errand, way| {
                if let Some(poller) = poller.upgrade() {
                    poller.attempt(&errand, way);
                }
            })
        };
        let pools = self.pools.get_or_init(|| Lanes::each(pool));
        self.begin();
        guard::repeat(&self.shared, self.shared.poll_pulse(), || self.step(pools));
    }

    /// Begins no check any more, and ends the scripts that run: what they started must not outlive the program.
    pub(super) fn stop(&self) {
        self.end.stop();
        if let Some(pools) = self.pools.get() {
            for lane in Lane::ALL {
                pools.of(lane).stop();
            }
            pools.of(Lane::Script).wait_until_idle(SCRIPTS_END);
        }
    }

    /// What there is to say of the checks of each kind.
    pub(super) fn figures(&self) -> Vec<CheckFigures> {
        let plan = self.agenda().plan.clone();
        let of = |lane: Lane| {
            let metrics = self.shared.metrics().of(lane);
            let none = || Crowd { most: self.most(lane, &plan), ..Crowd::default() };
            CheckFigures {
                kind: lane.kind(),
                checks: metrics.checks(),
                delays: metrics.delays(),
                crowd: self.pools.get().map_or_else(none, |pools| pools.of(lane).crowd()),
                resolving: self.waits.of(lane).threads(),
            }
        };
        Lane::ALL.map(of).into()
    }

    /// Makes one attempt, on a worker.
    fn attempt(&self, errand: &Errand, way: Way) {
        let Errand { plan, job, .. } = errand;
        let Some(target) = plan.targets.get(&job.target) else { return };
        let clock = self.shared.clock();
        let start = clock.now().instant;
        self.mind_lateness(errand, way, start, target.lane);
        let ask = || self.waits.of(target.lane).count(|| target.probe.ask(target.rules.limit, &*clock));
        let finding = guard::caught(&self.shared, "a check", ask)
            .unwrap_or_else(|| Finding::Blind("the check panicked".to_owned()));
        if target.lane == Lane::Script && self.end.is_stopped() {
            return;
        }
        let now = clock.now().instant;
        let began = job.began.unwrap_or(start);
        log::debug!("attempt {} on replica {}: {finding:?}", job.attempt, target.key);
        let again = target.rules.again(&finding, job.attempt, job.is_second_look);
        if again.is_none() {
            if let Finding::Blind(why) = &finding
                && self.blind.is_due((), now)
            {
                log::error!("replica {} could not be checked, and perhaps others: {why}", target.key);
            }
            self.mind_unread(&target.key, &finding);
            let took = now.saturating_duration_since(began);
            self.shared.metrics().of(target.lane).end();
            self.shared.record_check(&target.key, Outcome { finding, attempts: job.attempt, took });
        }
        // The configuration may have changed meanwhile: the next turn is that of the new one, if there is one.
        let mut agenda = self.agenda();
        let Some(target) = agenda.plan.targets.get(&job.target) else { return };
        let next = match again {
            Some(again) => Job {
                attempt: job.attempt + 1,
                due: now + target.rules.wait_for(again),
                began: Some(began),
                is_second_look: job.is_second_look || again == Again::SecondLook,
                ..*job
            },
            None => Job::first(job.target, target.next_turn(now)),
        };
        agenda.schedule.push(next.due, next);
        drop(agenda);
        self.shared.poll_pulse().bell.ring();
    }

    /// Warns of a queue whose length is not known, once for each reason.
    fn mind_unread(&self, key: &ReplicaKey, finding: &Finding) {
        let Finding::Unread(why) = finding else { return };
        let before = self.shared.read(|map| match map.replica(key).and_then(|replica| replica.seen.as_ref()) {
            Some(Observation::Checked(outcome)) => outcome.finding == *finding,
            _ => false,
        });
        if !before {
            log::warn!("replica {key}: the length of the queue is not known, so it does not count: {why}");
        }
    }

    /// Counts how late a check begins, and warns, now and then, when that is too late.
    fn mind_lateness(&self, errand: &Errand, way: Way, now: Instant, of: Lane) {
        let plan = &errand.plan;
        let late = self.lateness(errand, way, now, of);
        self.shared.metrics().of(of).begin(late.time());
        if late.time() < LATE || !self.late.is_due((of, late.why()), now) {
            return;
        }
        let is_given = of != Lane::Poll || plan.parallelism.is_some();
        let targets = plan.targets.values().filter(|target| target.lane == of).count();
        log::warn!("{}", late::words(of, &late, is_given, targets));
    }

    /// How late a check of that lane begins now, and how that came.
    fn lateness(&self, errand: &Errand, way: Way, now: Instant, of: Lane) -> Late {
        let Errand { plan, job, handed, waited } = errand;
        let resolving = self.waits.of(of).total().saturating_sub(*waited);
        Late { due: job.due, handed: *handed, began: now, way, most: self.most(of, plan), resolving }
    }

    fn agenda(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
