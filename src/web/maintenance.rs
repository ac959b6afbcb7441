//! Planned maintenance in words: what pages say before it and while it lasts.

use jiff::Timestamp;
use serde_derive::Serialize;

use crate::model::maintenance::Maintenance;
use crate::model::maintenance::Phase;
use crate::model::maintenance::Target;
use crate::model::map::Map;
use crate::model::shown::Shown;
use crate::model::transition::NodeKey;
use crate::model::words;

use super::incident::Moment;
use super::places;

/// The class of what is under maintenance, and the word for it.
pub(super) const CLASS: &str = "maintenance";
pub(super) const WORDS: &str = "Under maintenance";

/// How many parts of the page a list names: the page says the rest at the parts themselves.
const NAMED_MAX: usize = 8;

/// What a page says of one.
#[derive(Debug, Serialize)]
pub(super) struct MaintenanceView {
    /// Its place on the page.
    anchor: String,
    /// Empty if there is nothing to read in it.
    title: String,
    lines: Vec<String>,
    /// Whether it is under way; else it is still to come.
    is_active: bool,
    begins: Moment,
    /// None if that would read as the beginning does.
    ends: Option<Moment>,
    /// How long it lasts in all.
    lasts: String,
    /// What it is of.
    of: Vec<PartView>,
    /// What follows that: ` and 3 more`, or what it is of if that is everything.
    rest: String,
}

/// A part of the page that it is of, by the labels that visitors know.
#[derive(Debug, Serialize)]
struct PartView {
    /// What stands between it and the one before.
    before: &'static str,
    label: String,
    /// The service, of a node.
    service: Option<String>,
}

/// What the status page says, what is under way first.
pub(super) fn all(map: &Map, shown: &Shown, now: Timestamp) -> Vec<MaintenanceView> {
    of(map, shown, now, |_| true)
}

/// What the page of that node says.
pub(super) fn of_node(map: &Map, shown: &Shown, key: &NodeKey, now: Timestamp) -> Vec<MaintenanceView> {
    of(map, shown, now, |one| one.covers(key))
}

fn of(map: &Map, shown: &Shown, now: Timestamp, wants: impl Fn(&Maintenance) -> bool) -> Vec<MaintenanceView> {
    let wanted: Vec<&Maintenance> = shown.maintenance.iter().map(|one| &**one).filter(|one| wants(one)).collect();
    let anchors = places::dated("maintenance", wanted.iter().map(|one| (one.starts_at, one.title.as_str())));
    let views = wanted.iter().zip(anchors).filter_map(|(one, anchor)| view(one, anchor, map, now));
    let mut views: Vec<MaintenanceView> = views.collect();
    views.sort_by_key(|view| !view.is_active);
    views
}

/// None if it is over, or nothing of what it is of is on the page.
fn view(one: &Maintenance, anchor: String, map: &Map, now: Timestamp) -> Option<MaintenanceView> {
    let is_active = match one.phase(now) {
        Phase::Active => true,
        Phase::Upcoming => false,
        Phase::Past | Phase::Cancelled => return None,
    };
    let (of, rest) = parts(&one.targets, map)?;
    Some(MaintenanceView {
        anchor,
        title: one.title.trim().to_owned(),
        lines: one.text.iter().flat_map(|text| text.trim_end().lines()).map(str::to_owned).collect(),
        is_active,
        begins: Moment::of(one.starts_at),
        ends: Moment::end(one.starts_at, one.end()),
        lasts: words::duration(one.end().duration_since(one.starts_at).unsigned_abs()),
        of,
        rest,
    })
}

