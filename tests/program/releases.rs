//! The files of `tests/config/releases`, each with every key of its release of the public Vigil, are started as they are,
//! but for the addresses in them, which become those of servers of the test: the page answers, what is watched is
//! asked, reports are taken, and people are told.

use std::fs;
use std::io::Write;
use std::net::TcpListener;

use serde_json::Value;

use crate::smtp::Plan;
use crate::smtp::Smtp;
use crate::support::SOON;
use crate::support::Vigil;
use crate::support::wait_until;
use crate::target::Asked;
use crate::target::Target;

/// What `RabbitMQ` says of a queue in which more wait than the 500 of the files, and fewer than their 20,000.
const LOADED_QUEUE: &str = r#"{ "name": "sockets", "messages_ready": 600, "messages_unacknowledged": 3 }"#;

#[test]
fn v1_0_0() {
    check("1.0.0");
}

#[test]
fn v1_2_0() {
    check("1.2.0");
}

#[test]
fn v1_4_0() {
    check("1.4.0");
}

#[test]
fn v1_8_0() {
    check("1.8.0");
}

#[test]
fn v1_11_0() {
    check("1.11.0");
}

#[test]
fn v1_12_0() {
    check("1.12.0");
}

#[test]
fn v1_15_0() {
    check("1.15.0");
}

#[test]
fn v1_20_0() {
    check("1.20.0");
}

#[test]
fn v1_23_0() {
    check("1.23.0");
}

#[test]
fn v1_24_0() {
    check("1.24.0");
}

#[test]
fn v1_29_0() {
    check("1.29.0");
}

#[test]
fn a_folder_of_assets_that_is_not_there_is_missed_unless_it_is_that_of_old_files() {
    for (path, is_missed) in [("./res/assets/", false), ("./own/", true)] {
        let more = format!("[assets]\npath = {path:?}\n{}", crate::support::polled("web", &["tcp://127.0.0.1:1"]));
        let vigil = Vigil::start(&crate::support::config(&more));
        // What is said of them is said before anything is asked.
        vigil.log().wait_for(&["is dead: "]);
        let log = vigil.log().text();
        let missed = format!("[assets] path: `{path}` is not a folder; the built-in assets are used");
        assert_eq!(log.contains(&missed), is_missed, "{log}");
    }
}

/// Starts the file of that release and looks at all that it asks for.
fn check(release: &str) {
    let scene = Scene::start(release);
    scene.shows_its_page();
    scene.asks_its_targets();
    scene.takes_reports();
    scene.tells_people();
    scene.has_the_routes_of_its_release();
    scene.vigil.wait_for_status("dead");
    let log = scene.vigil.log().text();
    assert!(!log.contains("[assets]"), "a folder that is of no use any more is missed: {log}");
}

/// A program that runs with the file of a release, and what it meets.
struct Scene {
    release: [u32; 3],
    vigil: Vigil,
    /// All that is spoken to over HTTP, each below a path of its own.
    hub: Target,
    mail: Smtp,
}

