//! What people hear of nodes under planned maintenance.

use proptest::prelude::*;

use crate::clock::Clock;
use crate::model::fixture;
use crate::model::fixture::node_key;
use crate::model::fixture::secs;
use crate::model::notice::Change;
use crate::model::status::Status;
use crate::model::status::Status::Dead;
use crate::model::status::Status::Healthy;
use crate::model::status::Status::Sick;

use super::Rules;
use super::Story;
use super::WAIT;
use super::restarted;

/// What happens.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// `web:api` has another status.
    Turn(Status),
    /// Maintenance of `web:api` begins.
    Begin,
    /// It is over.
    End,
    /// Some seconds pass.
    Pass(u64),
    /// The program is down for some seconds; people were told the last that is in the story.
    Restart(u64),
}

use Act::Begin;
use Act::End;
use Act::Pass;
use Act::Restart;
use Act::Turn;

impl Story {
    fn maintain(&mut self, on: bool) {
        let (api, now) = (node_key("web", "api"), self.clock.now());
        for transition in self.map.maintain(&api, on, now) {
            self.grouping.add(&transition, &self.map);
        }
        let keys = [api].into_iter().collect();
        if on {
            self.grouping.hush(&keys);
        } else {
            self.grouping.unhush(&keys, now);
        }
    }
}

/// All that is told of `web:api`, as `dead at 12, since 3` (seconds since the start) and what it was.
fn told(sick: bool, acts: &[Act]) -> Vec<String> {
    let mut story = Story::new(sick);
    let start = story.clock.now().wall;
    let mut told: Vec<(u64, Change)> = Vec::new();
    for act in acts.iter().copied().chain([Pass(60)]) {
        match act {
            Turn(status) => story.turn("api", status),
            Begin => story.maintain(true),
            End => story.maintain(false),
            Pass(seconds) => {
                for notice in story.calm(secs(seconds)) {
                    let at = notice.at.duration_since(start).as_secs().unsigned_abs();
                    told.extend(notice.changes.into_iter().map(|change| (at, change)));
                }
            }
            Restart(down) => {
                let last = told.last().and_then(|(_, change)| change.to).filter(|to| *to > Healthy);
                let known: Vec<_> = last.map(|status| ("web", "api", status)).into_iter().collect();
                story = restarted(story, &fixture::map(), &known, down);
            }
        }
    }
    let words = told.into_iter().map(|(at, Change { to, since, was, .. })| {
        let since = since.duration_since(start).as_secs();
        let was = was.map(|(was, time)| format!(", was {was} for {}", time.as_secs())).unwrap_or_default();
        format!("{} at {at}, since {since}{was}", to.map_or("?", Status::word))
    });
    words.collect()
}

#[test]
fn what_is_bad_is_told_when_the_maintenance_is_over() {
    for (what, sick, acts, wanted) in [
        ("a death in it", false, &[Begin, Pass(5), Turn(Dead), Pass(60), Turn(Healthy), Pass(60), End][..], &[][..]),
        ("a death that lasts", false, &[Begin, Pass(5), Turn(Dead), Pass(60), End], &["dead at 67, since 5"]),
        (
            "the last of many",
            false,
            &[Begin, Turn(Dead), Pass(20), Turn(Healthy), Pass(20), Turn(Dead), Pass(20), End],
            &["dead at 62, since 40"],
        ),
        ("one that recovers soon after", false, &[Begin, Turn(Dead), Pass(20), End, Pass(1), Turn(Healthy)], &[]),
        (
            "a recovery from what was told",
            false,
            &[Turn(Dead), Pass(30), Begin, Pass(30), Turn(Healthy)],
            &["dead at 2, since 0", "healthy at 62, since 60, was dead for 60"],
        ),
        (
            "and another death after that",
            false,
            &[Turn(Dead), Pass(30), Begin, Pass(30), Turn(Healthy), Pass(30), Turn(Dead), Pass(30), End],
            &["dead at 2, since 0", "healthy at 62, since 60, was dead for 60", "dead at 122, since 90"],
        ),
        (
            "a recovery for a moment",
            false,
            &[Turn(Dead), Pass(30), Begin, Turn(Healthy), Pass(1), Turn(Dead), Pass(30), End],
            &["dead at 2, since 0"],
        ),
        (
            "dead throughout",
            false,
            &[Turn(Dead), Pass(30), Begin, Pass(30), End, Pass(30), Turn(Healthy)],
            &["dead at 2, since 0", "healthy at 92, since 90, was dead for 90"],
        ),
        ("what was to be told before it began", false, &[Turn(Dead), Pass(1), Begin], &["dead at 2, since 0"]),
        (
            "unless it is over before it is told",
            false,
            &[Turn(Dead), Pass(1), Begin, Turn(Healthy), Pass(60), Turn(Dead), Pass(60)],
            &[],
        ),
        (
            "worse than what was told",
            true,
            &[Turn(Sick), Pass(30), Begin, Turn(Dead), Pass(30), End],
            &["sick at 2, since 0", "dead at 62, since 30, was sick for 30"],
        ),
        (
            "better than what was told, and not well",
            true,
            &[Turn(Dead), Pass(30), Begin, Turn(Sick), Pass(30), End],
            &["dead at 2, since 0", "sick at 32, since 30, was dead for 30"],
        ),
        ("sick in it", true, &[Begin, Turn(Sick), Pass(30), Turn(Healthy), Pass(5), End], &[]),
        ("a restart in it", false, &[Begin, Turn(Dead), Pass(30), Restart(5), Pass(30), End], &["dead at 67, since 0"]),
        (
            "a recovery while the program was down",
            false,
            &[Turn(Dead), Pass(30), Begin, Turn(Healthy), Restart(5)],
            &["dead at 2, since 0", "healthy at 37, since 30, was dead for 0"],
        ),
    ] {
        assert_eq!(told(sick, acts), wanted, "{what}");
    }
}

