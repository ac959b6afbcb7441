//! SIGHUP: a configuration that can be followed is followed, whole; one that cannot changes nothing. What did not change
//! keeps its state, and nobody who looks at the page meanwhile is turned away.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;

use crate::hook::Hook;
use crate::hook::Reply;
use crate::slack::target;
use crate::slack::telling;
use crate::slack::watching;
use crate::support::Vigil;
use crate::support::config;
use crate::support::polled;

const PUSH: &str = "[[probe.service]]\nid = \"app\"\nlabel = \"App\"\n[[probe.service.node]]\nid = \"push\"\n\
                    label = \"Push node\"\nmode = \"push\"\n";

fn titled(title: &str, more: &str) -> String {
    config(&format!("[branding]\npage_title = \"{title}\"\n{more}"))
}

fn report(vigil: &Vigil) -> u16 {
    let body = r#"{ "replica": "me", "interval": 600, "load": { "cpu": 0.1, "ram": 0.1 } }"#;
    vigil.report("/reporter/app/push", body).status
}

#[test]
fn a_good_file_is_followed_and_what_did_not_change_keeps_its_state() {
    let (site, other) = (target(), target());
    let vigil = Vigil::start(&titled("Before", &[&watching("site", &site), PUSH].concat()));
    vigil.wait_for_status("healthy");
    assert_eq!(report(&vigil), 200);
    let after = [&watching("other", &other), PUSH, &watching("site", &site)].concat();
    let said = vigil.reload(&titled("After", &after));
    assert!(said.contains("INFO  reloaded ") && said.contains("3 services, 3 nodes, 2 replicas to check"), "{said}");
    let page = vigil.get("/").text();
    assert!(page.contains("After") && !page.contains("Before"), "{page}");
    vigil.wait_for_page("Node other");
    other.request(0);
    let log = vigil.log().text();
    assert_eq!(log.matches("replica app:push:me is healthy").count(), 1, "the report counts on:\n{log}");
    assert_eq!(log.matches("node site:node is healthy").count(), 1, "{log}");
    assert_eq!(log.matches("not known any more").count(), 0, "{log}");
}

#[test]
fn a_bad_file_changes_nothing_and_is_told() {
    let vigil = Vigil::start(&titled("Before", PUSH));
    assert_eq!(report(&vigil), 200);
    for (bad, why) in [
        (titled("After", "icon_color = \"blue\"\n"), "[branding] icon_color: `blue` is not a colour"),
        ("[server".to_owned(), "vigil.cfg:1: invalid TOML"),
        (titled("After", "[assets]\npath = \"broken\"\n"), "template"),
        (config("[server2]\n").replace("127.0.0.1:0", "192.0.2.1:80"), "cannot listen on 192.0.2.1:80"),
    ] {
        fs::create_dir_all(vigil.folder().join("broken/templates")).unwrap();
        fs::write(vigil.folder().join("broken/templates/status.hbs"), "{{#if}}").unwrap();
        let said = vigil.reload(&bad);
        assert!(said.contains("ERROR reload refused: ") && said.contains(why), "{said}");
        assert!(vigil.get("/").text().contains("Before"));
        assert_eq!(report(&vigil), 200);
    }
    assert!(vigil.reload(&titled("After all", PUSH)).contains("reloaded"));
    vigil.wait_for_page("After all");
}

#[test]
fn a_dead_node_that_is_taken_out_is_told_and_asked_no_more() {
    let (hook, bad, good) = (Hook::start(Reply::Status(200)), Hook::start(Reply::Status(503)), target());
    let channels = telling(&hook, "group_interval = 0.1");
    let with = [channels.as_str(), &watching("bad", &bad), &watching("good", &good)].concat();
    let vigil = Vigil::start(&config(&with));
    assert!(hook.request(0).text().contains("(bad:node) is dead since"));
    vigil.reload(&config(&[channels.as_str(), &watching("good", &good)].concat()));
    vigil.wait_for_status("healthy");
    let told = hook.request(1).text();
    assert!(told.contains("Service bad, Node bad (bad:node) is not known any more, it was dead for "), "{told}");
    let asked = bad.requests().len();
    let (before, _) = (good.requests().len(), good.request(good.requests().len() + 1));
    assert!(before > 0 && bad.requests().len() <= asked + 1, "a target that is gone is asked on");
}

#[test]
fn channels_come_go_and_keep_what_they_owe() {
    let (broken, hook, site) = (Hook::start(Reply::Status(500)), Hook::start(Reply::Status(200)), target());
    let vigil = Vigil::start(&config(&[telling(&broken, ""), watching("site", &site)].concat()));
    vigil.wait_for_status("healthy");
    site.set(Reply::Status(503));
    vigil.log().wait_for(&["slack: not delivered yet", "HTTP 500"]);
    // The waits have grown; a new address is tried at once all the same.
    vigil.reload(&config(&[telling(&hook, ""), watching("site", &site)].concat()));
    assert!(hook.request(0).text().contains("(site:node) is dead since"));
    vigil.reload(&config(&watching("site", &site)));
    site.set(Reply::Status(200));
    vigil.wait_for_status("healthy");
    let health = vigil.get("/health").text();
    assert!(!health.contains("notify:slack"), "{health}");
    assert_eq!(hook.requests().len(), 1);
}

