//! The days of a node, in words.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::Offset;
use serde_derive::Serialize;

use crate::model::past::Cell;
use crate::model::past::Past;
use crate::model::status::Status;
use crate::model::tier::Tier;
use crate::model::words;

/// A gap as short as a restart is not told: time is counted with a delay, and no reader would care.
const BRIEF: Duration = Duration::from_mins(2);

/// How many days before the first one are looked at.
const MORE: usize = 10;

/// A day of a node, in UTC.
#[derive(Clone, Debug)]
pub(super) struct Day {
    pub(super) start: Timestamp,
    pub(super) kind: Kind,
    pub(super) cell: Cell,
    /// What nobody watched of it, as far as that is worth telling.
    pub(super) unwatched: Duration,
    /// Whether it is the first one of which anything is known: what came before in it was before Vigil.
    is_first: bool,
    is_today: bool,
}

/// What a day looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It was before anything was known of the node.
    Before,
    /// Nobody watched it.
    Unwatched,
    /// What was watched of it was planned maintenance.
    Maintained,
    /// The worst that there was.
    Was(Status),
}

/// A day for a list.
#[derive(Debug, Serialize)]
pub(super) struct DayView {
    /// `2026-11-24`
    iso: String,
    date: String,
    /// The class of what it looks like.
    kind: &'static str,
    words: String,
}

/// The last so many days, the oldest first.
pub(super) fn days(past: &Past, now: Timestamp, count: usize) -> Vec<Day> {
    let today = Tier::Day.start_of(now);
    let mut is_known = false;
    let day = |(start, cell): (Timestamp, Cell)| {
        let is_first = !is_known && cell.is_known();
        is_known |= is_first;
        let is_today = start == today;
        let length = if is_today { now.duration_since(start).unsigned_abs() } else { Tier::Day.length() };
        let unwatched = length.saturating_sub(cell.known());
        let kind = match cell.worst() {
            None | Some(Status::Healthy) if cell.watched().is_zero() && !cell.maintenance().is_zero() => {
                Kind::Maintained
            }
            Some(Status::Healthy) if cell.watched().is_zero() && !is_first => Kind::Unwatched,
            Some(status) => Kind::Was(status),
            None if is_known && unwatched >= BRIEF => Kind::Unwatched,
            // A day that has only just begun.
            None if is_known => Kind::Was(Status::Healthy),
            None => Kind::Before,
        };
        let unwatched = if unwatched < BRIEF { Duration::ZERO } else { unwatched };
        Day { start, kind, cell, unwatched, is_first, is_today }
    };
    // With some before, which may be what shows that the first one is not the first of all.
    let all = count.max(Past::DAYS).saturating_add(MORE);
    past.days(now, all).map(day).skip(all.saturating_sub(count)).collect()
}

impl Day {
    /// The time with that status, and its share of the time that was watched.
    pub(super) fn share(&self, status: Status) -> f64 {
        let (time, watched) = (self.cell.time(status).as_secs_f64(), self.cell.watched().as_secs_f64());
        if watched > 0.0 { time / watched } else { 1.0 }
    }

    /// Whether there is more to say than that all was well.
    pub(super) fn is_perfect(&self) -> bool {
        match self.kind {
            Kind::Before => true,
            Kind::Unwatched | Kind::Maintained => false,
            Kind::Was(status) => {
                let is_whole = self.unwatched.is_zero() || self.is_first;
                status == Status::Healthy && is_whole && self.cell.maintenance().is_zero()
            }
        }
    }

    /// `Tue 24 Nov`
    pub(super) fn date(&self) -> String {
        date(self.start)
    }

    /// `down for 4 min, maintenance for 2 h, not watched for 3 h`
    pub(super) fn words(&self) -> String {
        let worst = match self.kind {
            Kind::Before => return "no data".to_owned(),
            Kind::Unwatched => return "not watched".to_owned(),
            Kind::Maintained => None,
            Kind::Was(worst) => Some(worst),
        };
        let spent = |status, verb: &str| {
            let time = self.cell.time(status);
            let is_told = !time.is_zero() || worst == Some(status);
            is_told.then(|| {
                if time >= Tier::Day.length() {
                    format!("{verb} all day")
                } else {
                    format!("{verb} for {}", duration(time))
                }
            })
        };
        let parts: Vec<String> =
            [spent(Status::Dead, "down"), spent(Status::Sick, "sick")].into_iter().flatten().collect();
        let maintenance = self.cell.maintenance();
        let maintained = || {
            if maintenance >= Tier::Day.length() {
                "maintenance all day".to_owned()
            } else {
                format!("maintenance for {}", duration(maintenance))
            }
        };
        let mut words = match worst {
            None => maintained(),
            Some(_) if parts.is_empty() => "no downtime".to_owned(),
            Some(_) => parts.join(", "),
        };
        if worst.is_some() && !maintenance.is_zero() {
            words = format!("{words}, {}", maintained());
        }
        if self.is_today {
            words.push_str(" so far");
        }
        if !self.unwatched.is_zero() {
            let (prefix, time) =
                if self.is_first { ("watched", self.cell.known()) } else { ("not watched", self.unwatched) };
            words = format!("{words}, {prefix} for {}", duration(time));
        }
        words
    }

