//! HTTPS targets with good and with faulty certificates, under a CA of our own.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::sync::Arc;
use std::sync::Mutex;

use rcgen::BasicConstraints;
use rcgen::IsCa;
use rustls::ServerConnection;
use rustls::Stream;
use tempfile::TempDir;

use crate::certificates::Authority;
use crate::certificates::Identity;
use crate::support::SOON;
use crate::support::Vigil;
use crate::support::config;
use crate::support::polled;
use crate::support::wait_until;
use crate::target::Target;
use crate::target::wait_for_end;

/// The address of every target, as its certificate has it.
const HOST: &str = "127.0.0.1";

/// A target that shows that certificate and answers 200.
fn showing(identity: &Identity) -> Target {
    let config = identity.server_config();
    Target::greeting(move |stream| {
        let mut connection = ServerConnection::new(config.clone()).unwrap();
        let mut tls = Stream::new(&mut connection, stream);
        let mut request = [0; 4096];
        // One that does not like the certificate closes the connection.
        if tls.read(&mut request).is_ok_and(|count| count > 0) {
            let _ = tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    })
}

/// A target that reads the greeting and answers with these bytes.
fn saying(bytes: &'static [u8]) -> Target {
    Target::greeting(move |stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(bytes);
        wait_for_end(stream);
    })
}

