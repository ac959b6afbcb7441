//! What becomes of the map when the configuration changes: what is still there keeps its state, what is gone takes its
//! status with it.

use std::sync::Arc;

use super::id::ReplicaId;
use super::map::Kind;
use super::map::Map;
use super::map::Mode;
use super::map::Node;
use super::map::Replica;
use super::transition::NodeKey;
use super::transition::ReplicaKey;
use super::transition::Transition;
use super::unsure::Unsure;
use crate::clock::Now;

/// A node that is not there any more, by the names that people knew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departed {
    /// The node.
    pub key: NodeKey,
    /// The label of its service.
    pub service: Arc<str>,
    /// Its label.
    pub label: Arc<str>,
}

/// What came of a new shape.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reshaped {
    /// What changed: the statuses that left with what is gone.
    pub transitions: Vec<Transition>,
    /// The nodes that are gone.
    pub departed: Vec<Departed>,
}

impl Map {
    /// Takes on another `shape`: a map in which nothing is known yet. A node that is in both, with the same mode, keeps
    /// all that is known about it, but for configured replicas that are gone; all else starts anew.
    pub fn reshape(&mut self, mut shape: Self, now: Now) -> Reshaped {
        let mut gone = Vec::new();
        let mut departed = Vec::new();
        for (service_id, service) in &self.services {
            for (node_id, node) in &service.nodes {
                let key = NodeKey { service: service_id.clone(), node: node_id.clone() };
                let next = shape.node(service_id.as_str(), node_id.as_str());
                if next.is_none() {
                    let (service, label) = (service.label.clone(), node.label.clone());
                    departed.push(Departed { key: key.clone(), service, label });
                }
                let lost = node.replicas.iter().filter(|(id, replica)| match next {
                    Some(next) if next.mode == node.mode => !stays(next, id, replica),
                    Some(_) | None => true,
                });
                gone.extend(lost.map(|(id, _)| ReplicaKey { node: key.clone(), replica: id.clone() }));
            }
        }
        let transitions = gone.iter().flat_map(|key| self.forget(key, now)).collect();
        for (id, service) in &mut shape.services {
            let Some(known) = self.services.get_mut(id) else { continue };
            (service.tally, service.standing) = (known.tally, known.standing);
            for (id, node) in &mut service.nodes {
                if let Some(known) = known.nodes.swap_remove(id).filter(|known| known.mode == node.mode) {
                    take_over(node, known);
                }
            }
        }
        (shape.tally, shape.standing, shape.observed) = (self.tally, self.standing, self.observed);
        shape.unsure = Unsure::of(&shape);
        *self = shape;
        Reshaped { transitions, departed }
    }
}

/// Gives a node what is known about it. What is gone has no status any more, so the tally is that of the rest.
fn take_over(node: &mut Node, known: Node) {
    (node.tally, node.standing, node.observed) = (known.tally, known.standing, known.observed);
    node.maintained = known.maintained;
    for (id, replica) in known.replicas {
        if stays(node, &id, &replica) {
            node.replicas.insert(id, replica);
        }
    }
}

/// Whether a replica is still there in the next shape of its node, which has the mode that it had.
fn stays(next: &Node, id: &ReplicaId, replica: &Replica) -> bool {
    let is_queue = |replica: &Replica| replica.kind == Kind::Queue;
    match next.replicas.get(id) {
        Some(place) => is_queue(place) == is_queue(replica),
        None => is_reported(next) && replica.kind == Kind::Report,
    }
}