impl Scene {
    fn start(release: &str) -> Self {
        let hub = Target::new(Box::new(|stream, asked| {
            let path = asked.head.split(' ').nth(1).unwrap_or_default();
            let body = match path.split('?').next().unwrap_or_default() {
                "/rabbitmq/api/queues/acme/sockets" => LOADED_QUEUE,
                "/api/health" => "all is well",
                _ => "{}",
            };
            let sent = if asked.method() == "HEAD" { "" } else { body };
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
            let _ = stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{sent}", body.len()).as_bytes());
        }));
        let ssh = Target::greeting(|stream| {
            let _ = stream.write_all(&ssh_greeting());
            crate::target::wait_for_end(stream);
        });
        let mail = Smtp::start(Plan { auth: "PLAIN LOGIN", ..Plan::default() });
        // Nothing listens there any more.
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (at, ssh, mailer) = (hub.address, ssh.address, mail.address);
        let mut text = fs::read_to_string(format!("tests/config/releases/v{release}.cfg")).unwrap();
        for (written, here) in [
            ("inet = \"[::1]:8080\"", "inet = \"127.0.0.1:0\"".to_owned()),
            ("https://edge-1.acme.example", format!("http://{at}/edge")),
            ("tcp://edge-2.acme.example:3306", format!("tcp://{at}")),
            ("icmp://edge-3.acme.example", "icmp://127.0.0.1".to_owned()),
            ("ssh://edge-4.acme.example:22", format!("ssh://{ssh}")),
            ("https://api.acme.example/health", format!("http://{at}/api/health")),
            ("tcp://backup.acme.example:1", format!("tcp://{closed}")),
            ("http://127.0.0.1:15672", format!("http://{at}/rabbitmq")),
            ("smtp_host = \"localhost\"", "smtp_host = \"127.0.0.1\"".to_owned()),
            ("smtp_port = 587", format!("smtp_port = {}", mailer.port())),
            ("https://hooks.slack.com/services", format!("http://{at}/slack")),
            ("https://zulip.acme.example", format!("http://{at}/zulip")),
            ("https://push.acme.example", format!("http://{at}/gotify")),
            ("https://matrix.acme.example", format!("http://{at}/matrix")),
            ("https://webex.acme.example", format!("http://{at}/webex")),
            ("https://hooks.acme.example", format!("http://{at}/webhook")),
            // These have one address, of which the public Vigil has no key.
            ("[notify.twilio]", format!("[notify.twilio]\napi_url = \"http://{at}/twilio/\"")),
            ("[notify.telegram]", format!("[notify.telegram]\napi_url = \"http://{at}/telegram/\"")),
            ("[notify.pushover]", format!("[notify.pushover]\napi_url = \"http://{at}/pushover/\"")),
        ] {
            text = text.replace(written, &here);
        }
        let mut parts = release.split('.').map(|part| part.parse().unwrap());
        let release = [(); 3].map(|()| parts.next().unwrap());
        Self { release, vigil: Vigil::start_with(&text, &[("RUST_LOG", "info")]), hub, mail }
    }

    /// Whether the release has what came with that one.
    fn has(&self, since: [u32; 3]) -> bool {
        self.release >= since
    }

    fn shows_its_page(&self) {
        let page = self.vigil.get("/");
        assert_eq!(page.status, 200);
        let page = page.text();
        for part in ["Acme Status", "Acme Works", "https://acme.example/logo.svg", "mailto:support@acme.example"] {
            assert!(page.contains(part), "{part}");
        }
        assert!(page.contains("<meta name=\"acme\" content=\"status\">"));
        for label in ["Web nodes", "Core main router", "Backup router", "Relay nodes", "Realtime sockets"] {
            assert!(page.contains(label), "{label}");
        }
        for (part, since) in [
            ("Behind the firewall", [1, 18, 0]),
            ("Disk space", [1, 17, 0]),
            ("https://acme.example/router", [1, 27, 0]),
            ("About the router", [1, 27, 0]),
        ] {
            assert_eq!(page.contains(part), self.has(since), "{part}");
        }
        // Replicas are named only where the file says so.
        assert_eq!(page.contains(&format!("tcp://{}", self.hub.address)), self.has([1, 25, 0]));
    }

    fn asks_its_targets(&self) {
        self.wait("router", |scene| {
            let replicas = scene.replicas("Core main router");
            let pings = replicas.get(2).is_none_or(|ping| ping == "healthy" || ping == "unknown");
            let begins = replicas.get(3).is_none_or(|ssh| ssh == "healthy");
            replicas.iter().take(2).all(|one| one == "healthy") && replicas.len() >= 2 && pings && begins
        });
        self.wait("backup", |scene| scene.replicas("Backup router") == ["dead"]);
        if self.has([1, 2, 0]) {
            self.wait("api", |scene| scene.replicas("API") == ["healthy"]);
            let asked = self.asked("/api/health");
            let first = asked.first().unwrap();
            if self.has([1, 22, 0]) {
                assert_eq!((first.method(), first.body.as_str()), ("POST", "ping"));
                assert_eq!(first.header("x-acme"), ["vigil"]);
                assert_eq!(first.header("accept"), ["text/plain", "text/html"]);
            } else {
                assert_eq!(first.method(), "GET");
            }
        }
        if self.has([1, 17, 0]) {
            self.wait("script", |scene| scene.replicas("Disk space") == ["healthy", "sick"]);
        }
    }

