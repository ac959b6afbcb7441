//! `/history`: the incidents of a month.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde_derive::Serialize;

use crate::model::incident::Incident;
use crate::model::map::Map;
use crate::model::shown::MonthHistory;
use crate::model::shown::Shown;

use super::incidents;
use super::incidents::DayGroup;
use super::respond;
use super::site::Live;

/// For how long a page is served again, and for how long one that lacks what could not be read.
const KEPT: Duration = Duration::from_mins(1);
const KEPT_UNREAD: Duration = Duration::from_secs(5);

/// A month, by its first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Month(Date);

/// What the page of a month says.
#[derive(Debug, Serialize)]
pub(super) struct MonthPage {
    month: String,
    days: Vec<DayGroup>,
    previous: Option<Link>,
    next: Option<Link>,
    /// Whether what is stored could not be read.
    is_unread: bool,
}

/// A month to go to.
#[derive(Debug, Serialize)]
struct Link {
    url: String,
    text: String,
}

impl Month {
    /// The one that a moment is in, in UTC.
    pub(super) fn of(at: Timestamp) -> Self {
        Self(Offset::UTC.to_datetime(at).date().first_of_month())
    }

    /// The one of a query such as `month=2026-11`; without one the present one.
    fn asked_for(query: &str, now: Timestamp) -> Option<Self> {
        let Some(text) = respond::parameter(query, "month") else { return Some(Self::of(now)) };
        let (year, month) = text.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2)?;
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        is_plain.then_some(())?;
        Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok().map(Self)
    }

    /// Whether any of an incident was in it.
    fn holds(self, incident: &Incident) -> bool {
        Self::of(incident.opened.wall) <= self && incident.closed.is_none_or(|closed| Self::of(closed.at.wall) >= self)
    }

    fn begin(self) -> Timestamp {
        Offset::UTC.to_timestamp(self.0.at(0, 0, 0, 0)).unwrap_or(Timestamp::MIN)
    }

    fn next(self) -> Option<Self> {
        self.0.checked_add(jiff::Span::new().months(1)).ok().map(Self)
    }

    fn previous(self) -> Option<Self> {
        self.0.checked_sub(jiff::Span::new().months(1)).ok().map(Self)
    }

    fn text(self) -> String {
        self.0.strftime("%B %Y").to_string()
    }

    fn link(self) -> Link {
        Link { url: format!("/history?month={}", self.0.strftime("%Y-%m")), text: self.text() }
    }
}

/// What is to be said of that month; without what is stored, what is at hand.
pub(super) fn view(
    map: &Map,
    shown: &Shown,
    month: Month,
    history: Option<&MonthHistory>,
    now: Timestamp,
) -> MonthPage {
    let stored = history.map(|history| history.incidents.as_slice()).unwrap_or_default();
    let incidents = merged(stored, &shown.incidents);
    let of_month = incidents.into_iter().filter(|incident| month.holds(incident));
    let first = history.map(|history| first(history, shown));
    MonthPage {
        month: month.text(),
        days: incidents::by_day(of_month, map, now),
        previous: month
            .previous()
            .filter(|_| first.is_none_or(|first| first.is_some_and(|at| at < month)))
            .map(Month::link),
        next: month.next().filter(|next| *next <= Month::of(now)).map(Month::link),
        is_unread: history.is_none(),
    }
}

/// The month in which the first incident of all began.
fn first(history: &MonthHistory, shown: &Shown) -> Option<Month> {
    let recent = shown.incidents.iter().map(|incident| incident.opened.wall);
    history.first.into_iter().chain(recent).min().map(Month::of)
}

/// Incidents that were stored and those that are at hand, which are newer, each once.
pub(super) fn merged<'a>(stored: &'a [Incident], recent: &'a [Arc<Incident>]) -> Vec<&'a Incident> {
    let all = stored.iter().chain(recent.iter().map(AsRef::as_ref));
    all.map(|incident| (incident.id, incident)).collect::<BTreeMap<_, _>>().into_values().collect()
}

