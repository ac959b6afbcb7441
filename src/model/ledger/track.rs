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
    /// The minutes that are not closed yet, in order.
    pub(super) open: Vec<(Timestamp, Span)>,
}

/// How many minutes of one subject wait for being closed: somebody closes them twice a minute.
pub(super) const OPEN_MAX: usize = 120;

impl Track {
    pub(super) fn new(status: Option<Status>, since: Instant) -> Self {
        Self { status, counted: since, interval: None, open: Vec::new() }
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
            self.minute(minute).spend(Some(status), time);
            if let Some(past) = past.as_deref_mut() {
                past.add(minute, &Span::of(Some(status), time));
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
        let back = whole_millis(counted.saturating_duration_since(since.instant));
        if from.is_none() {
            self.counted = counted.max(since.instant);
        } else if !back.is_zero() {
            let ahead = at.instant.saturating_duration_since(counted);
            let end = at.wall.checked_sub(ahead).unwrap_or(at.wall);
            for (minute, time) in pieces(end, back) {
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
        if let (Some(status), Some((_, span))) = (to, self.open.last_mut()) {
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
