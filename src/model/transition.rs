//! A change of status, as a value: log lines, notices and history are made of these.

use std::fmt;
use std::time::Duration;

use serde_derive::Deserialize;
use serde_derive::Serialize;

use crate::clock::Now;

use super::cause::Cause;
use super::id::Id;
use super::id::ReplicaId;
use super::status::Status;
use super::words;

/// Names one node of the page.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NodeKey {
    /// Its service.
    pub service: Id,
    /// The node.
    pub node: Id,
}

/// Names one replica of the page.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReplicaKey {
    /// Its node.
    pub node: NodeKey,
    /// The replica.
    pub replica: ReplicaId,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// One replica.
    Replica(ReplicaKey),
    /// A node: the worst of its replicas.
    Node(NodeKey),
    /// A service: the worst of its nodes.
    Service(Id),
    /// The page: the worst of its services.
    Page,
}

/// A change of status.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// When it was known.
    pub at: Now,
    /// Since when it is so: for a death the first failed attempt, else the same moment.
    pub since: Now,
    /// What changed.
    pub what: Subject,
    /// The status before; none when nothing was known.
    pub from: Option<Status>,
    /// The status from now on; none when nothing is known any more.
    pub to: Option<Status>,
    /// Why, when the new status is not healthy and a replica brought it about by getting worse.
    pub cause: Option<Cause>,
    /// How long the status before lasted.
    pub lasted: Option<Duration>,
}

impl fmt::Display for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.node)
    }
}

impl fmt::Display for ReplicaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.node, self.replica)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replica(key) => write!(f, "replica {key}"),
            Self::Node(key) => write!(f, "node {key}"),
            Self::Service(id) => write!(f, "service {id}"),
            Self::Page => f.write_str("page"),
        }
    }
}

impl fmt::Display for Transition {
    /// A log line: `replica web:api:tcp://10.0.0.1:80 is dead: connection refused (was healthy for 3 h)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to {
            Some(to) => write!(f, "{} is {to}", self.what)?,
            None => write!(f, "{} is not known any more", self.what)?,
        }
        if let Some(cause) = &self.cause {
            write!(f, ": {cause}")?;
        }
        match (self.from, self.lasted) {
            // A failure counts from its first attempt, which may be when the status began that it ends.
            (Some(from), Some(lasted)) if !lasted.is_zero() => {
                write!(f, " (was {from} for {})", words::duration(lasted))
            }
            _ => Ok(()),
        }
    }
}
