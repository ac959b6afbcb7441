//! What the page says: the map turned into plain structures with finished texts, for the templates.
//!
//! No id and no replica name is in here, unless its node reveals it: what is in here is public.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_derive::Serialize;

use crate::model::id::Id;
use crate::model::map::Map;
use crate::model::map::Mode;
use crate::model::map::Node;
use crate::model::map::Service;
use crate::model::map::Standing;
use crate::model::past::Past;
use crate::model::shown::Shown;
use crate::model::status::Status;
use crate::model::transition::NodeKey;
use crate::model::words;

use super::announcement;
use super::announcement::AnnouncementView;
use super::bar;
use super::bar::PastView;
use super::incidents;
use super::incidents::Recent;
use super::isolated::isolated;
use super::maintenance;
use super::maintenance::MaintenanceView;
use super::places;
use super::replica::ReplicaView;
use super::replica::replicas;

/// What the last moment is at which something was learnt, of what is asked or has many parts.
pub(super) const CHECKED: &str = "Last checked";

/// The watched part of the page.
#[derive(Debug, Serialize)]
pub(super) struct View {
    /// `healthy`, `sick` or `dead`; `unknown` before the first verdict, `maintenance` if all of it is under that.
    status: &'static str,
    headline: &'static str,
    summary: String,
    /// What the moment is that stands beside it.
    seen: &'static str,
    checked: Option<Time>,
    maintenance: Vec<MaintenanceView>,
    announcements: Vec<AnnouncementView>,
    services: Vec<ServiceView>,
    recent: Recent,
}

/// A moment, for machines and for people.
#[derive(Debug, Serialize)]
pub(super) struct Time {
    iso: String,
    text: String,
}

#[derive(Debug, Serialize)]
struct ServiceView {
    anchor: String,
    label: String,
    status: &'static str,
    words: &'static str,
    nodes: Vec<NodeView>,
}

/// A node.
#[derive(Debug, Serialize)]
pub(super) struct NodeView {
    anchor: String,
    /// The address of its own page.
    path: String,
    label: String,
    status: &'static str,
    words: &'static str,
    note: Option<String>,
    link: Option<LinkView>,
    replicas: Vec<ReplicaView>,
    past: PastView,
}

/// Where visitors find more.
#[derive(Debug, Serialize)]
struct LinkView {
    url: String,
    label: String,
}

/// Turns the map and its past into what the page says.
pub(super) fn view(map: &Map, history: &Shown, now: Timestamp) -> View {
    let mut made = Making::new(map, history, now);
    let services = || map.services.iter().enumerate();
    View {
        status: if map.is_maintained() { maintenance::CLASS } else { class(map.standing) },
        headline: headline(map),
        summary: summary(map),
        seen: CHECKED,
        checked: map.observed.map(|now| time(now.wall)),
        maintenance: maintenance::all(map, history, now),
        announcements: announcement::all(&history.announcements),
        services: services().map(|(at, (id, service))| made.service(at, id, service)).collect(),
        recent: incidents::recent(history, map, now),
    }
}

/// One node of it alone, as it is in there.
pub(super) fn node(map: &Map, history: &Shown, key: &NodeKey, now: Timestamp) -> Option<NodeView> {
    let mut made = Making::new(map, history, now);
    for (id, service) in &map.services {
        made.anchors.next();
        for (node_id, node) in &service.nodes {
            if *id == key.service && *node_id == key.node {
                return Some(made.node(key, "0", node));
            }
            made.anchors.next();
        }
    }
    None
}

/// What parts of the page are made from, in the order of the map.
struct Making<'a> {
    history: &'a Shown,
    anchors: std::vec::IntoIter<String>,
    paths: HashMap<NodeKey, String>,
    now: Timestamp,
}

impl<'a> Making<'a> {
    fn new(map: &Map, history: &'a Shown, now: Timestamp) -> Self {
        Self { history, anchors: places::anchors(map).into_iter(), paths: places::paths(map), now }
    }

