//! What is entered of nodes under planned maintenance.

use std::collections::HashSet;

use proptest::prelude::*;

use crate::clock;
use crate::clock::Clock;
use crate::model::fixture::node_key;
use crate::model::fixture::secs;
use crate::model::fixture::up;
use crate::model::incident::Incident;
use crate::model::ledger::Entries;
use crate::model::past::Window;
use crate::model::status::Status;
use crate::model::transition::NodeKey;
use crate::model::transition::Subject;

use super::Story;
use super::events;
use super::node;
use super::refused;
use super::replica;

impl Story {
    fn maintain(&mut self, on: bool) {
        self.maintain_since(on, 0);
    }

    /// Maintenance of `web:api` begins or ends, some seconds before that is known.
    fn maintain_since(&mut self, on: bool, ago: u64) {
        let keys: HashSet<NodeKey> = [node_key("web", "api")].into_iter().collect();
        let (begun, over) = if on { (keys, HashSet::new()) } else { (HashSet::new(), keys) };
        let at = clock::before(self.clock.now(), secs(ago));
        self.ledger.maintain(&self.map, &begun, &over, at);
    }
}

/// What was entered of a subject: seconds that were healthy, sick and dead, and those of maintenance.
fn spent(entries: &Entries, what: &Subject) -> ([u64; 3], u64) {
    let mut all = crate::model::span::Span::default();
    for minute in entries.minutes.iter().filter(|minute| minute.what == *what) {
        all.merge(&minute.span);
    }
    (Status::ALL.map(|status| all.time(Some(status)).as_secs()), all.maintenance().as_secs())
}

/// Incidents as `web since 30: api dead`, in seconds since the start.
fn incidents(story: &Story, start: crate::clock::Now) -> Vec<String> {
    let words = |incident: &Incident| {
        let since = incident.opened.wall.duration_since(start.wall).as_secs();
        let end = incident
            .closed
            .map_or(String::new(), |closed| format!(" until {}", closed.at.wall.duration_since(start.wall).as_secs()));
        format!(
            "{} since {since}{end}",
            incident.affected.iter().map(|one| one.node.as_str()).collect::<Vec<_>>().join(",")
        )
    };
    story.ledger.recent().map(|incident| words(&incident)).collect()
}

#[test]
fn time_of_maintenance_is_of_its_own_kind_and_what_happens_is_recorded() {
    let mut story = Story::new();
    let start = story.clock.now();
    story.check("a", up().finding, 0);
    story.wait(10);
    story.maintain(true);
    story.wait(20);
    story.check("a", refused(), 0);
    story.wait(40);
    story.check("a", up().finding, 0);
    story.wait(10);
    story.maintain(false);
    story.wait(5);
    let entries = story.entries(true);
    assert_eq!(spent(&entries, &node()), ([15, 0, 0], 70));
    assert_eq!(spent(&entries, &replica("a")), ([15, 0, 0], 70));
    assert!(entries.minutes.iter().all(|minute| minute.span.worst() != Some(Status::Dead)));
    let told = entries.transitions.iter().filter(|one| one.what == node()).map(|one| one.to);
    assert_eq!(told.collect::<Vec<_>>(), [Status::Healthy, Status::Dead, Status::Healthy].map(Some));
    assert_eq!(incidents(&story, start), [""; 0]);
    let past = &story.ledger.pasts()[&node_key("web", "api")];
    let uptime = past.uptime(Window::Day, story.clock.now().wall);
    assert_eq!((uptime.to_string().as_str(), uptime.maintenance), ("100%", secs(70)));
}

#[test]
fn who_is_dead_when_the_maintenance_is_over_has_an_incident_from_then_on() {
    let mut story = Story::new();
    let start = story.clock.now();
    story.check("a", up().finding, 0);
    story.maintain(true);
    story.wait(10);
    story.check("a", refused(), 0);
    story.wait(20);
    story.maintain_since(false, 5);
    story.wait(35);
    let entries = story.entries(true);
    assert_eq!(spent(&entries, &node()), ([0, 0, 40], 25));
    assert_eq!(incidents(&story, start), ["api since 25"]);
    let cause = story.ledger.recent().next().unwrap().cause.clone();
    assert_eq!(cause.unwrap().to_string(), "connection refused");
    story.check("a", up().finding, 0);
    assert_eq!(incidents(&story, start), ["api since 25 until 65"]);
}

