//! What is said of checks that begin too late: how late they are, and what keeps them.

use std::time::Duration;
use std::time::Instant;

use crate::model::words;

use super::super::plan::Lane;
use super::super::pool::Way;

/// How late a check may start before it is worth a warning.
pub(super) const LATE: Duration = Duration::from_secs(1);

/// What keeps checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Why {
    /// More are due than may be made at a time.
    Bound,
    /// The machine, whose processors were not there when they were needed.
    Machine,
}

/// Why a check is late that was due at the one moment, came to the threads at the other, and to one of them in that way.
pub(super) fn why(due: Instant, handed: Instant, way: Way) -> Why {
    match way {
        Way::Line if handed.saturating_duration_since(due) < LATE => Why::Bound,
        // Threads were free, or it was late before it needed one.
        Way::Line | Way::Free => Why::Machine,
    }
}

/// The warning for those of that lane, `targets` in number, of which `most` are asked at a time, because the configuration
/// says so or in any case.
pub(super) fn words(lane: Lane, by: Duration, why: Why, most: usize, is_given: bool, targets: usize) -> String {
    let by = words::duration(by);
    let (what, one, key) = match lane {
        Lane::Poll => (format!("checks begin {by} late"), "replica", "poll_parallelism"),
        Lane::Script => (format!("scripts begin {by} late"), "script", "script_parallelism"),
        Lane::Queue => (format!("queues are looked at {by} late"), "queue", "queue_parallelism"),
    };
    let targets = if targets == 1 { format!("1 {one}") } else { format!("{targets} {one}s") };
    match (why, is_given) {
        (Why::Bound, true) => format!("{what}: `{key}` = {most} is too low for {targets}"),
        (Why::Bound, false) => format!("{what}: {most} at a time are too few for {targets}"),
        (Why::Machine, true) => format!("{what}: this machine does not keep up; `{key}` is not what delays them"),
        (Why::Machine, false) => format!("{what}: this machine does not keep up"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture;

    #[test]
    fn only_who_stood_in_line_in_time_was_kept_by_the_bound() {
        let due = fixture::now().instant;
        let after = |millis| due + Duration::from_millis(millis);
        for (handed, way, wanted) in [
            (after(0), Way::Line, Why::Bound),
            (after(999), Way::Line, Why::Bound),
            (after(1_000), Way::Line, Why::Machine),
            (after(0), Way::Free, Why::Machine),
            (after(5_000), Way::Free, Why::Machine),
        ] {
            assert_eq!(why(due, handed, way), wanted, "{:?} {way:?}", handed - due);
        }
    }

    #[test]
    fn a_warning_names_what_is_the_cause() {
        for (lane, why, is_given, targets, wanted) in [
            (
                Lane::Poll,
                Why::Bound,
                true,
                40,
                "checks begin 3 s late: `poll_parallelism` = 4 is too low for 40 replicas",
            ),
            (Lane::Poll, Why::Bound, false, 9, "checks begin 3 s late: 4 at a time are too few for 9 replicas"),
            (
                Lane::Poll,
                Why::Machine,
                true,
                40,
                "checks begin 3 s late: this machine does not keep up; `poll_parallelism` is not what delays them",
            ),
            (Lane::Poll, Why::Machine, false, 1, "checks begin 3 s late: this machine does not keep up"),
            (
                Lane::Script,
                Why::Bound,
                true,
                2,
                "scripts begin 3 s late: `script_parallelism` = 4 is too low for 2 scripts",
            ),
            (
                Lane::Queue,
                Why::Machine,
                true,
                1,
                "queues are looked at 3 s late: this machine does not keep up; `queue_parallelism` is not what delays them",
            ),
            (
                Lane::Queue,
                Why::Bound,
                true,
                1,
                "queues are looked at 3 s late: `queue_parallelism` = 4 is too low for 1 queue",
            ),
        ] {
            assert_eq!(words(lane, Duration::from_secs(3), why, 4, is_given, targets), wanted);
        }
    }
}
