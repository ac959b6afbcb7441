//! Asks the targets, each on its own clock.
//!
//! One thread waits for the next due time and hands checks to a pool; a worker makes one attempt and returns. A failed
//! attempt is put back on the heap for its next try, so no worker ever waits for one.

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
use crate::model::observation::Outcome;
use crate::model::words;
use crate::probe::Tools;

use super::guard;
use super::plan::Lane;
use super::plan::Plan;
use super::plan::Serial;
use super::pool::Pool;
use super::schedule::Schedule;
use super::shared::Shared;

/// The most checks at a time when `poll_parallelism` does not say: each costs a thread and a connection.
const PARALLELISM_MAX: usize = 1_024;

/// How late a check may start before it is worth a warning, and how far apart warnings of one kind are.
const LATE: Duration = Duration::from_secs(1);
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
    late: Seldom,
    scripts_late: Seldom,
    blind: Seldom,
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
}

impl Pools {
    fn of(&self, lane: Lane) -> &Arc<Pool<Errand>> {
        match lane {
            Lane::Poll => &self.poll,
            Lane::Script => &self.script,
        }
    }
}

/// Lets something be said once in a while.
#[derive(Default)]
struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    /// Whether it was not said lately; it is then taken as said.
    fn is_due(&self, now: Instant) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| now.saturating_duration_since(last) >= AGAIN);
        if due {
            *last = Some(now);
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
}

/// One attempt on its way, with the plan that it began by.
struct Errand {
    plan: Arc<Plan>,
    job: Job,
}

impl Job {
    /// The first attempt of a check.
    fn first(target: Serial, due: Instant) -> Self {
        Self { target, attempt: 1, due, began: None }
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
            scripts_late: Seldom::default(),
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
            for lane in [Lane::Poll, Lane::Script] {
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
            pools.of(lane).submit(Errand { plan, job });
        }
    }

    pub(super) fn run(self: &Arc<Self>) {
        let plan = self.agenda().plan.clone();
        let pool = |name, lane| {
            let poller: Weak<Self> = Arc::downgrade(self);
            Pool::new(name, self.most(lane, &plan), move |errand| {
                if let Some(poller) = poller.upgrade() {
                    poller.attempt(&errand);
                }
            })
        };
        let pools = self.pools.get_or_init(|| Pools {
            poll: pool("vigil-check", Lane::Poll),
            script: pool("vigil-script", Lane::Script),
        });
        guard::repeat(&self.shared, self.shared.poll_pulse(), || self.step(pools));
    }

    /// Begins no check any more, and ends the scripts that run: what they started must not outlive the program.
    pub(super) fn stop(&self) {
        self.end.stop();
        if let Some(pools) = self.pools.get() {
            pools.poll.stop();
            pools.script.stop();
            pools.script.wait_until_idle(SCRIPTS_END);
        }
    }

    /// Makes one attempt, on a worker.
    fn attempt(&self, errand: &Errand) {
        let Errand { plan, job } = errand;
        let Some(target) = plan.targets.get(&job.target) else { return };
        let clock = self.shared.clock();
        let start = clock.now().instant;
        self.mind_lateness(start.saturating_duration_since(job.due), start, plan, target.lane);
        let finding = guard::caught(&self.shared, "a check", || target.probe.ask(target.rules.limit, &*clock))
            .unwrap_or_else(|| Finding::Blind("the check panicked".to_owned()));
        if target.lane == Lane::Script && self.end.is_stopped() {
            return;
        }
        let now = clock.now().instant;
        let began = job.began.unwrap_or(start);
        log::debug!("attempt {} on replica {}: {finding:?}", job.attempt, target.key);
        let again = matches!(finding, Finding::Down(_)) && job.attempt <= target.rules.tries;
        if !again {
            if let Finding::Blind(why) = &finding
                && self.blind.is_due(now)
            {
                log::error!("replica {} could not be checked, and perhaps others: {why}", target.key);
            }
            let took = now.saturating_duration_since(began);
            self.shared.record_check(&target.key, Outcome { finding, attempts: job.attempt, took });
        }
        // The configuration may have changed meanwhile: the next turn is that of the new one, if there is one.
        let mut agenda = self.agenda();
        let Some(target) = agenda.plan.targets.get(&job.target) else { return };
        let next = if again {
            let due = now + target.rules.wait;
            Job { due, attempt: job.attempt + 1, began: Some(began), ..*job }
        } else {
            Job::first(job.target, target.next_turn(now))
        };
        agenda.schedule.push(next.due, next);
        drop(agenda);
        self.shared.poll_pulse().bell.ring();
    }

