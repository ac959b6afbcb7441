//! What follows from what is found out, and what does not.

use proptest::prelude::*;

use super::super::cause::Failure;
use super::super::cause::ScriptEnd;
use super::super::fixture;
use super::super::fixture::down;
use super::super::fixture::events::events;
use super::super::fixture::events::map_with_queue;
use super::super::fixture::key;
use super::super::fixture::load;
use super::super::fixture::node_key;
use super::super::fixture::outcome;
use super::super::fixture::secs;
use super::super::fixture::up;
use super::super::id::ReplicaId;
use super::super::map::Standing;
use super::super::queue::Bounds;
use super::super::queue::Lengths;
use super::super::queue::QueueLimits;
use super::super::queue::Unread;
use super::super::unsure::Unsure;
use super::*;
use crate::clock::Clock;
use crate::clock::after;

/// What changed, as `node web:api: healthy -> dead`.
fn told(transitions: &[Transition]) -> Vec<String> {
    let word = |status: Option<Status>| status.map_or("?", Status::word);
    transitions.iter().map(|one| format!("{}: {} -> {}", one.what, word(one.from), word(one.to))).collect()
}

#[test]
fn a_change_climbs_from_the_replica_to_the_page() {
    let (mut map, now) = (fixture::map(), fixture::now());
    let first = map.record_check(&key("web", "api", "a"), up(), now);
    let wanted = [
        "replica web:api:a: ? -> healthy",
        "node web:api: ? -> healthy",
        "service web: ? -> healthy",
        "page: ? -> healthy",
    ];
    assert_eq!(told(&first), wanted);
    assert_eq!(told(&map.record_check(&key("web", "api", "a"), up(), now)), [""; 0]);
    let second = map.record_check(&key("web", "api", "b"), down(), after(now, secs(60)));
    let wanted = [
        "replica web:api:b: ? -> dead",
        "node web:api: healthy -> dead",
        "service web: healthy -> dead",
        "page: healthy -> dead",
    ];
    assert_eq!(told(&second), wanted);
    assert_eq!(second[1].cause, Some(Cause::Failed(Failure::Refused)));
    assert_eq!(second[1].at, after(now, secs(60)));
    assert_eq!(second[1].since, after(now, secs(59)), "the first attempt began when the check did");
    assert_eq!(second[1].lasted, Some(secs(59)));
    let third = map.record_check(&key("web", "site", "a"), up(), now);
    assert_eq!(told(&third), ["replica web:site:a: ? -> healthy", "node web:site: ? -> healthy"]);
}

#[test]
fn a_check_is_judged_by_its_finding() {
    let slow = |seconds| Finding::Up(secs(seconds));
    for (finding, wanted) in [
        (slow(9), Status::Healthy),
        (slow(10), Status::Sick),
        (Finding::Ailing(secs(1), Failure::Script(ScriptEnd::Code(1), None)), Status::Sick),
        (Finding::Down(Failure::HttpStatus(500)), Status::Dead),
    ] {
        let mut map = fixture::map();
        map.record_check(&key("web", "site", "a"), outcome(finding.clone()), fixture::now());
        assert_eq!(map.status(), wanted, "{finding:?}");
    }
}

/// A page with such a node, which has a queue as well.
fn with_queue(mode: Mode, replicas: &[&str]) -> Map {
    let mut node = fixture::node(mode, replicas);
    let bounds = Bounds { healthy_below: Some(10), dead_above: Some(100) };
    node.limits.queue = QueueLimits { ready: bounds, unacknowledged: bounds };
    node.replicas.insert(key("web", "api", QUEUE).replica, Replica::new(Kind::Queue));
    let services = [(fixture::id("web"), fixture::service("Web", vec![("api", node)]))];
    Map { services: services.into_iter().collect(), ..Map::default() }
}

const QUEUE: &str = "rabbitmq:jobs";

fn queue(ready: u64) -> Outcome {
    outcome(Finding::Queue(Lengths { ready, unacknowledged: 3 }))
}

#[test]
fn a_node_is_as_its_queue_and_the_rest_of_it_are() {
    let unread = || outcome(Finding::Unread(Unread::Missing));
    let queue_key = key("web", "api", QUEUE);
    let (mut map, clock) = (with_queue(Mode::Push, &[]), fixture::clock());
    for (found, wanted) in [
        (queue(9), Some(Status::Healthy)),
        (queue(10), Some(Status::Sick)),
        (queue(101), Some(Status::Dead)),
        // Nobody reports, so the node is as unknown as its queue.
        (unread(), None),
        (queue(0), Some(Status::Healthy)),
    ] {
        clock.advance(secs(30));
        map.record_check(&queue_key, found.clone(), clock.now());
        assert_eq!(map.standing.map(|standing| standing.status), wanted, "{found:?}");
    }
    map.record_report(&queue_key.node, load("a", 0.95, 600), 9, clock.now()).unwrap();
    for (found, wanted) in [
        (queue(0), Status::Sick),
        (queue(101), Status::Dead),
        // The rest is still known.
        (unread(), Status::Sick),
    ] {
        map.record_check(&queue_key, found.clone(), clock.now());
        assert_eq!(map.standing.map(|standing| standing.status), Some(wanted), "{found:?}");
    }
    let queue = map.replica(&queue_key).unwrap();
    assert_eq!((queue.standing, &queue.cause), (None, &None));
}

