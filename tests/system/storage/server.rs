//! A PostgreSQL server of a test's own, which can be stopped and started again.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::run;

/// A server that runs; it ends with the value.
pub(crate) struct Postgres {
    folder: TempDir,
    port: u16,
}

impl Postgres {
    pub(crate) fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { folder: TempDir::new().unwrap(), port };
        run(Command::new("chown").arg("postgres").arg(server.folder.path()));
        let made = ["--username=vigil", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"];
        run(server.command("initdb").arg("-D").arg(server.data()).args(made));
        server.start_again();
        server
    }

    /// As the configuration has it.
    pub(crate) fn url(&self) -> String {
        format!("postgres://vigil@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    pub(crate) fn start_again(&self) {
        let options = format!("-c listen_addresses=127.0.0.1 -p {} -c unix_socket_directories=''", self.port);
        let log = self.folder.path().join("log");
        run(self.command("pg_ctl").arg("-D").arg(self.data()).arg("-l").arg(log).args(["-w", "-o", &options, "start"]));
    }

    /// Ends it, and every connection with it.
    pub(crate) fn stop(&self) {
        run(self.command("pg_ctl").arg("-D").arg(self.data()).args(["-m", "fast", "-w", "stop"]));
    }

    /// How many rows there are.
    pub(crate) fn count(&self, from: &str, condition: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {from} WHERE {condition}");
        run(Command::new("psql").args([&self.url(), "-A", "-t", "-c", &sql])).trim().parse().unwrap()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A program of the newest version, which refuses to run as root.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new("sh");
        let script = "cd \"$1\"; shift; exec setpriv --reuid=postgres --regid=postgres --clear-groups \
                      \"$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)/$0\" \"$@\"";
        command.args(["-c", script, name]).arg(self.folder.path());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.command("pg_ctl").arg("-D").arg(self.data()).args(["-m", "immediate", "stop"]).status();
    }
}
