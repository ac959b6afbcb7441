//! An incident in words: what was down, for how long, why.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde_derive::Serialize;

use crate::clock::Now;
use crate::model::cause::Cause;
use crate::model::id::Id;
use crate::model::incident::Affected;
use crate::model::incident::End;
use crate::model::incident::Ended;
use crate::model::incident::Incident;
use crate::model::map::Map;

use super::days;
use super::isolated::isolated;
use super::places;

/// How many nodes a sentence names.
const NAMED_MAX: usize = 3;

/// How far apart two moments are the same to a reader: checks of several nodes do not end at once.
const SAME: Duration = Duration::from_secs(2);

/// An incident, in words.
#[derive(Debug, Serialize)]
pub(super) struct IncidentView {
    pub(super) is_open: bool,
    pub(super) title: String,
    pub(super) began: Moment,
    /// None while it lasts, and when it ended in the minute in which it began.
    pub(super) ended: Option<Moment>,
    /// `4 min`
    pub(super) lasted: String,
    /// What was the cause of all.
    pub(super) cause: Option<String>,
    /// Each node, when there is more to say than the title does.
    pub(super) parts: Vec<PartView>,
}

/// A node of it.
#[derive(Debug, Default, Serialize)]
pub(super) struct PartView {
    label: String,
    /// `down for 4 min`, `down since`
    words: String,
    /// What follows the words, if they lead to a moment.
    since: Option<Moment>,
    rest: String,
    cause: Option<String>,
}

/// A moment, for machines and for people.
#[derive(Debug, Serialize)]
pub(super) struct Moment {
    iso: String,
    pub(super) text: String,
}

/// What is said of it where all of its service is told.
pub(super) fn view(incident: &Incident, map: &Map, now: Timestamp) -> IncidentView {
    let began = incident.opened.wall;
    let cause = shared_cause(incident);
    let nodes = &incident.affected;
    let is_told = nodes.len() <= NAMED_MAX && is_alike(incident) && (cause.is_some() || nodes.len() <= 1);
    let is_former = !map.services.contains_key(&incident.service);
    let part = |affected| part(incident, affected, map, now);
    IncidentView {
        is_open: incident.closed.is_none(),
        title: title(incident, map, now),
        began: Moment::of(began),
        ended: incident.closed.and_then(|ended| Moment::end(began, ended.at.wall)),
        lasted: whole(incident, now),
        cause: cause.map(Cause::in_public),
        parts: if is_told || is_former { Vec::new() } else { nodes.iter().map(part).collect() },
    }
}

/// What is said of it where one node is told; none if that was not in it.
pub(super) fn node_view(incident: &Incident, node: &Id, now: Timestamp) -> Option<IncidentView> {
    let affected = incident.affected.iter().find(|affected| affected.node == *node)?;
    let whole = || lasted(affected.since.wall, affected.until, now);
    let time = days::duration(affected.down);
    let (began, title, lasted) = match (affected.until, affected.deaths) {
        (None, 0 | 1) => (affected.since, "Down".to_owned(), whole()),
        (None, deaths) => {
            let lasted = format!("{}, and {time} before", lasted(affected.again.wall, None, now));
            (affected.again, format!("Down, for the {} time", ordinal(deaths)), lasted)
        }
        (Some(ended), 0 | 1) => (affected.since, format!("Down for {time}{}", afterwards(ended)), time),
        (Some(ended), deaths) => {
            (affected.since, format!("Down {deaths} times, {time} in all{}", afterwards(ended)), whole())
        }
    };
    Some(IncidentView {
        is_open: affected.until.is_none(),
        title,
        began: Moment::of(began.wall),
        ended: affected.until.and_then(|ended| Moment::end(began.wall, ended.at.wall)),
        lasted,
        cause: affected.cause.as_ref().map(Cause::in_public),
        parts: Vec::new(),
    })
}

/// `Web: API was down for 4 min`
fn title(incident: &Incident, map: &Map, now: Timestamp) -> String {
    let time = whole(incident, now);
    let Some(service) = map.services.get(&incident.service).map(|service| isolated(&service.label)) else {
        return match incident.closed {
            None => "A former service is down".to_owned(),
            Some(ended) => format!("A former service was down for {time}{}", afterwards(ended)),
        };
    };
    let nodes = &incident.affected;
    let down = nodes.iter().filter(|affected| affected.until.is_none()).count();
    let subject = match subjects(nodes.iter().map(|one| places::label(map, &incident.service, &one.node))) {
        labels if labels.is_empty() => service.to_string(),
        labels => format!("{service}: {}", named(&labels)),
    };
    match (incident.closed, nodes.len()) {
        (None, 0 | 1) => format!("{subject} is down"),
        (None, all) if down < all => format!("{service}: {all} nodes affected, {down} of them down"),
        (None, _) => format!("{subject} are down"),
        (Some(ended), 0 | 1) => format!("{subject} was down for {time}{}", afterwards(ended)),
        (Some(ended), _) if is_alike(incident) => format!("{subject} were down for {time}{}", afterwards(ended)),
        (Some(_), all) => format!("{service}: {all} nodes were down at times within {time}"),
    }
}

