//! Planned maintenance through the program: what is planned over HTTP, what visitors see, what is told and what is not.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use crate::hook::Hook;
use crate::hook::Reply;
use crate::restart::wait_until_nothing_is_owed;
use crate::slack::target;
use crate::slack::telling;
use crate::slack::watching;
use crate::support::Answer;
use crate::support::SOON;
use crate::support::Vigil;
use crate::support::config;
use crate::support::wait_until;

const DEAD: Reply = Reply::Status(503);
const WELL: Reply = Reply::Status(200);

/// `:m4nager`
const TOKEN: (&str, &str) = ("Authorization", "Basic Om00bmFnZXI=");
const JSON: (&str, &str) = ("Content-Type", "application/json");
const PATH: &str = "/manager/maintenance";

fn managed(more: &str) -> String {
    config(more).replace("[server]\n", "[server]\nmanager_token = \"m4nager\"\n")
}

fn ahead(time: Duration) -> String {
    (Timestamp::now() + time).to_string()
}

fn post(vigil: &Vigil, body: &Value) -> Answer {
    vigil.request("POST", PATH, &[TOKEN, JSON], body.to_string().as_bytes())
}

/// Plans that; gives its id.
fn plan(vigil: &Vigil, body: &Value) -> String {
    let answer = post(vigil, body);
    assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    let told: Value = serde_json::from_slice(&answer.body).unwrap();
    told["id"].as_str().unwrap().to_owned()
}

fn end(vigil: &Vigil, id: &str) -> u16 {
    let answer = vigil.request("DELETE", &format!("{PATH}/{id}"), &[TOKEN], b"");
    assert!(answer.body.is_empty(), "{}", answer.text());
    answer.status
}

/// Title and phase of each, as the list has them.
fn list(vigil: &Vigil, query: &str) -> Vec<String> {
    let answer = vigil.request("GET", &format!("{PATH}{query}"), &[TOKEN], b"");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{query}");
    let all: Value = serde_json::from_slice(&answer.body).unwrap();
    let words = |one: &Value| format!("{} {}", one["title"].as_str().unwrap(), one["phase"].as_str().unwrap());
    all.as_array().unwrap().iter().map(words).collect()
}

#[test]
fn an_outage_in_maintenance_is_recorded_and_shown_and_told_when_it_is_over() {
    let (hook, api, site) = (Hook::start(WELL), target(), target());
    let keys = "group_wait = 0\ngroup_interval = 0.1";
    let text = managed(&[telling(&hook, keys), watching("api", &api), watching("site", &site)].concat());
    let vigil = Vigil::start(&text);
    vigil.wait_for_status("healthy");
    let hour = Duration::from_hours(1);
    let body = json!({ "title": "New <disks>", "text": "One\nTwo", "targets": ["api:node"], "ends_at": ahead(hour) });
    let id = plan(&vigil, &body);
    api.set(DEAD);
    vigil.log().wait_for(&["node api:node is dead: HTTP 503"]);
    for wanted in [
        "Maintenance under way",
        "New &lt;disks&gt;",
        "One<br>Two",
        "Under maintenance",
        "All other systems are healthy",
    ] {
        vigil.wait_for_page(wanted);
    }
    let page = vigil.get("/node/service-api/node-api").text();
    assert!(!page.contains(&id) && !vigil.get("/").text().contains(&id), "ids are for managers: {page}");
    assert!(page.contains("Node api is under maintenance") && page.contains("HTTP 503"), "{page}");
    assert_eq!(vigil.get("/status/text").text(), "healthy");
    let report: Value = serde_json::from_slice(&vigil.get("/status/report").body).unwrap();
    assert_eq!((&report["health"], &report["probes"][0]["nodes"][0]["status"]), (&json!("healthy"), &json!("dead")));
    // Another death is told, and names only itself: nothing was told of the first.
    site.set(DEAD);
    let request = hook.request(0);
    assert!(
        request.text().contains("(site:node) is dead since") && !request.text().contains("api:node"),
        "{}",
        request.text()
    );
    vigil.log().wait_for(&["maintenance begins of api:node"]);
    site.set(WELL);
    assert!(hook.request(1).text().contains("(site:node) is healthy again"));
    wait_until_nothing_is_owed(vigil.folder());
    // It survives a crash, with what happened in it.
    let vigil = Vigil::start_again(vigil.kill(), &text);
    assert_eq!(vigil.get("/status/text").text(), "healthy");
    vigil.wait_for_page("Maintenance under way");
    assert_eq!((list(&vigil, ""), list(&vigil, "?past=true")), (vec!["New <disks> active".to_owned()], Vec::new()));
    assert_eq!(end(&vigil, &id), 200);
    let request = hook.request(2);
    assert!(request.text().contains("(api:node) is dead since"), "{}", request.text());
    vigil.wait_for_status("dead");
    vigil.wait_for_page("Service api: Node api is down");
    assert!(!vigil.get("/").text().contains("Maintenance under way"));
    assert_eq!((end(&vigil, &id), list(&vigil, "").len()), (404, 0));
    assert_eq!(list(&vigil, "?past=true"), ["New <disks> past"]);
    assert_eq!(hook.requests().len(), 3, "{}", vigil.log().text());
}

