//! How a map goes on with what was known before the program started.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use crate::clock::Now;

use super::ledger::Remembered;
use super::map::Kind;
use super::map::Limits;
use super::map::Map;
use super::map::Mode;
use super::map::Node;
use super::map::Replica;
use super::map::Service;
use super::map::Standing;
use super::observation::Load;
use super::observation::Observation;
use super::queue::Bounds;
use super::queue::QueueLimits;
use super::reshape::Departed;
use super::status::Status;
use super::tally::Tally;
use super::transition::NodeKey;
use super::transition::ReplicaKey;
use super::transition::Subject;
use super::transition::Transition;

/// What came of going on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resumed {
    /// What changed: the statuses of what is not there any more.
    pub transitions: Vec<Transition>,
    /// The nodes that are gone. Nobody knows their labels any more: their ids take the place.
    pub departed: Vec<Departed>,
    /// The replicas whose reports are waited for: when each is to be looked at for silence is in the map.
    pub awaited: Vec<ReplicaKey>,
}

impl Map {
    /// Goes on from what was known of the subjects; nothing is known in this map yet, which has the present shape, and
    /// knows which nodes are under planned maintenance.
    ///
    /// A replica that reports has not had a chance to do so while the program was down: it counts as silent only when
    /// its interval and the usual patience have passed once more.
    pub fn resume(&mut self, subjects: &[(Subject, Remembered)], now: Now) -> Resumed {
        let mut before = remembered(self, subjects, now);
        let reshaped = before.reshape(std::mem::take(self), now);
        *self = before;
        let mut awaited = Vec::new();
        for (service_id, service) in &self.services {
            for (node_id, node) in &service.nodes {
                let node_key = NodeKey { service: service_id.clone(), node: node_id.clone() };
                let waiting = node.replicas.iter().filter(|(_, replica)| replica.expiry.is_some());
                awaited.extend(waiting.map(|(id, _)| ReplicaKey { node: node_key.clone(), replica: id.clone() }));
            }
        }
        Resumed { transitions: reshaped.transitions, departed: reshaped.departed, awaited }
    }
}

/// The map as it was.
fn remembered(shape: &Map, subjects: &[(Subject, Remembered)], now: Now) -> Map {
    let mut map = Map::default();
    for (subject, remembered) in subjects {
        let Subject::Replica(ReplicaKey { node: key, replica: id }) = subject else { continue };
        let Some(standing) = remembered.standing else { continue };
        let service = map.services.entry(key.service.clone()).or_insert_with(|| Service {
            label: Arc::from(key.service.as_str()),
            nodes: IndexMap::new(),
            tally: Tally::default(),
            standing: None,
        });
        let present = shape.node(key.service.as_str(), key.node.as_str());
        let place = present.and_then(|node| node.replicas.get(id)).map(|replica| replica.kind);
        let mode = mode(present, place, remembered);
        let node = service.nodes.entry(key.node.clone()).or_insert_with(|| Node {
            label: Arc::from(key.node.as_str()),
            mode,
            limits: present.map_or(NO_LIMITS, |node| node.limits),
            reveals_replicas: false,
            link: None,
            maintained: present.is_some_and(|node| node.maintained),
            replicas: IndexMap::new(),
            observed: None,
            tally: Tally::default(),
            standing: None,
        });
        // What is asked and has no place any more is not known for how it was asked, nor does it matter.
        let asked = place.unwrap_or(Kind::Tcp);
        let mut replica = Replica::new(if remembered.interval.is_some() { Kind::Report } else { asked });
        replica.standing = Some(standing);
        replica.cause.clone_from(&remembered.cause);
        if let Some(interval) = remembered.interval {
            let silence = interval.saturating_add(node.limits.delay_dead);
            let deadline = now.instant.checked_add(silence).unwrap_or(now.instant);
            replica.seen = Some(Observation::Awaited { since: now.instant, deadline });
            replica.expiry = (standing.status < Status::Dead).then_some(deadline);
            // Others of the node may have been there first, such as its queue, which does not report.
            node.mode = mode;
        }
        node.replicas.insert(id.clone(), replica);
    }
    add_up(&mut map, subjects, now);
    map
}