fn part(incident: &Incident, affected: &Affected, map: &Map, now: Timestamp) -> PartView {
    let (opened, deaths) = (incident.opened.wall, affected.deaths);
    let since = |at: Now| Some(Moment::after(opened, at.wall));
    let words = match deaths {
        0 | 1 => format!("down for {}", days::duration(affected.down)),
        deaths => format!("down {deaths} times, {} in all", days::duration(affected.down)),
    };
    let (words, since, rest) = match (affected.until, deaths) {
        (None, 0 | 1) => {
            let rest = format!(", for {}", lasted(affected.since.wall, None, now));
            ("down since".to_owned(), since(affected.since), rest)
        }
        (None, deaths) => {
            ("down again since".to_owned(), since(affected.again), format!(", for the {} time", ordinal(deaths)))
        }
        (Some(Ended { at, how: End::Recovered }), _) if incident.closed.is_none() => {
            (format!("{words}, up again since"), since(at), String::new())
        }
        (Some(ended), _) => (words + afterwards(ended), None, String::new()),
    };
    // What is the cause of all is said once.
    let cause = affected.cause.as_ref().filter(|_| shared_cause(incident).is_none()).map(Cause::in_public);
    let label = places::label(map, &incident.service, &affected.node).unwrap_or("a former node").to_owned();
    PartView { label, words, since, rest, cause }
}

/// What all of its nodes died of.
fn shared_cause(incident: &Incident) -> Option<&Cause> {
    let Some((first, others)) = incident.affected.split_first() else { return incident.cause.as_ref() };
    first.cause.as_ref().filter(|_| others.iter().all(|other| other.cause == first.cause))
}

/// Whether each of its nodes was down from its beginning to its end, or to the present.
fn is_alike(incident: &Incident) -> bool {
    let is_same = |one: Now, other: Now| one.wall.duration_since(other.wall).unsigned_abs() <= SAME;
    let ends_alike = |until: Option<Ended>| match (until, incident.closed) {
        (None, None) => true,
        (Some(until), Some(closed)) => is_same(until.at, closed.at) && until.how == closed.how,
        (None, Some(_)) | (Some(_), None) => false,
    };
    let whole = |one: &Affected| one.deaths <= 1 && is_same(one.since, incident.opened) && ends_alike(one.until);
    incident.affected.iter().all(whole)
}

/// How long it lasted, or has. Of nodes that were down from its beginning to its end it is known how long that was,
/// whatever the wall clock did meanwhile.
fn whole(incident: &Incident, now: Timestamp) -> String {
    let known = incident.affected.iter().map(|affected| affected.down).max();
    match known.filter(|_| incident.closed.is_some() && is_alike(incident)) {
        Some(down) => days::duration(down),
        None => lasted(incident.opened.wall, incident.closed, now),
    }
}

/// What the wall clock says, since the times beside it are of the wall clock, too.
fn lasted(began: Timestamp, ended: Option<Ended>, now: Timestamp) -> String {
    let end = ended.map_or(now, |ended| ended.at.wall);
    days::duration(Duration::try_from(end.duration_since(began)).unwrap_or_default())
}

fn afterwards(ended: Ended) -> &'static str {
    match ended.how {
        End::Recovered => "",
        End::Unwatched => ", then no longer watched",
    }
}

