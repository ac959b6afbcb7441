//! What people hear of a node that is watched and of which nothing is known at present.

use std::time::Duration;

use crate::clock::Clock;
use crate::model::fixture;
use crate::model::fixture::events::QUEUE;
use crate::model::fixture::events::map_with_queue;
use crate::model::fixture::key;
use crate::model::fixture::load;
use crate::model::fixture::node_key;
use crate::model::fixture::outcome;
use crate::model::fixture::secs;
use crate::model::id::ReplicaId;
use crate::model::map::Kind;
use crate::model::map::Map;
use crate::model::map::Replica;
use crate::model::observation::Finding;
use crate::model::queue::Lengths;
use crate::model::queue::Unread;
use crate::model::status::Status;

use super::Rules;
use super::Story;
use super::WAIT;
use super::restarted;

/// What is found out about the queue of `app:push`.
#[derive(Clone, Copy)]
enum Found {
    Short,
    Long,
    Nothing,
}

use Found::Long;
use Found::Nothing;
use Found::Short;

const RULES: Rules = Rules { sick: false, wait: WAIT, interval: Duration::from_secs(10) };

impl Story {
    /// A story of a node that has a queue and nothing else, which was found to be short.
    fn of_queue() -> Self {
        let mut story = Self::new(false);
        story.reshape(map_with_queue());
        story.find(Short);
        story
    }

    fn find(&mut self, found: Found) {
        let found = match found {
            Short => Finding::Queue(Lengths { ready: 0, unacknowledged: 1 }),
            Long => Finding::Queue(Lengths { ready: 0, unacknowledged: 101 }),
            Nothing => Finding::Unread(Unread::NoLengths),
        };
        for transition in self.map.record_check(&key("app", "push", QUEUE), outcome(found), self.clock.now()) {
            self.grouping.add(&transition, &self.map);
        }
    }

    /// The configuration changes.
    fn reshape(&mut self, shape: Map) {
        let reshaped = self.map.reshape(shape, self.clock.now());
        reshaped.transitions.iter().for_each(|transition| self.grouping.add(transition, &self.map));
        reshaped.departed.into_iter().for_each(|departed| self.grouping.depart(departed));
        self.grouping.follow(RULES, &self.map, self.clock.now());
    }
}

#[test]
fn what_was_told_holds_until_something_is_known() {
    for (what, found, wanted) in [
        ("it is over meanwhile", &[Long, Nothing, Short][..], &["push dead", "push healthy after 60 s"][..]),
        ("it lasts", &[Long, Nothing, Long, Short], &["push dead", "push healthy after 120 s"]),
        ("it is well", &[Nothing, Short], &[]),
        ("it dies meanwhile", &[Nothing, Long], &["push dead"]),
        (
            "it is over before, and is unknown then",
            &[Long, Short, Nothing, Long],
            &["push dead", "push healthy after 60 s", "push dead"],
        ),
    ] {
        let mut story = Story::of_queue();
        let mut told = Vec::new();
        for found in found {
            story.find(*found);
            told.extend(story.pass(60));
        }
        told.retain(|line| !line.starts_with("page"));
        assert_eq!(told, wanted, "{what}");
    }
}

#[test]
fn what_lasted_between_two_notices_is_told_though_it_is_unknown_by_now() {
    let mut story = Story::of_queue();
    story.found("site", "a", fixture::down());
    assert_eq!(story.pass(3), ["site dead", "page dead"]);
    story.find(Long);
    story.pass(4);
    story.find(Nothing);
    assert_eq!(story.pass(60), ["push ? after 4 s", "page dead still"]);
    story.find(Long);
    story.pass(1);
    story.find(Nothing);
    assert_eq!(story.pass(60), [""; 0], "it did not last");
    story.find(Long);
    assert_eq!(story.pass(60), ["push dead", "page dead still"], "nobody knows that it is dead");
}

#[test]
fn what_is_unknown_is_not_pressing() {
    let mut story = Story::of_queue();
    let state = |story: &Story| (story.grouping.is_unwell(), story.grouping.is_pressing());
    story.find(Long);
    story.pass(60);
    assert_eq!(state(&story), (true, true));
    story.find(Nothing);
    assert_eq!(state(&story), (true, false));
    story.find(Short);
    story.pass(60);
    assert_eq!(state(&story), (false, false));
}

