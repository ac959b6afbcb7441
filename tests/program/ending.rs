//! SIGTERM: what is not told yet is told before the end, or named; the end comes soon in any case.

use std::io::Read;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::hook::Hook;
use crate::hook::Reply;
use crate::slack::target;
use crate::slack::telling;
use crate::slack::watching;
use crate::smtp::Plan;
use crate::smtp::Smtp;
use crate::support::Vigil;
use crate::support::config;
use crate::support::polled;

/// How long the end may take.
const LIMIT: Duration = Duration::from_secs(5);

/// A program whose target has just died, with these channels.
fn dying(channels: &str) -> Vigil {
    let api = target();
    let vigil = Vigil::start(&config(&[channels, &watching("api", &api)].concat()));
    vigil.wait_for_status("healthy");
    api.set(Reply::Status(503));
    vigil.log().wait_for(&["node api:node is dead"]);
    vigil
}

fn ends_well(mut vigil: Vigil) -> String {
    let (code, took) = vigil.end();
    assert_eq!(code, Some(0), "{}", vigil.log().text());
    assert!(took < LIMIT, "the end took {took:?}:\n{}", vigil.log().text());
    vigil.log().wait_for(&["ended"]);
    vigil.log().text()
}

#[test]
fn a_flip_that_waits_for_its_group_is_told_before_the_end() {
    for signal in ["TERM", "INT"] {
        let hook = Hook::start(Reply::Status(200));
        let mut vigil = dying(&telling(&hook, "group_wait = 3600"));
        vigil.signal(signal);
        assert_eq!(vigil.wait(), Some(0));
        let requests = hook.requests();
        assert_eq!(requests.len(), 1, "{}", vigil.log().text());
        assert!(requests[0].text().contains("(api:node) is dead since"));
        vigil.log().wait_for(&["slack: delivered: notice of "]);
    }
}

#[test]
fn a_channel_that_hangs_holds_neither_the_end_nor_the_other_channel_and_what_it_owes_is_named() {
    let (hook, server) = (Hook::start(Reply::Hang), Smtp::start(Plan::default()));
    let channels = [telling(&hook, "group_wait = 3600"), server.config("smtp_encrypt = false")].concat();
    let log = ends_well(dying(&channels));
    assert_eq!(server.mails().len(), 1, "{log}");
    assert_eq!(hook.requests().len(), 1, "{log}");
    let named = "slack: kept for the next start: notice of ";
    assert!(log.lines().any(|line| line.contains(named) && line.contains("(api:node) is dead since")), "{log}");
    assert!(!log.contains("email: not delivered"), "{log}");
}

#[test]
fn a_channel_that_fails_is_tried_once_more_before_the_end() {
    let hook = Hook::start(Reply::Status(500));
    hook.first(&[Reply::Later(300)]);
    let vigil = dying(&telling(&hook, "group_wait = 0"));
    vigil.log().wait_for(&["slack: not delivered yet, tried again in 5 min: the hook answered HTTP 429"]);
    let log = ends_well(vigil);
    assert_eq!(hook.requests().len(), 2, "{log}");
    assert!(log.contains("slack: kept for the next start: notice of "), "{log}");
    let hook = Hook::start(Reply::Status(200));
    hook.first(&[Reply::Later(300)]);
    let vigil = dying(&telling(&hook, "group_wait = 0"));
    vigil.log().wait_for(&["slack: not delivered yet"]);
    let log = ends_well(vigil);
    assert!(log.contains("slack: delivered: ") && !log.contains("kept for the next start"), "{log}");
}

#[test]
fn visitors_who_keep_their_connection_do_not_hold_the_end() {
    let hook = Hook::start(Reply::Hang);
    let vigil = dying(&telling(&hook, "group_wait = 0"));
    hook.request(0);
    let visitors: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(vigil.address).unwrap()).collect();
    let reader = thread::spawn(move || {
        for mut visitor in visitors {
            let _ = visitor.read(&mut [0; 16]);
        }
    });
    let log = ends_well(vigil);
    assert!(log.contains("slack: kept for the next start: notice of "), "{log}");
    reader.join().unwrap();
}

#[test]
fn what_the_end_itself_brings_about_is_not_told() {
    let hook = Hook::start(Reply::Status(200));
    let mut vigil = Vigil::start(&config(&telling(&hook, "group_wait = 0")));
    let own = format!("tcp://{}", vigil.address);
    // The port is known only now: a second program takes it over and watches itself.
    assert_eq!(vigil.end().0, Some(0));
    let watched = config(&format!("{}{}", telling(&hook, "group_wait = 0"), polled("own", &[&own])));
    let address = own.trim_start_matches("tcp://");
    let mut vigil = Vigil::start(&watched.replace("127.0.0.1:0", address));
    vigil.log().wait_for(&["node own:node is healthy"]);
    // A request that is half sent keeps the server up for a while after its port is closed.
    let _half = vigil.open(b"GET / HTTP/1.1\r\n");
    assert_eq!(vigil.end().0, Some(0));
    assert_eq!(hook.requests().len(), 0, "{}", vigil.log().text());
}
