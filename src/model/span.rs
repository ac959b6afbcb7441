//! What a stretch of time held for one replica or node: how long it had which status, how it answered, how loaded it was.

use std::time::Duration;

use super::latency::Latencies;
use super::load::Loads;
use super::status::Status;
use super::varint;
use super::varint::DecodeError;

/// What a stretch of time held for one replica.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Milliseconds by status, then those that were not watched.
    times: [u64; 4],
    /// Milliseconds of planned maintenance, whatever the status was.
    maintenance: u64,
    /// The worst status there was outside of maintenance, for however short a time.
    worst: Option<Status>,
    /// How long it took to answer, whenever it did.
    pub latencies: Latencies,
    /// How loaded it was, whenever it said so.
    pub loads: Loads,
}

/// Bits of the first byte of a stored span. The lowest four say which of the times follow.
const WHOLE_SECONDS: u8 = 1 << 4;
/// How far up the worst status stands, in two bits: 0 is none.
const WORST: u8 = 5;
/// Whether response times follow, or loads and then, be there any or none, response times.
const MEASURES: u8 = 1 << 7;
/// How a summary of no response times begins.
const NO_LATENCIES: u64 = 0;
/// What comes before a span with time of maintenance, which follows in milliseconds. No other first byte is that: a span
/// without any time is in whole seconds.
const MAINTAINED: u8 = 0;

impl Span {
    /// A span that held one thing: that status, or that nobody watched.
    #[must_use]
    pub fn of(status: Option<Status>, time: Duration) -> Self {
        let mut span = Self::default();
        span.spend(status, time);
        span
    }

    /// A span of planned maintenance.
    #[must_use]
    pub fn of_maintenance(time: Duration) -> Self {
        let mut span = Self::default();
        span.maintain(time);
        span
    }

    /// Adds time of planned maintenance, in whole milliseconds: it is neither up nor down, whatever the status is.
    pub fn maintain(&mut self, time: Duration) {
        self.maintenance = self.maintenance.saturating_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    }

    /// Adds time with a status; without one it was not watched, which is neither up nor down. Counts whole milliseconds:
    /// who cuts time at those loses nothing. A status without time still counts for the worst.
    pub fn spend(&mut self, status: Option<Status>, time: Duration) {
        let time_spent = &mut self.times[place(status)];
        *time_spent = time_spent.saturating_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        self.worst = self.worst.max(status);
    }

    /// Takes in all that another span held: another stretch of time, or another replica.
    pub fn merge(&mut self, other: &Self) {
        for (own, time) in self.times.iter_mut().zip(other.times) {
            *own = own.saturating_add(time);
        }
        self.maintenance = self.maintenance.saturating_add(other.maintenance);
        self.worst = self.worst.max(other.worst);
        self.latencies.merge(&other.latencies);
        self.loads.merge(&other.loads);
    }

