//! Two hosts with a cable between them, which loses what it is told to lose: network namespaces.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// Vigil's host and its target; they end with the value.
pub(crate) struct Hosts {
    /// The namespace where Vigil runs.
    pub(crate) watcher: String,
    target: String,
}

impl Hosts {
    /// 10.77.0.1 and 10.77.0.2, `fd77::1` and `fd77::2`; the name `both` stands for the target and for an address that
    /// nobody has. `pings` is whether any group may have the sockets that are for pings alone.
    pub(crate) fn new(name: &str, pings: bool) -> Self {
        let own = std::process::id();
        let hosts = Self { watcher: format!("vigil-{own}-{name}-w"), target: format!("vigil-{own}-{name}-t") };
        let (watcher, target) = (hosts.watcher.as_str(), hosts.target.as_str());
        fs::create_dir_all(hosts.files()).unwrap();
        fs::write(hosts.files().join("hosts"), "127.0.0.1 localhost\n10.77.0.2 both\n10.77.0.3 both\n").unwrap();
        for namespace in [watcher, target] {
            run(&["ip", "netns", "add", namespace]);
            run(&["ip", "-n", namespace, "link", "set", "lo", "up"]);
        }
        run(&["ip", "-n", watcher, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", target]);
        for (namespace, number) in [(watcher, 1), (target, 2)] {
            run(&["ip", "-n", namespace, "addr", "add", &format!("10.77.0.{number}/24"), "dev", "cable"]);
            run(&["ip", "-n", namespace, "addr", "add", &format!("fd77::{number}/64"), "dev", "cable", "nodad"]);
            run(&["ip", "-n", namespace, "link", "set", "cable", "up"]);
        }
        let groups = if pings { "0 2147483647" } else { "1 0" };
        run(&[
            "ip",
            "netns",
            "exec",
            watcher,
            "sh",
            "-c",
            &format!("echo {groups} >/proc/sys/net/ipv4/ping_group_range"),
        ]);
        hosts
    }

    /// Has the target lose that share of the pings, from 0 to 1.
    pub(crate) fn lose(&self, share: &str) {
        for (program, protocol) in PROGRAMS {
            self.on_target(&[program, "-F", "INPUT"]);
            let when = ["-m", "statistic", "--mode", "random", "--probability", share];
            self.on_target(&[&[program, "-A", "INPUT", "-p", protocol][..], &when, &["-j", "DROP"]].concat());
        }
    }

    /// How many pings it has lost since it was told to.
    pub(crate) fn lost(&self) -> u64 {
        let count = |(program, _)| {
            let rules = self.on_target(&[program, "-L", "INPUT", "-v", "-x", "-n"]);
            let rule = rules.lines().find(|line| line.contains("DROP")).unwrap();
            rule.split_whitespace().next().unwrap().parse::<u64>().unwrap()
        };
        PROGRAMS.into_iter().map(count).sum()
    }

    /// Has the watcher ask the target for names, which says nothing to that.
    pub(crate) fn ask_in_vain(&self) {
        fs::write(self.files().join("resolv.conf"), "nameserver 10.77.0.2\n").unwrap();
        self.on_target(&["iptables", "-A", "INPUT", "-p", "udp", "--dport", "53", "-j", "DROP"]);
    }

    fn on_target(&self, words: &[&str]) -> String {
        run(&[&["ip", "netns", "exec", &self.target], words].concat())
    }

    /// Where files are that are in `/etc` for those who run in the watcher's namespace.
    fn files(&self) -> PathBuf {
        Path::new("/etc/netns").join(&self.watcher)
    }
}

const PROGRAMS: [(&str, &str); 2] = [("iptables", "icmp"), ("ip6tables", "icmpv6")];

impl Drop for Hosts {
    fn drop(&mut self) {
        for namespace in [&self.watcher, &self.target] {
            let _ = Command::new("ip").args(["netns", "del", namespace]).status();
        }
        let _ = fs::remove_dir_all(self.files());
    }
}

fn run(words: &[&str]) -> String {
    let output = Command::new(words[0]).args(&words[1..]).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
