//! What Slack gets, when, and what happens when it does not take it.

use std::time::Duration;
use std::time::Instant;

use crate::hook::Hook;
use crate::hook::Reply;
use crate::smtp;
use crate::smtp::Smtp;
use crate::support::Vigil;
use crate::support::config;
use crate::support::polled;
use crate::support::wait_until;

/// The part of the hook's address that nobody may see.
const SECRET: &str = "/services/T0/B0/s3cret-path";

/// `[notify]` with these keys, and Slack at that hook.
pub(crate) fn telling(hook: &Hook, keys: &str) -> String {
    format!("[notify]\n{keys}\n[notify.slack]\nhook_url = \"{}\"\n", hook.url(SECRET))
}

/// A target that is well.
pub(crate) fn target() -> Hook {
    Hook::start(Reply::Status(200))
}

/// The service of that id, which watches that target.
pub(crate) fn watching(id: &str, target: &Hook) -> String {
    polled(id, &[&target.url("/")])
}

const DEAD: Reply = Reply::Status(503);
const WELL: Reply = Reply::Status(200);

#[test]
fn every_flip_is_told_in_time_and_recoveries_say_how_long_it_lasted() {
    let (hook, api, site) = (Hook::start(Reply::Status(200)), target(), target());
    let parts = [telling(&hook, "group_interval = 0.1"), watching("api", &api), watching("site", &site)];
    let vigil = Vigil::start(&config(&parts.concat()));
    vigil.wait_for_status("healthy");
    let mut told = 0;
    let mut flip = |target: &Hook, reply: Reply, log: &str, text: &[&str]| {
        target.set(reply);
        vigil.log().wait_for(&[log]);
        let judged = Instant::now();
        let request = hook.request(told);
        told += 1;
        let late = request.at.saturating_duration_since(judged);
        assert!(late <= Duration::from_secs(3), "`{log}` was told after {late:?}");
        assert!(request.head.starts_with(&format!("POST {SECRET} HTTP/1.1\r\n")), "{}", request.head);
        assert!(request.head.to_ascii_lowercase().contains("content-type: application/json"), "{}", request.head);
        for part in text {
            assert!(request.text().contains(part), "no `{part}` in {}", request.text());
        }
        request
    };
    let named = format!("api:node:{}", api.url("/"));
    let first = flip(
        &api,
        DEAD,
        "node api:node is dead",
        &[
            &format!("Status changed to: *dead*. Nodes: *{named}*.\n"),
            "• Service api, Node api (api:node) is dead since ",
            ": HTTP 503",
        ],
    );
    let attachment = &first.json()["attachments"][0];
    assert_eq!(attachment["color"], "danger");
    let titles: Vec<&str> =
        attachment["fields"].as_array().unwrap().iter().map(|field| field["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Nodes", "Status", "Time", "Monitor Page"]);
    assert_eq!(attachment["fields"][0]["value"], named.as_str());
    let second =
        flip(&site, DEAD, "node site:node is dead", &["Status is still: *dead*.", "(site:node) is dead since "]);
    assert!(!second.text().contains("(api:node)"), "it is known: {}", second.text());
    flip(
        &api,
        WELL,
        "node api:node is healthy (was dead",
        &["Status is still: *dead*.", "(api:node) is healthy again, it was dead for "],
    );
    flip(
        &site,
        WELL,
        "node site:node is healthy (was dead",
        &["Status changed to: *healthy*.", "(site:node) is healthy again, it was dead for "],
    );
    assert_eq!(hook.requests().len(), 4);
}

#[test]
fn a_node_that_came_and_went_is_not_told() {
    let (hook, api, site) = (Hook::start(WELL), target(), target());
    let parts = [telling(&hook, "group_wait = 4"), watching("api", &api), watching("site", &site)];
    let vigil = Vigil::start(&config(&parts.concat()));
    vigil.wait_for_status("healthy");
    api.set(DEAD);
    vigil.log().wait_for(&["node api:node is dead"]);
    api.set(WELL);
    vigil.log().wait_for(&["node api:node is healthy (was dead"]);
    site.set(DEAD);
    let text = hook.request(0).text();
    assert!(text.contains("(site:node) is dead") && !text.contains("api:node"), "{text}");
}

