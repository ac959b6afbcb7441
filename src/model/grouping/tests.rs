//! The tests of the grouping: stories of a page, and the law of what people are told.

mod maintained;
mod unknown;

use jiff::Timestamp;
use proptest::prelude::*;

use crate::clock::Clock;
use crate::clock::ManualClock;
use crate::model::fixture;
use crate::model::fixture::down;
use crate::model::fixture::key;
use crate::model::fixture::node_key;
use crate::model::fixture::secs;
use crate::model::fixture::up;
use crate::model::ledger::Ledger;
use crate::model::map::Mode;
use crate::model::observation::Finding;
use crate::model::observation::Outcome;

use super::*;

/// A page, its clock, and what is told of it.
struct Story {
    map: Map,
    clock: ManualClock,
    grouping: Grouping,
}

impl Story {
    fn new(sick: bool) -> Self {
        Self::spaced(sick, 10)
    }

    /// A story whose notices are some seconds apart.
    fn spaced(sick: bool, interval: u64) -> Self {
        let rules = Rules { sick, wait: WAIT, interval: secs(interval) };
        let mut story = Self { map: fixture::map(), clock: fixture::clock(), grouping: Grouping::new(rules) };
        for (node, replica) in [("api", "a"), ("api", "b"), ("site", "a")] {
            story.found(node, replica, up());
        }
        story
    }

    /// A check that took no time found something.
    fn found(&mut self, node: &str, replica: &str, outcome: Outcome) {
        self.found_after(Duration::ZERO, node, replica, outcome);
    }

    fn found_after(&mut self, took: Duration, node: &str, replica: &str, outcome: Outcome) {
        let outcome = Outcome { took, ..outcome };
        for transition in self.map.record_check(&key("web", node, replica), outcome, self.clock.now()) {
            self.grouping.add(&transition, &self.map);
        }
    }

    fn turn(&mut self, node: &str, status: Status) {
        let outcome = match status {
            Status::Healthy => up(),
            Status::Sick => slow(),
            Status::Dead => down(),
        };
        self.found(node, "a", outcome);
    }

    /// The configuration changes: the node is not there any more, and these are the rules.
    fn without(&mut self, node: &str, rules: Rules) {
        let mut shape = fixture::map();
        shape.services.get_mut("web").unwrap().nodes.shift_remove(node);
        let reshaped = self.map.reshape(shape, self.clock.now());
        reshaped.transitions.iter().for_each(|transition| self.grouping.add(transition, &self.map));
        reshaped.departed.into_iter().for_each(|departed| self.grouping.depart(departed));
        self.grouping.follow(rules, &self.map, self.clock.now());
    }

    /// Lets time pass; what was told then, each notice when it was due.
    fn calm(&mut self, time: Duration) -> Vec<Notice> {
        let end = self.clock.now().instant + time;
        let mut notices = Vec::new();
        loop {
            let due = self.grouping.due().filter(|due| *due <= end);
            self.clock.advance(due.unwrap_or(end).saturating_duration_since(self.clock.now().instant));
            if due.is_none() {
                return notices;
            }
            notices.extend(self.grouping.take(&self.map, self.clock.now()));
        }
    }

    /// The same, as `api dead` and, for a recovery, `api healthy after 60 s`.
    fn pass(&mut self, seconds: u64) -> Vec<String> {
        let mut told = Vec::new();
        for notice in self.calm(secs(seconds)) {
            told.extend(notice.changes.iter().map(|change| {
                let to = change.to.map_or("?", Status::word);
                let was = change.was.map(|(_, time)| format!(" after {} s", time.as_secs())).unwrap_or_default();
                format!("{} {to}{was}", change.key.node)
            }));
            told.push(format!("page {}{}", notice.status, if notice.changed { "" } else { " still" }));
        }
        told
    }
}

const WAIT: Duration = Duration::from_secs(2);

fn slow() -> Outcome {
    Outcome { finding: Finding::Up(secs(11)), ..up() }
}

/// Time in the unit of the long stories.
fn tenths(tenths: u64) -> Duration {
    Duration::from_millis(tenths * 100)
}