    fn takes_reports(&self) {
        let report = |token: &str, path: &str, body: &str| {
            let login = format!("Basic {}", base64(&format!(":{token}")));
            let headers = [("Authorization", login.as_str()), ("Content-Type", "application/json")];
            self.vigil.request("POST", path, &headers, body.as_bytes()).status
        };
        let load = r#"{ "replica": "one", "interval": 60, "load": { "cpu": 0.2, "ram": 0.3 } }"#;
        assert_eq!(report("wrong", "/reporter/relay/sockets/", load), 403);
        assert_eq!(report("hunter2-reporter", "/reporter/relay/sockets/", load), 200);
        if self.has([1, 1, 0]) {
            self.wait("queue", |scene| scene.node("Realtime sockets")["status"] == "sick");
            let asked = self.asked("/rabbitmq/api/queues/acme/sockets");
            let login = format!("Basic {}", base64("rabbitmq-administrator:hunter2-rabbitmq"));
            assert_eq!(asked.first().unwrap().header("authorization"), [login]);
        } else {
            self.wait("reports", |scene| scene.replicas("Realtime sockets") == ["healthy"]);
        }
        let overloaded = load.replace("0.2", "0.97");
        assert_eq!(report("hunter2-reporter", "/reporter/relay/sockets/", &overloaded), 200);
        self.wait("load", |scene| scene.replicas("Realtime sockets").contains(&"sick".to_owned()));
        if self.has([1, 18, 0]) {
            let health = r#"{ "replica": "db", "interval": 60, "health": "sick" }"#;
            assert_eq!(report("hunter2-reporter", "/reporter/relay/lan/", health), 200);
            self.wait("local", |scene| scene.replicas("Behind the firewall") == ["sick"]);
        }
    }

    fn tells_people(&self) {
        self.told("/slack/hunter2", "Backup router");
        let slack = self.asked("/slack/hunter2");
        let mentions = slack.iter().any(|asked| asked.body.contains("<!channel>"));
        assert_eq!(mentions, self.has([1, 11, 1]));
        self.wait("mail", |scene| scene.mail.mails().iter().any(|mail| mail.text().contains("Backup router")));
        let mail = self.mail.mail(0);
        assert!(mail.from.contains("<status@acme.example>") && mail.to.contains("<ops@acme.example>"), "{mail:?}");
        assert_eq!(mail.login, Some(("user-access".to_owned(), "hunter2-smtp".to_owned())));
        let zulip = format!("Basic {}", base64("vigil-bot@acme.example:hunter2-zulip"));
        let matrix = "/matrix/_matrix/client/";
        // What is dead when all was checked once is told by the notice after the start, where that is asked for.
        let starts = self.has([1, 15, 0]);
        let first = if starts { "\"type\":\"startup\"" } else { "\"type\":\"changed\"" };
        for (path, since, parts) in [
            ("/webhook/hunter2", [1, 10, 0], ["backup", first]),
            ("/gotify/message", [1, 19, 0], ["backup", "hunter2-gotify"]),
            (matrix, [1, 20, 0], ["backup", "hunter2-matrix"]),
            ("/zulip/api/v1/messages", [1, 22, 0], [zulip.as_str(), "to=status"]),
            ("/webex/v1/messages", [1, 23, 1], ["Bearer hunter2-webex", "hunter2-room"]),
        ] {
            if self.has(since) {
                for part in parts {
                    self.told(path, part);
                }
            }
        }
        if self.has([1, 4, 0]) && !self.has([1, 9, 0]) {
            self.told("/twilio/2010-04-01/Accounts/hunter2-account/Messages.json", "From=%2B15550102");
        }
        if self.has([1, 5, 0]) {
            self.told("/slack/hunter2", "still");
            self.reminds_those_who_only_want_that();
        }
        if self.has([1, 15, 0]) {
            self.told("/slack/hunter2", "started up");
        }
    }

