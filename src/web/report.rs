//! `/status/report`: how everything is, as one JSON document. Its names and its order are what those who read it rely on.

use std::convert::Infallible;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_derive::Serialize;

use crate::config::Config;
use crate::engine::shared::Shared;
use crate::model::map::Map;
use crate::model::map::Node;
use crate::model::map::Service;
use crate::model::map::Standing;
use crate::model::status::Status;

use super::fresh::Fresh;
use super::rendered::JSON;
use super::rendered::Rendered;
use super::site::Live;

/// How everything is, without a name that visitors do not see.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// The worst status of all services.
    health: Status,
    /// The status page.
    page: PageReport,
    /// The services that the page shows, in its order.
    probes: Vec<ServiceReport>,
}

#[derive(Clone, Debug, Serialize)]
struct PageReport {
    /// Its title.
    name: String,
    /// Where the public finds it.
    url: String,
}

#[derive(Debug, Serialize)]
struct ServiceReport {
    /// The label of the service.
    name: Arc<str>,
    /// The worst status of its nodes.
    status: Status,
    /// Its nodes.
    nodes: Vec<NodeReport>,
}

#[derive(Debug, Serialize)]
struct NodeReport {
    /// The label of the node.
    name: Arc<str>,
    /// The worst status of its replicas.
    status: Status,
    /// The status of each replica.
    replicas: Vec<Status>,
}

/// The report, made once per change.
pub(super) struct Reports {
    page: PageReport,
    shared: Shared,
    document: Fresh<Rendered>,
}

impl Reports {
    /// Those of that configuration, whose page the public finds at `page_url`.
    pub(super) fn new(config: &Config, page_url: &str, shared: Shared) -> Self {
        let page = PageReport { name: config.branding.page_title.clone(), url: page_url.to_owned() };
        Self { page, document: Fresh::new(shared.clone()), shared }
    }

    /// How everything is now.
    pub(super) fn report(&self) -> Report {
        self.shared.read(|map| report(map, self.page.clone()))
    }

    fn document(&self) -> Arc<Rendered> {
        let made = self.document.get(|_, _| {
            // Plain structures with string keys: there is nothing in them that JSON cannot say.
            let text = serde_json::to_string(&self.report()).unwrap_or_default();
            Ok::<_, Infallible>(Rendered::new(text, JSON))
        });
        match made {
            Ok(document) => document,
            Err(never) => match never {},
        }
    }
}

fn report(map: &Map, page: PageReport) -> Report {
    Report { health: map.status(), page, probes: map.services.values().map(service).collect() }
}

fn service(service: &Service) -> ServiceReport {
    ServiceReport {
        name: service.label.clone(),
        status: status(service.standing),
        nodes: service.nodes.values().map(node).collect(),
    }
}

fn node(node: &Node) -> NodeReport {
    NodeReport {
        name: node.label.clone(),
        status: status(node.standing),
        replicas: node.replicas.values().map(|replica| status(replica.standing)).collect(),
    }
}

/// What is not judged yet counts as healthy, as it does for `/status/text`.
fn status(standing: Option<Standing>) -> Status {
    standing.map_or(Status::Healthy, |standing| standing.status)
}

/// `GET /status/report`
pub(super) async fn get(request: HttpRequest, live: Data<Live>) -> HttpResponse {
    live.site().reports.document().answer(&request, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture;
    use crate::model::fixture::down;
    use crate::model::fixture::key;
    use crate::model::fixture::up;
    use crate::model::map::Mode;

    #[test]
    fn the_report_has_the_shape_that_its_readers_know() {
        let nodes = vec![("n", fixture::node(Mode::Poll, &["a", "b", "c"])), ("m", fixture::node(Mode::Push, &[]))];
        let services = [(fixture::id("s"), fixture::service("Web", nodes))];
        let mut map = Map { services: services.into_iter().collect(), ..Map::default() };
        let told = |map: &Map| {
            let page = PageReport { name: "Status Page".to_owned(), url: "https://status.example.com/".to_owned() };
            serde_json::to_string(&report(map, page)).unwrap()
        };
        let shape = |all: &str, replicas: &str| {
            let [n, m] = [0, 1].map(|at| map.services[0].nodes[at].label.clone());
            format!(
                r#"{{"health":"{all}","page":{{"name":"Status Page","url":"https://status.example.com/"}},"probes":[{{"name":"Web","status":"{all}","nodes":[{{"name":"{n}","status":"{all}","replicas":{replicas}}},{{"name":"{m}","status":"healthy","replicas":[]}}]}}]}}"#
            )
        };
        let (fresh, later) =
            (shape("healthy", r#"["healthy","healthy","healthy"]"#), shape("dead", r#"["healthy","dead","healthy"]"#));
        assert_eq!(told(&map), fresh);
        map.record_check(&key("s", "n", "a"), up(), fixture::now());
        map.record_check(&key("s", "n", "b"), down(), fixture::now());
        assert_eq!(told(&map), later);
    }
}