/// `Website, REST API (Platform) and 3 more`; none if nothing of it is on the page.
fn parts(targets: &[Target], map: &Map) -> Option<(Vec<PartView>, String)> {
    if targets.is_empty() {
        return Some((Vec::new(), "All of this page".to_owned()));
    }
    let part = |target: &Target| {
        let (label, service) = match target {
            Target::Service(id) => (map.services.get(id)?.label.to_string(), None),
            Target::Node(key) => {
                let service = map.services.get(&key.service)?;
                (service.nodes.get(&key.node)?.label.to_string(), Some(service.label.to_string()))
            }
        };
        Some(PartView { before: ", ", label, service })
    };
    let mut parts: Vec<PartView> = targets.iter().filter_map(part).collect();
    let more = parts.len().saturating_sub(NAMED_MAX);
    parts.truncate(NAMED_MAX);
    match parts.as_mut_slice() {
        [] => return None,
        [only] => only.before = "",
        [first, .., last] => {
            first.before = "";
            last.before = if more == 0 { " and " } else { last.before };
        }
    }
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some((parts, rest))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::fixture;
    use crate::model::fixture::node_key;
    use crate::model::uuid::Uuid;

    fn maintenance(number: u8, targets: &[&str], from: i64, to: i64) -> Arc<Maintenance> {
        let at = |minutes| fixture::now().wall + jiff::SignedDuration::from_mins(minutes);
        Arc::new(Maintenance {
            id: Uuid::of_random([number; 16]),
            title: format!("Work {number}"),
            text: Some("One\r\ntwo <b>\n\n".to_owned()),
            targets: targets.iter().map(|target| target.parse().unwrap()).collect(),
            starts_at: at(from),
            ends_at: at(to),
            ended_at: None,
        })
    }

    /// What is read.
    fn of(parts: &[PartView], rest: &str) -> String {
        let part = |part: &PartView| {
            let service = part.service.as_ref().map(|service| format!(" ({service})")).unwrap_or_default();
            format!("{}{}{service}", part.before, part.label)
        };
        parts.iter().map(part).collect::<String>() + rest
    }

    #[test]
    fn what_is_under_way_comes_first_and_each_says_when_and_of_what() {
        let all_of_it = [
            maintenance(1, &["web:api", "app"], 60, 150),
            maintenance(2, &["web"], -30, 60 * 30),
            maintenance(3, &["gone", "web:gone"], -30, 30),
            maintenance(4, &[], 24 * 60, 25 * 60),
            maintenance(5, &["web"], -30, 0),
        ];
        let shown = Shown { maintenance: all_of_it.to_vec(), ..Shown::default() };
        let (map, now) = (fixture::map(), fixture::now().wall);
        let words = |views: Vec<MaintenanceView>| -> Vec<String> {
            let word = |one: &MaintenanceView| {
                let ends = one.ends.as_ref().map_or("", |ends| &ends.text);
                let of = of(&one.of, &one.rest);
                format!("{} {}: {} – {}, {}, {of}", one.title, one.is_active, one.begins.text, ends, one.lasts)
            };
            views.iter().map(word).collect()
        };
        let second = "Work 2 true: 24 Nov, 00:42 UTC – 25 Nov, 07:12 UTC, 1 d 6 h, Web";
        let first = "Work 1 false: 24 Nov, 02:12 UTC – 03:42 UTC, 1 h 30 min, Node (Web) and App";
        let fourth = "Work 4 false: 25 Nov, 01:12 UTC – 02:12 UTC, 1 h, All of this page";
        assert_eq!(words(all(&map, &shown, now)), [second, first, fourth]);
        assert_eq!(words(of_node(&map, &shown, &node_key("web", "site"), now)), [second, fourth]);
        assert_eq!(all(&map, &shown, now)[0].lines, ["One", "two <b>"]);
        let anchors: Vec<String> = all(&map, &shown, now).into_iter().map(|one| one.anchor).collect();
        let place = |name: &str| format!("vigil-maintenance-{name}");
        assert_eq!(
            anchors,
            ["20261124t004205z-work-2", "20261124t021205z-work-1", "20261125t011205z-work-4"].map(place),
            "no id is in there"
        );
    }

    #[test]
    fn a_long_list_of_parts_is_cut() {
        let mut map = fixture::map();
        let names: Vec<String> = (0..12).map(|number| format!("n{number}")).collect();
        let node = |name: &String| {
            let mut node = fixture::node(crate::model::map::Mode::Poll, &[]);
            node.label = name.to_uppercase().as_str().into();
            (fixture::id(name), node)
        };
        map.services.get_mut("web").unwrap().nodes = names.iter().map(node).collect();
        let targets = |count: usize| {
            names.iter().take(count).map(|name| format!("web:{name}").parse().unwrap()).collect::<Vec<Target>>()
        };
        let of = |count| {
            let (parts, rest) = parts(&targets(count), &map).unwrap();
            of(&parts, &rest)
        };
        assert_eq!(of(1), "N0 (Web)");
        assert_eq!(of(3), "N0 (Web), N1 (Web) and N2 (Web)");
        assert!(of(8).ends_with(", N6 (Web) and N7 (Web)"));
        assert!(of(12).ends_with(", N7 (Web) and 4 more"));
    }
}