#[test]
fn maintenance_ends_by_itself_and_who_waits_for_a_recovery_hears_of_it() {
    let (hook, api) = (Hook::start(WELL), target());
    let vigil = Vigil::start(&managed(
        &[telling(&hook, "group_wait = 0\ngroup_interval = 0.1"), watching("api", &api)].concat(),
    ));
    vigil.wait_for_status("healthy");
    api.set(DEAD);
    assert!(hook.request(0).text().contains("(api:node) is dead since"));
    let begun = Timestamp::now();
    plan(&vigil, &json!({ "title": "Short", "ends_at": ahead(Duration::from_secs(6)) }));
    vigil.wait_for_page("All systems are under maintenance");
    api.set(WELL);
    assert!(hook.request(1).text().contains("(api:node) is healthy"));
    api.set(DEAD);
    assert!(hook.request(2).text().contains("(api:node) is dead since"));
    let late = Timestamp::now().duration_since(begun).as_secs_f64();
    assert!((6.0..12.0).contains(&late), "told after {late} s");
    assert_eq!(list(&vigil, "?past=true"), ["Short past"]);
}

#[test]
fn what_is_to_come_is_announced_a_week_ahead_and_may_be_called_off() {
    let api = target();
    let vigil = Vigil::start(&managed(&watching("api", &api)));
    let day = Duration::from_hours(24);
    let of = |title: &str, from: Duration| json!({ "title": title, "targets": ["api"], "starts_at": ahead(from), "ends_at": ahead(from + day) });
    let (late, soon) = (plan(&vigil, &of("Late", day * 8)), plan(&vigil, &of("Soon", day * 6)));
    assert_eq!(list(&vigil, ""), ["Soon upcoming", "Late upcoming"]);
    vigil.wait_for_page("Planned maintenance</p>\n<h2 dir=\"auto\">Soon");
    let page = vigil.get("/").text();
    assert!(!page.contains(">Late<") && !page.contains("is-maintenance\" id"), "{page}");
    let called_off = Timestamp::now();
    assert_eq!((end(&vigil, &soon), end(&vigil, &soon), end(&vigil, &late)), (200, 404, 200));
    let answer = vigil.request("GET", &format!("{PATH}?past=true"), &[TOKEN], b"");
    let past: Value = serde_json::from_slice(&answer.body).unwrap();
    for one in past.as_array().unwrap() {
        let ended: Timestamp = one["ended_at"].as_str().unwrap().parse().unwrap();
        let waited = ended.duration_since(called_off).as_millis();
        assert!((-1..60_000).contains(&waited), "{one}: not when it was called off");
    }
    assert!(wait_until(SOON, || !vigil.get("/").text().contains(">Soon<")));
    assert_eq!(
        (list(&vigil, "").len(), list(&vigil, "?past=true")),
        (0, vec!["Late cancelled".to_owned(), "Soon cancelled".to_owned()])
    );
}

#[test]
fn what_cannot_be_planned_is_refused_with_what_would_be_right() {
    let vigil = Vigil::start(&managed(&watching("api", &target())));
    let later = ahead(Duration::from_hours(1));
    for (body, wanted) in [
        (json!({ "title": "x" }), "Json deserialize error: missing field `ends_at`"),
        (json!({ "title": "", "ends_at": later }), "`title` is empty: send 1 to 200 characters"),
        (json!({ "title": "x".repeat(201), "ends_at": later }), "`title` has 201 characters: send 1 to 200"),
        (json!({ "title": "x", "ends_at": "2020-01-01T00:00:00Z" }), "`ends_at` has passed"),
        (json!({ "title": "x", "ends_at": "later" }), "`ends_at` is not a moment after RFC 3339, such as"),
        (json!({ "title": "x", "ends_at": later, "target": "api" }), "Json deserialize error: unknown field `target`"),
        (json!({ "title": "x", "ends_at": later, "targets": ["web"] }), "`targets`: there is no `web` on this page"),
        (
            json!({ "title": "x", "ends_at": ahead(Duration::from_hours(24 * 32)) }),
            "it would last for longer than 31 days",
        ),
        (json!({ "title": "x", "ends_at": later, "starts_at": later }), "`ends_at` is not after `starts_at`"),
    ] {
        let answer = post(&vigil, &body);
        let status = if wanted.starts_with("Json") { 400 } else { 422 };
        assert_eq!((answer.status, answer.text().starts_with(wanted)), (status, true), "{body}: {}", answer.text());
    }
    assert_eq!(vigil.request("GET", &format!("{PATH}?past=yes"), &[TOKEN], b"").status, 400);
    let right = json!({ "title": "x", "ends_at": later }).to_string();
    for (headers, wanted) in
        [(&[JSON][..], 401), (&[JSON, ("Authorization", "Basic OnMzY3JldA==")], 403), (&[TOKEN], 400)]
    {
        assert_eq!(vigil.request("POST", PATH, headers, right.as_bytes()).status, wanted, "{headers:?}");
    }
    for (method, path, allow) in [("PUT", PATH.to_owned(), "GET, HEAD, POST"), ("GET", format!("{PATH}/x"), "DELETE")] {
        let answer = vigil.request(method, &path, &[TOKEN], b"");
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{method} {path}");
    }
    assert_eq!((end(&vigil, "x"), end(&vigil, "00000000-0000-4000-8000-000000000000")), (404, 404));
    assert_eq!(list(&vigil, "?past=false").len(), 0);
    for number in 0..100 {
        plan(&vigil, &json!({ "title": format!("{number}"), "ends_at": later }));
    }
    let full = post(&vigil, &json!({ "title": "One more", "ends_at": later }));
    assert_eq!((full.status, full.text().as_str()), (409, "100 maintenances are planned already; end one first"));
}