    /// Turns time with one status into time with another, as far as there is any: what was taken for the one turns out
    /// to have been the other. Gives the time that was turned.
    pub fn shift(&mut self, from: Option<Status>, to: Option<Status>, time: Duration) -> Duration {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).min(self.times[place(from)]);
        let time = Duration::from_millis(millis);
        if millis > 0 {
            self.times[place(from)] = self.times[place(from)].saturating_sub(millis);
            self.spend(to, time);
        }
        time
    }

    /// Makes it no longer than `room`; what goes first is time that was not watched, then maintenance, then the best there
    /// was.
    pub fn cut_to(&mut self, room: Duration) {
        let mut excess = u64::try_from(self.length().saturating_sub(room).as_millis()).unwrap_or(u64::MAX);
        let [healthy, sick, dead, unwatched] = &mut self.times;
        for time in [unwatched, &mut self.maintenance, healthy, sick, dead] {
            let cut = excess.min(*time);
            (*time, excess) = (time.saturating_sub(cut), excess.saturating_sub(cut));
        }
    }

    /// The time with a status, or without one the time that was not watched.
    #[must_use]
    pub fn time(&self, status: Option<Status>) -> Duration {
        Duration::from_millis(self.times[place(status)])
    }

    /// The time of planned maintenance.
    #[must_use]
    pub fn maintenance(&self) -> Duration {
        Duration::from_millis(self.maintenance)
    }

    /// All its time.
    #[must_use]
    pub fn length(&self) -> Duration {
        Duration::from_millis(self.times.iter().fold(self.maintenance, |all, time| all.saturating_add(*time)))
    }

    /// The worst status there was outside of maintenance; none when all was not watched, or under maintenance.
    #[must_use]
    pub fn worst(&self) -> Option<Status> {
        self.worst
    }

    /// Appends the bytes to be stored: two for a minute that was healthy throughout, six if it held a response time, some
    /// thirteen if it held loads; three more for one of maintenance.
    pub fn encode(&self, out: &mut Vec<u8>) {
        if self.maintenance > 0 {
            out.push(MAINTAINED);
            varint::put(out, self.maintenance);
        }
        let whole = self.times.iter().all(|time| time.is_multiple_of(1_000));
        let mut head = if whole { WHOLE_SECONDS } else { 0 };
        head |= self.worst.map_or(0, |worst| worst as u8 + 1) << WORST;
        for (place, time) in self.times.iter().enumerate() {
            head |= u8::from(*time > 0) << place;
        }
        let (has_latencies, has_loads) = (self.latencies.count() > 0, self.loads.count() > 0);
        head |= if has_latencies || has_loads { MEASURES } else { 0 };
        out.push(head);
        for time in self.times.iter().filter(|time| **time > 0) {
            varint::put(out, if whole { time / 1_000 } else { *time });
        }
        if has_loads {
            // No summary of response times that is stored by itself begins like that.
            varint::put(out, NO_LATENCIES);
            self.loads.encode(out);
        }
        if has_latencies || has_loads {
            self.latencies.encode(out);
        }
    }

    /// Takes a span from the front of stored bytes.
    ///
    /// # Errors
    /// [`DecodeError`], when they are no span.
    pub fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let mut head = varint::take_byte(input)?;
        let mut maintenance = 0;
        if head == MAINTAINED {
            maintenance = varint::take(input)?;
            head = varint::take_byte(input)?;
        }
        let unit = if head & WHOLE_SECONDS == 0 { 1 } else { 1_000 };
        let mut span = Self { maintenance, ..Self::default() };
        for (place, time) in span.times.iter_mut().enumerate() {
            if head & 1 << place != 0 {
                *time = varint::take(input)?.checked_mul(unit).ok_or(DecodeError::Wrong("time"))?;
            }
        }
        let worst = usize::from(head >> WORST & 3).checked_sub(1);
        span.worst = worst.and_then(|worst| Status::ALL.get(worst).copied());
        let spent = Status::ALL.into_iter().filter(|status| span.times[place(Some(*status))] > 0);
        if Status::worst_of(spent) > span.worst {
            return Err(DecodeError::Wrong("worst status"));
        }
        if head & MEASURES != 0 {
            span.latencies = Latencies::decode(input)?;
            if span.latencies.count() == 0 {
                span.loads = Loads::decode(input)?;
                span.latencies = Latencies::decode(input)?;
            }
        }
        Ok(span)
    }
}