/// Gives every part the worst status of its own parts, since when that was so.
fn add_up(map: &mut Map, subjects: &[(Subject, Remembered)], now: Now) {
    let standings: IndexMap<&Subject, Standing> =
        subjects.iter().filter_map(|(subject, remembered)| Some((subject, remembered.standing?))).collect();
    let standing = |subject: Subject, worst: Option<Status>| {
        let known = standings.get(&subject).copied().filter(|standing| Some(standing.status) == worst);
        known.or(worst.map(|status| Standing { status, since: now }))
    };
    for (service_id, service) in &mut map.services {
        for (node_id, node) in &mut service.nodes {
            for replica in node.replicas.values() {
                node.tally.shift(None, replica.standing.map(|standing| standing.status));
            }
            let key = NodeKey { service: service_id.clone(), node: node_id.clone() };
            node.standing = standing(Subject::Node(key), node.tally.worst());
            if !node.maintained {
                service.tally.shift(None, node.tally.worst());
            }
        }
        service.standing = standing(Subject::Service(service_id.clone()), service.tally.worst());
        map.tally.shift(None, service.tally.worst());
    }
    map.standing = standing(Subject::Page, map.tally.worst());
}

/// Of a node that is not there any more nothing is judged.
const NO_LIMITS: Limits = Limits {
    delay_sick: Duration::ZERO,
    certificate_left: Duration::ZERO,
    load: Load { cpu: 0.0, ram: 0.0 },
    delay_dead: Duration::ZERO,
    queue: QueueLimits { ready: UNBOUNDED, unacknowledged: UNBOUNDED },
};
const UNBOUNDED: Bounds = Bounds { healthy_below: None, dead_above: None };

/// How the node's replicas were known: only one that reports has an interval, and the node says what it reports. A
/// queue may belong to a node of any mode.
fn mode(present: Option<&Node>, place: Option<Kind>, remembered: &Remembered) -> Mode {
    match (present.map(|node| node.mode), remembered.interval) {
        (Some(mode @ (Mode::Push | Mode::Local)), Some(_)) | (Some(mode @ (Mode::Poll | Mode::Script)), None) => mode,
        (_, Some(_)) => Mode::Push,
        (Some(mode), None) if place == Some(Kind::Queue) => mode,
        (_, None) => Mode::Poll,
    }
}

#[cfg(test)]
mod tests {
    use super::super::cause::Cause;
    use super::super::cause::Failure;
    use super::super::fixture;
    use super::super::fixture::down;
    use super::super::fixture::events::events;
    use super::super::fixture::events::map_with_queue;
    use super::super::fixture::id;
    use super::super::fixture::key;
    use super::super::fixture::load;
    use super::super::fixture::node_key;
    use super::super::fixture::outcome;
    use super::super::fixture::secs;
    use super::super::fixture::up;
    use super::super::ledger::Ledger;
    use super::super::ledger::Sample;
    use super::super::observation::Finding;
    use super::super::queue::Lengths;
    use super::*;
    use crate::clock::Clock;
    use crate::clock::after;

    use proptest::prelude::*;

    /// What is remembered of a map, in which push replicas report once in so many seconds.
    fn memory(map: &Map, interval: u64) -> Vec<(Subject, Remembered)> {
        let mut ledger = Ledger::new(Vec::new(), 1);
        let mut all: Vec<_> = {
            ledger.repeat(map);
            ledger.take().standings.into_iter().collect()
        };
        for (subject, remembered) in &mut all {
            if let Subject::Replica(key) = subject
                && key.node.service == id("app")
                && map.replica(key).is_some_and(|replica| replica.kind != Kind::Queue)
            {
                remembered.interval = Some(secs(interval));
            }
        }
        all
    }

    fn resumed(memory: &[(Subject, Remembered)], now: Now) -> (Map, Resumed) {
        let mut map = fixture::map();
        let resumed = map.resume(memory, now);
        (map, resumed)
    }