    fn service(&mut self, at: usize, id: &Id, service: &Service) -> ServiceView {
        let anchor = self.anchors.next().unwrap_or_default();
        let mut nodes = Vec::new();
        for (number, (node_id, node)) in service.nodes.iter().enumerate() {
            let key = NodeKey { service: id.clone(), node: node_id.clone() };
            nodes.push(self.node(&key, &format!("{at}-{number}"), node));
        }
        let (status, words) = look(service.standing, service.is_maintained());
        ServiceView { anchor, label: service.label.to_string(), status, words, nodes }
    }

    fn node(&mut self, key: &NodeKey, place: &str, node: &Node) -> NodeView {
        let empty = Arc::default();
        let past: &Past = self.history.pasts.get(key).unwrap_or(&empty);
        let (replicas, hidden) = replicas(place, node, self.now);
        let (status, words) = look(node.standing, node.maintained);
        NodeView {
            anchor: self.anchors.next().unwrap_or_default(),
            path: self.paths.remove(key).unwrap_or_default(),
            label: node.label.to_string(),
            status,
            words,
            note: if hidden > 0 { Some(format!("{hidden} more replicas are not shown")) } else { note(node) },
            link: node.link.as_ref().map(|link| LinkView { url: link.url.clone(), label: link.label.clone() }),
            replicas,
            past: bar::view(past, self.now),
        }
    }
}

impl NodeView {
    /// Where it is on the status page.
    pub(super) fn anchor(&self) -> &str {
        &self.anchor
    }

    /// Adds the uptime of each replica, by its number.
    pub(super) fn tell_uptimes(&mut self, of: impl Fn(usize) -> Option<String>) {
        for replica in &mut self.replicas {
            replica.uptime = of(replica.number);
        }
    }
}

/// Why a node has no status.
pub(super) fn note(node: &Node) -> Option<String> {
    if let (Some(queue), None) = (node.queue(), node.standing) {
        let is_seen = queue.seen.is_some();
        return Some(if is_seen { "The length of its queue is not known" } else { "Not checked yet" }.to_owned());
    }
    let why = match (node.mode, node.replicas.is_empty(), node.standing) {
        (_, _, Some(_)) => return None,
        (Mode::Poll, true, None) => "Nothing to check",
        (Mode::Poll | Mode::Script, false, None) => "Not checked yet",
        (Mode::Push | Mode::Local, _, None) => "Waiting for reports",
        (Mode::Script, true, None) => "Nothing to run",
    };
    Some(why.to_owned())
}

/// The class and the word of a part of the page.
fn look(standing: Option<Standing>, is_maintained: bool) -> (&'static str, &'static str) {
    if is_maintained { (maintenance::CLASS, maintenance::WORDS) } else { (class(standing), words(standing)) }
}

/// The class of a status.
pub(super) fn class(standing: Option<Standing>) -> &'static str {
    standing.map_or("unknown", |standing| standing.status.word())
}

/// The word for a status.
pub(super) fn words(standing: Option<Standing>) -> &'static str {
    match standing.map(|standing| standing.status) {
        Some(Status::Healthy) => "Healthy",
        Some(Status::Sick) => "Sick",
        Some(Status::Dead) => "Dead",
        None => "Unknown",
    }
}

pub(super) fn time(at: Timestamp) -> Time {
    Time { iso: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), text: words::moment(at) }
}

fn headline(map: &Map) -> &'static str {
    let is_maintained = map.services.values().flat_map(|service| service.nodes.values()).any(|node| node.maintained);
    let all_dead = map.tally.count(Status::Dead) == map.services.len();
    match map.standing.map(|standing| standing.status) {
        Some(Status::Healthy) if is_maintained => "All other systems are healthy",
        Some(Status::Healthy) => "All systems are healthy",
        Some(Status::Sick) => "Some systems are under strain",
        Some(Status::Dead) if all_dead && map.services.len() > 1 => "All systems are affected by an outage",
        Some(Status::Dead) => "Some systems are down",
        None if map.is_maintained() => "All systems are under maintenance",
        None if map.services.is_empty() => "Nothing is watched yet",
        None => "Waiting for the first results",
    }
}