#[test]
fn a_dead_node_that_is_taken_out_of_the_page_is_told_by_its_name() {
    let mut story = Story::new(false);
    story.turn("api", Status::Dead);
    assert_eq!(story.pass(60), ["api dead", "page dead"]);
    story.without("api", Rules { sick: false, wait: WAIT, interval: secs(10) });
    let notices = story.calm(secs(60));
    assert_eq!(notices.len(), 1);
    let change = &notices[0].changes[0];
    assert_eq!((change.key.clone(), change.label.as_ref()), (node_key("web", "api"), "Node"));
    assert_eq!((change.to, change.was), (None, Some((Status::Dead, secs(60)))));
    assert_eq!(notices[0].status, Status::Healthy);
    story.without("site", Rules { sick: false, wait: WAIT, interval: secs(10) });
    assert_eq!(story.pass(60), [""; 0], "nobody heard of the other one");
}

#[test]
fn what_is_news_only_by_rules_of_before_is_not_told() {
    let mut story = Story::new(true);
    story.turn("api", Status::Sick);
    story.without("none", Rules { sick: false, wait: WAIT, interval: secs(10) });
    assert_eq!(story.pass(60), [""; 0]);
    story.turn("api", Status::Dead);
    assert_eq!(story.pass(60), ["api dead", "page dead"]);
    story.turn("api", Status::Healthy);
    assert_eq!(story.pass(60), ["api healthy after 60 s", "page healthy"]);
}

/// A story goes on with that page after the program was down for so many seconds: what was told is known, and how all
/// was.
fn restarted(mut story: Story, page: &Map, told: &[(&str, &str, Status)], down: u64) -> Story {
    let mut ledger = Ledger::new(Vec::new(), 1);
    ledger.repeat(&story.map);
    let before: Vec<_> = ledger.take().standings.into_iter().collect();
    story.clock.advance(secs(down));
    let told: Vec<_> = told
        .iter()
        .map(|(service, node, status)| (Subject::Node(node_key(service, node)), *status))
        .chain([(Subject::Page, told.iter().map(|(_, _, status)| *status).max().unwrap_or(Status::Healthy))])
        .collect();
    let (rules, hushed, now) = (story.grouping.rules, &story.grouping.hushed, story.clock.now());
    let mut shape = page.clone();
    for key in hushed {
        shape.services[&key.service].nodes[&key.node].maintained = true;
    }
    story.grouping = Grouping::resume(rules, &told, &before, hushed, &shape, now);
    story.map = shape;
    let resumed = story.map.resume(&before, story.clock.now());
    resumed.transitions.iter().for_each(|transition| story.grouping.add(transition, &story.map));
    resumed.departed.into_iter().for_each(|departed| story.grouping.depart(departed));
    story
}

#[test]
fn after_a_restart_nothing_is_told_again() {
    let mut story = Story::new(false);
    story.turn("api", Status::Dead);
    assert_eq!(story.pass(60), ["api dead", "page dead"]);
    let mut story = restarted(story, &fixture::map(), &[("web", "api", Status::Dead)], 600);
    assert_eq!(story.pass(60), [""; 0]);
    story.turn("api", Status::Dead);
    assert_eq!(story.pass(60), [""; 0], "it is still dead");
    story.turn("api", Status::Healthy);
    assert_eq!(story.pass(60), ["api healthy after 780 s", "page healthy"]);
}

#[test]
fn an_outage_counts_from_its_first_failed_attempt() {
    let mut story = Story::new(false);
    story.pass(60);
    story.found_after(secs(5), "api", "a", down());
    let notices = story.calm(secs(60));
    assert_eq!(notices[0].changes[0].since, notices[0].at - WAIT - secs(5));
    story.turn("api", Status::Healthy);
    assert_eq!(story.pass(60), ["api healthy after 65 s", "page healthy"]);
}

#[test]
fn what_was_not_told_before_the_end_is_told_after_it() {
    let mut story = Story::new(false);
    story.turn("api", Status::Dead);
    let mut story = restarted(story, &fixture::map(), &[], 1);
    assert_eq!(story.pass(60), ["api dead", "page dead"]);
    story.turn("api", Status::Healthy);
    let mut story = restarted(story, &fixture::map(), &[("web", "api", Status::Dead)], 1);
    assert_eq!(story.pass(60), ["api healthy after 0 s", "page healthy"]);
}

