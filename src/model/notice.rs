//! What people are told at one moment.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize as _;
use serde::Deserializer;
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
    /// Whether people are told of sick nodes, too. Versions before this key did not say.
    #[serde(default)]
    pub sick: bool,
    /// Every replica that is dead outside of planned maintenance, in the page's order; at most [`Notice::MOST_NAMED`].
    pub dead: Vec<ReplicaKey>,
    /// How many dead replicas are not in `dead`.
    pub more_dead: usize,
    /// The nodes that changed, in the order in which they did.
    pub changes: Vec<Change>,
    /// What brought it about. Versions before this key said only whether it was a test.
    #[serde(alias = "test", default, deserialize_with = "kind_or_test")]
    pub kind: Kind,
}

/// What brings a notice about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Vigil has started, and everything was checked once.
    Startup,
    /// Nodes changed.
    #[default]
    Change,
    /// What is dead is still dead.
    Reminder {
        /// How many reminders there were since all was well, this one among them.
        number: u32,
        /// For whom it is urgent.
        urgent: Urgent,
    },
    /// `vigil notify-test`
    Test,
}

/// For which targets of a channel a reminder is urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgent {
    /// For all of them.
    All,
    /// For so many of them, from the first on.
    First(u32),
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

impl Change {
    /// Whether it tells anything of the node: a notice after a start also names those of which nothing is known yet.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.to.is_some() || self.was.is_some()
    }

    /// Whether an alert of the node is over, where people are told of `sick` nodes or not. A node that was dead and is
    /// sick is told even where sick is not: nobody would hear of the end of its alert.
    #[must_use]
    pub fn is_over(&self, sick: bool) -> bool {
        match (self.to, self.was) {
            (Some(Status::Dead), _) => false,
            (Some(Status::Sick), was) => !sick && was.is_some_and(|(was, _)| was == Status::Dead),
            (Some(Status::Healthy) | None, _) => true,
        }
    }
}

impl Notice {
    /// How many replicas a list of a notice names: a message that lists thousands is refused by every channel.
    pub const MOST_NAMED: usize = 50;

    /// Whether it is the notice of `vigil notify-test`.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.kind == Kind::Test
    }

    /// Whether it is a reminder.
    #[must_use]
    pub fn is_reminder(&self) -> bool {
        matches!(self.kind, Kind::Reminder { .. })
    }

    /// What it says of alerts that are over, as a notice of changes, for whoever hears of nothing else but would keep them
    /// open; none where that is nothing.
    #[must_use]
    pub fn endings(&self) -> Option<Self> {
        let ended = |change: &&Change| change.was.is_some() && change.is_over(self.sick);
        let changes: Vec<Change> = self.changes.iter().filter(ended).cloned().collect();
        if changes.is_empty() { None } else { Some(Self { changes, kind: Kind::Change, ..self.clone() }) }
    }

    /// Whether it is urgent for the target at that position of its channel, from 0: only reminders are.
    #[must_use]
    pub fn is_urgent_for(&self, position: usize) -> bool {
        match self.kind {
            Kind::Reminder { urgent: Urgent::All, .. } => true,
            Kind::Reminder { urgent: Urgent::First(count), .. } => u32::try_from(position).is_ok_and(|at| at < count),
            Kind::Startup | Kind::Change | Kind::Test => false,
        }
    }
}

/// Reads a kind, or the `test` of the versions before there were kinds.
fn kind_or_test<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Test(bool),
        Kind(Kind),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::Kind(kind) => kind,
        Written::Test(true) => Kind::Test,
        Written::Test(false) => Kind::Change,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::death;
    use super::*;

    #[test]
    fn a_notice_of_a_version_without_kinds_is_read() {
        let written = serde_json::to_string(&death()).unwrap();
        let old = |test: &str| written.replace(r#","kind":"change""#, test);
        for (text, kind) in [
            (written.clone(), Kind::Change),
            (old(r#","test":false"#), Kind::Change),
            (old(r#","test":true"#), Kind::Test),
            (old(""), Kind::Change),
        ] {
            let read: Notice = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(read, Notice { kind, ..death() });
        }
    }

    #[test]
    fn every_kind_is_read_as_it_was_written() {
        let reminder = |urgent| Kind::Reminder { number: 3, urgent };
        for kind in [Kind::Startup, Kind::Change, reminder(Urgent::All), reminder(Urgent::First(2)), Kind::Test] {
            let notice = Notice { kind, ..death() };
            let written = serde_json::to_string(&notice).unwrap();
            assert_eq!(serde_json::from_str::<Notice>(&written).unwrap(), notice, "{written}");
        }
    }

    #[test]
    fn only_reminders_are_urgent_and_escalation_reaches_the_first_targets() {
        let urgent = |kind| {
            let notice = Notice { kind, ..death() };
            [0, 1, 2].map(|position| notice.is_urgent_for(position))
        };
        let reminder = |urgent| Kind::Reminder { number: 1, urgent };
        assert_eq!(urgent(reminder(Urgent::All)), [true; 3]);
        assert_eq!(urgent(reminder(Urgent::First(0))), [false; 3]);
        assert_eq!(urgent(reminder(Urgent::First(2))), [true, true, false]);
        for kind in [Kind::Startup, Kind::Change, Kind::Test] {
            assert_eq!(urgent(kind), [false; 3], "{kind:?}");
        }
    }
}