/// One sentence that counts and, where few are unwell, names.
fn summary(map: &Map) -> String {
    let nodes = || map.services.values().flat_map(|service| service.nodes.values());
    let all = nodes().count();
    if all == 0 {
        return "No nodes are configured.".to_owned();
    }
    let labels = |wanted: Option<Status>| -> Vec<Cow<'_, str>> {
        let status = |node: &&Node| node.standing.map(|standing| standing.status) == wanted;
        nodes().filter(|node| !node.maintained).filter(status).map(|node| isolated(&node.label)).collect()
    };
    let [healthy, sick, dead] = Status::ALL.map(|status| labels(Some(status)));
    let unknown = labels(None);
    let maintained: Vec<_> = nodes().filter(|node| node.maintained).map(|node| isolated(&node.label)).collect();
    if maintained.len() == all {
        return match all {
            1 => "The only node is under maintenance.".to_owned(),
            all => format!("All {all} nodes are under maintenance."),
        };
    }
    if unknown.len() == all {
        return match all {
            1 => "The state of the only node is not known yet.".to_owned(),
            all => format!("The state of the {all} nodes is not known yet."),
        };
    }
    if healthy.len() == all {
        return match all {
            1 => "The only node is healthy.".to_owned(),
            all => format!("All {all} nodes are healthy."),
        };
    }
    let mut parts: Vec<String> = [(dead, "dead"), (sick, "sick"), (maintained, "under maintenance")]
        .into_iter()
        .filter(|(labels, _)| !labels.is_empty())
        .map(|(labels, word)| format!("{} {word}", named(&labels)))
        .collect();
    let well = match (parts.is_empty(), healthy.len()) {
        (_, 0) => None,
        (true, 1) => Some("1 node is healthy".to_owned()),
        (true, count) => Some(format!("{count} nodes are healthy")),
        (false, 1) => Some("1 other node is healthy".to_owned()),
        (false, count) => Some(format!("{count} other nodes are healthy")),
    };
    parts.extend(well);
    parts.extend(match unknown.len() {
        0 => None,
        1 => Some("1 is not known yet".to_owned()),
        count => Some(format!("{count} are not known yet")),
    });
    format!("{}.", parts.join("; "))
}

