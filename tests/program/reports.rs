//! Reports of applications and of the vigil-local daemon: what is taken, what is refused and how, and what comes of
//! silence.

use std::thread;
use std::time::Duration;
use std::time::Instant;

use crate::support::Answer;
use crate::support::Vigil;
use crate::support::config;
use crate::support::wait_until;

/// `:s3cret`
const TOKEN: (&str, &str) = ("Authorization", "Basic OnMzY3JldA==");
const JSON: (&str, &str) = ("Content-Type", "application/json");
const LOAD: &str = r#"{"replica":"r","interval":30,"load":{"cpu":0.1,"ram":0.2}}"#;
const HEALTH: &str = r#"{"replica":"r","interval":30,"health":"healthy"}"#;

/// Nodes by their ids, each with its mode.
fn nodes(nodes: &[(&str, &str)]) -> String {
    let node = |(id, mode): &(&str, &str)| {
        let replicas = if *mode == "poll" { "replicas = [\"tcp://127.0.0.1:1\"]\n" } else { "" };
        format!(
            "[[probe.service.node]]\nid = {id:?}\nlabel = \"Label\"\nmode = \"{mode}\"\nreveal_replica_name = true\n{replicas}"
        )
    };
    nodes.iter().map(node).collect()
}

fn start(metrics: &str) -> Vigil {
    let service = |id: &str| format!("[[probe.service]]\nid = {id:?}\nlabel = \"Service\"\n");
    let plain = nodes(&[("push", "push"), ("local", "local"), ("poll", "poll")]);
    let odd = nodes(&[("a/b", "push"), ("é", "push"), ("a b", "push"), ("a+b", "push"), ("100%", "push")]);
    let body = format!("{metrics}\n{}{plain}{}{odd}", service("app"), service("x:y"));
    Vigil::start(&config(&body).replace("[server]\n", "[server]\nreporter_replicas_max = 3\n"))
}

fn post(vigil: &Vigil, path: &str, body: &str) -> Answer {
    vigil.request("POST", path, &[TOKEN, JSON], body.as_bytes())
}

/// The bare answer of an accepted report or a refusal: no body, and a length that says so.
fn check_empty(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(answer.header("content-length"), Some("0"), "{what}");
    assert!(answer.body.is_empty(), "{what}");
}

#[test]
fn credentials_are_any_user_with_the_token_as_password() {
    let vigil = start("");
    for (credentials, status) in [
        (Some("Basic OnMzY3JldA=="), 200),
        (Some("Basic YW55Ym9keTpzM2NyZXQ="), 200),
        (Some("Basic QXV0aG9yaXphdGlvbjpzM2NyZXQ="), 200),
        (Some("Basic OndyB25n"), 403),
        (Some("Basic OnMzY3JldDo="), 403),
        (Some("Basic Og=="), 403),
        (None, 401),
        (Some("Bearer s3cret"), 401),
        (Some("Basic"), 401),
        (Some("Basic %%%"), 401),
        (Some("Basic czNjcmV0"), 401),
        (Some("basic OnMzY3JldA=="), 401),
    ] {
        let mut headers = vec![JSON];
        headers.extend(credentials.map(|value| ("Authorization", value)));
        for (method, path) in [("POST", "/reporter/app/push"), ("DELETE", "/reporter/app/push/r")] {
            let answer = vigil.request(method, path, &headers, if method == "POST" { LOAD.as_bytes() } else { b"" });
            check_empty(&answer, status, &format!("{method} with {credentials:?}"));
            let realm = (status != 200).then_some("Basic realm=\"Reporter Token\"");
            assert_eq!(answer.header("www-authenticate"), realm, "{credentials:?}");
        }
    }
}

