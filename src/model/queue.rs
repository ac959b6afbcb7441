//! How long a message queue is, and when that is too long.

use std::fmt;

use serde_derive::Deserialize;
use serde_derive::Serialize;

use super::cause::Cause;
use super::cause::Failure;
use super::status::Status;
use super::words;

/// How many messages a queue holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// Those that wait for somebody to take them.
    pub ready: u64,
    /// Those that somebody has taken and not acknowledged yet.
    pub unacknowledged: u64,
}

/// When a queue counts as sick or dead; without any bound it never does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueLimits {
    /// For the messages that wait.
    pub ready: Bounds,
    /// For those that are not acknowledged.
    pub unacknowledged: Bounds,
}

/// How many messages are too many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// From this number on it is sick; none for never.
    pub healthy_below: Option<u64>,
    /// Above this number it is dead; none for never.
    pub dead_above: Option<u64>,
}

/// A number of messages that is too high, and by which bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TooMany {
    /// So many, when it is healthy only below a number.
    NotBelow(u64, u64),
    /// So many, above the number from which on it is dead.
    Above(u64, u64),
}

/// Why it is not known how long a queue is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// Whoever could tell did not answer as it should.
    Failed(Failure),
    /// It does not accept the user, or not for that virtual host, with this HTTP status.
    Unauthorized(u16),
    /// It knows no such queue.
    Missing,
    /// It answered without lengths: there are none of a new queue, nor of one whose server is down.
    NoLengths,
}

impl QueueLimits {
    /// The status of a queue of these lengths, and why it is not healthy.
    #[must_use]
    pub fn judge(&self, lengths: Lengths) -> (Status, Option<Cause>) {
        let excess = |excess: fn(&Bounds, u64) -> Option<TooMany>| match (
            excess(&self.ready, lengths.ready),
            excess(&self.unacknowledged, lengths.unacknowledged),
        ) {
            (None, None) => None,
            (ready, unacknowledged) => Some(Cause::Queue { ready, unacknowledged }),
        };
        if let Some(cause) = excess(Bounds::deadly) {
            return (Status::Dead, Some(cause));
        }
        excess(Bounds::sickening).map_or((Status::Healthy, None), |cause| (Status::Sick, Some(cause)))
    }
}

impl Bounds {
    fn deadly(&self, messages: u64) -> Option<TooMany> {
        self.dead_above.filter(|most| messages > *most).map(|most| TooMany::Above(messages, most))
    }

    fn sickening(&self, messages: u64) -> Option<TooMany> {
        self.healthy_below.filter(|limit| messages >= *limit).map(|limit| TooMany::NotBelow(messages, limit))
    }
}

impl TooMany {
    fn messages(self) -> u64 {
        match self {
            Self::NotBelow(messages, _) | Self::Above(messages, _) => messages,
        }
    }

    /// The bound, as it follows the number.
    fn bound(self) -> String {
        match self {
            Self::NotBelow(_, limit) => format!("healthy is below {}", words::count(limit)),
            Self::Above(_, most) => format!("more than {}", words::count(most)),
        }
    }
}

impl Unread {
    /// In words for everybody: what is wrong with the account is for the log.
    #[must_use]
    pub fn in_public(&self) -> String {
        match self {
            Self::Unauthorized(status) => format!("HTTP {status}"),
            Self::Failed(_) | Self::Missing | Self::NoLengths => self.to_string(),
        }
    }
}

/// `12 ready, 3 unacknowledged`
impl fmt::Display for Lengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ready, {} unacknowledged", words::count(self.ready), words::count(self.unacknowledged))
    }
}

