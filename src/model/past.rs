//! The past of a node as the page shows it: by the day and, for the last of them, by the hour.
//!
//! A cell holds the time with each status, and that of maintenance; what is missing in it was not watched. No cell holds more time than it is
//! long, whatever the wall clock does: time that is lived twice counts once.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::span::Span;
use super::status::Status;
use super::tier::Tier;
use super::uptime::Uptime;

/// The past of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    days: Row,
    hours: Row,
}

/// A day or an hour of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Milliseconds by status.
    times: [u32; 3],
    /// Milliseconds of planned maintenance.
    maintenance: u32,
    worst: Option<Status>,
}

/// For how long uptime is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// 24 hours, and what has passed of the present one.
    Day,
    /// Seven days, the present one among them.
    Week,
    /// 30 days, the present one among them.
    Month,
    /// 90 days, the present one among them.
    Quarter,
}

/// Cells by when they begin, in lengths of theirs since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Row(BTreeMap<i64, Cell>);

/// How many cells are kept: those that are shown, some before them, which tell whether there was anything before, and
/// some that a wall clock which stood wrong may have left.
const DAYS_KEPT: usize = Past::DAYS + 10;
const HOURS_KEPT: usize = HOURS + 11;
/// The hours of [`Window::Day`].
const HOURS: usize = 25;

impl Past {
    /// How many days there are to show.
    pub const DAYS: usize = 90;

    /// Adds time that began at `at`, within a minute.
    pub fn add(&mut self, at: Timestamp, span: &Span) {
        self.days.add(Tier::Day, at, span, DAYS_KEPT);
        self.hours.add(Tier::Hour, at, span, HOURS_KEPT);
    }

    /// Turns time with one status into time with another; see [`Span::shift`].
    pub fn shift(&mut self, at: Timestamp, from: Option<Status>, to: Option<Status>, time: Duration) {
        for (row, tier) in [(&mut self.days, Tier::Day), (&mut self.hours, Tier::Hour)] {
            if let Some(cell) = row.0.get_mut(&index(tier, at)) {
                let mut span = cell.span();
                span.shift(from, to, time);
                *cell = Cell::of(&span);
            }
        }
    }

    /// Puts what was stored of a day or an hour in its place, unless more of it is known already. Other tiers are not
    /// shown.
    pub fn restore(&mut self, tier: Tier, at: Timestamp, span: &Span) {
        let (row, most) = match tier {
            Tier::Day => (&mut self.days, DAYS_KEPT),
            Tier::Hour => (&mut self.hours, HOURS_KEPT),
            Tier::Minute | Tier::FiveMinutes => return,
        };
        let stored = Cell::of(span);
        let known = row.0.get(&index(tier, at)).copied().unwrap_or_default();
        if stored.known() > known.known() {
            row.put(index(tier, at), stored, most);
        }
    }

    /// Since when it is to be stored for all of it to be restored.
    #[must_use]
    pub fn begin(tier: Tier, now: Timestamp) -> Timestamp {
        if tier != Tier::Day {
            return Window::Day.begin(now);
        }
        // With the days before those that are shown, which tell whether there was anything before.
        start(tier, index(tier, now).saturating_sub(whole(DAYS_KEPT).saturating_sub(1)))
    }

    /// The last so many days, the oldest first, with when each began; the last one is the present one.
    pub fn days(&self, now: Timestamp, count: usize) -> impl Iterator<Item = (Timestamp, Cell)> {
        let today = index(Tier::Day, now);
        let days = today.saturating_sub(whole(count).saturating_sub(1))..=today;
        days.map(|day| (start(Tier::Day, day), self.days.0.get(&day).copied().unwrap_or_default()))
    }

    /// When the first day began of which anything is known.
    #[must_use]
    pub fn first(&self, now: Timestamp) -> Option<Timestamp> {
        let mut days = self.days.0.range(..=index(Tier::Day, now));
        days.find(|(_, cell)| cell.is_known()).map(|(day, _)| start(Tier::Day, *day))
    }

    /// The uptime of a window that ends now. What Vigil did not watch of it counts for neither side, nor does maintenance.
    #[must_use]
    pub fn uptime(&self, window: Window, now: Timestamp) -> Uptime {
        let (tier, begin) = (window.tier(), window.begin(now));
        let row = if tier == Tier::Hour { &self.hours } else { &self.days };
        let mut uptime = Uptime::default();
        for (_, cell) in row.0.range(index(tier, begin)..=index(tier, now)) {
            uptime.merge(&Uptime::of(&cell.span()));
        }
        let since = now.duration_since(begin).unsigned_abs();
        let known = uptime.up.saturating_add(uptime.down).saturating_add(uptime.maintenance);
        uptime.unwatched = since.saturating_sub(known);
        uptime
    }
}

