//! `/manager/...`: what whoever runs the page tells it and asks it over HTTP. All of it is there only while there is a
//! `manager_token`, and is for those who give that.

mod alerts;
mod announcements;
mod ignored;
mod maintenance;

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::Resource;
use actix_web::guard;
use actix_web::web;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use rustls::crypto::ring;
use serde::Serialize;

use crate::model::uuid::Uuid;

use super::auth;
use super::get;
use super::only;
use super::rendered::JSON;
use super::site::Live;
use super::site::Site;
use super::wants;

/// All of it.
pub(super) fn routes(app: &mut ServiceConfig) {
    app.service(manager("/manager/announcements", "GET, HEAD").route(get().to(announcements::list)))
        .service(manager("/manager/announcement", "POST").route(web::post().to(announcements::publish)))
        .service(manager("/manager/announcement/{id}", "DELETE").route(web::delete().to(announcements::take_down)))
        .service(
            manager("/manager/maintenance", "GET, HEAD, POST")
                .route(get().to(maintenance::list))
                .route(web::post().to(maintenance::plan)),
        )
        .service(manager("/manager/maintenance/{id}", "DELETE").route(web::delete().to(maintenance::end)))
        .service(manager("/manager/prober/alerts", "GET, HEAD").route(get().to(alerts::get)))
        .service(
            manager("/manager/prober/alerts/ignored", "GET, HEAD, PUT")
                .route(get().to(ignored::get))
                .route(web::put().to(ignored::put)),
        );
}

/// A resource that is there only while there is a token for it.
fn manager(path: &str, methods: &'static str) -> Resource {
    only(path, methods).guard(guard::fn_guard(|context| wants(context, |site| site.manager_token.is_some())))
}

/// The present site, for one who may manage it.
///
/// # Errors
/// The answer to one who may not.
fn managed(request: &HttpRequest, live: &Data<Live>) -> Result<Arc<Site>, HttpResponse> {
    let site = live.site();
    auth::check(request, site.manager_token.as_ref())?;
    Ok(site)
}

/// An answer to a program, which is not for whoever comes after it.
fn json(value: &impl Serialize) -> HttpResponse {
    // Plain structures with string keys: there is nothing in them that JSON cannot say.
    let body = serde_json::to_vec(value).unwrap_or_default();
    HttpResponse::Ok().content_type(JSON).insert_header(("Cache-Control", "no-store")).body(body)
}

/// An id that nothing has; none when the system has no random numbers.
fn new_id() -> Option<Uuid> {
    let mut bytes = [0; 16];
    ring::default_provider().secure_random.fill(&mut bytes).ok()?;
    Some(Uuid::of_random(bytes))
}
