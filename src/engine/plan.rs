//! What is asked, and how: made anew when the configuration changes, with the targets that stay.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use crate::clock::Bell;
use crate::config::Config;
use crate::config::Mode;
use crate::config::Poll;
use crate::config::ScriptTimes;
use crate::config::rabbitmq::Queue;
use crate::config::rabbitmq::RabbitMq;
use crate::model::id::ReplicaId;
use crate::model::observation::Finding;
use crate::model::queue::QueueLimits;
use crate::model::status::Status;
use crate::model::transition::NodeKey;
use crate::model::transition::ReplicaKey;
use crate::probe;
use crate::probe::Probe;
use crate::probe::Tools;
use crate::probe::rabbitmq;
use crate::probe::script;

/// Names a target for as long as it is in the configuration; one that comes back has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Serial(u64);

/// What is asked, and how.
pub(super) struct Plan {
    pub(super) targets: HashMap<Serial, Target>,
    /// The most checks at a time, where that was said.
    pub(super) parallelism: Option<usize>,
    /// The most scripts at a time.
    pub(super) script_parallelism: usize,
    /// The most queues at a time.
    pub(super) queue_parallelism: usize,
    next: u64,
}

/// One of what is asked.
pub(super) struct Target {
    pub(super) key: ReplicaKey,
    pub(super) probe: Arc<dyn Probe>,
    /// Whose turn it has to wait for when many are due.
    pub(super) lane: Lane,
    pub(super) rules: Rules,
    /// The target's own clock: it is asked at this moment and every interval after it.
    pub(super) phase: Instant,
}

/// Those who share their threads: a script that hangs takes no place of other checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    /// Targets.
    Poll,
    /// Scripts.
    Script,
    /// Queues, all of which are asked of one server.
    Queue,
}

impl Lane {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Poll, Self::Script, Self::Queue];

    /// What its checks are called in figures.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Script => "script",
            Self::Queue => "queue",
        }
    }
}

/// Something that each lane has of its own.
#[derive(Default)]
pub(super) struct Lanes<T> {
    poll: T,
    script: T,
    queue: T,
}

impl<T> Lanes<T> {
    /// What that makes of each.
    pub(super) fn each(make: impl Fn(Lane) -> T) -> Self {
        Self { poll: make(Lane::Poll), script: make(Lane::Script), queue: make(Lane::Queue) }
    }

    /// That of one of them.
    pub(super) fn of(&self, lane: Lane) -> &T {
        match lane {
            Lane::Poll => &self.poll,
            Lane::Script => &self.script,
            Lane::Queue => &self.queue,
        }
    }
}

/// How one is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    /// From one check to the next.
    pub(super) interval: Duration,
    /// The deadline of a try.
    pub(super) limit: Duration,
    /// How many tries may follow a failed one.
    pub(super) tries: u32,
    /// The wait before each of them.
    pub(super) wait: Duration,
    /// When what is found is looked at once more.
    pub(super) doubt: Option<Doubt>,
}

/// A queue that is too long is looked at once more, after a wait: it may be a wave that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Doubt {
    limits: QueueLimits,
    wait: Duration,
}

/// How a check goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// By another try, after a failed one.
    Try,
    /// By a second look at what was found; only what it finds counts.
    SecondLook,
}

/// How long the server of queues may take to answer: it is beside Vigil, or at least in the same house.
const QUEUE_LIMIT: Duration = Duration::from_secs(10);

/// When a server of queues that fails is asked once more.
const QUEUE_WAIT: Duration = Duration::from_secs(1);

impl Rules {
    fn of_targets(poll: &Poll) -> Self {
        let (tries, wait) = (poll.retry.tries, poll.retry.wait);
        Self { interval: poll.interval, limit: poll.delay_dead, tries, wait, doubt: None }
    }

    /// A script that fails is not run again: it tries again itself, if that is of use.
    fn of_scripts(script: ScriptTimes) -> Self {
        Self { interval: script.interval, limit: script.timeout, tries: 0, wait: Duration::ZERO, doubt: None }
    }

    fn of_queue(server: &RabbitMq, limits: QueueLimits) -> Self {
        let doubt = server.second_look.map(|wait| Doubt { limits, wait });
        Self { interval: server.interval, limit: QUEUE_LIMIT, tries: 1, wait: QUEUE_WAIT, doubt }
    }

