//! Which channels hear of which nodes: `notify` of services and nodes.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use crate::config::Config;
use crate::model::transition::NodeKey;

/// Which channels hear of which nodes.
#[derive(Debug, Default)]
pub(super) struct Routes {
    /// Of the nodes that name their channels; of all others every channel hears.
    named: HashMap<NodeKey, Vec<Arc<str>>>,
    /// The same of nodes that were in the configuration before, until what became of them is told.
    former: HashMap<NodeKey, Vec<Arc<str>>>,
    /// Who has heard that a node is unwell and would not hear of it any more: they hear of its end.
    heard: HashMap<NodeKey, Vec<Hearers>>,
}

/// Who hears of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Hearers {
    /// Every channel.
    All,
    /// These.
    Named(Vec<Arc<str>>),
}

impl Hearers {
    fn has(&self, channel: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(channels) => channels.iter().any(|one| &**one == channel),
        }
    }
}

impl Routes {
    /// Follows another configuration from now on. Of some nodes people were told that they are unwell.
    pub(super) fn follow(&mut self, config: &Config, is_told: &dyn Fn(&NodeKey) -> bool) {
        let mut named = HashMap::new();
        let mut present = HashSet::new();
        for service in &config.services {
            for node in &service.nodes {
                let key = NodeKey { service: service.id.clone(), node: node.id.clone() };
                named.extend(node.notify.clone().map(|channels| (key.clone(), channels)));
                present.insert(key);
            }
        }
        for key in present.iter().filter(|key| is_told(key)) {
            let before = self.before(key).cloned();
            if before.as_ref() != named.get(key) {
                let hearers = before.map_or(Hearers::All, Hearers::Named);
                self.heard.entry(key.clone()).or_default().push(hearers);
            }
        }
        let before = std::mem::replace(&mut self.named, named);
        self.former.extend(before);
        self.former.retain(|key, _| !present.contains(key));
    }

    /// The channels that a node names, or named before it was taken out.
    fn before(&self, node: &NodeKey) -> Option<&Vec<Arc<str>>> {
        self.named.get(node).or_else(|| self.former.get(node))
    }

    /// What became of nodes that are not in the configuration any more is told, and that these are well.
    pub(super) fn told<'a>(&mut self, well: impl Iterator<Item = &'a NodeKey>) {
        self.former.clear();
        for key in well {
            self.heard.remove(key);
        }
    }

    /// Whether that channel hears of that node.
    pub(super) fn hears(&self, channel: &str, node: &NodeKey) -> bool {
        self.before(node).is_none_or(|channels| channels.iter().any(|one| &**one == channel))
    }

    /// Whether that channel heard that the node is unwell, by the configuration of then.
    pub(super) fn has_heard(&self, channel: &str, node: &NodeKey) -> bool {
        self.heard.get(node).is_some_and(|before| before.iter().any(|hearers| hearers.has(channel)))
    }

    /// Whether that channel hears of every node.
    pub(super) fn hears_all(&self, channel: &str) -> bool {
        let mut all = self.named.values().chain(self.former.values());
        all.all(|channels| channels.iter().any(|one| &**one == channel))
    }
}

#[cfg(test)]
mod tests {
    use crate::model::fixture::node_key;

    use super::super::fixture;
    use super::*;

    /// Services of one node `n` each, with these keys in the service and in the node.
    fn routes(routes: &mut Routes, services: &[(&str, &str, &str)]) {
        reroute(routes, services, &|_| false);
    }

    /// The same while people were told that some nodes are unwell.
    fn reroute(routes: &mut Routes, services: &[(&str, &str, &str)], is_told: &dyn Fn(&NodeKey) -> bool) {
        let channels = "[[notify.slack]]\nname = \"a\"\nhook_url = \"http://a/\"\n\
                        [[notify.slack]]\nname = \"b\"\nhook_url = \"http://b/\"\n";
        let services = services.iter().map(|(id, service, node)| {
            format!(
                "[[probe.service]]\nid = \"{id}\"\nlabel = \"S\"\n{service}\n[[probe.service.node]]\nid = \"n\"\n\
                 label = \"N\"\nmode = \"poll\"\n{node}\n"
            )
        });
        routes.follow(&fixture::load(&(channels.to_owned() + &services.collect::<String>())), is_told);
    }

    /// Which of `a` and `b` hear of node `n` of that service.
    fn heard(routes: &Routes, service: &str) -> String {
        ["a", "b"].into_iter().filter(|channel| routes.hears(channel, &node_key(service, "n"))).collect()
    }

    #[test]
    fn a_node_wins_over_its_service_and_silence_is_everybody() {
        let (a, b, nobody) = ("notify = [\"a\"]", "notify = [\"b\"]", "notify = []");
        let mut all = Routes::default();
        routes(
            &mut all,
            &[("none", "", ""), ("service", a, ""), ("node", "", b), ("both", a, b), ("nobody", a, nobody)],
        );
        for (service, wanted) in [("none", "ab"), ("service", "a"), ("node", "b"), ("both", "b"), ("nobody", "")] {
            assert_eq!(heard(&all, service), wanted, "{service}");
        }
        assert!(!all.hears_all("a") && !all.hears_all("b"));
        routes(&mut all, &[("none", "", ""), ("service", "notify = [\"a\", \"b\"]", "")]);
        all.told([].iter());
        assert!(all.hears_all("a") && all.hears_all("b"));
    }

    #[test]
    fn what_becomes_of_a_node_that_is_taken_out_is_heard_where_the_node_was() {
        let a = "notify = [\"a\"]";
        let mut all = Routes::default();
        routes(&mut all, &[("s", a, ""), ("t", a, "")]);
        routes(&mut all, &[("t", "", "")]);
        routes(&mut all, &[("t", "", "")]);
        assert_eq!((heard(&all, "s"), heard(&all, "t"), all.hears_all("b")), ("a".into(), "ab".into(), false));
        routes(&mut all, &[("s", "", "")]);
        assert_eq!((heard(&all, "s"), all.hears_all("b")), ("ab".into(), true), "it is back, with other words");
        routes(&mut all, &[("s", a, "")]);
        routes(&mut all, &[]);
        all.told([].iter());
        assert_eq!(heard(&all, "s"), "ab");
    }

    #[test]
    fn who_heard_that_a_node_is_unwell_is_known_until_it_is_told_to_be_well() {
        let (a, b, nobody) = ("notify = [\"a\"]", "notify = [\"b\"]", "notify = []");
        let before = |routes: &Routes| {
            let has_heard = |channel: &&str| routes.has_heard(channel, &node_key("unwell", "n"));
            ["a", "b"].into_iter().filter(has_heard).collect::<String>()
        };
        let is_told = |key: &NodeKey| key.service.as_str() == "unwell";
        let mut all = Routes::default();
        routes(&mut all, &[("unwell", a, ""), ("well", a, "")]);
        for (keys, wanted) in [(a, ""), (b, "a"), (nobody, "ab")] {
            reroute(&mut all, &[("unwell", keys, ""), ("well", keys, "")], &is_told);
            assert_eq!(before(&all), wanted, "{keys}");
        }
        assert!(!all.has_heard("a", &node_key("well", "n")));
        all.told([node_key("well", "n")].iter());
        assert_eq!(before(&all), "ab");
        all.told([node_key("unwell", "n")].iter());
        assert_eq!(before(&all), "");
        let mut all = Routes::default();
        routes(&mut all, &[("unwell", "", "")]);
        reroute(&mut all, &[("unwell", a, "")], &is_told);
        assert_eq!(before(&all), "ab", "all of them had heard");
    }
}