#[test]
fn an_incident_of_before_goes_on_and_ends_with_the_recovery() {
    let mut story = Story::new();
    let start = story.clock.now();
    story.check("a", refused(), 0);
    story.wait(10);
    story.maintain(true);
    story.wait(20);
    story.check("a", up().finding, 0);
    story.wait(5);
    story.check("a", refused(), 0);
    story.wait(5);
    assert_eq!(incidents(&story, start), ["api since 0 until 30"]);
    story.maintain(false);
    assert_eq!(incidents(&story, start), ["api since 0 until 30", "api since 40"]);
    assert_eq!(spent(&story.entries(true), &node()), ([0, 0, 10], 30));
}

#[test]
fn a_death_that_is_known_late_shifts_only_what_was_no_maintenance() {
    // The check took 30 s: from 10 s before the maintenance until it had lasted for 20 s.
    let mut story = Story::new();
    story.check("a", up().finding, 0);
    story.wait(20);
    story.maintain(true);
    story.wait(20);
    story.check("a", refused(), 30);
    assert_eq!(spent(&story.entries(true), &node()), ([10, 0, 10], 20));
    // From 10 s before its end until 20 s after.
    let mut story = Story::new();
    story.check("a", up().finding, 0);
    story.maintain(true);
    story.wait(20);
    story.maintain(false);
    story.wait(20);
    story.check("a", refused(), 30);
    assert_eq!(spent(&story.entries(true), &node()), ([0, 0, 20], 20));
    // All of it within the check, and another one that followed at once.
    let mut story = Story::new();
    story.check("a", up().finding, 0);
    story.wait(10);
    story.maintain(true);
    story.wait(5);
    story.maintain(false);
    story.maintain(true);
    story.wait(5);
    story.maintain(false);
    story.wait(10);
    story.check("a", refused(), 25);
    assert_eq!(spent(&story.entries(true), &node()), ([5, 0, 15], 10));
}

#[test]
fn what_is_first_seen_under_maintenance_is_under_it() {
    let mut story = Story::new();
    story.maintain(true);
    story.check("a", refused(), 0);
    story.wait(30);
    assert_eq!(spent(&story.entries(true), &replica("a")), ([0, 0, 0], 30));
    story.ledger.go_on(&story.map, &[], story.clock.now());
    story.wait(10);
    assert_eq!(spent(&story.entries(true), &node()), ([0, 0, 0], 10));
}

proptest! {
    #[test]
    fn every_second_is_either_maintenance_or_what_it_would_be_without(events in events(), turns in prop::collection::vec(0u8..6, 60)) {
        let (mut story, mut plain) = (Story::new(), Story::new());
        plain.clock = crate::clock::ManualClock::at(story.clock.now().wall);
        let (mut with, mut without) = (Entries::default(), Entries::default());
        let mut on = false;
        for ((wait, event), turn) in events.into_iter().zip(turns) {
            story.wait(wait);
            plain.wait(wait);
            if turn == 0 {
                on = !on;
                story.maintain(on);
            }
            // Checks of the fixture take some time: a death is known late.
            story.happen(event.clone());
            plain.happen(event);
            with.append(story.entries(false));
            without.append(plain.entries(false));
        }
        with.append(story.entries(true));
        without.append(plain.entries(true));
        let sum = |entries: &Entries, what: &Subject| {
            let mut all = crate::model::span::Span::default();
            entries.minutes.iter().filter(|minute| minute.what == *what).for_each(|minute| all.merge(&minute.span));
            for shift in entries.shifts.iter().filter(|shift| shift.what == *what) {
                all.shift(shift.from, shift.to, shift.time);
            }
            all
        };
        for what in [node(), replica("a"), Subject::Node(node_key("web", "site"))] {
            let (some, all) = (sum(&with, &what), sum(&without, &what));
            prop_assert_eq!(some.length(), all.length(), "no time is lost or gained");
            for status in Status::ALL {
                prop_assert!(some.time(Some(status)) <= all.time(Some(status)));
            }
        }
        prop_assert!(sum(&with, &Subject::Node(node_key("web", "site"))).maintenance().is_zero());
    }
}