#[test]
fn a_hook_that_is_gone_is_not_asked_again() {
    let (hook, api) = (Hook::start(WELL), target());
    let refusals = [400, 404, 410];
    hook.first(&refusals.map(Reply::Status));
    let keys = "group_wait = 0\ngroup_interval = 0.1";
    let vigil = Vigil::start(&config(&[telling(&hook, keys), watching("api", &api)].concat()));
    vigil.wait_for_status("healthy");
    for (number, (status, reply)) in refusals.into_iter().zip([DEAD, WELL, DEAD]).enumerate() {
        api.set(reply);
        hook.request(number);
        vigil.log().wait_for(&["ERROR", &format!("slack: given up: the hook answered HTTP {status}: notice of ")]);
    }
    api.set(WELL);
    assert!(hook.request(3).text().contains("healthy again"));
    assert_eq!(hook.requests().len(), 4, "no refused notice came again");
}

#[test]
fn a_hook_that_fails_is_asked_again_when_it_wants_it() {
    let (hook, api) = (Hook::start(WELL), target());
    hook.first(&[Reply::Status(500), Reply::Later(3), Reply::Close]);
    let vigil = Vigil::start(&config(&[telling(&hook, "group_wait = 0"), watching("api", &api)].concat()));
    vigil.wait_for_status("healthy");
    api.set(DEAD);
    hook.request(3);
    vigil.log().wait_for(&["WARN", "slack: not delivered yet, tried again in 1 s: the hook answered HTTP 500: "]);
    vigil.log().wait_for(&["slack: not delivered yet, tried again in 3 s: the hook answered HTTP 429: "]);
    vigil.log().wait_for(&["slack: not delivered yet, tried again in 4 s: connection closed while waiting for the "]);
    vigil.log().wait_for(&["INFO", "slack: delivered: notice of ", "(api:node) is dead since"]);
    let requests = hook.requests();
    for (pair, (least, most)) in requests.windows(2).zip([(1, 4), (3, 6), (4, 7)]) {
        let gap = pair[1].at - pair[0].at;
        assert!((Duration::from_secs(least)..Duration::from_secs(most)).contains(&gap), "{gap:?}");
        assert_eq!(pair[0].body, pair[1].body);
    }
    assert_eq!(requests.len(), 4);
}

#[test]
fn a_hanging_hook_delays_neither_mail_nor_page_nor_checks() {
    let (hook, api, site) = (Hook::start(Reply::Hang), target(), target());
    let server = Smtp::start(smtp::Plan::default());
    let parts = [
        telling(&hook, "group_interval = 1"),
        server.config("smtp_encrypt = false"),
        watching("api", &api),
        watching("site", &site),
    ];
    let vigil = Vigil::start(&config(&parts.concat()));
    vigil.wait_for_status("healthy");
    api.set(DEAD);
    vigil.log().wait_for(&["node api:node is dead"]);
    let judged = Instant::now();
    let late = server.mail(0).at.saturating_duration_since(judged);
    assert!(late <= Duration::from_secs(4), "mail came after {late:?}");
    hook.request(0);
    let asked = site.requests().len();
    for _ in 0..5 {
        let before = Instant::now();
        assert_eq!(vigil.get("/status/text").text(), "dead");
        assert!(before.elapsed() < Duration::from_secs(1), "the page took {:?}", before.elapsed());
    }
    assert!(wait_until(Duration::from_secs(5), || site.requests().len() >= asked + 3), "the targets are not asked");
    // The next notice reaches the other channel as well.
    api.set(WELL);
    assert!(server.mail(1).text().contains("healthy again"));
}

#[test]
fn the_hook_is_in_no_log_line_whatever_the_level() {
    for environment in [&[("RUST_LOG", "trace")][..], &[]] {
        let (hook, api) = (Hook::start(WELL), target());
        hook.first(&[Reply::Status(500), Reply::Close]);
        let config = config(&[telling(&hook, "group_wait = 0"), watching("api", &api)].concat());
        let config = config.replace("log_level = \"info\"", "log_level = \"debug\"");
        let vigil = Vigil::start_with(&config, environment);
        vigil.wait_for_status("healthy");
        api.set(DEAD);
        hook.request(2);
        vigil.log().wait_for(&["slack: delivered"]);
        let log = vigil.log().text();
        let leak = log.lines().find(|line| line.contains("s3cret") || line.contains("/services/"));
        assert_eq!(leak, None);
    }
}

#[test]
fn a_hook_where_nothing_listens_is_said_to_refuse_the_connection() {
    let api = target();
    let channel = "[notify]\ngroup_wait = 0\n[notify.slack]\nhook_url = \"http://127.0.0.1:1/services/T0\"\n";
    let vigil = Vigil::start(&config(&[channel, &watching("api", &api)].concat()));
    vigil.wait_for_status("healthy");
    api.set(DEAD);
    let line = vigil.log().wait_for(&["WARN", "slack: not delivered yet, tried again in 1 s: connection refused: "]);
    assert!(!line.contains("127.0.0.1:1/"), "{line}");
}
