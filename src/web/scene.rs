//! Pages as they look after a year: for tests of their size, and to be looked at.
//!
//! `VIGIL_PAGES=folder cargo test --lib web::scene` writes them to files, with their assets beside them.

use std::env::VarError;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Now;
use crate::clock::back_at;
use crate::config;
use crate::model::announcement::Announcement;
use crate::model::cause::Cause;
use crate::model::cause::Failure;
use crate::model::fixture;
use crate::model::fixture::secs;
use crate::model::incident::Affected;
use crate::model::incident::End;
use crate::model::incident::Ended;
use crate::model::incident::Incident;
use crate::model::maintenance::Agenda;
use crate::model::maintenance::Maintenance;
use crate::model::map::Link;
use crate::model::map::Map;
use crate::model::map::Mode;
use crate::model::observation::Finding;
use crate::model::observation::Load;
use crate::model::past::Past;
use crate::model::shown::MonthHistory;
use crate::model::shown::NodeHistory;
use crate::model::shown::Range;
use crate::model::shown::Shown;
use crate::model::span::Span;
use crate::model::status::Status;
use crate::model::tier::Tier;
use crate::model::transition::NodeKey;
use crate::model::uuid::Uuid;

use super::assets::Assets;
use super::month;
use super::month::Month;
use super::node;
use super::parts::Parts;
use super::rendered::HTML;
use super::rendered::Rendered;

const DAY: Duration = Duration::from_hours(24);

/// Numbers that look random, and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn noon() -> Now {
    let now = fixture::now();
    Now { wall: now.wall + Duration::from_hours(11), ..now }
}

/// The replicas of a node that is asked.
fn replicas(at: usize) -> [&'static str; 3] {
    if at % 5 == 3 {
        [
            "https://store-1.fra.example:9000/healthz",
            "https://store-2.ams.example:9000/healthz",
            "tcp://[2001:db8::7]:9",
        ]
    } else {
        ["a", "b", "c"]
    }
}

/// So many nodes, in services of five; the first of them are as the statuses say.
fn map(nodes: usize, statuses: &[Status]) -> Map {
    let labels = ["Website", "REST API", "Background jobs", "Object storage", "Search", "Mail", "Customer dashboard"];
    let services = ["Cloud console", "Platform", "Data", "Network", "Billing", "Accounts", "Build farm"];
    let mut map = Map::default();
    for first in (0..nodes).step_by(5) {
        let names: Vec<String> = (first..nodes.min(first + 5)).map(|at| format!("n{at}")).collect();
        let parts = names.iter().enumerate().map(|(at, name)| {
            let (is_push, all) = (at == 2, replicas(at));
            let mut node =
                fixture::node(if is_push { Mode::Push } else { Mode::Poll }, if is_push { &[] } else { &all });
            node.label = labels[(first + at) % labels.len()].into();
            node.reveals_replicas = at == 3;
            let link = Link { url: "https://docs.example.com/api".to_owned(), label: "Documentation".to_owned() };
            node.link = (at == 1).then(|| Arc::new(link));
            (name.as_str(), node)
        });
        let label = services[first / 5 % services.len()];
        map.services.insert(fixture::id(&format!("s{}", first / 5)), fixture::service(label, parts.collect()));
    }
    for (at, key) in keys(&map).into_iter().enumerate() {
        let status = statuses.get(at).copied().unwrap_or(Status::Healthy);
        if map.node(key.service.as_str(), key.node.as_str()).unwrap().mode == Mode::Push {
            let cpu = if status == Status::Healthy { 0.4 } else { 0.96 };
            map.record_report(&key, fixture::load("worker-1", cpu, 60), 9, noon()).unwrap();
            continue;
        }
        for (number, replica) in replicas(at).into_iter().enumerate() {
            let finding = match status {
                Status::Dead if number == 1 => fixture::down().finding,
                Status::Sick if number == 1 => Finding::Up(secs(11)),
                _ => Finding::Up(Duration::from_millis(84)),
            };
            map.record_check(
                &fixture::key(key.service.as_str(), key.node.as_str(), replica),
                fixture::outcome(finding),
                noon(),
            );
        }
    }
    map
}