    /// The wait before a check goes on so.
    pub(super) fn wait_for(&self, again: Again) -> Duration {
        match again {
            Again::Try => self.wait,
            Again::SecondLook => self.doubt.map_or(Duration::ZERO, |doubt| doubt.wait),
        }
    }

    /// How a check goes on whose attempt of that number, from 1, found that; none when that is its outcome.
    pub(super) fn again(&self, finding: &Finding, attempt: u32, is_second_look: bool) -> Option<Again> {
        match finding {
            // A second look has its own further try.
            Finding::Down(_) | Finding::Unread(_) => {
                let tries = self.tries.saturating_add(is_second_look.into());
                (attempt <= tries).then_some(Again::Try)
            }
            Finding::Queue(lengths) if !is_second_look => {
                self.doubt.filter(|doubt| doubt.limits.judge(*lengths).0 > Status::Healthy).map(|_| Again::SecondLook)
            }
            Finding::Up(_)
            | Finding::Certified { .. }
            | Finding::Ailing(..)
            | Finding::Queue(_)
            | Finding::Blind(_) => None,
        }
    }
}

impl Plan {
    /// The plan of a configuration, at the start. Scripts end when `end` is stopped.
    pub(super) fn first(config: &Config, tools: &Tools, end: &Bell, now: Instant) -> Self {
        Self::make(config, tools, end, None, now)
    }

    /// The plan of another configuration. A target that is in both stays the same one, and keeps its clock unless the
    /// interval is another.
    pub(super) fn next(&self, config: &Config, tools: &Tools, end: &Bell, now: Instant) -> Self {
        Self::make(config, tools, end, Some(self), now)
    }

