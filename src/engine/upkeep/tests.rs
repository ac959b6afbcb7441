//! The tests of planned maintenance as it happens, on a clock that is set by hand.

use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use crate::clock::Clock;
use crate::clock::ManualClock;
use crate::config::Config;
use crate::history::Batch;
use crate::history::Memory;
use crate::history::store::History;
use crate::model::cause::Failure;
use crate::model::fixture as model;
use crate::model::fixture::node_key;
use crate::model::fixture::secs;
use crate::model::observation::Finding;
use crate::model::observation::Outcome;
use crate::model::past::Window;
use crate::model::status::Status;
use crate::model::uptime::Uptime;

use super::super::fixture;
use super::*;

const TARGET: &str = "tcp://10.0.0.1:80";

/// A page with a node that is asked and one that reports, whose telling is led by hand.
struct Led {
    shared: Shared,
    clock: Arc<ManualClock>,
    config: Config,
}

impl Led {
    fn new() -> Self {
        Self::with(fixture::config("[notify]\ngroup_wait = 0\ngroup_interval = 0.1\n", &[TARGET]))
    }

    fn with(config: Config) -> Self {
        let clock = Arc::new(model::clock());
        let led = Self { shared: Shared::new(&config, clock.clone(), &Memory::default()).0, clock, config };
        led.up();
        led
    }

    fn check(&self, finding: Finding) {
        let key = model::key("web", "api", TARGET);
        self.shared.record_check(&key, Outcome { finding, attempts: 1, took: Duration::ZERO });
    }

    fn up(&self) {
        self.check(Finding::Up(Duration::from_millis(12)));
    }

    fn down(&self) {
        self.check(Finding::Down(Failure::Refused));
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(secs(seconds));
    }

    /// Plans a maintenance that begins and ends after so many seconds.
    fn plan(&self, targets: &[&str], from: u64, to: u64) -> Uuid {
        self.plan_as(from * 1_000 + to, targets, from, to)
    }

    /// The same, with an id of that number.
    fn plan_as(&self, number: u64, targets: &[&str], from: u64, to: u64) -> Uuid {
        let now = self.clock.now().wall;
        let id = Uuid::of_random(u128::from(number).to_be_bytes());
        let draft = Draft {
            title: "New disks".to_owned(),
            text: None,
            targets: targets.iter().map(|target| target.parse().unwrap()).collect(),
            starts_at: Some(now + secs(from)),
            ends_at: now + secs(to),
        };
        self.shared.plan_maintenance(draft, id).unwrap().id
    }

    /// What the telling loop says that it waits for, in seconds, after it has done what is due.
    fn step(&self) -> Option<u64> {
        self.shared.keep_up();
        let now = self.clock.now();
        let next = self.shared.with(|state| state.next_notice(now))?;
        Some(next.duration_since(now.instant).as_secs())
    }

    /// What is told now, as `api dead since 30 s`.
    fn told(&self) -> Vec<String> {
        self.shared.keep_up();
        let now = self.clock.now();
        let notice = self.shared.with(|state| state.notice(now, false));
        let changes = notice.into_iter().flat_map(|notice| notice.changes);
        let words = changes.map(|change| {
            let since = now.wall.duration_since(change.since).as_secs();
            format!("{} {} since {since} s", change.key.node, change.to.map_or("?", Status::word))
        });
        words.collect()
    }

    /// Whether `web:api` was under maintenance all the time since then.
    fn was_maintained(&self, since: Timestamp) -> bool {
        let now = self.clock.now().wall;
        let seconds = now.duration_since(since).as_secs().unsigned_abs();
        self.shared.with(|state| {
            let agenda = state.upkeep.agenda();
            let key = node_key("web", "api");
            (0..=seconds).all(|second| agenda.covered(&state.map, since + secs(second)).contains(&key))
        })
    }

    fn is_maintained(&self) -> bool {
        self.shared.read(|map| map.node("web", "api").unwrap().maintained)
    }

    fn status(&self) -> Status {
        self.shared.read(Map::status)
    }

    fn uptime(&self) -> Uptime {
        let (_, shown) = self.shared.shown();
        shown.pasts[&node_key("web", "api")].uptime(Window::Day, self.clock.now().wall)
    }

