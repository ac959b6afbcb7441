//! A small page, and notices of it, for the tests of the model and of those who tell.

pub(crate) mod events;

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::clock::ManualClock;
use crate::clock::Now;

use super::cause::Cause;
use super::cause::Failure;
use super::id::Id;
use super::id::ReplicaId;
use super::map::Kind;
use super::map::Limits;
use super::map::Map;
use super::map::Mode;
use super::map::Node;
use super::map::Replica;
use super::map::Service;
use super::notice::Affected;
use super::notice::Change;
use super::notice::Kind as NoticeKind;
use super::notice::Notice;
use super::observation::Content;
use super::observation::Finding;
use super::observation::Load;
use super::observation::Outcome;
use super::observation::Report;
use super::queue::QueueLimits;
use super::status::Status;
use super::tally::Tally;
use super::transition::NodeKey;
use super::transition::ReplicaKey;

/// 24 Nov 2026, 01:12:05 UTC.
pub(crate) fn clock() -> ManualClock {
    ManualClock::at(Timestamp::constant(1_795_482_725, 0))
}

pub(crate) fn now() -> Now {
    clock().now()
}

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Services `web` (nodes `api` with replicas `a` and `b`, `site` with `a`) and `app` (nodes `push`, `local`).
pub(crate) fn map() -> Map {
    let polled = |replicas: &[&str]| node(Mode::Poll, replicas);
    let web = service("Web", vec![("api", polled(&["a", "b"])), ("site", polled(&["a"]))]);
    let app = service("App", vec![("push", node(Mode::Push, &[])), ("local", node(Mode::Local, &[]))]);
    let services = [("web", web), ("app", app)];
    Map { services: services.into_iter().map(|(name, service)| (id(name), service)).collect(), ..Map::default() }
}

pub(crate) fn service(label: &str, nodes: Vec<(&str, Node)>) -> Service {
    let nodes = nodes.into_iter().map(|(name, node)| (id(name), node)).collect();
    Service { label: label.into(), nodes, tally: Tally::default(), standing: None }
}

pub(crate) fn node(mode: Mode, replicas: &[&str]) -> Node {
    let replica = |name: &&str| (ReplicaId::configured(name).unwrap(), Replica::new(Kind::Tcp));
    let load = Load { cpu: 0.9, ram: 0.9 };
    Node {
        label: "Node".into(),
        mode,
        limits: Limits {
            delay_sick: secs(10),
            certificate_left: secs(0),
            load,
            delay_dead: secs(20),
            queue: QueueLimits::default(),
        },
        reveals_replicas: false,
        link: None,
        maintained: false,
        replicas: replicas.iter().map(replica).collect(),
        observed: None,
        tally: Tally::default(),
        standing: None,
    }
}

pub(crate) fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

pub(crate) fn node_key(service: &str, node: &str) -> NodeKey {
    NodeKey { service: id(service), node: id(node) }
}

pub(crate) fn key(service: &str, node: &str, replica: &str) -> ReplicaKey {
    ReplicaKey { node: node_key(service, node), replica: ReplicaId::configured(replica).unwrap() }
}

pub(crate) fn outcome(finding: Finding) -> Outcome {
    Outcome { finding, attempts: 1, took: secs(1) }
}

pub(crate) fn up() -> Outcome {
    outcome(Finding::Up(Duration::from_millis(12)))
}

pub(crate) fn down() -> Outcome {
    outcome(Finding::Down(Failure::Refused))
}

pub(crate) fn load(replica: &str, cpu: f64, interval: u64) -> Report {
    let replica = ReplicaId::reported(replica).unwrap();
    Report { replica, interval: secs(interval), content: Content::Load(Load { cpu, ram: 0.5 }) }
}

/// A notice of a moment, of a page that died, with nothing in it.
pub(crate) fn notice() -> Notice {
    let (at, status, kind) = (now().wall, Status::Dead, NoticeKind::Change);
    let (changed, sick) = (true, false);
    Notice { at, status, changed, sick, dead: Vec::new(), more_dead: 0, changes: Vec::new(), kind }
}

/// `Web, API` (`web:api`) with its replica `tcp://10.0.0.1:80`, dead since three seconds before the notice.
pub(crate) fn death() -> Notice {
    let affected = affected("tcp://10.0.0.1:80", Status::Dead);
    let change = Change { to: Some(Status::Dead), affected: vec![affected.clone()], ..change() };
    Notice { dead: vec![affected.key], changes: vec![change], ..notice() }
}

/// The same node is healthy again, after 7 min 12 s and some.
pub(crate) fn recovery() -> Notice {
    let was = Some((Status::Dead, Duration::from_millis(432_900)));
    Notice { status: Status::Healthy, changes: vec![Change { was, ..change() }], ..notice() }
}

/// What `vigil notify-test` tells.
pub(crate) fn test_notice() -> Notice {
    Notice { status: Status::Healthy, changed: false, kind: NoticeKind::Test, ..notice() }
}

/// `Web, API` (`web:api`), healthy.
pub(crate) fn change() -> Change {
    Change {
        key: node_key("web", "api"),
        service: "Web".into(),
        label: "API".into(),
        to: Some(Status::Healthy),
        since: now().wall - secs(3),
        was: None,
        affected: Vec::new(),
        more_affected: 0,
    }
}

/// A replica of `web:api` and why it is not well.
pub(crate) fn affected(replica: &str, status: Status) -> Affected {
    let cause = match status {
        Status::Sick => Cause::Slow(secs(12)),
        _ => Cause::Failed(Failure::Refused),
    };
    Affected { key: key("web", "api", replica), status, cause: Some(cause) }
}
