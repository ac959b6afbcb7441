//! Mail to servers that are good, and to those that are not: each failure is named, and none holds a delivery past its
//! limit.

use std::fs;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;
use vigil_server::config;
use vigil_server::config::Credentials;
use vigil_server::config::Encryption;
use vigil_server::model::notice::Kind;
use vigil_server::model::notice::Notice;
use vigil_server::model::status::Status;
use vigil_server::notify::Notifier;
use vigil_server::notify::Page;
use vigil_server::notify::SendError;
use vigil_server::notify::email::Email;
use vigil_server::secret::Secret;

use crate::certificates::Authority;
use crate::certificates::LOOPBACK;
use crate::hook::Reply;
use crate::slack::target;
use crate::slack::watching;
use crate::smtp::Deed;
use crate::smtp::Fault;
use crate::smtp::Plan;
use crate::smtp::Smtp;
use crate::smtp::Stage;
use crate::support::Vigil;
use crate::support::config;
use crate::support::wait_until;

/// The limit of a delivery in the tests that wait for it.
const LIMIT: Duration = Duration::from_secs(2);

/// How the client is set up.
#[derive(Clone)]
struct Client {
    encryption: Encryption,
    login: bool,
    host: &'static str,
    ca: Option<String>,
    limit: Duration,
}

const PLAIN: Client =
    Client { encryption: Encryption::Plain, login: false, host: "127.0.0.1", ca: None, limit: Duration::from_secs(20) };

impl Client {
    /// Delivers a notice to the server on that port.
    fn deliver(&self, port: u16) -> Result<(), SendError> {
        let credentials = Credentials { username: "vigil".to_owned(), password: Secret::new("hunter2") };
        let config = config::Email {
            to: vec!["ops@example.org".parse().unwrap()],
            from: "vigil@example.org".parse().unwrap(),
            smtp_host: self.host.to_owned(),
            smtp_port: port,
            credentials: self.login.then_some(credentials),
            encryption: self.encryption,
            ca_pem: self.ca.clone().map(String::into_bytes),
        };
        let page = Page { title: "Status".to_owned(), url: "https://status.example.org/".to_owned() };
        let nobody: &[CertificateDer] = &[];
        let to = config.to[0].clone();
        Email::new(config, to, Arc::new(page), nobody, self.limit).send(&notice())
    }
}

fn notice() -> Notice {
    Notice {
        at: "2026-11-24T01:12:05Z".parse().unwrap(),
        status: Status::Healthy,
        changed: false,
        sick: false,
        dead: Vec::new(),
        more_dead: 0,
        changes: Vec::new(),
        kind: Kind::Test,
    }
}

fn always(at: Stage, deed: Deed) -> Fault {
    Fault { at, deed, always: true }
}

fn once(at: Stage, deed: Deed) -> Fault {
    Fault { at, deed, always: false }
}

/// A server that offers all that it has, and fails so.
fn failing(at: Stage, deed: Deed) -> Plan {
    Plan { auth: "LOGIN PLAIN", faults: vec![always(at, deed)], ..Plan::default() }
}

