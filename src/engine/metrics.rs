//! What Vigil counts of its own work, without a lock; whoever wants to see it takes a copy.

use std::array;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;

use super::plan::Lane;
use super::plan::Lanes;

/// How many bounds delays are sorted by.
const BOUNDS: usize = 13;

/// The bounds by which the delays of checks are sorted: from what it takes to wake a thread to a minute, after which it hardly
/// matters how much later it is. 1 s, from which on the log warns, is one of them.
pub const DELAYS: [Duration; BOUNDS] = [
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_mins(1),
];

/// What is counted since the program started.
pub(super) struct Metrics {
    checks: Lanes<LaneMetrics>,
    reports: AtomicU64,
    followed: Mutex<Followed>,
}

/// What is counted of the checks of a lane.
#[derive(Default)]
pub(super) struct LaneMetrics {
    /// Checks that came to their outcome.
    checks: AtomicU64,
    /// How many attempts began so late: at most by each bound and by more than the one before, and by more than all.
    begun: [AtomicU64; BOUNDS + 1],
    /// All delays together, in nanoseconds.
    delay: AtomicU64,
}

/// How the configuration is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed {
    /// Whether the file was taken the last time that it was read.
    pub is_latest: bool,
    /// When it was taken.
    pub since: Timestamp,
}

/// How late something was, as a histogram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delays {
    /// How many were late by at most each bound of [`DELAYS`] and by more than the one before; the last ones by more than all.
    pub counts: [u64; BOUNDS + 1],
    /// All delays together.
    pub sum: Duration,
}

/// How many threads a pool has, and what they have to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    /// The threads that there are.
    pub threads: usize,
    /// Those that are at work.
    pub busy: usize,
    /// The most that there may be.
    pub most: usize,
    /// The jobs that no thread has begun.
    pub waiting: usize,
}

/// What there is to say of the checks of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckFigures {
    /// `poll`, `script` or `queue`.
    pub kind: &'static str,
    /// How many came to their outcome.
    pub checks: u64,
    /// How long after they were due their attempts began.
    pub delays: Delays,
    /// The threads that make them.
    pub crowd: Crowd,
    /// How many of these wait for the address of a name.
    pub resolving: usize,
}

/// What Vigil has to say of its own work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Of its checks, by their kind.
    pub checks: Vec<CheckFigures>,
    /// How many reports it has taken.
    pub reports: u64,
    /// How it follows the configuration.
    pub followed: Followed,
}

impl Metrics {
    /// Nothing has happened yet; the configuration was taken at that time.
    pub(super) fn new(since: Timestamp) -> Self {
        let followed = Mutex::new(Followed { is_latest: true, since });
        Self { checks: Lanes::default(), reports: AtomicU64::new(0), followed }
    }

    /// Of the checks of that lane.
    pub(super) fn of(&self, lane: Lane) -> &LaneMetrics {
        self.checks.of(lane)
    }

    /// Counts a report that was taken.
    pub(super) fn count_report(&self) {
        self.reports.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were taken.
    pub(super) fn reports(&self) -> u64 {
        self.reports.load(Ordering::Relaxed)
    }

    /// Notes that the configuration was read again at that time, and taken.
    pub(super) fn follow(&self, now: Timestamp) {
        *self.lock() = Followed { is_latest: true, since: now };
    }

    /// Notes that it was read again, and refused.
    pub(super) fn refuse(&self) {
        self.lock().is_latest = false;
    }

    /// How it is followed.
    pub(super) fn followed(&self) -> Followed {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Followed> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LaneMetrics {
    /// Counts an attempt that begins so long after it was due.
    pub(super) fn begin(&self, late: Duration) {
        let place = DELAYS.iter().position(|bound| late <= *bound).unwrap_or(BOUNDS);
        if let Some(count) = self.begun.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        // It is full after 584 years of delay.
        self.delay.fetch_add(u64::try_from(late.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Counts a check that came to its outcome.
    pub(super) fn end(&self) {
        self.checks.fetch_add(1, Ordering::Relaxed);
    }

    /// How many came to theirs.
    pub(super) fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    /// How late attempts began.
    pub(super) fn delays(&self) -> Delays {
        let counts = array::from_fn(|place| self.begun.get(place).map_or(0, |count| count.load(Ordering::Relaxed)));
        Delays { counts, sum: Duration::from_nanos(self.delay.load(Ordering::Relaxed)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_counts_for_the_first_bound_that_it_does_not_exceed() {
        for (nanos, place) in [
            (0, 0),
            (1_000_000, 0),
            (1_000_001, 1),
            (999_999_999, 7),
            (1_000_000_000, 7),
            (1_000_000_001, 8),
            (60_000_000_000, 12),
            (60_000_000_001, 13),
            (u64::MAX, 13),
        ] {
            let metrics = LaneMetrics::default();
            metrics.begin(Duration::from_nanos(nanos));
            let mut wanted = Delays { sum: Duration::from_nanos(nanos), ..Delays::default() };
            wanted.counts[place] = 1;
            assert_eq!(metrics.delays(), wanted, "{nanos} ns");
        }
    }

    #[test]
    fn bounds_rise_and_the_delay_that_the_log_warns_of_is_one() {
        assert!(DELAYS.is_sorted_by(|one, next| one < next), "{DELAYS:?}");
        assert!(DELAYS.contains(&super::super::poll::LATE), "{DELAYS:?}");
    }

    #[test]
    fn each_lane_counts_its_own() {
        let metrics = Metrics::new(Timestamp::UNIX_EPOCH);
        metrics.of(Lane::Script).begin(Duration::from_secs(2));
        metrics.of(Lane::Script).begin(Duration::from_secs(3));
        metrics.of(Lane::Script).end();
        metrics.of(Lane::Queue).end();
        let of = |lane| {
            let lane = metrics.of(lane);
            (lane.checks(), lane.delays().counts.iter().sum::<u64>(), lane.delays().sum.as_secs())
        };
        assert_eq!(Lane::ALL.map(of), [(0, 0, 0), (1, 2, 5), (1, 0, 0)]);
    }

    #[test]
    fn a_configuration_that_is_refused_leaves_the_time_of_the_one_before() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let metrics = Metrics::new(at(1));
        assert_eq!(metrics.followed(), Followed { is_latest: true, since: at(1) });
        metrics.refuse();
        assert_eq!(metrics.followed(), Followed { is_latest: false, since: at(1) });
        metrics.follow(at(2));
        assert_eq!(metrics.followed(), Followed { is_latest: true, since: at(2) });
    }
}
