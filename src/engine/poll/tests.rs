//! Steps of the polling loop, by hand.

use std::collections::VecDeque;

use crate::clock::Clock;
use crate::clock::ManualClock;
use crate::model::cause::Failure;
use crate::model::queue::Lengths;
use crate::model::queue::Unread;
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
        Self::with(&fixture::config(more, &["tcp://127.0.0.1:1"]), findings)
    }

    /// The one target of a file with that text.
    fn of(text: &str, findings: &[Finding]) -> Self {
        Self::with(&fixture::load(text), findings)
    }

    fn with(config: &Config, findings: &[Finding]) -> Self {
        let (shared, clock) = fixture::shared(config);
        let poller = Poller::new(config, &fixture::tools(), shared.clone());
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
        (due.saturating_duration_since(now).as_secs(), Errand { plan: agenda.plan.clone(), job, handed: due })
    }

    /// Makes the next attempt when it is due; tells how long that took to come.
    fn next(&self) -> u64 {
        let (waited, errand) = self.take();
        self.poller.attempt(&errand, Way::Free);
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
fn a_queue_that_is_too_long_is_looked_at_once_more_and_the_second_look_counts() {
    let queue = |ready| Finding::Queue(Lengths { ready, unacknowledged: 0 });
    let unread = || Finding::Unread(Unread::Failed(Failure::Refused));
    let (well, sick) = (Some(Status::Healthy), Some(Status::Sick));
    let long = 10;
    for (findings, wanted) in [
        (vec![queue(1), queue(1)], vec![(0, well), (30, well)]),
        // A wave that passes.
        (vec![queue(long), queue(1), queue(1)], vec![(0, None), (5, well), (25, well)]),
        (vec![queue(long), queue(long), queue(1)], vec![(0, None), (5, sick), (25, well)]),
        // A server that fails is asked once more, in the second look too.
        (vec![unread(), queue(1)], vec![(0, None), (1, well)]),
        (vec![unread(), queue(long), queue(long)], vec![(0, None), (1, None), (5, sick)]),
        (vec![queue(long), unread(), queue(long)], vec![(0, None), (5, None), (1, sick)]),
        (vec![queue(1), unread(), unread(), queue(1)], vec![(0, well), (30, well), (1, None), (29, well)]),
    ] {
        let watch = Watch::of(
            "[plugins.rabbitmq]\napi_url = \"http://127.0.0.1:1\"\nauth_username = \"u\"\nauth_password = \"p\"\n\
             queue_ready_healthy_below = 10\nqueue_loaded_retry_delay = 5000\n[[probe.service]]\nid = \"web\"\n\
             label = \"Web\"\n[[probe.service.node]]\nid = \"api\"\nlabel = \"API\"\nmode = \"poll\"\n\
             rabbitmq_queue = \"jobs\"\n",
            &findings,
        );
        let told: Vec<_> = findings.iter().map(|_| (watch.next(), watch.status())).collect();
        assert_eq!(told, wanted, "{findings:?}");
    }
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
    watch.poller.attempt(&errand, Way::Free);
    assert_eq!((watch.status(), watch.waiting()), (None, vec![0]));
    watch.reconfigure("", &[ONE, OTHER]);
    watch.poller.attempt(&errand, Way::Free);
    assert_eq!(watch.waiting(), [0, 0], "the one that came back has its own attempt, and no second one");
}

#[test]
fn a_check_that_is_under_way_goes_on_by_the_rules_of_the_new_configuration() {
    let watch = Watch::new("", &[DOWN]);
    let (_, errand) = watch.take();
    watch.reconfigure("poll_retry = 7", &[ONE]);
    assert_eq!(watch.waiting(), [0; 0]);
    watch.poller.attempt(&errand, Way::Free);
    assert_eq!(watch.waiting(), [7]);
}

#[test]
fn what_was_said_of_one_thing_silences_no_other() {
    let (seldom, now) = (Seldom::default(), crate::model::fixture::now().instant);
    let said = |what, after| seldom.is_due(what, now + Duration::from_secs(after));
    let all = [
        (Why::Machine, 0),
        (Why::Bound, 1),
        (Why::Machine, 59),
        (Why::Bound, 60),
        (Why::Machine, 60),
        (Why::Bound, 61),
    ];
    assert_eq!(all.map(|(why, after)| said(why, after)), [true, true, false, false, true, true]);
}
