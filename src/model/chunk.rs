//! Spans that follow each other, stored as one.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::span::Span;
use super::tier::Tier;
use super::varint;
use super::varint::DecodeError;

/// A run of spans of a tier, with gaps where nothing was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    tier: Tier,
    start: Timestamp,
    /// By position: `start` plus so many lengths of the tier.
    spans: BTreeMap<u32, Span>,
}

/// A position that a chunk does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("position {position} is beyond the {spans} spans of a chunk")]
pub struct Beyond {
    /// The position.
    pub position: u32,
    /// How many spans the chunk may have.
    pub spans: u32,
}

/// What stored chunks begin with, so that a later format can be told apart: those that hold no maintenance are as they
/// always were.
const FORMAT: u8 = 1;
const FORMAT_MAINTAINED: u8 = 2;

impl Chunk {
    /// The chunk of that tier that `at` is in, with nothing in it.
    #[must_use]
    pub fn around(tier: Tier, at: Timestamp) -> Self {
        Self { tier, start: tier.chunk_start_of(at), spans: BTreeMap::new() }
    }

    /// Its tier.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// When it begins.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// The span at a position; see [`Tier::position_of`].
    #[must_use]
    pub fn span(&self, position: u32) -> Option<&Span> {
        self.spans.get(&position)
    }

    /// What is there, in order, with when each span began.
    pub fn spans(&self) -> impl Iterator<Item = (Timestamp, &Span)> {
        let begin = |position| self.start.checked_add(self.tier.length().saturating_mul(position));
        self.spans.iter().map(move |(position, span)| (begin(*position).unwrap_or(Timestamp::MAX), span))
    }

    /// Puts a span at a position, in place of what is there.
    ///
    /// # Errors
    /// [`Beyond`], when the chunk has no such position.
    pub fn set(&mut self, position: u32, span: Span) -> Result<(), Beyond> {
        self.within(position)?;
        self.spans.insert(position, span);
        Ok(())
    }

    /// Adds a span to what is at a position.
    ///
    /// # Errors
    /// [`Beyond`], when the chunk has no such position.
    pub fn merge_into(&mut self, position: u32, span: &Span) -> Result<(), Beyond> {
        self.within(position)?;
        self.spans.entry(position).or_default().merge(span);
        Ok(())
    }

    /// Adds a span to what is at a position, as far as there is room: no span becomes longer than those of its tier are.
    ///
    /// # Errors
    /// [`Beyond`], when the chunk has no such position.
    pub fn fill(&mut self, position: u32, span: &Span) -> Result<(), Beyond> {
        let known = self.span(position).map_or(Duration::ZERO, Span::length);
        let mut span = span.clone();
        span.cut_to(self.tier.length().saturating_sub(known));
        self.merge_into(position, &span)
    }

