//! In which lengths of time history is kept, for how long, and what it costs.
//!
//! A database spends some 20 bytes on a row and its key, five times what a quiet minute needs. So spans are stored by
//! the chunk, one row each; a chunk is forgotten as a whole, when its last span is too old. Of one replica that is
//! polled every 120 s there is, after a year (the bytes are those that the tests of [`super::chunk`] measure):
//!
//! | tier | kept for | spans | a chunk | chunks, with the oldest | bytes a span | bytes |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | minute | 48 h | 2,880 | 60, an hour | 49 | 4.1 | 12 kB |
//! | five minutes | 14 days | 4,032 | 72, six hours | 57 | 10.6 | 44 kB |
//! | hour | 90 days | 2,160 | 168, a week | 14 | 23 | 53 kB |
//! | day | ever | 365 | 32, 32 days | 13 | 57 | 24 kB |
//! | all | | 9,437 | | 133 | 14 | 132 kB |
//!
//! Response times of every magnitude, the worst for a histogram, make it 223 kB; polls every 30 s make it 207 kB. The
//! goal is 400 MB a year for 1,000 replicas, 400 kB for one. The database, in pages of 4 KiB that are four fifths full
//! after a year of inserts, takes 158 kB for the 132 kB and some 284 kB for the 223 kB; for 300 kB, the limit of the
//! test, it would take 380 kB. Each further year adds its days: 21 kB.

use std::time::Duration;

use jiff::Timestamp;

/// A length of time in which history is kept: the finer, the sooner forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// A minute.
    Minute,
    /// Five minutes.
    FiveMinutes,
    /// An hour.
    Hour,
    /// A day.
    Day,
}

const MINUTE: u32 = 60;
const HOUR: u32 = 60 * MINUTE;
const DAY: u32 = 24 * HOUR;

impl Tier {
    /// Every tier, from the finest to the coarsest. Each is made of whole spans of the one before.
    pub const ALL: [Self; 4] = [Self::Minute, Self::FiveMinutes, Self::Hour, Self::Day];

    /// How long its spans are.
    #[must_use]
    pub fn length(self) -> Duration {
        Duration::from_secs(self.seconds().into())
    }

    /// How long its spans are kept unless configured otherwise; none is for ever.
    #[must_use]
    pub fn retention(self) -> Option<Duration> {
        match self {
            Self::Minute => Some(Duration::from_hours(48)),
            Self::FiveMinutes => Some(Duration::from_hours(14 * 24)),
            Self::Hour => Some(Duration::from_hours(90 * 24)),
            Self::Day => None,
        }
    }

    /// How many of its spans are stored as one: an hour, six hours, a week, 32 days. Few enough that adding a span
    /// rewrites a page of the database or two, and many enough that a row's own cost hardly counts.
    #[must_use]
    pub fn spans_in_chunk(self) -> u32 {
        match self {
            Self::Minute => 60,
            Self::FiveMinutes => 72,
            Self::Hour => 168,
            Self::Day => 32,
        }
    }

    /// When the span began that `at` is in. All spans of a tier begin at multiples of their length since 1970 in UTC.
    #[must_use]
    pub fn start_of(self, at: Timestamp) -> Timestamp {
        floor(at, self.seconds())
    }

    /// When the chunk began that `at` is in.
    #[must_use]
    pub fn chunk_start_of(self, at: Timestamp) -> Timestamp {
        floor(at, self.chunk_seconds())
    }

    /// The position of the span that `at` is in, in its chunk, from 0.
    #[must_use]
    pub fn position_of(self, at: Timestamp) -> u32 {
        let into = whole_second(at).rem_euclid(self.chunk_seconds().into());
        u32::try_from(into).unwrap_or(0) / self.seconds()
    }

    /// When the chunk after that one begins.
    #[must_use]
    pub fn chunk_end_of(self, at: Timestamp) -> Timestamp {
        let length = Duration::from_secs(self.chunk_seconds().into());
        self.chunk_start_of(at).checked_add(length).unwrap_or(Timestamp::MAX)
    }