    fn incidents(&self) -> usize {
        self.shared.shown().1.incidents.len()
    }
}

#[test]
fn a_death_in_a_window_is_recorded_and_told_only_when_the_window_is_over() {
    let led = Led::new();
    led.plan(&["web"], 60, 660);
    assert_eq!(led.step(), Some(60), "it is woken when it begins");
    led.pass(60);
    assert_eq!(led.step(), Some(60), "it looks once a minute, since the wall clock may be set");
    led.pass(100);
    led.down();
    assert_eq!((led.told(), led.status(), led.incidents()), (Vec::new(), Status::Healthy, 0));
    let standing = led.shared.read(|map| map.node("web", "api").unwrap().standing.unwrap());
    assert_eq!(standing.status, Status::Dead, "it is judged and shown");
    led.pass(499);
    assert_eq!((led.told(), led.step()), (Vec::new(), Some(1)));
    led.pass(1);
    assert_eq!(led.told(), ["api dead since 500 s"]);
    assert_eq!((led.status(), led.incidents()), (Status::Dead, 1));
    led.pass(40);
    let uptime = led.uptime();
    assert_eq!((uptime.up, uptime.down, uptime.maintenance), (secs(60), secs(40), secs(600)));
    led.up();
    assert_eq!((led.told(), led.status()), (vec!["api healthy since 0 s".to_owned()], Status::Healthy));
}

#[test]
fn who_waits_for_a_recovery_hears_of_it_in_the_window() {
    let led = Led::new();
    led.down();
    assert_eq!(led.told(), ["api dead since 0 s"]);
    led.plan(&["web:api"], 0, 600);
    led.pass(300);
    led.up();
    assert_eq!(led.told(), ["api healthy since 0 s"]);
    led.pass(10);
    led.down();
    assert_eq!((led.told(), led.incidents()), (Vec::new(), 1));
    led.pass(290);
    assert_eq!(led.told(), ["api dead since 290 s"]);
    assert_eq!(led.incidents(), 2);
}

#[test]
fn a_window_that_is_ended_by_hand_ends_at_once_and_one_that_is_called_off_never_was() {
    let led = Led::new();
    let (first, second) = (led.plan(&[], 0, 600), led.plan(&["app"], 700, 800));
    led.down();
    led.pass(30);
    assert_eq!(led.told(), [""; 0]);
    assert_eq!(led.shared.end_maintenance(first).unwrap().end(), led.clock.now().wall);
    assert_eq!(led.told(), ["api dead since 30 s"]);
    assert_eq!(led.shared.shown().1.maintenance.len(), 1);
    led.shared.end_maintenance(second).unwrap();
    assert_eq!(led.shared.shown().1.maintenance.len(), 0);
    assert_eq!(led.shared.maintenance().len(), 2);
    led.pass(30);
    for over in [Uuid::of_random([9; 16]), first, second] {
        assert_eq!(led.shared.end_maintenance(over), None);
    }
    assert_eq!(led.told(), [""; 0]);
    assert_eq!(led.uptime().maintenance, secs(30));
    led.pass(900);
    assert_eq!((led.step(), led.uptime().maintenance), (None, secs(30)));
}

#[test]
fn moments_that_were_slept_through_are_taken_at_their_time() {
    let led = Led::new();
    led.plan(&["web"], 100, 200);
    led.plan(&["web:api"], 150, 250);
    led.plan(&["web"], 400, 450);
    led.pass(500);
    led.down();
    assert_eq!(led.uptime().maintenance, secs(200));
    assert_eq!((led.uptime().up, led.uptime().down), (secs(300), Duration::ZERO));
    assert_eq!(led.told(), ["api dead since 0 s"]);
}

#[test]
fn versions_change_with_what_is_planned_so_that_the_page_is_made_anew() {
    let led = Led::new();
    let before = led.shared.seen();
    led.plan(&["web"], 60, 120);
    let planned = led.shared.seen();
    assert!(planned.flips > before.flips);
    led.pass(60);
    led.step();
    assert!(led.shared.seen().flips > planned.flips);
}