fn keys(map: &Map) -> Vec<NodeKey> {
    let key = |service: &str, node: &str| fixture::node_key(service, node);
    map.services
        .iter()
        .flat_map(|(id, service)| service.nodes.keys().map(move |node| key(id.as_str(), node.as_str())))
        .collect()
}

/// The same page in letters that are written from right to left, with marks that turn with them.
fn foreign(mut map: Map) -> Map {
    let labels = ["الموقع (1)", "واجهة البرمجة", "מסד הנתונים", "البريد 2", "חיפוש!"];
    for (at, service) in map.services.values_mut().enumerate() {
        service.label = ["منصة (2)", "שירותים"][at % 2].into();
        for (node, label) in service.nodes.values_mut().zip(labels) {
            node.label = label.into();
            if let Some(link) = &mut node.link {
                *link = Arc::new(Link { label: "الوثائق".to_owned(), ..(**link).clone() });
            }
        }
    }
    map
}

/// The days, before the present one, on which Vigil did not run, and for how long.
const UNWATCHED: [(u64, Duration); 2] = [(40, DAY), (33, Duration::from_hours(7))];

/// The past of a node in which one day in `calm` is not a good one, beside those of its incidents.
fn past(dice: &mut Dice, calm: u64, since: u64, incidents: &[(Timestamp, Timestamp)]) -> Past {
    let mut past = Past::default();
    let now = noon().wall;
    let today = Tier::Day.start_of(now);
    for ago in (0..since).rev() {
        let start = today - DAY * u32::try_from(ago).unwrap();
        let mut rest = now.duration_since(start).unsigned_abs().min(DAY);
        rest -= UNWATCHED.iter().find(|(day, _)| *day == ago).map_or(Duration::ZERO, |(_, time)| *time);
        if ago > 2 && dice.roll(calm) == 0 {
            let kinds = [(Status::Dead, 400), (Status::Sick, 700), (Status::Dead, 30)];
            let (status, most) = kinds[usize::try_from(dice.roll(3)).unwrap()];
            let time = Duration::from_mins(dice.roll(most) + 2).min(rest);
            past.add(start, &Span::of(Some(status), time));
            rest -= time;
        }
        past.add(start, &Span::of(Some(Status::Healthy), rest));
    }
    for hour in 0..30 {
        let start = Tier::Hour.start_of(now - Duration::from_hours(hour));
        if start < today - DAY * u32::try_from(since - 1).unwrap() {
            break;
        }
        let time = now.duration_since(start).unsigned_abs().min(Duration::from_hours(1));
        past.restore(Tier::Hour, start, &Span::of(Some(Status::Healthy), time));
    }
    for (from, to) in incidents {
        let mut moment = *from;
        while moment < *to {
            past.shift(moment, Some(Status::Healthy), Some(Status::Dead), Duration::from_mins(1));
            moment += Duration::from_mins(1);
        }
    }
    past
}

fn shown(map: &Map, calm: u64, since: u64) -> Shown {
    let mut dice = Dice(7);
    let mut incidents = incidents(map);
    incidents.retain(|incident| incident.opened.wall > noon().wall - DAY * u32::try_from(since).unwrap());
    let outages = |key: &NodeKey| -> Vec<(Timestamp, Timestamp)> {
        let mine = incidents.iter().filter(|incident| incident.service == key.service);
        let affected = mine.flat_map(|incident| &incident.affected).filter(|affected| affected.node == key.node);
        affected.map(|one| (one.since.wall, one.until.map_or(noon().wall, |until| until.at.wall))).collect()
    };
    let mut of = |key: NodeKey| {
        let past = past(&mut dice, calm, since, &outages(&key));
        (key, Arc::new(past))
    };
    let pasts = keys(map).into_iter().map(&mut of).collect();
    Shown { pasts, incidents: incidents.into_iter().map(Arc::new).collect(), ..Shown::default() }
}

