//! What is asked, and how: made anew when the configuration changes, with the targets that stay.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use crate::config::Address;
use crate::config::Config;
use crate::config::Mode;
use crate::config::Retry;
use crate::model::transition::NodeKey;
use crate::model::transition::ReplicaKey;
use crate::probe;
use crate::probe::Probe;
use crate::probe::Tools;

/// Names a target for as long as it is in the configuration; one that comes back has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Serial(u64);

/// What is asked, and how.
pub(super) struct Plan {
    pub(super) targets: HashMap<Serial, Target>,
    pub(super) interval: Duration,
    /// The deadline of a try.
    pub(super) limit: Duration,
    pub(super) retry: Retry,
    pub(super) parallelism: Option<usize>,
    next: u64,
}

/// One of what is asked.
pub(super) struct Target {
    pub(super) key: ReplicaKey,
    pub(super) probe: Arc<dyn Probe>,
    /// The target's own clock: it is asked at this moment and every interval after it.
    pub(super) phase: Instant,
}

impl Plan {
    /// The plan of a configuration, at the start.
    pub(super) fn first(config: &Config, tools: &Tools, now: Instant) -> Self {
        Self::make(config, tools, None, now)
    }

    /// The plan of another configuration. A target that is in both stays the same one, and keeps its clock unless the
    /// interval is another.
    pub(super) fn next(&self, config: &Config, tools: &Tools, now: Instant) -> Self {
        Self::make(config, tools, Some(self), now)
    }

    fn make(config: &Config, tools: &Tools, before: Option<&Self>, now: Instant) -> Self {
        let poll = &config.metrics.poll;
        let mut plan = Self {
            targets: HashMap::new(),
            interval: poll.interval,
            limit: poll.delay_dead,
            retry: poll.retry,
            parallelism: poll.parallelism.map(Into::into),
            next: before.map_or(0, |before| before.next),
        };
        let known: HashMap<&ReplicaKey, (Serial, &Target)> = before
            .into_iter()
            .flat_map(|before| before.targets.iter().map(|(serial, target)| (&target.key, (*serial, target))))
            .collect();
        let same_interval = before.is_some_and(|before| before.interval == plan.interval);
        let asked = asked(config);
        let count = u32::try_from(asked.len()).unwrap_or(u32::MAX).max(1);
        for (index, (key, address)) in asked.into_iter().enumerate() {
            // The clocks are spread over the interval.
            let share = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let spread = now + (poll.interval / count).saturating_mul(share);
            let known = known.get(&key);
            let phase = known.filter(|_| same_interval).map_or(spread, |(_, target)| target.phase);
            let serial = known.map_or_else(|| plan.new_serial(), |(serial, _)| *serial);
            let probe = probe::build(address, poll, tools);
            plan.targets.insert(serial, Target { key, probe, phase });
        }
        plan
    }

    /// The targets in the order in which they came.
    pub(super) fn in_order(&self) -> impl Iterator<Item = Serial> {
        let mut serials: Vec<Serial> = self.targets.keys().copied().collect();
        serials.sort_unstable();
        serials.into_iter()
    }

    fn new_serial(&mut self) -> Serial {
        self.next += 1;
        Serial(self.next)
    }

    /// When a target is to be asked next, after `now`.
    pub(super) fn next_turn(&self, target: &Target, now: Instant) -> Instant {
        next_turn(target.phase, self.interval, now)
    }
}

/// Every target of the configuration, in file order.
fn asked(config: &Config) -> Vec<(ReplicaKey, &Address)> {
    let mut asked = Vec::new();
    for service in &config.services {
        for node in &service.nodes {
            let Mode::Poll(targets) = &node.mode else { continue };
            let key = NodeKey { service: service.id.clone(), node: node.id.clone() };
            let of_node = |replica| ReplicaKey { node: key.clone(), replica };
            asked.extend(targets.iter().map(|target| (of_node(target.replica.clone()), &target.address)));
        }
    }
    asked
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
    use crate::clock::Clock;
    use crate::clock::SystemClock;

    use super::super::fixture;
    use super::*;

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

    /// The targets by the ports of their replicas: serial, and seconds from `start` to the phase.
    fn phases(plan: &Plan, start: Instant) -> Vec<(String, u64, u64)> {
        let port = |target: &Target| target.key.replica.as_str().rsplit(':').next().unwrap().to_owned();
        let line = |(serial, target): (&Serial, &Target)| (port(target), serial.0, (target.phase - start).as_secs());
        let mut lines: Vec<_> = plan.targets.iter().map(line).collect();
        lines.sort();
        lines
    }

    #[test]
    fn targets_that_stay_keep_their_serial_and_those_that_come_back_do_not() {
        let tools = fixture::tools();
        let start = SystemClock.now().instant;
        let [a, b, c] = ["tcp://127.0.0.1:1", "tcp://127.0.0.1:2", "tcp://127.0.0.1:3"];
        let line = |port: &str, serial, phase| (port.to_owned(), serial, phase);
        let first = Plan::first(&fixture::config("", &[a, b]), &tools, start);
        assert_eq!(phases(&first, start), [line("1", 1, 30), line("2", 2, 60)]);
        let later = start + Duration::from_secs(100);
        let second = first.next(&fixture::config("", &[c, b]), &tools, later);
        assert_eq!(phases(&second, start), [line("2", 2, 60), line("3", 3, 130)]);
        let third = second.next(&fixture::config("", &[a, b]), &tools, later);
        assert_eq!(phases(&third, start), [line("1", 4, 130), line("2", 2, 60)]);
        let quicker = third.next(&fixture::config("poll_delay_dead = 5", &[a, b]), &tools, later);
        assert_eq!((quicker.limit, phases(&quicker, start)), (Duration::from_secs(5), phases(&third, start)));
    }

    #[test]
    fn another_interval_spreads_the_clocks_anew() {
        let (tools, start) = (fixture::tools(), SystemClock.now().instant);
        let replicas = ["tcp://127.0.0.1:1", "tcp://127.0.0.1:2"];
        let mut config = fixture::config("", &replicas);
        let first = Plan::first(&config, &tools, start);
        config.metrics.poll.interval = Duration::from_secs(10);
        let second = first.next(&config, &tools, start);
        let phases: Vec<u64> = phases(&second, start).into_iter().map(|(.., phase)| phase).collect();
        assert_eq!(phases, [5, 10]);
    }
}
