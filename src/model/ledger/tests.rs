//! The tests of the ledger: what is entered of a story, and the law that every second is entered once.

mod maintained;

use proptest::prelude::*;

use crate::clock::Clock;
use crate::clock::ManualClock;
use crate::model::cause::Failure;
use crate::model::fixture;
use crate::model::fixture::events::Event;
use crate::model::fixture::events::events;
use crate::model::fixture::events::map_with_queue;
use crate::model::fixture::id;
use crate::model::fixture::key;
use crate::model::fixture::load;
use crate::model::fixture::node_key;
use crate::model::fixture::secs;
use crate::model::fixture::up;
use crate::model::observation::Finding;
use crate::model::observation::Outcome;
use crate::model::past::Window;

use super::track::OPEN_MAX;
use super::track::pieces;
use super::*;

/// A page, its clock, and what is entered of it.
struct Story {
    map: Map,
    clock: ManualClock,
    ledger: Ledger,
}

impl Story {
    fn new() -> Self {
        Self { map: fixture::map(), clock: fixture::clock(), ledger: Ledger::new(Vec::new(), 1) }
    }

    fn happen(&mut self, event: Event) {
        let now = self.clock.now();
        let sample = match &event {
            Event::Check(key, Outcome { finding, .. }) => Some((key.clone(), Sample::of(finding))),
            Event::Report(to, report) => {
                let sample = Sample::said(report.content, report.interval);
                Some((ReplicaKey { node: to.clone(), replica: report.replica.clone() }, sample))
            }
            Event::Remove(_) | Event::Expire(_) | Event::Reshape(_) => None,
        };
        let transitions = event.happen(&mut self.map, now);
        match sample {
            Some((key, sample)) => self.ledger.observe(&self.map, &key, sample, &transitions, now),
            None => self.ledger.change(&transitions),
        }
    }

    /// A check of a replica of `web:api`, which took so many seconds.
    fn check(&mut self, replica: &str, finding: Finding, took: u64) {
        let outcome = Outcome { finding, attempts: 1, took: secs(took) };
        self.happen(Event::Check(key("web", "api", replica), outcome));
    }

    fn wait(&mut self, seconds: u64) {
        self.clock.advance(secs(seconds));
    }

    fn entries(&mut self, last: bool) -> Entries {
        self.ledger.close(self.clock.now(), last);
        self.ledger.take()
    }
}

fn node() -> Subject {
    Subject::Node(node_key("web", "api"))
}

fn replica(name: &str) -> Subject {
    Subject::Replica(key("web", "api", name))
}

/// What was entered of a subject, as `01:12 55/0/0`: seconds that were healthy, sick and dead.
fn told(entries: &Entries, what: &Subject) -> Vec<String> {
    let mut all: IndexMap<Timestamp, Span> = IndexMap::new();
    for minute in entries.minutes.iter().filter(|minute| minute.what == *what) {
        all.entry(minute.at).or_default().merge(&minute.span);
    }
    let of = |(at, span): (&Timestamp, &Span)| {
        let [healthy, sick, dead] = Status::ALL.map(|status| span.time(Some(status)).as_secs());
        format!("{} {healthy}/{sick}/{dead}", at.strftime("%H:%M"))
    };
    all.iter().map(of).collect()
}

fn refused() -> Finding {
    Finding::Down(Failure::Refused)
}

#[test]
fn time_is_entered_by_the_minute() {
    let mut story = Story::new();
    story.check("a", up().finding, 0);
    story.wait(40);
    assert_eq!(told(&story.entries(false), &node()), [""; 0], "the minute is not over");
    story.wait(20);
    story.check("a", refused(), 0);
    story.wait(60);
    let entries = story.entries(false);
    assert_eq!(told(&entries, &node()), ["01:12 55/0/0", "01:13 5/0/55"]);
    assert_eq!(told(&entries, &replica("a")), ["01:12 55/0/0", "01:13 5/0/55"]);
    assert_eq!(told(&story.entries(true), &node()), ["01:14 0/0/5"]);
    let past = &story.ledger.pasts()[&node_key("web", "api")];
    assert_eq!(past.uptime(Window::Day, story.clock.now().wall).to_string(), "50.00%");
}

