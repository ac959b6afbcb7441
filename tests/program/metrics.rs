//! `/metrics`: the figures of a program that works, as Prometheus reads them.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::exposition::Families;
use crate::exposition::parse;
use crate::exposition::value;
use crate::hook::Hook;
use crate::hook::Reply;
use crate::slack::target;
use crate::slack::telling;
use crate::slack::watching;
use crate::support::SOON;
use crate::support::Vigil;
use crate::support::config;
use crate::support::polled;
use crate::support::wait_until;
use crate::target::Target;
use crate::target::status;

const PUSH: &str = "[[probe.service]]\nid = \"app\"\nlabel = \"App\"\n[[probe.service.node]]\nid = \"push\"\n\
                    label = \"Push node\"\nmode = \"push\"\n";

/// What it says at this moment, which is read strictly.
fn figures(vigil: &Vigil) -> Families {
    let answer = vigil.get("/metrics");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    parse(&answer.text()).unwrap_or_else(|why| panic!("{why}\n{}", answer.text()))
}

/// One figure, as a whole number.
#[track_caller]
fn figure(vigil: &Vigil, name: &str, labels: &[(&str, &str)]) -> i64 {
    let found = value(&figures(vigil), name, labels);
    assert!(found.fract() == 0.0 && found.abs() < 1e15, "{name} {labels:?} is {found}");
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
    let whole = found as i64;
    whole
}

/// Waits until a figure is so.
#[track_caller]
fn wait_for(vigil: &Vigil, name: &str, labels: &[(&str, &str)], wanted: impl Fn(i64) -> bool) {
    let is_so = wait_until(SOON, || wanted(figure(vigil, name, labels)));
    assert!(is_so, "{name} {labels:?} is {}; log:\n{}", figure(vigil, name, labels), vigil.log().text());
}

#[test]
fn what_vigil_does_is_counted_and_no_name_that_is_not_public_is_told() {
    let parts = [
        telling(&Hook::start(Reply::Status(200)), ""),
        polled("inner", &["tcp://127.0.0.1:1"]),
        "[[probe.service]]\nid = \"batch\"\nlabel = \"B\"\n[[probe.service.node]]\nid = \"job\"\nlabel = \"J\"\n\
         mode = \"script\"\nscript_interval = 1\nscripts = [\"exit 0\"]\n"
            .to_owned(),
        PUSH.to_owned(),
    ];
    let vigil = Vigil::start(&config(&parts.concat()));
    for kind in ["poll", "script"] {
        wait_for(&vigil, "vigil_checks_total", &[("kind", kind)], |checks| checks >= 2);
        assert!(figure(&vigil, "vigil_check_start_delay_seconds_count", &[("kind", kind)]) >= 2);
        assert!(figure(&vigil, "vigil_check_threads", &[("kind", kind)]) >= 1);
    }
    assert_eq!(figure(&vigil, "vigil_checks_total", &[("kind", "queue")]), 0);
    assert_eq!(figure(&vigil, "vigil_check_threads_resolving", &[("kind", "poll")]), 0);
    assert_eq!(figure(&vigil, "vigil_build_info", &[("version", env!("CARGO_PKG_VERSION"))]), 1);
    let report = r#"{ "replica": "web-7.internal", "interval": 600, "load": { "cpu": 0.1, "ram": 0.1 } }"#;
    for (path, body, status, taken) in [
        ("/reporter/app/push", report, 200, 1),
        ("/reporter/app/none", report, 404, 1),
        ("/reporter/app/push", "{}", 400, 1),
        ("/reporter/app/push", report, 200, 2),
    ] {
        assert_eq!(vigil.report(path, body).status, status);
        assert_eq!(figure(&vigil, "vigil_reports_total", &[]), taken, "{path} {body}");
    }
    let text = vigil.get("/metrics").text();
    for name in ["127.0.0.1", "web-7", "inner", "push", "job", "Push node", "s3cret"] {
        assert!(!text.contains(name), "it names `{name}`:\n{text}");
    }
    accepted_by_promtool(&text);
}

