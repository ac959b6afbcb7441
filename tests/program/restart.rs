//! What survives the end of the program, however it came: statuses, incidents, what people were told, what they are owed.

use std::path::Path;
use std::time::Duration;

use crate::hook::Hook;
use crate::hook::Reply;
use crate::slack::target;
use crate::slack::telling;
use crate::slack::watching;
use crate::support::SOON;
use crate::support::Vigil;
use crate::support::command;
use crate::support::config;
use crate::support::wait_until;

const DEAD: Reply = Reply::Status(503);
const WELL: Reply = Reply::Status(200);

/// What `vigil outbox` says of the configuration in that folder.
pub(crate) fn outbox(folder: &Path) -> String {
    let said = command().arg("-c").arg(folder.join("vigil.cfg")).arg("outbox").current_dir(folder).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8(said.stdout).unwrap()
}

/// Waits until nothing is owed: what was delivered is struck off a moment after.
pub(crate) fn wait_until_nothing_is_owed(folder: &Path) {
    assert!(wait_until(SOON, || outbox(folder) == "nothing is owed\n"), "{}", outbox(folder));
}

#[test]
fn what_was_told_before_a_crash_is_not_told_again_and_what_changed_meanwhile_is() {
    let (hook, api, site) = (Hook::start(WELL), target(), target());
    let text = config(&[telling(&hook, "group_wait = 0"), watching("api", &api), watching("site", &site)].concat());
    let vigil = Vigil::start(&text);
    vigil.wait_for_status("healthy");
    api.set(DEAD);
    assert!(hook.request(0).text().contains("(api:node) is dead since"));
    wait_until_nothing_is_owed(vigil.folder());
    let folder = vigil.kill();
    let vigil = Vigil::start_again(folder, &text);
    assert_eq!(vigil.get("/status/text").text(), "dead", "before anything was asked");
    vigil.wait_for_page("HTTP 503");
    let asked = site.requests().len();
    site.request(asked + 1);
    assert_eq!(hook.requests().len(), 1, "{}", vigil.log().text());
    let folder = vigil.kill();
    api.set(WELL);
    site.set(DEAD);
    let vigil = Vigil::start_again(folder, &text);
    vigil.log().wait_for(&["node api:node is healthy (was dead for "]);
    let told = || -> String { hook.requests().iter().skip(1).map(|request| request.text() + "\n").collect() };
    for news in ["(api:node) is healthy again, it was dead for ", "(site:node) is dead since "] {
        assert!(wait_until(SOON, || told().contains(news)), "no `{news}` in: {}\n{}", told(), vigil.log().text());
    }
}

#[test]
fn what_is_owed_is_listed_and_delivered_after_the_next_start() {
    let (hook, api) = (Hook::start(Reply::Status(500)), target());
    let text = config(&[telling(&hook, "group_wait = 0"), watching("api", &api)].concat());
    let mut vigil = Vigil::start(&text);
    vigil.wait_for_status("healthy");
    assert_eq!(outbox(vigil.folder()), "nothing is owed\n");
    api.set(DEAD);
    vigil.log().wait_for(&["slack: not delivered yet"]);
    let listed = || outbox(vigil.folder());
    assert!(wait_until(SOON, || listed().contains("the hook answered HTTP 500")), "{}", listed());
    let said = listed();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("slack: notice of ") && lines[0].contains("(api:node) is dead since "), "{said}");
    assert!(lines[1].starts_with("    tried ") && lines[1].ends_with(": the hook answered HTTP 500"), "{said}");
    assert_eq!(lines[2..], ["1 delivery is owed"]);
    vigil.end();
    vigil.log().wait_for(&["slack: kept for the next start: notice of "]);
    let folder = vigil.kill();
    let tries = hook.requests().len();
    hook.set(WELL);
    let vigil = Vigil::start_again(folder, &text);
    assert!(hook.request(tries).text().contains("(api:node) is dead since "));
    wait_until_nothing_is_owed(vigil.folder());
    assert_eq!(hook.requests().len(), tries + 1, "once: {}", vigil.log().text());
}

#[test]
fn a_replica_that_reports_is_remembered_and_has_an_interval_of_grace() {
    let push = "push_delay_dead = 2\n[[probe.service]]\nid = \"app\"\nlabel = \"App\"\n[[probe.service.node]]\n\
                id = \"push\"\nlabel = \"Push\"\nmode = \"push\"\n";
    let vigil = Vigil::start(&config(push));
    let body = r#"{"replica": "worker", "interval": 4, "load": {"cpu": 0.1, "ram": 0.1}}"#;
    assert_eq!(vigil.report("/reporter/app/push", body).status, 200);
    vigil.wait_for_status("healthy");
    // It is down for longer than the replica may be silent.
    std::thread::sleep(Duration::from_millis(1_200));
    let folder = vigil.kill();
    std::thread::sleep(Duration::from_millis(5_500));
    let vigil = Vigil::start_again(folder, &config(push));
    assert_eq!(vigil.get("/status/text").text(), "healthy");
    vigil.wait_for_page("Healthy");
    vigil.log().wait_for(&["replica app:push:worker is dead: no report within 6 s (was healthy for "]);
}

