//! Incidents in words: what was down, for how long, why; and the days on which they began.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde_derive::Serialize;

use crate::model::cause::Cause;
use crate::model::id::Id;
use crate::model::incident::Affected;
use crate::model::incident::End;
use crate::model::incident::Ended;
use crate::model::incident::Incident;
use crate::model::map::Map;

use super::days;
use super::places;

/// How many days the status page lists.
const DAYS: i64 = 14;

/// How many nodes a sentence names.
const NAMED_MAX: usize = 3;

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

/// An incident, in words.
#[derive(Debug, Serialize)]
pub(super) struct IncidentView {
    is_open: bool,
    title: String,
    began: Moment,
    ended: Option<Moment>,
    /// `ongoing for 12 min`, `4 min`
    lasted: String,
    cause: Option<String>,
    /// Each node, when there is more to say than the title does.
    parts: Vec<PartView>,
}

#[derive(Debug, Serialize)]
struct PartView {
    label: String,
    words: String,
    cause: Option<String>,
}

/// A moment, for machines and for people.
#[derive(Debug, Serialize)]
pub(super) struct Moment {
    iso: String,
    text: String,
}

/// What the status page says: those that are open, and by day those that began lately and are over.
pub(super) fn recent(incidents: &[Arc<Incident>], map: &Map, now: Timestamp) -> Recent {
    let sorted = sorted(incidents.iter().map(AsRef::as_ref));
    let (open, closed): (Vec<&Incident>, Vec<&Incident>) = sorted.into_iter().partition(|one| one.closed.is_none());
    let today = date(now);
    let mut days: Vec<DayGroup> = Vec::new();
    let mut quiet: Option<(Date, Date)> = None;
    for ago in 0..DAYS {
        let Ok(day) = today.checked_sub(jiff::Span::new().days(ago)) else { break };
        let of_day: Vec<&Incident> = closed.iter().filter(|one| date(one.opened.wall) == day).copied().collect();
        if of_day.is_empty() {
            quiet = Some((day, quiet.map_or(day, |(_, last)| last)));
        } else {
            days.extend(quiet.take().map(DayGroup::quiet));
            days.push(DayGroup::new(day, &of_day, RECENT_MAX, map, now));
        }
    }
    days.extend(quiet.take().map(DayGroup::quiet));
    Recent { open: open.into_iter().map(|one| view(one, map, now)).collect(), days }
}

/// By day, the latest first, without days that had none.
pub(super) fn by_day<'a>(
    incidents: impl IntoIterator<Item = &'a Incident>,
    map: &Map,
    now: Timestamp,
) -> Vec<DayGroup> {
    let sorted = sorted(incidents);
    let days = sorted.chunk_by(|one, other| date(one.opened.wall) == date(other.opened.wall));
    days.filter_map(|day| Some(DayGroup::new(date(day.first()?.opened.wall), day, DAY_MAX, map, now))).collect()
}