/// What is too long about a queue, in words.
pub(super) fn excess(
    f: &mut fmt::Formatter<'_>,
    ready: Option<TooMany>,
    unacknowledged: Option<TooMany>,
) -> fmt::Result {
    let first = |excess: TooMany, what| {
        let messages = excess.messages();
        let s = if messages == 1 { "" } else { "s" };
        format!("queue has {} message{s} {what}, {}", words::count(messages), excess.bound())
    };
    match (ready, unacknowledged) {
        (Some(ready), None) => f.write_str(&first(ready, "ready")),
        (None, Some(unacknowledged)) => f.write_str(&first(unacknowledged, "unacknowledged")),
        (Some(ready), Some(other)) => {
            let messages = words::count(other.messages());
            write!(f, "{}, and {messages} unacknowledged, {}", first(ready, "ready"), other.bound())
        }
        (None, None) => f.write_str("queue is too long"),
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => failure.fmt(f),
            Self::Unauthorized(status) => {
                write!(f, "HTTP {status}, the user or the password is wrong, or the user may not see the virtual host")
            }
            Self::Missing => f.write_str("HTTP 404, there is no such queue"),
            Self::NoLengths => f.write_str("the answer does not say it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NONE: Bounds = Bounds { healthy_below: None, dead_above: None };

    fn bounds(healthy_below: u64, dead_above: u64) -> Bounds {
        Bounds { healthy_below: Some(healthy_below), dead_above: Some(dead_above) }
    }

    #[test]
    fn a_queue_is_sick_from_one_number_on_and_dead_above_another() {
        let both = QueueLimits { ready: bounds(500, 1_000), unacknowledged: bounds(100, 200) };
        let old = QueueLimits {
            ready: Bounds { healthy_below: Some(500), dead_above: None },
            unacknowledged: Bounds { healthy_below: Some(100), dead_above: None },
        };
        let abrupt = QueueLimits { ready: bounds(1, 0), unacknowledged: NONE };
        for (limits, ready, unacknowledged, wanted) in [
            (both, 0, 0, "healthy"),
            (both, 499, 99, "healthy"),
            (both, 500, 0, "sick: queue has 500 messages ready, healthy is below 500"),
            (both, 1_000, 0, "sick: queue has 1,000 messages ready, healthy is below 500"),
            (both, 1_001, 0, "dead: queue has 1,001 messages ready, more than 1,000"),
            (both, 0, 100, "sick: queue has 100 messages unacknowledged, healthy is below 100"),
            (both, 0, 200, "sick: queue has 200 messages unacknowledged, healthy is below 100"),
            (both, 0, 201, "dead: queue has 201 messages unacknowledged, more than 200"),
            (
                both,
                700,
                150,
                "sick: queue has 700 messages ready, healthy is below 500, and 150 unacknowledged, healthy is below 100",
            ),
            // What is only sick does not matter beside what is dead.
            (both, 1_200_000, 150, "dead: queue has 1,200,000 messages ready, more than 1,000"),
            (
                both,
                2_000,
                300,
                "dead: queue has 2,000 messages ready, more than 1,000, and 300 unacknowledged, more than 200",
            ),
            (old, u64::MAX, 0, "sick: queue has 18,446,744,073,709,551,615 messages ready, healthy is below 500"),
            (abrupt, 0, u64::MAX, "healthy"),
            (abrupt, 1, 0, "dead: queue has 1 message ready, more than 0"),
            (QueueLimits::default(), u64::MAX, u64::MAX, "healthy"),
        ] {
            let (status, cause) = limits.judge(Lengths { ready, unacknowledged });
            let told = cause.map_or_else(|| status.to_string(), |cause| format!("{status}: {cause}"));
            assert_eq!(told, wanted, "{limits:?}");
        }
    }

    #[test]
    fn why_a_queue_is_not_known_names_neither_it_nor_its_server() {
        for (unread, wanted) in [
            (Unread::Failed(Failure::Refused), "connection refused"),
            (
                Unread::Unauthorized(401),
                "HTTP 401, the user or the password is wrong, or the user may not see the virtual host",
            ),
            (Unread::Missing, "HTTP 404, there is no such queue"),
            (Unread::NoLengths, "the answer does not say it"),
        ] {
            assert_eq!(unread.to_string(), wanted);
        }
        assert_eq!(Unread::Unauthorized(401).in_public(), "HTTP 401");
        assert_eq!(Unread::Missing.in_public(), "HTTP 404, there is no such queue");
    }

    proptest! {
        /// Whatever the bounds are, more messages never make a queue better.
        #[test]
        fn a_longer_queue_is_never_healthier(
            bounds in prop::collection::vec(prop::option::of(0_u64..50), 4),
            lengths in prop::collection::vec(0_u64..60, 4),
        ) {
            let of = |at: usize| Bounds { healthy_below: bounds[at], dead_above: bounds[at + 1] };
            let limits = QueueLimits { ready: of(0), unacknowledged: of(2) };
            let less = Lengths { ready: lengths[0], unacknowledged: lengths[1] };
            let more = Lengths { ready: lengths[0] + lengths[2], unacknowledged: lengths[1] + lengths[3] };
            prop_assert!(limits.judge(less).0 <= limits.judge(more).0);
        }
    }
}