#[test]
fn the_notice_of_another_node_does_not_name_what_is_dead_under_maintenance() {
    let mut story = Story::new(false);
    story.maintain(true);
    story.turn("api", Dead);
    story.turn("site", Dead);
    let notices = story.calm(secs(60));
    assert_eq!((notices.len(), notices[0].changes.len()), (1, 1));
    let dead: Vec<String> = notices[0].dead.iter().map(ToString::to_string).collect();
    assert_eq!((dead, notices[0].more_dead), (vec!["web:site:a".to_owned()], 0));
    story.turn("site", Healthy);
    let notices = story.calm(secs(60));
    assert_eq!((notices[0].status, notices[0].changed), (Healthy, true), "the page is well without it");
}

#[test]
fn a_node_that_leaves_the_page_under_maintenance_is_told_only_if_it_was() {
    let rules = Rules { sick: false, wait: WAIT, interval: secs(10) };
    let mut story = Story::new(false);
    story.maintain(true);
    story.turn("api", Dead);
    story.without("api", rules);
    assert_eq!(story.pass(60), [""; 0]);
    story.grouping.unhush(&[node_key("web", "api")].into_iter().collect(), story.clock.now());
    assert_eq!(story.pass(60), [""; 0]);
    let mut story = Story::new(false);
    story.turn("api", Dead);
    story.pass(60);
    story.maintain(true);
    story.without("api", rules);
    assert_eq!(story.pass(60), ["api ? after 60 s", "page healthy"]);
}

proptest! {
    #[test]
    fn under_maintenance_nothing_bad_is_told_and_afterwards_the_truth_is(
        sick: bool,
        turns in prop::collection::vec((0u64..30, prop::sample::select(vec![Healthy, Sick, Dead]), any::<bool>()), 0..40),
    ) {
        let mut story = Story::new(sick);
        let level = |status: Option<Status>| status.filter(|status| *status >= if sick { Sick } else { Dead });
        let (mut known, mut on) = (None, false);
        let mut hear = |story: &mut Story, seconds, is_quiet: bool| -> Result<Option<Status>, TestCaseError> {
            for notice in story.calm(secs(seconds)) {
                for change in notice.changes {
                    prop_assert!(!is_quiet || level(change.to) < known, "{:?} after {:?}", change, known);
                    known = level(change.to);
                }
            }
            Ok(known)
        };
        for (wait, status, switch) in turns {
            // What was to be told when it began has been told.
            hear(&mut story, 60, on)?;
            if switch {
                on = !on;
                story.maintain(on);
            }
            story.turn("api", status);
            hear(&mut story, wait, on)?;
        }
        story.maintain(false);
        let known = hear(&mut story, 60, false)?;
        prop_assert_eq!(known, level(story.map.node("web", "api").unwrap().standing.map(|one| one.status)));
    }
}
