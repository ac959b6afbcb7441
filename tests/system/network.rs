//! Checks whose other side is the system itself: pings between network namespaces that lose them, as whoever may ping
//! and as one who may not, a name server that is silent, and a real SSH server.
//!
//! It needs root, and the Debian packages `iproute2`, `iptables`, `openssh-server` and `util-linux`. `cargo test` leaves
//! it out; `scripts/test`, or `cargo test --test network`, runs it.
#![expect(clippy::disallowed_methods, reason = "these tests wait for what a real program does in real time")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "a test that cannot go on fails, and is in no hurry"
)]

#[path = "network/hosts.rs"]
mod hosts;
#[path = "network/server.rs"]
mod server;
#[path = "../program/support.rs"]
#[allow(dead_code, reason = "this test uses a part of it")]
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use tempfile::TempDir;

use hosts::Hosts;
use server::Sshd;
use support::Log;
use support::SOON;
use support::Vigil;
use support::config;
use support::polled;
use support::wait_until;

/// Whoever runs Vigil.
const ROOT: &[&str] = &[];
/// As a service does whose unit has `AmbientCapabilities=CAP_NET_RAW`.
const CAPABLE: &[&str] =
    &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+net_raw", "--ambient-caps=+net_raw"];
const NOBODY: &[&str] =
    &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"];

/// Vigil on another host, of which only the log is to be seen; it ends with the value.
struct Watcher {
    child: Child,
    log: Log,
    _folder: TempDir,
}

impl Watcher {
    fn start(hosts: &Hosts, user: &[&str], config: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let (program, file) = (folder.path().join("vigil"), folder.path().join("vigil.cfg"));
        fs::copy(env!("CARGO_BIN_EXE_vigil"), &program).unwrap();
        fs::write(&file, format!("{config}\n[storage]\nurl = \"memory:\"\n")).unwrap();
        for (path, mode) in [(folder.path(), 0o755), (&program, 0o755), (&file, 0o644)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let mut child = Command::new("ip")
            .args(["netns", "exec", &hosts.watcher])
            .args(user)
            .args([program.as_path(), Path::new("-c"), &file])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Log::default();
        log.follow(child.stderr.take().unwrap());
        Self { child, log, _folder: folder }
    }

    /// How often that was logged.
    fn count(&self, what: &str) -> usize {
        self.log.text().matches(what).count()
    }

    /// Waits until that was logged so many times.
    fn wait_for(&self, times: usize, what: &str) {
        let found = wait_until(SOON, || self.count(what) >= times);
        assert!(found, "not {times} times `{what}` in:\n{}", self.log.text());
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pinged(metrics: &str, replicas: &[&str]) -> String {
    config(&format!("poll_delay_dead = 1\n{metrics}\n{}", polled("app", replicas)))
}

const BOTH: [&str; 2] = ["icmp://10.77.0.2", "icmp://[fd77::2]"];

/// Pings as that user, with no loss, with some, and with nothing else.
fn check_loss(name: &str, pings: bool, user: &[&str]) {
    let hosts = Hosts::new(name, pings);
    let metrics = "poll_retry = 9\npoll_retry_wait = 10";
    let watcher = Watcher::start(&hosts, user, &pinged(metrics, &BOTH));
    for replica in BOTH {
        watcher.log.wait_for(&[&format!("replica app:node:{replica} is healthy")]);
    }
    hosts.lose("0.2");
    assert!(wait_until(2 * SOON, || hosts.lost() >= 5), "{} were lost; {}", hosts.lost(), watcher.log.text());
    assert_eq!(watcher.count("is dead"), 0, "{}", watcher.log.text());
    assert_eq!(watcher.count("cannot be checked"), 0, "{}", watcher.log.text());
    drop(watcher);

    hosts.lose("0");
    let watcher = Watcher::start(&hosts, user, &pinged("", &BOTH));
    watcher.wait_for(1, "node app:node is healthy");
    hosts.lose("1");
    for replica in BOTH {
        watcher.log.wait_for(&[&format!("replica app:node:{replica} is dead"), "timed out after 1 s while waiting"]);
    }
    hosts.lose("0");
    watcher.wait_for(2, "node app:node is healthy");
}

#[test]
fn loss_is_borne_by_trying_again_and_silence_is_dead_as_root() {
    check_loss("root", false, ROOT);
}

#[test]
fn loss_is_borne_by_trying_again_and_silence_is_dead_with_cap_net_raw() {
    check_loss("cap", false, CAPABLE);
}

#[test]
fn loss_is_borne_by_trying_again_and_silence_is_dead_without_any_privilege() {
    check_loss("any", true, NOBODY);
}

#[test]
fn who_may_not_ping_is_told_at_start_and_nobody_is_dead() {
    let hosts = Hosts::new("none", false);
    let watcher = Watcher::start(&hosts, NOBODY, &pinged("", &BOTH));
    let why = "not permitted: pings need CAP_NET_RAW, or a group that net.ipv4.ping_group_range lets in";
    watcher.log.wait_for(&["WARN", &format!("hosts of `icmp://` cannot be checked: {why}")]);
    watcher.log.wait_for(&[
        "ERROR",
        "replica app:node:icmp://",
        &format!("could not be checked, and perhaps others: {why}"),
    ]);
    let unseen = wait_until(SOON / 8, || watcher.count("is dead") > 0 || watcher.count("is healthy") > 0);
    assert!(!unseen, "{}", watcher.log.text());
}

#[test]
fn every_address_of_a_name_must_answer() {
    let hosts = Hosts::new("both", false);
    let watcher = Watcher::start(&hosts, ROOT, &pinged("", &["icmp://both", "icmp://10.77.0.2"]));
    watcher.log.wait_for(&["replica app:node:icmp://10.77.0.2 is healthy"]);
    watcher.log.wait_for(&["replica app:node:icmp://both is dead"]);
}

#[test]
fn a_silent_name_server_is_named_when_it_makes_checks_late() {
    let hosts = Hosts::new("names", true);
    hosts.ask_in_vain();
    let names: Vec<String> = (0..12).map(|number| format!("tcp://host-{number}.example:80")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let metrics = format!("poll_parallelism = 4\npoll_delay_dead = 3\n{}", polled("app", &names));
    let watcher = Watcher::start(&hosts, ROOT, &config(&metrics));
    watcher.wait_for(1, " late: slow name resolution keeps 4 of 4 at a time busy");
    assert_eq!(watcher.count("is too low for"), 0, "{}", watcher.log.text());
}

#[test]
fn an_ssh_server_is_up_while_it_begins_key_exchanges() {
    let server = Sshd::start();
    let url = format!("ssh://127.0.0.1:{}", server.port);
    let vigil = Vigil::start(&config(&format!("poll_delay_dead = 1\n{}", polled("shell", &[&url]))));
    vigil.wait_for_status("healthy");
    vigil.wait_for_page("Checked by an SSH key exchange");
    server.log().wait_for(&["Received disconnect from 127.0.0.1", "checked"]);
    let log = server.log().text();
    assert!(!["error", "fatal", "exchange", "invalid"].iter().any(|complaint| log.contains(complaint)), "{log}");
    server.signal("STOP");
    vigil.log().wait_for(&["node shell:node is dead", "timed out after 1 s while waiting for the answer"]);
    server.signal("CONT");
    vigil.wait_for_status("healthy");
}