    #[test]
    fn statuses_causes_and_since_when_go_on() {
        let (mut map, now) = (fixture::map(), fixture::now());
        map.record_check(&key("web", "api", "a"), up(), now);
        map.record_check(&key("web", "api", "b"), down(), after(now, secs(60)));
        let (mut again, resumed) = resumed(&memory(&map, 60), after(now, secs(600)));
        assert_eq!(resumed, Resumed::default());
        assert_eq!(again.standing, map.standing);
        let (service, known) = (&again.services[&id("web")], &map.services[&id("web")]);
        assert_eq!((service.standing, service.tally, &*service.label), (known.standing, known.tally, "Web"));
        let replica = again.replica(&key("web", "api", "b")).unwrap();
        assert_eq!(replica.cause, Some(Cause::Failed(Failure::Refused)));
        assert_eq!(replica.standing.unwrap().since, after(now, secs(59)));
        assert_eq!(
            again.record_check(&key("web", "api", "b"), down(), after(now, secs(601))),
            [],
            "still dead is no news"
        );
        let told = again.record_check(&key("web", "api", "b"), up(), after(now, secs(659)));
        assert_eq!(told[1].to, Some(Status::Healthy));
        assert_eq!(told[1].lasted, Some(secs(600)));
    }

    #[test]
    fn a_replica_that_reports_has_an_interval_of_grace() {
        let (mut map, now) = (fixture::map(), fixture::now());
        map.record_report(&node_key("app", "push"), load("x", 0.95, 60), 9, now).unwrap();
        let start = after(now, secs(3_600));
        let (mut again, resumed) = resumed(&memory(&map, 60), start);
        let key = key("app", "push", "x");
        assert_eq!(resumed.awaited, std::slice::from_ref(&key));
        let due = again.replica(&key).unwrap().expiry.unwrap();
        assert_eq!(due, after(start, secs(80)).instant);
        assert_eq!(again.expire(&key, due, after(start, secs(79))).transitions, [], "it is as it was");
        assert_eq!(again.status(), Status::Sick);
        let due = again.replica(&key).unwrap().expiry.unwrap();
        let expired = again.expire(&key, due, after(start, secs(80)));
        assert_eq!(expired.transitions[0].to, Some(Status::Dead));
        assert_eq!(expired.transitions[0].cause, Some(Cause::Silent(secs(80))));
    }

    #[test]
    fn a_dead_replica_stays_dead_until_it_reports() {
        let (mut map, now) = (fixture::map(), fixture::now());
        let key = key("app", "push", "x");
        map.record_report(&key.node, load("x", 0.1, 60), 9, now).unwrap();
        let due = map.replica(&key).unwrap().expiry.unwrap();
        map.expire(&key, due, after(now, secs(80)));
        let (mut again, resumed) = resumed(&memory(&map, 60), after(now, secs(100)));
        assert_eq!((resumed.awaited.len(), again.status()), (0, Status::Dead));
        let reported = again.record_report(&key.node, load("x", 0.1, 60), 9, after(now, secs(110))).unwrap();
        assert_eq!(reported.transitions[0].to, Some(Status::Healthy));
        assert!(reported.expiry.is_some());
    }

    #[test]
    fn what_is_gone_takes_its_status_with_it() {
        let (mut map, now) = (fixture::map(), fixture::now());
        map.record_check(&key("web", "api", "a"), up(), now);
        map.record_check(&key("web", "site", "a"), down(), now);
        let mut shape = fixture::map();
        shape.services[&id("web")].nodes.shift_remove(&id("site"));
        let resumed = shape.resume(&memory(&map, 60), after(now, secs(60)));
        let told: Vec<String> = resumed.transitions.iter().map(|one| format!("{} {:?}", one.what, one.to)).collect();
        assert_eq!(
            told,
            ["replica web:site:a None", "node web:site None", "service web Some(Healthy)", "page Some(Healthy)"]
        );
        assert_eq!(resumed.departed.len(), 1);
        assert_eq!((&*resumed.departed[0].service, &*resumed.departed[0].label), ("web", "site"));
        assert_eq!(shape.status(), Status::Healthy);
    }

