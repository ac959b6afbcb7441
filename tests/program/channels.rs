//! Several channels, several recipients, and who hears of what.

use std::thread;
use std::time::Duration;

use crate::hook::Hook;
use crate::hook::Reply;
use crate::hook::Request;
use crate::restart::outbox;
use crate::restart::wait_until_nothing_is_owed;
use crate::slack::target;
use crate::slack::watching;
use crate::smtp::Deed;
use crate::smtp::Fault;
use crate::smtp::Plan;
use crate::smtp::Smtp;
use crate::smtp::Stage;
use crate::support::SOON;
use crate::support::Vigil;
use crate::support::config;
use crate::support::wait_until;

const DEAD: Reply = Reply::Status(503);
const WELL: Reply = Reply::Status(200);

/// Two recipients, as they are written.
const BOTH: &str = "[\"ops@example.org\", \"The Boss <boss@example.org>\"]";

/// One of several Slack channels.
fn slack(name: &str, hook: &Hook) -> String {
    format!("[[notify.slack]]\nname = \"{name}\"\nhook_url = \"{}\"\n", hook.url(&format!("/{name}")))
}

/// The service of that id, which watches that target and names the channels that hear of it.
fn routed(id: &str, target: &Hook, channels: &str) -> String {
    watching(id, target).replacen("[[probe.service.node]]", &format!("notify = {channels}\n[[probe.service.node]]"), 1)
}

fn always(at: Stage, answer: &'static str) -> Fault {
    Fault { at, deed: Deed::Answer(answer), always: true }
}

fn once(at: Stage, answer: &'static str) -> Fault {
    Fault { at, deed: Deed::Answer(answer), always: false }
}

/// The texts that the hook got, in order.
fn told(hook: &Hook) -> Vec<String> {
    hook.requests().iter().map(Request::text).collect()
}

#[test]
fn two_channels_of_a_kind_hear_of_their_own_nodes_and_of_what_is_not_routed() {
    let (team, boss) = (Hook::start(WELL), Hook::start(WELL));
    let (api, shop, site, mute) = (target(), target(), target(), target());
    let parts = [
        "[notify]\ngroup_wait = 0\ngroup_interval = 0.1\n".to_owned(),
        slack("team", &team),
        slack("boss", &boss),
        routed("api", &api, "[\"team\"]"),
        routed("shop", &shop, "[\"team\", \"boss\"]"),
        routed("mute", &mute, "[]"),
        watching("site", &site),
    ];
    let vigil = Vigil::start(&config(&parts.concat()));
    vigil.wait_for_status("healthy");
    let mut heard = [0, 0];
    let mut flip = |id: &str, target: &Hook, reply: Reply, wanted: [Option<&str>; 2]| {
        target.set(reply);
        vigil.log().wait_for(&[&format!(
            "node {id}:node is {}",
            if matches!(reply, Reply::Status(503)) { "dead" } else { "healthy (was dead" }
        )]);
        for (at, (hook, wanted)) in [&team, &boss].into_iter().zip(wanted).enumerate() {
            let Some(wanted) = wanted else { continue };
            let text = hook.request(heard[at]).text();
            heard[at] += 1;
            assert!(text.starts_with(wanted) && text.contains(&format!("({id}:node) is ")), "{id}: {text}");
            assert_eq!(text.matches(":node) is ").count(), 1, "{text}");
        }
    };
    flip("mute", &mute, DEAD, [None, None]);
    flip("api", &api, DEAD, [Some("Status changed to: *dead*. Nodes: *api:node:"), None]);
    // For the boss this is the first outage.
    flip(
        "shop",
        &shop,
        DEAD,
        [Some("Status is still: *dead*. Nodes: *api:node:"), Some("Status changed to: *dead*. Nodes: *shop:node:")],
    );
    flip("site", &site, DEAD, [Some("Status is still: *dead*."), Some("Status is still: *dead*.")]);
    flip("site", &site, WELL, [Some("Status is still: *dead*."), Some("Status is still: *dead*.")]);
    // For the boss all is well, for the team it is not.
    flip(
        "shop",
        &shop,
        WELL,
        [Some("Status is still: *dead*. Nodes: *api:node:"), Some("Status changed to: *healthy*.")],
    );
    flip("api", &api, WELL, [Some("Status changed to: *healthy*."), None]);
    assert_eq!((told(&team).len(), told(&boss).len()), (6, 4), "{}", vigil.log().text());
    assert!(!format!("{:?}{:?}", told(&team), told(&boss)).contains("mute"));
    vigil.log().wait_for(&["boss: delivered: notice of ", "(shop:node) is healthy again"]);
    wait_until_nothing_is_owed(vigil.folder());
}

