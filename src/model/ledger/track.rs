//! What is being watched, minute by minute.

use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;

use crate::clock::Now;
use crate::model::past::Past;
use crate::model::span::Span;
use crate::model::status::Status;
use crate::model::transition::Subject;

use super::Entries;
use super::Minute;
use super::Shift;

/// A replica or node that is being watched.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) status: Option<Status>,
    /// Until when its time is counted; while nothing is known of it, since when that is so.
    counted: Instant,
    pub(super) interval: Option<Duration>,
    /// The last planned maintenance: since when it is under it, and until when it was.
    maintained: Option<(Instant, Option<Instant>)>,
    /// The minutes that are not closed yet, in order.
    pub(super) open: Vec<(Timestamp, Span)>,
}

/// How many minutes of one subject wait for being closed: somebody closes them twice a minute.
pub(super) const OPEN_MAX: usize = 120;

impl Track {
    pub(super) fn new(status: Option<Status>, since: Instant) -> Self {
        Self { status, counted: since, interval: None, maintained: None, open: Vec::new() }
    }

    /// From that moment on, until when all is counted, its time is one of planned maintenance, or is no longer.
    pub(super) fn maintain(&mut self, on: bool, from: Instant) {
        self.maintained = match (on, self.maintained) {
            // One follows the other at once.
            (true, Some((begin, Some(end)))) if end >= from => Some((begin, None)),
            (true, Some((begin, None))) => Some((begin, None)),
            (true, _) => Some((from, None)),
            (false, Some((begin, None))) => Some((begin, Some(from))),
            (false, other) => other,
        };
    }

    fn is_maintained(&self) -> bool {
        matches!(self.maintained, Some((_, None)))
    }

    /// What of the time from then until now that is counted was not maintenance: when it ends, and how long it is.
    fn outside(&self, since: Instant) -> impl Iterator<Item = (Instant, Duration)> {
        let counted = self.counted;
        let (begin, end) = self.maintained.map_or((counted, None), |(begin, end)| (begin.min(counted), end));
        let after = end.unwrap_or(counted).max(since);
        let parts = [(since, begin), (after, counted)].into_iter();
        parts.map(|(from, to)| (to, whole_millis(to.saturating_duration_since(from))))
    }

    /// The span of that minute, which is the present one or was a moment ago.
    pub(super) fn minute(&mut self, at: Timestamp) -> &mut Span {
        let place = self.open.iter().rposition(|(open, _)| *open == at).unwrap_or_else(|| {
            self.open.push((at, Span::default()));
            self.open.len() - 1
        });
        &mut self.open[place].1
    }

    /// Counts the time until then, if it is not counted yet.
    pub(super) fn count(&mut self, until: Now, mut past: Option<&mut Past>) {
        let Some(status) = self.status else { return };
        let elapsed = whole_millis(until.instant.saturating_duration_since(self.counted));
        self.counted += elapsed;
        for (minute, time) in pieces(until.wall, elapsed) {
            let spent = if self.is_maintained() { Span::of_maintenance(time) } else { Span::of(Some(status), time) };
            self.minute(minute).merge(&spent);
            if let Some(past) = past.as_deref_mut() {
                past.add(minute, &spent);
            }
        }
    }

    /// It has another status since a moment, which is known only now.
    pub(super) fn turn(
        &mut self,
        what: &Subject,
        to: Option<Status>,
        since: Now,
        at: Now,
        mut past: Option<&mut Past>,
        entries: &mut Entries,
    ) {
        self.count(since, past.as_deref_mut());
        let (from, counted) = (self.status, self.counted);
        self.status = to;
        if from.is_none() {
            self.counted = counted.max(since.instant);
        } else {
            let wall = |end: Instant| at.wall.checked_sub(at.instant.saturating_duration_since(end)).unwrap_or(at.wall);
            let parts: Vec<_> = self.outside(since.instant).collect();
            for (minute, time) in parts.into_iter().flat_map(|(end, length)| pieces(wall(end), length)) {
                if let Some(past) = past.as_deref_mut() {
                    past.shift(minute, from, to, time);
                }
                match self.open.iter_mut().find(|(open, _)| *open == minute) {
                    Some((_, span)) => {
                        span.shift(from, to, time);
                    }
                    None => entries.shifts.push(Shift { what: what.clone(), at: minute, from, to, time }),
                }
            }
        }
        self.count(at, past);
        if let (false, Some(status), Some((_, span))) = (self.is_maintained(), to, self.open.last_mut()) {
            // A status that does not last a millisecond was still there.
            span.spend(Some(status), Duration::ZERO);
        }
    }

    /// Hands out all that is open: what was until a change is written with the change, so that a crash does not part them.
    pub(super) fn hand_over(&mut self, what: &Subject, entries: &mut Entries) {
        let minutes = self.open.drain(..).map(|(at, span)| Minute { what: what.clone(), at, span });
        entries.minutes.extend(minutes);
    }

    /// The time until now is not counted.
    pub(super) fn skip(&mut self, now: Now) {
        if self.status.is_some() {
            self.counted = self.counted.max(now.instant);
        }
    }

    /// Hands out the minutes that began before then.
    pub(super) fn close(&mut self, before: Timestamp, lost: &mut u64, mut entry: impl FnMut(Timestamp, Span)) {
        let excess = self.open.len().saturating_sub(OPEN_MAX);
        self.open.drain(..excess);
        *lost = lost.saturating_add(excess as u64);
        let mut open = Vec::new();
        for (at, span) in self.open.drain(..) {
            if at < before {
                entry(at, span);
            } else {
                open.push((at, span));
            }
        }
        self.open = open;
    }
}

fn whole_millis(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// The minutes that the time of that length which ends at `end` falls into, each with its share, the first one first.
pub(super) fn pieces(end: Timestamp, length: Duration) -> impl Iterator<Item = (Timestamp, Duration)> {
    const MINUTE: i64 = 60_000;
    let end = end.as_millisecond();
    let mut start = end.saturating_sub(i64::try_from(length.as_millis()).unwrap_or(i64::MAX));
    std::iter::from_fn(move || {
        let minute = start.div_euclid(MINUTE).saturating_mul(MINUTE);
        let stop = minute.saturating_add(MINUTE).min(end);
        let time = u64::try_from(stop.saturating_sub(start)).ok().filter(|time| *time > 0)?;
        start = stop;
        Some((Timestamp::from_millisecond(minute).unwrap_or(Timestamp::MIN), Duration::from_millis(time)))
    })
}
