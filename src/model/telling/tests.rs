//! The tests of telling: stories of a page, and the law of reminders.

use std::collections::HashMap;

use proptest::prelude::*;

use crate::clock::Clock;
use crate::clock::ManualClock;
use crate::clock::after;
use crate::model::fixture;
use crate::model::fixture::down;
use crate::model::fixture::events::events;
use crate::model::fixture::key;
use crate::model::fixture::node_key;
use crate::model::fixture::outcome;
use crate::model::fixture::secs;
use crate::model::fixture::up;
use crate::model::map::Map;
use crate::model::notice::Urgent;
use crate::model::observation::Finding;
use crate::model::observation::Outcome;
use crate::model::reminder::Backoff;
use crate::model::transition::NodeKey;

use std::collections::HashSet;

use super::*;

const CHANGES: grouping::Rules = grouping::Rules { sick: false, wait: secs_of(2), interval: secs_of(10) };

const fn secs_of(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Reminders after a minute, two, three, three ...
const REMINDERS: reminder::Rules =
    reminder::Rules { interval: secs_of(60), backoff: Backoff::Linear, limit: 3, escalate: true };

const RULES: Rules = Rules { changes: CHANGES, reminders: Some(REMINDERS), startup: false };

/// A page, its clock, and what is told of it.
struct Story {
    map: Map,
    clock: ManualClock,
    start: Now,
    telling: Telling,
}

impl Story {
    /// A program that starts without knowing anything.
    fn new(rules: Rules) -> Self {
        let (map, clock) = (fixture::map(), fixture::clock());
        let now = clock.now();
        let before = Before {
            told: &[],
            subjects: &[],
            reminded: Reminded::default(),
            silence: Silence::default(),
            maintained: &HashSet::new(),
        };
        let asked = [key("web", "api", "a"), key("web", "api", "b"), key("web", "site", "a")];
        let telling = Telling::resume(rules, before, Round::new(asked, secs(70), now), &map, now);
        Self { map, clock, start: now, telling }
    }

    /// One where all is well.
    fn well(rules: Rules) -> Self {
        let mut story = Self::new(rules);
        for (node, replica) in [("api", "a"), ("api", "b"), ("site", "a")] {
            story.found(node, replica, up());
        }
        story
    }

    fn found(&mut self, node: &str, replica: &str, outcome: Outcome) {
        let (key, now) = (key("web", node, replica), self.clock.now());
        let outcome = Outcome { took: Duration::ZERO, ..outcome };
        for transition in self.map.record_check(&key, outcome, now) {
            self.telling.add(&transition, &self.map);
        }
        self.telling.asked(&key, now);
    }

    /// Lets time pass; what was told then, each notice when it was due.
    fn calm(&mut self, seconds: u64) -> Vec<Notice> {
        let end = self.clock.now().instant + secs(seconds);
        let mut notices = Vec::new();
        while let Some(due) = self.telling.due().filter(|due| *due <= end) {
            self.clock.advance(due.saturating_duration_since(self.clock.now().instant));
            notices.extend(self.telling.take(&self.map, self.clock.now(), false));
        }
        self.clock.advance(end.saturating_duration_since(self.clock.now().instant));
        notices
    }

    /// The same in words: how many seconds after the start, which kind, and of which nodes.
    fn pass(&mut self, seconds: u64) -> Vec<String> {
        let start = self.start.wall;
        self.calm(seconds).iter().map(|notice| in_words(notice, start)).collect()
    }
}

fn in_words(notice: &Notice, start: jiff::Timestamp) -> String {
    let kind = match notice.kind {
        Kind::Startup => "startup".to_owned(),
        Kind::Change => "change".to_owned(),
        Kind::Reminder { number, urgent: Urgent::First(first) } => format!("reminder {number} for {first}"),
        other => format!("{other:?}"),
    };
    let change =
        |change: &super::super::notice::Change| format!("{} {}", change.key.node, change.to.map_or("?", Status::word));
    let changes: Vec<String> = notice.changes.iter().map(change).collect();
    format!("{} {kind}: {}", notice.at.duration_since(start).as_secs(), changes.join(", "))
}

#[test]
fn what_is_still_dead_is_told_again_until_it_is_well() {
    let mut story = Story::well(RULES);
    story.found("api", "b", down());
    assert_eq!(
        story.pass(400),
        [
            "2 change: api dead",
            "62 reminder 1 for 1: api dead",
            "182 reminder 2 for 2: api dead",
            "362 reminder 3 for 3: api dead"
        ]
    );
    story.found("api", "b", up());
    assert_eq!(story.pass(400), ["402 change: api healthy"]);
    story.found("api", "b", down());
    assert_eq!(story.pass(70), ["802 change: api dead", "862 reminder 1 for 1: api dead"], "it begins anew");
}

#[test]
fn a_reminder_says_what_is_dead_since_when_and_why_and_that_nothing_changed() {
    let mut story = Story::well(RULES);
    story.found("site", "a", down());
    let died = story.clock.now().wall;
    story.calm(20);
    story.found("api", "a", outcome(Finding::Up(secs(11))));
    story.found("api", "b", down());
    let notices = story.calm(90);
    let notice = &notices[1];
    assert!(notice.is_reminder() && !notice.changed && notice.status == Status::Dead);
    assert_eq!(notice.dead, [key("web", "api", "b"), key("web", "site", "a")], "in the page's order");
    let [api, site] = notice.changes.as_slice() else { panic!("{notice:?}") };
    assert_eq!((&api.key, api.to, api.affected.len()), (&node_key("web", "api"), Some(Status::Dead), 2));
    assert_eq!((&*site.service, &*site.label, site.since, site.was), ("Web", "Node", died, None));
    assert_eq!(site.affected[0].cause, story.map.replica(&key("web", "site", "a")).unwrap().cause);
}

#[test]
fn a_node_that_comes_and_goes_puts_the_reminder_of_another_off_once() {
    let mut story = Story::well(Rules { reminders: Some(reminder::Rules { limit: 1, ..REMINDERS }), ..RULES });
    story.found("api", "a", down());
    let mut told = story.pass(2);
    for _ in 0..12 {
        story.found("site", "a", down());
        told.extend(story.pass(13));
        story.found("site", "a", up());
        told.extend(story.pass(12));
    }
    let reminders: Vec<&str> = told.iter().filter(|told| told.contains("reminder")).map(String::as_str).collect();
    // After twice the wait, and what is between any two notices.
    assert_eq!(reminders, ["127 reminder 1 for 1: api dead", "252 reminder 2 for 2: api dead"], "{told:?}");
    assert!(told.len() > 20, "{told:?}");
}

#[test]
fn sick_nodes_are_reminded_of_where_they_are_told() {
    let slow = outcome(Finding::Up(secs(11)));
    let mut story = Story::well(RULES);
    story.found("site", "a", slow.clone());
    assert_eq!(story.pass(100), [""; 0]);
    let mut story = Story::well(Rules { changes: grouping::Rules { sick: true, ..CHANGES }, ..RULES });
    story.found("site", "a", slow);
    assert_eq!(story.pass(100), ["2 change: site sick", "62 reminder 1 for 1: site sick"]);
    story.telling.follow(RULES, &story.map, story.clock.now());
    assert_eq!(story.pass(400), [""; 0], "it is not told any more");
}

#[test]
fn nobody_is_reminded_while_nobody_wants_it_and_all_are_right_after() {
    let mut story = Story::well(RULES);
    story.found("api", "a", down());
    story.telling.be_silent(Some(secs(100)), story.clock.now());
    assert_eq!(story.pass(50), ["2 change: api dead"], "changes are told all the same");
    assert_eq!(story.telling.silent_for(story.clock.now()), Some(secs(50)));
    story.found("api", "a", up());
    assert_eq!(story.pass(10), ["52 change: api healthy"]);
    story.found("api", "a", down());
    story.calm(5);
    assert_eq!(story.telling.silent_for(story.clock.now()), Some(secs(35)), "the window outlives the recovery");
    story.telling.be_silent(Some(secs(100)), story.clock.now());
    assert_eq!(story.pass(120), ["165 reminder 1 for 1: api dead"]);
    story.telling.be_silent(Some(secs(1_000)), story.clock.now());
    story.telling.be_silent(None, story.clock.now());
    assert_eq!(story.pass(150), ["285 reminder 2 for 2: api dead"]);
}

#[test]
fn maintenance_puts_reminders_off_and_does_not_end_them() {
    let site = HashSet::from([node_key("web", "site")]);
    let mut story = Story::well(RULES);
    story.found("site", "a", down());
    assert_eq!(story.pass(20), ["2 change: site dead"]);
    story.telling.hush(&site);
    story.found("api", "b", down());
    assert_eq!(story.pass(20), ["22 change: api dead"]);
    story.found("api", "b", up());
    assert_eq!(story.pass(60), ["42 change: api healthy"], "the site, which is still dead, is under maintenance");
    story.telling.unhush(&site, story.clock.now());
    assert_eq!(story.pass(20), ["102 reminder 1 for 1: site dead"]);
}

#[test]
fn a_restart_neither_forgets_nor_repeats_a_reminder() {
    let mut story = Story::well(RULES);
    story.found("api", "a", down());
    story.calm(100);
    let reminded = story.telling.reminded();
    assert_eq!(reminded.count, 1);
    let standing = story.map.node("web", "api").unwrap().standing;
    let subjects = [(Subject::Node(node_key("web", "api")), Remembered { standing, ..Remembered::default() })];
    let told = [(Subject::Node(node_key("web", "api")), Status::Dead), (Subject::Page, Status::Dead)];
    let restart = |story: &mut Story, down_for: u64, silence| {
        story.clock.advance(secs(down_for));
        let now = story.clock.now();
        let before = Before { told: &told, subjects: &subjects, reminded, silence, maintained: &HashSet::new() };
        story.telling = Telling::resume(RULES, before, Round::new([], secs(70), now), &story.map, now);
    };
    restart(&mut story, 20, Silence::default());
    assert_eq!(
        story.pass(65),
        ["182 reminder 2 for 2: api dead"],
        "at the moment it would have come without a restart"
    );
    restart(&mut story, 100, Silence::default());
    assert_eq!(story.pass(0), ["285 reminder 2 for 2: api dead"], "at once, what was due meanwhile");
    let until = after(story.clock.now(), secs(50)).wall;
    restart(&mut story, 10, Silence { until: Some(until) });
    assert_eq!(story.telling.silent_for(story.clock.now()), Some(secs(40)));
    assert_eq!(story.pass(45), ["335 reminder 2 for 2: api dead"]);
}

#[test]
fn after_a_start_one_notice_tells_everything_once_all_was_checked() {
    let startup = Rules { startup: true, ..RULES };
    let mut story = Story::new(startup);
    story.found("site", "a", down());
    assert_eq!(story.pass(20), [""; 0], "nothing before it");
    story.found("api", "a", up());
    story.found("api", "b", outcome(Finding::Blind(String::new())));
    let notices = story.calm(100);
    let told: Vec<String> = notices.iter().map(|notice| in_words(notice, story.start.wall)).collect();
    assert_eq!(
        told,
        ["20 startup: site dead, push ?, local ?, api healthy", "80 reminder 1 for 1: site dead"],
        "what is dead is not told twice"
    );
    assert_eq!((notices[0].status, notices[0].changed), (Status::Dead, true));
    assert_eq!(notices[0].changes[0].affected.len(), 1, "with its cause");
    story.telling.follow(startup, &story.map, story.clock.now());
    story.found("site", "a", up());
    assert_eq!(story.pass(30), ["122 change: site healthy"], "it is not repeated when the configuration is read again");
}

#[test]
fn the_notice_after_a_start_does_not_wait_for_what_cannot_come() {
    let startup = Rules { startup: true, ..RULES };
    let mut story = Story::new(startup);
    story.found("api", "a", up());
    assert_eq!(story.pass(69), [""; 0]);
    assert_eq!(story.pass(10), ["70 startup: site ?, push ?, local ?, api healthy"]);
    // Nor for what is not on the page any more.
    let mut story = Story::new(startup);
    story.found("api", "a", up());
    story.found("api", "b", up());
    let mut shape = fixture::map();
    shape.services.get_mut("web").unwrap().nodes.shift_remove("site");
    story.clock.advance(secs(5));
    story.map.reshape(shape, story.clock.now());
    story.telling.follow(startup, &story.map, story.clock.now());
    assert_eq!(story.pass(1), ["5 startup: push ?, local ?, api healthy"]);
    // Nor is there one when it is taken out of the configuration, or the program ends.
    let mut story = Story::new(startup);
    story.found("api", "a", down());
    story.telling.follow(RULES, &story.map, story.clock.now());
    assert_eq!(story.pass(10), ["2 change: api dead"]);
    let mut story = Story::new(startup);
    story.found("api", "a", down());
    let last = story.telling.take(&story.map, story.clock.now(), true).unwrap();
    assert_eq!(in_words(&last, story.start.wall), "0 change: api dead");
    assert_eq!(story.telling.take(&story.map, story.clock.now(), true), None);
}

#[test]
fn the_notice_after_a_start_says_what_became_of_what_was_told_before() {
    let (map, clock) = (fixture::map(), fixture::clock());
    let now = clock.now();
    let died = crate::clock::before(now, secs(300));
    let dead = |node| {
        let standing = Some(crate::model::map::Standing { status: Status::Dead, since: died });
        (Subject::Node(node_key("web", node)), Remembered { standing, ..Remembered::default() })
    };
    let told =
        [(Subject::Node(node_key("web", "api")), Status::Dead), (Subject::Node(node_key("web", "site")), Status::Dead)];
    let subjects = [dead("api"), dead("site")];
    let reminded = Reminded { count: 4, wait: Some(reminder::Wait { begun: died, told: died }) };
    let before =
        Before { told: &told, subjects: &subjects, reminded, silence: Silence::default(), maintained: &HashSet::new() };
    let asked = [key("web", "api", "a"), key("web", "site", "a")];
    let rules = Rules { startup: true, ..RULES };
    let telling = Telling::resume(rules, before, Round::new(asked, secs(70), now), &map, now);
    let mut story = Story { map, clock, start: now, telling };
    // As the map would be after `Map::resume`.
    story.found("site", "a", down());
    story.found("api", "a", down());
    story.clock.advance(secs(1));
    story.found("api", "a", up());
    let notices = story.calm(400);
    let told: Vec<String> = notices.iter().map(|notice| in_words(notice, now.wall)).collect();
    // It is no reminder, and puts the fifth off, but not for longer than twice three minutes since the fourth.
    assert_eq!(
        told,
        [
            "1 startup: site dead, push ?, local ?, api healthy",
            "60 reminder 5 for 5: site dead",
            "240 reminder 6 for 6: site dead"
        ]
    );
    let changes = &notices[0].changes;
    assert_eq!((changes[0].was, changes[3].was), (None, Some((Status::Dead, secs(301)))));
}

/// What people know, as the law sees it.
#[derive(Default)]
struct Heard {
    /// The level of each node that was told to be unwell.
    told: HashMap<NodeKey, Status>,
    /// How many reminders there were, and since when the next one is waited for.
    count: u32,
    begun: Option<Now>,
    last: Option<Now>,
}

proptest! {
    /// Whatever happens: a reminder tells of what is unwell and was told, and of nothing else, not too often, and not
    /// while nobody wants it; and while anything is unwell there is one at the latest after twice its wait.
    #[test]
    fn reminders_are_true_and_come_in_time(
        events in events(),
        sick: bool,
        silent_from in 0u64..600,
        silent_for in 0u64..300,
    ) {
        let rules = Rules { changes: grouping::Rules { sick, ..CHANGES }, ..RULES };
        let mut story = Story::well(rules);
        let window = [silent_from, silent_from + silent_for].map(|at| after(story.start, secs(at)));
        let mut silenced = false;
        let mut heard = Heard::default();
        // When there was last nothing to remind of.
        let mut calm_until = story.start.instant;
        let calm = (0..20).map(|_| (40, None));
        for (pause, event) in events.into_iter().map(|(pause, event)| (pause, Some(event))).chain(calm) {
            for _ in 0..pause {
                if !silenced && story.clock.now().instant >= window[0].instant {
                    silenced = true;
                    let left = window[1].instant.saturating_duration_since(story.clock.now().instant);
                    story.telling.be_silent(Some(left), story.clock.now());
                }
                for notice in story.calm(1) {
                    let at = after(story.start, notice.at.duration_since(story.start.wall).unsigned_abs());
                    let spaced = heard.last.is_none_or(|last| at.instant >= last.instant + CHANGES.interval);
                    prop_assert!(spaced, "too soon: {notice:?}");
                    heard.last = Some(at);
                    if let Kind::Reminder { number, .. } = notice.kind {
                        prop_assert!(!silenced || at.instant >= window[1].instant, "nobody wants it: {notice:?}");
                        heard.count += 1;
                        prop_assert_eq!(number, heard.count);
                        let waited = at.instant - heard.begun.unwrap().instant;
                        prop_assert!(waited >= REMINDERS.wait(number), "{waited:?} before {number}");
                        heard.begun = Some(at);
                        prop_assert!(!notice.changes.is_empty());
                        for change in &notice.changes {
                            prop_assert!(heard.told.contains_key(&change.key), "nobody knows of {change:?}");
                        }
                        continue;
                    }
                    for change in &notice.changes {
                        match story.telling.level(change.to) {
                            Some(level) => heard.told.insert(change.key.clone(), level),
                            None => heard.told.remove(&change.key),
                        };
                    }
                    let map = &story.map;
                    heard.told.retain(|key, _| map.node(key.service.as_str(), key.node.as_str()).is_some());
                    if !story.telling.grouping.is_unwell() {
                        (heard.count, heard.begun) = (0, None);
                    } else if heard.begun.is_none() {
                        heard.begun = Some(at);
                    }
                }
                let now = story.clock.now();
                let is_silent = silenced && now.instant <= window[1].instant;
                if !story.telling.grouping.is_pressing() {
                    calm_until = now.instant;
                }
                if let (Some(begun), false) = (heard.begun, is_silent) {
                    let most = REMINDERS.wait(heard.count + 1) * 2 + CHANGES.interval + secs(1);
                    // In the window none could come.
                    let begun = if silenced { begun.instant.max(window[1].instant) } else { begun.instant }.max(calm_until);
                    let since = now.instant.saturating_duration_since(begun);
                    prop_assert!(since <= most, "no reminder {} for {since:?}", heard.count + 1);
                }
            }
            if let Some(event) = event {
                let transitions = event.happen(&mut story.map, story.clock.now());
                for transition in &transitions {
                    story.telling.add(transition, &story.map);
                }
                story.telling.follow(rules, &story.map, story.clock.now());
            }
        }
    }
}
