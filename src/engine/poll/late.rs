//! What is said of checks that begin too late: how late they are, and what keeps them.

use std::time::Duration;
use std::time::Instant;

use crate::model::words;

use super::super::plan::Lane;
use super::super::pool::Way;
use super::LATE;

/// A check that begins, perhaps late.
#[derive(Clone, Copy, Debug)]
pub(super) struct Late {
    /// When it was due.
    pub(super) due: Instant,
    /// When it came to the threads of its lane.
    pub(super) handed: Instant,
    /// When one of them began with it.
    pub(super) began: Instant,
    /// How it came to that one.
    pub(super) way: Way,
    /// How many of them there may be.
    pub(super) most: usize,
    /// For how long they have waited for names between the two, added up.
    pub(super) resolving: Duration,
}

/// What keeps checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Why {
    /// More are due than may be made at a time.
    Bound,
    /// So they are, and most of those that are being made wait for names to be resolved.
    Names,
    /// The machine, whose processors were not there when they were needed.
    Machine,
}

impl Late {
    /// How late it begins.
    pub(super) fn time(&self) -> Duration {
        self.began.saturating_duration_since(self.due)
    }

    /// Why.
    pub(super) fn why(&self) -> Why {
        match self.way {
            Way::Line if self.handed.saturating_duration_since(self.due) < LATE => {
                let most = u128::try_from(self.most).unwrap_or(u128::MAX);
                let half = self.in_line().as_nanos().saturating_mul(most) / 2;
                if self.resolving.as_nanos() > half { Why::Names } else { Why::Bound }
            }
            // Threads were free, or it was late before it needed one.
            Way::Line | Way::Free => Why::Machine,
        }
    }

    /// How many threads waited for names, on an average, while it stood in line.
    fn waiting(&self) -> usize {
        let threads = self.resolving.as_nanos().div_ceil(self.in_line().as_nanos().max(1));
        usize::try_from(threads).unwrap_or(usize::MAX).min(self.most)
    }

    fn in_line(&self) -> Duration {
        self.began.saturating_duration_since(self.handed)
    }
}

/// The warning for those of that lane, `targets` in number, of which so many are asked at a time, because the configuration
/// says so or in any case.
pub(super) fn words(lane: Lane, check: &Late, is_given: bool, targets: usize) -> String {
    let (time, most) = (words::duration(check.time()), check.most);
    let (what, one, key) = match lane {
        Lane::Poll => (format!("checks begin {time} late"), "replica", "poll_parallelism"),
        Lane::Script => (format!("scripts begin {time} late"), "script", "script_parallelism"),
        Lane::Queue => (format!("queues are looked at {time} late"), "queue", "queue_parallelism"),
    };
    let targets = if targets == 1 { format!("1 {one}") } else { format!("{targets} {one}s") };
    match (check.why(), is_given) {
        (Why::Bound, true) => format!("{what}: `{key}` = {most} is too low for {targets}"),
        (Why::Bound, false) => format!("{what}: {most} at a time are too few for {targets}"),
        (Why::Names, _) => format!("{what}: slow name resolution keeps {} of {most} at a time busy", check.waiting()),
        (Why::Machine, true) => format!("{what}: this machine does not keep up; `{key}` is not what delays them"),
        (Why::Machine, false) => format!("{what}: this machine does not keep up"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture;

    /// One of four at a time that was handed over and begun so many milliseconds after it was due, while threads waited for
    /// names for so long.
    fn late(handed: u64, began: u64, way: Way, resolving: u64) -> Late {
        let due = fixture::now().instant;
        let after = |millis| due + Duration::from_millis(millis);
        let resolving = Duration::from_millis(resolving);
        Late { due, handed: after(handed), began: after(began), way, most: 4, resolving }
    }

    #[test]
    fn only_who_stood_in_line_in_time_was_kept_by_the_bound_or_by_names() {
        for (handed, began, way, resolving, wanted) in [
            (0, 3_000, Way::Line, 0, Why::Bound),
            (999, 3_000, Way::Line, 0, Why::Bound),
            // Two of four all the time are half of them, and not more.
            (0, 3_000, Way::Line, 6_000, Why::Bound),
            (0, 3_000, Way::Line, 6_001, Why::Names),
            (0, 3_000, Way::Line, 12_000, Why::Names),
            (900, 2_900, Way::Line, 4_001, Why::Names),
            (1_000, 3_000, Way::Line, 0, Why::Machine),
            (1_000, 3_000, Way::Line, 8_000, Why::Machine),
            (0, 3_000, Way::Free, 0, Why::Machine),
            (0, 3_000, Way::Free, 12_000, Why::Machine),
            (5_000, 5_000, Way::Free, 0, Why::Machine),
            (0, 0, Way::Line, 0, Why::Bound),
        ] {
            let late = late(handed, began, way, resolving);
            assert_eq!(late.why(), wanted, "{handed} {began} {way:?} {resolving}");
        }
    }

    #[test]
    fn a_warning_names_what_is_the_cause() {
        let bound = late(0, 3_000, Way::Line, 0);
        let names = late(0, 3_000, Way::Line, 6_500);
        let machine = late(0, 3_000, Way::Free, 0);
        for (lane, late, is_given, targets, wanted) in [
            (Lane::Poll, bound, true, 40, "checks begin 3 s late: `poll_parallelism` = 4 is too low for 40 replicas"),
            (Lane::Poll, bound, false, 9, "checks begin 3 s late: 4 at a time are too few for 9 replicas"),
            (
                Lane::Poll,
                machine,
                true,
                40,
                "checks begin 3 s late: this machine does not keep up; `poll_parallelism` is not what delays them",
            ),
            (Lane::Poll, machine, false, 1, "checks begin 3 s late: this machine does not keep up"),
            (Lane::Poll, names, true, 9, "checks begin 3 s late: slow name resolution keeps 3 of 4 at a time busy"),
            (Lane::Poll, names, false, 9, "checks begin 3 s late: slow name resolution keeps 3 of 4 at a time busy"),
            (Lane::Script, bound, true, 2, "scripts begin 3 s late: `script_parallelism` = 4 is too low for 2 scripts"),
            (
                Lane::Queue,
                machine,
                true,
                1,
                "queues are looked at 3 s late: this machine does not keep up; `queue_parallelism` is not what delays them",
            ),
            (
                Lane::Queue,
                bound,
                true,
                1,
                "queues are looked at 3 s late: `queue_parallelism` = 4 is too low for 1 queue",
            ),
            (
                Lane::Queue,
                names,
                true,
                1,
                "queues are looked at 3 s late: slow name resolution keeps 3 of 4 at a time busy",
            ),
        ] {
            assert_eq!(words(lane, &late, is_given, targets), wanted);
        }
    }

    #[test]
    fn no_more_threads_are_said_to_wait_than_there_may_be() {
        // A thread that a smaller bound is to end may still wait.
        assert_eq!(late(0, 3_000, Way::Line, 30_000).waiting(), 4);
        assert_eq!(late(0, 0, Way::Line, 1).waiting(), 4);
    }
}
