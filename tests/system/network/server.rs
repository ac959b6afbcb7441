//! A real SSH server, with a host key of its own, that lets nobody in.

use std::fs;
use std::net::TcpListener;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use tempfile::TempDir;

use crate::support::Log;

/// A server that runs; it ends with the value.
pub(crate) struct Sshd {
    child: Child,
    pub(crate) port: u16,
    log: Log,
    _folder: TempDir,
}

impl Sshd {
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let key = folder.path().join("key");
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
        assert!(made.unwrap().success());
        // It does not choose a port by itself.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let file = folder.path().join("sshd_config");
        fs::write(
            &file,
            format!("ListenAddress 127.0.0.1:{port}\nHostKey {}\nUsePAM no\nPidFile none\n", key.display()),
        )
        .unwrap();
        fs::create_dir_all("/run/sshd").unwrap();
        let mut child =
            Command::new("/usr/sbin/sshd").args(["-D", "-e", "-f"]).arg(&file).stderr(Stdio::piped()).spawn().unwrap();
        let log = Log::default();
        log.follow(child.stderr.take().unwrap());
        log.wait_for(&["Server listening on"]);
        Self { child, port, log, _folder: folder }
    }

    /// Stops it where it is, or has it go on: connections are taken by the kernel all the while.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