/// What was with one node of them, the latest first.
pub(super) fn of_node<'a>(
    incidents: impl IntoIterator<Item = &'a Incident>,
    node: &Id,
    now: Timestamp,
) -> NodeIncidents {
    let mut list: Vec<IncidentView> =
        sorted(incidents).into_iter().filter_map(|incident| node_view(incident, node, now)).collect();
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

fn view(incident: &Incident, map: &Map, now: Timestamp) -> IncidentView {
    let service = map.services.get(&incident.service).map(|service| &*service.label);
    let label = |affected: &Affected| {
        places::label(map, &incident.service, &affected.node).unwrap_or("a former node").to_owned()
    };
    let is_open = incident.closed.is_none();
    // While it lasts, those count that are down now.
    let down = || incident.affected.iter().filter(|one| !is_open || one.until.is_none());
    let words = words(incident.opened.wall, incident.closed, now);
    let title = match service {
        Some(service) => {
            let subjects = subjects(down().map(|one| places::label(map, &incident.service, &one.node)));
            let (subject, verb) = match down().count() {
                0 => (service.to_owned(), words.verb),
                1 => (format!("{service}: {}", named(&subjects)), words.verb),
                _ => (format!("{service}: {}", named(&subjects)), words.verbs),
            };
            format!("{subject} {verb} {}", words.rest)
        }
        None => format!("A former service {} {}", words.verb, words.rest),
    };
    let part = |affected: &Affected| PartView {
        label: label(affected),
        words: part_words(affected, now),
        // What is the cause of all is said once.
        cause: affected.cause.as_ref().filter(|cause| incident.cause.as_ref() != Some(cause)).map(Cause::to_string),
    };
    let is_plain = incident.affected.iter().all(|one| one.deaths == 1) && incident.affected.len() < 2;
    let parts = if is_plain || service.is_none() { Vec::new() } else { incident.affected.iter().map(part).collect() };
    let began = incident.opened.wall;
    IncidentView {
        is_open,
        title,
        began: Moment::of(began),
        ended: incident.closed.map(|ended| Moment::after(began, ended.at.wall)),
        lasted: words.lasted,
        cause: incident.cause.as_ref().map(Cause::to_string),
        parts,
    }
}

fn node_view(incident: &Incident, node: &Id, now: Timestamp) -> Option<IncidentView> {
    let affected = incident.affected.iter().find(|affected| affected.node == *node)?;
    let words = words(affected.since.wall, affected.until, now);
    let began = affected.since.wall;
    let title = match (affected.until, affected.deaths) {
        (None, 0 | 1) => "Down".to_owned(),
        (None, deaths) => format!("Down, for the {} time", ordinal(deaths)),
        (Some(_), 0 | 1) => capitalized(&words.rest),
        (Some(_), deaths) => format!("Down {deaths} times within {}", words.lasted),
    };
    Some(IncidentView {
        is_open: affected.until.is_none(),
        title,
        began: Moment::of(began),
        ended: affected.until.map(|ended| Moment::after(began, ended.at.wall)),
        lasted: words.lasted,
        cause: affected.cause.as_ref().map(Cause::to_string),
        parts: Vec::new(),
    })
}

fn part_words(affected: &Affected, now: Timestamp) -> String {
    let words = words(affected.since.wall, affected.until, now);
    let times = if affected.deaths > 1 { format!("{} times ", affected.deaths) } else { String::new() };
    match affected.until {
        None => format!("down {times}{}", words.lasted),
        Some(_) if affected.deaths > 1 => format!("down {times}within {}", words.lasted),
        Some(_) => words.rest,
    }
}

/// `was down for 4 min`, in pieces.
struct Words {
    verb: &'static str,
    verbs: &'static str,
    rest: String,
    lasted: String,
}

fn words(began: Timestamp, ended: Option<Ended>, now: Timestamp) -> Words {
    let end = ended.map_or(now, |ended| ended.at.wall);
    // What the wall clock says, since the times beside it are of the wall clock, too.
    let time = days::duration(Duration::try_from(end.duration_since(began)).unwrap_or_default());
    let (verb, verbs, rest, lasted) = match ended.map(|ended| ended.how) {
        None => ("is", "are", "down".to_owned(), format!("ongoing for {time}")),
        Some(End::Recovered) => ("was", "were", format!("down for {time}"), time),
        Some(End::Unwatched) => ("was", "were", format!("down for {time}, then no longer watched"), time),
    };
    Words { verb, verbs, rest, lasted }
}

/// The labels, and last those that are no longer there, counted.
fn subjects<'a>(labels: impl Iterator<Item = Option<&'a str>>) -> Vec<String> {
    let all: Vec<Option<&str>> = labels.collect();
    let mut subjects: Vec<String> = all.iter().flatten().map(|label| (*label).to_owned()).collect();
    match all.len().saturating_sub(subjects.len()) {
        0 => {}
        1 => subjects.push("a former node".to_owned()),
        former => subjects.push(format!("{former} former nodes")),
    }
    subjects
}

/// `API`, `API and Site`, `API, Site and 3 more nodes`.
fn named(labels: &[String]) -> String {
    match labels {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] if labels.len() <= NAMED_MAX => format!("{} and {last}", first.join(", ")),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more nodes", rest.len()),
    }
}

