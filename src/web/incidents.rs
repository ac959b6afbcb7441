//! Incidents by the days on which they began, and those of one node.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_derive::Serialize;

use crate::model::id::Id;
use crate::model::incident::Incident;
use crate::model::map::Map;
use crate::model::shown::Shown;

use super::incident;
use super::incident::IncidentView;
use super::incident::date;

/// How many days the status page lists.
const DAYS: i64 = 14;

/// How many incidents of a day are told on the status page and elsewhere, and how many of a node: something that comes
/// and goes every minute fills no page.
const RECENT_MAX: usize = 8;
const DAY_MAX: usize = 50;
const NODE_MAX: usize = 100;

/// What the status page says of incidents.
#[derive(Debug, Serialize)]
pub(super) struct Recent {
    open: Vec<IncidentView>,
    days: Vec<DayGroup>,
    /// `Watched since 25 November`, if that is one of these days.
    note: Option<String>,
}

/// The incidents that began on a day, or a stretch of days without any.
#[derive(Debug, Serialize)]
pub(super) struct DayGroup {
    date: String,
    incidents: Vec<IncidentView>,
    /// How many more there were.
    more: usize,
}

/// What was with one node.
#[derive(Debug, Default, Serialize)]
pub(super) struct NodeIncidents {
    list: Vec<IncidentView>,
    /// How many more there were, longer ago.
    more: usize,
}

/// What the status page says: those that are open, and by day those that are over. Days are quiet on which there was
/// none, however long ago it began, and not before anything was watched.
pub(super) fn recent(shown: &Shown, map: &Map, now: Timestamp) -> Recent {
    let sorted = sorted(shown.incidents.iter().map(AsRef::as_ref));
    let (open, closed): (Vec<&Incident>, Vec<&Incident>) = sorted.into_iter().partition(|one| one.closed.is_none());
    let today = date(now);
    let watched = first_day(shown, now);
    let is_in = |one: &Incident, day: Date| {
        date(one.opened.wall) <= day && one.closed.is_none_or(|closed| date(closed.at.wall) >= day)
    };
    let mut days: Vec<DayGroup> = Vec::new();
    let mut quiet: Option<(Date, Date)> = None;
    let mut oldest = today;
    for ago in 0..DAYS {
        let Ok(day) = today.checked_sub(jiff::Span::new().days(ago)) else { break };
        if watched.is_none_or(|watched| day < watched) {
            break;
        }
        oldest = day;
        if !shown.incidents.iter().any(|one| is_in(one, day)) {
            quiet = Some((day, quiet.map_or(day, |(_, last)| last)));
            continue;
        }
        days.extend(quiet.take().map(DayGroup::quiet));
        let of_day: Vec<&Incident> = closed.iter().filter(|one| date(one.opened.wall) == day).copied().collect();
        if !of_day.is_empty() {
            days.push(DayGroup::new(day, &of_day, RECENT_MAX, map, now));
        }
    }
    days.extend(quiet.take().map(DayGroup::quiet));
    // What began before, and ended on one of these days.
    let earlier: Vec<&Incident> =
        closed.into_iter().filter(|one| date(one.opened.wall) < oldest && is_in(one, oldest)).collect();
    days.extend(grouped(&earlier, RECENT_MAX, map, now));
    if shown.unread {
        days.retain(|group| !group.incidents.is_empty());
    }
    Recent {
        open: open.into_iter().map(|one| incident::view(one, map, now)).collect(),
        days,
        note: match watched {
            _ if shown.unread => Some("What was before cannot be read at the moment".to_owned()),
            None => Some("Nothing was watched yet".to_owned()),
            Some(first) => (first == oldest).then(|| format!("Watched since {}", first.strftime("%-d %B"))),
        },
    }
}

/// The first day of which anything is known.
fn first_day(shown: &Shown, now: Timestamp) -> Option<Date> {
    let watched = shown.pasts.values().filter_map(|past| past.first(now));
    let opened = shown.incidents.iter().map(|incident| incident.opened.wall);
    watched.chain(opened).min().map(date)
}

