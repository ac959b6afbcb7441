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
}

impl Routes {
    /// Follows another configuration from now on.
    pub(super) fn follow(&mut self, config: &Config) {
        let mut named = HashMap::new();
        let mut present = HashSet::new();
        for service in &config.services {
            for node in &service.nodes {
                let key = NodeKey { service: service.id.clone(), node: node.id.clone() };
                named.extend(node.notify.clone().map(|channels| (key.clone(), channels)));
                present.insert(key);
            }
        }
        let before = std::mem::replace(&mut self.named, named);
        self.former.extend(before);
        self.former.retain(|key, _| !present.contains(key));
    }

    /// What became of nodes that are not in the configuration any more is told.
    pub(super) fn forget_former(&mut self) {
        self.former.clear();
    }

    /// Whether that channel hears of that node.
    pub(super) fn hears(&self, channel: &str, node: &NodeKey) -> bool {
        let channels = self.named.get(node).or_else(|| self.former.get(node));
        channels.is_none_or(|channels| channels.iter().any(|one| &**one == channel))
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
        let channels = "[[notify.slack]]\nname = \"a\"\nhook_url = \"http://a/\"\n\
                        [[notify.slack]]\nname = \"b\"\nhook_url = \"http://b/\"\n";
        let services = services.iter().map(|(id, service, node)| {
            format!(
                "[[probe.service]]\nid = \"{id}\"\nlabel = \"S\"\n{service}\n[[probe.service.node]]\nid = \"n\"\n\
                 label = \"N\"\nmode = \"poll\"\n{node}\n"
            )
        });
        routes.follow(&fixture::load(&(channels.to_owned() + &services.collect::<String>())));
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
        all.forget_former();
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
        all.forget_former();
        assert_eq!(heard(&all, "s"), "ab");
    }
}
