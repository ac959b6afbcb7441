//! `GET /manager/prober/alerts`: the replicas that are not well, by their ids.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_derive::Serialize;

use crate::model::map::Map;
use crate::model::status::Status;
use crate::web::site::Live;

use super::json;
use super::managed;

/// The replicas that are not well.
#[derive(Debug, Default, Serialize)]
struct Alerts {
    /// Those that are dead, in the order of the page.
    dead: Vec<Alert>,
    /// Those that are sick, likewise.
    sick: Vec<Alert>,
}

/// One replica.
#[derive(Debug, Serialize)]
struct Alert {
    /// The id of its service.
    probe: String,
    /// The id of its node.
    node: String,
    /// Its name: what is asked, or what reports.
    replica: String,
}

fn alerts(map: &Map) -> Alerts {
    let mut alerts = Alerts::default();
    for (probe, service) in &map.services {
        for (id, node) in &service.nodes {
            for (name, replica) in &node.replicas {
                let of_its_status = match replica.standing.map(|standing| standing.status) {
                    Some(Status::Dead) => &mut alerts.dead,
                    Some(Status::Sick) => &mut alerts.sick,
                    Some(Status::Healthy) | None => continue,
                };
                let [probe, node] = [probe, id].map(|id| id.as_str().to_owned());
                of_its_status.push(Alert { probe, node, replica: name.as_str().to_owned() });
            }
        }
    }
    alerts
}

/// `GET /manager/prober/alerts`
pub(super) async fn get(request: HttpRequest, live: Data<Live>) -> HttpResponse {
    match managed(&request, &live) {
        Ok(site) => json(&site.engine.shared.read(alerts)),
        Err(refused) => refused,
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
    use crate::model::fixture::up;

    #[test]
    fn alerts_have_the_shape_that_their_readers_know() {
        let told = |map: &Map| serde_json::to_string(&alerts(map)).unwrap();
        let mut map = fixture::map();
        assert_eq!(told(&map), r#"{"dead":[],"sick":[]}"#);
        map.record_check(&key("web", "api", "a"), down(), fixture::now());
        map.record_check(&key("web", "api", "b"), up(), fixture::now());
        map.record_report(&node_key("app", "push"), load("worker-7", 0.95, 30), 9, fixture::now()).unwrap();
        assert_eq!(
            told(&map),
            r#"{"dead":[{"probe":"web","node":"api","replica":"a"}],"sick":[{"probe":"app","node":"push","replica":"worker-7"}]}"#
        );
    }
}