fn at(hours: u64, minutes: u64) -> Now {
    back_at(noon(), noon().wall - Duration::from_hours(hours) - Duration::from_mins(minutes))
}

/// Those that are open now, and some of the last weeks.
fn incidents(map: &Map) -> Vec<Incident> {
    let keys = keys(map);
    let dead = |key: &&NodeKey| {
        map.node(key.service.as_str(), key.node.as_str())
            .unwrap()
            .standing
            .is_some_and(|standing| standing.status == Status::Dead)
    };
    let refused = || Some(Cause::Failed(Failure::Refused));
    let mut all = Vec::new();
    let mut add = |key: &NodeKey, since: Now, cause: Option<Cause>, until: Option<Ended>, more: Option<Affected>| {
        let whole = |ended: Ended| ended.at.instant.saturating_duration_since(since.instant);
        let down = until.map(whole).unwrap_or_default();
        let first =
            Affected { node: key.node.clone(), since, cause: cause.clone(), deaths: 1, again: since, down, until };
        let affected = [Some(first), more].into_iter().flatten().collect();
        all.push(Incident {
            id: all.len() as u64,
            service: key.service.clone(),
            opened: since,
            cause,
            affected,
            closed: until,
        });
    };
    let ended = |hours, minutes, how| Some(Ended { at: at(hours, minutes), how });
    let twice = |key: &NodeKey, (hours, minutes): (u64, u64)| Affected {
        node: key.node.clone(),
        since: at(hours, minutes),
        cause: Some(Cause::Failed(Failure::HttpStatus(503))),
        deaths: 2,
        again: at(hours, minutes - 5),
        down: secs(138),
        until: ended(hours, minutes - 6, End::Recovered),
    };
    if let (Some(first), Some(second)) = (keys.first(), keys.get(1)) {
        add(first, at(5, 20), Some(Cause::Failed(Failure::HttpStatus(503))), ended(5, 16, End::Recovered), None);
        add(second, at(3 * 24, 30), refused(), ended(3 * 24 - 1, 0, End::Recovered), Some(twice(first, (3 * 24, 25))));
        add(first, at(3 * 24 + 2, 30), refused(), ended(3 * 24 + 2, 30, End::Recovered), None);
        add(second, at(9 * 24, 30), Some(Cause::Silent(secs(82))), ended(9 * 24 - 2, 0, End::Unwatched), None);
        add(first, at(15 * 24, 30), refused(), ended(15 * 24, 3, End::Recovered), None);
    }
    for key in keys.iter().filter(dead) {
        let more = keys.first().filter(|first| *first != key && first.service == key.service);
        add(key, at(0, 12), refused(), None, more.map(|more| twice(more, (0, 10))));
    }
    all
}

/// Announcements as they are: short and long, in several lines and languages, with an end and without.
fn announcements() -> Vec<Arc<Announcement>> {
    let old = "From 1 January on the API speaks TLS 1.2 and 1.3 only. Clients that are older than that can no longer \
               connect.\n\nWhat to do is at <https://docs.example.com/tls>.\n\nQuestions? Reply to any of our letters.";
    let all = [
        (49 * 60, None, "TLS 1.0 and 1.1 end on 1 January", old),
        (130, Some(DAY), "صيانة مجدولة لقاعدة البيانات", "ستكون الخدمة بطيئة لمدة ساعة."),
        (
            3,
            Some(DAY * 3),
            "We are looking into slow uploads from some networks in South America & the Caribbean",
            "A cable is cut.",
        ),
    ];
    let made = |(number, (ago, lasting, title, text)): (u8, (u64, Option<Duration>, &str, &str))| {
        let at = noon().wall - Duration::from_mins(ago);
        Arc::new(Announcement::new(Uuid::of_random([number; 16]), title, text, lasting, at).unwrap())
    };
    (0..3).zip(all).map(made).rev().collect()
}