#[test]
fn a_node_that_left_the_configuration_meanwhile_is_gone_and_finds_its_past_again() {
    let (api, site) = (target(), target());
    let (both, one) =
        (config(&[watching("api", &api), watching("site", &site)].concat()), config(&watching("api", &api)));
    site.set(DEAD);
    let vigil = Vigil::start(&both);
    vigil.wait_for_status("dead");
    std::thread::sleep(Duration::from_millis(1_200));
    let vigil = Vigil::start_again(vigil.kill(), &one);
    assert_eq!(vigil.get("/status/text").text(), "healthy");
    vigil.log().wait_for(&["node site:node is not known any more (was dead for "]);
    std::thread::sleep(Duration::from_millis(1_200));
    let vigil = Vigil::start_again(vigil.kill(), &both);
    vigil.log().wait_for(&["node site:node is dead: HTTP 503"]);
    let database = rusqlite::Connection::open(vigil.folder().join("vigil.db")).unwrap();
    let count = || -> u32 {
        let sql = "SELECT count(*) FROM transitions WHERE subject_id = (SELECT id FROM subjects WHERE service = 'site' \
                   AND node = 'node' AND replica = '')";
        database.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert!(wait_until(SOON, || count() == 3), "dead, gone, dead: {}", count());
}

#[test]
fn a_replica_that_died_of_silence_is_dead_after_every_start_until_it_reports() {
    let push = "push_delay_dead = 1\n[[probe.service]]\nid = \"app\"\nlabel = \"App\"\n[[probe.service.node]]\n\
                id = \"push\"\nlabel = \"Push\"\nmode = \"push\"\n";
    let report = |vigil: &Vigil| {
        let body = r#"{"replica": "worker", "interval": 1, "load": {"cpu": 0.1, "ram": 0.1}}"#;
        assert_eq!(vigil.report("/reporter/app/push", body).status, 200);
    };
    let mut vigil = Vigil::start(&config(push));
    report(&vigil);
    vigil.end();
    let mut vigil = Vigil::start_again(vigil.kill(), &config(push));
    vigil.log().wait_for(&["replica app:push:worker is dead: no report within 2 s"]);
    vigil.end();
    let vigil = Vigil::start_again(vigil.kill(), &config(push));
    assert_eq!(vigil.get("/status/text").text(), "dead", "{}", vigil.log().text());
    report(&vigil);
    vigil.wait_for_status("healthy");
}

#[test]
fn a_channel_that_comes_back_delivers_what_it_owed() {
    let (hook, api) = (Hook::start(Reply::Status(500)), target());
    let with = config(&[telling(&hook, "group_wait = 0"), watching("api", &api)].concat());
    let without = config(&watching("api", &api));
    let vigil = Vigil::start(&with);
    vigil.wait_for_status("healthy");
    api.set(DEAD);
    vigil.log().wait_for(&["slack: not delivered yet"]);
    vigil.reload(&without);
    vigil.log().wait_for(&[
        "slack: taken out of the configuration, and gets this only if it is back within a day: notice of ",
    ]);
    hook.set(WELL);
    let tries = hook.requests().len();
    vigil.reload(&with);
    assert!(hook.request(tries).text().contains("(api:node) is dead since "));
    wait_until_nothing_is_owed(vigil.folder());
}

#[test]
fn a_clean_end_leaves_all_in_one_file() {
    let api = target();
    let text = config(&watching("api", &api));
    let mut vigil = Vigil::start(&text);
    // `/status/text` says healthy before anything was checked.
    vigil.log().wait_for(&["page is healthy"]);
    assert_eq!(vigil.end().0, Some(0));
    let files = std::fs::read_dir(vigil.folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = files.map(|name| name.into_string().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["vigil.cfg", "vigil.db"]);
    let database = rusqlite::Connection::open(vigil.folder().join("vigil.db")).unwrap();
    let count: u32 = database.query_row("SELECT count(*) FROM transitions", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 4, "replica, node, service, page");
}

#[test]
fn a_database_of_a_later_program_is_refused_and_not_touched() {
    let text = config("");
    let mut vigil = Vigil::start(&text);
    vigil.end();
    let folder = vigil.kill();
    let file = folder.path().join("vigil.db");
    let database = rusqlite::Connection::open(&file).unwrap();
    let known: i64 = database.query_row("SELECT max(version) FROM schema", [], |row| row.get(0)).unwrap();
    database.execute("INSERT INTO schema (version, applied_ms) VALUES (99, 0)", []).unwrap();
    drop(database);
    let before = std::fs::read(&file).unwrap();
    let ended = command().arg("-c").arg(folder.path().join("vigil.cfg")).current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(2), "{said}");
    let wanted = format!("was written by a later Vigil (schema 99, this one knows {known})");
    assert!(said.contains(&wanted), "{said}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}