/// By day, the latest first, without days that had none.
pub(super) fn by_day<'a>(
    incidents: impl IntoIterator<Item = &'a Incident>,
    map: &Map,
    now: Timestamp,
) -> Vec<DayGroup> {
    grouped(&sorted(incidents), DAY_MAX, map, now)
}

fn grouped(sorted: &[&Incident], most: usize, map: &Map, now: Timestamp) -> Vec<DayGroup> {
    let days = sorted.chunk_by(|one, other| date(one.opened.wall) == date(other.opened.wall));
    days.filter_map(|day| Some(DayGroup::new(date(day.first()?.opened.wall), day, most, map, now))).collect()
}

/// What was with one node of them, the latest first.
pub(super) fn of_node<'a>(
    incidents: impl IntoIterator<Item = &'a Incident>,
    node: &Id,
    now: Timestamp,
) -> NodeIncidents {
    let mut list: Vec<IncidentView> =
        sorted(incidents).into_iter().filter_map(|one| incident::node_view(one, node, now)).collect();
    let more = list.len().saturating_sub(NODE_MAX);
    list.truncate(NODE_MAX);
    NodeIncidents { list, more }
}

/// The latest first.
fn sorted<'a>(incidents: impl IntoIterator<Item = &'a Incident>) -> Vec<&'a Incident> {
    let mut sorted: Vec<&Incident> = incidents.into_iter().collect();
    sorted.sort_by_key(|incident| std::cmp::Reverse((incident.opened.wall, incident.id)));
    sorted
}

/// `Tuesday, 24 November 2026`
fn full(date: Date) -> String {
    date.strftime("%A, %-d %B %Y").to_string()
}

impl DayGroup {
    /// A day, with the first so many of its incidents.
    fn new(day: Date, incidents: &[&Incident], most: usize, map: &Map, now: Timestamp) -> Self {
        Self {
            date: full(day),
            incidents: incidents.iter().take(most).map(|one| incident::view(one, map, now)).collect(),
            more: incidents.len().saturating_sub(most),
        }
    }

