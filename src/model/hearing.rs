//! What somebody hears of a notice who hears only of some nodes.

use std::collections::HashSet;

use super::grouping;
use super::id::Id;
use super::map::Map;
use super::notice::Kind;
use super::notice::Notice;
use super::status::Status;
use super::transition::NodeKey;

impl Notice {
    /// What somebody hears of it who hears only of those nodes, as if no others were on the page; none when that is
    /// nothing. `map` is the page at the moment of the notice.
    #[must_use]
    pub fn heard_by(&self, map: &Map, hears: &dyn Fn(&NodeKey) -> bool) -> Option<Self> {
        let changes: Vec<_> = self.changes.iter().filter(|change| hears(&change.key)).cloned().collect();
        let (dead, more_dead) = grouping::dead(map, hears);
        let nodes = || {
            map.services.iter().flat_map(|(service, in_service)| {
                let key = move |node: &Id| NodeKey { service: service.clone(), node: node.clone() };
                in_service.nodes.iter().map(move |(node, in_node)| (key(node), in_node)).filter(|(key, _)| hears(key))
            })
        };
        let is_news = match self.kind {
            Kind::Test => true,
            Kind::Startup => nodes().next().is_some(),
            // What is dead and not among them is still to be told.
            Kind::Change | Kind::Reminder { .. } => !changes.is_empty(),
        };
        if !is_news {
            return None;
        }
        let moved: HashSet<&NodeKey> = changes.iter().map(|change| &change.key).collect();
        let mut status = None;
        // What a node was is what was told of it; of a node that did not change that is what it is.
        let mut before = changes.iter().filter_map(|change| change.was).map(|(status, _)| status).max();
        // What is under planned maintenance counts for nothing but itself, as for the page.
        for (key, node) in nodes().filter(|(_, node)| !node.maintained) {
            let now = node.standing.map(|standing| standing.status);
            status = status.max(now);
            before = if moved.contains(&key) { before } else { before.max(now) };
        }
        let before = before.unwrap_or(Status::Healthy);
        let status = status.unwrap_or(Status::Healthy);
        let turned = if self.kind == Kind::Change { status != before } else { self.changed };
        Some(Self { at: self.at, status, changed: turned, sick: self.sick, dead, more_dead, changes, kind: self.kind })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::change;
    use super::super::fixture::down;
    use super::super::fixture::key;
    use super::super::fixture::map;
    use super::super::fixture::node_key;
    use super::super::fixture::notice;
    use super::super::fixture::now;
    use super::super::fixture::secs;
    use super::super::fixture::up;
    use super::super::notice::Change;
    use super::super::notice::Urgent;
    use super::*;

    /// The page with `web:api` and `web:site` dead or healthy.
    fn page(api_is_dead: bool, site_is_dead: bool) -> Map {
        let mut map = map();
        for (node, replica, is_dead) in
            [("api", "a", api_is_dead), ("api", "b", api_is_dead), ("site", "a", site_is_dead)]
        {
            map.record_check(&key("web", node, replica), if is_dead { down() } else { up() }, now());
        }
        map
    }

    fn to(node: &str, to: Status, was: Option<Status>) -> Change {
        Change { key: node_key("web", node), to: Some(to), was: was.map(|was| (was, secs(9))), ..change() }
    }

    /// What one hears who hears of that node: the status, whether it is news, how many dead there are, and of what nodes
    /// something is told.
    fn heard(notice: &Notice, map: &Map, node: &str) -> Option<(Status, bool, usize, Vec<String>)> {
        let heard = notice.heard_by(map, &|key| *key == node_key("web", node))?;
        assert_eq!((heard.at, heard.kind), (notice.at, notice.kind));
        let told = heard.changes.iter().map(|change| change.key.node.to_string()).collect();
        Some((heard.status, heard.changed, heard.dead.len() + heard.more_dead, told))
    }

    #[test]
    fn a_channel_is_told_as_if_no_others_were_on_the_page() {
        use Status::Dead;
        use Status::Healthy;
        // The site dies while the API is dead: for the page no news, for who hears of the site alone it is.
        let second = Notice { changed: false, changes: vec![to("site", Dead, None)], ..notice() };
        let both = page(true, true);
        assert_eq!(heard(&second, &both, "site"), Some((Dead, true, 1, vec!["site".to_owned()])));
        assert_eq!(heard(&second, &both, "api"), None);
        // It recovers while the API is still dead: who hears of the site alone has no outage any more.
        let back = Notice { changed: false, changes: vec![to("site", Healthy, Some(Dead))], ..notice() };
        let one = page(true, false);
        assert_eq!(heard(&back, &one, "site"), Some((Healthy, true, 0, vec!["site".to_owned()])));
        // It was away for a moment: the others of the channel say whether that is news.
        let again = Notice { changes: vec![to("site", Dead, Some(Dead)), to("api", Dead, None)], ..notice() };
        assert_eq!(heard(&again, &both, "site"), Some((Dead, false, 1, vec!["site".to_owned()])));
        assert_eq!(heard(&again, &both, "api"), Some((Dead, true, 2, vec!["api".to_owned()])));
    }

    #[test]
    fn who_hears_of_every_node_hears_what_was_said() {
        let map = page(true, true);
        let dead = super::super::grouping::dead(&map, &|_| true).0;
        let said =
            Notice { dead, changes: vec![to("site", Status::Dead, None), to("api", Status::Dead, None)], ..notice() };
        assert_eq!(said.heard_by(&map, &|_| true), Some(said));
    }

    #[test]
    fn a_start_is_heard_by_all_and_a_reminder_where_something_is_dead() {
        let map = page(true, false);
        let reminder = Kind::Reminder { number: 1, urgent: Urgent::All };
        let with = |kind| Notice { kind, changed: false, ..notice() };
        assert_eq!(heard(&with(Kind::Startup), &map, "site"), Some((Status::Healthy, false, 0, vec![])));
        assert_eq!(heard(&with(Kind::Startup), &map, "nowhere"), None);
        let still = Notice { changes: vec![to("api", Status::Dead, None)], ..with(reminder) };
        assert_eq!(heard(&still, &map, "api"), Some((Status::Dead, false, 2, vec!["api".to_owned()])));
        assert_eq!(heard(&still, &map, "site"), None);
        assert_eq!(heard(&with(reminder), &map, "api"), None, "that it is dead is still to be told");
        assert_eq!(heard(&with(Kind::Change), &map, "api"), None);
    }

    #[test]
    fn what_is_under_maintenance_counts_for_nobody() {
        let mut map = page(true, false);
        map.services.get_mut("web").unwrap().nodes.get_mut("api").unwrap().maintained = true;
        let back = Notice { changes: vec![to("site", Status::Healthy, Some(Status::Dead))], ..notice() };
        let heard = back.heard_by(&map, &|_| true).unwrap();
        assert_eq!((heard.status, heard.changed, heard.dead.len()), (Status::Healthy, true, 0));
    }

    #[test]
    fn a_node_that_is_not_on_the_page_any_more_is_told_to_who_heard_of_it() {
        let gone = Change { key: node_key("web", "gone"), to: None, was: Some((Status::Dead, secs(9))), ..change() };
        let notice = Notice { changes: vec![gone], ..notice() };
        let map = page(true, false);
        assert_eq!(heard(&notice, &map, "gone"), Some((Status::Healthy, true, 0, vec!["gone".to_owned()])));
        assert_eq!(heard(&notice, &map, "api"), None);
    }
}
