//! What is found out about a replica: by asking it, or by what it says of itself.

use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;

use super::cause::Failure;
use super::id::ReplicaId;
use super::queue::Lengths;
use super::queue::Unread;
use super::status::Status;

/// What one attempt found.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// It answered as it should, after this time.
    Up(Duration),
    /// The same, over TLS.
    Certified {
        /// After which time it answered.
        latency: Duration,
        /// Until when its certificate is valid.
        until: Timestamp,
    },
    /// It answered after this time, and is sick for this reason.
    Ailing(Duration, Failure),
    /// It did not.
    Down(Failure),
    /// It is a queue of these lengths.
    Queue(Lengths),
    /// It is a queue, and it is not known how long it is.
    Unread(Unread),
    /// Vigil itself was unable to ask, for this reason; nothing is known about the replica.
    Blind(String),
}

impl Finding {
    /// That it answered as it should, after that time, with a certificate that is valid until then if it showed one.
    #[must_use]
    pub fn up(latency: Duration, valid_until: Option<Timestamp>) -> Self {
        valid_until.map_or(Self::Up(latency), |until| Self::Certified { latency, until })
    }
}

/// The time until a moment; zero when it is over.
#[must_use]
pub fn left(until: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(now)).unwrap_or_default()
}

/// What a check found: its last attempt, and what it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What the last attempt found.
    pub finding: Finding,
    /// How many attempts there were, from 1.
    pub attempts: u32,
    /// From the start of the first attempt to the end of the last.
    pub took: Duration,
}

/// What a replica, or a daemon beside it, says.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Which replica.
    pub replica: ReplicaId,
    /// When the next report is to be expected.
    pub interval: Duration,
    /// What is said.
    pub content: Content,
}

/// What a report says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Content {
    /// How loaded the replica's host is; for push nodes.
    Load(Load),
    /// How the replica is; for local nodes.
    Health(Status),
}

/// How loaded a host is. Finite and not negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// CPU: 1 is all cores busy; it may be more.
    pub cpu: f64,
    /// RAM: the share in use.
    pub ram: f64,
}

/// The last that is known about a replica.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// A check.
    Checked(Outcome),
    /// A report.
    Reported {
        /// What it said.
        content: Content,
        /// When it came.
        received: Instant,
        /// When silence after it counts as dead.
        deadline: Instant,
    },
    /// Nothing yet since the program started, of a replica that reported before.
    Awaited {
        /// Since when its report is waited for.
        since: Instant,
        /// When silence counts as dead.
        deadline: Instant,
    },
}