#[test]
fn a_death_counts_from_its_first_failed_attempt() {
    let mut story = Story::new();
    story.check("a", up().finding, 0);
    story.wait(70);
    assert_eq!(told(&story.entries(false), &replica("a")), ["01:12 55/0/0"]);
    story.check("a", refused(), 25);
    let entries = story.entries(true);
    assert_eq!(told(&entries, &replica("a")), ["01:13 0/0/15"]);
    let shifted = |what| Shift {
        what,
        at: "2026-11-24T01:12:00Z".parse().unwrap(),
        from: Some(Status::Healthy),
        to: Some(Status::Dead),
        time: secs(10),
    };
    assert_eq!(entries.shifts, [shifted(replica("a")), shifted(node())]);
    let past = &story.ledger.pasts()[&node_key("web", "api")];
    assert_eq!(past.uptime(Window::Day, story.clock.now().wall).down, secs(25));
}

#[test]
fn what_was_true_before_a_start_counts_from_the_start_on() {
    let mut story = Story::new();
    story.check("a", up().finding, 0);
    story.check("b", refused(), 0);
    story.wait(20);
    story.ledger = Ledger::new(Vec::new(), 1);
    story.ledger.go_on(&story.map, &[], story.clock.now());
    story.wait(15);
    story.check("a", Finding::Blind(String::new()), 0);
    story.wait(10);
    story.check("b", up().finding, 0);
    story.wait(5);
    let entries = story.entries(true);
    assert_eq!(told(&entries, &node()), ["01:12 5/0/25"]);
    assert_eq!(told(&entries, &replica("a")), ["01:12 30/0/0"]);
}

#[test]
fn what_was_until_a_change_is_written_with_the_change() {
    let mut story = Story::new();
    story.check("a", refused(), 0);
    story.wait(12);
    story.check("a", up().finding, 0);
    story.wait(10);
    let entries = story.ledger.take();
    assert_eq!(entries.transitions.last().unwrap().to, Some(Status::Healthy));
    assert_eq!(told(&entries, &node()), ["01:12 0/0/12"], "a crash now does not forget the outage");
    let key = node_key("web", "api");
    assert_eq!(story.ledger.pasts()[&key].uptime(Window::Day, story.clock.now().wall).up, Duration::ZERO);
    story.ledger.count(story.clock.now());
    assert_eq!(story.ledger.pasts()[&key].uptime(Window::Day, story.clock.now().wall).up, secs(10));
}

#[test]
fn a_replica_that_dies_after_a_start_keeps_its_interval() {
    let mut story = Story::new();
    story.happen(Event::Report(node_key("app", "push"), load("x", 0.5, 60)));
    let key = key("app", "push", "x");
    let before: Vec<_> = story.entries(false).standings.into_iter().collect();
    story.map = fixture::map();
    story.map.resume(&before, story.clock.now());
    story.ledger = Ledger::new(Vec::new(), 1);
    story.ledger.go_on(&story.map, &before, story.clock.now());
    story.wait(80);
    story.happen(Event::Expire(key.clone()));
    let remembered = story.entries(false).standings[&Subject::Replica(key)].clone();
    assert_eq!((remembered.standing.unwrap().status, remembered.interval), (Status::Dead, Some(secs(60))));
}

#[test]
fn time_in_which_the_program_did_not_run_is_nobodys() {
    let mut story = Story::new();
    story.check("a", up().finding, 0);
    story.wait(5);
    let frozen = story.clock.now();
    story.wait(75);
    story.ledger.skip(frozen, story.clock.now());
    story.wait(10);
    assert_eq!(told(&story.entries(true), &node()), ["01:12 5/0/0", "01:13 10/0/0"]);
}