    fn make(config: &Config, tools: &Tools, end: &Bell, before: Option<&Self>, now: Instant) -> Self {
        let mut plan = Self {
            targets: HashMap::new(),
            parallelism: config.metrics.poll_parallelism.map(Into::into),
            script_parallelism: config.metrics.script_parallelism.into(),
            queue_parallelism: config.rabbitmq.as_ref().map_or(1, |server| server.parallelism.get()),
            next: before.map_or(0, |before| before.next),
        };
        let known: HashMap<&ReplicaKey, (Serial, &Target)> = before
            .into_iter()
            .flat_map(|before| before.targets.iter().map(|(serial, target)| (&target.key, (*serial, target))))
            .collect();
        let asked = asked(config, tools, end);
        let count = u32::try_from(asked.len()).unwrap_or(u32::MAX).max(1);
        for (index, Asked { key, probe, lane, rules }) in asked.into_iter().enumerate() {
            // The clocks are spread over the interval.
            let share = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let spread = now + (rules.interval / count).saturating_mul(share);
            let known = known.get(&key);
            let same = known.filter(|(_, target)| target.rules.interval == rules.interval);
            let phase = same.map_or(spread, |(_, target)| target.phase);
            let serial = known.map_or_else(|| plan.new_serial(), |(serial, _)| *serial);
            plan.targets.insert(serial, Target { key, probe, lane, rules, phase });
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
}

impl Target {
    /// When it is to be asked next, after `now`.
    pub(super) fn next_turn(&self, now: Instant) -> Instant {
        next_turn(self.phase, self.rules.interval, now)
    }
}

/// A target without a place in a plan.
struct Asked {
    key: ReplicaKey,
    probe: Arc<dyn Probe>,
    lane: Lane,
    rules: Rules,
}

/// Every target of the configuration, in file order.
fn asked(config: &Config, tools: &Tools, end: &Bell) -> Vec<Asked> {
    let mut asked = Vec::new();
    for service in &config.services {
        for node in &service.nodes {
            let key = |replica: &ReplicaId| {
                let (service, node) = (service.id.clone(), node.id.clone());
                ReplicaKey { node: NodeKey { service, node }, replica: replica.clone() }
            };
            match &node.mode {
                Mode::Poll(targets) => asked.extend(targets.iter().map(|target| Asked {
                    key: key(&target.replica),
                    probe: probe::build(&target.address, &node.poll, tools),
                    lane: Lane::Poll,
                    rules: Rules::of_targets(&node.poll),
                })),
                Mode::Script(scripts) => asked.extend(scripts.iter().map(|script| Asked {
                    key: key(&script.replica),
                    probe: Arc::new(script::Script::new(script.text.clone(), end.clone())),
                    lane: Lane::Script,
                    rules: Rules::of_scripts(node.script),
                })),
                Mode::Push | Mode::Local => {}
            }
            if let (Some(Queue { replica, name, limits }), Some(server)) = (&node.queue, &config.rabbitmq) {
                asked.push(Asked {
                    key: key(replica),
                    probe: Arc::new(rabbitmq::Queue::new(server, name, tools.client.clone())),
                    lane: Lane::Queue,
                    rules: Rules::of_queue(server, *limits),
                });
            }
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
        let (tools, end) = (fixture::tools(), Bell::default());
        let start = SystemClock.now().instant;
        let [a, b, c] = ["tcp://127.0.0.1:1", "tcp://127.0.0.1:2", "tcp://127.0.0.1:3"];
        let line = |port: &str, serial, phase| (port.to_owned(), serial, phase);
        let first = Plan::first(&fixture::config("", &[a, b]), &tools, &end, start);
        assert_eq!(phases(&first, start), [line("1", 1, 30), line("2", 2, 60)]);
        let later = start + Duration::from_secs(100);
        let second = first.next(&fixture::config("", &[c, b]), &tools, &end, later);
        assert_eq!(phases(&second, start), [line("2", 2, 60), line("3", 3, 130)]);
        let third = second.next(&fixture::config("", &[a, b]), &tools, &end, later);
        assert_eq!(phases(&third, start), [line("1", 4, 130), line("2", 2, 60)]);
        let quicker = third.next(&fixture::config("poll_delay_dead = 5", &[a, b]), &tools, &end, later);
        assert_eq!(phases(&quicker, start), phases(&third, start));
        assert!(quicker.targets.values().all(|target| target.rules.limit == Duration::from_secs(5)));
    }

    #[test]
    fn another_interval_spreads_the_clocks_anew() {
        let (tools, start) = (fixture::tools(), SystemClock.now().instant);
        let replicas = ["tcp://127.0.0.1:1", "tcp://127.0.0.1:2"];
        let config = fixture::config("", &replicas);
        let first = Plan::first(&config, &tools, &Bell::default(), start);
        let config = fixture::config_every(10, "", &replicas);
        let second = first.next(&config, &tools, &Bell::default(), start);
        let phases: Vec<u64> = phases(&second, start).into_iter().map(|(.., phase)| phase).collect();
        assert_eq!(phases, [5, 10]);
    }

    #[test]
    fn a_node_is_asked_by_its_own_rules_and_a_script_by_those_of_scripts() {
        let node = |id: &str, keys: &str| format!("[[probe.service.node]]\nid = \"{id}\"\nlabel = \"Node\"\n{keys}\n");
        let polled = "mode = \"poll\"\nreplicas = [\"tcp://127.0.0.1:1\"]";
        let nodes = [
            node("usual", polled),
            node("own", &format!("{polled}\npoll_interval = 5\npoll_delay_dead = 4\npoll_retry_wait = 100")),
            node("script", "mode = \"script\"\nscripts = [\"exit 0\"]\nscript_interval = 40"),
        ];
        let text = format!(
            "[metrics]\npoll_retry = 3\nscript_timeout = 60\n[[probe.service]]\nid = \"a\"\nlabel = \"A\"\n{}",
            nodes.concat()
        );
        let plan = Plan::first(&fixture::load(&text), &fixture::tools(), &Bell::default(), SystemClock.now().instant);
        let (secs, millis) = (Duration::from_secs, Duration::from_millis);
        let rules = |interval, limit, tries, wait| Rules {
            interval: secs(interval),
            limit: secs(limit),
            tries,
            wait,
            doubt: None,
        };
        let found: Vec<_> =
            plan.in_order().map(|serial| &plan.targets[&serial]).map(|one| (one.lane, one.rules)).collect();
        let wanted = [
            (Lane::Poll, rules(120, 30, 1, secs(3))),
            (Lane::Poll, rules(5, 4, 3, millis(100))),
            (Lane::Script, rules(40, 40, 0, secs(0))),
        ];
        assert_eq!(found, wanted);
    }
}