#[test]
fn refusals_come_in_order() {
    let vigil = start("");
    let wrong = ("Authorization", "Basic OndyB25n");
    for (headers, path, body, status) in [
        // The token comes before the body, and before what the path names.
        (&[][..], "/reporter/no/where", "", 401),
        (&[wrong], "/reporter/no/where", "{", 403),
        // The body comes before the node.
        (&[TOKEN], "/reporter/no/where", LOAD, 400),
        (&[TOKEN, JSON], "/reporter/no/where", "{", 400),
        (&[TOKEN, JSON], "/reporter/no/where", LOAD, 404),
        (&[TOKEN, JSON], "/reporter/app/where", LOAD, 404),
        (&[TOKEN, JSON], "/reporter/no/push", LOAD, 404),
        (&[TOKEN, JSON], "/reporter/app/poll", LOAD, 412),
    ] {
        let answer = vigil.request("POST", path, headers, body.as_bytes());
        assert_eq!(answer.status, status, "{headers:?} {path} {body}: {}", answer.text());
        if status != 400 {
            check_empty(&answer, status, path);
        }
    }
    let huge = format!(
        "POST /reporter/app/push HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n{}",
        "x".repeat(70_000)
    );
    assert_eq!(vigil.raw(huge.as_bytes()).map(|answer| answer.status), Some(401));
}

