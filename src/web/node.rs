//! `/node/{service}/{node}`: a node and its past.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;
use jiff::Timestamp;
use jiff::tz::Offset;
use serde_derive::Serialize;

use crate::model::incident::Affected;
use crate::model::incident::Incident;
use crate::model::map::Map;
use crate::model::map::Mode;
use crate::model::map::Node;
use crate::model::past::Past;
use crate::model::shown::NodeHistory;
use crate::model::shown::Range;
use crate::model::shown::Shown;
use crate::model::span::Span;
use crate::model::status::Status;
use crate::model::transition::NodeKey;
use crate::model::uptime::Uptime;

use super::bar;
use super::days::DayView;
use super::incidents;
use super::incidents::NodeIncidents;
use super::isolated::isolated;
use super::maintenance;
use super::maintenance::MaintenanceView;
use super::month::merged;
use super::places;
use super::respond;
use super::series;
use super::series::ChartView;
use super::site::Live;
use super::view;
use super::view::NodeView;
use super::view::Time;
use super::windows;

/// For how long a page is served again, and for how long one that lacks what could not be read.
const KEPT: Duration = Duration::from_secs(20);
const KEPT_UNREAD: Duration = Duration::from_secs(5);

/// What the page of a node says.
#[derive(Debug, Serialize)]
pub(super) struct NodePage {
    status: &'static str,
    headline: String,
    summary: String,
    /// What the moment is that stands beside it.
    seen: &'static str,
    checked: Option<Time>,
    service: String,
    /// Where the node is on the status page.
    home: String,
    /// That of it that is under way or begins soon.
    maintenance: Vec<MaintenanceView>,
    node: NodeView,
    ranges: Vec<RangeView>,
    /// `the last 24 hours`
    range: &'static str,
    charts: Vec<ChartView>,
    incidents: NodeIncidents,
    /// Every day of which anything is known.
    days: Vec<DayView>,
    /// Whether what is stored could not be read.
    is_unread: bool,
}

/// A range to choose, with the uptime in it.
#[derive(Debug, Serialize)]
struct RangeView {
    url: String,
    name: &'static str,
    uptime: String,
    /// `25 Nov`, when watching began, if that is all there is to say of it.
    since: Option<String>,
    is_current: bool,
}

/// What is to be said of that node, if it is there; without what is stored, what is at hand.
pub(super) fn view(
    map: &Map,
    shown: &Shown,
    key: &NodeKey,
    range: Range,
    history: Option<&NodeHistory>,
    now: Timestamp,
) -> Option<NodePage> {
    let service = map.services.get(&key.service)?;
    let node = service.nodes.get(&key.node)?;
    let path = places::paths(map).remove(key)?;
    let empty = Arc::default();
    let past: &Past = shown.pasts.get(key).unwrap_or(&empty);
    let stored = history.map(|history| history.incidents.as_slice()).unwrap_or_default();
    let incidents = deaths(merged(stored, &shown.incidents), key, range.begin(now));
    let deaths: Vec<&Affected> = incidents.iter().map(|(_, affected)| *affected).collect();
    let series = history.map(|history| history.series.as_slice()).unwrap_or_default();
    let mut seen = view::node(map, shown, key, now)?;
    if let Some(history) = history {
        seen.tell_uptimes(|number| {
            let (id, _) = node.replicas.get_index(number.checked_sub(1)?)?;
            let (_, span) = history.replicas.iter().find(|(replica, _)| replica == id)?;
            replica_uptime(span)
        });
    }
    let uptimes = windows::told(past, now);
    let first = past.first(now).map(|first| Offset::UTC.to_datetime(first).strftime("%-d %b").to_string());
    let ranges = Range::ALL.map(|one| {
        let told = uptimes.iter().find(|(window, _)| *window == one.window()).and_then(|(_, uptime)| *uptime);
        RangeView {
            url: format!("{path}?range={}", one.word()),
            name: name(one),
            uptime: told.map_or("–".to_owned(), uptime),
            since: first.clone().filter(|_| told.is_none()),
            is_current: one == range,
        }
    });
    Some(NodePage {
        status: if node.maintained { maintenance::CLASS } else { view::class(node.standing) },
        headline: headline(node),
        summary: summary(node, &service.label),
        seen: if reports(node) { "Last report" } else { view::CHECKED },
        checked: node.observed.map(|now| view::time(now.wall)),
        service: service.label.to_string(),
        home: format!("/#{}", seen.anchor()),
        maintenance: maintenance::of_node(map, shown, key, now),
        node: seen,
        ranges: ranges.into_iter().collect(),
        range: name(range),
        charts: series::charts(series, &deaths, range, now),
        incidents: incidents::of_node(incidents.into_iter().map(|(incident, _)| incident), &key.node, now),
        days: bar::all_days(past, now),
        is_unread: history.is_none(),
    })
}