/// `GET /history`
pub(super) async fn get(request: HttpRequest, live: Data<Live>) -> HttpResponse {
    let site = live.site();
    let now = site.engine.shared.now();
    let present = Month::of(now.wall);
    let Some(month) = Month::asked_for(request.query_string(), now.wall).filter(|month| *month <= present) else {
        return site.page.answer_not_found();
    };
    let (asked, flips) = (format!("history {}", month.text()), site.engine.shared.seen().flips);
    if let Some(page) = site.cache.get(&asked, flips, now.instant) {
        return page.answer(&request, site.page.policy());
    }
    let (from, to) = (month.begin(), month.next().map_or(Timestamp::MAX, Month::begin));
    let history = site.archive.read(move |archive| archive.month(from, to)).await.ok();
    let (map, shown) = site.page.shown();
    let is_empty = history.as_ref().is_some_and(|history| first(history, &shown).is_none_or(|first| month < first));
    if is_empty && month != present {
        return site.page.answer_not_found();
    }
    let page = view(&map, &shown, month, history.as_ref(), now.wall);
    let kept = if history.is_some() { KEPT } else { KEPT_UNREAD };
    site.answer_anew(&request, asked, flips, now.instant + kept, site.page.parts.month(page, now.wall))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Now;
    use crate::model::fixture;
    use crate::model::incident::End;
    use crate::model::incident::Ended;

    fn month(text: &str) -> Option<Month> {
        Month::asked_for(text, fixture::now().wall)
    }

    #[test]
    fn months_are_read_and_written() {
        for (query, wanted) in [
            ("", Some("November 2026")),
            ("month=2026-02", Some("February 2026")),
            ("a=b&month=2025-12", Some("December 2025")),
            ("month=2026-13", None),
            ("month=2026-1", None),
            ("month=", None),
            ("month=+026-01", None),
            ("month=2026-11-24", None),
        ] {
            assert_eq!(month(query).map(Month::text).as_deref(), wanted, "{query}");
        }
        let december = month("month=2025-12").unwrap();
        assert_eq!(december.next().unwrap().link().url, "/history?month=2026-01");
        assert_eq!(
            (december.begin().to_string(), december.previous().unwrap().text()),
            ("2025-12-01T00:00:00Z".to_owned(), "November 2025".to_owned())
        );
    }

    fn incident(id: u64, opened: &str) -> Incident {
        let opened = Now { wall: opened.parse().unwrap(), ..fixture::now() };
        Incident { id, service: fixture::id("web"), opened, cause: None, affected: Vec::new(), closed: None }
    }

    #[test]
    fn a_month_has_what_began_in_it_and_leads_to_its_neighbours() {
        let (map, now) = (fixture::map(), fixture::now().wall);
        let shown = Shown { incidents: vec![Arc::new(incident(3, "2026-11-20T10:00:00Z"))], ..Shown::default() };
        let history = MonthHistory {
            incidents: vec![incident(2, "2026-10-03T10:00:00Z"), incident(1, "2026-10-03T09:00:00Z")],
            first: Some("2026-10-01T00:00:00Z".parse().unwrap()),
        };
        let seen = |query: &str, history: Option<&MonthHistory>| {
            let page = view(&map, &shown, month(query).unwrap(), history, now);
            serde_json::to_value(page).unwrap()
        };
        let october = seen("month=2026-10", Some(&history));
        assert_eq!((&october["month"], &october["previous"]), (&"October 2026".into(), &serde_json::Value::Null));
        assert_eq!(october["next"]["url"], "/history?month=2026-11");
        assert_eq!(october["days"].as_array().unwrap().len(), 1);
        assert_eq!(october["days"][0]["incidents"].as_array().unwrap().len(), 2);
        let november = seen("", Some(&history));
        assert_eq!(
            (&november["previous"]["text"], &november["next"]),
            (&"October 2026".into(), &serde_json::Value::Null)
        );
        assert_eq!(november["days"][0]["date"], "Friday, 20 November 2026");
        let unread = seen("month=2026-10", None);
        assert_eq!((&unread["is_unread"], &unread["previous"]["text"]), (&true.into(), &"September 2026".into()));
    }

    #[test]
    fn an_outage_over_the_end_of_a_month_is_in_both_and_in_all_between() {
        let closed = |at: &str| {
            let at = Now { wall: at.parse().unwrap(), ..fixture::now() };
            Some(Ended { at, how: End::Recovered })
        };
        let long = Incident { closed: closed("2026-10-01T00:00:30Z"), ..incident(1, "2026-08-31T23:59:00Z") };
        let open = incident(2, "2026-10-31T23:59:00Z");
        let history = MonthHistory { incidents: vec![open, long], first: None };
        let count = |query: &str| {
            let page =
                view(&fixture::map(), &Shown::default(), month(query).unwrap(), Some(&history), fixture::now().wall);
            page.days.len()
        };
        let months = ["2026-07", "2026-08", "2026-09", "2026-10", "2026-11"];
        assert_eq!(months.map(|month| count(&format!("month={month}"))), [0, 1, 1, 2, 1]);
    }

    #[test]
    fn an_incident_that_is_stored_and_at_hand_is_told_as_it_is_now() {
        let (mut stored, recent) = (incident(1, "2026-10-03T10:00:00Z"), Arc::new(incident(1, "2026-10-03T10:00:00Z")));
        stored.cause = Some(crate::model::cause::Cause::Reported(crate::model::status::Status::Dead));
        let all = [recent];
        assert_eq!(merged(&[stored], &all), [&*all[0]]);
    }
}
