//! `POST /reporter/{service}/{node}` and `DELETE /reporter/{service}/{node}/{replica}`: reports of applications and of
//! the vigil-local daemon.
//!
//! A report is answered with exactly 200 and an empty body: there are clients that take nothing else. A 4xx ends some
//! of them for good, so it is only for what another try cannot mend.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::web::Path;
use actix_web::web::Payload;
use serde_derive::Deserialize;

use crate::model::id::Id;
use crate::model::id::ReplicaId;
use crate::model::judge::Refusal;
use crate::model::observation::Content;
use crate::model::observation::Load;
use crate::model::observation::Report;
use crate::model::status::Status;
use crate::model::transition::NodeKey;
use crate::model::transition::ReplicaKey;

use super::auth;
use super::body;
use super::site::Live;

/// The longest interval of a report.
const INTERVAL_MAX: f64 = 7.0 * 24.0 * 60.0 * 60.0;

/// A report as it is sent.
#[derive(Deserialize)]
struct Body {
    replica: String,
    interval: f64,
    #[serde(default)]
    load: Option<BodyLoad>,
    #[serde(default)]
    health: Option<Health>,
}

#[derive(Deserialize)]
struct BodyLoad {
    cpu: f64,
    ram: f64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Health {
    Healthy,
    Sick,
    Dead,
}

/// `POST /reporter/{service}/{node}`
pub(super) async fn report(
    request: HttpRequest,
    path: Path<(String, String)>,
    payload: Payload,
    live: Data<Live>,
) -> HttpResponse {
    let site = live.site();
    if let Err(refused) = auth::check(&request, site.reporter_token.as_ref()) {
        return refused;
    }
    let body = match body::read(&request, payload).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let report = match parse(&body) {
        Ok(report) => report,
        Err(why) => return body::text(StatusCode::BAD_REQUEST, &why),
    };
    let (service, node) = path.into_inner();
    let Some(key) = node_key(&service, &node) else { return refusal(Refusal::Unknown) };
    site.engine.shared.record_report(&key, report).map_or_else(refusal, |()| HttpResponse::Ok().finish())
}

/// `DELETE /reporter/{service}/{node}/{replica}`; a body is not waited for.
pub(super) async fn forget(
    request: HttpRequest,
    path: Path<(String, String, String)>,
    live: Data<Live>,
) -> HttpResponse {
    let site = live.site();
    if let Err(refused) = auth::check(&request, site.reporter_token.as_ref()) {
        return refused;
    }
    let (service, node, replica) = path.into_inner();
    let key = node_key(&service, &node)
        .and_then(|node| Some(ReplicaKey { node, replica: ReplicaId::configured(&replica).ok()? }));
    let Some(key) = key else { return refusal(Refusal::Unknown) };
    site.engine.shared.remove(&key).map_or_else(refusal, |()| HttpResponse::Ok().finish())
}

/// The node of a path; none when no node can be called so.
fn node_key(service: &str, node: &str) -> Option<NodeKey> {
    Some(NodeKey { service: Id::new(service).ok()?, node: Id::new(node).ok()? })
}

fn refusal(refusal: Refusal) -> HttpResponse {
    let status = match refusal {
        Refusal::Unknown => StatusCode::NOT_FOUND,
        Refusal::WrongMode => StatusCode::PRECONDITION_FAILED,
        Refusal::Full => StatusCode::SERVICE_UNAVAILABLE,
    };
    HttpResponse::new(status)
}

/// The report in a body.
///
/// # Errors
/// What is wrong with it, and what would be right.
fn parse(body: &[u8]) -> Result<Report, String> {
    let body: Body = body::parse(body)?;
    let replica = ReplicaId::reported(&body.replica).map_err(|error| format!("`replica` {error}"))?;
    if !(body.interval > 0.0 && body.interval <= INTERVAL_MAX) {
        return Err("`interval` is out of range: send seconds, above 0 and at most 604800 (7 days)".to_owned());
    }
    let content = match (body.load, body.health) {
        (Some(BodyLoad { cpu, ram }), _) => {
            if !(cpu.is_finite() && ram.is_finite() && cpu >= 0.0 && ram >= 0.0) {
                return Err("`load` is out of range: send `cpu` and `ram` as numbers from 0 on".to_owned());
            }
            Content::Load(Load { cpu, ram })
        }
        (None, Some(health)) => Content::Health(match health {
            Health::Healthy => Status::Healthy,
            Health::Sick => Status::Sick,
            Health::Dead => Status::Dead,
        }),
        (None, None) => return Err("there is neither `load` nor `health`: send one of them".to_owned()),
    };
    Ok(Report { replica, interval: Duration::from_secs_f64(body.interval), content })
}