/// `API is`, `API and Website are`, `API, Website and 3 more nodes are`.
fn named(labels: &[Cow<'_, str>]) -> String {
    match labels {
        [] => String::new(),
        [one] => format!("{one} is"),
        [one, two] => format!("{one} and {two} are"),
        [one, two, three] => format!("{one}, {two} and {three} are"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more nodes are", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture;
    use crate::model::fixture::down;
    use crate::model::fixture::key;
    use crate::model::fixture::load;
    use crate::model::fixture::node_key;
    use crate::model::fixture::outcome;
    use crate::model::fixture::secs;
    use crate::model::fixture::up;
    use crate::model::map::Kind;
    use crate::model::map::Replica;
    use crate::model::observation::Finding;
    use crate::model::queue::Lengths;
    use crate::model::queue::Unread;

    /// A page with one service of so many nodes, of which the first ones have these findings.
    fn page(nodes: usize, found: &[Finding]) -> Map {
        let names: Vec<String> = (1..=nodes).map(|number| format!("n{number}")).collect();
        let node = |name: &str| {
            let mut node = fixture::node(Mode::Poll, &["a"]);
            node.label = name.to_uppercase().as_str().into();
            node
        };
        let nodes = names.iter().map(|name| (name.as_str(), node(name))).collect();
        let services = [(fixture::id("s"), fixture::service("S", nodes))];
        let mut map = Map { services: services.into_iter().collect(), ..Map::default() };
        for (name, finding) in names.iter().zip(found) {
            map.record_check(&key("s", name, "a"), outcome(finding.clone()), fixture::now());
        }
        map
    }

    #[test]
    fn the_summary_names_few_and_counts_many() {
        let well = || up().finding;
        let dead = || down().finding;
        let slow = || Finding::Up(secs(11));
        for (nodes, found, wanted) in [
            (0, vec![], "No nodes are configured."),
            (1, vec![], "The state of the only node is not known yet."),
            (3, vec![], "The state of the 3 nodes is not known yet."),
            (1, vec![well()], "The only node is healthy."),
            (3, vec![well(), well(), well()], "All 3 nodes are healthy."),
            (2, vec![dead(), well()], "N1 is dead; 1 other node is healthy."),
            (3, vec![well(), dead(), dead()], "N2 and N3 are dead; 1 other node is healthy."),
            (3, vec![dead(), dead(), dead()], "N1, N2 and N3 are dead."),
            (4, vec![dead(), dead(), dead(), dead()], "N1, N2 and 2 more nodes are dead."),
            (3, vec![dead(), slow()], "N1 is dead; N2 is sick; 1 is not known yet."),
            (4, vec![slow(), well(), well()], "N1 is sick; 2 other nodes are healthy; 1 is not known yet."),
            (2, vec![well()], "1 node is healthy; 1 is not known yet."),
        ] {
            assert_eq!(summary(&page(nodes, &found)), wanted);
        }
        let mut foreign = page(2, &[dead(), well()]);
        foreign.services.get_mut("s").unwrap().nodes.get_mut("n1").unwrap().label = "خدمة".into();
        assert_eq!(summary(&foreign), "\u{2068}خدمة\u{2069} is dead; 1 other node is healthy.");
    }

    #[test]
    fn what_is_under_maintenance_is_told_apart() {
        let well = || Finding::Up(secs(1));
        let dead = || down().finding;
        for (nodes, found, maintained, status, headline, summary) in [
            (
                3,
                vec![well(), well(), well()],
                1,
                "healthy",
                "All other systems are healthy",
                "N1 is under maintenance; 2 other nodes are healthy.",
            ),
            (
                3,
                vec![dead(), well(), well()],
                1,
                "healthy",
                "All other systems are healthy",
                "N1 is under maintenance; 2 other nodes are healthy.",
            ),
            (
                3,
                vec![well(), dead(), well()],
                1,
                "dead",
                "Some systems are down",
                "N2 is dead; N1 is under maintenance; 1 other node is healthy.",
            ),
            (
                3,
                vec![well(), dead()],
                2,
                "unknown",
                "Waiting for the first results",
                "N1 and N2 are under maintenance; 1 is not known yet.",
            ),
            (
                2,
                vec![well(), dead()],
                2,
                "maintenance",
                "All systems are under maintenance",
                "All 2 nodes are under maintenance.",
            ),
            (
                1,
                Vec::new(),
                1,
                "maintenance",
                "All systems are under maintenance",
                "The only node is under maintenance.",
            ),
        ] {
            let mut map = page(nodes, &found);
            for number in 1..=maintained {
                map.maintain(&node_key("s", &format!("n{number}")), true, fixture::now());
            }
            let shown = serde_json::to_value(view(&map, &Shown::default(), fixture::now().wall)).unwrap();
            let seen = ["status", "headline", "summary"].map(|name| shown[name].as_str().unwrap().to_owned());
            assert_eq!(seen, [status, headline, summary].map(str::to_owned));
            let service = &shown["services"][0];
            assert_eq!(
                (&service["nodes"][0]["status"], &service["nodes"][0]["words"]),
                (&"maintenance".into(), &"Under maintenance".into())
            );
            assert_eq!(service["status"] == "maintenance", nodes == maintained);
        }
    }

    #[test]
    fn nothing_private_is_in_the_view() {
        let mut map = fixture::map();
        map.record_check(&key("web", "api", "a"), down(), fixture::now());
        map.record_report(&node_key("app", "push"), load("worker-7", 0.95, 30), 9, fixture::now()).unwrap();
        let shown = serde_json::to_string(&view(&map, &Shown::default(), fixture::now().wall)).unwrap();
        assert!(!shown.contains("worker-7") && !shown.contains("\"a\""), "{shown}");
        assert!(shown.contains("connection refused") && shown.contains("CPU load 95%"), "{shown}");
        map.services.get_mut("app").unwrap().nodes.get_mut("push").unwrap().reveals_replicas = true;
        assert!(
            serde_json::to_string(&view(&map, &Shown::default(), fixture::now().wall)).unwrap().contains("worker-7")
        );
    }

    #[test]
    fn of_very_many_replicas_those_that_are_not_well_are_shown() {
        let names: Vec<String> = (0..1_000).map(|number| format!("r{number}")).collect();
        let node = fixture::node(Mode::Poll, &names.iter().map(String::as_str).collect::<Vec<_>>());
        let services = [(fixture::id("s"), fixture::service("S", vec![("n", node)]))];
        let mut map = Map { services: services.into_iter().collect(), ..Map::default() };
        for (at, name) in names.iter().enumerate() {
            let outcome = if at == 900 { down() } else { up() };
            map.record_check(&key("s", "n", name), outcome, fixture::now());
        }
        let shown = serde_json::to_value(view(&map, &Shown::default(), fixture::now().wall)).unwrap();
        let node = &shown["services"][0]["nodes"][0];
        assert_eq!(node["note"], "750 more replicas are not shown");
        let replicas = node["replicas"].as_array().unwrap();
        assert_eq!(replicas.len(), 250);
        assert_eq!((&replicas[249]["number"], &replicas[249]["status"]), (&901.into(), &"dead".into()));
    }

    #[test]
    fn a_node_with_nothing_but_a_queue_says_whether_that_is_known() {
        for mode in [Mode::Poll, Mode::Push, Mode::Local, Mode::Script] {
            let mut node = fixture::node(mode, &[]);
            let queue = key("s", "n", "rabbitmq:jobs");
            node.replicas.insert(queue.replica.clone(), Replica::new(Kind::Queue));
            let services = [(fixture::id("s"), fixture::service("S", vec![("n", node)]))];
            let mut map = Map { services: services.into_iter().collect(), ..Map::default() };
            let told = |map: &Map| note(map.node("s", "n").unwrap());
            assert_eq!(told(&map).as_deref(), Some("Not checked yet"));
            map.record_check(&queue, outcome(Finding::Unread(Unread::Missing)), fixture::now());
            assert_eq!(told(&map).as_deref(), Some("The length of its queue is not known"));
            map.record_check(&queue, outcome(Finding::Queue(Lengths { ready: 1, unacknowledged: 0 })), fixture::now());
            assert_eq!(told(&map), None);
        }
    }

    #[test]
    fn what_is_not_known_is_said_to_be() {
        let map = fixture::map();
        let shown = serde_json::to_value(view(&map, &Shown::default(), fixture::now().wall)).unwrap();
        assert_eq!(shown["status"], "unknown");
        assert_eq!(shown["headline"], "Waiting for the first results");
        assert_eq!(shown["services"][1]["nodes"][0]["note"], "Waiting for reports");
        assert_eq!(shown["services"][0]["nodes"][0]["replicas"][0]["words"], "Unknown");
        assert_eq!(
            serde_json::to_value(view(&Map::default(), &Shown::default(), fixture::now().wall)).unwrap()["headline"],
            "Nothing is watched yet"
        );
    }
}