#[test]
fn a_dead_node_that_left_the_configuration_meanwhile_is_told_to_be_gone() {
    let mut story = Story::new(false);
    let more = fixture::node(Mode::Poll, &["a"]);
    story.map.services.get_mut("web").unwrap().nodes.insert(fixture::id("old"), more);
    story.turn("old", Status::Dead);
    assert_eq!(story.pass(60), ["old dead", "page dead"]);
    let mut story = restarted(story, &fixture::map(), &[("web", "old", Status::Dead)], 600);
    let notices = story.calm(secs(60));
    let change = &notices[0].changes[0];
    assert_eq!((&*change.label, change.to, change.was), ("old", None, Some((Status::Dead, secs(660)))));
    assert_eq!((notices.len(), notices[0].status), (1, Status::Healthy));
}

#[test]
fn healthy_at_the_start_is_not_told() {
    assert_eq!(Story::new(false).pass(60), [""; 0]);
}

#[test]
fn a_death_is_told_after_the_wait_and_its_end_with_its_length() {
    let mut story = Story::new(false);
    story.found("api", "a", down());
    assert_eq!(story.pass(1), [""; 0]);
    assert_eq!(story.pass(1), ["api dead", "page dead"]);
    assert_eq!(story.pass(58), [""; 0]);
    story.found("api", "a", up());
    assert_eq!(story.pass(3), ["api healthy after 60 s", "page healthy"]);
}

#[test]
fn deaths_within_the_wait_are_one_notice() {
    let mut story = Story::new(false);
    story.found("api", "a", down());
    story.pass(1);
    story.found("site", "a", down());
    assert_eq!(story.pass(9), ["api dead", "site dead", "page dead"]);
}

#[test]
fn a_second_death_is_told_while_the_first_lasts() {
    let mut story = Story::new(false);
    story.found("api", "a", down());
    story.pass(3);
    story.found("site", "a", down());
    assert_eq!(story.pass(8), [""; 0], "notices are 10 s apart");
    assert_eq!(story.pass(1), ["site dead", "page dead still"]);
    story.found("api", "a", up());
    assert_eq!(story.pass(20), ["api healthy after 12 s", "page dead still"]);
}

#[test]
fn what_came_and_went_is_not_told() {
    let mut story = Story::new(false);
    story.found("api", "a", down());
    story.pass(1);
    story.found("api", "a", up());
    assert_eq!(story.pass(60), [""; 0]);
    story.found("api", "a", down());
    story.pass(3);
    story.found("api", "a", up());
    story.pass(1);
    story.found("api", "a", down());
    assert_eq!(story.pass(60), [""; 0], "people know it as dead, and it is");
}

#[test]
fn what_lasted_longer_than_the_wait_is_told_even_if_it_is_over() {
    let mut story = Story::new(false);
    story.found("site", "a", down());
    assert_eq!(story.pass(3), ["site dead", "page dead"]);
    story.found("api", "a", down());
    story.pass(4);
    story.found("api", "a", up());
    assert_eq!(story.pass(20), ["api healthy after 4 s", "page dead still"]);
    let mut story = Story::new(false);
    story.found("site", "a", down());
    story.pass(3);
    story.found("site", "a", up());
    story.pass(4);
    story.found("site", "a", down());
    assert_eq!(story.pass(20), ["site dead after 3 s", "page dead still"]);
    story.found("site", "a", up());
    assert_eq!(story.pass(20), ["site healthy after 20 s", "page healthy"]);
}

#[test]
fn sick_is_told_when_that_is_asked_for() {
    let mut quiet = Story::new(false);
    quiet.found("api", "a", slow());
    assert_eq!(quiet.pass(60), [""; 0]);
    quiet.found("api", "a", down());
    quiet.pass(30);
    quiet.found("api", "a", slow());
    assert_eq!(quiet.pass(30), ["api sick after 30 s", "page sick"]);
    let mut all = Story::new(true);
    all.found("api", "a", slow());
    assert_eq!(all.pass(30), ["api sick", "page sick"]);
    all.found("api", "a", down());
    assert_eq!(all.pass(30), ["api dead after 30 s", "page dead"]);
    all.found("api", "a", up());
    assert_eq!(all.pass(30), ["api healthy after 30 s", "page healthy"]);
}