/// The incidents in which a node was dead at that time or later, each with what it says of that node.
fn deaths<'a>(incidents: Vec<&'a Incident>, key: &NodeKey, from: Timestamp) -> Vec<(&'a Incident, &'a Affected)> {
    let of_node = |incident: &'a Incident| {
        let affected = incident.affected.iter().find(|affected| affected.node == key.node)?;
        let is_in = affected.until.is_none_or(|until| until.at.wall >= from);
        (is_in && incident.service == key.service).then_some((incident, affected))
    };
    incidents.into_iter().filter_map(of_node).collect()
}

/// Whether its replicas speak for themselves, all of them.
fn reports(node: &Node) -> bool {
    matches!(node.mode, Mode::Push | Mode::Local) && node.queue().is_none()
}

fn name(range: Range) -> &'static str {
    match range {
        Range::Day => "24 hours",
        Range::Week => "7 days",
        Range::Month => "30 days",
        Range::Quarter => "90 days",
    }
}

fn uptime(uptime: Uptime) -> String {
    match uptime.ratio() {
        Some(_) => uptime.to_string(),
        None if !uptime.maintenance.is_zero() => "–".to_owned(),
        None => "no data".to_owned(),
    }
}

/// None when nothing is known.
fn replica_uptime(span: &Span) -> Option<String> {
    let uptime = Uptime::of(span);
    uptime.ratio().map(|_| uptime.to_string())
}

fn headline(node: &Node) -> String {
    let label = isolated(&node.label);
    match node.standing {
        _ if node.maintained => format!("{label} is under maintenance"),
        Some(standing) => format!("{label} is {}", standing.status),
        None => format!("{label} is not judged yet"),
    }
}

/// `Part of Web; 1 of 3 replicas is dead: connection refused.`
fn summary(node: &Node, service: &str) -> String {
    let (all, service) = (node.replicas.len(), isolated(service));
    let Some(status) = node.standing.map(|standing| standing.status) else {
        return match view::note(node) {
            Some(why) => format!("Part of {service}. {why}."),
            None => format!("Part of {service}."),
        };
    };
    let alike = node.tally.count(status);
    let verb = if alike == 1 { "is" } else { "are" };
    let cause = node.replicas.values().find_map(|replica| {
        let fits = replica.standing.is_some_and(|standing| standing.status == status);
        replica.cause.as_ref().filter(|_| fits && status > Status::Healthy)
    });
    let why = cause.map(|cause| format!(": {}", cause.in_public())).unwrap_or_default();
    match (all, alike) {
        (0, _) => format!("Part of {service}."),
        (1, _) => format!("Part of {service}; its only replica is {status}{why}."),
        (2, 2) => format!("Part of {service}; both replicas are {status}{why}."),
        (all, alike) if all == alike => format!("Part of {service}; all {all} replicas are {status}{why}."),
        (all, alike) => format!("Part of {service}; {alike} of {all} replicas {verb} {status}{why}."),
    }
}