impl Window {
    /// When it began that ends now: with an hour, or with a day of UTC.
    #[must_use]
    pub fn begin(self, now: Timestamp) -> Timestamp {
        let tier = self.tier();
        let before = whole(self.cells()).saturating_sub(1);
        start(tier, index(tier, now).saturating_sub(before))
    }

    /// The tier that it is made of.
    #[must_use]
    pub fn tier(self) -> Tier {
        if self == Self::Day { Tier::Hour } else { Tier::Day }
    }

    /// How many hours or days there are in it, the present one among them.
    fn cells(self) -> usize {
        match self {
            Self::Day => HOURS,
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => Past::DAYS,
        }
    }
}

impl Cell {
    /// The times of a span.
    #[must_use]
    pub fn of(span: &Span) -> Self {
        let millis = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        let times = Status::ALL.map(|status| millis(span.time(Some(status))));
        Self { times, maintenance: millis(span.maintenance()), worst: span.worst() }
    }

    /// The time with that status.
    #[must_use]
    pub fn time(&self, status: Status) -> Duration {
        Duration::from_millis(self.times[status as usize].into())
    }

    /// The time that was watched, outside of maintenance.
    #[must_use]
    pub fn watched(&self) -> Duration {
        Duration::from_millis(self.times.iter().map(|millis| u64::from(*millis)).sum())
    }

    /// The time of planned maintenance.
    #[must_use]
    pub fn maintenance(&self) -> Duration {
        Duration::from_millis(self.maintenance.into())
    }

    /// The time that was watched, and that of maintenance.
    #[must_use]
    pub fn known(&self) -> Duration {
        self.watched().saturating_add(self.maintenance())
    }

    /// Whether there is anything in it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.worst.is_some() || self.maintenance > 0
    }

    /// The worst status there was outside of maintenance, for however short a time; none when nothing was watched.
    #[must_use]
    pub fn worst(&self) -> Option<Status> {
        self.worst
    }

    fn span(&self) -> Span {
        let mut span = Span::of_maintenance(self.maintenance());
        for status in Status::ALL.into_iter().filter(|status| self.times[*status as usize] > 0) {
            span.spend(Some(status), self.time(status));
        }
        if let Some(worst) = self.worst {
            span.spend(Some(worst), Duration::ZERO);
        }
        span
    }
}

impl Row {
    fn add(&mut self, tier: Tier, at: Timestamp, span: &Span, most: usize) {
        let index = index(tier, at);
        let known = self.0.get(&index).copied().unwrap_or_default();
        let mut all = known.span();
        let mut more = Cell::of(span).span();
        more.cut_to(tier.length().saturating_sub(known.known()));
        all.merge(&more);
        self.put(index, Cell::of(&all), most);
    }

    fn put(&mut self, index: i64, cell: Cell, most: usize) {
        self.0.insert(index, cell);
        while self.0.len() > most {
            self.0.pop_first();
        }
    }
}

fn index(tier: Tier, at: Timestamp) -> i64 {
    tier.start_of(at).as_second().div_euclid(seconds(tier))
}

fn start(tier: Tier, index: i64) -> Timestamp {
    Timestamp::from_second(index.saturating_mul(seconds(tier))).unwrap_or(Timestamp::MIN)
}