#[test]
fn checks_that_begin_late_are_seen_in_the_histogram() {
    let slow = Target::new(Box::new(|stream, asked| {
        thread::sleep(Duration::from_millis(600));
        status(200)(stream, asked);
    }));
    let urls: Vec<String> = (0..4).map(|at| format!("http://{}/{at}", slow.address)).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let vigil = Vigil::start(&config(&format!("poll_parallelism = 1\n{}", polled("app", &urls))));
    let poll = ("kind", "poll");
    assert_eq!(figure(&vigil, "vigil_check_threads_max", &[poll]), 1);
    wait_for(&vigil, "vigil_checks_waiting", &[poll], |waiting| waiting >= 1);
    // The third of those that are due at once begins after 1.2 s.
    let late = || {
        let all = figures(&vigil);
        let bucket = |bound| value(&all, "vigil_check_start_delay_seconds_bucket", &[poll, ("le", bound)]);
        bucket("+Inf") - bucket("1")
    };
    assert!(wait_until(SOON, || late() >= 2.0), "{}", late());
    assert!(value(&figures(&vigil), "vigil_check_start_delay_seconds_sum", &[poll]) > 2.0);
}

#[test]
fn a_channel_that_fails_and_what_it_owes_is_told_by_its_name() {
    let (hook, api) = (Hook::start(Reply::Status(500)), target());
    let vigil = Vigil::start(&config(&[telling(&hook, "group_wait = 0"), watching("api", &api)].concat()));
    let slack = ("channel", "slack");
    let of = |name| figure(&vigil, name, &[slack]);
    vigil.wait_for_status("healthy");
    let names = ["vigil_channel_targets", "vigil_channel_targets_failing", "vigil_notices_owed"];
    assert_eq!(names.map(of), [1, 0, 0]);
    api.set(Reply::Status(503));
    wait_for(&vigil, "vigil_channel_targets_failing", &[slack], |failing| failing == 1);
    assert_eq!(names.map(of), [1, 1, 1]);
    hook.set(Reply::Status(200));
    wait_for(&vigil, "vigil_notices_owed", &[slack], |owed| owed == 0);
    assert_eq!(names.map(of), [1, 0, 0]);
}

#[test]
fn a_reload_that_is_refused_is_seen() {
    let vigil = Vigil::start(&config(PUSH));
    let state = || {
        let time = figure(&vigil, "vigil_config_last_reload_success_timestamp_seconds", &[]);
        (figure(&vigil, "vigil_config_last_reload_successful", &[]), time)
    };
    let (taken, at) = state();
    assert!(taken == 1 && (jiff::Timestamp::now().as_second() - at).abs() < 60, "{taken} {at}");
    // Another second, so that the times differ.
    assert!(wait_until(SOON, || jiff::Timestamp::now().as_second() > at));
    assert!(vigil.reload("[server").contains("reload refused"));
    assert_eq!(state(), (0, at));
    assert!(vigil.reload(&config(PUSH)).contains(" reloaded "));
    let (taken, after) = state();
    assert!(taken == 1 && after > at, "{taken} {after}");
}

#[test]
fn every_figure_is_documented_and_no_other() {
    let vigil = Vigil::start(&config(PUSH));
    let served: BTreeSet<String> = figures(&vigil).into_keys().collect();
    let text = fs::read_to_string("docs/API.md").unwrap();
    let (_, section) = text.split_once("\n## Metrics\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `vigil_")?.split(['`', '{']).next());
    let documented: BTreeSet<String> = rows.map(|name| format!("vigil_{name}")).collect();
    assert_eq!(documented, served, "left: docs/API.md; right: /metrics");
}

/// Has Prometheus's own tool look at a text, where it is installed.
fn accepted_by_promtool(text: &str) {
    let tool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut tool) = tool else { return };
    tool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let said = tool.wait_with_output().unwrap();
    let words = [said.stdout, said.stderr].concat();
    assert!(said.status.success(), "{}\n{text}", String::from_utf8_lossy(&words));
}