fn ordinal(number: u32) -> String {
    let suffix = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn date(at: Timestamp) -> Date {
    Offset::UTC.to_datetime(at).date()
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
            incidents: incidents.iter().take(most).map(|incident| view(incident, map, now)).collect(),
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

impl Moment {
    /// `24 Nov, 01:12 UTC`
    fn of(at: Timestamp) -> Self {
        Self::formatted(at, "%-d %b, %H:%M UTC")
    }

    /// The same, without the day if that is the day of another moment.
    fn after(other: Timestamp, at: Timestamp) -> Self {
        if date(other) == date(at) { Self::formatted(at, "%H:%M UTC") } else { Self::of(at) }
    }

    fn formatted(at: Timestamp, format: &str) -> Self {
        let iso = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Self { iso, text: Offset::UTC.to_datetime(at).strftime(format).to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Now;
    use crate::clock::before;
    use crate::model::cause::Failure;
    use crate::model::fixture;
    use crate::model::fixture::secs;

    fn ago(minutes: u64) -> Now {
        before(fixture::now(), secs(60 * minutes))
    }

    #[expect(clippy::unnecessary_wraps, reason = "as an incident has it")]
    fn ended(minutes: u64, how: End) -> Option<Ended> {
        Some(Ended { at: ago(minutes), how })
    }

    fn down(node: &str, since: u64, deaths: u32, until: Option<Ended>) -> Affected {
        let cause = Some(Cause::Failed(Failure::Refused));
        Affected {
            node: fixture::id(node),
            since: ago(since),
            cause,
            deaths,
            again: ago(since),
            down: Duration::ZERO,
            until,
        }
    }

    fn incident(id: u64, service: &str, affected: Vec<Affected>) -> Incident {
        let ends: Option<Vec<Ended>> = affected.iter().map(|one| one.until).collect();
        let closed = ends.and_then(|ends| ends.into_iter().max_by_key(|ended| ended.at.wall));
        let (opened, cause) = (affected[0].since, affected[0].cause.clone());
        Incident { id, service: fixture::id(service), opened, cause, affected, closed }
    }

    fn map() -> Map {
        let mut map = fixture::map();
        for (service, node, label) in [("web", "api", "API"), ("web", "site", "Site"), ("app", "push", "Jobs")] {
            map.services[service].nodes[node].label = label.into();
        }
        map
    }

    #[test]
    fn titles_say_what_was_down_and_for_how_long() {
        let now = fixture::now().wall;
        let over = |minutes| ended(minutes, End::Recovered);
        for (service, affected, title, lasted) in [
            ("web", vec![down("api", 10, 1, over(6))], "Web: API was down for 4 min", "4 min"),
            ("web", vec![down("api", 10, 1, None)], "Web: API is down", "ongoing for 10 min"),
            (
                "web",
                vec![down("api", 10, 1, over(6)), down("site", 9, 1, over(1))],
                "Web: API and Site were down for 9 min",
                "9 min",
            ),
            (
                "web",
                vec![down("api", 10, 1, over(6)), down("site", 9, 1, None)],
                "Web: Site is down",
                "ongoing for 10 min",
            ),
            (
                "web",
                vec![down("api", 10, 1, ended(8, End::Unwatched))],
                "Web: API was down for 2 min, then no longer watched",
                "2 min",
            ),
            ("web", vec![down("gone", 10, 1, over(6))], "Web: a former node was down for 4 min", "4 min"),
            (
                "web",
                vec![down("gone", 10, 1, over(6)), down("went", 10, 1, over(6)), down("api", 10, 1, over(6))],
                "Web: API and 2 former nodes were down for 4 min",
                "4 min",
            ),
            ("gone", vec![down("api", 10, 1, over(6))], "A former service was down for 4 min", "4 min"),
            ("web", vec![down("api", 0, 1, over(0))], "Web: API was down for less than 1 s", "less than 1 s"),
        ] {
            let view = view(&incident(1, service, affected), &map(), now);
            assert_eq!((view.title.as_str(), view.lasted.as_str()), (title, lasted));
            assert_eq!(view.cause.as_deref(), Some("connection refused"));
        }
    }

    #[test]
    fn many_nodes_are_counted() {
        let labels: Vec<String> = ["A", "B", "C", "D"].map(str::to_owned).to_vec();
        let wanted = ["", "A", "A and B", "A, B and C", "A, B and 2 more nodes"];
        for (count, wanted) in wanted.into_iter().enumerate() {
            assert_eq!(named(&labels[..count]), wanted);
        }
        assert_eq!([1, 2, 3, 4, 11, 12, 21, 112].map(ordinal).join(" "), "1st 2nd 3rd 4th 11th 12th 21st 112th");
    }

    #[test]
    fn an_incident_of_several_nodes_tells_of_each() {
        let incident = incident(
            1,
            "web",
            vec![down("api", 30, 3, ended(6, End::Recovered)), down("site", 9, 1, ended(1, End::Recovered))],
        );
        let view = view(&incident, &map(), fixture::now().wall);
        let parts: Vec<String> = view.parts.iter().map(|part| format!("{} {}", part.label, part.words)).collect();
        assert_eq!(parts, ["API down 3 times within 24 min", "Site down for 8 min"]);
        let own = of_node([&incident], &fixture::id("api"), fixture::now().wall);
        assert_eq!(own.list[0].title, "Down 3 times within 24 min");
        assert!(of_node([&incident], &fixture::id("gone"), fixture::now().wall).list.is_empty());
    }

    #[test]
    fn the_last_days_are_listed_with_those_that_were_quiet() {
        const DAY: u64 = 24 * 60;
        let over = |minutes| ended(minutes, End::Recovered);
        let incidents: Vec<Arc<Incident>> = [
            incident(1, "web", vec![down("api", 20 * DAY, 1, over(20 * DAY - 9))]),
            incident(2, "web", vec![down("api", 20 * DAY, 1, None)]),
            incident(3, "web", vec![down("api", 3 * DAY, 1, over(3 * DAY - 9))]),
            incident(4, "app", vec![down("push", 3 * DAY - 60, 1, over(2 * DAY))]),
        ]
        .map(Arc::new)
        .to_vec();
        let recent = recent(&incidents, &map(), fixture::now().wall);
        assert_eq!(recent.open.iter().map(|one| one.lasted.as_str()).collect::<Vec<_>>(), ["ongoing for 20 d"]);
        let days: Vec<(&str, usize)> = recent.days.iter().map(|day| (&*day.date, day.incidents.len())).collect();
        let wanted = [("22 to 24 November 2026", 0), ("Saturday, 21 November 2026", 2), ("11 to 20 November 2026", 0)];
        assert_eq!(days, wanted);
        let first = &recent.days[1].incidents[0];
        assert_eq!(first.title, "App: Jobs was down for 23 h");
        assert_eq!(first.began.text, "21 Nov, 02:12 UTC");
        assert_eq!(first.ended.as_ref().unwrap().text, "22 Nov, 01:12 UTC");
        assert_eq!(recent.days[1].incidents[1].ended.as_ref().unwrap().text, "01:21 UTC");
    }

    #[test]
    fn what_comes_and_goes_all_the_time_fills_no_page() {
        let now = fixture::now().wall;
        let one = |number: u64| {
            let since = 2_000 - number;
            incident(number, "web", vec![down("api", since, 1, ended(since, End::Recovered))])
        };
        let all: Vec<Incident> = (0..400).map(one).collect();
        let days = by_day(&all, &map(), now);
        assert_eq!(days.iter().map(|day| (day.incidents.len(), day.more)).collect::<Vec<_>>(), [(DAY_MAX, 350)]);
        let node = of_node(&all, &fixture::id("api"), now);
        assert_eq!(
            (node.list.len(), node.more, node.list[0].began.text.as_str()),
            (NODE_MAX, 300, "22 Nov, 22:31 UTC")
        );
        let shared: Vec<Arc<Incident>> = all.into_iter().map(Arc::new).collect();
        assert_eq!(recent(&shared, &map(), now).days[1].more, 392);
    }
}