#[test]
fn what_is_as_bad_as_ever_is_told_again_where_the_page_was_told_to_be_better() {
    let mut story = Story::of_queue();
    story.find(Long);
    assert_eq!(story.pass(60), ["push dead", "page dead"]);
    story.find(Nothing);
    story.found("site", "a", fixture::down());
    assert_eq!(story.pass(60), ["site dead", "page dead still"]);
    story.find(Long);
    assert_eq!(story.pass(60), [""; 0], "people know it as dead, and the page as well");
    story.find(Nothing);
    story.found("site", "a", fixture::up());
    assert_eq!(story.pass(60), ["site healthy after 120 s", "page healthy"]);
    story.find(Long);
    assert_eq!(story.pass(60), ["push dead after 120 s", "page dead"]);
    story.find(Nothing);
    story.find(Long);
    assert_eq!(story.pass(60), [""; 0]);
    story.find(Nothing);
    let now = story.clock.now();
    story.grouping.all(&story.map, crate::model::notice::Kind::Startup, now);
    story.find(Long);
    assert_eq!(story.pass(60), ["push dead after 120 s", "page dead"], "it was said to be unknown");
}

#[test]
fn what_is_not_watched_any_more_is_told_to_be_gone() {
    let unknown = || {
        let mut story = Story::of_queue();
        story.find(Long);
        assert_eq!(story.pass(60), ["push dead", "page dead"]);
        story.find(Nothing);
        assert_eq!(story.pass(60), [""; 0]);
        story
    };
    let mut story = unknown();
    let mut shape = map_with_queue();
    shape.services["app"].nodes.shift_remove("push");
    story.reshape(shape);
    let notices = story.calm(secs(60));
    let change = &notices[0].changes[0];
    assert_eq!((change.key.clone(), &*change.label), (node_key("app", "push"), "Node"));
    assert_eq!((change.to, change.was), (None, Some((Status::Dead, secs(60)))));
    let mut story = unknown();
    story.reshape(fixture::map());
    assert_eq!(story.pass(60), ["push ? after 60 s", "page healthy"], "its queue is gone, and nobody reports");
    let mut story = unknown();
    story.reshape(map_with_queue());
    assert_eq!(story.pass(60), [""; 0]);
}

#[test]
fn a_replica_that_takes_the_place_of_a_dead_one_may_still_be_found_to_be_well() {
    let mut story = Story::of_queue();
    story.found("site", "a", fixture::down());
    story.pass(60);
    let mut shape = map_with_queue();
    let site = &mut shape.services["web"].nodes["site"].replicas;
    site.clear();
    site.insert(ReplicaId::configured("b").unwrap(), Replica::new(Kind::Tcp));
    story.reshape(shape);
    assert_eq!(story.pass(60), [""; 0]);
    story.found("site", "b", fixture::up());
    assert_eq!(story.pass(60), ["site healthy after 60 s", "page healthy"]);
}

#[test]
fn one_who_signs_off_and_leaves_nobody_is_gone() {
    let mut story = Story::new(false);
    let now = story.clock.now();
    let reported = story.map.record_report(&node_key("app", "push"), load("x", 0.1, 1), 9, now).unwrap();
    story.clock.advance(secs(100));
    let expired = story.map.expire(&key("app", "push", "x"), reported.expiry.unwrap(), story.clock.now());
    expired.transitions.iter().for_each(|transition| story.grouping.add(transition, &story.map));
    assert_eq!(story.pass(60), ["push dead", "page dead"]);
    for transition in story.map.remove(&key("app", "push", "x"), story.clock.now()).unwrap() {
        story.grouping.add(&transition, &story.map);
    }
    assert_eq!(story.pass(60), ["push ? after 60 s", "page healthy"]);
}

#[test]
fn a_restart_changes_nothing_of_that() {
    let mut story = Story::of_queue();
    story.find(Long);
    assert_eq!(story.pass(60), ["push dead", "page dead"]);
    story.find(Nothing);
    story.pass(60);
    let told = [("app", "push", Status::Dead)];
    let mut story = restarted(story, &map_with_queue(), &told, 60);
    assert_eq!(story.pass(60), [""; 0]);
    story.find(Short);
    assert_eq!(story.pass(60), ["push healthy after 0 s", "page healthy"]);
    story.find(Long);
    story.pass(60);
    story.find(Nothing);
    let mut page = map_with_queue();
    page.services["app"].nodes.shift_remove("push");
    let mut story = restarted(story, &page, &told, 60);
    let notices = story.calm(secs(60));
    let change = &notices[0].changes[0];
    assert_eq!((change.key.clone(), &*change.service, &*change.label), (node_key("app", "push"), "app", "push"));
    assert_eq!((change.to, change.was.map(|(was, _)| was)), (None, Some(Status::Dead)));
}
