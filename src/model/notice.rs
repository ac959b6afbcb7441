//! What people are told at one moment.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_derive::Deserialize;
use serde_derive::Serialize;

use super::cause::Cause;
use super::status::Status;
use super::transition::NodeKey;
use super::transition::ReplicaKey;

/// What people are told at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// When it was made.
    pub at: Timestamp,
    /// The status of the page.
    pub status: Status,
    /// Whether the page's status is another one than at the last notice.
    pub changed: bool,
    /// Every replica that is dead outside of planned maintenance, in the page's order; at most [`Notice::MOST_NAMED`].
    pub dead: Vec<ReplicaKey>,
    /// How many dead replicas are not in `dead`.
    pub more_dead: usize,
    /// The nodes that changed, in the order in which they did.
    pub changes: Vec<Change>,
    /// Whether this is the notice of `vigil notify-test`.
    pub test: bool,
}

/// A node that changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The node.
    pub key: NodeKey,
    /// The label of its service.
    pub service: Arc<str>,
    /// Its label.
    pub label: Arc<str>,
    /// What it is now; none when nothing is known of it any more.
    pub to: Option<Status>,
    /// Since when it is that.
    pub since: Timestamp,
    /// The worst it was before, since people were last told, and for how long in all: what they were told, or worse if
    /// that lasted; none when it was well. The status may be that of `to`: the node had another one in between.
    pub was: Option<(Status, Duration)>,
    /// Its replicas that are not healthy; at most [`Notice::MOST_NAMED`].
    pub affected: Vec<Affected>,
    /// How many of them are not in `affected`.
    pub more_affected: usize,
}

/// A replica that is not healthy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Affected {
    /// The replica.
    pub key: ReplicaKey,
    /// Its status.
    pub status: Status,
    /// Why.
    pub cause: Option<Cause>,
}

impl Notice {
    /// How many replicas a list of a notice names: a message that lists thousands is refused by every channel.
    pub const MOST_NAMED: usize = 50;
}