/// That page under maintenance of these parts for an hour; more is to come. Every tenth day there was some.
fn maintained(mut map: Map, shown: &Shown, targets: &[&str]) -> (Map, Shown) {
    let (now, hour) = (noon(), Duration::from_hours(1));
    let one = |number: u8, title: &str, text: Option<&str>, targets: &[&str], starts_at, ends_at| {
        let targets = targets.iter().map(|target| target.parse().unwrap()).collect();
        let (title, text) = (title.to_owned(), text.map(str::to_owned));
        Maintenance { id: Uuid::of_random([number; 16]), title, text, targets, starts_at, ends_at, ended_at: None }
    };
    let text =
        "The database moves to new disks. Pages may be slow.\n\nNothing is lost: what you write meanwhile is kept.";
    let (wall, long) = (now.wall, "Upgrade of every router in Frankfurt, Amsterdam & Paris, one after the other");
    let mut all = vec![one(1, "New disks for the database", Some(text), targets, wall - hour, wall + hour)];
    if !targets.is_empty() {
        all.push(one(2, long, None, &["s0:n2", "s0:n0", "s1"], wall + hour * 34, wall + hour * 40));
        all.push(one(
            3,
            "صيانة مجدولة لقاعدة البيانات",
            Some("ستكون الخدمة بطيئة."),
            &[],
            wall + DAY * 5,
            wall + DAY * 5 + hour / 2,
        ));
    }
    let agenda = Agenda::new(all.iter().cloned());
    for key in agenda.covered(&map, wall) {
        map.maintain(&key, true, now);
    }
    let mut shown = Shown { maintenance: all.into_iter().map(Arc::new).collect(), ..shown.clone() };
    for past in shown.pasts.values_mut() {
        let mut made = Past::default();
        for (number, (start, cell)) in past.days(wall, 100).enumerate() {
            let lost = if number % 10 == 9 { hour * u32::try_from(number / 4).unwrap() } else { Duration::ZERO };
            for status in Status::ALL {
                let time = cell.time(status);
                made.add(start, &Span::of(Some(status).filter(|_| !time.is_zero()), time.saturating_sub(lost)));
            }
            made.add(start, &Span::of_maintenance(lost.min(cell.watched())));
        }
        *past = Arc::new(made);
    }
    (map, shown)
}

fn history(map: &Map, key: &NodeKey, range: Range) -> NodeHistory {
    let mut dice = Dice(11);
    let (now, is_push) = (noon().wall, map.node(key.service.as_str(), key.node.as_str()).unwrap().mode == Mode::Push);
    let mut series = Vec::new();
    let mut moment = range.begin(now);
    let incidents = incidents(map);
    let incident = |incident: &Incident| incident.affected.iter().any(|affected| affected.node == key.node);
    let mine: Vec<Incident> = incidents.into_iter().filter(incident).collect();
    let mut number = 0u32;
    while moment <= now {
        number += 1;
        let length = range.tier().length();
        let end = moment + length;
        let is_down =
            mine.iter().any(|one| one.opened.wall < end && one.closed.is_none_or(|closed| closed.at.wall > moment));
        let mut span = Span::of(
            Some(if is_down { Status::Dead } else { Status::Healthy }),
            length.min(now.duration_since(moment).unsigned_abs()),
        );
        let wave = f64::from(number % 96) / 96.0 * std::f64::consts::TAU;
        for _ in 0..30 {
            if is_push {
                let noise = f64::from(u32::try_from(dice.roll(100)).unwrap()) / 800.0;
                span.loads.add(Load { cpu: 0.35 + 0.2 * wave.sin() + noise, ram: 0.62 + 0.02 * wave.cos() });
            } else if !is_down {
                let slow = if dice.roll(200) == 0 { 6 } else { 1 };
                let base = 70.0 + 25.0 * wave.sin();
                let millis = Duration::from_secs_f64(base / 1e3) + Duration::from_millis(dice.roll(40));
                span.latencies.add(millis * slow);
            }
        }
        if map.node(key.service.as_str(), key.node.as_str()).unwrap().maintained && number > 270 {
            let measured = std::mem::replace(&mut span, Span::of_maintenance(length));
            (span.latencies, span.loads) = (measured.latencies, measured.loads);
        }
        if !(150..162).contains(&number) {
            series.push((moment, span));
        }
        moment = end;
    }
    let replicas = map.node(key.service.as_str(), key.node.as_str()).unwrap().replicas.keys().cloned();
    let uptime = |at: usize| {
        let mut span = Span::of(Some(Status::Healthy), DAY);
        span.spend(Some(Status::Dead), Duration::from_mins(at as u64 * 3));
        span
    };
    NodeHistory { series, replicas: replicas.enumerate().map(|(at, id)| (id, uptime(at))).collect(), incidents: mine }
}

