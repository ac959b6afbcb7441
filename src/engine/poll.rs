//! Asks the targets, each on its own clock.
//!
//! One thread waits for the next due time and hands checks to a pool; a worker makes one attempt and returns. A failed
//! attempt is put back on the heap for its next try, so no worker ever waits for one.

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
use crate::config::Mode;
use crate::config::Retry;
use crate::model::observation::Finding;
use crate::model::observation::Outcome;
use crate::model::transition::NodeKey;
use crate::model::transition::ReplicaKey;
use crate::model::words;
use crate::probe;
use crate::probe::Probe;
use crate::probe::Tools;

use super::guard;
use super::pool::Pool;
use super::schedule::Schedule;
use super::shared::Shared;

/// The most checks at a time when `poll_parallelism` does not say: each costs a thread and a connection.
const PARALLELISM_MAX: usize = 1_024;

/// How late a check may start before it is worth a warning, and how far apart warnings of one kind are.
const LATE: Duration = Duration::from_secs(1);
const AGAIN: Duration = Duration::from_mins(1);

/// The loop that asks.
pub(super) struct Poller {
    shared: Shared,
    targets: Vec<Target>,
    interval: Duration,
    limit: Duration,
    retry: Retry,
    parallelism: Option<usize>,
    at_a_time: usize,
    schedule: Mutex<Schedule<Job>>,
    bell: Bell,
    pool: OnceLock<Arc<Pool<Job>>>,
    late: Seldom,
    blind: Seldom,
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

struct Target {
    key: ReplicaKey,
    probe: Arc<dyn Probe>,
    /// The target's own clock: it is asked at this moment and every interval after it.
    phase: Instant,
}

/// One attempt.
#[derive(Clone, Copy, Debug)]
struct Job {
    target: usize,
    /// Which attempt of the check, from 1.
    attempt: u32,
    /// When it was to begin.
    due: Instant,
    /// When the first attempt of the check began; none before it.
    began: Option<Instant>,
}

impl Poller {
    /// Every target is due at once; afterwards their clocks are spread over the interval.
    pub(super) fn new(config: &Config, tools: &Tools, shared: Shared) -> Self {
        let poll = &config.metrics.poll;
        let now = shared.now().instant;
        let mut targets = Vec::new();
        for service in &config.services {
            for node in &service.nodes {
                let Mode::Poll(asked) = &node.mode else { continue };
                let key = NodeKey { service: service.id.clone(), node: node.id.clone() };
                targets.extend(asked.iter().map(|target| Target {
                    key: ReplicaKey { node: key.clone(), replica: target.replica.clone() },
                    probe: probe::build(&target.address, poll, tools),
                    phase: now,
                }));
            }
        }
        let count = u32::try_from(targets.len()).unwrap_or(u32::MAX).max(1);
        let mut schedule = Schedule::default();
        for (index, target) in targets.iter_mut().enumerate() {
            let share = u32::try_from(index + 1).unwrap_or(u32::MAX);
            target.phase = now + (poll.interval / count).saturating_mul(share);
            schedule.push(now, Job { target: index, attempt: 1, due: now, began: None });
        }
        Self {
            shared,
            targets,
            interval: poll.interval,
            limit: poll.delay_dead,
            retry: poll.retry,
            parallelism: poll.parallelism.map(Into::into),
            at_a_time: tools.at_a_time.clamp(1, PARALLELISM_MAX),
            schedule: Mutex::new(schedule),
            bell: Bell::default(),
            pool: OnceLock::new(),
            late: Seldom::default(),
            blind: Seldom::default(),
        }
    }

    /// Hands out what is due; tells when to come again.
    fn step(&self, pool: &Arc<Pool<Job>>) -> Option<Instant> {
        let now = self.shared.now().instant;
        loop {
            let mut schedule = self.schedule();
            let Some((_, job)) = schedule.pop(now) else { return schedule.next_due() };
            drop(schedule);
            pool.submit(job);
        }
    }

    pub(super) fn run(self: &Arc<Self>) {
        let most = self.parallelism.unwrap_or(self.at_a_time);
        let poller: Weak<Self> = Arc::downgrade(self);
        let pool = self.pool.get_or_init(|| {
            Pool::new("vigil-check", most, move |job| {
                if let Some(poller) = poller.upgrade() {
                    poller.attempt(job);
                }
            })
        });
        guard::repeat(&self.shared, &self.bell, "the polling loop", || self.step(pool));
    }