    /// `Tue 24 Nov: down for 4 min`. The same wherever it stands on a page: what is equal compresses to nothing.
    pub(super) fn text(&self) -> String {
        format!("{}: {}", self.date(), self.words())
    }

    pub(super) fn view(&self) -> DayView {
        let iso = Offset::UTC.to_datetime(self.start).date().to_string();
        DayView { iso, date: self.date(), kind: self.kind.class(), words: self.words() }
    }
}

impl Kind {
    fn class(self) -> &'static str {
        match self {
            Self::Before | Self::Unwatched => "unknown",
            Self::Maintained => super::maintenance::CLASS,
            Self::Was(status) => status.word(),
        }
    }
}

/// `Tue 24 Nov`
pub(super) fn date(at: Timestamp) -> String {
    Offset::UTC.to_datetime(at).strftime("%a %-d %b").to_string()
}

/// A duration of which nobody needs the milliseconds.
pub(super) fn duration(time: Duration) -> String {
    if time < Duration::from_secs(1) { "less than 1 s".to_owned() } else { words::duration(time) }
}

/// The time of an answer, of which the milliseconds count.
pub(super) fn duration_of_answer(time: Duration) -> String {
    if time < Duration::from_millis(1) { "under 1 ms".to_owned() } else { words::duration(time) }
}

/// What became of days in all: `down on 2 days, sick on 3 days`; `no downtime` if that is so.
pub(super) fn summary(days: &[Day]) -> String {
    let count = |kind: Kind| days.iter().filter(|day| day.kind == kind).count();
    let told = [
        (count(Kind::Was(Status::Dead)), "down"),
        (count(Kind::Was(Status::Sick)), "sick"),
        (
            days.iter().filter(|day| day.kind == Kind::Unwatched || is_partly_unwatched(day)).count(),
            "not fully watched",
        ),
        (days.iter().filter(|day| !day.cell.maintenance().is_zero()).count(), "maintenance"),
    ];
    let parts: Vec<String> = told
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{what} on {count} {}", if count == 1 { "day" } else { "days" }))
        .collect();
    if parts.is_empty() { "no downtime".to_owned() } else { parts.join(", ") }
}

