//! The map: page > services > nodes > replicas, in file order, each with its status and since when.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use indexmap::IndexMap;

use crate::clock::Now;

use super::cause::Cause;
use super::id::Id;
use super::id::ReplicaId;
use super::observation::Load;
use super::observation::Observation;
use super::queue::QueueLimits;
use super::status::Status;
use super::tally::Tally;
use super::transition::ReplicaKey;
use super::unsure::Unsure;

/// The page: all that is watched and how it is.
#[derive(Clone, Debug, Default)]
pub struct Map {
    /// The services, in file order.
    pub services: IndexMap<Id, Service>,
    /// The statuses of the services.
    pub tally: Tally,
    /// The worst of them; none before the first verdict.
    pub standing: Option<Standing>,
    /// How many checks told nothing the last time.
    pub unsure: Unsure,
    /// When a check or a report last came in.
    pub observed: Option<Now>,
}

/// A service: what people know by one name.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name for people.
    pub label: Arc<str>,
    /// Its nodes, in file order.
    pub nodes: IndexMap<Id, Node>,
    /// The statuses of the nodes, without those under planned maintenance.
    pub tally: Tally,
    /// The worst of them; none when none is judged, or all are under maintenance.
    pub standing: Option<Standing>,
}

/// A node: one part of a service, with one or more replicas.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name for people.
    pub label: Arc<str>,
    /// How its replicas are known.
    pub mode: Mode,
    /// When a replica counts as sick or dead.
    pub limits: Limits,
    /// Whether the page may name its replicas.
    pub reveals_replicas: bool,
    /// Where visitors find more about it.
    pub link: Option<Arc<Link>>,
    /// Whether it is under planned maintenance: then its status counts for nothing but itself.
    pub maintained: bool,
    /// Its replicas: as configured, or in the order in which they first reported.
    pub replicas: IndexMap<ReplicaId, Replica>,
    /// When a check or a report of one of them last came in.
    pub observed: Option<Now>,
    /// The statuses of the replicas.
    pub tally: Tally,
    /// The worst of them.
    pub standing: Option<Standing>,
}

/// Where visitors find more about a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The address.
    pub url: String,
    /// Its words.
    pub label: String,
}

/// How the replicas of a node are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Vigil asks them.
    Poll,
    /// They report their load.
    Push,
    /// A daemon beside them reports their health.
    Local,
    /// Vigil runs a script for each, which tells.
    Script,
}

/// When a replica counts as sick or dead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The latency from which a polled replica is sick.
    pub delay_sick: Duration,
    /// The time for which its certificate has to be valid, below which a polled replica is sick; zero for any.
    pub certificate_left: Duration,
    /// The load above which a pushing replica is sick.
    pub load: Load,
    /// The silence after its interval from which a reporting replica is dead.
    pub delay_dead: Duration,
    /// How long its queue may be.
    pub queue: QueueLimits,
}

/// A replica: one instance of a node.
#[derive(Clone, Debug)]
pub struct Replica {
    /// How it is asked.
    pub kind: Kind,
    /// The last that is known about it.
    pub seen: Option<Observation>,
    /// Its status; none before the first verdict.
    pub standing: Option<Standing>,
    /// Why, when it is not healthy.
    pub cause: Option<Cause>,
    /// When silence is looked at next: each replica waits for one such moment at a time, however often it reports.
    pub expiry: Option<Instant>,
}

/// How a replica is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By HTTP.
    Http,
    /// By HTTP over TLS.
    Https,
    /// By opening a TCP connection.
    Tcp,
    /// By a TLS handshake.
    Tls,
    /// By beginning an SSH key exchange.
    Ssh,
    /// By an echo request, a ping.
    Icmp,
    /// By a DNS query.
    Dns,
    /// By running a script.
    Script,
    /// It is not asked; it reports.
    Report,
    /// It is a message queue, whose server is asked how long it is. A node has at most one, whatever its mode.
    Queue,
}

/// A status and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The status.
    pub status: Status,
    /// Since when.
    pub since: Now,
}

impl Map {
    /// The page's status as machines read it: what is not judged yet or is under planned maintenance does not count, and
    /// nothing at all is healthy.
    #[must_use]
    pub fn status(&self) -> Status {
        self.standing.map_or(Status::Healthy, |standing| standing.status)
    }

    /// The node of that service.
    #[must_use]
    pub fn node(&self, service: &str, node: &str) -> Option<&Node> {
        self.services.get(service)?.nodes.get(node)
    }

    /// Whether all of it that there is is under planned maintenance.
    #[must_use]
    pub fn is_maintained(&self) -> bool {
        let mut nodes = self.services.values().flat_map(|service| service.nodes.values()).peekable();
        nodes.peek().is_some() && nodes.all(|node| node.maintained)
    }

    /// The replica of that key.
    #[must_use]
    pub fn replica(&self, key: &ReplicaKey) -> Option<&Replica> {
        self.node(key.node.service.as_str(), key.node.node.as_str())?.replicas.get(&key.replica)
    }
}

impl Service {
    /// Whether all of it that there is is under planned maintenance.
    #[must_use]
    pub fn is_maintained(&self) -> bool {
        !self.nodes.is_empty() && self.nodes.values().all(|node| node.maintained)
    }
}

impl Node {
    /// Its message queue, if it has one.
    #[must_use]
    pub fn queue(&self) -> Option<&Replica> {
        self.replicas.values().find(|replica| replica.kind == Kind::Queue)
    }
}

impl Replica {
    /// A replica about which nothing is known yet.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { kind, seen: None, standing: None, cause: None, expiry: None }
    }
}