    /// Appends the bytes to be stored: four, if it has no gaps, and those of the spans. Its tier and start are not among
    /// them, since whoever finds the bytes has searched by these.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let is_maintained = self.spans.values().any(|span| !span.maintenance().is_zero());
        out.push(if is_maintained { FORMAT_MAINTAINED } else { FORMAT });
        varint::put(out, self.spans.len() as u64);
        let mut end = 0;
        let mut rest = self.spans.iter().peekable();
        while let Some((position, _)) = rest.peek() {
            varint::put(out, u64::from(position.saturating_sub(end)));
            end = **position;
            let mut run = Vec::new();
            let mut length = 0;
            while let Some((_, span)) = rest.next_if(|(position, _)| **position == end) {
                span.encode(&mut run);
                end = end.saturating_add(1);
                length += 1;
            }
            varint::put(out, length);
            out.append(&mut run);
        }
    }

    /// Reads the stored bytes of the chunk of that tier that `at` is in.
    ///
    /// # Errors
    /// [`DecodeError`], when they are no chunk of that tier.
    pub fn decode(tier: Tier, at: Timestamp, input: &mut &[u8]) -> Result<Self, DecodeError> {
        let format = varint::take_byte(input)?;
        if ![FORMAT, FORMAT_MAINTAINED].contains(&format) {
            return Err(DecodeError::Format(format));
        }
        let mut chunk = Self::around(tier, at);
        let mut missing = varint::take(input)?;
        let mut position = 0;
        while missing > 0 {
            let gap = varint::take(input)?;
            position = u32::try_from(gap).map_or(u32::MAX, |gap| gap.saturating_add(position));
            let length = varint::take(input)?;
            let rest = missing.checked_sub(length).filter(|rest| *rest < missing);
            missing = rest.ok_or(DecodeError::Wrong("number of spans"))?;
            for _ in 0..length {
                let span = Span::decode(input)?;
                chunk.set(position, span).map_err(|_| DecodeError::Wrong("position"))?;
                position = position.saturating_add(1);
            }
        }
        Ok(chunk)
    }

    fn within(&self, position: u32) -> Result<(), Beyond> {
        let spans = self.tier.spans_in_chunk();
        if position < spans { Ok(()) } else { Err(Beyond { position, spans }) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::status::Status;
    use super::*;

    const AT: Timestamp = Timestamp::constant(1_795_482_725, 0);

    fn encoded(chunk: &Chunk) -> Vec<u8> {
        let mut out = Vec::new();
        chunk.encode(&mut out);
        out
    }

    fn healthy(seconds: u64) -> Span {
        Span::of(Some(Status::Healthy), Duration::from_secs(seconds))
    }

    fn chunks() -> impl Strategy<Value = Chunk> {
        let tier = prop::sample::select(Tier::ALL.to_vec());
        (tier, prop::collection::vec((any::<u32>(), 0u64..90), 0..99)).prop_map(|(tier, spans)| {
            let mut chunk = Chunk::around(tier, AT);
            for (position, seconds) in spans {
                let maintained = Span::of_maintenance(Duration::from_secs(seconds));
                let span = if seconds % 5 == 0 { maintained } else { healthy(seconds) };
                chunk.merge_into(position % tier.spans_in_chunk(), &span).unwrap();
            }
            chunk
        })
    }

    #[test]
    fn spans_are_set_merged_and_refused_by_position() {
        let mut chunk = Chunk::around(Tier::Minute, AT);
        chunk.set(12, healthy(10)).unwrap();
        chunk.merge_into(12, &healthy(5)).unwrap();
        chunk.merge_into(59, &healthy(1)).unwrap();
        assert_eq!((chunk.span(12), chunk.span(13)), (Some(&healthy(15)), None));
        let spans: Vec<_> = chunk.spans().map(|(start, span)| (start.to_string(), span.length().as_secs())).collect();
        assert_eq!(spans, [("2026-11-24T01:12:00Z".to_owned(), 15), ("2026-11-24T01:59:00Z".to_owned(), 1)]);
        chunk.set(12, healthy(1)).unwrap();
        assert_eq!(chunk.span(12), Some(&healthy(1)));
        chunk.fill(12, &healthy(70)).unwrap();
        chunk.fill(12, &Span::of(Some(Status::Dead), Duration::from_secs(1))).unwrap();
        assert_eq!(chunk.span(12).unwrap().time(Some(Status::Healthy)), Duration::from_mins(1));
        assert_eq!(chunk.span(12).unwrap().length(), Duration::from_mins(1));
        let refused = chunk.set(60, healthy(1)).unwrap_err();
        assert_eq!(refused.to_string(), "position 60 is beyond the 60 spans of a chunk");
        assert_eq!(chunk.merge_into(u32::MAX, &healthy(1)).unwrap_err().position, u32::MAX);
    }

    /// Databases are full of these bytes: another format needs another number.
    #[test]
    fn what_is_stored_stays_readable() {
        let mut chunk = Chunk::around(Tier::Minute, AT);
        let mut quiet = healthy(60);
        quiet.latencies.add(Duration::from_micros(12_345));
        chunk.set(12, quiet).unwrap();
        let mut busy = Span::of(Some(Status::Dead), Duration::from_millis(1_500));
        for number in 0..40 {
            busy.latencies.add(Duration::from_millis(50 + number % 2 + number / 30 * 100));
        }
        chunk.set(13, busy).unwrap();
        chunk.set(59, Span::of(None, Duration::from_mins(1))).unwrap();
        let wanted = [
            [1, 3, 12, 2].as_slice(),
            &[177, 60, 1, 185, 96],
            &[228, 220, 11, 5, 160, 8, 14, 186, 1, 231, 19, 250, 15, 224, 160, 62],
            &[45, 1, 24, 60],
        ];
        assert_eq!(encoded(&chunk), wanted.concat());
        let mut half = Span::of_maintenance(Duration::from_secs(30));
        half.spend(Some(Status::Healthy), Duration::from_secs(30));
        let mut chunk = Chunk::around(Tier::Minute, AT);
        chunk.set(12, half).unwrap();
        chunk.set(13, Span::of_maintenance(Duration::from_mins(1))).unwrap();
        assert_eq!(encoded(&chunk), [2, 2, 12, 2, 0, 176, 234, 1, 49, 30, 0, 224, 212, 3, 16]);
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        for (bytes, wanted) in [
            (&[][..], DecodeError::Short),
            (&[3, 0], DecodeError::Format(3)),
            (&[1, 1, 0, 1], DecodeError::Short),
            (&[1, 1, 60, 1, 16], DecodeError::Wrong("position")),
            (&[1, 1, 0, 2, 16, 16], DecodeError::Wrong("number of spans")),
            (&[1, 1, 0, 0, 16, 16], DecodeError::Wrong("number of spans")),
            (&[1, 2, 59, 2, 16, 16], DecodeError::Wrong("position")),
        ] {
            assert_eq!(Chunk::decode(Tier::Minute, AT, &mut &*bytes), Err(wanted), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn a_chunk_is_read_as_it_was_written(chunk in chunks(), rest in prop::collection::vec(any::<u8>(), 0..4)) {
            let bytes = [encoded(&chunk), rest.clone()].concat();
            let mut input = &*bytes;
            prop_assert_eq!(Chunk::decode(chunk.tier(), chunk.start(), &mut input), Ok(chunk));
            prop_assert_eq!(input, &*rest);
        }

        #[test]
        fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..99)) {
            if let Ok(chunk) = Chunk::decode(Tier::Hour, AT, &mut &*[&[FORMAT], &*bytes].concat()) {
                prop_assert_eq!(Chunk::decode(Tier::Hour, AT, &mut &*encoded(&chunk)), Ok(chunk));
            }
        }
    }

    /// A year of a replica: sick or dead for parts of one minute in 200, of one hour in ten, and of every day.
    struct Year {
        seed: u64,
        /// Seconds between two polls.
        interval: u64,
        latency: fn(&mut Self) -> u64,
    }

    impl Year {
        fn new(interval: u64, latency: fn(&mut Self) -> u64) -> Self {
            Self { seed: 4, interval, latency }
        }

        /// Uniform in 0..1,000; the same at every run.
        fn chance(&mut self) -> u64 {
            self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.seed >> 33) % 1_000
        }

        /// In microseconds, nearly normal about 80 ms; one in fifty takes up to 3 s.
        fn usual(&mut self) -> u64 {
            let slow = if self.chance() < 20 { self.chance() * 3_000 } else { 0 };
            30_000 + (0..4).map(|_| self.chance()).sum::<u64>() * 25 + self.chance() + slow
        }

        /// In microseconds, of any magnitude from 1 ms to a minute: as costly as can be.
        fn wild(&mut self) -> u64 {
            (1_000 + self.chance()) << (self.chance() % 16)
        }

        fn span(&mut self, tier: Tier, number: u64) -> Span {
            let length = tier.length();
            let unwell = match tier {
                Tier::Minute | Tier::FiveMinutes => self.chance() < 5,
                Tier::Hour => self.chance() < 100,
                Tier::Day => true,
            };
            let lost = if unwell { length.mul_f64(0.123_456) } else { Duration::ZERO };
            let mut span = Span::of(Some(Status::Healthy), length.saturating_sub(lost));
            if unwell {
                span.spend(Some(Status::Dead), lost / 2);
                span.spend(Some(Status::Sick), lost.saturating_sub(lost / 2));
            }
            let polls = |spans: u64| spans * length.as_secs() / self.interval;
            for _ in polls(number)..polls(number + 1) {
                let latency = (self.latency)(self);
                span.latencies.add(Duration::from_micros(latency));
            }
            span
        }

        /// How many spans are kept after a year, with those of one more chunk, which is forgotten only as a whole, and
        /// their bytes.
        fn of(&mut self, tier: Tier) -> (u64, usize) {
            let kept = tier.retention().unwrap_or(Duration::from_hours(365 * 24));
            let per_chunk = u64::from(tier.spans_in_chunk());
            let chunks = (kept.as_secs() / tier.length().as_secs()).div_ceil(per_chunk) + 1;
            let mut bytes = 0;
            for _ in 0..chunks {
                let mut chunk = Chunk::around(tier, AT);
                for position in 0..tier.spans_in_chunk() {
                    chunk.set(position, self.span(tier, position.into())).unwrap();
                }
                bytes += encoded(&chunk).len();
            }
            (chunks * per_chunk, bytes)
        }
    }

    #[test]
    fn a_year_of_a_replica_takes_less_than_300_kb() {
        for (what, mut year) in [
            ("120 s, usual", Year::new(120, Year::usual)),
            ("120 s, wild", Year::new(120, Year::wild)),
            ("30 s, usual", Year::new(30, Year::usual)),
        ] {
            let tiers = Tier::ALL.map(|tier| (tier, year.of(tier)));
            let bytes: usize = tiers.iter().map(|(_, (_, bytes))| bytes).sum();
            println!("{what}: {bytes} bytes, {tiers:?}");
            assert!(bytes < 300_000, "{what}: {bytes} bytes, {tiers:?}");
        }
    }
}
