//! How many response times are how long, in buckets whose bounds are fixed: two histograms can be added.
//!
//! Each bound is 10 % above the one before, from 0.1 ms to a day, so the middle of a bucket is at most 5 % from anything
//! in it. The bounds are whole microseconds from integer arithmetic, so that every machine has the same ones.

use super::varint;
use super::varint::DecodeError;

/// How many response times are how long. Only buckets that are not empty take memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram(Vec<Bucket>);

/// How many response times are between two bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bucket {
    index: u8,
    /// Saturates, after more than a century of one a second.
    count: u32,
}

/// Where buckets begin, in microseconds; the first one, which begins at 0, is before them.
const BOUNDS: [u64; 217] = bounds();

const fn bounds() -> [u64; 217] {
    let mut bounds = [100; 217];
    let mut at = 1;
    while at < bounds.len() {
        bounds[at] = bounds[at - 1] + bounds[at - 1] / 10;
        at += 1;
    }
    bounds
}

impl Histogram {
    /// The longest response time, in microseconds: a day.
    pub const LONGEST: u64 = 86_400_000_000;

    /// A single response time, in microseconds.
    #[must_use]
    pub fn one(micros: u64) -> Self {
        Self(vec![Bucket { index: index_of(micros), count: 1 }])
    }

    /// Takes in all that another histogram has.
    pub fn merge(&mut self, other: &Self) {
        for bucket in &other.0 {
            match self.0.binary_search_by_key(&bucket.index, |own| own.index) {
                Ok(at) => self.0[at].count = self.0[at].count.saturating_add(bucket.count),
                Err(at) => self.0.insert(at, *bucket),
            }
        }
    }

    /// How many response times there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|bucket| u64::from(bucket.count)).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many buckets are not empty.
    #[must_use]
    pub fn buckets(&self) -> u64 {
        self.0.len() as u64
    }

    /// Roughly the response time, in microseconds, that has this place in order, from 1: the middle of its bucket.
    #[must_use]
    pub fn ranked(&self, rank: u64) -> Option<u64> {
        let mut below = 0;
        let bucket = self.0.iter().find(|bucket| {
            below += u64::from(bucket.count);
            below >= rank
        })?;
        Some(u64::midpoint(begin(bucket.index), end(bucket.index)))
    }

    /// Where the buckets of the least and the greatest response time begin.
    #[must_use]
    pub fn begins(&self) -> Option<(u64, u64)> {
        Some((begin(self.0.first()?.index), begin(self.0.last()?.index)))
    }

    /// Whether these can be the least and the greatest response time.
    #[must_use]
    pub fn is_within(&self, min: u64, max: u64) -> bool {
        let is_in = |micros, bucket: Option<&Bucket>| bucket.is_some_and(|bucket| index_of(micros) == bucket.index);
        min <= max && max <= Self::LONGEST && is_in(min, self.0.first()) && is_in(max, self.0.last())
    }

    /// Appends the bytes of each bucket, but not how many there are: one byte for most.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut next = 0;
        for bucket in &self.0 {
            bucket.encode(out, next);
            next = bucket.index.saturating_add(1);
        }
    }

    /// Takes so many buckets from the front of stored bytes.
    ///
    /// # Errors
    /// [`DecodeError`], when they are no buckets.
    pub fn decode(buckets: u64, input: &mut &[u8]) -> Result<Self, DecodeError> {
        let mut all = Vec::new();
        let mut next = 0;
        for _ in 0..buckets {
            // A wrong number ends with the input or with the last index, so nothing is reserved for it.
            let bucket = Bucket::decode(input, next)?;
            next = bucket.index.saturating_add(1);
            all.push(bucket);
        }
        Ok(Self(all))
    }
}

impl Bucket {
    /// The distance from `next`, the first index that is possible, above four bits for the count, which follows if it
    /// is greater: one byte for most buckets.
    fn encode(self, out: &mut Vec<u8>, next: u8) {
        let distance = u64::from(self.index.saturating_sub(next)) << 4;
        match self.count.checked_sub(16) {
            None => varint::put(out, distance | u64::from(self.count)),
            Some(above) => {
                varint::put(out, distance);
                varint::put(out, above.into());
            }
        }
    }

    fn decode(input: &mut &[u8], next: u8) -> Result<Self, DecodeError> {
        let number = varint::take(input)?;
        let index = u64::from(next).saturating_add(number >> 4);
        let index = u8::try_from(index).ok().filter(|index| usize::from(*index) <= BOUNDS.len());
        let count = match number & 15 {
            0 => varint::take(input)?.saturating_add(16),
            few => few,
        };
        Ok(Self {
            index: index.ok_or(DecodeError::Wrong("bucket"))?,
            count: u32::try_from(count).map_err(|_| DecodeError::Wrong("count"))?,
        })
    }
}

/// The bucket of a response time.
fn index_of(micros: u64) -> u8 {
    let below = BOUNDS.partition_point(|bound| *bound <= micros);
    u8::try_from(below).unwrap_or(u8::MAX)
}

/// Where a bucket begins.
fn begin(index: u8) -> u64 {
    usize::from(index).checked_sub(1).map_or(0, |before| BOUNDS[before])
}

/// Where a bucket ends: the last one with the day.
fn end(index: u8) -> u64 {
    BOUNDS.get(usize::from(index)).copied().unwrap_or(Histogram::LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_reach_from_a_tenth_of_a_millisecond_to_a_day() {
        assert_eq!((BOUNDS[0], index_of(99), index_of(100)), (100, 0, 1));
        assert_eq!(usize::from(index_of(Histogram::LONGEST)), BOUNDS.len());
        for pair in BOUNDS.windows(2) {
            assert!(pair[0] < pair[1] && (pair[1] - pair[0]) * 10 <= pair[0], "{pair:?}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (bytes, wanted) in [
            (&[][..], DecodeError::Short),
            (&[0x90], DecodeError::Short),
            (&[0x90, 0x80], DecodeError::Short),
            (&[0xff, 0xff, 3], DecodeError::Wrong("bucket")),
            (&[0, 0xff, 0xff, 0xff, 0xff, 0x1f], DecodeError::Wrong("count")),
        ] {
            assert_eq!(Histogram::decode(1, &mut &*bytes), Err(wanted), "{bytes:?}");
        }
        assert_eq!(Histogram::decode(u64::MAX, &mut &[1; 999][..]), Err(DecodeError::Wrong("bucket")));
    }
}