/// Delivers in each case, all at the same time; gives the errors in order.
fn deliver_all(cases: Vec<(Plan, Client)>) -> Vec<SendError> {
    let threads: Vec<_> = cases
        .into_iter()
        .map(|(plan, client)| {
            thread::spawn(move || {
                let server = Smtp::start(plan);
                let start = Instant::now();
                let result = client.deliver(server.address.port());
                let late = start.elapsed().saturating_sub(client.limit);
                assert!(late < Duration::from_secs(2), "{late:?} past the limit: {result:?}");
                assert!(server.mails().is_empty());
                result.unwrap_err()
            })
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

const STAGES: [(Stage, &str); 7] = [
    (Stage::Greeting, "waiting for the greeting"),
    (Stage::Ehlo, "waiting for the answer to EHLO"),
    (Stage::Auth, "waiting for the answer to AUTH"),
    (Stage::MailFrom, "waiting for the answer to MAIL FROM"),
    (Stage::RcptTo, "waiting for the answer to RCPT TO"),
    (Stage::Data, "waiting for the answer to DATA"),
    (Stage::Message, "waiting for the answer to the message"),
];

#[test]
fn a_server_that_hangs_or_drips_is_left_at_the_limit_and_the_error_says_where() {
    let client = Client { login: true, limit: LIMIT, ..PLAIN };
    for deed in [Deed::Hang, Deed::Drip] {
        let cases = STAGES.map(|(stage, _)| (failing(stage, deed), client.clone()));
        for (error, (_, doing)) in deliver_all(cases.into()).into_iter().zip(STAGES) {
            assert_eq!(error.what, format!("timed out after 2 s while {doing}"));
            assert!(!error.permanent);
        }
    }
}

#[test]
fn a_server_that_breaks_off_or_answers_no_smtp_is_said_to() {
    let client = Client { login: true, ..PLAIN };
    for (deed, what) in [
        (Deed::Close, "connection closed while "),
        (Deed::Flood, "the server answered no SMTP while "),
        (Deed::Answer("HTTP/1.1 400 Bad Request"), "the server answered no SMTP while "),
        (Deed::Answer("999 what"), "the server answered no SMTP while "),
        (Deed::Answer("25\u{f6} \u{1b}[31m"), "the server answered no SMTP while "),
    ] {
        let cases = STAGES.map(|(stage, _)| (failing(stage, deed), client.clone()));
        for (error, (_, doing)) in deliver_all(cases.into()).into_iter().zip(STAGES) {
            assert_eq!((error.what, error.permanent), (format!("{what}{doing}"), false));
        }
    }
    let broken = deliver_all(vec![(failing(Stage::Data, Deed::BreakOff), client)]).remove(0);
    assert_eq!(broken.what, "connection closed while waiting for the answer to the message");
}

#[test]
fn a_refusal_is_passed_on_in_the_words_of_the_server() {
    let cases = [
        (Stage::Greeting, "421 too busy", false),
        (Stage::Greeting, "554 no SMTP here", true),
        (Stage::Auth, "535 5.7.8 authentication failed", true),
        (Stage::Auth, "454 4.7.0 try later", false),
        (Stage::MailFrom, "550 who are you", true),
        (Stage::RcptTo, "451 4.7.1 greylisted", false),
        (Stage::RcptTo, "550 5.1.1 no such user", true),
        (Stage::Data, "554 no", true),
        (Stage::Message, "452 disk is full", false),
        (Stage::Message, "552 too large", true),
    ];
    let client = Client { login: true, ..PLAIN };
    let plans = cases.map(|(stage, line, _)| (failing(stage, Deed::Answer(line)), client.clone()));
    for (error, (stage, line, permanent)) in deliver_all(plans.into()).into_iter().zip(cases) {
        let (_, doing) = STAGES.into_iter().find(|(one, _)| *one == stage).unwrap();
        let (code, words) = line.split_once(' ').unwrap();
        assert_eq!(error.what, format!("the server refused with {code} while {doing}: {words}"));
        assert_eq!(error.permanent, permanent, "{line}");
    }
    let many = "550-first\r\n550-second\u{7}\r\n550 third";
    let error = deliver_all(vec![(failing(Stage::RcptTo, Deed::Answer(many)), PLAIN)]).remove(0);
    assert_eq!(error.what, "the server refused with 550 while waiting for the answer to RCPT TO: first second third");
    let long: &str = Box::leak(format!("550 {}", "x".repeat(900)).into_boxed_str());
    let error = deliver_all(vec![(failing(Stage::RcptTo, Deed::Answer(long)), PLAIN)]).remove(0);
    assert!(error.what.len() < 300, "{}", error.what);
}

#[test]
fn a_server_that_lacks_what_is_demanded_is_said_to() {
    let secure = Client { encryption: Encryption::StartTls, ..PLAIN };
    let login = Client { login: true, ..PLAIN };
    let errors = deliver_all(vec![
        (Plan::default(), secure),
        (Plan::default(), login.clone()),
        (Plan { auth: "CRAM-MD5", ..Plan::default() }, login),
    ]);
    let words: Vec<&str> = errors.iter().map(|error| error.what.as_str()).collect();
    let no_auth = "the server does not offer AUTH by PLAIN or LOGIN";
    assert_eq!(words, ["the server does not offer STARTTLS, which `smtp_encrypt` demands", no_auth, no_auth]);
}

#[test]
fn a_host_that_is_not_there_is_said_to_be_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert_eq!(PLAIN.deliver(port).unwrap_err().what, "connection refused");
    let nowhere = Client { host: "nowhere.invalid", ..PLAIN };
    let what = nowhere.deliver(port).unwrap_err().what;
    assert!(["host name not found", "host name could not be resolved"].contains(&what.as_str()), "{what}");
}

#[test]
fn a_good_server_gets_the_message_by_either_way_to_log_in() {
    for auth in ["PLAIN LOGIN", "LOGIN"] {
        let server = Smtp::start(Plan { auth, ..Plan::default() });
        Client { login: true, ..PLAIN }.deliver(server.address.port()).unwrap();
        let mail = server.mail(0);
        assert_eq!(mail.login, Some(("vigil".to_owned(), "hunter2".to_owned())), "{auth}");
        assert_eq!(
            (mail.from.as_str(), mail.to.as_str()),
            ("MAIL FROM:<vigil@example.org>", "RCPT TO:<ops@example.org>")
        );
        assert_eq!(mail.header("Subject").as_deref(), Some("TEST | Status"));
        assert!(mail.text().starts_with("Test notice from: 01:12:05 UTC+00:00\n\n--\nTime: "));
        assert!(mail.html().contains("This is a test notice"));
        assert!(!mail.tls && !mail.data.ends_with("\r\n\r\n\r\n"));
    }
}

#[test]
fn tls_is_verified_by_either_way_to_begin_it() {
    let ours = Authority::new();
    let good = ours.server(LOOPBACK).server_config();
    let other = ours.server(&["mail.example.org"]).server_config();
    let expired = ours.expired(LOOPBACK).server_config();
    for (encryption, implicit) in [(Encryption::StartTls, false), (Encryption::Implicit, true)] {
        let plan =
            |tls: &Arc<ServerConfig>| Plan { tls: Some(tls.clone()), implicit, auth: "PLAIN", ..Plan::default() };
        let client = Client { encryption, login: true, ca: Some(ours.pem()), ..PLAIN };
        for host in ["127.0.0.1", "localhost"] {
            let server = Smtp::start(plan(&good));
            Client { host, ..client.clone() }.deliver(server.address.port()).unwrap();
            let mail = server.mail(0);
            assert!(mail.tls && mail.login.is_some(), "{host}");
        }
        let two = format!("{}{}", Authority::new().pem(), ours.pem());
        let server = Smtp::start(plan(&good));
        Client { ca: Some(two), ..client.clone() }.deliver(server.address.port()).unwrap();
        let errors = deliver_all(vec![
            (plan(&good), Client { ca: None, ..client.clone() }),
            (plan(&good), Client { ca: Some(Authority::new().pem()), ..client.clone() }),
            (plan(&other), client.clone()),
            (plan(&expired), client.clone()),
        ]);
        let words: Vec<&str> = errors.iter().map(|error| error.what.as_str()).collect();
        let unknown = "TLS certificate of an unknown issuer";
        assert_eq!(words, [unknown, unknown, "TLS certificate for another host", "TLS certificate expired"]);
        assert!(errors.iter().all(|error| !error.permanent), "a certificate can be mended");
    }
}

#[test]
fn tls_that_fails_otherwise_is_said_to() {
    let ours = Authority::new();
    let tls = Some(ours.server(LOOPBACK).server_config());
    let client = |encryption| Client { encryption, ca: Some(ours.pem()), limit: LIMIT, ..PLAIN };
    let faulty = |deed| Plan { tls: tls.clone(), faults: vec![always(Stage::StartTls, deed)], ..Plan::default() };
    let begin = "while waiting for the answer to STARTTLS";
    for (plan, encryption, wanted) in [
        (faulty(Deed::Hang), Encryption::StartTls, format!("timed out after 2 s {begin}")),
        (faulty(Deed::Close), Encryption::StartTls, format!("connection closed {begin}")),
        (
            faulty(Deed::Answer("454 TLS not available")),
            Encryption::StartTls,
            format!("the server refused with 454 {begin}: TLS not available"),
        ),
        // What comes before the handshake is nobody's answer: it may be a stranger's.
        (
            faulty(Deed::Answer("220 go ahead\r\n250 stranger")),
            Encryption::StartTls,
            "the server answered no SMTP while shaking hands over TLS".to_owned(),
        ),
        (
            faulty(Deed::Answer("220 go ahead")),
            Encryption::StartTls,
            "timed out after 2 s while shaking hands over TLS".to_owned(),
        ),
        (Plan::default(), Encryption::Implicit, "TLS handshake failed: the answer is not TLS".to_owned()),
    ] {
        let error = deliver_all(vec![(plan, client(encryption))]).remove(0);
        assert_eq!((error.what, error.permanent), (wanted, false));
    }
}

/// Email alone, to that server.
fn telling(server: &Smtp, keys: &str) -> String {
    format!("[notify]\ngroup_wait = 0\ngroup_interval = 0.1\n{}", server.config(keys))
}

#[test]
fn a_greylisted_mail_comes_on_the_next_try_and_a_refused_one_never() {
    let (server, api) = (Smtp::start(Plan::default()), target());
    server.fail(once(Stage::RcptTo, Deed::Answer("451 4.7.1 greylisted, come again")));
    let vigil = Vigil::start(&config(&[telling(&server, "smtp_encrypt = false"), watching("api", &api)].concat()));
    vigil.wait_for_status("healthy");
    api.set(Reply::Status(503));
    let mail = server.mail(0);
    vigil.log().wait_for(&["WARN", "email: not delivered yet, tried again in 1 s: the server refused with 451 while "]);
    assert!(mail.header("Subject").unwrap().starts_with("DEAD | api:node:http://127.0.0.1:"));
    assert!(mail.header("From").unwrap().contains("<vigil@example.org>"));
    assert!(mail.header("Message-ID").unwrap().ends_with("@example.org>"));
    assert!(mail.text().contains("\nChange: Service api, Node api (api:node) is dead since "), "{}", mail.text());
    assert!(mail.html().contains("(api:node) is dead since"), "{}", mail.html());
    server.fail(once(Stage::RcptTo, Deed::Answer("550 5.1.1 no such user")));
    let connections = server.connections();
    api.set(Reply::Status(200));
    vigil.log().wait_for(&[
        "ERROR",
        "email: given up: the server refused with 550 while ",
        ": 5.1.1 no such user: notice of ",
    ]);
    api.set(Reply::Status(503));
    assert!(server.mail(1).header("Subject").unwrap().starts_with("DEAD"), "the refused notice is not tried again");
    assert_eq!(server.connections(), connections + 2);
    assert_ne!(mail.header("Message-ID"), server.mail(1).header("Message-ID"));
}

#[test]
fn a_server_that_drips_is_left_after_twenty_seconds_and_tried_again() {
    let (server, api) = (Smtp::start(Plan::default()), target());
    server.fail(once(Stage::Data, Deed::Drip));
    let vigil = Vigil::start(&config(&[telling(&server, "smtp_encrypt = false"), watching("api", &api)].concat()));
    vigil.wait_for_status("healthy");
    api.set(Reply::Status(503));
    assert!(wait_until(Duration::from_secs(40), || !server.mails().is_empty()), "{}", vigil.log().text());
    vigil
        .log()
        .wait_for(&["tried again in 1 s: timed out after 20 s while waiting for the answer to DATA: notice of "]);
}

#[test]
fn a_private_authority_is_trusted_when_the_configuration_names_it() {
    let (ours, folder, api) = (Authority::new(), TempDir::new().unwrap(), target());
    let file = folder.path().join("ca.pem");
    fs::write(&file, ours.pem()).unwrap();
    let plan = Plan { tls: Some(ours.server(LOOPBACK).server_config()), auth: "PLAIN", ..Plan::default() };
    let login = "smtp_username = \"vigil\"\nsmtp_password = \"hunter2\"";
    let (trusted, untrusted) = (Smtp::start(plan.clone()), Smtp::start(plan));
    let keys = format!("{login}\nsmtp_ca_file = {:?}", file.to_str().unwrap());
    let vigil = Vigil::start(&config(&[telling(&trusted, &keys), watching("api", &api)].concat()));
    let wary = Vigil::start(&config(&[telling(&untrusted, login), watching("api", &api)].concat()));
    vigil.wait_for_status("healthy");
    wary.wait_for_status("healthy");
    api.set(Reply::Status(503));
    assert!(trusted.mail(0).tls);
    wary.log().wait_for(&["email: not delivered yet, tried again in 1 s: TLS certificate of an unknown issuer: "]);
    assert!(untrusted.mails().is_empty());
    for log in [vigil.log().text(), wary.log().text()] {
        assert!(!log.contains("hunter2"));
    }
}