/// The page with another node in place of those of before.
fn with_another_node() -> Config {
    let text = format!(
        "[notify]\ngroup_wait = 0\ngroup_interval = 0.1\n[[probe.service]]\nid = \"web\"\nlabel = \"Web\"\n\
         [[probe.service.node]]\nid = \"new\"\nlabel = \"New\"\nmode = \"poll\"\nreplicas = [{TARGET:?}]\n"
    );
    fixture::load(&text)
}

#[test]
fn maintenance_is_not_said_to_be_over_of_what_leaves_the_page() {
    let led = Led::new();
    led.plan(&[], 0, 600);
    led.step();
    let turned = led.shared.with(|state| state.reconfigure(&with_another_node(), led.clock.now()));
    assert_eq!((turned.begun, turned.over), (vec![node_key("web", "new")], Vec::new()));
    led.pass(600);
    let turned = led.shared.with(|state| state.keep_up(led.clock.now())).unwrap();
    assert_eq!((turned.begun, turned.over), (Vec::new(), vec![node_key("web", "new")]));
}

#[test]
fn another_configuration_takes_on_what_is_under_way() {
    let led = Led::new();
    led.plan(&[], 0, 600);
    led.shared.reconfigure(&with_another_node());
    let keys = |led: &Led| {
        let mut all: Vec<String> =
            led.shared.with(|state| state.upkeep.covered().iter().map(NodeKey::to_string).collect());
        all.sort();
        all
    };
    assert_eq!(keys(&led), ["web:new"]);
    assert!(led.shared.read(|map| map.node("web", "new").unwrap().maintained));
    led.shared.reconfigure(&led.config);
    assert_eq!(keys(&led), ["app:push", "web:api"]);
    led.down();
    assert_eq!((led.told(), led.status()), (Vec::new(), Status::Healthy));
    led.pass(600);
    assert_eq!(led.told(), ["api dead since 600 s"]);
}

/// What would be known after a start.
fn stored(config: &Config, now: Now) -> Memory {
    History::open(&config.storage, now.wall).unwrap().memory(now).unwrap()
}

/// A page that is kept in a file.
fn kept(folder: &Path) -> Led {
    let url = format!("sqlite:{}", folder.join("vigil.db").display());
    let more = format!("[notify]\ngroup_wait = 0\ngroup_interval = 0.1\n[storage]\nurl = {url:?}\n");
    Led::with(fixture::config(&more, &[TARGET]))
}

impl Led {
    /// The program ends and starts again after so many seconds.
    fn restart(self, down: u64) -> Self {
        let now = self.clock.now();
        let entries = self.shared.with(|state| {
            state.ledger.close(now, true);
            state.ledger.take()
        });
        let batch = Batch { entries, ..Batch::default() };
        History::open(&self.config.storage, now.wall).unwrap().write(&batch, now.wall).unwrap();
        self.clock.advance(secs(down));
        let memory = stored(&self.config, self.clock.now());
        let shared = Shared::new(&self.config, self.clock.clone(), &memory).0;
        Self { shared, ..self }
    }
}

#[test]
fn a_window_survives_a_restart() {
    let folder = TempDir::new().unwrap();
    let led = kept(folder.path());
    led.plan(&["web"], 60, 660);
    let led = led.restart(120);
    assert_eq!(led.status(), Status::Healthy);
    led.down();
    let led = led.restart(10);
    assert_eq!((led.told(), led.status(), led.incidents()), (Vec::new(), Status::Healthy, 0));
    assert!(led.shared.read(|map| map.node("web", "api").unwrap().maintained));
    led.pass(530);
    assert_eq!(led.told(), ["api dead since 540 s"]);
    assert_eq!(led.uptime().maintenance, secs(530), "nobody watched while the program was down");
}

#[test]
fn what_was_dead_when_a_window_ended_unseen_is_told_and_has_an_incident_from_its_end_on() {
    let folder = TempDir::new().unwrap();
    let led = kept(folder.path());
    led.plan(&["web"], 0, 600);
    led.down();
    let led = led.restart(650);
    assert_eq!((led.told(), led.incidents()), (vec!["api dead since 650 s".to_owned()], 1));
    let opened = led.shared.shown().1.incidents[0].opened;
    assert_eq!(opened.wall, led.clock.now().wall - secs(50));
    let led = led.restart(5);
    assert_eq!(led.incidents(), 1, "the same one");
}