#[test]
fn a_body_is_a_report_or_is_refused_with_what_is_wrong() {
    let vigil = start("");
    let name =
        |length: usize| format!(r#"{{"replica":"{}","interval":1,"load":{{"cpu":0,"ram":0}}}}"#, "r".repeat(length));
    let load = |cpu: &str, ram: &str| format!(r#"{{"replica":"r","interval":1,"load":{{"cpu":{cpu},"ram":{ram}}}}}"#);
    let interval = |interval: &str| format!(r#"{{"replica":"r","interval":{interval},"load":{{"cpu":0,"ram":0}}}}"#);
    for (node, body, status, why) in [
        ("push", LOAD.to_owned(), 200, ""),
        ("push", format!("{LOAD}\n"), 200, ""),
        ("push", format!(" \t\r\n{LOAD} "), 200, ""),
        (
            "push",
            r#"{"replica":"r","interval":1,"load":{"cpu":0,"ram":0},"health":null,"more":[{}]}"#.to_owned(),
            200,
            "",
        ),
        ("push", r#"{"replica":"r","interval":1,"load":{"cpu":0,"ram":0},"health":"dead"}"#.to_owned(), 200, ""),
        ("local", HEALTH.to_owned(), 200, ""),
        ("local", r#"{"replica":"r","interval":1,"load":null,"health":"sick"}"#.to_owned(), 200, ""),
        ("local", LOAD.to_owned(), 412, ""),
        ("local", r#"{"replica":"r","interval":1,"load":{"cpu":0,"ram":0},"health":"dead"}"#.to_owned(), 412, ""),
        ("push", HEALTH.to_owned(), 412, ""),
        ("poll", HEALTH.to_owned(), 412, ""),
        ("poll", LOAD.to_owned(), 412, ""),
        ("push", interval("30.0"), 200, ""),
        ("push", interval("0.5"), 200, ""),
        ("push", interval("604800"), 200, ""),
        ("push", interval("604800.1"), 400, "`interval` is out of range"),
        ("push", interval("0"), 400, "`interval` is out of range"),
        ("push", interval("-1"), 400, "`interval` is out of range"),
        ("push", interval("1e-300"), 200, ""),
        ("push", interval("1e400"), 400, "number out of range"),
        ("push", interval("\"30\""), 400, "expected f64"),
        ("push", interval("null"), 400, "expected f64"),
        ("push", load("1.5", "7"), 200, ""),
        ("push", load("-0.1", "0"), 400, "`load` is out of range"),
        ("push", load("0", "-1"), 400, "`load` is out of range"),
        ("push", load("1e999", "0"), 400, "number out of range"),
        ("push", load("NaN", "0"), 400, "Json deserialize error"),
        ("push", load("null", "0"), 400, "Json deserialize error"),
        ("push", r#"{"replica":"r","interval":1,"load":{"cpu":0}}"#.to_owned(), 400, "missing field `ram`"),
        ("push", r#"{"replica":"r","interval":1}"#.to_owned(), 400, "neither `load` nor `health`"),
        ("local", r#"{"replica":"r","interval":1,"health":"fine"}"#.to_owned(), 400, "unknown variant"),
        ("local", r#"{"replica":"r","interval":1,"health":"Healthy"}"#.to_owned(), 400, "unknown variant"),
        ("push", name(256), 200, ""),
        ("push", name(257), 400, "`replica` is longer than 256 bytes"),
        ("push", name(0), 400, "`replica` is empty"),
        ("push", LOAD.replace("\"r\"", r#""a\nb""#), 400, "`replica` has a control character"),
        ("push", LOAD.replace("\"r\"", r#""\u0000""#), 400, "`replica` has a control character"),
        ("push", LOAD.replace("\"r\"", r#""\ud800""#), 400, "Json deserialize error"),
        ("push", LOAD.replace("\"r\"", "7"), 400, "expected a string"),
        ("push", LOAD.replace("\"replica\":\"r\",", ""), 400, "missing field `replica`"),
        ("push", LOAD.replace("\"interval\":30,", ""), 400, "missing field `interval`"),
        (
            "push",
            LOAD.replace("\"interval\":30,", "\"interval\":30,\"interval\":30,"),
            400,
            "duplicate field `interval`",
        ),
        ("push", String::new(), 400, "Json deserialize error: EOF"),
        ("push", format!("{LOAD}{LOAD}"), 400, "trailing characters"),
        ("push", format!("\u{feff}{LOAD}"), 400, "expected value"),
        ("push", format!("{LOAD}{}", " ".repeat(64 * 1024 - LOAD.len())), 200, ""),
        ("push", format!("{LOAD}{}", " ".repeat(64 * 1024 + 1 - LOAD.len())), 413, "larger than 64 KiB"),
    ] {
        let answer = post(&vigil, &format!("/reporter/app/{node}/"), &body);
        assert_eq!(answer.status, status, "{node} {body:.300}: {}", answer.text());
        assert!(answer.text().contains(why), "{body:.300}: {}", answer.text());
        if why.is_empty() {
            check_empty(&answer, status, &body);
        } else {
            assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "{body:.300}");
        }
    }
    let latin1 = vigil.request("POST", "/reporter/app/push", &[TOKEN, JSON], b"{\"replica\":\"\xe9\",\"interval\":1}");
    assert_eq!(latin1.status, 400);
}

#[test]
fn content_types_are_those_of_json_whatever_their_parameters() {
    let vigil = start("");
    for (content_type, status) in [
        (Some("application/json"), 200),
        (Some("application/json; charset=utf-8"), 200),
        (Some("application/json; charset=urf-8"), 200),
        (Some("application/json;"), 200),
        (Some("APPLICATION/JSON"), 200),
        (Some("application/vnd.vigil+json; v=1"), 200),
        (Some("application/jsonp"), 400),
        (Some("text/json"), 400),
        (Some("text/plain"), 400),
        (Some(""), 400),
        (None, 400),
    ] {
        let mut headers = vec![TOKEN];
        headers.extend(content_type.map(|value| ("Content-Type", value)));
        let answer = vigil.request("POST", "/reporter/app/push", &headers, LOAD.as_bytes());
        assert_eq!(answer.status, status, "{content_type:?}: {}", answer.text());
        assert_eq!(answer.text().contains("Content type error"), status == 400, "{content_type:?}");
    }
}

#[test]
fn paths_may_be_spelled_as_clients_spell_them() {
    let vigil = start("");
    for (path, status) in [
        ("/reporter/app/push", 200),
        ("/reporter/app/push/", 200),
        ("//reporter/app/push/", 200),
        ("//reporter//app///push//", 200),
        ("/reporter/app/push?query", 200),
        ("/reporter/%61pp/p%75sh", 200),
        ("/reporter/x%3Ay/a%2Fb", 200),
        ("/reporter/x:y/a%2fb/", 200),
        ("/reporter/x:y/%C3%A9", 200),
        ("/reporter/x:y/é", 400),
        ("/reporter/x:y/a%20b", 200),
        ("/reporter/x:y/a+b", 200),
        ("/reporter/x:y/a%2Bb", 200),
        ("/reporter/x:y/100%25", 200),
        ("/reporter/x:y/100%", 200),
        ("/reporter/x:y/a%252Fb", 404),
        ("/reporter/x:y/%FF", 404),
        ("/reporter/x:y/%00", 404),
        ("/reporter/APP/push", 404),
        ("/reporter/app", 404),
        ("/reporter", 404),
        ("/Reporter/app/push", 404),
    ] {
        let answer = post(&vigil, path, LOAD);
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
    }
}

#[test]
fn methods_and_framings_are_those_of_real_clients() {
    let vigil = start("");
    for (method, path, allowed) in [
        ("GET", "/reporter/app/push", "POST"),
        ("PUT", "/reporter/app/push", "POST"),
        ("POST", "/reporter/app/push/r", "DELETE"),
    ] {
        let answer = vigil.request(method, path, &[TOKEN], b"");
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allowed)), "{method} {path}");
    }
    let (start, end) = LOAD.split_at(20);
    let head = "POST /reporter/app/push HTTP/1.1\r\nHost: x\r\nAuthorization: Basic OnMzY3JldA==\r\nConnection: close\r\nContent-Type: application/json\r\n";
    let chunked =
        format!("{head}Transfer-Encoding: chunked\r\n\r\n14;ext=1\r\n{start}\r\n{:x}\r\n{end}\r\n0\r\n\r\n", end.len());
    check_empty(&vigil.raw(chunked.as_bytes()).unwrap(), 200, "chunked");
    let expecting = format!("{head}Expect: 100-continue\r\nContent-Length: {}\r\n\r\n{LOAD}", LOAD.len());
    assert_eq!(vigil.raw(expecting.as_bytes()).map(|answer| answer.status), Some(100));
    // The length is that of the report before; no body follows.
    let began = Instant::now();
    let deleting = "DELETE /reporter/app/push/r/ HTTP/1.1\r\nHost: x\r\nAuthorization: Basic OnMzY3JldA==\r\nContent-Length: 60\r\n\r\n";
    check_empty(&vigil.raw(deleting.as_bytes()).unwrap(), 200, "DELETE with a stray length");
    assert!(began.elapsed() < Duration::from_secs(4), "the answer waited for a body");
    // What announces itself as too large need not be sent.
    let announced = format!("{head}Content-Length: 99999999\r\n\r\n{{");
    let began = Instant::now();
    assert_eq!(vigil.raw(announced.as_bytes()).map(|answer| answer.status), Some(413));
    assert!(began.elapsed() < Duration::from_secs(4), "the answer waited for a body");
}

#[test]
fn a_replica_can_be_removed_by_its_name() {
    let vigil = start("");
    let remove = |path: &str| vigil.request("DELETE", path, &[TOKEN], b"");
    for (name, path, again) in [
        ("icmp://127.0.0.1", "/reporter/app/push/icmp%3A%2F%2F127.0.0.1", 404),
        ("a+b é", "/reporter/app/push/a+b%20%C3%A9/", 404),
        ("100%", "/reporter/app/push/100%25", 404),
    ] {
        check_empty(&post(&vigil, "/reporter/app/push", &LOAD.replace("\"r\"", &format!("{name:?}"))), 200, name);
        vigil.wait_for_page(&format!("<p class=\"address\"><bdi>{name}</bdi></p>"));
        check_empty(&remove(path), 200, path);
        check_empty(&remove(path), again, path);
        let named = format!("<p class=\"address\"><bdi>{name}</bdi></p>");
        assert!(wait_until(crate::support::SOON, || !vigil.get("/").text().contains(&named)), "{name} is still there");
    }
    for (path, status) in [
        ("/reporter/app/push/unknown", 404),
        ("/reporter/app/where/r", 404),
        ("/reporter/no/push/r", 404),
        ("/reporter/app/local/r", 404),
        ("/reporter/app/poll/tcp%3A%2F%2F127.0.0.1%3A1", 412),
        ("/reporter/app/push/icmp://127.0.0.1", 404),
    ] {
        assert_eq!(remove(path).status, status, "{path}");
    }
}

#[test]
fn a_node_takes_so_many_replicas_and_no_more() {
    let vigil = start("");
    let report = |name: &str| post(&vigil, "/reporter/app/push", &LOAD.replace("\"r\"", &format!("{name:?}"))).status;
    assert_eq!(["a", "b", "c", "d", "a"].map(report), [200, 200, 200, 503, 200]);
    assert_eq!(vigil.request("DELETE", "/reporter/app/push/b", &[TOKEN], b"").status, 200);
    assert_eq!(["d", "b"].map(report), [200, 503]);
}

#[test]
fn loads_and_health_are_judged_when_they_arrive() {
    let vigil = start("poll_delay_dead = 1\npush_system_cpu_sick_above = 0.5\npush_system_ram_sick_above = 0.6");
    let status = |replica: &str, wanted: &str| vigil.log().wait_for(&[&format!("replica {replica} is {wanted}")]);
    for (node, replica, content, wanted) in [
        ("push", "a", r#""load":{"cpu":0.5,"ram":0.6}"#, "healthy"),
        ("push", "a", r#""load":{"cpu":0.51,"ram":0}"#, "sick: CPU load 51%"),
        ("push", "b", r#""load":{"cpu":0,"ram":1.5}"#, "sick: RAM load 150%"),
        ("push", "c", r#""load":{"cpu":0.9,"ram":0.9}"#, "sick: CPU load 90%, RAM load 90%"),
        ("push", "c", r#""load":{"cpu":0,"ram":0}"#, "healthy (was sick"),
        ("local", "a", r#""health":"dead""#, "dead: reported as dead"),
        ("local", "a", r#""health":"sick""#, "sick: reported as sick"),
        ("local", "a", r#""health":"healthy""#, "healthy (was sick"),
    ] {
        let body = format!(r#"{{"replica":"{replica}","interval":60,{content}}}"#);
        check_empty(&post(&vigil, &format!("/reporter/app/{node}/"), &body), 200, &body);
        status(&format!("app:{node}:{replica}"), wanted);
    }
}

#[test]
fn a_silent_replica_is_dead_at_its_deadline_and_back_by_its_next_report() {
    let vigil = Vigil::start(&config(&format!(
        "push_delay_dead = 1\nlocal_delay_dead = 2\n[[probe.service]]\nid = \"app\"\nlabel = \"App\"\n{}",
        nodes(&[("push", "push"), ("local", "local")])
    )));
    let short = LOAD.replace("30", "1");
    post(&vigil, "/reporter/app/local/", &HEALTH.replace("30", "1"));
    // A deadline that moves forward counts, not the first one.
    post(&vigil, "/reporter/app/push/", LOAD);
    thread::sleep(Duration::from_millis(500));
    let reported = Instant::now();
    post(&vigil, "/reporter/app/push/", &short);
    vigil.wait_for_status("healthy");
    assert!(wait_until(crate::support::SOON, || vigil.get("/status/text").text() == "dead"));
    let silent = reported.elapsed();
    assert!((2.0..2.6).contains(&silent.as_secs_f64()), "dead after {silent:?}");
    vigil.log().wait_for(&["replica app:push:r is dead: no report within 2 s (was healthy for 2."]);
    vigil.log().wait_for(&["replica app:local:r is dead: no report within 3 s"]);
    vigil.wait_for_page(">no report within 2 s<");
    check_empty(&post(&vigil, "/reporter/app/push/", LOAD), 200, "the report after the silence");
    vigil.log().wait_for(&["replica app:push:r is healthy (was dead for "]);
    check_empty(&post(&vigil, "/reporter/app/local/", HEALTH), 200, "the report after the silence");
    vigil.wait_for_status("healthy");
}

#[test]
fn without_a_token_nobody_can_report() {
    let vigil = Vigil::start(
        &config(&crate::support::polled("app", &["tcp://127.0.0.1:1"])).replace("reporter_token = \"s3cret\"\n", ""),
    );
    for credentials in ["Basic Og==", "Basic OnMzY3JldA=="] {
        let headers = [("Authorization", credentials), JSON];
        for (method, path) in
            [("POST", "/reporter/app/node"), ("DELETE", "/reporter/app/node/r"), ("GET", "/reporter/app/node")]
        {
            assert_eq!(vigil.request(method, path, &headers, LOAD.as_bytes()).status, 404, "{method} {path}");
        }
    }
}