    #[test]
    fn what_scripts_and_queues_told_goes_on_in_a_node_of_any_mode() {
        let (script, queue) = (key("web", "script", "0"), key("app", "push", "rabbitmq:jobs"));
        let shape = || {
            let mut map = fixture::map();
            map.services[&id("web")].nodes.insert(id("script"), fixture::node(Mode::Script, &["0"]));
            for (service, node) in [("web", "api"), ("app", "push")] {
                let node = &mut map.services[&id(service)].nodes[&id(node)];
                node.limits.queue.ready.dead_above = Some(100);
                node.replicas.insert(queue.replica.clone(), Replica::new(Kind::Queue));
            }
            map
        };
        for reports in [false, true] {
            let (mut map, now) = (shape(), fixture::now());
            map.record_check(&script, down(), now);
            let polled = key("web", "api", "rabbitmq:jobs");
            for key in [&queue, &polled] {
                map.record_check(key, outcome(Finding::Queue(Lengths { ready: 101, unacknowledged: 0 })), now);
            }
            if reports {
                map.record_report(&queue.node, load("x", 0.95, 60), 9, now).unwrap();
            }
            let before = memory(&map, 60);
            for turned in [false, true] {
                let mut before = before.clone();
                if turned {
                    before.reverse();
                }
                let mut again = shape();
                let resumed = again.resume(&before, after(now, secs(60)));
                assert_eq!(resumed.transitions, [], "{reports} {turned}");
                assert_eq!((again.tally, again.standing), (map.tally, map.standing));
                for key in [&script, &queue, &polled] {
                    let (replica, known) = (again.replica(key).unwrap(), map.replica(key).unwrap());
                    assert_eq!((replica.kind, replica.standing), (known.kind, known.standing), "{key}");
                }
                assert_eq!(again.node("app", "push").unwrap().replicas.len(), 1 + usize::from(reports));
            }
        }
    }

    #[test]
    fn a_queue_that_is_gone_does_not_stay_among_those_who_report() {
        let (mut map, now) = (fixture::map(), fixture::now());
        let queue = key("app", "push", "rabbitmq:jobs");
        map.record_report(&queue.node, load("x", 0.95, 60), 9, now).unwrap();
        let mut before = memory(&map, 60);
        let standing = before.iter().find_map(|(_, remembered)| remembered.standing);
        before.insert(0, (Subject::Replica(queue.clone()), Remembered { standing, ..Remembered::default() }));
        let (again, resumed) = resumed(&before, now);
        assert_eq!(resumed.transitions.len(), 1);
        assert_eq!(resumed.transitions[0].what, Subject::Replica(queue));
        assert_eq!(again.node("app", "push").unwrap().replicas.len(), 1);
    }

    #[test]
    fn a_node_that_is_asked_now_and_reported_before_starts_anew() {
        let (mut map, now) = (fixture::map(), fixture::now());
        map.record_report(&node_key("app", "push"), load("x", 0.1, 60), 9, now).unwrap();
        let mut shape = fixture::map();
        shape.services[&id("app")].nodes[&id("push")] = fixture::node(Mode::Poll, &["x"]);
        let resumed = shape.resume(&memory(&map, 60), now);
        assert_eq!(resumed.transitions[0].to, None);
        assert_eq!(shape.replica(&key("app", "push", "x")).unwrap().standing, None);
    }

    proptest! {
        #[test]
        fn whatever_happened_goes_on(events in events()) {
            let (mut map, clock) = (map_with_queue(), fixture::clock());
            let mut ledger = Ledger::new(Vec::new(), 1);
            for (wait, event) in events {
                clock.advance(secs(wait));
                let transitions = event.happen(&mut map, clock.now());
                ledger.observe(&map, &key("web", "api", "a"), Sample::Bare(None), &transitions, clock.now());
            }
            // What is written is what changed, the last word on each; that must be all that there is.
            let changed = ledger.take().standings;
            let mut all = memory(&map, 60);
            for (subject, remembered) in &all {
                prop_assert_eq!(changed[subject].standing, remembered.standing);
            }
            let gone = changed.into_iter().filter(|(_, remembered)| remembered.standing.is_none());
            all.extend(gone);
            let mut again = map_with_queue();
            let resumed = again.resume(&all, clock.now());
            let lost: Vec<_> = fixture::map().services.into_keys().filter(|service| !map.services.contains_key(service)).collect();
            prop_assert!(lost.is_empty() && resumed.transitions.is_empty(), "{:?}", resumed);
            prop_assert_eq!((again.tally, again.standing), (map.tally, map.standing));
            for (id, service) in &map.services {
                prop_assert_eq!(again.services[id].standing, service.standing);
                for (node_id, node) in &service.nodes {
                    let other = &again.services[id].nodes[node_id];
                    prop_assert_eq!((other.standing, other.tally), (node.standing, node.tally));
                }
            }
        }
    }
}