#[test]
fn the_password_of_reports_changes_and_goes() {
    let vigil = Vigil::start(&titled("Page", PUSH));
    assert_eq!(report(&vigil), 200);
    vigil.reload(&titled("Page", PUSH).replace("s3cret", "another"));
    assert_eq!(report(&vigil), 403);
    vigil.reload(&titled("Page", "").replace("reporter_token = \"s3cret\"\n", ""));
    assert_eq!(report(&vigil), 404);
    vigil.reload(&titled("Page", PUSH));
    assert_eq!(report(&vigil), 200);
}

#[test]
fn the_log_has_the_level_of_the_new_file() {
    let vigil = Vigil::start(&titled("Page", PUSH));
    vigil.reload(&titled("Page", PUSH).replace("log_level = \"info\"", "log_level = \"debug\""));
    let site = target();
    vigil.reload(&titled("Page", &watching("site", &site)).replace("log_level = \"info\"", "log_level = \"debug\""));
    vigil.log().wait_for(&["DEBUG attempt 1 on replica site:node"]);
}

#[test]
fn another_address_and_another_number_of_workers_are_served_without_a_gap() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut vigil = Vigil::start(&titled("Page", &polled("x", &["tcp://127.0.0.1:1"])));
    vigil.reload(&titled("More workers", "").replace("workers = 2", "workers = 5"));
    assert!(vigil.get("/").text().contains("More workers"));
    vigil.reload(&titled("Moved", "").replace("127.0.0.1:0", &free.to_string()));
    vigil.log().wait_for(&[&format!("serving the status page on http://{free}/")]);
    let old = std::mem::replace(&mut vigil.address, free);
    assert!(vigil.get("/").text().contains("Moved"));
    // The old address is free at once, and can be taken back.
    vigil.reload(&titled("Back", "").replace("127.0.0.1:0", &old.to_string()));
    vigil.address = old;
    assert!(vigil.get("/").text().contains("Back"));
    assert!(TcpStream::connect(free).is_err());
    assert_eq!(vigil.end().0, Some(0));
}

#[test]
fn another_address_on_the_same_port_takes_a_restart_and_says_so() {
    let vigil = Vigil::start(&titled("Page", ""));
    let port = vigil.address.port();
    let said = vigil.reload(&titled("Page", "").replace("127.0.0.1:0", &format!("0.0.0.0:{port}")));
    let why = format!("`inet` moves from 127.0.0.1:{port} to 0.0.0.0:{port}, on the same port; that takes a restart");
    assert!(said.contains(&format!("reload refused: {why}")), "{said}");
}

#[test]
fn another_database_takes_a_restart_and_other_retentions_do_not() {
    let vigil = Vigil::start(&titled("Page", ""));
    let storage = |keys: &str| titled("Other", &format!("[storage]\n{keys}\n"));
    let said = vigil.reload(&storage("url = \"postgres://vigil:s3cret@db.example.com/vigil\""));
    let database = "PostgreSQL at db.example.com:5432, database vigil";
    let why = format!("reload refused: `[storage] url` changes to {database}; that takes a restart");
    assert!(said.contains(&why), "{said}");
    assert!(!vigil.get("/").text().contains("Other"));
    let said = vigil.reload(&storage("retention_1d = 400"));
    assert!(said.contains(" reloaded "), "{said}");
}

/// Ends what goes on beside a test when that ends, well or not.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A client that keeps its connection, as browsers do, and opens another now and then.
fn look(vigil: &Vigil, done: &AtomicBool, seen: &AtomicUsize) {
    let request = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", vigil.address);
    while !done.load(Ordering::Relaxed) {
        let mut stream = TcpStream::connect(vigil.address).unwrap();
        for _ in 0..20 {
            stream.write_all(request.as_bytes()).unwrap();
            let (mut all, mut part) = (Vec::new(), [0; 4_096]);
            while !all.ends_with(b"</html>\n") {
                let count = stream.read(&mut part).unwrap();
                assert!(count > 0, "the connection was closed: {}", String::from_utf8_lossy(&all));
                all.extend_from_slice(&part[..count]);
            }
            let text = String::from_utf8_lossy(&all);
            assert!(text.starts_with("HTTP/1.1 200"), "{text}");
            seen.fetch_add(1, Ordering::Relaxed);
            if text.contains("connection: close\r\n") {
                break;
            }
        }
    }
}

#[test]
fn nobody_is_turned_away_while_files_good_and_bad_are_read() {
    let vigil = Vigil::start(&titled("Page 0", PUSH));
    let (done, seen) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let _ends = Ends(&done);
        for _ in 0..3 {
            scope.spawn(|| look(&vigil, &done, &seen));
        }
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                assert_eq!(report(&vigil), 200);
            }
        });
        for number in 1..=20 {
            let before = seen.load(Ordering::Relaxed);
            let bad = if number % 2 == 0 { "icon_color = \"blue\"\n" } else { "" };
            let file = titled(&format!("Page {number}"), &[bad, PUSH].concat());
            // Two of three good ones have another number of workers, and so another server.
            let said = vigil.reload(&file.replace("workers = 2", &format!("workers = {}", 1 + number / 2 % 3)));
            assert_eq!(said.contains("refused"), number % 2 == 0, "{said}");
            assert!(crate::support::wait_until(crate::support::SOON, || seen.load(Ordering::Relaxed) > before + 20));
        }
    });
    assert!(vigil.get("/").text().contains("Page 19"));
}
