//! The pages of history on the wire: where they are, what they hide, and that they are cheap to ask for again.

use std::io::Read;

use flate2::read::GzDecoder;

use crate::support::Vigil;
use crate::support::config;
use crate::support::polled;

const NODE: &str = "/node/service-web/node-web";

/// A page with one node, which is dead; ids and the name of the replica are not for visitors.
fn dead() -> Vigil {
    let service = polled("web", &["tcp://127.0.0.1:1"]).replace("reveal_replica_name = true", "");
    let service =
        service.replace("id = \"web\"", "id = \"secret-service-id\"").replace("\"node\"", "\"secret-node-id\"");
    let vigil = Vigil::start(&config(&service));
    vigil.wait_for_status("dead");
    vigil
}

#[test]
fn every_node_has_a_page_of_its_own_that_the_status_page_leads_to() {
    let vigil = dead();
    vigil.wait_for_page(&format!("href=\"{NODE}\""));
    for query in ["", "?range=24h", "?range=7d", "?range=30d", "?range=90d", "?range=what", "?"] {
        let answer = vigil.get(&format!("{NODE}{query}"));
        let page = answer.text();
        assert_eq!(answer.status, 200, "{query}");
        for wanted in ["Node web is dead", "Part of Service web", "connection refused", "Day by day"] {
            assert!(page.contains(wanted), "{query}: no `{wanted}` in {page}");
        }
        for private in ["secret-service-id", "secret-node-id", "127.0.0.1:1"] {
            assert!(!page.contains(private), "{query}: the page has `{private}`");
        }
    }
    assert!(vigil.get(&format!("{NODE}?range=7d")).text().contains("?range&#x3D;7d\" aria-current"));
}

#[test]
fn a_node_may_reveal_its_replicas_on_its_page_too() {
    let vigil = Vigil::start(&config(&polled("web", &["tcp://127.0.0.1:1"])));
    vigil.wait_for_status("dead");
    assert!(vigil.get(NODE).text().contains("tcp://127.0.0.1:1"));
}

#[test]
fn what_is_not_there_is_not_found() {
    let vigil = dead();
    for path in [
        "/node/service-web/other",
        "/node/other/node-web",
        "/node/secret-service-id/secret-node-id",
        "/node/service-web",
        "/node/service-web/node-web/more",
        "/node/%00/%ff",
        "/history?month=2019-13",
        "/history?month=9999-12",
        "/history?month=0000-00",
        "/history?month=1987-01",
        "/history?month=%3Cb%3E",
        "/history/2026",
    ] {
        let answer = vigil.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.text().contains("This page does not exist"), "{path}");
    }
}

#[test]
fn the_present_month_is_always_there() {
    let vigil = dead();
    let answer = vigil.get("/history");
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("<h1>"), "{}", answer.text());
    assert_eq!(vigil.request("POST", "/history", &[], b"").header("allow"), Some("GET, HEAD"));
    assert_eq!(vigil.request("HEAD", NODE, &[], b"").status, 200);
}

#[test]
fn pages_of_history_are_tagged_and_compressed_like_the_status_page() {
    let vigil = dead();
    for path in [NODE, "/history"] {
        let plain = vigil.get(path);
        let packed = vigil.request("GET", path, &[("Accept-Encoding", "gzip")], b"");
        assert_eq!((packed.header("content-encoding"), packed.header("vary")), (Some("gzip"), Some("Accept-Encoding")));
        assert_eq!(plain.header("cache-control"), Some("no-cache"), "{path}");
        let mut unpacked = String::new();
        GzDecoder::new(packed.body.as_slice()).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain.text(), "{path}");
        let tag = packed.header("etag").unwrap().to_owned();
        let again = vigil.request("GET", path, &[("Accept-Encoding", "gzip"), ("If-None-Match", &tag)], b"");
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        let policy = plain.header("content-security-policy").unwrap();
        assert!(policy.contains("style-src 'self'") && !plain.text().contains(" style="), "{path}");
    }
}

#[test]
fn the_operators_html_and_templates_are_on_these_pages_too() {
    let html = "<script>window.counted = 1</script>";
    let vigil = Vigil::start(&config(&format!(
        "{}\n[branding]\ncustom_html = {html:?}\n",
        polled("web", &["tcp://127.0.0.1:1"])
    )));
    for path in [NODE, "/history"] {
        let answer = vigil.get(path);
        assert!(answer.text().contains(html), "{path}");
        assert!(answer.header("content-security-policy").unwrap().contains("'unsafe-inline'"), "{path}");
    }
}
