//! Announcements: `GET /manager/announcements`, `POST /manager/announcement` and `DELETE /manager/announcement/{id}`.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::web::Path;
use actix_web::web::Payload;
use serde_derive::Deserialize;
use serde_derive::Serialize;

use crate::model::announcement::Announcement;
use crate::web::body;
use crate::web::site::Live;

use super::json;
use super::managed;
use super::new_id;

/// An announcement as it is sent.
#[derive(Deserialize)]
struct Body {
    title: String,
    text: String,
    /// For how long it is to be shown; without it, until it is taken down.
    #[serde(default)]
    expires_in_seconds: Option<f64>,
}

/// What is told of one in the list.
#[derive(Serialize)]
struct Listed {
    id: String,
    title: String,
}

/// What is told of a new one.
#[derive(Serialize)]
struct Published {
    id: String,
}

/// `GET /manager/announcements`: the oldest first.
pub(super) async fn list(request: HttpRequest, live: Data<Live>) -> HttpResponse {
    let site = match managed(&request, &live) {
        Ok(site) => site,
        Err(refused) => return refused,
    };
    let all = site.engine.shared.announcements();
    let listed = all.iter().map(|one| Listed { id: one.id.to_string(), title: one.title.clone() });
    json(&listed.collect::<Vec<_>>())
}

/// `POST /manager/announcement`
pub(super) async fn publish(request: HttpRequest, payload: Payload, live: Data<Live>) -> HttpResponse {
    let site = match managed(&request, &live) {
        Ok(site) => site,
        Err(refused) => return refused,
    };
    let body = match body::read(&request, payload).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let Some(id) = new_id() else {
        return body::text(StatusCode::SERVICE_UNAVAILABLE, "there are no random numbers for an id: try again");
    };
    let shared = &site.engine.shared;
    let made = body::parse::<Body>(&body).and_then(|Body { title, text, expires_in_seconds }| {
        // What is no duration is out of range, and so is none at all.
        let lasting = expires_in_seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default());
        Announcement::new(id, &title, &text, lasting, shared.now().wall).map_err(|unfit| unfit.to_string())
    });
    match made.map(|announcement| shared.announce(announcement)) {
        Ok(Ok(())) => json(&Published { id: id.to_string() }),
        Ok(Err(full)) => body::text(StatusCode::CONFLICT, &full.to_string()),
        Err(why) => body::text(StatusCode::BAD_REQUEST, &why),
    }
}

/// `DELETE /manager/announcement/{id}`; a body is not waited for.
pub(super) async fn take_down(request: HttpRequest, id: Path<String>, live: Data<Live>) -> HttpResponse {
    let site = match managed(&request, &live) {
        Ok(site) => site,
        Err(refused) => return refused,
    };
    // What is no id is the id of nothing.
    let was_there = id.parse().is_ok_and(|id| site.engine.shared.withdraw(id));
    HttpResponse::new(if was_there { StatusCode::OK } else { StatusCode::NOT_FOUND })
}
