//! What a node says of its HTTP targets: method, headers, body, and what a healthy answer has.

use std::time::Duration;

use crate::support::SOON;
use crate::support::Vigil;
use crate::support::config;
use crate::support::polled;
use crate::support::wait_until;
use crate::target::Asked;
use crate::target::Manner;
use crate::target::Target;
use crate::target::refusing_head;
use crate::target::repeat;
use crate::target::say;
use crate::target::status;

/// An answer with that body.
fn answering(body: &str) -> Manner {
    say(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

/// Waits until the log says of each node with such keys and a target of such a manner what is wanted.
fn check(cases: Vec<(&str, Manner, &str)>) {
    let (targets, cases): (Vec<_>, Vec<_>) =
        cases.into_iter().map(|(keys, manner, wanted)| (Target::new(manner), (keys, wanted))).unzip();
    let node = |(at, (target, (keys, _))): (usize, (&Target, &(&str, &str)))| {
        format!("{}{keys}\n", polled(&format!("t{at}"), &[&format!("http://{}/", target.address)]))
    };
    let nodes: String = targets.iter().zip(&cases).enumerate().map(node).collect();
    let vigil = Vigil::start(&config(&format!("poll_delay_sick = 8\n{nodes}")));
    for (at, (keys, wanted)) in cases.iter().enumerate() {
        let line = vigil.log().wait_for(&[&format!("replica t{at}:node:"), " is "]);
        assert!(line.contains(&format!(" is {wanted}")), "{keys}: {line}");
    }
}

/// The first request that a target gets of a node with such keys.
fn asked(keys: &str) -> Asked {
    let target = Target::new(status(200));
    let _vigil =
        Vigil::start(&config(&format!("{}{keys}\n", polled("app", &[&format!("http://{}/", target.address)]))));
    assert!(wait_until(SOON, || !target.asked().is_empty()), "never asked");
    target.asked()[0].clone()
}

#[test]
fn the_body_of_a_healthy_answer_matches_anywhere() {
    let up = r#"http_body_healthy_match = "(?i)all systems|\\bup\\b""#;
    check(vec![
        (up, answering("what is UP?\n"), "healthy"),
        (up, answering("backup"), "dead: the body of the answer does not match"),
        (up, answering(""), "dead: the body of the answer does not match"),
        (up, say("HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nup"), "dead: HTTP 503"),
        (up, say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff up"), "healthy"),
        // No answer to HEAD has a body.
        ("http_method = \"HEAD\"\nhttp_body_healthy_match = \"^$\"", answering("up"), "healthy"),
        // What is beyond the first mebibyte does not count, and is not waited for.
        (
            "http_body_healthy_match = \"(?s)^x{4}.*x$\"",
            repeat("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", &[b'x'; 16_000], Duration::ZERO),
            "healthy",
        ),
    ]);
}

#[test]
fn a_method_that_is_named_is_the_one_that_is_used() {
    for (keys, method, body) in [
        ("", "HEAD", ""),
        ("http_method = \"GET\"", "GET", ""),
        ("http_method = \"GET\"\nhttp_body = \"unsent\"", "GET", ""),
        ("http_method = \"POST\"\nhttp_body = \"a=1&b=ü\"", "POST", "a=1&b=ü"),
        ("http_method = \"PUT\"\nhttp_body = \"{}\"", "PUT", "{}"),
        ("http_method = \"PATCH\"", "PATCH", ""),
        ("http_body_healthy_match = \"x\"", "GET", ""),
    ] {
        let asked = asked(keys);
        assert_eq!((asked.method(), asked.body.as_str()), (method, body), "{keys}");
        assert_eq!(asked.header("content-type"), [""; 0], "{keys}");
    }
    // One that is named is not replaced by another.
    check(vec![("http_method = \"HEAD\"", refusing_head(405, status(200)), "dead: HTTP 405")]);
}

#[test]
fn headers_of_the_node_take_the_place_of_the_usual_ones() {
    let asked = asked(
        "http_method = \"GET\"\n[probe.service.node.http_headers]\nUser-Agent = \"probe/1\"\naccept = \"text/html\"\n\
         Host = \"www.example.com\"\nCache-Control = \"max-age=0\"\nX-Two = [\"one\", \"two, ü\"]\nContent-Length = \"7\"",
    );
    for (name, wanted) in [
        ("user-agent", vec!["probe/1"]),
        ("accept", vec!["text/html"]),
        ("host", vec!["www.example.com"]),
        ("cache-control", vec!["max-age=0"]),
        ("x-two", vec!["one", "two, ü"]),
        ("content-length", vec![]),
    ] {
        assert_eq!(asked.header(name), wanted, "{}", asked.head);
    }
}

#[test]
fn what_a_node_sends_is_never_shown() {
    let target = Target::new(status(503));
    let url = format!("http://user:pass@{}/", target.address);
    let keys =
        "http_method = \"POST\"\nhttp_body = \"hunter2\"\nhttp_headers = { Authorization = \"Bearer hunter2\" }\n";
    let file = config(&format!("{}{keys}", polled("app", &[&url]))).replace("\"info\"", "\"trace\"");
    let vigil = Vigil::start_with(&file, &[("RUST_LOG", "trace")]);
    vigil.log().wait_for(&["replica app:node", "is dead: HTTP 503"]);
    vigil.wait_for_page("HTTP 503");
    let asked = target.asked()[0].clone();
    assert_eq!((asked.header("authorization"), asked.body.as_str()), (vec!["Bearer hunter2"], "hunter2"));
    for text in [vigil.get("/").text(), vigil.log().text()] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn the_json_of_a_healthy_body_has_the_values_of_the_node() {
    let wanted = r#"http_json_healthy_match = { "/status" = "ok", "/checks/0/up" = true }"#;
    check(vec![
        (wanted, answering(r#"{"checks": [{"up": true}], "status": "ok"}"#), "healthy"),
        (
            wanted,
            answering(r#"{"checks": [{"up": false}], "status": "ok"}"#),
            "dead: the body of the answer has another value at /checks/0/up",
        ),
        (wanted, answering(r#"{"status": "ok"}"#), "dead: the body of the answer has nothing at /checks/0/up"),
        (wanted, answering("ok"), "dead: the body of the answer is not JSON"),
        (
            wanted,
            repeat("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", b"[[[[", Duration::ZERO),
            "dead: the body of the answer is longer than 1 MiB",
        ),
    ]);
}

/// Sends `/` and what is below on to `location`, and answers all else with that status.
fn redirecting(code: u16, location: &str, then: u16) -> Manner {
    let (away, there) =
        (say(format!("HTTP/1.1 {code} On\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")), status(then));
    Box::new(move |stream, asked| {
        let goes = asked.head.contains(" / ") || asked.head.contains(" /more");
        if goes { away(stream, asked) } else { there(stream, asked) }
    })
}

#[test]
fn redirects_are_followed_where_the_node_says_so() {
    let follow = "http_follow_redirects = true";
    let elsewhere = Target::new(status(503));
    let elsewhere = format!("http://{}/", elsewhere.address).replace("127.0.0.1", "localhost");
    check(vec![
        ("", redirecting(302, "/there", 404), "healthy"),
        (follow, redirecting(302, "/there", 200), "healthy"),
        (follow, redirecting(308, "/there", 404), "dead: HTTP 404, after 1 redirect"),
        (follow, redirecting(301, &elsewhere, 200), "dead: HTTP 503, after 1 redirect to another host"),
        (follow, redirecting(301, "/more", 200), "dead: more than 10 redirects"),
        (follow, redirecting(301, "http://127.0.0.1:1/", 200), "dead: connection refused, after 1 redirect"),
        (follow, redirecting(301, "ftp://example.com/", 200), "dead: a redirect to what is no URL"),
        (follow, redirecting(304, "/there", 404), "healthy"),
        (
            "http_follow_redirects = true\nhttp_method = \"POST\"\nhttp_body = \"hunter2\"",
            redirecting(307, &elsewhere, 200),
            "dead: a redirect that takes the body elsewhere",
        ),
    ]);
}

#[test]
fn secrets_of_a_node_stay_with_its_target() {
    let elsewhere = Target::new(status(200));
    let there = format!("http://{}/there", elsewhere.address);
    let target = Target::new(Box::new(move |stream, asked| {
        let location = if asked.head.contains(" / ") { "/more".to_owned() } else { there.clone() };
        redirecting(302, &location, 200)(stream, asked);
    }));
    let url = format!("http://user:pass@{}/", target.address);
    let keys = "http_follow_redirects = true\nhttp_headers = { X-Api-Key = \"hunter2\" }\n";
    let vigil = Vigil::start(&config(&format!("{}{keys}", polled("app", &[&url]))));
    vigil.log().wait_for(&["replica app:node", "is healthy"]);
    for asked in &target.asked()[..2] {
        assert_eq!(asked.header("x-api-key"), ["hunter2"]);
        assert_eq!(asked.header("authorization"), ["Basic dXNlcjpwYXNz"]);
    }
    let asked = elsewhere.asked()[0].clone();
    assert!(!asked.head.contains("hunter2") && asked.header("authorization").is_empty(), "{}", asked.head);
}

#[test]
fn redirects_share_the_one_deadline() {
    let slow: Manner = Box::new(|stream, asked| {
        std::thread::sleep(Duration::from_millis(400));
        redirecting(302, "/more", 200)(stream, asked);
    });
    let target = Target::new(slow);
    let node = polled("app", &[&format!("http://{}/", target.address)]);
    let vigil = Vigil::start(&config(&format!("poll_delay_dead = 1\n{node}http_follow_redirects = true\n")));
    vigil.log().wait_for(&["is dead: timed out after 1 s while ", ", after ", " redirect"]);
}
