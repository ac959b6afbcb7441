//! Nodes of the mode `script`, and nodes that win over `[metrics]`.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use crate::support::SOON;
use crate::support::Vigil;
use crate::support::config;
use crate::support::polled;
use crate::support::wait_until;

/// A service with a script node of that id.
fn scripted(id: &str, scripts: &[&str]) -> String {
    format!(
        "[[probe.service]]\nid = \"{id}\"\nlabel = \"Service {id}\"\n[[probe.service.node]]\nid = \"node\"\n\
         label = \"Node {id}\"\nmode = \"script\"\nscript_interval = 1\nscripts = {scripts:?}\n"
    )
}

#[test]
fn a_node_is_as_its_scripts_say_and_their_words_are_not_for_visitors() {
    let script = "read code < code || exit 0; echo \"disk of db-3.internal is full\"; exit $code";
    let vigil = Vigil::start(&config(&scripted("app", &["exit 0", script])));
    vigil.wait_for_status("healthy");
    vigil.wait_for_page("Checked by a script");
    for (code, status, cause) in
        [("1", "sick", "exit code 1"), ("2", "dead", "exit code 2"), ("7", "dead", "exit code 7")]
    {
        fs::write(vigil.folder().join("code"), format!("{code}\n")).unwrap();
        vigil.wait_for_page(cause);
        vigil.wait_for_status(status);
        for page in ["/", "/history", "/node/service-app/node-app"] {
            assert!(!vigil.get(page).text().contains("db-3.internal"), "{page}");
        }
    }
    vigil.log().wait_for(&["replica app:node:1 is sick", ": exit code 1: disk of db-3.internal is full"]);
    vigil.log().wait_for(&["node app:node is dead", ": exit code 2: disk of db-3.internal is full"]);
    fs::remove_file(vigil.folder().join("code")).unwrap();
    vigil.wait_for_status("healthy");
}

#[test]
fn scripts_that_hang_hold_up_neither_targets_nor_the_end_and_leave_nothing_behind() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("tcp://{}", target.local_addr().unwrap());
    let hang = "echo $$ >> running; sleep 1000 & sleep 1000";
    let keys = "poll_parallelism = 1\nscript_parallelism = 2\nscript_timeout = 60\nscript_interval = 60\n";
    let nodes = [polled("web", &[&url]), scripted("app", &[hang, hang, hang]).replace("script_interval = 1\n", "")];
    let mut vigil = Vigil::start(&config(&[keys, &nodes.concat()].concat()));
    let running = || fs::read_to_string(vigil.folder().join("running")).unwrap_or_default();
    assert!(wait_until(SOON, || running().lines().count() == 2));
    vigil.wait_for_status("healthy");
    drop(target);
    vigil.log().wait_for(&["node web:node is dead: connection refused"]);
    let groups = running();
    assert_eq!(groups.lines().count(), 2, "the third has to wait");
    let (code, took) = vigil.end();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(5), "the end took {took:?}");
    for group in groups.lines() {
        assert!(wait_until(SOON, || !is_there(group)), "{group}");
    }
    assert!(!vigil.log().text().contains("could not be checked"), "{}", vigil.log().text());
}

/// Whether a process of that group lives.
fn is_there(group: &str) -> bool {
    let lives = |stat: String| {
        let mut words = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ');
        words.next() != Some("Z") && words.nth(1) == Some(group)
    };
    let stat = |entry: fs::DirEntry| fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
    fs::read_dir("/proc").unwrap().filter_map(Result::ok).map(stat).any(lives)
}

#[test]
fn a_script_that_takes_too_long_is_dead_and_runs_again_in_its_turn() {
    let hang = "echo once more >> runs; echo looking; sleep 1000";
    let nodes = ["script_parallelism = 1\n", &scripted("app", &[hang, hang])].concat();
    let mut vigil = Vigil::start(&config(&nodes));
    vigil.log().wait_for(&["replica app:node:0 is dead", "killed after 1 s: looking"]);
    vigil.log().wait_for(&["scripts begin ", " late: `script_parallelism` = 1 is too low for 2 scripts"]);
    let runs = || fs::read_to_string(vigil.folder().join("runs")).unwrap_or_default().lines().count();
    assert!(wait_until(SOON, || runs() > 2));
    // One that is killed itself cannot kill its scripts.
    assert_eq!(vigil.end().0, Some(0));
}

#[test]
fn without_a_shell_nothing_is_known_and_the_log_says_why() {
    let vigil = Vigil::start_with(&config(&scripted("app", &["exit 0"])), &[("PATH", "/nowhere")]);
    vigil.log().wait_for(&["WARN", "scripts cannot be run: there is no `sh` on this host"]);
    vigil.log().wait_for(&["ERROR", "replica app:node:0 could not be checked", "there is no `sh` on this host"]);
    vigil.wait_for_page("Not checked yet");
}

#[test]
fn what_a_node_says_wins_over_the_metrics() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let with = |id, keys: &str| polled(id, &[&url]).replace("mode = ", &format!("{keys}\nmode = "));
    let not_found_is_healthy = "poll_http_status_healthy_above = 404\npoll_http_status_healthy_below = 405";
    let nodes = [
        with("deadline", "poll_delay_dead = 1"),
        with("retry", "poll_delay_dead = 1\npoll_retry = 2\npoll_retry_wait = 10"),
        with("interval", "poll_delay_dead = 2\npoll_interval = 3600"),
        with("status", &format!("{not_found_is_healthy}\npoll_interval = 3600")),
        with("slow", &format!("{not_found_is_healthy}\npoll_delay_sick = 1\npoll_interval = 3600")),
        polled("usual", &[&url]),
    ];
    let vigil = Vigil::start(&config(&["poll_delay_dead = 30\npoll_delay_sick = 29\n", &nodes.concat()].concat()));
    vigil.log().wait_for(&["replica deadline:node:", "is dead: timed out after 1 s"]);
    vigil.log().wait_for(&["replica retry:node:", "is dead: timed out after 1 s"]);
    vigil.log().wait_for(&["replica interval:node:", "is dead: timed out after 2 s"]);
    assert!(!vigil.log().text().contains("replica usual:node:"), "{}", vigil.log().text());
    // From now on everybody gets an answer, also those who have waited.
    thread::spawn(move || {
        for mut stream in silent.incoming().map_while(Result::ok) {
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        }
    });
    vigil.log().wait_for(&["replica status:node:", "is healthy"]);
    vigil.log().wait_for(&["replica usual:node:", "is dead: HTTP 404"]);
    vigil.log().wait_for(&["replica slow:node:", "is sick: slow, answered after "]);
}