/// Whether the replicas of a node make themselves known, rather than the configuration.
fn is_reported(node: &Node) -> bool {
    match node.mode {
        Mode::Push | Mode::Local => true,
        Mode::Poll | Mode::Script => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixture;
    use super::super::fixture::down;
    use super::super::fixture::key;
    use super::super::fixture::load;
    use super::super::fixture::node_key;
    use super::super::fixture::outcome;
    use super::super::fixture::secs;
    use super::super::fixture::up;
    use super::super::map::Standing;
    use super::super::observation::Finding;
    use super::super::queue::Lengths;
    use super::super::status::Status;
    use super::super::transition::Subject;
    use super::*;
    use crate::clock::Clock;

    /// What changed, as `node web:api: dead -> ?`.
    fn told(transitions: &[Transition]) -> Vec<String> {
        let word = |status: Option<Status>| status.map_or("?", Status::word);
        transitions.iter().map(|one| format!("{}: {} -> {}", one.what, word(one.from), word(one.to))).collect()
    }

    fn status(standing: Option<Standing>) -> Option<Status> {
        standing.map(|standing| standing.status)
    }

    #[test]
    fn the_same_shape_changes_nothing() {
        let (mut map, clock) = (fixture::map(), fixture::clock());
        map.record_check(&key("web", "api", "a"), down(), clock.now());
        map.record_report(&node_key("app", "push"), load("x", 0.1, 30), 9, clock.now()).unwrap();
        let before = format!("{map:?}");
        clock.advance(secs(60));
        assert_eq!(map.reshape(fixture::map(), clock.now()), Reshaped::default());
        assert_eq!(format!("{map:?}"), before);
    }

    #[test]
    fn what_is_gone_takes_its_status_with_it_and_the_rest_stays() {
        let (mut map, clock) = (fixture::map(), fixture::clock());
        map.record_check(&key("web", "api", "a"), down(), clock.now());
        map.record_check(&key("web", "api", "b"), up(), clock.now());
        map.record_check(&key("web", "site", "a"), up(), clock.now());
        let since = map.node("web", "site").unwrap().standing;
        clock.advance(secs(60));
        let mut shape = fixture::map();
        let api = shape.services.get_mut("web").unwrap().nodes.get_mut("api").unwrap();
        api.replicas.shift_remove("a");
        api.label = "Renamed".into();
        let reshaped = map.reshape(shape, clock.now());
        let wanted = [
            "replica web:api:a: dead -> ?",
            "node web:api: dead -> healthy",
            "service web: dead -> healthy",
            "page: dead -> healthy",
        ];
        assert_eq!(told(&reshaped.transitions), wanted);
        assert_eq!(reshaped.departed, []);
        assert_eq!(map.node("web", "api").unwrap().label.as_ref(), "Renamed");
        assert_eq!(map.node("web", "site").unwrap().standing, since);
        map.record_check(&key("web", "api", "a"), down(), clock.now());
        assert_eq!(map.status(), Status::Healthy, "nobody asks the replica that is gone");
    }

    #[test]
    fn a_node_that_is_gone_is_named_by_the_labels_that_people_knew() {
        let (mut map, now) = (fixture::map(), fixture::now());
        map.record_check(&key("web", "api", "a"), down(), now);
        let labels = (map.services["web"].label.clone(), map.node("web", "api").unwrap().label.clone());
        let mut shape = fixture::map();
        shape.services.get_mut("web").unwrap().nodes.shift_remove("api");
        let reshaped = map.reshape(shape, now);
        let departed = Departed { key: node_key("web", "api"), service: labels.0, label: labels.1 };
        assert_eq!(reshaped.departed, [departed]);
        assert_eq!(told(&reshaped.transitions)[1], "node web:api: dead -> ?");
        assert_eq!(map.standing, None);
    }

    #[test]
    fn a_queue_comes_and_goes_beside_those_who_report() {
        let (mut map, now) = (fixture::map(), fixture::now());
        let (worker, queue) = (key("app", "push", "worker"), key("app", "push", "rabbitmq:jobs"));
        let with_queue = |is_there: bool| {
            let mut shape = fixture::map();
            let push = shape.services.get_mut("app").unwrap().nodes.get_mut("push").unwrap();
            push.limits.queue.ready.dead_above = Some(100);
            push.replicas.extend(is_there.then(|| (queue.replica.clone(), Replica::new(Kind::Queue))));
            shape
        };
        // One who calls itself like the queue makes room for it.
        for name in ["worker", "rabbitmq:jobs"] {
            map.record_report(&worker.node, load(name, 0.95, 30), 9, now).unwrap();
        }
        assert_eq!(
            told(&map.reshape(with_queue(true), now).transitions),
            ["replica app:push:rabbitmq:jobs: sick -> ?"]
        );
        let found = outcome(Finding::Queue(Lengths { ready: 101, unacknowledged: 0 }));
        assert_eq!(told(&map.record_check(&queue, found, now))[1], "node app:push: sick -> dead");
        assert_eq!(map.reshape(with_queue(true), now), Reshaped::default());
        assert_eq!(status(map.replica(&queue).unwrap().standing), Some(Status::Dead));
        let gone = told(&map.reshape(with_queue(false), now).transitions);
        assert_eq!(gone[..2], ["replica app:push:rabbitmq:jobs: dead -> ?", "node app:push: dead -> sick"]);
        let replicas: Vec<&str> = map.node("app", "push").unwrap().replicas.keys().map(ReplicaId::as_str).collect();
        assert_eq!(replicas, ["worker"]);
    }

    #[test]
    fn a_node_of_another_mode_starts_anew() {
        let (mut map, now) = (fixture::map(), fixture::now());
        map.record_report(&node_key("app", "push"), load("x", 0.1, 30), 9, now).unwrap();
        let mut shape = fixture::map();
        shape.services.get_mut("app").unwrap().nodes.get_mut("push").unwrap().mode = Mode::Local;
        let reshaped = map.reshape(shape, now);
        assert_eq!(told(&reshaped.transitions)[0], "replica app:push:x: healthy -> ?");
        let push = map.node("app", "push").unwrap();
        assert!(push.replicas.is_empty() && push.standing.is_none() && push.tally.worst().is_none());
    }

    proptest! {
        /// Any part of the page may go, whatever its status: the worst child counts at every level all the same.
        #[test]
        fn the_worst_child_counts_in_every_shape(
            dead in prop::collection::vec(any::<bool>(), 3),
            lost_nodes in prop::collection::vec(any::<bool>(), 4),
            lost_replicas in prop::collection::vec(any::<bool>(), 3),
            lost_service in prop::option::of(prop::sample::select(vec!["web", "app"])),
        ) {
            let (mut map, clock) = (fixture::map(), fixture::clock());
            let polled = [("api", "a"), ("api", "b"), ("site", "a")];
            for ((node, replica), dead) in polled.iter().zip(&dead) {
                map.record_check(&key("web", node, replica), if *dead { down() } else { up() }, clock.now());
            }
            map.record_report(&node_key("app", "push"), load("x", 0.95, 30), 9, clock.now()).unwrap();
            clock.advance(secs(5));
            let page = status(map.standing);
            let mut shape = fixture::map();
            for ((node, replica), lost) in polled.iter().zip(&lost_replicas) {
                if *lost {
                    shape.services.get_mut("web").unwrap().nodes.get_mut(*node).unwrap().replicas.shift_remove(*replica);
                }
            }
            let nodes = [("web", "api"), ("web", "site"), ("app", "push"), ("app", "local")];
            for ((service, node), lost) in nodes.iter().zip(&lost_nodes) {
                if *lost {
                    shape.services.get_mut(*service).unwrap().nodes.shift_remove(*node);
                }
            }
            if let Some(service) = lost_service {
                shape.services.shift_remove(service);
            }
            let reshaped = map.reshape(shape, clock.now());
            let mut last = page;
            for transition in reshaped.transitions.iter().filter(|one| one.what == Subject::Page) {
                prop_assert_eq!(transition.from, last);
                last = transition.to;
            }
            prop_assert_eq!(status(map.standing), last);
            for service in map.services.values() {
                for node in service.nodes.values() {
                    let worst = Status::worst_of(node.replicas.values().filter_map(|one| status(one.standing)));
                    prop_assert_eq!(status(node.standing), worst);
                    prop_assert_eq!(node.tally.worst(), worst);
                }
                let worst = Status::worst_of(service.nodes.values().filter_map(|one| status(one.standing)));
                prop_assert_eq!(status(service.standing), worst);
            }
            prop_assert_eq!(last, Status::worst_of(map.services.values().filter_map(|one| status(one.standing))));
        }
    }
}
