//! `/status/text`, `/badge/{kind}` and `/health`.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_derive::Serialize;

use crate::engine::ChannelHealth;
use crate::engine::TargetHealth;
use crate::model::map::Map;
use crate::model::unsure::Unsure;

use super::respond;
use super::site::Live;

/// `GET /status/text`: one of three words.
pub(super) async fn text(live: Data<Live>) -> HttpResponse {
    let status = live.site().engine.shared.read(Map::status);
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header(("Cache-Control", "no-cache"))
        .body(status.word())
}

/// `GET /badge/{kind}`: a picture of the status; the kinds are `icon` and `color`.
pub(super) async fn badge(request: HttpRequest, live: Data<Live>) -> HttpResponse {
    let (site, kind) = (live.site(), request.match_info().query("kind"));
    let status = site.engine.shared.read(Map::status);
    // The kind is looked up as part of a name in memory; no path is made of it.
    match site.assets.get(&format!("images/badges/{kind}-{status}-default.svg")) {
        Some(badge) => {
            let headers = [("Cache-Control", "no-cache")].into_iter();
            respond::tagged(&request, &badge.etag, &badge.content_type, badge.bytes.clone(), headers)
        }
        None => site.page.answer_not_found(),
    }
}

/// How Vigil itself is, after the draft of `application/health+json`.
#[derive(Serialize)]
struct Health {
    /// `pass`, or `warn` when something of Vigil's own needs a look.
    status: &'static str,
    version: &'static str,
    #[serde(rename = "serviceId")]
    service_id: &'static str,
    notes: Vec<String>,
    checks: BTreeMap<String, Vec<Check>>,
}

/// One part of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    /// Which of several targets of a channel it is, from 1; their names are no business of the public.
    #[serde(skip_serializing_if = "Option::is_none")]
    component_id: Option<String>,
    status: &'static str,
    observed_value: u64,
    observed_unit: &'static str,
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// `GET /health`: 200 whatever the services do; it is Vigil itself that is asked.
pub(super) async fn health(live: Data<Live>) -> HttpResponse {
    let site = live.site();
    let engine = &site.engine;
    let panics = engine.shared.panics();
    let Unsure { blind, unread } = engine.shared.read(|map| map.unsure);
    let channels = engine.channels();
    let word = |fails: bool| if fails { "warn" } else { "pass" };
    let mut notes: Vec<String> = Vec::new();
    if panics > 0 {
        notes.push(format!("{panics} steps panicked; please report what the log says"));
    }
    if blind > 0 {
        notes.push(format!("replicas that could not be checked the last time: {blind}; the log says why"));
    }
    if unread > 0 {
        notes.push(format!("queues whose length is not known: {unread}; the log says why"));
    }
    let keeper = engine.keeper();
    notes.extend(keeper.failure.as_ref().map(|_| "history cannot be written; the log says why".to_owned()));
    if keeper.lost > 0 {
        notes.push(format!("{} entries of history were lost", keeper.lost));
    }
    let mut checks = BTreeMap::new();
    let check = |fails, value, unit| {
        vec![Check { component_id: None, status: word(fails), observed_value: value, observed_unit: unit }]
    };
    checks.insert("vigil:blind".to_owned(), check(blind > 0, whole(blind), "replicas"));
    checks.insert("rabbitmq:unread".to_owned(), check(unread > 0, whole(unread), "queues"));
    checks.insert("vigil:panics".to_owned(), check(panics > 0, panics, "panics"));
    checks.insert("history:failures".to_owned(), check(keeper.failure.is_some(), keeper.failures, "failures"));
    checks.insert("history:lost".to_owned(), check(keeper.lost > 0, keeper.lost, "entries"));
    for ChannelHealth { channel, targets } in &channels {
        let check = |(number, target): (usize, &TargetHealth)| Check {
            component_id: (targets.len() > 1).then(|| number.to_string()),
            status: word(target.failure.is_some()),
            observed_value: whole(target.owed),
            observed_unit: "notices owed",
        };
        checks.insert(format!("notify:{channel}"), (1..).zip(targets).map(check).collect());
        match targets.iter().filter(|target| target.failure.is_some()).count() {
            0 => {}
            _ if targets.len() == 1 => notes.push(format!("the channel {channel} fails; the log says why")),
            failing => {
                let all = targets.len();
                notes.push(format!("the channel {channel} fails for {failing} of {all} targets; the log says why"));
            }
        }
    }
    let health = Health {
        status: word(!notes.is_empty()),
        version: env!("CARGO_PKG_VERSION"),
        service_id: "vigil",
        notes,
        checks,
    };
    HttpResponse::Ok()
        .content_type("application/health+json")
        .insert_header(("Cache-Control", "no-cache"))
        .body(serde_json::to_vec(&health).unwrap_or_default())
}
