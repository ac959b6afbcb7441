//! What is served, and how.

use std::net::TcpListener;
use std::time::Duration;
use std::time::Instant;

use crate::support::Vigil;
use crate::support::config;
use crate::support::polled;

fn small() -> Vigil {
    Vigil::start(&config(
        "[[probe.service]]\nid = \"app\"\nlabel = \"App\"\n[[probe.service.node]]\nid = \"push\"\nlabel = \"Push\"\nmode = \"push\"\n",
    ))
}

#[test]
fn every_address_answers_get_and_head_alike() {
    let vigil = small();
    for (path, status, content_type) in [
        ("/", 200, "text/html; charset=utf-8"),
        ("/status/text", 200, "text/plain; charset=utf-8"),
        ("/status/text/", 200, "text/plain; charset=utf-8"),
        ("//status//text//", 200, "text/plain; charset=utf-8"),
        ("/status/report", 200, "application/json"),
        ("/badge/icon", 200, "image/svg+xml; charset=utf-8"),
        ("/badge/color", 200, "image/svg+xml; charset=utf-8"),
        ("/health", 200, "application/health+json"),
        ("/metrics", 200, "text/plain; version=0.0.4; charset=utf-8"),
        ("/robots.txt", 200, "text/plain; charset=utf-8"),
        ("/assets/stylesheets/vigil.css", 200, "text/css; charset=utf-8"),
        ("/assets/javascripts/vigil.js", 200, "text/javascript; charset=utf-8"),
        ("/badge/other", 404, "text/html; charset=utf-8"),
        ("/assets/templates/status.hbs", 404, "text/html; charset=utf-8"),
        ("/nothing/here", 404, "text/html; charset=utf-8"),
    ] {
        let got = vigil.get(path);
        assert_eq!((got.status, got.header("content-type")), (status, Some(content_type)), "GET {path}");
        let head = vigil.request("HEAD", path, &[], b"");
        assert_eq!(head.status, status, "HEAD {path}");
        assert_eq!(head.header("content-length"), got.header("content-length"), "HEAD {path}");
        assert!(head.body.is_empty(), "HEAD {path}");
        assert_eq!(got.header("x-content-type-options"), Some("nosniff"), "GET {path}");
    }
    assert_eq!(vigil.get("/status/text").text(), "healthy");
    assert_eq!(
        vigil.get("/status/report").text(),
        format!(
            r#"{{"health":"healthy","page":{{"name":"Status Page","url":"{}/"}},"probes":[{{"name":"App","status":"healthy","nodes":[{{"name":"Push","status":"healthy","replicas":[]}}]}}]}}"#,
            format_args!("http://{}", vigil.address)
        )
    );
    assert_eq!(vigil.get("/robots.txt").text(), "User-agent: *\nDisallow:\n");
}

/// How long it takes from a port that closes to a page that says dead.
fn closed_to_dead() -> Duration {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let services = polled("web", &[&format!("tcp://{}", target.local_addr().unwrap())]);
    let metrics = config(&services).replace("poll_interval = 1\npoll_retry = 0", "poll_interval = 2\npoll_retry = 1");
    let vigil = Vigil::start(&metrics);
    vigil.log().wait_for(&["node web:node is healthy"]);
    drop(target);
    let closed = Instant::now();
    vigil.wait_for_status("dead");
    closed.elapsed()
}

#[test]
fn a_port_that_closes_is_dead_within_interval_retry_and_a_second() {
    // A machine that is busy with other tests may be late once; only a lasting delay is ours.
    let times: Vec<Duration> = (0..2).map(|_| closed_to_dead()).collect();
    assert!(times.iter().min() < Some(&Duration::from_secs(2 + 1 + 1)), "{times:?}");
    assert!(times.iter().all(|time| *time < Duration::from_secs(10)), "{times:?}");
}