/// A hello of a server that speaks TLS 1.1: record and message of the version 3.2, the cipher suite
/// `TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA`, no compression.
const HELLO_OF_TLS_1_1: &[u8] = &{
    let head = [0x16, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
    let mut hello = [7; 47];
    let mut at = 0;
    while at < head.len() {
        hello[at] = head[at];
        at += 1;
    }
    (hello[43], hello[44], hello[45], hello[46]) = (0, 0xc0, 0x13, 0);
    hello
};

/// The fatal alert `protocol_version`.
const ALERT: &[u8] = &[0x15, 3, 1, 0, 2, 2, 70];

#[test]
fn certificates_are_verified_and_what_is_wrong_is_named() {
    let [ours, other, namesake] = ["Our CA", "Another CA", "Our CA"].map(Authority::named);
    let cases = [
        (showing(&ours.server(&[HOST])), "healthy"),
        (showing(&ours.valid(&[HOST], 2000, 2020)), "dead: TLS certificate expired"),
        (showing(&ours.valid(&[HOST], 2090, 2100)), "dead: TLS certificate not valid yet"),
        (showing(&ours.server(&["elsewhere.example"])), "dead: TLS certificate for another host"),
        (showing(&other.server(&[HOST])), "dead: TLS certificate of an unknown issuer"),
        (showing(&namesake.server(&[HOST])), "dead: TLS certificate of an unknown issuer"),
        (showing(&Identity::self_signed(&[HOST], IsCa::NoCa)), "dead: TLS certificate of an unknown issuer"),
        // So does `openssl req -x509` make them.
        (
            showing(&Identity::self_signed(&[HOST], IsCa::Ca(BasicConstraints::Unconstrained))),
            "dead: TLS handshake failed: the certificate is one of a CA, not of a host",
        ),
        (saying(b"220 mail.example.com ESMTP\r\n"), "dead: TLS handshake failed: the answer is not TLS"),
        (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "dead: TLS handshake failed: the answer is not TLS"),
        (
            saying(HELLO_OF_TLS_1_1),
            "dead: TLS handshake failed: the host offers neither TLS 1.2 nor 1.3 in a common form",
        ),
        (saying(ALERT), "dead: TLS handshake failed: refused by the host (ProtocolVersion)"),
        (Target::greeting(|_| ()), "dead: connection closed while shaking hands over TLS"),
    ];
    check(&ours.pem(), "", &cases);
}

#[test]
fn a_handshake_that_hangs_is_cut_short_at_the_deadline() {
    let cases = [
        (Target::greeting(wait_for_end), "dead: timed out after 1 s while shaking hands over TLS"),
        (saying(&HELLO_OF_TLS_1_1[..9]), "dead: timed out after 1 s while shaking hands over TLS"),
    ];
    check(&Authority::new().pem(), "poll_delay_dead = 1", &cases);
}

#[test]
fn without_roots_every_certificate_is_of_an_unknown_issuer_and_that_is_warned_about() {
    let target = showing(&Identity::self_signed(&[HOST], IsCa::NoCa));
    let vigil = start("", "", &[&target]);
    vigil.log().wait_for(&["WARN", "the system has no root certificates"]);
    vigil.log().wait_for(&["replica t0:node", "dead: TLS certificate of an unknown issuer"]);
}

fn check(roots: &str, metrics: &str, cases: &[(Target, &str)]) {
    let targets: Vec<&Target> = cases.iter().map(|(target, _)| target).collect();
    let vigil = start(roots, metrics, &targets);
    for (at, (_, wanted)) in cases.iter().enumerate() {
        vigil.log().wait_for(&[&format!("replica t{at}:node:"), &format!(" is {wanted}")]);
        if let Some((_, cause)) = wanted.split_once(": ") {
            vigil.wait_for_page(&format!(">{cause}<"));
        }
    }
}

/// Starts the program with these roots alone.
fn start(roots: &str, metrics: &str, targets: &[&Target]) -> Vigil {
    let services = targets.iter().enumerate().map(|(at, target)| polled(&format!("t{at}"), &[&url(target)]));
    start_with(roots, &format!("{metrics}\n{}", services.collect::<String>()))
}

fn url(target: &Target) -> String {
    format!("https://{}/", target.address)
}

/// The same with these services.
fn start_with(roots: &str, services: &str) -> Vigil {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("roots.pem");
    fs::write(&file, roots).unwrap();
    let environment = [("SSL_CERT_FILE", file.to_str().unwrap())];
    // The roots are read before the program says where it listens.
    Vigil::start_with(&config(services), &environment)
}

#[test]
fn a_node_may_trust_a_ca_of_its_own_besides_those_of_the_system_or_anybody() {
    let [system, own] = ["The system's CA", "A CA of ours"].map(Authority::named);
    let folder = TempDir::new().unwrap();
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, own.pem()).unwrap();
    let ca = format!("http_ca_file = \"{}\"", ca.display());
    let [of_system, of_own] = [&system, &own].map(|authority| showing(&authority.server(&[HOST])));
    let expired = showing(&own.expired(&["elsewhere.example"]));
    let unknown = "dead: TLS certificate of an unknown issuer";
    let cases = [
        (&of_system, "", "healthy"),
        (&of_own, "", unknown),
        (&of_system, ca.as_str(), "healthy"),
        (&of_own, ca.as_str(), "healthy"),
        (&expired, ca.as_str(), "dead: TLS certificate expired"),
        (&expired, "http_tls_verify = false", "healthy"),
        (&expired, "http_tls_verify = false\nhttp_tls_expiry_sick_below = 1", "sick: TLS certificate expired"),
    ];
    let nodes = cases.iter().enumerate();
    let nodes = nodes.map(|(at, (target, keys, _))| format!("{}{keys}\n", polled(&format!("t{at}"), &[&url(target)])));
    let vigil = start_with(&system.pem(), &nodes.collect::<String>());
    for (at, (_, keys, wanted)) in cases.iter().enumerate() {
        let line = vigil.log().wait_for(&[&format!("replica t{at}:node:"), " is "]);
        assert!(line.contains(&format!(" is {wanted}")), "{keys}: {line}");
    }
    vigil.log().wait_for(&["WARN", "http_tls_verify: is `false`, so anybody on the way can pass for the target"]);
}

#[test]
fn the_life_of_a_certificate_is_shown_and_a_short_one_is_sick() {
    let authority = Authority::new();
    let node = |id, days, keys: &str| {
        let target = showing(&authority.lasting(&[HOST], days));
        format!("{}{keys}\n", polled(id, &[&url(&target)]))
    };
    let nodes = [
        node("long", 23, "http_tls_expiry_sick_below = 21"),
        node("short", 20, "http_tls_expiry_sick_below = 21"),
        node("carefree", 0, ""),
    ];
    let vigil = start_with(&authority.pem(), &nodes.concat());
    vigil.log().wait_for(&["replica long:node:", " is healthy"]);
    vigil.log().wait_for(&["replica short:node:", " is sick: TLS certificate expires in 20 days"]);
    vigil.log().wait_for(&["replica carefree:node:", " is healthy"]);
    for what in
        ["valid for 23 days", "valid for 20 days", ">TLS certificate expires in 20 days<", "valid for less than a day"]
    {
        vigil.wait_for_page(what);
    }
}