fn parts() -> Parts {
    let text = "[branding]\npage_title = \"Northwind Cloud Status\"\ncompany_name = \"Northwind Cloud\"\nlogo_color = \"#4338ca\"\nicon_color = \"#4338ca\"\nwebsite_url = \"https://northwind.example/\"\nsupport_url = \"https://northwind.example/support\"\n";
    let config =
        config::load_bytes(Path::new("test.cfg"), text.as_bytes(), &|_| Err(VarError::NotPresent)).unwrap().config;
    let parts = Parts::new(&config, &Assets::load(&config));
    if let Ok(folder) = std::env::var("VIGIL_PAGES") {
        for name in ["stylesheets/vigil.css", "javascripts/vigil.js", "javascripts/history.js"] {
            let path = Path::new(&folder).join("assets").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &Assets::load(&config).get(name).unwrap().bytes).unwrap();
        }
    }
    parts.ok().unwrap()
}

fn keep(name: &str, html: &str) {
    if let Ok(folder) = std::env::var("VIGIL_PAGES") {
        fs::write(Path::new(&folder).join(format!("{name}.html")), html).unwrap();
    }
}

/// How large a page is in gzip.
fn packed(html: String) -> usize {
    Rendered::new(html, HTML).gzip().len()
}

#[test]
fn ninety_days_of_fifty_nodes_are_small() {
    let (parts, map) = (parts(), map(50, &[Status::Healthy, Status::Dead, Status::Sick]));
    let mut sizes = Vec::new();
    for (calm, name) in [(1_000, "crowd-calm"), (30, "crowd"), (10, "crowd-restless")] {
        let html = parts.status(&map, &shown(&map, calm, 100), noon().wall).unwrap();
        keep(name, &html);
        sizes.push((html.len(), packed(html)));
    }
    let [calm, usual, restless] = [0, 1, 2].map(|at| sizes[at].1);
    assert!(calm < 15_000 && usual < 20_000 && restless < 25_000, "{sizes:?}");
}