#[test]
fn response_times_and_loads_are_entered_for_the_replica_and_its_node() {
    let mut story = Story::new();
    story.check("a", Finding::Up(secs(1)), 0);
    story.check("b", Finding::Up(secs(3)), 0);
    story.happen(Event::Report(node_key("app", "push"), load("x", 0.5, 60)));
    let entries = story.entries(true);
    let span = |what: &Subject| {
        let mut all = Span::default();
        entries.minutes.iter().filter(|minute| minute.what == *what).for_each(|minute| all.merge(&minute.span));
        all
    };
    assert_eq!(span(&node()).latencies.mean(), Some(secs(2)));
    assert_eq!(span(&replica("b")).latencies.max(), Some(secs(3)));
    let push = node_key("app", "push");
    assert_eq!(span(&Subject::Node(push.clone())).loads.mean(), Some(Load { cpu: 0.5, ram: 0.5 }));
    let remembered = &entries.standings[&Subject::Replica(key("app", "push", "x"))];
    assert_eq!(remembered.interval, Some(secs(60)));
    assert_eq!(remembered.standing.unwrap().status, Status::Healthy);
}

#[test]
fn another_interval_is_remembered_and_the_same_one_is_no_news() {
    let mut story = Story::new();
    story.happen(Event::Report(node_key("app", "push"), load("x", 0.5, 60)));
    story.entries(false);
    story.happen(Event::Report(node_key("app", "push"), load("x", 0.5, 60)));
    assert!(story.entries(false).is_empty());
    story.happen(Event::Report(node_key("app", "push"), load("x", 0.5, 10)));
    let standings = story.entries(false).standings;
    assert_eq!(standings[&Subject::Replica(key("app", "push", "x"))].interval, Some(secs(10)));
}

#[test]
fn incidents_are_numbered_entered_and_kept_at_hand_for_a_while() {
    let mut story = Story::new();
    let mut ids = Vec::new();
    for _ in 0..2 {
        story.check("a", refused(), 0);
        story.wait(60);
        story.check("a", up().finding, 0);
        ids.extend(story.entries(false).incidents.keys().copied());
    }
    assert_eq!(ids, [1, 2]);
    assert_eq!(
        story.ledger.recent().map(|one| (one.id, one.service.clone())).collect::<Vec<_>>(),
        [(1, id("web")), (2, id("web"))]
    );
    story.check("a", refused(), 0);
    story.wait(RECENT.as_secs() + 1);
    story.entries(false);
    assert_eq!(story.ledger.recent().map(|one| one.id).collect::<Vec<_>>(), [3], "an open one stays");
    let recent = story.ledger.recent().map(|one| Incident::clone(&one)).collect();
    let mut again = Ledger::new(recent, story.ledger.next_incident);
    let ended = story.map.record_check(&key("web", "api", "a"), up(), story.clock.now());
    again.change(&ended);
    assert_eq!(again.take().incidents[&3].closed.map(|ended| ended.at), Some(story.clock.now()));
}

#[test]
fn incidents_that_were_open_before_anybody_knew_are_closed() {
    let mut story = Story::new();
    story.check("a", refused(), 0);
    let before: Vec<Incident> = story.ledger.recent().map(|one| Incident::clone(&one)).collect();
    let mut later = Story::new();
    later.ledger = Ledger::new(Vec::new(), 1_000);
    later.check("a", refused(), 0);
    later.entries(false);
    let now = later.clock.now();
    later.ledger.take_over(before, now);
    let recent: Vec<_> = later.ledger.recent().map(|one| (one.id, one.closed.map(|ended| ended.how))).collect();
    assert_eq!(recent, [(1, Some(End::Unwatched)), (1_000, None)]);
    let entries = later.entries(false);
    assert_eq!(entries.incidents.len(), 1);
    assert_eq!(entries.incidents[&1].affected[0].until, Some(Ended { at: now, how: End::Unwatched }));
}

#[test]
fn all_that_is_known_can_be_entered_again() {
    let mut story = Story::new();
    story.check("a", refused(), 0);
    story.happen(Event::Report(node_key("app", "push"), load("x", 0.5, 60)));
    let mut first = story.entries(false);
    story.ledger.repeat(&story.map);
    let mut again = story.ledger.take();
    for entries in [&mut first, &mut again] {
        // The cause is that of the replica; what carries it up is a transition.
        entries.standings.retain(|what, _| matches!(what, Subject::Replica(_)));
        entries.standings.sort_unstable_by(|one, _, other, _| one.to_string().cmp(&other.to_string()));
    }
    assert_eq!((first.standings, first.incidents), (again.standings, again.incidents));
}