#[test]
fn a_recipient_that_is_refused_for_now_is_tried_again_alone() {
    let (server, hook, api) = (Smtp::start(Plan::default()), Hook::start(WELL), target());
    server.fail(once(Stage::RcptOf("boss@"), "451 4.2.1 mailbox busy"));
    let parts = [
        "[notify]\ngroup_wait = 0\ngroup_interval = 0.1\n".to_owned(),
        server.config_to(BOTH, "smtp_encrypt = false"),
        slack("slack", &hook),
        watching("api", &api),
    ];
    let vigil = Vigil::start(&config(&parts.concat()));
    vigil.wait_for_status("healthy");
    api.set(DEAD);
    vigil.log().wait_for(&[
        "WARN",
        "email boss@example.org: not delivered yet, tried again in 1 s: the server refused with 451 while waiting for the \
         answer to RCPT TO: 4.2.1 mailbox busy: notice of ",
    ]);
    vigil.log().wait_for(&["email ops@example.org: delivered: notice of "]);
    vigil.log().wait_for(&["email boss@example.org: delivered: notice of "]);
    let mails = [server.mail(0), server.mail(1)];
    let to = mails.each_ref().map(|mail| mail.to.clone());
    assert_eq!(to, ["RCPT TO:<ops@example.org>", "RCPT TO:<boss@example.org>"]);
    assert_eq!(mails[1].header("To").as_deref(), Some("\"The Boss\" <boss@example.org>"));
    assert_ne!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    assert_eq!((server.mails().len(), server.connections(), hook.requests().len()), (2, 3, 1));
    wait_until_nothing_is_owed(vigil.folder());
}

#[test]
fn a_recipient_that_is_refused_for_good_is_given_up_alone_and_health_says_so_without_names() {
    let (server, api) = (Smtp::start(Plan::default()), target());
    server.fail(always(Stage::RcptOf("boss@"), "451 4.2.1 mailbox busy"));
    let parts = [
        "[notify]\ngroup_wait = 0\ngroup_interval = 0.1\n".to_owned(),
        server.config_to(BOTH, "smtp_encrypt = false"),
        watching("api", &api),
    ];
    let vigil = Vigil::start(&config(&parts.concat()));
    vigil.wait_for_status("healthy");
    api.set(DEAD);
    vigil.log().wait_for(&["email boss@example.org: not delivered yet"]);
    server.mail(0);
    let check = || {
        let health: serde_json::Value = serde_json::from_slice(&vigil.get("/health").body).unwrap();
        health["checks"]["notify:email"].clone()
    };
    let of = |number: &str, status: &str, owed: u8| {
        serde_json::json!({
            "componentId": number, "status": status, "observedValue": owed, "observedUnit": "notices owed"
        })
    };
    let wanted = serde_json::json!([of("1", "pass", 0), of("2", "warn", 1)]);
    assert!(wait_until(SOON, || check() == wanted), "{}", check());
    let health = vigil.get("/health").text();
    assert!(health.contains("the channel email fails for 1 of 2 targets; the log says why"), "{health}");
    assert!(!health.contains("example.org"), "{health}");
    let listed = || outbox(vigil.folder());
    assert!(wait_until(SOON, || listed().contains("451")), "{}", listed());
    assert!(listed().starts_with("email boss@example.org: notice of ") && listed().ends_with("1 delivery is owed\n"));
    // From now on it is refused for good.
    server.fail_first(once(Stage::RcptOf("boss@"), "550 5.1.1 no such user"));
    vigil.log().wait_for(&["ERROR", "email boss@example.org: given up: the server refused with 550"]);
    assert_eq!(server.mails().len(), 1);
    wait_until_nothing_is_owed(vigil.folder());
}