/// Where a time is kept.
fn place(status: Option<Status>) -> usize {
    status.map_or(Status::ALL.len(), |status| status as usize)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::observation::Load;
    use super::*;

    fn spans() -> impl Strategy<Value = Span> {
        let status = prop::option::of(prop::sample::select(Status::ALL.to_vec()));
        let time = prop_oneof![(0u64..90).prop_map(|seconds| seconds * 1_000), 0u64..90_000, any::<u64>()];
        let latencies = prop::collection::vec(0u64..3_000_000, 0..9);
        let loads = prop::collection::vec((0.0..2.0, 0.0..1.0), 0..4);
        let maintenance = prop_oneof![Just(0), 0u64..90_000, any::<u64>()];
        (prop::collection::vec((status, time), 0..6), maintenance, latencies, loads).prop_map(
            |(times, maintenance, latencies, loads)| {
                let mut span = Span::of_maintenance(Duration::from_millis(maintenance));
                for (status, time) in times {
                    span.spend(status, Duration::from_millis(time));
                }
                for micros in latencies {
                    span.latencies.add(Duration::from_micros(micros));
                }
                for (cpu, ram) in loads {
                    span.loads.add(Load { cpu, ram });
                }
                span
            },
        )
    }

    fn encoded(span: &Span) -> Vec<u8> {
        let mut out = Vec::new();
        span.encode(&mut out);
        out
    }

    fn merged(all: &[&Span]) -> Span {
        let mut whole = Span::default();
        for one in all {
            whole.merge(one);
        }
        whole
    }

    #[test]
    fn what_turns_out_otherwise_is_shifted_as_far_as_it_goes() {
        let seconds = Duration::from_secs;
        let mut span = Span::of(Some(Status::Healthy), seconds(40));
        assert_eq!(span.shift(Some(Status::Healthy), Some(Status::Dead), seconds(5)), seconds(5));
        assert_eq!(span.shift(Some(Status::Sick), Some(Status::Dead), seconds(5)), Duration::ZERO);
        assert_eq!(span.shift(Some(Status::Healthy), Some(Status::Sick), seconds(50)), seconds(35));
        assert_eq!(Status::ALL.map(|status| span.time(Some(status)).as_secs()), [0, 35, 5]);
        assert_eq!(span.worst(), Some(Status::Dead));
    }

    #[test]
    fn too_long_a_span_loses_its_best_times_first() {
        let seconds = Duration::from_secs;
        let mut span = Span::of(Some(Status::Healthy), seconds(40));
        span.spend(Some(Status::Dead), seconds(15));
        span.spend(None, seconds(10));
        for (room, wanted) in [(90, [40, 0, 15]), (60, [40, 0, 15]), (45, [30, 0, 15]), (10, [0, 0, 10]), (0, [0; 3])] {
            span.cut_to(seconds(room));
            assert_eq!(Status::ALL.map(|status| span.time(Some(status)).as_secs()), wanted, "{room}");
            assert_eq!(
                span.length(),
                seconds(
                    wanted.iter().sum::<u64>()
                        + if room == 90 {
                            10
                        } else if room == 60 {
                            5
                        } else {
                            0
                        }
                )
            );
        }
    }

    #[test]
    fn times_add_up_and_the_worst_stays() {
        let seconds = Duration::from_secs;
        let mut span = Span::of(Some(Status::Healthy), seconds(40));
        span.spend(None, seconds(10));
        assert_eq!(span.worst(), Some(Status::Healthy));
        span.spend(Some(Status::Dead), Duration::ZERO);
        span.spend(Some(Status::Sick), Duration::from_millis(9_999));
        span.spend(Some(Status::Sick), Duration::from_micros(1_999));
        assert_eq!(span.worst(), Some(Status::Dead));
        assert_eq!(span.time(Some(Status::Healthy)), seconds(40));
        assert_eq!(span.time(Some(Status::Sick)), seconds(10));
        assert_eq!(span.time(Some(Status::Dead)), Duration::ZERO);
        assert_eq!((span.time(None), span.length()), (seconds(10), seconds(60)));
        span.spend(None, Duration::MAX);
        assert_eq!(span.length(), Duration::from_millis(u64::MAX));
        assert_eq!(Span::of(None, seconds(1)).worst(), None);
    }

    #[test]
    fn maintenance_is_neither_up_nor_down_and_no_status() {
        let seconds = Duration::from_secs;
        let mut span = Span::of_maintenance(seconds(40));
        assert_eq!((span.worst(), span.maintenance(), span.length()), (None, seconds(40), seconds(40)));
        assert_eq!(
            [None, Some(Status::Healthy), Some(Status::Dead)].map(|status| span.time(status)),
            [Duration::ZERO; 3]
        );
        span.spend(Some(Status::Healthy), seconds(10));
        assert_eq!(span.shift(Some(Status::Healthy), Some(Status::Dead), seconds(30)), seconds(10));
        span.merge(&Span::of_maintenance(seconds(5)));
        assert_eq!((span.time(Some(Status::Dead)), span.maintenance()), (seconds(10), seconds(45)));
        span.spend(None, seconds(5));
        span.cut_to(seconds(20));
        assert_eq!((span.time(None), span.maintenance(), span.length()), (Duration::ZERO, seconds(10), seconds(20)));
    }

    #[test]
    fn plain_spans_take_few_bytes() {
        let with = |millis, latencies: &[u64]| {
            let mut span = Span::of(Some(Status::Healthy), Duration::from_millis(millis));
            for micros in latencies {
                span.latencies.add(Duration::from_micros(*micros));
            }
            span
        };
        for (span, bytes) in [
            (Span::default(), 1),
            (with(60_000, &[]), 2),
            (Span::of(None, Duration::from_hours(1)), 3),
            (with(60_000, &[12_345]), 5),
            (with(60_000, &[123_456]), 6),
            (with(60_000, &[2_100_000]), 7),
            (with(59_999, &[123_456]), 8),
            (with(300_000, &[80_000, 85_000, 90_000]), 11),
            (Span::of_maintenance(Duration::from_mins(1)), 5),
        ] {
            assert_eq!(encoded(&span).len(), bytes, "{span:?}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (bytes, wanted) in [
            (&[][..], DecodeError::Short),
            (&[1], DecodeError::Short),
            (&[0], DecodeError::Short),
            (&[0, 60], DecodeError::Short),
            (&[0b1010_0001, 60], DecodeError::Short),
            (&[0b0011_0100, 60], DecodeError::Wrong("worst status")),
            (&[0b0001_1000, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], DecodeError::Wrong("time")),
        ] {
            assert_eq!(Span::decode(&mut &*bytes), Err(wanted), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn merging_needs_no_order((a, b, c) in (spans(), spans(), spans())) {
            let whole = merged(&[&a, &b, &c]);
            prop_assert_eq!(&merged(&[&c, &b, &a]), &whole);
            prop_assert_eq!(&merged(&[&a, &merged(&[&b, &c])]), &whole);
            prop_assert_eq!(merged(&[&a, &Span::default()]), a);
        }

        #[test]
        fn a_span_is_read_as_it_was_written(span in spans(), rest in prop::collection::vec(any::<u8>(), 0..4)) {
            let bytes = [encoded(&span), rest.clone()].concat();
            let mut input = &*bytes;
            prop_assert_eq!(Span::decode(&mut input), Ok(span));
            prop_assert_eq!(input, &*rest);
        }

        #[test]
        fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(span) = Span::decode(&mut &*bytes) {
                prop_assert_eq!(Span::decode(&mut &*encoded(&span)), Ok(span));
            }
        }
    }
}
