//! A summary of response times that can be merged: how many, their mean, the least, the greatest, and quantiles.

use std::time::Duration;

use super::histogram::Histogram;
use super::varint;
use super::varint::DecodeError;

/// A summary of response times, exact to the microsecond. None is longer than [`Latencies::LONGEST`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latencies {
    /// Microseconds, as are the next two.
    sum: u64,
    min: u64,
    max: u64,
    /// Empty only if there are no response times at all.
    histogram: Histogram,
}

/// Up to so many response times are stored one by one: they follow from count, sum, least and greatest.
const FEW: u64 = 3;

impl Latencies {
    /// What is longer counts as this: nothing waits for an answer that long.
    pub const LONGEST: Duration = Duration::from_micros(Histogram::LONGEST);

    /// Takes in a response time.
    pub fn add(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.merge(&Self::one(micros.min(Histogram::LONGEST)));
    }

    /// Takes in all that another summary has.
    pub fn merge(&mut self, other: &Self) {
        if other.histogram.is_empty() {
            return;
        }
        self.min = if self.histogram.is_empty() { other.min } else { self.min.min(other.min) };
        self.max = self.max.max(other.max);
        self.sum = self.sum.saturating_add(other.sum);
        self.histogram.merge(&other.histogram);
    }

    /// How many response times there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.histogram.count()
    }

    /// Their mean.
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        let mean = self.sum.checked_div(self.count())?;
        Some(Duration::from_micros(mean.clamp(self.min, self.max)))
    }

    /// The least.
    #[must_use]
    pub fn min(&self) -> Option<Duration> {
        (!self.histogram.is_empty()).then_some(Duration::from_micros(self.min))
    }

    /// The greatest.
    #[must_use]
    pub fn max(&self) -> Option<Duration> {
        (!self.histogram.is_empty()).then_some(Duration::from_micros(self.max))
    }

    /// The response time that a `share` of all, from 0 to 1, does not exceed: `0.5` is the median. At most 5 % from the
    /// exact one, if that is 0.1 ms or more, and never beyond the least or the greatest.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let count = self.count();
        #[expect(
            clippy::cast_precision_loss,
            reason = "beyond 2^53 response times nobody can tell one rank from the next"
        )]
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, and NaN is 0")]
        let rank = ((share * count as f64).ceil() as u64).clamp(1, count.max(1));
        if rank == count {
            return self.max();
        }
        let middle = self.histogram.ranked(rank)?;
        let micros = if rank == 1 { self.min } else { middle.clamp(self.min, self.max) };
        Some(Duration::from_micros(micros))
    }

    /// Appends the bytes to be stored: one when there is nothing, some 4 for one response time, some 8 for three,
    /// beyond that some 10 and one or two a bucket.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let middle = self.sum.saturating_sub(self.min).saturating_sub(self.max);
        match self.count() {
            0 => encode_few(out, &[]),
            1 => encode_few(out, &[self.min]),
            2 => encode_few(out, &[self.min, self.max]),
            FEW => encode_few(out, &[self.min, middle, self.max]),
            count => self.encode_many(out, count),
        }
    }

    /// Takes a summary from the front of stored bytes.
    ///
    /// # Errors
    /// [`DecodeError`], when they are no summary.
    pub fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let head = varint::take(input)?;
        match head.checked_sub(FEW) {
            None | Some(0) => Self::decode_few(head, input),
            Some(buckets) => Self::decode_many(buckets, input),
        }
    }

    fn one(micros: u64) -> Self {
        Self { sum: micros, min: micros, max: micros, histogram: Histogram::one(micros) }
    }

    fn decode_few(count: u64, input: &mut &[u8]) -> Result<Self, DecodeError> {
        let mut all = Self::default();
        for _ in 0..count {
            let micros = all.max.saturating_add(varint::take(input)?);
            if micros > Histogram::LONGEST {
                return Err(DecodeError::Wrong("response time"));
            }
            all.merge(&Self::one(micros));
        }
        Ok(all)
    }

    /// How many buckets there are, each one, then the least, the greatest and the sum, as what they are above the least
    /// that they can be.
    fn encode_many(&self, out: &mut Vec<u8>, count: u64) {
        let Some((first, last)) = self.histogram.begins() else { return };
        varint::put(out, FEW.saturating_add(self.histogram.buckets()));
        self.histogram.encode(out);
        varint::put(out, self.min.saturating_sub(first));
        varint::put(out, self.max.saturating_sub(last));
        varint::put(out, self.sum.saturating_sub(self.min.saturating_mul(count)));
    }

    fn decode_many(buckets: u64, input: &mut &[u8]) -> Result<Self, DecodeError> {
        let histogram = Histogram::decode(buckets, input)?;
        let count = histogram.count();
        let (first, last) = histogram.begins().ok_or(DecodeError::Wrong("number of buckets"))?;
        let min = first.saturating_add(varint::take(input)?);
        let max = last.saturating_add(varint::take(input)?);
        if count <= FEW || !histogram.is_within(min, max) {
            return Err(DecodeError::Wrong("response time"));
        }
        let sum = min.saturating_mul(count).checked_add(varint::take(input)?).ok_or(DecodeError::Wrong("sum"))?;
        Ok(Self { sum, min, max, histogram })
    }
}