    /// Warns, now and then, when checks begin too late.
    fn mind_lateness(&self, late: Duration, now: Instant, plan: &Plan, of: Lane) {
        let seldom = match of {
            Lane::Poll => &self.late,
            Lane::Script => &self.scripts_late,
        };
        if late < LATE || !seldom.is_due(now) {
            return;
        }
        let (late, targets) = (words::duration(late), plan.targets.values().filter(|target| target.lane == of).count());
        match (of, plan.parallelism) {
            (Lane::Poll, Some(most)) => {
                log::warn!("checks begin {late} late: `poll_parallelism` = {most} is too low for {targets} replicas");
            }
            (Lane::Poll, None) => {
                log::warn!("checks begin {late} late: {targets} replicas are more than this machine can check");
            }
            (Lane::Script, _) => {
                let most = plan.script_parallelism;
                log::warn!("scripts begin {late} late: `script_parallelism` = {most} is too low for {targets} scripts");
            }
        }
    }

    fn agenda(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use crate::clock::Clock;
    use crate::clock::ManualClock;
    use crate::model::cause::Failure;
    use crate::model::status::Status;
    use crate::probe::Probe;

    use super::super::fixture;
    use super::*;

    /// Finds what it is told to find, one after the other.
    struct Scripted(Mutex<VecDeque<Finding>>);

    impl Probe for Scripted {
        fn ask(&self, _: Duration, _: &dyn Clock) -> Finding {
            self.0.lock().unwrap().pop_front().unwrap()
        }
    }

    const UP: Finding = Finding::Up(Duration::from_millis(5));
    const DOWN: Finding = Finding::Down(Failure::Refused);

    /// One target with these findings, asked on this thread as time passes.
    struct Watch {
        poller: Poller,
        shared: Shared,
        clock: Arc<ManualClock>,
    }

    impl Watch {
        fn new(more: &str, findings: &[Finding]) -> Self {
            let config = fixture::config(more, &["tcp://127.0.0.1:1"]);
            let (shared, clock) = fixture::shared(&config);
            let poller = Poller::new(&config, &fixture::tools(), shared.clone());
            let watch = Self { poller, shared, clock };
            watch.script(findings);
            watch
        }

        /// Has every target find this.
        fn script(&self, findings: &[Finding]) {
            let mut agenda = self.poller.agenda();
            for target in Arc::get_mut(&mut agenda.plan).unwrap().targets.values_mut() {
                target.probe = Arc::new(Scripted(Mutex::new(findings.iter().cloned().collect())));
            }
        }

        /// Takes the next attempt when it is due; tells how long that took to come.
        fn take(&self) -> (u64, Errand) {
            let now = self.clock.now().instant;
            let mut agenda = self.poller.agenda();
            let due = agenda.schedule.next_due().unwrap();
            self.clock.advance(due.saturating_duration_since(now));
            let (_, job) = agenda.schedule.pop(due).unwrap();
            (due.saturating_duration_since(now).as_secs(), Errand { plan: agenda.plan.clone(), job })
        }

        /// Makes the next attempt when it is due; tells how long that took to come.
        fn next(&self) -> u64 {
            let (waited, errand) = self.take();
            self.poller.attempt(&errand);
            waited
        }

        /// Follows a configuration with these replicas, as the engine does.
        fn reconfigure(&self, more: &str, replicas: &[&str]) {
            let config = fixture::config(more, replicas);
            self.shared.reconfigure(&config);
            self.poller.reconfigure(&config, &fixture::tools());
        }

        /// In how many seconds each waiting attempt is due, the first one first.
        fn waiting(&self) -> Vec<u64> {
            let now = self.clock.now().instant;
            let entries = mem::take(&mut self.poller.agenda().schedule).into_entries();
            let mut waits: Vec<u64> = entries.iter().map(|(due, _)| (*due - now).as_secs()).collect();
            for (due, job) in entries {
                self.poller.agenda().schedule.push(due, job);
            }
            waits.sort_unstable();
            waits
        }

        fn status(&self) -> Option<Status> {
            self.shared.read(|map| map.standing.map(|standing| standing.status))
        }
    }

    #[test]
    fn a_failure_counts_when_the_second_try_fails_too() {
        let watch = Watch::new("", &[UP, DOWN, UP, DOWN, DOWN, UP]);
        let mut told = Vec::new();
        for _ in 0..6 {
            told.push((watch.next(), watch.status()));
        }
        let (healthy, dead) = (Some(Status::Healthy), Some(Status::Dead));
        let wanted = [(0, healthy), (60, healthy), (2, healthy), (58, healthy), (2, dead), (58, healthy)];
        assert_eq!(told, wanted);
    }

    #[test]
    fn with_a_wait_the_number_of_tries_counts() {
        let watch = Watch::new("poll_retry = 3\npoll_retry_wait = 1000", &[DOWN, DOWN, DOWN, DOWN]);
        let told: Vec<_> = (0..4).map(|_| (watch.next(), watch.status())).collect();
        assert_eq!(told, [(0, None), (1, None), (1, None), (1, Some(Status::Dead))]);
    }

    #[test]
    fn a_check_that_cannot_be_made_is_not_tried_again_and_says_nothing() {
        let blind = Finding::Blind("no file descriptor is left".to_owned());
        let watch = Watch::new("", &[blind, UP]);
        assert_eq!((watch.next(), watch.status()), (0, None));
        assert_eq!((watch.next(), watch.status()), (60, Some(Status::Healthy)));
    }

    const ONE: &str = "tcp://127.0.0.1:1";
    const OTHER: &str = "tcp://127.0.0.1:2";

    #[test]
    fn a_new_target_is_asked_at_once_and_one_that_stays_when_it_is_its_turn() {
        let watch = Watch::new("", &[UP]);
        watch.next();
        watch.clock.advance(Duration::from_secs(15));
        watch.reconfigure("", &[ONE, OTHER]);
        assert_eq!(watch.waiting(), [0, 45]);
        assert_eq!(watch.status(), Some(Status::Healthy), "what is known stays known");
    }

    #[test]
    fn a_shorter_interval_is_followed_at_once() {
        let watch = Watch::new("", &[UP]);
        watch.next();
        let config = fixture::config_every(10, "", &[ONE]);
        watch.poller.reconfigure(&config, &fixture::tools());
        assert_eq!(watch.waiting(), [10]);
    }

    #[test]
    fn a_check_that_is_under_way_while_its_target_goes_is_dropped_and_asked_no_more() {
        let watch = Watch::new("", &[DOWN]);
        let (_, errand) = watch.take();
        watch.reconfigure("", &[OTHER]);
        watch.poller.attempt(&errand);
        assert_eq!((watch.status(), watch.waiting()), (None, vec![0]));
        watch.reconfigure("", &[ONE, OTHER]);
        watch.poller.attempt(&errand);
        assert_eq!(watch.waiting(), [0, 0], "the one that came back has its own attempt, and no second one");
    }

    #[test]
    fn a_check_that_is_under_way_goes_on_by_the_rules_of_the_new_configuration() {
        let watch = Watch::new("", &[DOWN]);
        let (_, errand) = watch.take();
        watch.reconfigure("poll_retry = 7", &[ONE]);
        assert_eq!(watch.waiting(), [0; 0]);
        watch.poller.attempt(&errand);
        assert_eq!(watch.waiting(), [7]);
    }
}
