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
use crate::probe::Tools;

use super::guard;
use super::plan::Again;
use super::plan::Lane;
use super::plan::Plan;
use super::plan::Serial;
use super::pool::Pool;
use super::pool::Way;
use super::schedule::Schedule;
use super::shared::Shared;

use self::late::Why;

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
    pools: OnceLock<Pools>,
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

/// The threads that ask, of each lane its own.
struct Pools {
    poll: Arc<Pool<Errand>>,
    script: Arc<Pool<Errand>>,
    queue: Arc<Pool<Errand>>,
}

impl Pools {
    fn of(&self, lane: Lane) -> &Arc<Pool<Errand>> {
        match lane {
            Lane::Poll => &self.poll,
            Lane::Script => &self.script,
            Lane::Queue => &self.queue,
        }
    }
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
        Self {
            shared,
            agenda: Mutex::new(Agenda { plan, schedule }),
            at_a_time: tools.at_a_time.clamp(1, PARALLELISM_MAX),
            pools: OnceLock::new(),
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
    fn step(&self, pools: &Pools) -> Option<Instant> {
        let now = self.shared.now().instant;
        loop {
            let mut agenda = self.agenda();
            let Some((_, job)) = agenda.schedule.pop(now) else { return agenda.schedule.next_due() };
            let plan = agenda.plan.clone();
            drop(agenda);
            // One that is no longer asked was taken off the schedule.
            let Some(lane) = plan.targets.get(&job.target).map(|target| target.lane) else { continue };
            pools.of(lane).submit(Errand { plan, job, handed: now });
        }
    }

    pub(super) fn run(self: &Arc<Self>) {
        let plan = self.agenda().plan.clone();
        let pool = |name, lane| {
            let poller: Weak<Self> = Arc::downgrade(self);
            Pool::new(name, self.most(lane, &plan), move |errand, way| {
                if let Some(poller) = poller.upgrade() {
                    poller.attempt(&errand, way);
                }
            })
        };
        let pools = self.pools.get_or_init(|| Pools {
            poll: pool("vigil-check", Lane::Poll),
            script: pool("vigil-script", Lane::Script),
            queue: pool("vigil-queue", Lane::Queue),
        });
        guard::repeat(&self.shared, self.shared.poll_pulse(), || self.step(pools));
    }

    /// Begins no check any more, and ends the scripts that run: what they started must not outlive the program.
    pub(super) fn stop(&self) {
        self.end.stop();
        if let Some(pools) = self.pools.get() {
            pools.poll.stop();
            pools.script.stop();
            pools.queue.stop();
            pools.script.wait_until_idle(SCRIPTS_END);
        }
    }

    /// Makes one attempt, on a worker.
    fn attempt(&self, errand: &Errand, way: Way) {
        let Errand { plan, job, .. } = errand;
        let Some(target) = plan.targets.get(&job.target) else { return };
        let clock = self.shared.clock();
        let start = clock.now().instant;
        self.mind_lateness(errand, way, start, target.lane);
        let finding = guard::caught(&self.shared, "a check", || target.probe.ask(target.rules.limit, &*clock))
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

    /// Warns, now and then, when checks begin too late.
    fn mind_lateness(&self, errand: &Errand, way: Way, now: Instant, of: Lane) {
        let Errand { plan, job, handed } = errand;
        let late = now.saturating_duration_since(job.due);
        let why = late::why(job.due, *handed, way);
        if late < late::LATE || !self.late.is_due((of, why), now) {
            return;
        }
        let is_given = of != Lane::Poll || plan.parallelism.is_some();
        let targets = plan.targets.values().filter(|target| target.lane == of).count();
        log::warn!("{}", late::words(of, late, why, self.most(of, plan), is_given, targets));
    }

    fn agenda(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