    /// Twilio, Telegram and Pushover carry only reminders in these files, once that key is there.
    fn reminds_those_who_only_want_that(&self) {
        let twilio = "/twilio/2010-04-01/Accounts/hunter2-account/Messages.json";
        let telegram = "/telegram/bothunter2-telegram/sendMessage";
        for (path, since, parts) in [
            (twilio, [1, 9, 0], ["MessagingServiceSid=hunter2-service", "To=%2B15550101"]),
            ("/pushover/1/messages.json", [1, 11, 0], ["hunter2-pushover", "hunter2-user-2"]),
            (telegram, [1, 15, 0], ["-100123456", "backup"]),
            (telegram, [1, 28, 0], ["\"message_thread_id\":7", "backup"]),
        ] {
            if self.has(since) {
                for part in parts {
                    self.told(path, part);
                }
                assert!(!self.asked(path).iter().any(|asked| asked.body.contains("changed")), "{path}");
            }
        }
    }

    fn has_the_routes_of_its_release(&self) {
        let headers = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")];
        let ping = br#"{ "jsonrpc": "2.0", "id": 1, "method": "ping" }"#;
        let status = self.vigil.request("POST", "/mcp/probes", &headers, ping).status;
        assert_eq!(status, if self.has([1, 28, 0]) { 200 } else { 404 });
        let login = format!("Basic {}", base64(":hunter2-manager"));
        let alerts = self.vigil.request("GET", "/manager/prober/alerts", &[("Authorization", &login)], b"");
        let opens = self.has([1, 24, 0]);
        assert_eq!(alerts.status, if opens { 200 } else { 404 });
        if opens {
            assert!(alerts.text().contains(r#""node":"backup""#), "{}", alerts.text());
        }
    }

    /// Waits until something was sent to that path that says so, in its head or in its body.
    fn told(&self, path: &str, what: &str) {
        let says = |asked: &Asked| asked.body.contains(what) || asked.head.contains(what);
        self.wait(&format!("{path}: {what}"), |scene| scene.asked(path).iter().any(says));
    }

    /// What was asked of the hub, where its path begins so.
    fn asked(&self, path: &str) -> Vec<Asked> {
        let begins = |asked: &Asked| asked.head.split(' ').nth(1).is_some_and(|one| one.starts_with(path));
        self.hub.asked().into_iter().filter(begins).collect()
    }

    fn wait(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let heads =
            || self.hub.asked().iter().map(|asked| asked.head.clone() + &asked.body).collect::<Vec<_>>().join("\n");
        let report = || self.vigil.get("/status/report").text();
        assert!(wait_until(SOON, || holds(self)), "{what}: {}\n{}\n{}", report(), self.vigil.log().text(), heads());
    }

    /// The statuses of the replicas of the node with that label.
    fn replicas(&self, label: &str) -> Vec<String> {
        let text = |status: &Value| status.as_str().unwrap_or("unknown").to_owned();
        self.node(label)["replicas"].as_array().unwrap().iter().map(text).collect()
    }

    /// The node with that label, as `/status/report` has it.
    fn node(&self, label: &str) -> Value {
        let report: Value = serde_json::from_str(&self.vigil.get("/status/report").text()).unwrap();
        let services = report["probes"].as_array().unwrap().iter();
        let mut nodes = services.flat_map(|service| service["nodes"].as_array().unwrap());
        nodes.find(|node| node["name"] == label).unwrap().clone()
    }
}

/// What an SSH server says first: its version, and how it can exchange keys.
fn ssh_greeting() -> Vec<u8> {
    let mut payload = vec![20];
    payload.extend([7; 16]);
    for _ in 0..10 {
        payload.extend([0, 0, 0, 4]);
        payload.extend(b"none");
    }
    payload.extend([0; 5]);
    let padding = 8 - (4 + 1 + payload.len() + 4) % 8 + 4;
    let length = u32::try_from(1 + payload.len() + padding).unwrap();
    let mut all = b"SSH-2.0-Test\r\n".to_vec();
    all.extend(length.to_be_bytes());
    all.push(u8::try_from(padding).unwrap());
    all.extend(payload);
    all.resize(all.len() + padding, 0);
    all
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}