    /// Begins no check any more.
    pub(super) fn stop(&self) {
        self.bell.stop();
        if let Some(pool) = self.pool.get() {
            pool.stop();
        }
    }

    /// Makes one attempt, on a worker.
    fn attempt(&self, job: Job) {
        let Some(target) = self.targets.get(job.target) else { return };
        let clock = self.shared.clock();
        let start = clock.now().instant;
        self.mind_lateness(start.saturating_duration_since(job.due), start);
        let finding = guard::caught(&self.shared, "a check", || target.probe.ask(self.limit, &*clock))
            .unwrap_or_else(|| Finding::Blind("the check panicked".to_owned()));
        let now = clock.now().instant;
        let began = job.began.unwrap_or(start);
        log::debug!("attempt {} on replica {}: {finding:?}", job.attempt, target.key);
        let again = matches!(finding, Finding::Down(_)) && job.attempt <= self.retry.tries;
        let (due, attempt, began_next) = if again {
            (now + self.retry.wait, job.attempt + 1, Some(began))
        } else {
            if let Finding::Blind(why) = &finding
                && self.blind.is_due(now)
            {
                log::error!("replica {} could not be checked, and perhaps others: {why}", target.key);
            }
            let took = now.saturating_duration_since(began);
            self.shared.record_check(&target.key, Outcome { finding, attempts: job.attempt, took });
            (next_turn(target.phase, self.interval, now), 1, None)
        };
        self.schedule().push(due, Job { target: job.target, attempt, due, began: began_next });
        self.bell.ring();
    }

    /// Warns, now and then, when checks begin too late.
    fn mind_lateness(&self, late: Duration, now: Instant) {
        if late < LATE || !self.late.is_due(now) {
            return;
        }
        let (late, targets) = (words::duration(late), self.targets.len());
        match self.parallelism {
            Some(most) => {
                log::warn!("checks begin {late} late: `poll_parallelism` = {most} is too low for {targets} replicas");
            }
            None => log::warn!("checks begin {late} late: {targets} replicas are more than this machine can check"),
        }
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule<Job>> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first turn after `now` of a clock that began at `phase` and turns every `interval`.
fn next_turn(phase: Instant, interval: Duration, now: Instant) -> Instant {
    let Some(passed) = now.checked_duration_since(phase) else { return phase };
    let turns = passed.as_nanos() / interval.as_nanos().max(1) + 1;
    interval
        .checked_mul(u32::try_from(turns).unwrap_or(u32::MAX))
        .and_then(|time| phase.checked_add(time))
        .unwrap_or(now + interval)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use crate::clock::Clock;
    use crate::clock::ManualClock;
    use crate::clock::SystemClock;
    use crate::model::cause::Failure;
    use crate::model::status::Status;
    use crate::net::client::Client;
    use crate::net::resolve::Resolver;

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
            let resolver = Arc::new(Resolver::default());
            let tools = Tools { client: Client::new("test", resolver.clone()), resolver, at_a_time: 4 };
            let mut poller = Poller::new(&config, &tools, shared.clone());
            poller.targets[0].probe = Arc::new(Scripted(Mutex::new(findings.iter().cloned().collect())));
            Self { poller, shared, clock }
        }

        /// Makes the next attempt when it is due; tells how long that took to come.
        fn next(&self) -> u64 {
            let now = self.clock.now().instant;
            let due = self.poller.schedule().next_due().unwrap();
            self.clock.advance(due.saturating_duration_since(now));
            let (_, job) = self.poller.schedule().pop(due).unwrap();
            self.poller.attempt(job);
            due.saturating_duration_since(now).as_secs()
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

    #[test]
    fn a_target_keeps_its_own_clock() {
        let phase = SystemClock.now().instant + Duration::from_secs(1_000);
        let interval = Duration::from_secs(10);
        let at = |seconds: i64| {
            let offset = Duration::from_secs(seconds.unsigned_abs());
            if seconds < 0 { phase.checked_sub(offset).unwrap() } else { phase + offset }
        };
        for (now, wanted) in [(-5, 0), (0, 10), (1, 10), (9, 10), (10, 20), (35, 40)] {
            assert_eq!(next_turn(phase, interval, at(now)), at(wanted), "{now}");
        }
    }
}
