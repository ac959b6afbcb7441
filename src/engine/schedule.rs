//! What is due when: one heap of due times.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// Things that become due, the earliest first; at the same moment in the order in which they came.
#[derive(Debug)]
pub(super) struct Schedule<T> {
    heap: BinaryHeap<Reverse<Entry<T>>>,
    count: u64,
}

#[derive(Debug)]
struct Entry<T> {
    due: Instant,
    order: u64,
    what: T,
}

impl<T> Default for Schedule<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), count: 0 }
    }
}

impl<T> Schedule<T> {
    /// Adds `what`, due at `due`.
    pub(super) fn push(&mut self, due: Instant, what: T) {
        self.count += 1;
        self.heap.push(Reverse(Entry { due, order: self.count, what }));
    }

    /// How many things there are.
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    /// Drops what is no longer wanted.
    pub(super) fn retain(&mut self, wanted: impl Fn(Instant, &T) -> bool) {
        self.heap.retain(|Reverse(entry)| wanted(entry.due, &entry.what));
    }

    /// All of it, with the due times.
    pub(super) fn into_entries(self) -> Vec<(Instant, T)> {
        self.heap.into_sorted_vec().into_iter().rev().map(|Reverse(entry)| (entry.due, entry.what)).collect()
    }

    /// When the first thing is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| entry.due)
    }

    /// Takes the first thing that is due by `now`, with its due time.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(Instant, T)> {
        if self.next_due()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| (entry.due, entry.what))
    }
}

impl<T> Entry<T> {
    fn rank(&self) -> (Instant, u64) {
        (self.due, self.order)
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::clock::Clock;
    use crate::clock::SystemClock;

    use super::*;

    #[test]
    fn things_come_out_when_they_are_due_and_in_order() {
        let now = SystemClock.now().instant;
        let at = |seconds| now + Duration::from_secs(seconds);
        let mut schedule = Schedule::default();
        for (due, what) in [(5, "e"), (1, "a"), (3, "c"), (3, "d"), (2, "b")] {
            schedule.push(at(due), what);
        }
        assert_eq!(schedule.next_due(), Some(at(1)));
        let mut taken = Vec::new();
        while let Some((_, what)) = schedule.pop(at(3)) {
            taken.push(what);
        }
        assert_eq!(taken, ["a", "b", "c", "d"]);
        assert_eq!(schedule.next_due(), Some(at(5)));
    }
}