#[test]
fn a_queue_says_why_it_is_not_well() {
    let mut map = with_queue(Mode::Poll, &[]);
    let told = map.record_check(&key("web", "api", QUEUE), queue(101), fixture::now());
    assert_eq!(told[0].cause.as_ref().unwrap().in_public(), "queue has 101 messages ready, more than 100");
}

#[test]
fn a_queue_is_no_replica_that_reports_or_signs_off() {
    let (mut map, now) = (with_queue(Mode::Push, &[]), fixture::now());
    let node = node_key("web", "api");
    assert_eq!(map.record_report(&node, load(QUEUE, 0.1, 30), 9, now), Err(Refusal::WrongMode));
    assert_eq!(map.remove(&key("web", "api", QUEUE), now), Err(Refusal::WrongMode));
    map.record_report(&node, load("a", 0.1, 30), 1, now).unwrap();
    assert_eq!(map.record_report(&node, load("b", 0.1, 30), 1, now), Err(Refusal::Full), "one may report");
}

#[test]
fn a_replica_whose_certificate_is_about_to_expire_is_sick() {
    let now = fixture::now();
    let days = |days: u64| secs(days * 24 * 60 * 60);
    let less = secs(14 * 24 * 60 * 60 - 1);
    let expiring = |left| Some(Cause::Expiring(left));
    for (latency, left, limit, wanted) in [
        (secs(1), days(14), days(14), None),
        (secs(1), less, days(14), expiring(less)),
        (secs(1), secs(0), days(14), expiring(secs(0))),
        (secs(1), secs(0), secs(0), None),
        (secs(10), days(1), days(14), Some(Cause::Slow(secs(10)))),
    ] {
        let mut map = fixture::map();
        map.services.get_mut("web").unwrap().nodes.get_mut("site").unwrap().limits.certificate_left = limit;
        let finding = Finding::Certified { latency, until: now.wall + left };
        map.record_check(&key("web", "site", "a"), outcome(finding), now);
        assert_eq!(map.node("web", "site").unwrap().replicas[0].cause, wanted, "{left:?} of {limit:?}");
        assert_eq!(map.status(), if wanted.is_some() { Status::Sick } else { Status::Healthy });
    }
}

#[test]
fn a_check_that_could_not_be_made_changes_nothing() {
    let (mut map, now) = (fixture::map(), fixture::now());
    let blind = || outcome(Finding::Blind("no file descriptor".to_owned()));
    assert_eq!(map.record_check(&key("web", "site", "a"), blind(), now), []);
    assert_eq!(map.node("web", "site").unwrap().standing, None);
    map.record_check(&key("web", "site", "a"), down(), now);
    assert_eq!(map.record_check(&key("web", "site", "a"), blind(), now), []);
    let site = map.node("web", "site").unwrap();
    assert_eq!(site.replicas[0].cause, Some(Cause::Failed(Failure::Refused)));
}

#[test]
fn a_silent_replica_dies_after_its_interval_and_delay() {
    let (mut map, start) = (fixture::map(), fixture::now());
    let reported = map.record_report(&node_key("app", "push"), load("a", 0.1, 30), 9, start).unwrap();
    assert!(reported.new);
    let due = reported.expiry.unwrap();
    assert_eq!(due, after(start, secs(50)).instant);
    let early = map.expire(&key("app", "push", "a"), due, after(start, secs(49)));
    assert_eq!((early.transitions.len(), early.expiry), (0, Some(due)));
    let late = map.expire(&key("app", "push", "a"), due, after(start, secs(50)));
    assert_eq!(told(&late.transitions)[1], "node app:push: healthy -> dead");
    assert_eq!(late.transitions[1].cause, Some(Cause::Silent(secs(50))));
    assert_eq!(late.expiry, None);
    let back = map.record_report(&node_key("app", "push"), load("a", 0.95, 30), 9, after(start, secs(110))).unwrap();
    assert_eq!(told(&back.transitions)[1], "node app:push: dead -> sick");
    assert_eq!(back.transitions[1].lasted, Some(secs(60)));
    assert!(back.expiry.is_some());
}

