//! How loaded something was over a stretch of time: means and peaks that can be merged.

use super::observation::Load;
use super::varint;
use super::varint::DecodeError;

/// A summary of loads, exact to a thousandth. None is higher than [`Loads::HIGHEST`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loads {
    count: u64,
    cpu: Peak,
    ram: Peak,
}

/// Thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Peak {
    sum: u64,
    max: u64,
}

const WHOLE: f64 = 1_000.0;

impl Loads {
    /// What is higher counts as this: no host is a thousand times as loaded as it can bear.
    pub const HIGHEST: f64 = 1_000.0;

    /// Takes in a load.
    pub fn add(&mut self, load: Load) {
        self.count = self.count.saturating_add(1);
        self.cpu.add(load.cpu);
        self.ram.add(load.ram);
    }

    /// Takes in all that another summary has.
    pub fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.cpu.merge(other.cpu);
        self.ram.merge(other.ram);
    }

    /// How many loads there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their means.
    #[must_use]
    pub fn mean(&self) -> Option<Load> {
        Some(Load { cpu: self.cpu.mean(self.count)?, ram: self.ram.mean(self.count)? })
    }

    /// The highest of each.
    #[must_use]
    pub fn max(&self) -> Option<Load> {
        #[expect(clippy::cast_precision_loss, reason = "it is at most a million")]
        let share = |peak: Peak| peak.max as f64 / WHOLE;
        (self.count > 0).then(|| Load { cpu: share(self.cpu), ram: share(self.ram) })
    }

    /// Appends the bytes to be stored: some nine for the reports of a minute.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for number in [self.count, self.cpu.sum, self.cpu.max, self.ram.sum, self.ram.max] {
            varint::put(out, number);
        }
    }

    /// Takes a summary from the front of stored bytes.
    ///
    /// # Errors
    /// [`DecodeError`], when they are no summary.
    pub fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let count = varint::take(input)?;
        let mut peak = || Ok(Peak { sum: varint::take(input)?, max: varint::take(input)? });
        let (cpu, ram) = (peak()?, peak()?);
        let fits = |peak: Peak| peak.max <= peak.sum && peak.sum <= peak.max.saturating_mul(count);
        if fits(cpu) && fits(ram) { Ok(Self { count, cpu, ram }) } else { Err(DecodeError::Wrong("load")) }
    }
}

impl Peak {
    fn add(&mut self, load: f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and a million")]
        let thousandths = (load.clamp(0.0, Loads::HIGHEST) * WHOLE).round() as u64;
        self.merge(Self { sum: thousandths, max: thousandths });
    }

    fn merge(&mut self, other: Self) {
        self.sum = self.sum.saturating_add(other.sum);
        self.max = self.max.max(other.max);
    }

    fn mean(self, count: u64) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a mean of thousandths, for people")]
        (count > 0).then(|| self.sum as f64 / count as f64 / WHOLE)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn summary(loads: &[(f64, f64)]) -> Loads {
        let mut all = Loads::default();
        for (cpu, ram) in loads {
            all.add(Load { cpu: *cpu, ram: *ram });
        }
        all
    }

    #[test]
    fn means_and_peaks_are_kept() {
        let loads = summary(&[(0.2, 0.5), (0.4, 0.7), (1.5, 0.6)]);
        assert_eq!(loads.count(), 3);
        assert_eq!(loads.mean(), Some(Load { cpu: 0.7, ram: 0.6 }));
        assert_eq!(loads.max(), Some(Load { cpu: 1.5, ram: 0.7 }));
        assert_eq!((Loads::default().mean(), Loads::default().max()), (None, None));
        assert_eq!(summary(&[(1e300, 0.0)]).max(), Some(Load { cpu: Loads::HIGHEST, ram: 0.0 }));
    }

    #[test]
    fn wrong_bytes_are_refused() {
        for wrong in [&[][..], &[1, 2], &[0, 1, 1, 0, 0], &[1, 1, 2, 0, 0], &[2, 9, 4, 0, 0]] {
            assert!(Loads::decode(&mut &*wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_merged_and_stored_is_what_was_added(
            first in prop::collection::vec((0.0..3.0, 0.0..1.0), 0..20),
            second in prop::collection::vec((0.0..3.0, 0.0..1.0), 0..20),
        ) {
            let mut merged = summary(&first);
            merged.merge(&summary(&second));
            prop_assert_eq!(merged, summary(&[first, second].concat()));
            let mut bytes = Vec::new();
            merged.encode(&mut bytes);
            let mut input = bytes.as_slice();
            prop_assert_eq!(Loads::decode(&mut input), Ok(merged));
            prop_assert!(input.is_empty());
        }
    }
}
