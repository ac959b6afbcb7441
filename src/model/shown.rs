//! What the page shows of history: what is at hand, and what is read from an archive when somebody asks.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::announcement::Announcement;
use super::id::ReplicaId;
use super::incident::Incident;
use super::maintenance::Maintenance;
use super::past::Past;
use super::past::Window;
use super::span::Span;
use super::tier::Tier;
use super::transition::NodeKey;

/// What is at hand: enough for the status page.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// The past of each node, as far as there is one.
    pub pasts: HashMap<NodeKey, Arc<Past>>,
    /// The incidents that are open or ended within the last two weeks, in any order.
    pub incidents: Vec<Arc<Incident>>,
    /// The maintenance that is under way or begins soon, in the order in which it begins.
    pub maintenance: Vec<Arc<Maintenance>>,
    /// What the owner of the page has announced, the newest first.
    pub announcements: Vec<Arc<Announcement>>,
    /// Whether there may be more of pasts and incidents, which could not be read yet.
    pub unread: bool,
}

/// What the page of a node shows of a range.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeHistory {
    /// The spans of the range, each with when it began, in order. Where nothing is known there is none.
    pub series: Vec<(Timestamp, Span)>,
    /// Of each of its replicas all spans of the range in one.
    pub replicas: Vec<(ReplicaId, Span)>,
    /// The incidents in which the node died and that were open at some time of the range, in any order.
    pub incidents: Vec<Incident>,
}

/// What there is of a month, or of any other stretch of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MonthHistory {
    /// The incidents that began in it, in any order.
    pub incidents: Vec<Incident>,
    /// When the first incident of all began, if there ever was one.
    pub first: Option<Timestamp>,
}

/// What is kept for longer than is at hand. Reading may take a while: it is done where that holds up nobody.
pub trait Archive: Send + Sync {
    /// What the page of a node shows: spans of [`Range::tier`] from [`Range::begin`] on, or such as are grouped already.
    ///
    /// # Errors
    /// [`Unavailable`], when it cannot be read.
    fn node(&self, key: &NodeKey, range: Range, now: Timestamp) -> Result<NodeHistory, Unavailable>;

    /// What began from `from` on and before `to`.
    ///
    /// # Errors
    /// [`Unavailable`], when it cannot be read.
    fn month(&self, from: Timestamp, to: Timestamp) -> Result<MonthHistory, Unavailable>;
}

/// The archive cannot be read at the moment. Why is for the log of whoever keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("history cannot be read at the moment")]
pub struct Unavailable;

/// How much of a node's history is shown at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Range {
    /// 24 hours, in points of five minutes.
    #[default]
    Day,
    /// Seven days, in points of an hour.
    Week,
    /// 30 days, in points of four hours.
    Month,
    /// 90 days, in points of twelve hours.
    Quarter,
}

impl Range {
    /// Every range, the shortest first.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Quarter];

