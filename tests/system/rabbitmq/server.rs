//! A private RabbitMQ in a folder of its own, on ports of its own, with its management API; it ends with the value.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::Log;
use crate::support::wait_until;

/// How long it may take to start: some seconds, and more on a machine that compiles meanwhile.
const START: Duration = Duration::from_secs(120);

/// A server that runs.
pub(crate) struct RabbitMq {
    /// Where the management API listens on the loopback address.
    pub(crate) port: u16,
    children: Vec<Child>,
    log: Log,
    _folder: TempDir,
}

impl RabbitMq {
    /// Starts it, and waits until its API answers.
    pub(crate) fn start() -> Self {
        for needed in ["/usr/lib/rabbitmq/bin/rabbitmq-server", "/usr/bin/epmd", "/usr/bin/setpriv", "/usr/bin/curl"] {
            assert!(
                Path::new(needed).exists(),
                "{needed} is not there: apt-get install rabbitmq-server util-linux curl"
            );
        }
        let folder = TempDir::with_prefix("vigil-rabbitmq-").unwrap();
        // It chooses none of its ports itself: for names of nodes, for other nodes, for messages, for the API.
        let free = [(); 4].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [names, nodes, messages, port] = free.each_ref().map(|one| one.local_addr().unwrap().port());
        drop(free);
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        fs::create_dir(path("home")).unwrap();
        fs::write(path("enabled_plugins"), "[rabbitmq_management].\n").unwrap();
        fs::write(
            path("rabbitmq.conf"),
            format!(
                "listeners.tcp.1 = 127.0.0.1:{messages}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {port}\n\
                 collect_statistics_interval = 500\nlog.console = true\nlog.file = false\n"
            ),
        )
        .unwrap();
        let log = Log::default();
        let mut children = Vec::new();
        let mut start = |command: &[&str], environment: &[(&str, String)]| {
            // Neither outlives the test, however that ends.
            let mut child = Command::new("setpriv")
                .args(["--pdeathsig", "KILL"])
                .args(command)
                .env_clear()
                .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
                .env("HOME", path("home"))
                .env("ERL_EPMD_PORT", names.to_string())
                .envs(environment.iter().map(|(name, value)| (*name, value.as_str())))
                .current_dir(folder.path())
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            log.follow(child.stdout.take().unwrap());
            log.follow(child.stderr.take().unwrap());
            children.push(child);
        };
        start(&["epmd", "-port", &names.to_string(), "-address", "127.0.0.1"], &[]);
        let environment = [
            ("RABBITMQ_NODENAME", "vigil@localhost".to_owned()),
            ("RABBITMQ_BASE", path("")),
            ("RABBITMQ_CONF_ENV_FILE", path("none")),
            ("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf")),
            ("RABBITMQ_ADVANCED_CONFIG_FILE", path("none.config")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", path("enabled_plugins")),
            ("RABBITMQ_FEATURE_FLAGS_FILE", path("feature_flags")),
            ("RABBITMQ_GENERATED_CONFIG_DIR", path("generated")),
            ("RABBITMQ_LOG_BASE", path("log")),
            ("RABBITMQ_MNESIA_BASE", path("mnesia")),
            ("RABBITMQ_PID_FILE", path("pid")),
            ("RABBITMQ_DIST_PORT", nodes.to_string()),
            ("RABBITMQ_SERVER_START_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}".to_owned()),
            // No shell stays in front of it, which would have to be ended, too.
            ("RUNNING_UNDER_SYSTEMD", "true".to_owned()),
        ];
        start(&["/usr/lib/rabbitmq/bin/rabbitmq-server"], &environment);
        let server = Self { port, children, log, _folder: folder };
        let up = wait_until(START, || server.ask("GET", "/overview", "") == "200");
        assert!(up, "RabbitMQ does not answer:\n{}", server.log.text());
        server
    }

    /// Adds a user who may use the API.
    pub(crate) fn add_user(&self, name: &str, password: &str) {
        self.make(&format!("/users/{name}"), &format!(r#"{{"password":"{password}","tags":"management"}}"#));
    }

    /// Has a user see a virtual host, and no more than that.
    pub(crate) fn admit(&self, host: &str, name: &str) {
        let nothing = r#"{"configure":"^$","write":"^$","read":"^$"}"#;
        self.make(&format!("/permissions/{}/{name}", encoded(host)), nothing);
    }

    /// Adds a virtual host.
    pub(crate) fn add_host(&self, name: &str) {
        self.make(&format!("/vhosts/{}", encoded(name)), "{}");
    }

    /// Adds a queue.
    pub(crate) fn add_queue(&self, host: &str, name: &str) {
        self.make(&format!("/queues/{}/{}", encoded(host), encoded(name)), "{}");
    }

    /// Sends that many messages to a queue.
    pub(crate) fn publish(&self, host: &str, queue: &str, messages: usize) {
        let path = format!("/exchanges/{}/amq.default/publish", encoded(host));
        let message =
            format!(r#"{{"properties":{{}},"routing_key":"{queue}","payload":"x","payload_encoding":"string"}}"#);
        for _ in 0..messages {
            assert_eq!(self.ask("POST", &path, &message), "200", "{}", self.log.text());
        }
    }

    /// Drops all messages of a queue.
    pub(crate) fn purge(&self, host: &str, queue: &str) {
        let path = format!("/queues/{}/{}/contents", encoded(host), encoded(queue));
        assert_eq!(self.ask("DELETE", &path, ""), "204", "{}", self.log.text());
    }

    /// Ends it, and waits for that.
    pub(crate) fn stop(self) {
        drop(self);
    }

    fn make(&self, path: &str, what: &str) {
        let code = self.ask("PUT", path, what);
        assert!(code == "201" || code == "204", "{path}: {code}\n{}", self.log.text());
    }

    /// The status of the answer; `000` when there is none.
    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let url = format!("http://127.0.0.1:{}/api{path}", self.port);
        let asked = Command::new("curl")
            .args(["--silent", "--user", "guest:guest", "--max-time", "20", "--output", "/dev/null"])
            .args(["--write-out", "%{http_code}", "--request", method, "--header", "Content-Type: application/json"])
            .args(["--data", body, &url])
            .output();
        String::from_utf8(asked.unwrap().stdout).unwrap()
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A name as it stands in a path.
fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
