//! Where things are: places on the page, and pages of their own. All are slugs of labels, titles and moments: ids are not
//! for visitors.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::model::id::Id;
use crate::model::map::Map;
use crate::model::map::Service;
use crate::model::slug;
use crate::model::transition::NodeKey;

/// The address of each node's page: `/node/web/api`.
pub(super) fn paths(map: &Map) -> HashMap<NodeKey, String> {
    let mut paths = HashMap::new();
    for ((service_id, service), service_slug) in map.services.iter().zip(service_slugs(map)) {
        for (node, slug) in service.nodes.keys().zip(node_slugs(service)) {
            let key = NodeKey { service: service_id.clone(), node: node.clone() };
            paths.insert(key, format!("/node/{service_slug}/{slug}"));
        }
    }
    paths
}

/// The node whose page has that address.
pub(super) fn node(map: &Map, service_slug: &str, node_slug: &str) -> Option<NodeKey> {
    let at = service_slugs(map).iter().position(|slug| slug == service_slug)?;
    let (service_id, service) = map.services.get_index(at)?;
    let at = node_slugs(service).iter().position(|slug| slug == node_slug)?;
    let (node, _) = service.nodes.get_index(at)?;
    Some(NodeKey { service: service_id.clone(), node: node.clone() })
}

/// The label of a node of that service, if it is still there.
pub(super) fn label<'a>(map: &'a Map, service: &Id, node: &Id) -> Option<&'a str> {
    Some(&map.services.get(service)?.nodes.get(node)?.label)
}

fn service_slugs(map: &Map) -> Vec<String> {
    slug::unique(map.services.values().map(|service| &*service.label), "service")
}

fn node_slugs(service: &Service) -> Vec<String> {
    slug::unique(service.nodes.values().map(|node| &*node.label), "node")
}

/// How ids begin that the templates use themselves.
const RESERVED: [&str; 4] = ["art-", "icon-", "tip-", "vigil-"];

/// Names for places on the page. Each service, followed by its nodes.
pub(super) fn anchors(map: &Map) -> Vec<String> {
    let mut labels = Vec::new();
    for service in map.services.values() {
        labels.push(service.label.to_string());
        labels.extend(service.nodes.values().map(|node| format!("{}-{}", service.label, node.label)));
    }
    for label in &mut labels {
        let slug = slug::slug(label);
        if RESERVED.iter().any(|prefix| slug.starts_with(prefix)) {
            label.insert_str(0, "section-");
        }
    }
    slug::unique(labels.iter().map(String::as_str), "section")
}

/// Names for places on the page of what has a moment and a title, such as each announcement, in the same order.
pub(super) fn dated<'a>(what: &str, all: impl IntoIterator<Item = (Timestamp, &'a str)>) -> Vec<String> {
    let label = |(at, title): (Timestamp, &str)| format!("vigil-{what} {} {title}", at.strftime("%Y%m%dT%H%M%SZ"));
    let labels: Vec<String> = all.into_iter().map(label).collect();
    slug::unique(labels.iter().map(String::as_str), "vigil")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture;
    use crate::model::map::Mode;

    /// A page of services with these labels, each with nodes of these.
    fn map(services: &[(&str, &[&str])]) -> Map {
        let mut map = Map::default();
        for (at, (label, nodes)) in services.iter().enumerate() {
            let names: Vec<String> = (0..nodes.len()).map(|at| format!("n{at}")).collect();
            let node = |label: &str| {
                let mut node = fixture::node(Mode::Poll, &["a"]);
                node.label = label.into();
                node
            };
            let nodes = names.iter().zip(*nodes).map(|(name, label)| (name.as_str(), node(label))).collect();
            map.services.insert(fixture::id(&format!("s{at}")), fixture::service(label, nodes));
        }
        map
    }

    #[test]
    fn anchors_are_slugs_that_no_other_place_has() {
        let map = map(&[
            ("Web nodes", &[]),
            ("Web  Nodes!", &["N1"]),
            ("日本 / API", &[]),
            ("…", &[]),
            ("Web-nodes-2", &[]),
            ("Tip: 1", &[]),
            ("Tips", &[]),
        ]);
        let wanted =
            ["web-nodes", "web-nodes-3", "web-nodes-n1", "日本-api", "section", "web-nodes-2", "section-tip-1", "tips"];
        assert_eq!(anchors(&map), wanted);
    }

    #[test]
    fn every_node_has_an_address_that_leads_to_it() {
        let map = map(&[("Web", &["API", "Api!", "日本"]), ("web", &["API", "…"])]);
        let paths = paths(&map);
        let mut shown: Vec<&str> = paths.values().map(String::as_str).collect();
        shown.sort_unstable();
        let wanted = ["/node/web-2/api", "/node/web-2/node", "/node/web/api", "/node/web/api-2", "/node/web/日本"];
        assert_eq!(shown, wanted);
        for (key, path) in &paths {
            let slugs: Vec<&str> = path.split('/').skip(2).collect();
            assert_eq!(node(&map, slugs[0], slugs[1]).as_ref(), Some(key), "{path}");
        }
        assert_eq!(node(&map, "web", "node"), None);
        assert_eq!(node(&map, "s0", "n0"), None);
    }
}