/// How many, then what each has above the one before.
fn encode_few(out: &mut Vec<u8>, sorted: &[u64]) {
    varint::put(out, sorted.len() as u64);
    let mut last = 0;
    for micros in sorted {
        varint::put(out, micros.saturating_sub(last));
        last = *micros;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LONGEST: u64 = Histogram::LONGEST;

    fn summary(micros: &[u64]) -> Latencies {
        let mut all = Latencies::default();
        for micros in micros {
            all.add(Duration::from_micros(*micros));
        }
        all
    }

    fn merged(all: &[&Latencies]) -> Latencies {
        let mut whole = Latencies::default();
        for one in all {
            whole.merge(one);
        }
        whole
    }

    fn encoded(all: &Latencies) -> Vec<u8> {
        let mut out = Vec::new();
        all.encode(&mut out);
        out
    }

    /// Response times of every magnitude, and crowds of similar ones.
    fn micros() -> impl Strategy<Value = Vec<u64>> {
        let any_size = (0u32..38).prop_flat_map(|bits| 0..=(1u64 << bits).min(LONGEST));
        prop_oneof![
            prop::collection::vec(any_size, 0..60),
            prop::collection::vec(20_000u64..200_000, 0..200),
            prop::collection::vec(5_000u64..5_050, 0..200),
        ]
    }

    #[test]
    fn nothing_has_no_times() {
        let none = Latencies::default();
        assert_eq!(
            (none.count(), none.mean(), none.min(), none.max(), none.quantile(0.5)),
            (0, None, None, None, None)
        );
    }

    #[test]
    fn the_figures_are_those_of_the_response_times() {
        let all = summary(&[12_000, 18_000, 90_000]);
        let millis = |millis| Some(Duration::from_millis(millis));
        assert_eq!((all.count(), all.mean(), all.min(), all.max()), (3, millis(40), millis(12), millis(90)));
        assert_eq!(
            (all.quantile(0.0), all.quantile(1.0), all.quantile(f64::NAN)),
            (millis(12), millis(90), millis(12))
        );
    }

    #[test]
    fn what_is_longer_than_a_day_counts_as_a_day() {
        let mut all = summary(&[LONGEST + 1]);
        all.add(Duration::MAX);
        assert_eq!((all.min(), all.max()), (Some(Latencies::LONGEST), Some(Latencies::LONGEST)));
    }

    #[test]
    fn few_response_times_take_few_bytes() {
        for (micros, bytes) in [
            (&[][..], 1),
            (&[12_345], 3),
            (&[123_456], 4),
            (&[2_100_000], 5),
            (&[86_400_000_000], 7),
            (&[80_000, 90_000], 6),
            (&[80_000, 90_000, 95_000], 8),
            (&[80_000, 80_100, 90_000, 95_000], 12),
        ] {
            assert_eq!(encoded(&summary(micros)).len(), bytes, "{micros:?}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (bytes, wanted) in [
            (&[][..], DecodeError::Short),
            (&[1], DecodeError::Short),
            (&[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], DecodeError::Wrong("response time")),
            (&[4, 3, 0, 0, 0], DecodeError::Wrong("response time")),
            (&[4, 5, 0, 100, 0], DecodeError::Wrong("response time")),
            (&[4, 5, 9, 8, 0], DecodeError::Wrong("response time")),
        ] {
            assert_eq!(Latencies::decode(&mut &*bytes), Err(wanted), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn merging_needs_no_order((a, b, c) in (micros(), micros(), micros())) {
            let whole = summary(&[a.clone(), b.clone(), c.clone()].concat());
            let (a, b, c) = (summary(&a), summary(&b), summary(&c));
            prop_assert_eq!(&merged(&[&a, &b, &c]), &whole);
            prop_assert_eq!(&merged(&[&c, &a, &b]), &whole);
            prop_assert_eq!(&merged(&[&a, &merged(&[&b, &c])]), &whole);
        }

        #[test]
        fn a_summary_is_read_as_it_was_written(micros in micros(), rest in prop::collection::vec(any::<u8>(), 0..4)) {
            let all = summary(&micros);
            let bytes = [encoded(&all), rest.clone()].concat();
            let mut input = &*bytes;
            prop_assert_eq!(Latencies::decode(&mut input), Ok(all));
            prop_assert_eq!(input, &*rest);
        }

        /// What is read from any bytes is a summary like any other.
        #[test]
        fn no_bytes_do_harm(head in 0u8..9, bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(all) = Latencies::decode(&mut &*[&[head], &*bytes].concat()) {
                prop_assert_eq!(Latencies::decode(&mut &*encoded(&all)), Ok(all.clone()));
                let twice = merged(&[&all, &all]);
                prop_assert_eq!(Latencies::decode(&mut &*encoded(&twice)), Ok(twice));
                prop_assert!(all.min() <= all.mean() && all.mean() <= all.max());
            }
        }

        #[test]
        fn quantiles_are_close_and_monotone(mut micros in micros(), mut shares in prop::collection::vec(0.0..=1.0, 1..9)) {
            let all = summary(&micros);
            micros.sort_unstable();
            shares.sort_unstable_by(f64::total_cmp);
            let mut last = None;
            for share in shares {
                let found = all.quantile(share);
                prop_assert!(found >= last);
                last = found;
                #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few")]
                let rank = (share * micros.len() as f64).ceil() as usize;
                let exact = micros.get(rank.max(1) - 1).copied();
                prop_assert_eq!(found.is_some(), exact.is_some());
                if let (Some(found), Some(exact)) = (found, exact.filter(|exact| *exact >= 100)) {
                    let off = Duration::from_micros(exact).abs_diff(found);
                    prop_assert!(off * 20 <= Duration::from_micros(exact), "{found:?} for {exact} µs");
                }
            }
        }
    }
}