/// Whether that is all there is to tell of a day.
fn is_partly_unwatched(day: &Day) -> bool {
    day.kind == Kind::Was(Status::Healthy) && !day.unwatched.is_zero() && !day.is_first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::span::Span;

    /// 24 Nov 2026, 01:12:05 UTC.
    const NOW: Timestamp = Timestamp::constant(1_795_482_725, 0);

    /// A past of days that began so many days ago, each with the minutes that it was healthy, sick and dead.
    fn past(days: &[(i64, [u64; 3])]) -> Past {
        let mut past = Past::default();
        for (ago, minutes) in days {
            let start = Tier::Day.start_of(NOW) - Duration::from_hours(24 * u64::try_from(*ago).unwrap());
            for (status, minutes) in Status::ALL.into_iter().zip(minutes) {
                if *minutes > 0 {
                    past.add(start, &Span::of(Some(status), Duration::from_mins(*minutes)));
                }
            }
        }
        past
    }

    #[test]
    fn a_day_says_what_there_was() {
        for (minutes, wanted, is_perfect) in [
            ([1_440, 0, 0], "no downtime", true),
            ([1_439, 0, 0], "no downtime", true),
            ([1_436, 0, 4], "down for 4 min", false),
            ([0, 0, 1_440], "down all day", false),
            ([1_000, 200, 240], "down for 4 h, sick for 3 h 20 min", false),
            ([1_260, 0, 0], "no downtime, not watched for 3 h", false),
            ([1_200, 60, 0], "sick for 1 h, not watched for 3 h", false),
            ([0, 0, 0], "not watched", false),
        ] {
            let past = past(&[(3, [1_440, 0, 0]), (2, minutes)]);
            let day = days(&past, NOW, 3).remove(0);
            assert_eq!(
                (day.date(), day.words(), day.is_perfect()),
                ("Sun 22 Nov".to_owned(), wanted.to_owned(), is_perfect)
            );
        }
    }

    #[test]
    fn the_first_day_and_the_present_one_are_not_over_or_not_whole() {
        let words = |past: &Past, count| -> Vec<String> {
            days(past, NOW, count).iter().map(|day| format!("{} {:?}", day.words(), day.is_perfect())).collect()
        };
        let seen = words(&past(&[(1, [300, 0, 0]), (0, [72, 0, 0])]), 4);
        assert_eq!(
            seen,
            ["no data true", "no data true", "no downtime, watched for 5 h true", "no downtime so far true"]
        );
        assert_eq!(words(&past(&[(1, [300, 0, 0])]), 1), ["not watched false"]);
        assert_eq!(words(&past(&[(1, [300, 0, 0])]), 2)[1], "not watched false");
        assert_eq!(
            words(&past(&[(1, [1_440, 0, 0]), (0, [10, 0, 2])]), 2)[1],
            "down for 2 min so far, not watched for 1 h false"
        );
        assert_eq!(words(&Past::default(), 1), ["no data true"]);
    }

    #[test]
    fn a_death_without_time_is_still_told() {
        let mut past = past(&[(1, [1_440, 0, 0])]);
        past.add(NOW - Duration::from_hours(24 * 9), &Span::of(Some(Status::Healthy), Duration::from_hours(1)));
        past.add(NOW - Duration::from_hours(24 * 5), &Span::of(Some(Status::Healthy), Duration::ZERO));
        assert_eq!(days(&past, NOW, 6)[0].words(), "not watched");
        past.add(NOW, &Span::of(Some(Status::Dead), Duration::ZERO));
        assert!(days(&past, NOW, 1)[0].words().starts_with("down for less than 1 s so far"));
    }

    #[test]
    fn maintenance_is_told_beside_what_else_there_was() {
        let minutes = Duration::from_mins;
        for (maintained, statuses, wanted, kind) in [
            (120, [1_320, 0, 0], "no downtime, maintenance for 2 h", Kind::Was(Status::Healthy)),
            (120, [1_316, 0, 4], "down for 4 min, maintenance for 2 h", Kind::Was(Status::Dead)),
            (120, [1_140, 0, 0], "no downtime, maintenance for 2 h, not watched for 3 h", Kind::Was(Status::Healthy)),
            (1_440, [0, 0, 0], "maintenance all day", Kind::Maintained),
            (60, [0, 0, 0], "maintenance for 1 h, not watched for 23 h", Kind::Maintained),
        ] {
            let mut past = past(&[(3, [1_440, 0, 0]), (2, statuses)]);
            past.add(Tier::Day.start_of(NOW) - Duration::from_hours(48), &Span::of_maintenance(minutes(maintained)));
            let day = days(&past, NOW, 3).remove(0);
            assert_eq!((day.words().as_str(), day.kind, day.is_perfect()), (wanted, kind, false));
        }
        let mut past = past(&[(1, [1_320, 0, 0])]);
        past.add(Tier::Day.start_of(NOW) - Duration::from_hours(24), &Span::of_maintenance(minutes(120)));
        past.add(Tier::Day.start_of(NOW), &Span::of_maintenance(minutes(72)));
        let all = days(&past, NOW, 90);
        assert_eq!(summary(&all), "maintenance on 2 days");
        assert_eq!(all[89].words(), "maintenance for 1 h 12 min so far");
        let mut first = Past::default();
        first.add(NOW - Duration::from_hours(24), &Span::of_maintenance(minutes(60)));
        assert_eq!(days(&first, NOW, 2)[0].words(), "maintenance for 1 h, watched for 1 h");
    }

    #[test]
    fn the_summary_counts_days() {
        let whole = [1_440, 0, 0];
        for (some, wanted) in [
            (&[(3, whole), (2, whole), (1, whole), (0, [72, 0, 0])][..], "no downtime"),
            (&[(1, [1_436, 0, 4]), (0, [72, 0, 0])], "down on 1 day"),
            (&[(2, [1_436, 0, 4]), (1, [0, 0, 4]), (0, [70, 2, 0])], "down on 2 days, sick on 1 day"),
            (&[(3, whole), (0, [60, 0, 0])], "not fully watched on 3 days"),
            (&[], "no downtime"),
        ] {
            assert_eq!(summary(&days(&past(some), NOW, 90)), wanted);
        }
    }
}
