//! Whether the loops turn: each counts its steps, and whoever watches rings and sees that a step followed.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::clock::Bell;

use super::shared::Shared;

/// A loop as others know it.
pub(super) struct Pulse {
    /// Its name in the log, such as `the polling loop`.
    pub(super) name: &'static str,
    /// What wakes it.
    pub(super) bell: Bell,
    steps: AtomicU64,
}

impl Pulse {
    /// Of a loop that has not begun yet.
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, bell: Bell::default(), steps: AtomicU64::new(0) }
    }

    /// Counts a step that is over.
    pub(super) fn beat(&self) {
        self.steps.fetch_add(1, Ordering::Release);
    }

    fn steps(&self) -> u64 {
        self.steps.load(Ordering::Acquire)
    }
}

/// Watches over the loops of the engine.
pub struct Watch {
    shared: Shared,
    /// How many steps each loop had made when it was last rung.
    rung: Vec<u64>,
}

impl Watch {
    /// The loops have not been rung yet.
    #[must_use]
    pub fn new(shared: Shared) -> Self {
        Self { shared, rung: Vec::new() }
    }

    /// The names of the loops that made no step since the last call, although they were rung; then rings again. A step is
    /// over in milliseconds, so a loop that is named after seconds is stuck.
    #[must_use]
    pub fn stuck(&mut self) -> Vec<&'static str> {
        let pulses = self.shared.pulses();
        let still = |(pulse, rung): (&&Pulse, &u64)| (pulse.steps() == *rung).then_some(pulse.name);
        let stuck = pulses.iter().zip(&self.rung).filter_map(still).collect();
        self.rung = pulses.iter().map(|pulse| pulse.steps()).collect();
        for pulse in pulses {
            pulse.bell.ring();
        }
        stuck
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn a_loop_that_does_not_step_after_it_was_rung_is_stuck() {
        let (shared, _clock) = fixture::shared(&fixture::config("", &[]));
        let mut watch = Watch::new(shared.clone());
        assert_eq!(watch.stuck(), [""; 0], "nobody was rung yet");
        let [poll, expire, tell] = shared.pulses();
        poll.beat();
        tell.beat();
        assert_eq!(watch.stuck(), [expire.name]);
        assert_eq!(watch.stuck(), [poll.name, expire.name, tell.name]);
        for pulse in shared.pulses() {
            assert_eq!(pulse.bell.wait(Some(std::time::Duration::ZERO)), crate::clock::Wake::Rung);
            pulse.beat();
        }
        assert_eq!(watch.stuck(), [""; 0]);
    }
}