#[test]
fn what_a_version_before_owed_to_its_one_recipient_is_delivered() {
    let (server, hook, api) = (Smtp::start(Plan::default()), Hook::start(Reply::Status(500)), target());
    server.fail(always(Stage::RcptTo, "451 4.2.1 mailbox busy"));
    let text = |to: &str| {
        let parts = [
            "[notify]\ngroup_wait = 0\n".to_owned(),
            server.config_to(to, "smtp_encrypt = false"),
            slack("slack", &hook),
            watching("api", &api),
        ];
        config(&parts.concat())
    };
    let vigil = Vigil::start(&text("\"ops@example.org\""));
    vigil.wait_for_status("healthy");
    api.set(DEAD);
    vigil.log().wait_for(&["email: not delivered yet"]);
    vigil.log().wait_for(&["slack: not delivered yet"]);
    let folder = vigil.kill();
    // As that version wrote it: the channel alone, and no kind of notice.
    let database = rusqlite::Connection::open(folder.path().join("vigil.db")).unwrap();
    let changed = database.execute("UPDATE owed SET channel = 'email' WHERE channel LIKE 'email %'", []).unwrap();
    let sql = r#"UPDATE notices SET body = replace(body, '"kind":"change"', '"test":false')"#;
    assert_eq!((changed, database.execute(sql, []).unwrap()), (1, 1));
    drop(database);
    server.forget();
    hook.set(WELL);
    let vigil = Vigil::start_again(folder, &text(BOTH));
    vigil.log().wait_for(&["email ops@example.org: delivered: notice of ", "(api:node) is dead since"]);
    vigil.log().wait_for(&["slack: delivered: notice of "]);
    assert_eq!(server.mail(0).to, "RCPT TO:<ops@example.org>");
    wait_until_nothing_is_owed(vigil.folder());
    assert_eq!(server.mails().len(), 1, "nobody else was owed it");
}

#[test]
fn a_reload_that_adds_and_removes_recipients_and_channels_leaves_the_others_their_queues() {
    let (server, hook, api) = (Smtp::start(Plan::default()), Hook::start(WELL), target());
    server.fail(always(Stage::RcptOf("boss@"), "451 4.2.1 mailbox busy"));
    let text = |to: &str, more: &str| {
        let notify = "[notify]\ngroup_wait = 0\ngroup_interval = 0.1\n";
        config(&[notify, &server.config_to(to, "smtp_encrypt = false"), more, &watching("api", &api)].concat())
    };
    let vigil = Vigil::start(&text(BOTH, ""));
    vigil.wait_for_status("healthy");
    api.set(DEAD);
    vigil.log().wait_for(&["email boss@example.org: not delivered yet"]);
    server.mail(0);
    server.forget();
    let new = slack("team", &hook);
    let said = vigil.reload(&text("[\"boss@example.org\", \"else@example.org\"]", &new));
    assert!(said.contains("reloaded"), "{said}");
    // What was owed is tried at once, as what it was owed to, and the new ones owe nothing.
    assert_eq!(server.mail(0).to, "RCPT TO:<boss@example.org>");
    wait_until_nothing_is_owed(vigil.folder());
    api.set(WELL);
    assert!(hook.request(0).text().contains("(api:node) is healthy again"));
    server.mail(2);
    let mut to: Vec<String> = server.mails().into_iter().skip(1).map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["RCPT TO:<boss@example.org>", "RCPT TO:<else@example.org>"]);
    assert_eq!(hook.requests().len(), 1);
}

#[test]
fn a_channel_of_reminders_is_told_of_no_change() {
    let (hook, quiet, api) = (Hook::start(WELL), Hook::start(WELL), target());
    let parts = [
        "[notify]\ngroup_wait = 0\n".to_owned(),
        slack("all", &hook),
        slack("reminders", &quiet) + "reminders_only = true\n",
        watching("api", &api),
    ];
    let vigil = Vigil::start(&config(&parts.concat()));
    vigil.wait_for_status("healthy");
    api.set(DEAD);
    hook.request(0);
    vigil.log().wait_for(&["all: delivered: notice of "]);
    thread::sleep(Duration::from_millis(200));
    assert_eq!(quiet.requests().len(), 0);
}