#[test]
fn a_notice_tells_what_is_true_when_it_leaves() {
    let mut story = Story::new(false);
    story.found("site", "a", down());
    assert_eq!(story.pass(30), ["site dead", "page dead"]);
    story.found("site", "a", slow());
    story.pass(1);
    story.found("site", "a", up());
    assert_eq!(story.pass(30), ["site healthy after 30 s", "page healthy"]);
    story.found("site", "a", down());
    assert_eq!(story.pass(30), ["site dead", "page dead"]);
    story.found("site", "a", up());
    story.pass(1);
    story.found("site", "a", slow());
    assert_eq!(story.pass(30), ["site sick after 30 s", "page sick"]);
}

/// What is told of `site` when `api` died at its side, notices are 60 s apart, and it turns after pauses in tenths.
fn told(sick: bool, turns: &[(u64, Status)]) -> Vec<String> {
    let mut story = Story::spaced(sick, 60);
    let start = story.clock.now().wall;
    let mut notices = Vec::new();
    story.turn("api", Status::Dead);
    for (pause, status) in turns {
        notices.extend(story.calm(tenths(*pause)));
        story.turn("site", *status);
    }
    notices.extend(story.calm(secs(200)));
    let changes = notices.into_iter().flat_map(|notice| notice.changes);
    let of_site = changes.filter(|change| change.key.node.as_str() == "site");
    let words = of_site.map(|Change { to, since, was, .. }| {
        let since = since.duration_since(start).as_secs_f64();
        let was = was.map(|(was, time)| format!(", was {was} for {}", time.as_secs_f64())).unwrap_or_default();
        format!("{} since {since}{was}", to.unwrap())
    });
    words.collect()
}

#[test]
fn what_happens_between_two_notices_is_told_in_the_second() {
    use Status::Dead;
    use Status::Healthy;
    use Status::Sick;
    let died_twice_and_a_blip = [(30, Dead), (50, Healthy), (50, Dead), (50, Healthy), (50, Dead), (5, Healthy)];
    assert_eq!(told(false, &died_twice_and_a_blip), ["healthy since 23.5, was dead for 10.5"]);
    let died_then_sick = [(30, Dead), (80, Sick)];
    assert_eq!(told(true, &died_then_sick), ["sick since 11, was dead for 8"]);
    let died_while_sick = [(0, Sick), (29, Dead), (60, Healthy)];
    assert_eq!(told(true, &died_while_sick), ["sick since 0", "healthy since 8.9, was dead for 6"]);
    let died_for_a_moment_while_sick = [(0, Sick), (29, Dead), (10, Healthy)];
    assert_eq!(told(true, &died_for_a_moment_while_sick), ["sick since 0", "healthy since 3.9, was sick for 3.9"]);
    let well_in_between = [(0, Dead), (49, Healthy), (300, Dead), (10, Healthy)];
    assert_eq!(told(false, &well_in_between), ["dead since 0", "healthy since 35.9, was dead for 5.9"]);
    let again = [(0, Dead), (49, Healthy), (300, Dead)];
    assert_eq!(told(false, &again), ["dead since 0", "dead since 34.9, was dead for 4.9"]);
    let sick_later = [(0, Dead), (50, Healthy), (300, Sick)];
    assert_eq!(told(false, &sick_later), ["dead since 0", "sick since 35, was dead for 5"]);
    let well_for_a_moment = [(0, Dead), (50, Healthy), (10, Dead), (100, Healthy)];
    assert_eq!(told(false, &well_for_a_moment), ["dead since 0", "healthy since 16, was dead for 15"]);
    let told_soon = [(15, Dead), (9, Healthy)];
    assert_eq!(told(false, &told_soon), ["dead since 1.5", "healthy since 2.4, was dead for 0.9"]);
    let blips = [(30, Dead), (10, Healthy), (50, Dead), (19, Healthy)];
    assert_eq!(told(true, &blips), [""; 0]);
}

#[test]
fn a_notice_names_the_dead_and_counts_the_rest() {
    let many: Vec<String> = (0..70).map(|number| format!("r{number}")).collect();
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut story = Story::new(false);
    let node = fixture::node(Mode::Poll, &names);
    story.map.services.get_mut("web").unwrap().nodes.insert(fixture::id("many"), node);
    for name in &names {
        story.found("many", name, down());
    }
    let notice = story.grouping.take(&story.map, story.clock.now()).unwrap();
    assert_eq!((notice.dead.len(), notice.more_dead), (50, 20));
    assert_eq!((notice.changes[0].affected.len(), notice.changes[0].more_affected), (50, 20));
    assert_eq!(notice.changes[0].key, node_key("web", "many"));
}