#[test]
fn a_replica_waits_for_one_expiry_however_often_it_reports() {
    let (mut map, clock) = (fixture::map(), fixture::clock());
    let push = node_key("app", "push");
    let first = map.record_report(&push, load("a", 0.1, 30), 9, clock.now()).unwrap().expiry.unwrap();
    clock.advance(secs(10));
    assert_eq!(map.record_report(&push, load("a", 0.1, 30), 9, clock.now()).unwrap().expiry, None);
    clock.advance(secs(40));
    let looked = map.expire(&key("app", "push", "a"), first, clock.now());
    assert_eq!((looked.transitions.len(), looked.expiry), (0, Some(first + secs(10))));
    // A shorter interval is waited for at once; the later moment is then nobody's.
    let sooner = map.record_report(&push, load("a", 0.1, 1), 9, clock.now()).unwrap().expiry;
    assert_eq!(sooner, None, "the moment that is waited for comes before the new deadline");
    clock.advance(secs(10));
    let again = map.expire(&key("app", "push", "a"), first + secs(10), clock.now());
    assert_eq!(again.expiry, Some(first + secs(21)));
}

#[test]
fn reports_are_refused_where_they_do_not_belong() {
    let (mut map, now) = (fixture::map(), fixture::now());
    let health = |status| Report { content: Content::Health(status), ..load("a", 0.0, 30) };
    let mut to = |service: &str, node: &str, report| {
        map.record_report(&node_key(service, node), report, 1, now).map(|reported| told(&reported.transitions).len())
    };
    assert_eq!(to("web", "nope", load("a", 0.1, 30)), Err(Refusal::Unknown));
    assert_eq!(to("nope", "api", load("a", 0.1, 30)), Err(Refusal::Unknown));
    assert_eq!(to("web", "api", load("a", 0.1, 30)), Err(Refusal::WrongMode));
    assert_eq!(to("app", "push", health(Status::Dead)), Err(Refusal::WrongMode));
    assert_eq!(to("app", "local", load("a", 0.1, 30)), Err(Refusal::WrongMode));
    assert_eq!(to("app", "push", load("a", 0.1, 30)), Ok(4));
    assert_eq!(to("app", "push", load("b", 0.1, 30)), Err(Refusal::Full));
    assert_eq!(to("app", "push", load("a", 0.1, 30)), Ok(0));
    assert_eq!(to("app", "local", health(Status::Dead)), Ok(4));
}

#[test]
fn a_removed_replica_takes_its_status_with_it() {
    let (mut map, now) = (fixture::map(), fixture::now());
    map.record_check(&key("web", "site", "a"), up(), now);
    let report = Report { content: Content::Health(Status::Dead), ..load("a", 0.0, 30) };
    map.record_report(&node_key("app", "local"), report, 9, now).unwrap();
    assert_eq!(map.status(), Status::Dead);
    let gone = map.remove(&key("app", "local", "a"), now).unwrap();
    assert_eq!(told(&gone)[1], "node app:local: dead -> ?");
    assert_eq!(map.status(), Status::Healthy);
    assert_eq!(map.remove(&key("app", "local", "a"), now), Err(Refusal::Unknown));
    assert_eq!(map.remove(&key("web", "site", "a"), now), Err(Refusal::WrongMode));
    assert_eq!(map.expire(&key("app", "local", "a"), now.instant, now), Expired::default());
}

proptest! {
    #[test]
    fn the_worst_child_counts_at_every_level_and_every_change_is_told(events in events()) {
        let (mut map, clock) = (map_with_queue(), fixture::clock());
        let mut page = None;
        for (pause, event) in events {
            clock.advance(secs(pause));
            let transitions = event.happen(&mut map, clock.now());
            for transition in &transitions {
                prop_assert_ne!(transition.from, transition.to);
                let unwell = transition.to > Some(Status::Healthy);
                // A node may fall back to sick because its dead replica recovered; the cause is then another's.
                prop_assert!(unwell || transition.cause.is_none());
                if matches!(transition.what, Subject::Replica(_)) {
                    prop_assert_eq!(transition.cause.is_some(), unwell);
                }
                if transition.what == Subject::Page {
                    prop_assert_eq!(transition.from, page);
                    page = transition.to;
                }
            }
            prop_assert_eq!(map.standing.map(|standing| standing.status), page);
            prop_assert_eq!(map.unsure, Unsure::of(&map));
            let status = |standing: Option<Standing>| standing.map(|standing| standing.status);
            for service in map.services.values() {
                for node in service.nodes.values() {
                    let worst = Status::worst_of(node.replicas.values().filter_map(|replica| status(replica.standing)));
                    prop_assert_eq!(status(node.standing), worst);
                }
                prop_assert_eq!(status(service.standing), Status::worst_of(service.nodes.values().filter_map(|node| status(node.standing))));
            }
            prop_assert_eq!(page, Status::worst_of(map.services.values().filter_map(|service| status(service.standing))));
        }
    }

    #[test]
    fn the_same_twice_changes_nothing(cpu in prop::sample::select(vec![0.1, 0.95]), name in "[a-z]{1,5}") {
        let (mut map, now) = (fixture::map(), fixture::now());
        let push = node_key("app", "push");
        let report = Report { replica: ReplicaId::reported(&name).unwrap(), ..load("a", cpu, 30) };
        map.record_report(&push, report.clone(), 9, now).unwrap();
        let again = map.record_report(&push, report, 9, now).unwrap();
        prop_assert_eq!(again, Reported::default());
    }
}