/// `GET /node/{service}/{node}`
pub(super) async fn get(request: HttpRequest, live: Data<Live>) -> HttpResponse {
    let site = live.site();
    let [service_slug, slug] = ["service", "node"].map(|name| request.match_info().query(name));
    let range = respond::parameter(request.query_string(), "range").and_then(Range::of).unwrap_or_default();
    let (now, flips) = (site.engine.shared.now(), site.engine.shared.seen().flips);
    let asked = format!("node {service_slug}/{slug} {}", range.word());
    if let Some(page) = site.cache.get(&asked, flips, now.instant) {
        return page.answer(&request, site.page.policy());
    }
    let (map, shown) = site.page.shown();
    let Some(key) = places::node(&map, service_slug, slug) else { return site.page.answer_not_found() };
    let read = key.clone();
    let history = site.archive.read(move |archive| archive.node(&read, range, now.wall)).await.ok();
    let Some(page) = view(&map, &shown, &key, range, history.as_ref(), now.wall) else {
        return site.page.answer_not_found();
    };
    let kept = if history.is_some() { KEPT } else { KEPT_UNREAD };
    site.answer_anew(&request, asked, flips, now.instant + kept, site.page.parts.node(page, now.wall))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::model::fixture;
    use crate::model::fixture::down;
    use crate::model::fixture::key;
    use crate::model::fixture::load;
    use crate::model::fixture::node_key;
    use crate::model::fixture::secs;
    use crate::model::fixture::up;

    fn seen(map: &Map, shown: &Shown, history: Option<&NodeHistory>) -> serde_json::Value {
        let page = view(map, shown, &node_key("web", "api"), Range::Week, history, fixture::now().wall);
        serde_json::to_value(page.unwrap()).unwrap()
    }

    #[test]
    fn the_summary_says_how_many_replicas_are_so_and_why() {
        let mut map = fixture::map();
        let summary = |map: &Map| seen(map, &Shown::default(), None)["summary"].as_str().unwrap().to_owned();
        assert_eq!(summary(&map), "Part of Web. Not checked yet.");
        for (replica, outcome, wanted) in [
            ("a", up(), "Part of Web; 1 of 2 replicas is healthy."),
            ("b", up(), "Part of Web; both replicas are healthy."),
            ("b", down(), "Part of Web; 1 of 2 replicas is dead: connection refused."),
            ("a", down(), "Part of Web; both replicas are dead: connection refused."),
        ] {
            map.record_check(&key("web", "api", replica), outcome, fixture::now());
            assert_eq!(summary(&map), wanted);
        }
    }

    #[test]
    fn the_moment_at_the_top_is_the_node_s_own() {
        let (mut map, clock) = (fixture::map(), fixture::clock());
        let top = |map: &Map, service, node| {
            let now = fixture::now().wall;
            let page = view(map, &Shown::default(), &node_key(service, node), Range::Day, None, now).unwrap();
            let page = serde_json::to_value(page).unwrap();
            (page["seen"].as_str().unwrap().to_owned(), page["checked"]["iso"].as_str().map(str::to_owned))
        };
        map.record_report(&node_key("app", "push"), load("x", 0.1, 30), 9, clock.now()).unwrap();
        let reported = (view::time(clock.now().wall), "Last report".to_owned());
        clock.advance(secs(60));
        map.record_check(&key("web", "api", "a"), up(), clock.now());
        let iso = |time: &Time| serde_json::to_value(time).unwrap()["iso"].as_str().map(str::to_owned);
        assert_eq!(top(&map, "app", "push"), (reported.1, iso(&reported.0)));
        let checked = view::time(clock.now().wall);
        assert_eq!(top(&map, "web", "api"), ("Last checked".to_owned(), iso(&checked)));
    }

    #[test]
    fn replicas_have_the_uptime_of_the_range_and_no_name() {
        let mut map = fixture::map();
        map.record_check(&key("web", "api", "a"), up(), fixture::now());
        let span = |dead| {
            let mut span = Span::of(Some(Status::Healthy), secs(75));
            span.spend(Some(Status::Dead), secs(dead));
            span
        };
        let id = |name| key("web", "api", name).replica;
        let history =
            NodeHistory { replicas: vec![(id("b"), span(25)), (id("gone"), span(0))], ..NodeHistory::default() };
        let page = seen(&map, &Shown::default(), Some(&history));
        let replicas = &page["node"]["replicas"];
        assert_eq!((&replicas[0]["uptime"], &replicas[1]["uptime"]), (&serde_json::Value::Null, &"75.00%".into()));
        let text = page.to_string();
        assert!(!text.contains("\"a\"") && !text.contains("gone") && !text.contains("\"api\""), "{text}");
    }

    #[test]
    fn without_the_archive_the_page_has_what_is_at_hand() {
        let (map, now) = (fixture::map(), fixture::now());
        let mut past = Past::default();
        past.add(now.wall, &Span::of(Some(Status::Healthy), secs(60)));
        let pasts = [(node_key("web", "api"), Arc::new(past))].into_iter().collect();
        let died = Affected {
            node: fixture::id("api"),
            since: now,
            cause: None,
            deaths: 1,
            again: now,
            down: Duration::ZERO,
            until: None,
        };
        let incident = |id, affected| Incident {
            id,
            service: fixture::id("web"),
            opened: now,
            cause: None,
            affected,
            closed: None,
        };
        let incidents = vec![Arc::new(incident(1, vec![died])), Arc::new(incident(2, Vec::new()))];
        let page = seen(&map, &Shown { pasts, incidents, ..Shown::default() }, None);
        assert_eq!((&page["is_unread"], page["incidents"]["list"].as_array().unwrap().len()), (&true.into(), 1));
        assert_eq!((&page["ranges"][0]["uptime"], &page["ranges"][1]["is_current"]), (&"100%".into(), &true.into()));
        assert_eq!((&page["ranges"][1]["uptime"], &page["ranges"][1]["since"]), (&"–".into(), &"24 Nov".into()));
        assert!(page["ranges"][0]["since"].is_null());
        assert_eq!((page["days"].as_array().unwrap().len(), &page["charts"]), (1, &serde_json::json!([])));
        assert!(view(&map, &Shown::default(), &node_key("web", "gone"), Range::Day, None, now.wall).is_none());
    }
}