    /// As it stands in addresses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Quarter => "90d",
        }
    }

    /// The range of that word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|range| range.word() == word)
    }

    /// The tier that it is made of.
    #[must_use]
    pub fn tier(self) -> Tier {
        match self {
            Self::Day => Tier::FiveMinutes,
            Self::Week | Self::Month | Self::Quarter => Tier::Hour,
        }
    }

    /// How many spans of its tier make a point.
    #[must_use]
    pub fn group(self) -> u32 {
        match self {
            Self::Day | Self::Week => 1,
            Self::Month => 4,
            Self::Quarter => 12,
        }
    }

    /// How many points there are; the last one is not over yet.
    #[must_use]
    pub fn points(self, now: Timestamp) -> u32 {
        let before = self.start_of(now).duration_since(self.begin(now)).as_secs();
        let step = i64::try_from(self.step().as_secs()).unwrap_or(i64::MAX);
        u32::try_from(before / step).unwrap_or_default().saturating_add(1)
    }

    /// How long a point is.
    #[must_use]
    pub fn step(self) -> Duration {
        self.tier().length().saturating_mul(self.group())
    }

    /// How long it is, with all of its last point.
    #[must_use]
    pub fn length(self, now: Timestamp) -> Duration {
        self.step().saturating_mul(self.points(now))
    }

    /// When its first point began: with its window, so that all that is said of a range is said of the same time.
    #[must_use]
    pub fn begin(self, now: Timestamp) -> Timestamp {
        self.window().begin(now)
    }

    /// When the point began that `at` is in.
    #[must_use]
    pub fn start_of(self, at: Timestamp) -> Timestamp {
        let start = self.tier().start_of(at).as_second();
        let step = i64::try_from(self.step().as_secs()).unwrap_or(i64::MAX);
        Timestamp::from_second(start.saturating_sub(start.rem_euclid(step))).unwrap_or(Timestamp::MIN)
    }

    /// The window whose uptime goes with it.
    #[must_use]
    pub fn window(self) -> Window {
        match self {
            Self::Day => Window::Day,
            Self::Week => Window::Week,
            Self::Month => Window::Month,
            Self::Quarter => Window::Quarter,
        }
    }

    /// Its points, made of spans in order: every one from the first to the present, where nothing is known without a
    /// span. What is outside of the range does not count.
    #[must_use]
    pub fn pointed(self, series: &[(Timestamp, Span)], now: Timestamp) -> Vec<(Timestamp, Option<Span>)> {
        let mut rest = series.iter().peekable();
        let mut start = self.begin(now);
        while rest.next_if(|(at, _)| *at < start).is_some() {}
        let mut points = Vec::new();
        for _ in 0..self.points(now) {
            let end = start.checked_add(self.step()).unwrap_or(Timestamp::MAX);
            let mut point: Option<Span> = None;
            while let Some((_, span)) = rest.next_if(|(at, _)| *at < end) {
                point.get_or_insert_default().merge(span);
            }
            points.push((start, point));
            start = end;
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use super::super::status::Status;
    use super::*;

    /// 24 Nov 2026, 01:12:05 UTC.
    const NOW: Timestamp = Timestamp::constant(1_795_482_725, 0);

    #[test]
    fn a_range_begins_with_its_window_and_ends_with_the_present() {
        for (range, begin, points) in [
            (Range::Day, "2026-11-23T01:00:00Z", 12 * 24 + 3),
            (Range::Week, "2026-11-18T00:00:00Z", 6 * 24 + 2),
            (Range::Month, "2026-10-26T00:00:00Z", 29 * 6 + 1),
            (Range::Quarter, "2026-08-27T00:00:00Z", 89 * 2 + 1),
        ] {
            assert_eq!((range.begin(NOW).to_string(), range.points(NOW)), (begin.to_owned(), points), "{range:?}");
            assert_eq!(range.start_of(range.begin(NOW)), range.begin(NOW));
            let last = range.begin(NOW) + range.step() * (points - 1);
            assert!(last <= NOW && NOW < last + range.step());
            assert_eq!(Range::of(range.word()), Some(range));
        }
        assert_eq!(Range::of("1y"), None);
        assert_eq!((Range::Quarter.begin(Timestamp::MIN), Range::Quarter.points(Timestamp::MIN)), (Timestamp::MIN, 1));
    }

    #[test]
    fn points_hold_what_began_in_them_and_gaps_stay_gaps() {
        let hour = Duration::from_hours(1);
        let span = |seconds| Span::of(Some(Status::Healthy), Duration::from_secs(seconds));
        let begin = Range::Month.begin(NOW);
        let series = [
            (begin - hour, span(1)),
            (begin, span(10)),
            (begin + 3 * hour, span(100)),
            (begin + 8 * hour, span(1_000)),
            (NOW + 8 * hour, span(2)),
        ];
        let points = Range::Month.pointed(&series, NOW);
        assert_eq!((points.len(), points[174].0.to_string()), (175, "2026-11-24T00:00:00Z".to_owned()));
        let lengths: Vec<_> =
            points.iter().map(|(_, span)| span.as_ref().map(|span| span.length().as_secs())).take(4).collect();
        assert_eq!(lengths, [Some(110), None, Some(1_000), None]);
        assert!(points[4..].iter().all(|(_, span)| span.is_none()));
    }
}