#[test]
fn what_nobody_writes_down_is_bounded_and_counted() {
    let mut entries = Entries::default();
    let minute = Minute { what: Subject::Page, at: Timestamp::UNIX_EPOCH, span: Span::default() };
    entries.append(Entries { minutes: vec![minute.clone(); WAITING_MAX], ..Entries::default() });
    entries.append(Entries { minutes: vec![minute; 7], lost: 2, ..Entries::default() });
    assert_eq!((entries.minutes.len(), entries.lost), (WAITING_MAX, 9));
    let mut story = Story::new();
    story.check("a", up().finding, 0);
    for _ in 0..OPEN_MAX + 10 {
        story.wait(60);
        story.check("a", up().finding, 0);
    }
    let entries = story.entries(true);
    assert_eq!(entries.minutes.len(), 2 * OPEN_MAX);
    assert!(entries.lost > 0);
}

/// How long each subject had which status by what changed, however it was entered.
fn lasted(transitions: &[Transition], end: Now) -> HashMap<Subject, [Duration; 3]> {
    let mut lasted: HashMap<Subject, [Duration; 3]> = HashMap::new();
    for (at, transition) in transitions.iter().enumerate() {
        let next = transitions[at + 1..].iter().find(|next| next.what == transition.what);
        let before = transitions[..at].iter().rev().find(|before| before.what == transition.what);
        // What was not watched before is not made up for.
        let since = match before {
            Some(before) if before.to.is_none() => transition.since.instant.max(before.since.instant),
            _ => transition.since.instant,
        };
        let until = next.map_or(end.instant, |next| next.since.instant);
        if let Some(to) = transition.to {
            lasted.entry(transition.what.clone()).or_default()[to as usize] += until.saturating_duration_since(since);
        }
    }
    lasted.retain(|what, _| matches!(what, Subject::Node(_) | Subject::Replica(_)));
    lasted.retain(|_, times| times.iter().any(|time| !time.is_zero()));
    lasted
}

proptest! {
    #[test]
    fn every_second_is_entered_once_whenever_minutes_are_closed(
        events in events(),
        closed in prop::collection::vec(any::<bool>(), 60),
    ) {
        let mut story = Story { map: map_with_queue(), ..Story::new() };
        let mut all = Entries::default();
        for ((wait, event), close) in events.into_iter().zip(closed) {
            story.wait(wait);
            story.happen(event);
            if close {
                let entries = story.entries(false);
                all.append(entries);
            }
        }
        story.wait(7);
        all.append(story.entries(true));
        let mut entered: HashMap<Subject, [Duration; 3]> = HashMap::new();
        for minute in &all.minutes {
            prop_assert!(minute.span.length() <= secs(60));
            let times = entered.entry(minute.what.clone()).or_default();
            for status in Status::ALL {
                times[status as usize] += minute.span.time(Some(status));
            }
        }
        for shift in &all.shifts {
            let times = entered.get_mut(&shift.what).unwrap();
            times[shift.from.unwrap() as usize] -= shift.time;
            if let Some(to) = shift.to {
                times[to as usize] += shift.time;
            }
        }
        entered.retain(|_, times| times.iter().any(|time| !time.is_zero()));
        prop_assert_eq!(&entered, &lasted(&all.transitions, story.clock.now()));
        let now = story.clock.now().wall;
        for (what, times) in &entered {
            let Subject::Node(key) = what else { continue };
            let uptime = story.ledger.pasts()[key].uptime(Window::Week, now);
            prop_assert_eq!([uptime.up, uptime.down], [times[0] + times[1], times[2]]);
        }
    }

    #[test]
    fn pieces_are_whole(end in 0i64..4_000_000_000_000, length in 0u64..10_000_000) {
        let end = Timestamp::from_millisecond(end).unwrap();
        let pieces: Vec<_> = pieces(end, Duration::from_millis(length)).collect();
        prop_assert_eq!(pieces.iter().map(|(_, time)| *time).sum::<Duration>(), Duration::from_millis(length));
        prop_assert!(pieces.is_sorted_by(|one, next| one.0 < next.0));
        for (at, time) in pieces {
            prop_assert_eq!(at, Tier::Minute.start_of(at));
            prop_assert!(time <= secs(60));
        }
    }
}
