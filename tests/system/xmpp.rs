//! Messages through a real Prosody: STARTTLS with a certificate of our own authority, a login, and users who are not there,
//! whose messages it keeps.
//!
//! It needs root and the Debian package `prosody`. `cargo test` leaves it out; `scripts/test`, or `cargo test --test xmpp`,
//! runs it.
#![expect(clippy::disallowed_methods, reason = "these tests wait for what a real program does in real time")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../program/certificates.rs"]
#[allow(dead_code, reason = "this test uses a part of it")]
mod certificates;
#[path = "../program/hook.rs"]
#[allow(dead_code, reason = "this test uses a part of it")]
mod hook;
#[path = "xmpp/server.rs"]
mod server;
#[path = "../program/support.rs"]
#[allow(dead_code, reason = "this test uses a part of it")]
mod support;

use hook::Hook;
use hook::Reply;
use server::Prosody;
use support::Vigil;
use support::config;
use support::polled;

/// A program that tells `to` through that server, and the target that it watches.
fn watching(server: &Prosody, to: &str, password: &str, keys: &str) -> (Vigil, Hook) {
    let target = Hook::start(Reply::Status(200));
    let channel = format!(
        "[notify]\ngroup_wait = 0\ngroup_interval = 0.1\n[notify.xmpp]\nfrom = \"vigil@localhost\"\nto = {to}\n\
         xmpp_password = {password:?}\nxmpp_server = \"127.0.0.1:{}\"\n{keys}\n",
        server.port()
    );
    let vigil = Vigil::start(&config(&[channel, polled("api", &[&target.url("/")])].concat()));
    vigil.wait_for_status("healthy");
    (vigil, target)
}

#[test]
fn prosody_keeps_a_death_and_a_recovery_for_everybody() {
    let server = Prosody::start(&["vigil", "ops", "desk"]);
    let trust = format!("xmpp_ca_file = {:?}", server.ca_file());
    let to = r#"["ops@localhost", "desk@localhost/vigil"]"#;
    let (vigil, target) = watching(&server, to, server::PASSWORD, &trust);
    target.set(Reply::Status(503));
    server.messages("ops", 1);
    server.messages("desk", 1);
    target.set(Reply::Status(200));
    let messages = [server.messages("ops", 2), server.messages("desk", 2)];
    for messages in messages {
        for text in
            ["Status: Dead", "Nodes: api:node:http://127.0.0.1:", "HTTP 503", "Status: Healthy", "is healthy again"]
        {
            assert!(messages.contains(text), "no {text:?} in {messages}");
        }
    }
    assert!(!vigil.log().text().contains(server::PASSWORD));
}

#[test]
fn prosody_refuses_a_wrong_password_and_an_unknown_recipient() {
    let server = Prosody::start(&["vigil", "ops"]);
    let trust = format!("xmpp_ca_file = {:?}", server.ca_file());

    let (wrong, target) = watching(&server, r#""ops@localhost""#, "not-it", &trust);
    target.set(Reply::Status(503));
    wrong
        .log()
        .wait_for(&["ERROR", "given up: the server refused while waiting for the answer to the login: not-authorized"]);
    assert!(!wrong.log().text().contains("not-it"));

    let (lost, target) = watching(&server, r#""nobody@localhost""#, server::PASSWORD, &trust);
    target.set(Reply::Status(503));
    lost.log().wait_for(&[
        "ERROR",
        "given up: the server refused while waiting for the answer to the message: service-unavailable",
    ]);

    let (wary, target) = watching(&server, r#""ops@localhost""#, server::PASSWORD, "");
    target.set(Reply::Status(503));
    wary.log().wait_for(&["WARN", "not delivered yet, tried again in 1 s: TLS certificate of an unknown issuer"]);
}