fn seconds(tier: Tier) -> i64 {
    i64::try_from(tier.length().as_secs()).unwrap_or(i64::MAX)
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 24 Nov 2026, 01:12:05 UTC.
    const NOW: Timestamp = Timestamp::constant(1_795_482_725, 0);

    fn hours(hours: u64) -> Duration {
        Duration::from_hours(hours)
    }

    fn minute(status: Status) -> Span {
        Span::of(Some(status), Duration::from_mins(1))
    }

    #[test]
    fn days_and_hours_add_up_to_uptime() {
        let mut past = Past::default();
        for ago in 0..3 * 24 * 60 {
            let status = if (100..104).contains(&ago) { Status::Dead } else { Status::Healthy };
            past.add(NOW - Duration::from_mins(ago), &minute(status));
        }
        let days: Vec<_> =
            past.days(NOW, 4).map(|(start, cell)| (start.to_string(), cell.watched().as_secs() / 60)).collect();
        let wanted = [
            ("2026-11-21T00:00:00Z", 1_367),
            ("2026-11-22T00:00:00Z", 1_440),
            ("2026-11-23T00:00:00Z", 1_440),
            ("2026-11-24T00:00:00Z", 73),
        ];
        assert_eq!(days, wanted.map(|(start, minutes)| (start.to_owned(), minutes)));
        assert_eq!(past.first(NOW).map(|first| first.to_string()).as_deref(), Some("2026-11-21T00:00:00Z"));
        assert_eq!(past.first(NOW - hours(24 * 9)), None);
        let yesterday = past.days(NOW, 2).next().unwrap().1;
        assert_eq!((yesterday.time(Status::Dead), yesterday.worst()), (Duration::from_mins(4), Some(Status::Dead)));
        let uptime = |window| past.uptime(window, NOW);
        assert_eq!(uptime(Window::Day).to_string(), "99.72%");
        assert_eq!(uptime(Window::Week).down, Duration::from_mins(4));
        assert!(uptime(Window::Day).unwatched < Duration::from_mins(1));
        assert_eq!(uptime(Window::Week).unwatched.as_secs() / 60 / 60, 6 * 24 + 1 - 3 * 24);
    }

    #[test]
    fn time_that_is_lived_twice_counts_once_and_nothing_is_lost_when_the_clock_is_set_right() {
        let mut past = Past::default();
        let midnight = Tier::Day.start_of(NOW);
        let live = |past: &mut Past, from: Timestamp, minutes: u64, status| {
            for minute_of in 0..minutes {
                past.add(from + Duration::from_mins(minute_of), &minute(status));
            }
        };
        live(&mut past, midnight - hours(24), 24 * 60, Status::Healthy);
        let before = past.clone();
        // Set back by a day, for six hours.
        live(&mut past, midnight - hours(24), 6 * 60, Status::Dead);
        assert_eq!(past.days(midnight, 2).next().unwrap().1.watched(), hours(24));
        assert_eq!(past.uptime(Window::Week, midnight).down, Duration::ZERO);
        // A year ahead, for an hour.
        let mut past = before;
        live(&mut past, midnight + hours(365 * 24), 60, Status::Healthy);
        live(&mut past, midnight, 60, Status::Healthy);
        let days: Vec<_> = past.days(midnight, 2).map(|(_, cell)| cell.watched()).collect();
        assert_eq!(days, [hours(24), hours(1)]);
    }

    #[test]
    fn what_was_stored_takes_the_place_of_less() {
        let mut past = Past::default();
        past.add(NOW, &minute(Status::Dead));
        past.restore(Tier::Day, NOW, &Span::of(Some(Status::Healthy), Duration::from_secs(59)));
        assert_eq!(past.uptime(Window::Week, NOW).down, Duration::from_mins(1));
        past.restore(Tier::Day, NOW, &Span::of(Some(Status::Healthy), hours(1)));
        past.restore(Tier::Minute, NOW, &Span::of(Some(Status::Dead), hours(2)));
        assert_eq!(past.uptime(Window::Week, NOW).to_string(), "100%");
    }

    #[test]
    fn what_turns_out_otherwise_is_shifted() {
        let mut past = Past::default();
        past.add(NOW, &minute(Status::Healthy));
        past.shift(NOW, Some(Status::Healthy), Some(Status::Dead), Duration::from_secs(15));
        assert_eq!(past.uptime(Window::Day, NOW).to_string(), "75.00%");
        assert_eq!(past.uptime(Window::Quarter, NOW).to_string(), "75.00%");
    }

    #[test]
    fn maintenance_counts_for_neither_side_and_takes_its_room() {
        let mut past = Past::default();
        let midnight = Tier::Day.start_of(NOW);
        past.add(midnight, &Span::of_maintenance(Duration::from_mins(30)));
        assert_eq!(past.first(NOW), Some(midnight), "it is known, though nothing of it counts");
        assert_eq!(past.uptime(Window::Week, NOW).to_string(), "not watched");
        past.add(midnight, &Span::of(Some(Status::Healthy), Duration::from_mins(25)));
        past.add(midnight, &Span::of(Some(Status::Dead), Duration::from_mins(25)));
        let uptime = past.uptime(Window::Day, midnight + hours(1));
        assert_eq!(
            (uptime.up, uptime.down),
            (Duration::from_mins(25), Duration::from_mins(5)),
            "an hour has only so much"
        );
        assert_eq!((uptime.maintenance, uptime.to_string().as_str()), (Duration::from_mins(30), "83.33%"));
        assert_eq!(uptime.unwatched, hours(23), "one of 24 is known");
        // What is stored takes the place of less, in whichever kind of time it is more.
        past.restore(Tier::Hour, midnight, &Span::of_maintenance(hours(1)));
        assert_eq!(past.uptime(Window::Day, midnight).maintenance, Duration::from_mins(30));
        past.restore(Tier::Day, midnight, &Span::of_maintenance(hours(2)));
        assert_eq!(past.uptime(Window::Week, NOW).maintenance, hours(2));
    }

    #[test]
    fn only_so_much_is_kept() {
        let mut past = Past::default();
        for ago in (0..500).rev() {
            past.add(NOW - hours(24 * ago), &minute(Status::Healthy));
        }
        assert_eq!((past.days.0.len(), past.hours.0.len()), (DAYS_KEPT, HOURS_KEPT));
        assert_eq!(past.uptime(Window::Quarter, NOW).up, 90 * Duration::from_mins(1));
        assert_eq!(Past::begin(Tier::Day, NOW).to_string(), "2026-08-17T00:00:00Z");
        assert_eq!(Past::begin(Tier::Hour, NOW).to_string(), "2026-11-23T01:00:00Z");
    }
}