    fn quiet((first, last): (Date, Date)) -> Self {
        let date = if first == last {
            full(first)
        } else if first.month() == last.month() {
            format!("{} to {}", first.day(), last.strftime("%-d %B %Y"))
        } else {
            format!("{} to {}", first.strftime("%-d %B"), last.strftime("%-d %B %Y"))
        };
        Self { date, incidents: Vec::new(), more: 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::outages::ago;
    use super::super::outages::down;
    use super::super::outages::incident;
    use super::super::outages::map;
    use super::super::outages::over;
    use super::*;
    use crate::model::fixture;
    use crate::model::past::Past;
    use crate::model::span::Span;
    use crate::model::status::Status;

    /// Minutes.
    const DAY: u64 = 24 * 60;

    /// These, and a node that is watched since so many days ago.
    fn shown(incidents: Vec<Incident>, watched: Option<u64>) -> Shown {
        let mut past = Past::default();
        if let Some(days) = watched {
            past.add(ago(days * DAY).wall, &Span::of(Some(Status::Healthy), Duration::from_secs(1)));
        }
        let pasts = [(fixture::node_key("web", "api"), Arc::new(past))].into_iter().collect();
        Shown { pasts, incidents: incidents.into_iter().map(Arc::new).collect(), ..Shown::default() }
    }

    /// Each group of days, with how many incidents it tells of; and the note.
    fn told(shown: &Shown) -> (Vec<(String, usize)>, Option<String>) {
        let recent = recent(shown, &map(), fixture::now().wall);
        (recent.days.into_iter().map(|day| (day.date, day.incidents.len())).collect(), recent.note)
    }

    #[test]
    fn the_last_days_are_listed_with_those_that_were_quiet() {
        let incidents = vec![
            incident(1, "web", vec![down("api", 20 * DAY, over(20 * DAY - 9))]),
            incident(3, "web", vec![down("api", 3 * DAY, over(3 * DAY - 9))]),
            incident(4, "app", vec![down("push", 3 * DAY - 60, over(2 * DAY))]),
        ];
        let shown = shown(incidents, Some(60));
        let (days, note) = told(&shown);
        let wanted = [("23 to 24 November 2026", 0), ("Saturday, 21 November 2026", 2), ("11 to 20 November 2026", 0)];
        assert_eq!((days, note), (wanted.map(|(day, count)| (day.to_owned(), count)).to_vec(), None));
        let recent = recent(&shown, &map(), fixture::now().wall);
        let first = &recent.days[1].incidents[0];
        assert_eq!(first.title, "App: Jobs was down for 23 h");
        assert_eq!(first.began.text, "21 Nov, 02:12 UTC");
        assert_eq!(first.ended.as_ref().unwrap().text, "22 Nov, 01:12 UTC");
        assert_eq!(recent.days[1].incidents[1].ended.as_ref().unwrap().text, "01:21 UTC");
    }

    #[test]
    fn while_history_cannot_be_read_no_day_is_said_to_be_quiet() {
        let died = vec![incident(1, "web", vec![down("api", DAY, over(DAY - 9))])];
        let (days, note) = told(&Shown { unread: true, ..shown(died, Some(60)) });
        assert_eq!(days, [("Monday, 23 November 2026".to_owned(), 1)]);
        assert_eq!(note.as_deref(), Some("What was before cannot be read at the moment"));
    }

    #[test]
    fn a_day_with_an_incident_is_not_quiet_and_neither_is_one_before_anything_was_watched() {
        let of = |since, until| incident(1, "web", vec![down("api", since, until)]);
        for (incidents, watched, wanted, note) in [
            (vec![of(10, None)], Some(5), &[("19 to 23 November 2026", 0)][..], Some("Watched since 19 November")),
            (vec![of(2 * DAY, None)], Some(4), &[("20 to 21 November 2026", 0)], Some("Watched since 20 November")),
            (vec![of(20 * DAY, None)], Some(30), &[], None),
            (vec![of(10, None)], Some(0), &[], Some("Watched since 24 November")),
            (vec![], Some(0), &[("Tuesday, 24 November 2026", 0)], Some("Watched since 24 November")),
            (vec![], Some(13), &[("11 to 24 November 2026", 0)], Some("Watched since 11 November")),
            (vec![], Some(14), &[("11 to 24 November 2026", 0)], None),
            (vec![], None, &[], Some("Nothing was watched yet")),
            (
                vec![of(DAY, over(DAY - 9))],
                None,
                &[("Tuesday, 24 November 2026", 0), ("Monday, 23 November 2026", 1)],
                Some("Watched since 23 November"),
            ),
            (
                vec![of(20 * DAY, over(12 * DAY))],
                Some(30),
                &[("13 to 24 November 2026", 0), ("Wednesday, 4 November 2026", 1)],
                None,
            ),
        ] {
            let (days, seen) = told(&shown(incidents, watched));
            let wanted: Vec<_> = wanted.iter().map(|(day, count)| ((*day).to_owned(), *count)).collect();
            assert_eq!((days, seen.as_deref()), (wanted, note));
        }
    }

    #[test]
    fn what_comes_and_goes_all_the_time_fills_no_page() {
        let now = fixture::now().wall;
        let one = |number: u64| {
            let since = 2_000 - number;
            incident(number, "web", vec![down("api", since, over(since))])
        };
        let all: Vec<Incident> = (0..400).map(one).collect();
        let days = by_day(&all, &map(), now);
        assert_eq!(days.iter().map(|day| (day.incidents.len(), day.more)).collect::<Vec<_>>(), [(DAY_MAX, 350)]);
        let node = of_node(&all, &fixture::id("api"), now);
        assert_eq!(
            (node.list.len(), node.more, node.list[0].began.text.as_str()),
            (NODE_MAX, 300, "22 Nov, 22:31 UTC")
        );
        assert!(of_node(&all, &fixture::id("gone"), now).list.is_empty());
        assert_eq!(recent(&shown(all, None), &map(), now).days[1].more, 392);
    }
}