#[test]
fn a_wall_clock_that_is_set_back_brings_a_window_back() {
    let led = Led::new();
    led.plan(&["web"], 0, 60);
    led.pass(100);
    assert_eq!(led.step(), None);
    let back = Now { wall: led.clock.now().wall - secs(70), ..led.clock.now() };
    led.shared.with(|state| {
        state.keep_up(back);
        assert!(state.upkeep.covered().contains(&node_key("web", "api")));
        assert_eq!(state.upkeep.due(back), Some(back.instant + secs(30)));
    });
}

/// What may happen to a page and to what is planned for it.
#[derive(Clone, Debug)]
enum Act {
    Up,
    Down,
    /// A maintenance that begins after so many seconds, lasts so long, and may be of all.
    Plan(u64, u64, bool),
    /// Ends the one of that number, if it is not over.
    End(usize),
    Tell,
}

fn acts() -> impl Strategy<Value = Vec<(u64, Act)>> {
    let act = prop_oneof![
        3 => Just(Act::Up),
        3 => Just(Act::Down),
        2 => (0u64..90, 1u64..90, any::<bool>()).prop_map(|(from, length, all)| Act::Plan(from, length, all)),
        1 => (0usize..6).prop_map(Act::End),
        2 => Just(Act::Tell),
    ];
    prop::collection::vec((0u64..40, act), 0..40)
}

proptest! {
    #[test]
    fn whatever_is_planned_the_page_follows_and_every_second_is_of_one_kind(acts in acts()) {
        let led = Led::new();
        let begun = led.clock.now();
        let (mut plans, mut known, mut heard) = (Vec::new(), Status::Healthy, begun.wall);
        for (number, (wait, act)) in (1u64..).zip(acts) {
            led.pass(wait);
            match act {
                Act::Up => led.up(),
                Act::Down => led.down(),
                Act::Plan(from, length, all) => {
                    let targets: &[&str] = if all { &[] } else { &["web:api"] };
                    plans.push(led.plan_as(number, targets, from, from + length));
                }
                Act::End(which) => {
                    let _ = plans.get(which).and_then(|id| led.shared.end_maintenance(*id));
                }
                Act::Tell => {
                    led.shared.keep_up();
                    let now = led.clock.now();
                    // What was to be told before a maintenance began is told in it.
                    let is_quiet = led.was_maintained(heard);
                    heard = now.wall;
                    let notice = led.shared.with(|state| state.notice(now, true));
                    for change in notice.iter().flat_map(|notice| &notice.changes) {
                        let to = change.to.unwrap();
                        prop_assert!(!is_quiet || to < known, "{:?}", change);
                        known = to;
                    }
                }
            }
            led.shared.keep_up();
            let now = led.clock.now();
            led.shared.with(|state| {
                let wanted = state.upkeep.agenda().covered(&state.map, now.wall);
                prop_assert_eq!(state.upkeep.covered(), &wanted);
                for (service, in_service) in &state.map.services {
                    for (node, in_node) in &in_service.nodes {
                        let key = NodeKey { service: service.clone(), node: node.clone() };
                        prop_assert_eq!(in_node.maintained, wanted.contains(&key));
                        prop_assert_eq!(state.telling.is_hushed(&key), wanted.contains(&key));
                    }
                }
                Ok(())
            })?;
            let uptime = led.uptime();
            prop_assert_eq!(uptime.up + uptime.down + uptime.maintenance, now.instant.duration_since(begun.instant));
        }
        // Once all is over, people know how it is.
        led.pass(400);
        led.shared.keep_up();
        let told = led.shared.with(|state| state.notice(led.clock.now(), true));
        let last = told.iter().flat_map(|notice| &notice.changes).last().and_then(|change| change.to);
        let is = led.shared.read(|map| map.node("web", "api").unwrap().standing.unwrap().status);
        prop_assert_eq!(last.unwrap_or(known), is);
        prop_assert!(!led.is_maintained());
    }
}