/// The labels, and last those that are no longer there, counted.
fn subjects<'a>(labels: impl Iterator<Item = Option<&'a str>>) -> Vec<String> {
    let all: Vec<Option<&str>> = labels.collect();
    let mut subjects: Vec<String> = all.iter().flatten().map(|label| isolated(label).into_owned()).collect();
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

/// The day of a moment, in UTC.
pub(super) fn date(at: Timestamp) -> Date {
    Offset::UTC.to_datetime(at).date()
}

impl Moment {
    /// `24 Nov, 01:12 UTC`
    pub(super) fn of(at: Timestamp) -> Self {
        Self::formatted(at, "%-d %b, %H:%M UTC")
    }

    /// The same, without the day if that is the day of another moment.
    fn after(other: Timestamp, at: Timestamp) -> Self {
        if date(other) == date(at) { Self::formatted(at, "%H:%M UTC") } else { Self::of(at) }
    }

    /// The end of what began then; none if that would read the same.
    pub(super) fn end(began: Timestamp, at: Timestamp) -> Option<Self> {
        let minute = |at: Timestamp| at.as_second().div_euclid(60);
        (minute(began) != minute(at)).then(|| Self::after(began, at))
    }

    fn formatted(at: Timestamp, format: &str) -> Self {
        let iso = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Self { iso, text: Offset::UTC.to_datetime(at).strftime(format).to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::outages::again;
    use super::super::outages::ago;
    use super::super::outages::down;
    use super::super::outages::ended;
    use super::super::outages::incident;
    use super::super::outages::map;
    use super::super::outages::over;
    use super::*;
    use crate::model::cause::Failure;
    use crate::model::fixture;

    fn seen(service: &str, affected: Vec<Affected>) -> IncidentView {
        view(&incident(1, service, affected), &map(), fixture::now().wall)
    }

    /// The words of each node, as they are read.
    fn parts(view: &IncidentView) -> Vec<String> {
        let moment = |part: &PartView| part.since.as_ref().map(|since| format!(" {}", since.text)).unwrap_or_default();
        let cause = |part: &PartView| part.cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
        view.parts
            .iter()
            .map(|part| format!("{} {}{}{}{}", part.label, part.words, moment(part), part.rest, cause(part)))
            .collect()
    }

    #[test]
    fn a_wall_clock_that_is_set_meanwhile_lengthens_no_outage() {
        let affected = Affected { down: Duration::from_secs(7), ..down("api", 24 * 60, over(0)) };
        let whole = incident(1, "web", vec![affected.clone()]);
        assert_eq!(seen("web", vec![affected]).title, "Web: API was down for 7 s");
        let node = node_view(&whole, &fixture::id("api"), fixture::now().wall).unwrap();
        assert_eq!((node.title.as_str(), node.lasted.as_str()), ("Down for 7 s", "7 s"));
    }

    #[test]
    fn titles_say_what_was_down_and_for_how_long() {
        for (service, affected, title, lasted) in [
            ("web", vec![down("api", 10, over(6))], "Web: API was down for 4 min", "4 min"),
            ("web", vec![down("api", 10, None)], "Web: API is down", "10 min"),
            (
                "web",
                vec![down("api", 10, over(6)), down("site", 10, over(6))],
                "Web: API and Site were down for 4 min",
                "4 min",
            ),
            (
                "web",
                vec![down("api", 10, over(6)), down("site", 9, over(1))],
                "Web: 2 nodes were down at times within 9 min",
                "9 min",
            ),
            (
                "web",
                vec![down("api", 10, over(1)), again(down("site", 10, over(1)), 2, 5, 400)],
                "Web: 2 nodes were down at times within 9 min",
                "9 min",
            ),
            (
                "web",
                vec![down("api", 10, over(6)), down("site", 10, ended(6, End::Unwatched))],
                "Web: 2 nodes were down at times within 4 min",
                "4 min",
            ),
            ("web", vec![down("api", 10, None), down("site", 9, None)], "Web: API and Site are down", "10 min"),
            (
                "web",
                vec![down("api", 10, over(6)), down("site", 9, None)],
                "Web: 2 nodes affected, 1 of them down",
                "10 min",
            ),
            (
                "web",
                vec![down("api", 10, ended(8, End::Unwatched))],
                "Web: API was down for 2 min, then no longer watched",
                "2 min",
            ),
            ("web", vec![down("gone", 10, over(6))], "Web: a former node was down for 4 min", "4 min"),
            (
                "web",
                vec![down("gone", 10, over(6)), down("went", 10, over(6)), down("api", 10, over(6))],
                "Web: API and 2 former nodes were down for 4 min",
                "4 min",
            ),
            ("gone", vec![down("api", 10, over(6))], "A former service was down for 4 min", "4 min"),
            ("gone", vec![down("api", 10, None)], "A former service is down", "10 min"),
            ("web", vec![down("api", 0, over(0))], "Web: API was down for less than 1 s", "less than 1 s"),
        ] {
            let view = seen(service, affected);
            assert_eq!((view.title.as_str(), view.lasted.as_str()), (title, lasted));
            assert_eq!(view.cause.as_deref(), Some("connection refused"));
        }
    }

    #[test]
    fn checks_that_end_one_after_the_other_are_one_outage() {
        let mut affected = vec![down("api", 10, over(6)), down("site", 10, over(6))];
        let with = |affected: &[Affected]| seen("web", affected.to_vec()).title;
        affected[1].since = crate::clock::after(affected[1].since, SAME);
        assert_eq!(with(&affected), "Web: API and Site were down for 4 min");
        affected[1].since = crate::clock::after(affected[1].since, Duration::from_millis(1));
        assert_eq!(with(&affected), "Web: 2 nodes were down at times within 4 min");
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
        let api = || down("api", 30, over(6));
        for (affected, wanted) in [
            (vec![api()], &[][..]),
            (vec![api(), down("site", 30, over(6))], &[]),
            (
                vec![again(api(), 3, 8, 78), down("site", 9, over(1))],
                &["API down 3 times, 1 min 18 s in all", "Site down for 8 min"],
            ),
            (
                vec![again(api(), 2, 8, 78), down("site", 9, None)],
                &[
                    "API down 2 times, 1 min 18 s in all, up again since 01:06 UTC",
                    "Site down since 01:03 UTC, for 9 min",
                ],
            ),
            (
                vec![again(down("api", 30, None), 2, 8, 78), down("site", 9, over(1))],
                &["API down again since 01:04 UTC, for the 2nd time", "Site down for 8 min, up again since 01:11 UTC"],
            ),
            (
                vec![api(), down("gone", 80, ended(9, End::Unwatched)), down("site", 100, None)],
                &[
                    "API down for 24 min, up again since 01:06 UTC",
                    "a former node down for 1 h 11 min, then no longer watched",
                    "Site down since 23 Nov, 23:32 UTC, for 1 h 40 min",
                ],
            ),
        ] {
            assert_eq!(parts(&seen("web", affected)), wanted);
        }
    }

    #[test]
    fn a_cause_is_said_of_all_or_of_the_node_that_had_it() {
        let broken = Affected { cause: Some(Cause::Failed(Failure::HttpStatus(503))), ..down("site", 9, over(1)) };
        let both = seen("web", vec![down("api", 10, over(6)), down("site", 9, over(1))]);
        assert_eq!(
            (both.cause.as_deref(), parts(&both)[0].as_str()),
            (Some("connection refused"), "API down for 4 min")
        );
        let each = seen("web", vec![down("api", 9, over(1)), broken]);
        let of_each = ["API down for 8 min (connection refused)", "Site down for 8 min (HTTP 503)"];
        assert_eq!((each.cause.as_deref(), parts(&each)), (None, of_each.map(str::to_owned).to_vec()));
        let unknown = Affected { cause: None, ..down("site", 9, over(1)) };
        assert_eq!(seen("web", vec![down("api", 9, over(1)), unknown]).cause, None);
    }

    #[test]
    fn a_node_is_told_of_as_if_it_were_alone() {
        let told = |affected: Affected| {
            let incident = incident(1, "web", vec![affected, down("site", 30, None)]);
            let view = node_view(&incident, &fixture::id("api"), fixture::now().wall).unwrap();
            (view.title, view.began.text, view.ended.map(|ended| ended.text), view.lasted)
        };
        let text = |title: &str, began: &str, ended: Option<&str>, lasted: &str| {
            (title.to_owned(), format!("24 Nov, {began} UTC"), ended.map(|end| format!("{end} UTC")), lasted.to_owned())
        };
        assert_eq!(told(down("api", 30, over(6))), text("Down for 24 min", "00:42", Some("01:06"), "24 min"));
        assert_eq!(told(down("api", 30, None)), text("Down", "00:42", None, "30 min"));
        let twice = again(down("api", 30, None), 2, 8, 78);
        assert_eq!(told(twice), text("Down, for the 2nd time", "01:04", None, "8 min, and 1 min 18 s before"));
        let over = again(down("api", 30, over(6)), 3, 8, 78);
        assert_eq!(told(over), text("Down 3 times, 1 min 18 s in all", "00:42", Some("01:06"), "24 min"));
    }

    #[test]
    fn what_ends_in_the_minute_in_which_it_began_has_one_time() {
        let (now, second) = (ago(0).wall, Duration::from_secs(1));
        let ends = |at| Moment::end(now, at).map(|end| end.text);
        // It is five seconds past the minute.
        assert_eq!((ends(now + second), ends(now + second * 54)), (None, None));
        assert_eq!(ends(now + second * 55).as_deref(), Some("01:13 UTC"));
        assert_eq!(ends(now + Duration::from_hours(24)).as_deref(), Some("25 Nov, 01:12 UTC"));
    }
}