    fn seconds(self) -> u32 {
        match self {
            Self::Minute => MINUTE,
            Self::FiveMinutes => 5 * MINUTE,
            Self::Hour => HOUR,
            Self::Day => DAY,
        }
    }

    fn chunk_seconds(self) -> u32 {
        self.seconds().saturating_mul(self.spans_in_chunk())
    }
}

/// The last multiple of `seconds` that is not after `at`.
fn floor(at: Timestamp, seconds: u32) -> Timestamp {
    let second = whole_second(at);
    let start = second.saturating_sub(second.rem_euclid(seconds.into()));
    Timestamp::from_second(start).unwrap_or(Timestamp::MIN)
}

/// The last whole second that is not after `at`, before 1970 too.
fn whole_second(at: Timestamp) -> i64 {
    at.as_second().saturating_sub((at.subsec_nanosecond() < 0).into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_timestamp() -> impl Strategy<Value = Timestamp> {
        let nanoseconds = Timestamp::MIN.as_nanosecond()..=Timestamp::MAX.as_nanosecond();
        prop_oneof![nanoseconds, -200_000_000_000_000i128..200_000_000_000_000]
            .prop_map(|nanosecond| Timestamp::from_nanosecond(nanosecond).unwrap())
    }

    #[test]
    fn spans_and_chunks_begin_where_the_clock_of_utc_says() {
        let at = "2026-11-24T01:12:05.7Z".parse().unwrap();
        for (tier, span, chunk, position) in [
            (Tier::Minute, "2026-11-24T01:12:00Z", "2026-11-24T01:00:00Z", 12),
            (Tier::FiveMinutes, "2026-11-24T01:10:00Z", "2026-11-24T00:00:00Z", 14),
            (Tier::Hour, "2026-11-24T01:00:00Z", "2026-11-19T00:00:00Z", 121),
            (Tier::Day, "2026-11-24T00:00:00Z", "2026-11-11T00:00:00Z", 13),
        ] {
            assert_eq!(tier.start_of(at).to_string(), span);
            assert_eq!(tier.chunk_start_of(at).to_string(), chunk);
            assert_eq!(tier.position_of(at), position, "{tier:?}");
        }
    }

    #[test]
    fn before_1970_and_at_the_ends_of_time_nothing_breaks() {
        let at = "1969-12-31T23:59:59.9Z".parse().unwrap();
        assert_eq!(Tier::Minute.start_of(at).to_string(), "1969-12-31T23:59:00Z");
        assert_eq!(Tier::Minute.position_of(at), 59);
        assert_eq!(Tier::Day.start_of(Timestamp::MIN), Timestamp::MIN);
        assert_eq!(Tier::Day.chunk_end_of(Timestamp::MAX), Timestamp::MAX);
    }

    #[test]
    fn a_year_is_the_sum_of_what_is_kept() {
        let spans = |tier: Tier| {
            let kept = tier.retention().unwrap_or(Duration::from_hours(365 * 24));
            kept.as_secs() / tier.length().as_secs()
        };
        assert_eq!(Tier::ALL.map(spans), [2_880, 4_032, 2_160, 365]);
    }

    proptest! {
        #[test]
        fn a_moment_is_in_its_span_and_the_span_in_its_chunk(at in any_timestamp(), tier in prop::sample::select(Tier::ALL.to_vec())) {
            let (span, chunk) = (tier.start_of(at), tier.chunk_start_of(at));
            prop_assert!(chunk <= span && span <= at);
            if chunk > Timestamp::MIN {
                prop_assert_eq!(chunk + tier.length() * tier.position_of(at), span);
                prop_assert!(at.duration_since(span) < tier.length().try_into().unwrap());
                prop_assert_eq!(tier.start_of(span), span);
            }
            prop_assert!(tier.position_of(at) < tier.spans_in_chunk());
            prop_assert!(at < tier.chunk_end_of(at) || tier.chunk_end_of(at) == Timestamp::MAX);
        }
    }
}
