//! How large a share of its time something was up, as a number and in words that never flatter.

use std::fmt;
use std::time::Duration;

use super::span::Span;
use super::status::Status;

/// How long something was up, down, and not watched or under planned maintenance, which is neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uptime {
    /// Healthy or sick.
    pub up: Duration,
    /// Dead.
    pub down: Duration,
    /// Vigil was not running, or nothing was known.
    pub unwatched: Duration,
    /// Planned maintenance, whatever the status was.
    pub maintenance: Duration,
}

/// Hundredths of a percent.
const WHOLE: u128 = 10_000;

impl Uptime {
    /// The uptime of a span.
    #[must_use]
    pub fn of(span: &Span) -> Self {
        let time = |status| span.time(Some(status));
        let up = time(Status::Healthy).saturating_add(time(Status::Sick));
        Self { up, down: time(Status::Dead), unwatched: span.time(None), maintenance: span.maintenance() }
    }

    /// Adds another time.
    pub fn merge(&mut self, other: &Self) {
        self.up = self.up.saturating_add(other.up);
        self.down = self.down.saturating_add(other.down);
        self.unwatched = self.unwatched.saturating_add(other.unwatched);
        self.maintenance = self.maintenance.saturating_add(other.maintenance);
    }

    /// The share of the time that counts in which it was up, from 0 to 1; none when nothing of it was watched. For people there
    /// is the text: this may be rounded up to 1.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        let (up, down) = (self.up.as_secs_f64(), self.down.as_secs_f64());
        (up + down > 0.0).then(|| up / (up + down))
    }
}

impl fmt::Display for Uptime {
    /// As percent: `99.98%`, rounded down, so that `100%` means no downtime at all; and `0%` no uptime: the least
    /// uptime is `0.01%`. `not watched` when nothing was.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (up, down) = (self.up.as_nanos(), self.down.as_nanos());
        // Far from an overflow: two durations are less than 2^95 ns, and the factor less than 2^14.
        let Some(share) = (up * WHOLE).checked_div(up + down) else {
            return f.write_str("not watched");
        };
        match if up > 0 { share.max(1) } else { share } {
            0 => f.write_str("0%"),
            WHOLE => f.write_str("100%"),
            share => write!(f, "{}.{:02}%", share / 100, share % 100),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn uptime(up: Duration, down: Duration) -> Uptime {
        Uptime { up, down, ..Uptime::default() }
    }

    fn durations() -> impl Strategy<Value = Duration> {
        (any::<u64>(), 0u32..1_000_000_000, 0u32..64)
            .prop_map(|(seconds, nanoseconds, shift)| Duration::new(seconds >> shift, nanoseconds))
    }

    #[test]
    fn the_text_never_flatters() {
        let day = Duration::from_hours(24);
        let (milli, zero) = (Duration::from_millis(1), Duration::ZERO);
        let nearly = (90 * day).saturating_sub(milli);
        for (up, down, wanted) in [
            (zero, zero, "not watched"),
            (day, zero, "100%"),
            (milli, zero, "100%"),
            (zero, day, "0%"),
            (zero, milli, "0%"),
            (nearly, milli, "99.99%"),
            (milli, nearly, "0.01%"),
            (day * 4 / 5, day / 5, "80.00%"),
            (Duration::from_mins(1_436), Duration::from_mins(4), "99.72%"),
            (Duration::from_millis(99_999), milli, "99.99%"),
            (Duration::from_millis(9_995), Duration::from_millis(5), "99.95%"),
            (Duration::MAX, Duration::from_nanos(1), "99.99%"),
            (Duration::MAX, Duration::MAX, "50.00%"),
            (Duration::from_nanos(1), Duration::MAX, "0.01%"),
        ] {
            assert_eq!(uptime(up, down).to_string(), wanted, "{up:?} up, {down:?} down");
        }
    }

    #[test]
    fn the_ratio_is_of_the_watched_time() {
        let second = Duration::from_secs(1);
        assert_eq!(Uptime { unwatched: second, ..Uptime::default() }.ratio(), None);
        assert_eq!(Uptime { unwatched: 8 * second, ..uptime(3 * second, second) }.ratio(), Some(0.75));
        assert_eq!(uptime(Duration::MAX, Duration::MAX).ratio(), Some(0.5));
    }

    #[test]
    fn sick_is_up_and_neither_unwatched_time_nor_maintenance_is_either() {
        let second = Duration::from_secs(1);
        let mut span = Span::of(Some(Status::Healthy), second);
        span.spend(Some(Status::Sick), 2 * second);
        span.spend(Some(Status::Dead), 4 * second);
        span.spend(None, 8 * second);
        span.maintain(32 * second);
        let mut uptime = Uptime::of(&span);
        assert_eq!(
            uptime,
            Uptime { up: 3 * second, down: 4 * second, unwatched: 8 * second, maintenance: 32 * second }
        );
        assert_eq!(uptime.to_string(), "42.85%");
        uptime.merge(&Uptime { up: Duration::MAX, ..uptime });
        assert_eq!(
            uptime,
            Uptime { up: Duration::MAX, down: 8 * second, unwatched: 16 * second, maintenance: 64 * second }
        );
    }

    proptest! {
        #[test]
        fn only_the_whole_is_all_and_only_nothing_is_none(up in durations(), down in durations()) {
            let text = uptime(up, down).to_string();
            prop_assert_eq!(text == "100%", down.is_zero() && !up.is_zero());
            prop_assert_eq!(text == "0%", up.is_zero() && !down.is_zero());
            if let (Ok(shown), false) = (text.trim_end_matches('%').parse::<f64>(), text == "0.01%") {
                let exact = uptime(up, down).ratio().unwrap() * 100.0;
                prop_assert!(shown <= exact + 1e-9 && exact < shown + 0.01 + 1e-9, "{shown} for {exact}");
            }
        }
    }
}