#[test]
fn pages_of_every_kind_can_be_made() {
    let parts = parts();
    let now = noon().wall;
    let statuses: [(&str, &[Status]); 3] =
        [("healthy", &[]), ("sick", &[Status::Sick]), ("dead", &[Status::Healthy, Status::Dead, Status::Sick])];
    for (name, statuses) in statuses {
        let map = map(7, statuses);
        let html = parts.status(&map, &shown(&map, 60, 100), now).unwrap();
        let is_open = statuses.contains(&Status::Dead);
        assert_eq!((html.contains(">Incidents<"), html.contains(">Past incidents<")), (is_open, !is_open));
        keep(&format!("status-{name}"), &html);
        let announced = Shown { announcements: announcements(), ..shown(&map, 60, 100) };
        let html = parts.status(&map, &announced, now).unwrap();
        assert!(
            html.contains("&lt;https://docs.example.com/tls&gt;.<br><br>") && html.contains("Shown until"),
            "{html}"
        );
        keep(&format!("status-announced-{name}"), &html);
    }
    for (name, statuses) in statuses {
        let (map, shown) = maintained(map(7, statuses), &shown(&map(7, statuses), 60, 100), &["s0:n1", "s1"]);
        let html = parts.status(&map, &shown, now).unwrap();
        assert!(html.contains("Maintenance under way") && html.contains("Planned maintenance<"), "{html}");
        keep(&format!("status-maintained-{name}"), &html);
    }
    let (whole, told) = maintained(map(7, &[]), &shown(&map(7, &[]), 60, 100), &[]);
    keep("status-maintained", &parts.status(&whole, &told, now).unwrap());
    for (at, key) in keys(&whole).iter().take(2).enumerate() {
        let history = history(&whole, key, Range::Day);
        let page = node::view(&whole, &told, key, Range::Day, Some(&history), now).unwrap();
        keep(&format!("node-maintained-{at}"), &parts.node(page, now).unwrap());
    }
    // For the tests in a browser, which look whether anything stands elsewhere for it.
    let (right_to_left, told) =
        maintained(foreign(map(7, statuses[2].1)), &shown(&map(7, statuses[2].1), 60, 100), &["s1:n5", "s0:n3"]);
    keep("status-foreign", &parts.status(&right_to_left, &told, now).unwrap());
    let key = &keys(&right_to_left)[3];
    let read = history(&right_to_left, key, Range::Day);
    let page = node::view(&right_to_left, &told, key, Range::Day, Some(&read), now).unwrap();
    keep("node-foreign", &parts.node(page, now).unwrap());
    let map = map(7, statuses[2].1);
    let young = shown(&map, 9, 12);
    let (usual, none) = (shown(&map, 60, 100), Shown::default());
    keep("status-young", &parts.status(&map, &young, now).unwrap());
    keep("status-fresh", &parts.status(&map, &none, now).unwrap());
    for range in Range::ALL {
        for (at, key) in keys(&map).iter().take(4).enumerate() {
            let history = history(&map, key, range);
            let page = node::view(&map, &usual, key, range, Some(&history), now).unwrap();
            let html = parts.node(page, now).unwrap();
            keep(&format!("node-{at}-{}", range.word()), &html);
            assert!(packed(html.clone()) < 25_000, "{} bytes", packed(html));
        }
    }
    let key = &keys(&map)[1];
    let mut begun = history(&map, key, Range::Day);
    begun.series.drain(..230);
    begun.incidents.truncate(1);
    let page = node::view(&map, &shown(&map, 9, 1), key, Range::Day, Some(&begun), now).unwrap();
    let html = parts.node(page, now).unwrap();
    assert!(html.contains(r#"<g class="before">"#) && html.contains("since 24 Nov<"), "{html}");
    keep("node-young", &html);
    keep("status-new", &parts.status(&map, &shown(&map, 9, 1), now).unwrap());
    for (name, history) in [("fresh", Some(NodeHistory::default())), ("unread", None)] {
        let page = node::view(&map, &none, &keys(&map)[0], Range::Day, history.as_ref(), now).unwrap();
        keep(&format!("node-{name}"), &parts.node(page, now).unwrap());
    }
    let month = |history: Option<&MonthHistory>, shown: &Shown| {
        parts.month(month::view(&map, shown, Month::of(now), history, now), now).unwrap()
    };
    let first: Option<Timestamp> = Some("2026-01-01T00:00:00Z".parse().unwrap());
    keep("month", &month(Some(&MonthHistory { incidents: Vec::new(), first }), &usual));
    keep("month-empty", &month(Some(&MonthHistory::default()), &none));
    keep("month-unread", &month(None, &none));
}
