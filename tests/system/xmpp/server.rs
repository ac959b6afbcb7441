//! A private Prosody in a folder of its own, on a port of its own; it ends with the value.

use std::fs;
use std::fs::File;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use tempfile::TempDir;

use crate::certificates::Authority;
use crate::certificates::LOOPBACK;
use crate::support::SOON;
use crate::support::wait_until;

/// The password of everybody.
pub(crate) const PASSWORD: &str = "s3cret pass & <more>";

/// The XMPP server of the domain `localhost`.
pub(crate) struct Prosody {
    folder: TempDir,
    port: u16,
    process: Child,
}

impl Prosody {
    /// Starts it with those users, and waits until it answers.
    pub(crate) fn start(users: &[&str]) -> Self {
        assert!(Path::new("/usr/bin/prosody").exists(), "prosody is not there: apt-get install prosody");
        let folder = TempDir::with_prefix("vigil-prosody-").unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        for name in ["certs", "data"] {
            fs::create_dir(path(name)).unwrap();
        }
        let authority = Authority::new();
        let (certificate, key) = authority.server(LOOPBACK).pem();
        fs::write(path("ca.pem"), authority.pem()).unwrap();
        fs::write(path("certificate.pem"), certificate).unwrap();
        fs::write(path("key.pem"), key).unwrap();
        let here = folder.path().to_str().unwrap();
        let text = CONFIG.replace("@HERE@", here).replace("@PORT@", &port.to_string());
        fs::write(path("prosody.cfg.lua"), text).unwrap();
        let config = path("prosody.cfg.lua");
        for user in users {
            let made = Command::new("prosodyctl")
                .args(["--root", "--config", &config, "register", user, "localhost", PASSWORD])
                .stdin(Stdio::null())
                .output()
                .unwrap();
            assert!(made.status.success(), "{user} is not registered: {made:?}");
        }
        let said = File::create(path("said")).unwrap();
        let process = Command::new("prosody")
            .args(["--root", "--foreground", "--config", &config])
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap();
        let server = Self { folder, port, process };
        let up = wait_until(SOON, || TcpStream::connect(("127.0.0.1", port)).is_ok());
        assert!(up, "prosody does not listen:\n{}", server.log());
        server
    }

    /// Where it listens on the loopback address.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the authority that signed its own.
    pub(crate) fn ca_file(&self) -> String {
        self.path("ca.pem")
    }

    /// Waits until so many messages wait for a user who is not there, and gives them as they are stored.
    pub(crate) fn messages(&self, user: &str, count: usize) -> String {
        let file = self.path(&format!("data/localhost/offline/{user}.list"));
        let read = || fs::read_to_string(&file).unwrap_or_default();
        let there = || read().matches("[\"name\"] = \"message\"").count();
        assert!(wait_until(SOON, || there() >= count), "{} of {count} for {user}:\n{}", there(), self.log());
        assert_eq!(there(), count);
        read()
    }

    /// Its log.
    pub(crate) fn log(&self) -> String {
        let read = |name| fs::read_to_string(self.path(name)).unwrap_or_default();
        format!("{}{}", read("said"), read("log"))
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Prosody {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const CONFIG: &str = r#"
run_as_root = true
daemonize = false
pidfile = "@HERE@/prosody.pid"
data_path = "@HERE@/data"
interfaces = { "127.0.0.1" }
c2s_ports = { @PORT@ }
c2s_direct_tls_ports = {}
modules_enabled = { "disco", "offline", "ping", "roster", "saslauth", "tls" }
modules_disabled = { "s2s", "http" }
c2s_require_encryption = true
allow_unencrypted_plain_auth = false
authentication = "internal_hashed"
storage = "internal"
log = { debug = "@HERE@/log" }
VirtualHost "localhost"
  ssl = { certificate = "@HERE@/certificate.pem", key = "@HERE@/key.pem" }
"#;