/// A target that begins as that protocol does and goes on inside TLS; what it hears there goes into the log of `heard`.
fn upgrading(identity: &Identity, greeting: &'static str, answers: &'static [&'static str], heard: &Heard) -> Target {
    let (config, heard) = (identity.server_config(), heard.clone());
    Target::greeting(move |stream| {
        let _ = stream.write_all(greeting.as_bytes());
        for answer in answers {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
        let mut connection = ServerConnection::new(config.clone()).unwrap();
        let mut tls = Stream::new(&mut connection, stream);
        let mut words = [0; 64];
        if let Ok(count) = tls.read(&mut words) {
            heard.lock().unwrap().push(String::from_utf8_lossy(&words[..count]).into_owned());
        }
    })
}

type Heard = Arc<Mutex<Vec<String>>>;

#[test]
fn a_handshake_is_a_check_of_its_own() {
    let authority = Authority::new();
    let good = authority.lasting(&[HOST], 5);
    let heard = Heard::default();
    let smtp: &[&str] = &["250-hi\r\n250 STARTTLS\r\n", "220 go\r\n"];
    let target = |target: &Target, more: &str| format!("tls://{}{more}", target.address);
    let [plain, expired] = [&good, &authority.expired(&[HOST])].map(showing);
    let mail = upgrading(&good, "220-hi\r\n220 there\r\n", smtp, &heard);
    let boxes = upgrading(&good, "* OK hi\r\n", &["* OK wait\r\na OK go\r\n"], &heard);
    let other = upgrading(&Authority::new().server(&[HOST]), "220 hi\r\n", smtp, &heard);
    let without = upgrading(&good, "220 hi\r\n", &["250 hi\r\n"], &heard);
    let silent = Target::greeting(wait_for_end);
    let cases = [
        (target(&plain, ""), "", "healthy"),
        (target(&plain, ""), "http_tls_expiry_sick_below = 6", "sick: TLS certificate expires in 5 days"),
        (target(&expired, ""), "", "dead: TLS certificate expired"),
        (target(&expired, ""), "http_tls_verify = false", "healthy"),
        (target(&mail, "?starttls=smtp"), "", "healthy"),
        (target(&mail, "?starttls=imap"), "", "dead: malformed answer: no IMAP"),
        (target(&mail, ""), "", "dead: TLS handshake failed: the answer is not TLS"),
        (target(&boxes, "?starttls=imap"), "", "healthy"),
        (target(&other, "?starttls=smtp"), "", "dead: TLS certificate of an unknown issuer"),
        (target(&without, "?starttls=smtp"), "", "dead: the server does not offer STARTTLS"),
        (target(&silent, ""), "", "dead: timed out after 2 s while shaking hands over TLS"),
        (target(&silent, "?starttls=smtp"), "", "dead: timed out after 2 s while waiting for the answer"),
        ("tls://127.0.0.1:1".to_owned(), "", "dead: connection refused"),
        ("tls://nowhere.invalid:443".to_owned(), "", "dead: host name "),
    ];
    let nodes = cases.iter().enumerate();
    let nodes = nodes.map(|(at, (url, keys, _))| format!("{}{keys}\n", polled(&format!("t{at}"), &[url])));
    let vigil = start_with(&authority.pem(), &format!("poll_delay_dead = 2\n{}", nodes.collect::<String>()));
    for (at, (url, _, wanted)) in cases.iter().enumerate() {
        let line = vigil.log().wait_for(&[&format!("replica t{at}:node:"), " is "]);
        assert!(line.contains(&format!(" is {wanted}")), "{url}: {line}");
    }
    vigil.wait_for_page("Checked by a TLS handshake");
    vigil.wait_for_page("valid for 5 days");
    let said = |word: &str| heard.lock().unwrap().iter().any(|line| line == word);
    assert!(wait_until(SOON, || said("QUIT\r\n") && said("b LOGOUT\r\n")), "{:?}", heard.lock().unwrap());
}