/// What became of a node, and what was told of it.
struct Life {
    node: &'static str,
    /// Its statuses, each with its start.
    turns: Vec<(Status, Timestamp)>,
    told: Vec<Change>,
}

impl Life {
    /// The spans in which it was at least as bad as a status, until a moment.
    fn spans(&self, least: Status, until: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let mut spans: Vec<(Timestamp, Timestamp)> = Vec::new();
        let ends = self.turns.iter().skip(1).map(|(_, start)| *start).chain([until]);
        for ((status, start), end) in self.turns.iter().zip(ends) {
            match spans.last_mut() {
                _ if *status < least => {}
                Some(span) if span.1 == *start => span.1 = end,
                _ => spans.push((*start, end)),
            }
        }
        spans
    }

    /// What is told of it now is true.
    fn hear(&mut self, change: Change) -> Result<(), TestCaseError> {
        let (status, start) = *self.turns.last().unwrap();
        prop_assert_eq!((change.to, change.since), (Some(status), start));
        prop_assert!(status > Status::Healthy || change.was.is_some());
        if let Some((was, time)) = change.was {
            let known = self.told.last().map_or(Timestamp::MIN, |told| told.since);
            let spans = self.spans(was, start).into_iter().map(|(from, to)| (from.max(known), to));
            let spent: Duration = spans.filter(|(from, to)| from < to).map(|(from, to)| length(from, to)).sum();
            prop_assert!(time <= spent, "was {} for {:?}, not {:?}", was, spent, time);
        }
        self.told.push(change);
        Ok(())
    }

    /// Whether it was told that it was at least as bad as a status in a span.
    fn knows(&self, least: Status, (from, to): (Timestamp, Timestamp)) -> bool {
        self.told.iter().any(|change| {
            let now = change.to >= Some(least) && (from..to).contains(&change.since);
            let past = |(was, time)| was > least || was == least && time >= length(from, to);
            now || change.since >= to && change.was.is_some_and(past)
        })
    }
}

fn length(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).unsigned_abs()
}

proptest! {
    #[test]
    fn what_lasted_is_told_and_what_is_told_is_true(
        sick: bool,
        turns in prop::collection::vec(
            (
                prop_oneof![1u64..40, 1u64..400],
                0..2usize,
                prop::sample::select(vec![Status::Healthy, Status::Sick, Status::Dead]),
            ),
            0..40,
        ),
    ) {
        let mut story = Story::spaced(sick, 60);
        let start = story.clock.now().wall;
        let mut lives = ["api", "site"].map(|node| Life { node, turns: vec![(Status::Healthy, start)], told: Vec::new() });
        let mut last = None;
        let calm = (620, 0, Status::Healthy);
        for (number, (pause, which, status)) in turns.iter().copied().chain([calm, (0, 1, Status::Healthy), calm]).enumerate() {
            for notice in story.calm(tenths(pause)) {
                prop_assert!(last.is_none_or(|last| length(last, notice.at) >= secs(60)));
                last = Some(notice.at);
                for change in notice.changes {
                    let life = lives.iter_mut().find(|life| life.node == change.key.node.as_str()).unwrap();
                    life.hear(change)?;
                }
            }
            if number == turns.len() {
                for life in &lives {
                    let level = |status| story.grouping.rules.level(status);
                    let is = level(life.turns.last().map(|(status, _)| *status));
                    prop_assert_eq!(level(life.told.last().and_then(|change| change.to)), is);
                }
            }
            let life = &mut lives[which];
            story.turn(life.node, status);
            if life.turns.last().unwrap().0 != status {
                life.turns.push((status, story.clock.now().wall));
            }
        }
        for life in &lives {
            for least in [Status::Dead, Status::Sick].into_iter().take(if sick { 2 } else { 1 }) {
                for span in life.spans(least, story.clock.now().wall) {
                    prop_assert!(length(span.0, span.1) < WAIT || life.knows(least, span), "{}: {:?}", life.node, span);
                }
            }
        }
    }
}
