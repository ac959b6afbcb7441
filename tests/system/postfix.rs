//! Mail through a real Postfix with Dovecot's SASL: a private instance with forced STARTTLS, a certificate of our own
//! authority, AUTH, and a maildir.
//!
//! It needs root, and the Debian packages `postfix` and `dovecot-core`. `cargo test` leaves it out; `scripts/test`, or
//! `cargo test --test postfix`, runs it.
#![expect(clippy::disallowed_methods, reason = "these tests wait for what a real program does in real time")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "a test that cannot go on fails, and is in no hurry"
)]

#[path = "../program/certificates.rs"]
#[allow(dead_code, reason = "this test uses a part of it")]
mod certificates;
#[path = "../program/hook.rs"]
#[allow(dead_code, reason = "this test uses a part of it")]
mod hook;
#[path = "postfix/server.rs"]
mod server;
#[path = "../program/smtp.rs"]
#[allow(dead_code, reason = "this test uses a part of it")]
mod smtp;
#[path = "../program/support.rs"]
#[allow(dead_code, reason = "this test uses a part of it")]
mod support;

use hook::Hook;
use hook::Reply;
use server::Postfix;
use support::Vigil;
use support::config;
use support::polled;
use support::wait_until;

/// One channel, to that server.
fn telling(server: &Postfix, password: &str, keys: &str) -> String {
    format!(
        "[notify]\ngroup_wait = 0\ngroup_interval = 0.1\n[notify.email]\nfrom = \"vigil@example.org\"\n\
         to = \"ops@example.org\"\nsmtp_host = \"localhost\"\nsmtp_port = {}\nsmtp_username = \"vigil\"\n\
         smtp_password = {password:?}\n{keys}\n",
        server.port()
    )
}

/// A program that tells by that channel, and the target that it watches.
fn watching(channel: &str) -> (Vigil, Hook) {
    let target = Hook::start(Reply::Status(200));
    let vigil = Vigil::start(&config(&[channel, &polled("api", &[&target.url("/")])].concat()));
    vigil.wait_for_status("healthy");
    (vigil, target)
}

#[test]
fn postfix_is_checked_by_a_handshake_after_starttls() {
    let server = Postfix::start();
    let url = format!("tls://localhost:{}?starttls=smtp", server.port());
    let trusting = format!("{}http_ca_file = {:?}\n", polled("trusting", &[&url]), server.ca_file());
    let vigil = Vigil::start(&config(&[trusting, polled("wary", &[&url])].concat()));
    vigil.log().wait_for(&["replica trusting:node:", " is healthy"]);
    vigil.log().wait_for(&["replica wary:node:", " is dead: TLS certificate of an unknown issuer"]);
    vigil.wait_for_page("valid for ");
    server.log_has("ehlo=1 starttls=1 quit=1");
}

#[test]
fn postfix_delivers_a_death_and_a_recovery_and_refuses_a_stranger() {
    let server = Postfix::start();
    let trust = format!("smtp_ca_file = {:?}", server.ca_file());

    let (vigil, target) = watching(&telling(&server, server::PASSWORD, &trust));
    target.set(Reply::Status(503));
    let death = server.mail(0);
    target.set(Reply::Status(200));
    let recovery = server.mail(1);
    for (mail, subject, text) in [
        (&death, "DEAD | api:node:http://127.0.0.1:", "Change: Service api, Node api (api:node) is dead since "),
        (&recovery, "HEALTHY", "Change: Service api, Node api (api:node) is healthy again, it was dead for "),
    ] {
        let header = |name| smtp::header(mail, name).unwrap_or_else(|| panic!("no {name} in {mail}"));
        assert!(header("Subject").starts_with(subject), "{mail}");
        assert_eq!(header("From"), "\"Status Page\" <vigil@example.org>");
        assert_eq!(header("To"), "ops@example.org");
        assert_eq!(header("MIME-Version"), "1.0");
        assert_eq!(header("Auto-Submitted"), "auto-generated");
        assert!(header("Message-ID").starts_with("<vigil-notice-"), "{mail}");
        assert!(header("Date").ends_with(" +0000"), "{mail}");
        assert!(header("Content-Type").starts_with("multipart/alternative;"), "{mail}");
        // What Postfix itself says of the way it came: ESMTP with TLS (S) and AUTH (A).
        assert!(header("Received").contains(" with ESMTPSA id "), "{mail}");
        assert!(smtp::part(mail, "text/plain").contains(text), "{mail}");
        assert!(smtp::part(mail, "text/html").contains("(api:node) is "), "{mail}");
    }
    assert_ne!(smtp::header(&death, "Message-ID"), smtp::header(&recovery, "Message-ID"));
    server.log_has("sasl_method=PLAIN, sasl_username=vigil");

    let (wrong, target) = watching(&telling(&server, "not-it", &trust));
    target.set(Reply::Status(503));
    let line = wrong.log().wait_for(&["ERROR", "email: given up: the server refused with 535 while waiting for "]);
    assert!(line.contains("the answer to AUTH: 5.7.8 Error: authentication failed"), "{line}");

    let (wary, target) = watching(&telling(&server, server::PASSWORD, ""));
    target.set(Reply::Status(503));
    wary.log()
        .wait_for(&["WARN", "email: not delivered yet, tried again in 1 s: TLS certificate of an unknown issuer"]);

    assert_eq!(server.mails().len(), 2, "the others delivered nothing");
    assert!(wait_until(support::SOON, || vigil.get("/status/text").text() == "healthy"));
    for program in [&vigil, &wrong, &wary] {
        let log = program.log().text();
        assert!(!log.contains(server::PASSWORD) && !log.contains("not-it"), "{log}");
    }
}
